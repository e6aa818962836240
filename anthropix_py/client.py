"""The client: a plain value that says which server to call, with which credentials, and how.

It opens no connection and no file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, Unpack, cast

from ._auth import Auth, AuthHook
from ._clock import SYSTEM, Clock
from ._options import cleaned, hidden
from ._pairs import Pairs, header_lines, merged
from ._proxies import proxy_secrets
from ._wire import Timeout, Transport
from ._wire.hidden import HiddenText
from ._wire.secret import Secret, masked
from .errors import MissingCredentials
from .limits import Limits
from .retry import Policy

__all__ = ["API_BASE", "Auth", "Client", "OnEvent", "Options", "init", "with_options"]

API_BASE = "https://api.anthropic.com"
"""The address of Anthropic's own server, which a client calls by default."""

OnEvent = Callable[[dict[str, Any]], object]
"""A function that is called with a dict for each event: a request, a response, a retry, ..."""

# The first variable that is set is used.
_VARIABLES = {"api_key": "ANTHROPIC_API_KEY", "auth_token": "ANTHROPIC_AUTH_TOKEN"}

# Names of headers and query parameters whose values are redacted.
_SENSITIVE_NAMES = "(?i)auth|key|token|secret|cookie|pass|credential|session|signature"

# Shorter texts are hardly secrets, and redacting them would make other texts unreadable.
_SHORTEST_SECRET = 8  # characters

_CREDENTIALS = ("api_key", "auth_token", "auth")
_THIS_MACHINE = r"localhost|.+\.localhost|127(\.\d{1,3}){3}|::1"


class Client(NamedTuple):
    """Which server to call, with which credentials, and how: made by `init`, not by hand.

    To change an option, make a changed copy with `with_options`. A client is immutable; it can be
    pickled, compared, hashed, shared by threads and used after a fork. It prints without its
    secrets, and no encoder (JSON, YAML) writes them; a pickle contains them. Its fields are the
    options that `init` explains.
    """

    api_key: HiddenText | None
    auth_token: HiddenText | None
    auth: AuthHook | None
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
    def timeouts(self) -> Timeout:
        """Both timeouts, in the form that a transport takes."""
        return Timeout(connect=self.connect_timeout, read=self.timeout)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must be redacted wherever they appear, the longest first.

        These are the credentials of the client and of proxies in the environment, the values of
        headers and query parameters whose names suggest a secret, and each word in any of them.
        """
        hidden = [value for value in (self.api_key, self.auth_token) if value is not None]
        hidden += _sensitive(self.headers)
        query = [value.reveal() for value in _sensitive(self.query)]
        values = [value.reveal() for value in hidden] + query + proxy_secrets()
        values += map(_percent_encoded, query)
        if self.auth is not None:
            values += self.auth.secrets
        words = {word for value in values for word in (value, *map(masked, value.split()))}
        long_enough = [word for word in words if len(word) >= _SHORTEST_SECRET]
        return tuple(sorted(long_enough, key=len, reverse=True))

    def for_one_call(self) -> Client:
        """Return this client with an `AuthHook` that remembers the headers of one call only."""
        if self.auth is None:
            return self
        return self._replace(auth=self.auth.for_one_call())


def _sensitive(pairs: Pairs) -> list[HiddenText]:
    """Return the values whose names suggest a secret."""
    named = [value for name, value in pairs if re.search(_SENSITIVE_NAMES, name)]
    return [value for value in named if value is not None]


def _percent_encoded(value: Secret) -> Secret:
    from urllib.parse import quote

    return masked(quote(value.encode(), safe=""))


class Options(TypedDict, total=False):
    """The options of `init` and `with_options`, by name."""

    api_key: str
    auth_token: str
    auth: Auth
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
    auth: Auth | None = None,
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
    """Return a client.

    Credentials: *api_key* is sent as `x-api-key`, *auth_token* as `Authorization: Bearer`. If
    neither is passed, `ANTHROPIC_API_KEY` is used, else `ANTHROPIC_AUTH_TOKEN`. *base_url* is the
    server's address without `/v1`; by default `ANTHROPIC_BASE_URL`, else Anthropic's own. The
    headers in `ANTHROPIC_CUSTOM_HEADERS` (lines `Name: value`) are sent too. An empty variable
    counts as unset.

    *auth* replaces both, for tokens that expire and for signatures: `auth(request)` returns headers
    for one attempt. It gets the request as it will be sent (`method`, `url`, `headers`, `body`;
    the body is None or has a `length` and yields blocks of bytes). It is called for every attempt,
    and once more, at once, after a 401. An exception that it raises becomes an `AuthError`.

    *beta*: names for the `anthropic-beta` header. *headers*, *query*: sent with every call; a
    header of None removes a default one. *timeout*: seconds of silence on an open connection;
    *connect_timeout*: seconds to open one. *retry*: how often and how long a call is tried.
    *api_version*: the `anthropic-version` header. *limits*: what a batch may hold. *transport*: a
    function that sends requests instead of urllib3 (see `anthropix_py.transport`). *on_event*: a
    function that is called with a dict for each event. *clock*: the source of time and chance.

    The server's certificate is always checked, against the system's authorities or those in
    *ca_bundle* (a PEM file); *client_cert* is the client's own (a PEM file with its key, or a
    pair of certificate and key). A file that changes on the disk is read again. Proxies are taken
    from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    Raises `MissingCredentials`; ValueError or TypeError for a value that cannot be used. Warns if
    *base_url* is an `http://` address on another machine, because anybody on the network in between
    can read the credentials.
    """
    options = hidden(locals())
    # A traceback that shows local variables must not show a secret.
    api_key = auth_token = auth = headers = query = None
    if all(options[name] is None for name in _CREDENTIALS):
        options |= _credentials_from_environment()
    if options["base_url"] is None:
        options["base_url"] = os.environ.get("ANTHROPIC_BASE_URL") or API_BASE
    for name in ("headers", "query"):
        if options[name] is None:
            options[name] = {}
    values = cleaned(options)
    lines = header_lines(Secret(os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "")))
    values["headers"] = merged(cleaned({"headers": lines})["headers"], values["headers"])
    _check_credentials(values)
    client = Client(**values)
    _warn_if_readable(client)
    return client


def _check_credentials(values: Mapping[str, object]) -> None:
    if values["auth"] is not None and (values["api_key"] or values["auth_token"]):
        raise ValueError("auth replaces api_key and auth_token: pass one or the other")


def _warn_if_readable(client: Client) -> None:
    """Warn the user if the credentials would be sent over a network unencrypted."""
    from urllib.parse import urlsplit

    parts = urlsplit(client.base_url)
    if parts.scheme == "https" or re.fullmatch(_THIS_MACHINE, (parts.hostname or "").rstrip(".")):
        return
    import warnings

    text = (
        f"{client.base_url} is not encrypted: anybody on the network in between can read the API "
        "key or token, and the requests. Use https://, or a tunnel that ends on this machine"
    )
    warnings.warn(text, RuntimeWarning, stacklevel=3)


def _credentials_from_environment() -> dict[str, Secret]:
    for option, variable in _VARIABLES.items():
        value = Secret(os.environ.get(variable, ""))
        if value:
            return {option: value}
    raise MissingCredentials(tuple(_VARIABLES.values()))


def with_options(client: Client, **options: Unpack[Options]) -> Client:
    """Return a changed copy of *client*, for example to change the options of one call.

    Takes the options that `init` takes. `beta`, `headers` and `query` are added to those of
    *client*; a header or query parameter of None is removed. Any credential replaces all that
    *client* has. Each other option replaces the one of *client*. Example:
    `batch.show(with_options(client, timeout=5), id)`.
    """
    given = hidden(options)
    # A traceback that shows local variables must not show a secret.
    cast("dict[str, Any]", options).clear()
    unknown = given.keys() - set(Client._fields)
    if unknown:
        raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
    changes = cleaned(given)
    is_other_credential = not changes.keys().isdisjoint(_CREDENTIALS)
    if is_other_credential:
        changes = {**dict.fromkeys(_CREDENTIALS), **changes}
        _check_credentials(changes)
        if all(changes[name] is None for name in _CREDENTIALS):
            raise ValueError("a client needs api_key or auth_token, or auth")
    if "beta" in changes:
        changes["beta"] = tuple(dict.fromkeys((*client.beta, *changes["beta"])))
    if "headers" in changes:
        changes["headers"] = merged(client.headers, changes["headers"])
    if "query" in changes:
        changes["query"] = merged(client.query, changes["query"])
    changed = client._replace(**changes)
    if is_other_credential or "base_url" in changes:
        _warn_if_readable(changed)
    return changed
