"""Anthropic's Message Batches API as plain functions over a plain client value.

    client = anthropix_py.init()                      # ANTHROPIC_API_KEY
    tag, value = batch.create(client, requests)       # ("ok", batch) or ("error", exc)

`batch` has the API's calls, `validate`, `split` and `usage` what surrounds them, and
`anthropix_py.emulator`, imported on its own, the API on this machine for tests.
"""

from . import batch, split, types, usage, validate
from ._version import __version__
from .client import Client, init, with_options
from .errors import (
    AnthropixError,
    APIError,
    DecodeError,
    FileError,
    IncompleteResults,
    InvalidRequest,
    MissingCredentials,
    NotEnded,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from .limits import Limits
from .result import Err, Ok, Result, unwrap
from .retry import Policy

__all__ = [
    "APIError",
    "AnthropixError",
    "Client",
    "DecodeError",
    "Err",
    "FileError",
    "IncompleteResults",
    "InvalidRequest",
    "Limits",
    "MissingCredentials",
    "NotEnded",
    "Ok",
    "Policy",
    "Result",
    "TransportError",
    "UnknownOutcome",
    "WaitTimeout",
    "__version__",
    "batch",
    "init",
    "split",
    "types",
    "unwrap",
    "usage",
    "validate",
    "with_options",
]
