"""Anthropic's Message Batches API as plain functions over a plain client value.

    import anthropix_py
    from anthropix_py import batch, unwrap

    client = anthropix_py.init()                  # reads ANTHROPIC_API_KEY
    match batch.create(client, requests):
        case "ok", created:
            print(created["id"])
        case "error", exc:
            print(exc)

    ended = unwrap(batch.wait(client, created))   # the value, or the exception raised

Every function of `batch` returns a `Result`: either an `Ok`, which is the tuple `("ok", value)`,
or an `Err`, which is the tuple `("error", exc)` with an `AnthropixError`. Use `match` to handle
both, or `unwrap` to get the value and have the error raised.

`batch` has the API's calls, and `job` runs any number of requests through any crash. `validate` and
`split` prepare requests, `usage` adds up the tokens of rows, and `types` has the types of requests
and responses. `anthropix_py.emulator`, which must be imported separately, is the API on this
machine, for tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import batch, split, types, usage, validate
from ._version import __version__
from .client import Client, init, with_options
from .errors import (
    AnthropixError,
    APIError,
    AuthError,
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

if TYPE_CHECKING:
    from . import job

__all__ = [
    "APIError",
    "AnthropixError",
    "AuthError",
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
    "job",
    "split",
    "types",
    "unwrap",
    "usage",
    "validate",
    "with_options",
]


def __getattr__(name: str) -> object:
    """Import `job` when it is first used, because SQLite takes as long as all the rest."""
    if name != "job":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module(".job", __name__)
