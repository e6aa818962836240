"""Check the values of a client's options, and convert each to the form that a client holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ._arguments import check_limits, number, wrong_type
from ._auth import Auth, AuthHook
from ._pairs import header_pairs, header_value, query_pairs
from ._problem import shown
from ._wire.hidden import Hidden, HiddenText, hide
from ._wire.secret import Secret
from .retry import Policy

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_YEAR = 366 * 24 * 3600  # seconds
_NOT_IN_A_KEY = r"[^\x21-\x7e]"


def hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return *options* with each secret in a form that no error and no traceback shows."""
    result = dict(options)
    for name, mask in _SECRET_OPTIONS.items():
        if name in result:
            result[name] = mask(result[name])
    return result


def _mask(value: object) -> object:
    if isinstance(value, Hidden):
        # from another client
        return value.reveal()
    if not isinstance(value, str):
        return value
    return Secret(value)


def _mask_values(values: object) -> object:
    if not isinstance(values, Mapping):
        return values
    return {key: _mask(value) for key, value in values.items()}


def _mask_auth(value: object) -> object:
    if isinstance(value, AuthHook):
        return value.for_one_call()
    if not callable(value):
        return value
    return AuthHook(cast(Auth, value))


_SECRET_OPTIONS: dict[str, Callable[[object], object]] = {
    "api_key": _mask,
    "auth_token": _mask,
    "auth": _mask_auth,
    "headers": _mask_values,
    "query": _mask_values,
}


def cleaned(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return *options* in the form that a client holds. Raises ValueError or TypeError."""
    return {name: _READERS[name](name, value) for name, value in options.items()}


def _credential(name: str, value: object) -> HiddenText | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    if not value:
        raise ValueError(f"{name} is empty")
    bad = re.search(_NOT_IN_A_KEY, value)
    if bad:
        # The message shows the character, not the key.
        where = f"{bad.group()!r} at position {bad.start()} of {len(value)}"
        raise ValueError(f"{name} has {where}, which a key cannot have")
    return hide(value)


def _auth(name: str, value: object) -> AuthHook | None:
    if value is not None and not isinstance(value, AuthHook):
        raise wrong_type(name, "callable", value)
    return value


def _base(name: str, url: object) -> str:
    if not isinstance(url, str):
        raise wrong_type(name, "a string", url)
    parts = _split(name, url)
    if "@" in parts.netloc:
        # The message does not show the URL: what comes before the @ is a password.
        raise ValueError(f"{name} must not hold a user or password; use headers")
    expectations = {
        "a scheme of http or https": parts.scheme in ("http", "https"),
        "a host": bool(parts.hostname),
        "a port from 0 to 65535": _port_fits(parts.netloc),
        "no query and no fragment": "?" not in url and "#" not in url,
        "no spaces or control characters": not re.search(r"[\x00-\x20\x7f]", url),
        "no /v1 at its end, because it is added": not parts.path.rstrip("/").endswith("/v1"),
    }
    for expected, holds in expectations.items():
        if not holds:
            raise ValueError(f"{name} {url.partition('?')[0]!r} must have {expected}")
    scheme, separator, rest = url.partition("://")
    return (scheme.lower() + separator + rest).rstrip("/")


def _split(name: str, url: str) -> SplitResult:
    from urllib.parse import urlsplit

    try:
        return urlsplit(url)
    except ValueError as error:
        detail = f"{url.partition('?')[0]!r} is not a URL: {error}"
    if "@" in url:
        # it may hold a password
        detail = "is not a URL"
    # raised outside the except block: __context__ would hold the error, which may show it too
    raise ValueError(f"{name} {detail}")


def _port_fits(netloc: str) -> bool:
    port = re.search(r":([^\]:]+)$", netloc)
    if port is None:
        return True
    return port.group(1).isdecimal() and int(port.group(1)) <= 65535


def _betas(name: str, beta: object) -> tuple[str, ...]:
    if isinstance(beta, str):
        beta = [beta]
    if not isinstance(beta, Sequence):
        raise TypeError(f"{name} must be a string or a sequence of strings, not {shown(beta)}")
    parts = [part.strip() for entry in beta for part in header_value(name, entry).split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _seconds(name: str, value: object) -> float:
    return float(number(name, value, above=0, most=_YEAR, unit="seconds"))


def _version(name: str, value: object) -> str:
    if value == "":
        raise ValueError(f"{name} is empty")
    return header_value(name, value)


def _policy(name: str, value: object) -> Policy:
    if not isinstance(value, Policy):
        raise wrong_type(name, "a Policy", value)
    for field, setting in value._asdict().items():
        number(f"{name}.{field}", setting, least=0)
    return value


def _optional_callable(name: str, value: object) -> object:
    if value is not None and not callable(value):
        raise wrong_type(name, "callable", value)
    return value


def _clock(name: str, value: object) -> object:
    for method in ("now", "monotonic", "sleep", "random"):
        if not callable(getattr(value, method, None)):
            raise TypeError(f"{name} must be a clock; {type(value).__name__} has no {method}()")
    return value


def _file(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise wrong_type(name, "the path of a PEM file", value)
    if value == "":
        raise ValueError(f"{name} is empty")
    return value


def _cert(name: str, value: object) -> tuple[str, str | None] | None:
    if value is None:
        return None
    if not isinstance(value, tuple) or len(value) != 2:
        value = (value, None)
    path = _file(name, value[0])
    if path is None:
        raise TypeError(f"{name} must be the path of a PEM file or a pair of paths")
    return path, _file(name, value[1])


_READERS: dict[str, Callable[[str, Any], object]] = {
    "api_key": _credential,
    "auth_token": _credential,
    "auth": _auth,
    "base_url": _base,
    "beta": _betas,
    "headers": header_pairs,
    "query": query_pairs,
    "timeout": _seconds,
    "connect_timeout": _seconds,
    "retry": _policy,
    "api_version": _version,
    "limits": check_limits,
    "ca_bundle": _file,
    "client_cert": _cert,
    "transport": _optional_callable,
    "on_event": _optional_callable,
    "clock": _clock,
}
