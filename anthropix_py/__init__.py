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

from ._version import __version__

if TYPE_CHECKING:
    from . import batch, build, cost, job, preflight, rows, split, tables, types, usage, validate
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

# Where the names come from that are not modules.
_HOMES = {
    "client": ("Client", "init", "with_options"),
    "errors": (
        "APIError",
        "AnthropixError",
        "AuthError",
        "DecodeError",
        "FileError",
        "IncompleteResults",
        "InvalidRequest",
        "MissingCredentials",
        "MissingExtra",
        "NotEnded",
        "TransportError",
        "UnknownOutcome",
        "WaitTimeout",
    ),
    "limits": ("Limits",),
    "result": ("Err", "Ok", "Result", "unwrap"),
    "retry": ("Policy",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = {*__all__, *_HOMES, "transport"} - {*_HOME, "__version__"}


def __getattr__(name: str) -> object:
    """Import what a name stands for when it is first used: most programs need few of them.

    The command would take half as long again to print its help if it loaded everything.
    """
    from importlib import import_module

    if name in _HOME:
        value: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    elif name in _MODULES:
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, those that were not used yet too."""
    return sorted({*__all__, *_MODULES})
