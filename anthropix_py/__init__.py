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

`batch` has the API's calls, and `job` runs any number of requests through any crash. Before a
batch, `build` makes requests of the rows of a table, `validate` and `split` check and divide them,
and `preflight` counts their tokens and tries one of each shape. After it, `rows` reads rows and
files of them, `tables` writes them as Parquet, CSV or JSON Lines, `usage` adds up their tokens, and
`cost` prices them. `types` has the types of requests and responses. `anthropix_py.emulator`, which
must be imported separately, is the API on this machine, for tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import batch, rows, split, types, usage, validate
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
    MissingExtra,
    NotEnded,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from .limits import Limits
from .result import Err, Ok, Result, unwrap
from .retry import Policy

if TYPE_CHECKING:
    from . import build, cost, job, preflight, tables

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
    "MissingExtra",
    "NotEnded",
    "Ok",
    "Policy",
    "Result",
    "TransportError",
    "UnknownOutcome",
    "WaitTimeout",
    "__version__",
    "batch",
    "build",
    "cost",
    "init",
    "job",
    "preflight",
    "rows",
    "split",
    "tables",
    "types",
    "unwrap",
    "usage",
    "validate",
    "with_options",
]

# `job` alone takes as long to import as all the rest, because of SQLite.
_LATE = frozenset(("build", "cost", "job", "preflight", "tables"))


def __getattr__(name: str) -> object:
    """Import a module when it is first used: most programs need few of these."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module(f".{name}", __name__)
