"""Read the values of a client's options: refuse what cannot be used, bring the rest into one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._problem import shown
from ._wire.secret import Secret
from .limits import Limits, check_limits
from .retry import Policy

Pairs = tuple[tuple[str, "Secret | None"], ...]

_YEAR = 366 * 24 * 3600
_FRAMING = ("content-length", "transfer-encoding", "host", "connection")
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NOT_IN_A_HEADER = r"[^\t\x20-\x7e\x80-\xff]"
_NOT_IN_A_KEY = r"[^\x21-\x7e]"


def hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give *options* with their secrets hidden, so that no error and no traceback shows them from here on."""
    return {
        name: _HIDERS[name](value) if name in _HIDERS else value for name, value in options.items()
    }


def _hide(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


def _hide_values(values: object) -> object:
    return (
        {key: _hide(value) for key, value in values.items()}
        if isinstance(values, Mapping)
        else values
    )


_HIDERS: dict[str, Callable[[object], object]] = {
    "api_key": _hide,
    "auth_token": _hide,
    "headers": _hide_values,
    "query": _hide_values,
}


def cleaned(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give *options* in the form in which a client holds them. Raises ValueError or TypeError."""
    return {
        name: _READERS[name](name, value) if name in _READERS else value
        for name, value in options.items()
    }


def merged(old: Pairs, new: Pairs) -> Pairs:
    """Add *new* to *old*; a new value replaces an old one of the same name."""
    return tuple({**dict(old), **dict(new)}.items())


def header_lines(text: Secret) -> dict[str, Secret]:
    """Read lines of `Name: value`, the form of ANTHROPIC_CUSTOM_HEADERS."""
    faulty = [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and ":" not in line
    ]
    if faulty:
        raise ValueError(
            f"ANTHROPIC_CUSTOM_HEADERS line {faulty[0]}: expected 'Name: value', found no colon"
        )
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip(): Secret(value.strip()) for name, _, value in pairs}


def _credential(name: str, value: object) -> Secret | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if not value:
        raise ValueError(f"{name} is empty")
    bad = re.search(_NOT_IN_A_KEY, value)
    if bad:  # the character is shown, the key is not
        raise ValueError(
            f"{name} has {bad.group()!r} at position {bad.start()} of {len(value)}: no key has that"
        )
    return Secret(value)


def _base(name: str, url: object) -> str:
    from urllib.parse import urlsplit

    if not isinstance(url, str):
        raise TypeError(f"{name} must be a string, not {type(url).__name__}")
    parts = urlsplit(url)
    if "@" in parts.netloc:  # not shown: what stands before the @ is a password
        raise ValueError(f"{name} must not hold a user or password; use headers")
    expectations = {
        "a scheme of http or https": parts.scheme in ("http", "https"),
        "a host": bool(parts.hostname),
        "a port from 0 to 65535": _port_fits(parts.netloc),
        "no query and no fragment": "?" not in url and "#" not in url,
        "no spaces or control characters": not re.search(r"[\x00-\x20\x7f]", url),
        "no /v1 at its end, which is added": not parts.path.rstrip("/").endswith("/v1"),
    }
    for expected, holds in expectations.items():
        if not holds:
            raise ValueError(f"{name} {url.partition('?')[0]!r} must have {expected}")
    scheme, separator, rest = url.partition("://")
    return (scheme.lower() + separator + rest).rstrip("/")


def _port_fits(netloc: str) -> bool:
    port = re.search(r":([^\]:]*)$", netloc)
    return (
        port is None
        or port.group(1) == ""
        or (port.group(1).isdecimal() and int(port.group(1)) <= 65535)
    )


def _betas(name: str, beta: object) -> tuple[str, ...]:
    if not isinstance(beta, (str, Sequence)):
        raise TypeError(f"{name} must be a string or a sequence of strings, not {shown(beta)}")
    names = [beta] if isinstance(beta, str) else beta
    parts = [part.strip() for entry in names for part in _header_value(name, entry).split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not 0 < value <= _YEAR:
        raise ValueError(
            f"{name} must be more than 0 seconds and at most a year, not {shown(value)}"
        )
    return float(value)


def _header_value(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    bad = re.search(_NOT_IN_A_HEADER, value)
    if bad:
        raise ValueError(
            f"{name} has {bad.group()!r} at position {bad.start()}, which no header can carry"
        )
    return value


def _headers(name: str, headers: object) -> Pairs:
    pairs = _pairs(name, headers)
    for header, value in pairs:
        if header.lower() in _FRAMING:
            raise ValueError(f"{name}: {header} is for the wire to set")
        if not re.fullmatch(_HEADER_NAME, header):
            raise ValueError(f"{name}: {header!r} is not the name of a header")
        if value is not None:
            _header_value(f"header {header}", value)
    return tuple({header.lower(): value for header, value in pairs}.items())


def _pairs(name: str, values: object) -> Pairs:
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} must be a mapping, not {type(values).__name__}")
    for key, value in values.items():
        if not isinstance(key, str) or not (value is None or isinstance(value, str)):
            raise TypeError(f"{name} must map strings to strings or None; {key!r} does not")
        if value is not None:
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError(f"{name}: the value of {key!r} has a lone surrogate") from None
    return tuple((key, None if value is None else Secret(value)) for key, value in values.items())


def _version(name: str, value: object) -> str:
    if value == "":
        raise ValueError(f"{name} is empty")
    return _header_value(name, value)


def _policy(name: str, value: object) -> Policy:
    if not isinstance(value, Policy):
        raise TypeError(f"{name} must be a Policy, not {type(value).__name__}")
    for field, number in value._asdict().items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise TypeError(f"{name}.{field} must be a number, not {type(number).__name__}")
        if not number >= 0:  # False for NaN
            raise ValueError(f"{name}.{field} must not be {number}")
    return value


def _optional_callable(name: str, value: object) -> object:
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")
    return value


def _clock(name: str, value: object) -> object:
    for method in ("now", "monotonic", "sleep", "random"):
        if not callable(getattr(value, method, None)):
            raise TypeError(f"{name} must be a clock; {type(value).__name__} has no {method}()")
    return value


def _limits(name: str, value: object) -> Limits:
    if not isinstance(value, Limits):
        raise TypeError(f"{name} must be a Limits, not {type(value).__name__}")
    check_limits(name, value)
    return value


def _file(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{name} must be the path of a PEM file, not {type(value).__name__}")
    if value == "":
        raise ValueError(f"{name} is empty")
    return value


def _cert(name: str, value: object) -> tuple[str, str | None] | None:
    if value is None:
        return None
    certificate, key = value if isinstance(value, tuple) and len(value) == 2 else (value, None)
    path = _file(name, certificate)
    if path is None:
        raise TypeError(f"{name} must be the path of a PEM file or a pair of paths")
    return path, _file(name, key)


_READERS: dict[str, Callable[[str, Any], object]] = {
    "api_key": _credential,
    "auth_token": _credential,
    "base_url": _base,
    "beta": _betas,
    "headers": _headers,
    "query": _pairs,
    "timeout": _seconds,
    "connect_timeout": _seconds,
    "retry": _policy,
    "api_version": _version,
    "limits": _limits,
    "ca_bundle": _file,
    "client_cert": _cert,
    "transport": _optional_callable,
    "on_event": _optional_callable,
    "clock": _clock,
}
