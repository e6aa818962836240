"""The client: a plain value that says whom to call, as whom, and how patiently. It opens nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

from ._clock import SYSTEM, Clock
from ._options import Pairs, cleaned, header_lines, hidden, merged
from ._wire import Timeout, Transport
from ._wire.secret import Secret
from .errors import MissingCredentials
from .limits import Limits
from .retry import Policy

if TYPE_CHECKING:
    from typing_extensions import Unpack

API_BASE = "https://api.anthropic.com"

_VARIABLES = {
    "api_key": "ANTHROPIC_API_KEY",
    "auth_token": "ANTHROPIC_AUTH_TOKEN",
}  # the first wins
_CONFIDED_UNDER = "(?i)auth|key|token|secret|cookie|pass|credential|session|signature"
_SECRET = 8  # characters; a shorter header is no secret, and too common a text to strike out

OnEvent = Callable[[dict[str, Any]], object]


class Client(NamedTuple):
    """Whom to call, as whom, and how patiently: made by `init`, changed by `with_options`.

    Immutable; can be pickled, compared, hashed, shared by threads and carried over a fork. It
    prints without its secrets.
    """

    api_key: Secret | None
    auth_token: Secret | None
    base_url: str
    beta: tuple[str, ...]
    headers: Pairs
    query: Pairs
    timeout: float
    connect_timeout: float
    retry: Policy
    api_version: str
    limits: Limits
    ca_bundle: str | None
    client_cert: tuple[str, str | None] | None
    transport: Transport | None
    on_event: OnEvent | None
    clock: Clock

    @property
    def patience(self) -> Timeout:
        """Both timeouts, as a transport takes them."""
        return Timeout(self.connect_timeout, self.timeout)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must appear nowhere, the longest first."""
        named = [
            value
            for name, value in (*self.headers, *self.query)
            if re.search(_CONFIDED_UNDER, name)
        ]
        values = [self.api_key, self.auth_token, *named]
        words = {Secret(word) for value in values if value for word in (value, *value.split())}
        return tuple(
            sorted((word for word in words if len(word) >= _SECRET), key=len, reverse=True)
        )


class Options(TypedDict, total=False):
    """The options of `init` and `with_options`, by name."""

    api_key: str
    auth_token: str
    base_url: str
    beta: str | Sequence[str]
    headers: Mapping[str, str | None]
    query: Mapping[str, str | None]
    timeout: float
    connect_timeout: float
    retry: Policy
    api_version: str
    limits: Limits
    ca_bundle: str | None
    client_cert: str | tuple[str, str] | None
    transport: Transport | None
    on_event: OnEvent | None
    clock: Clock


def init(
    api_key: str | None = None,
    *,
    auth_token: str | None = None,
    base_url: str | None = None,
    beta: str | Sequence[str] = (),
    headers: Mapping[str, str | None] | None = None,
    query: Mapping[str, str | None] | None = None,
    timeout: float = 600.0,
    connect_timeout: float = 10.0,
    retry: Policy = Policy(),
    api_version: str = "2023-06-01",
    limits: Limits = Limits(),
    ca_bundle: str | None = None,
    client_cert: str | tuple[str, str] | None = None,
    transport: Transport | None = None,
    on_event: OnEvent | None = None,
    clock: Clock = SYSTEM,
) -> Client:
    """Make a client.

    Without *api_key* (sent as `x-api-key`) and *auth_token* (sent as `Authorization: Bearer`) it
    takes `ANTHROPIC_API_KEY`, else `ANTHROPIC_AUTH_TOKEN`; without *base_url* (the server's
    address, no `/v1` in it) `ANTHROPIC_BASE_URL`, else the API's own. Headers in
    `ANTHROPIC_CUSTOM_HEADERS` (lines `Name: value`) are sent too. An empty variable counts as unset.

    *beta*: names for the `anthropic-beta` header. *headers*, *query*: sent with every call; a
    header of None takes a default one out. *timeout*: seconds of silence on an open connection,
    *connect_timeout*: seconds to open one. *limits*: what a batch may hold. *transport*: what
    carries requests in place of urllib3, *on_event*: gets a dict for whatever happens on the
    wire, *clock*: time and chance.

    The server's certificate is always checked, against the system's authorities or those in
    *ca_bundle* (a PEM file); *client_cert* is the client's own (a PEM file with its key, or a
    pair of certificate and key). Proxies are taken from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`
    and `NO_PROXY`.

    Raises `MissingCredentials`; ValueError or TypeError for a value that cannot be used.
    """
    given: dict[str, Any] = hidden(
        {"api_key": api_key, "auth_token": auth_token, "headers": headers, "query": query}
    )
    api_key = auth_token = headers = query = None
    if given["api_key"] is None and given["auth_token"] is None:
        given |= _credentials_from_environment()
    options: dict[str, Any] = {
        **given,
        "base_url": os.environ.get("ANTHROPIC_BASE_URL") or API_BASE
        if base_url is None
        else base_url,
        "beta": beta,
        "headers": {} if given["headers"] is None else given["headers"],
        "query": {} if given["query"] is None else given["query"],
        "timeout": timeout,
        "connect_timeout": connect_timeout,
        "retry": retry,
        "api_version": api_version,
        "limits": limits,
        "ca_bundle": ca_bundle,
        "client_cert": client_cert,
        "transport": transport,
        "on_event": on_event,
        "clock": clock,
    }
    values = cleaned(options)
    environment = cleaned(
        {"headers": header_lines(Secret(os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "")))}
    )
    values["headers"] = merged(environment["headers"], values["headers"])
    return Client(**values)


def _credentials_from_environment() -> dict[str, Secret]:
    for option, variable in _VARIABLES.items():
        value = Secret(os.environ.get(variable, ""))
        if value:
            return {option: value}
    raise MissingCredentials(tuple(_VARIABLES.values()))


def with_options(client: Client, **options: Unpack[Options]) -> Client:
    """Give a changed copy of *client*: the per-call options of every function.

    Takes the names that `init` takes. `beta`, `headers` and `query` add to what is there (a
    header or a query of None is taken out); a credential replaces the one that is there; all
    others replace. Example: `batch.show(with_options(client, timeout=5), id)`.
    """
    given = hidden(options)
    cast("dict[str, Any]", options).clear()  # its secrets would show in a traceback's locals
    unknown = given.keys() - set(Client._fields)
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    changes = cleaned(given)
    if "api_key" in changes or "auth_token" in changes:
        changes = {"api_key": None, "auth_token": None, **changes}
        if changes["api_key"] is None and changes["auth_token"] is None:
            raise ValueError("a client needs api_key or auth_token")
    if "beta" in changes:
        changes["beta"] = tuple(dict.fromkeys((*client.beta, *changes["beta"])))
    if "headers" in changes:
        changes["headers"] = merged(client.headers, changes["headers"])
    if "query" in changes:
        changes["query"] = merged(client.query, changes["query"])
    return client._replace(**changes)
