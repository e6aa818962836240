"""One call: its request, its attempts, its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple, TypeVar

from .. import retry
from .._events import emit
from .._importing import uninterrupted
from .._version import __version__
from .._wire import Body, Request, Response, Transport
from .._wire.hidden import Headers, HiddenText, hide
from .._wire.reading import read_error, read_object, request_id
from .._wire.secret import masked
from ..client import Client
from ..errors import AnthropixError, APIError, TransportError
from . import _server_time
from ._body import Spool
from ._ids import quoted

T = TypeVar("T")

Query = Iterable[tuple[str, str]]
OnError = Callable[[AnthropixError], object]


class Call(NamedTuple):
    """One call of the API, without the client's part of the request.

    `repeatable`: whether carrying it out twice does no harm. `accept`: the media types that the
    response may have. `most`: the most bytes of a JSON response; that of a batch has about 1,000.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    repeatable: bool = True
    accept: str = "application/json"
    most: int = 1 << 20

    @property
    def named(self) -> dict[str, str]:
        """Return the details that an event reports of the call."""
        return {"method": self.method, "path": self.path}


class Reply(NamedTuple):
    """The JSON object of a response, and its headers."""

    value: dict[str, Any]
    headers: dict[str, str]


def ask(client: Client, call: Call, on_error: OnError | None = None) -> Reply:
    """Return the reply to *call*, after as many attempts as the policy allows.

    *on_error* is called with the error of every attempt that failed.
    """
    return _retried(client, call, _ask_once, on_error)


def begin(client: Client, call: Call) -> Response:
    """Return the open response to *call*, whose body is not read yet; the caller closes it."""
    return _retried(client, call, _begin_once, None)


def pause(
    client: Client,
    error: AnthropixError | None,
    *,
    attempt: int,
    elapsed: float,
    repeatable: bool = True,
) -> float | None:
    """Return the seconds to wait before a call that failed with *error* is repeated; None to stop.

    *error* is None if the response was not an error, but a later one may be more complete.
    *attempt*: the attempts made before this one. *elapsed*: seconds since the first one began.
    """
    if error is not None and not retry.may_resend(error, repeatable=repeatable):
        return None
    asked = None
    if isinstance(error, APIError):
        asked = retry.retry_after(error.headers, client.clock.now())
    chance = client.clock.random()
    return retry.delay(client.retry, attempt=attempt, elapsed=elapsed, chance=chance, asked=asked)


def _retried(
    client: Client, call: Call, once: Callable[[Client, Call, int], T], on_error: OnError | None
) -> T:
    started = client.clock.monotonic()
    attempt = 0
    may_renew = client.auth is not None
    if client.auth is not None:
        client.auth.begin()
    while True:
        try:
            return once(client, call, attempt)
        except AnthropixError as error:
            if on_error is not None:
                on_error(error)
            renews = may_renew and _has_expired(error)
            seconds: float | None = 0.0
            if not renews:
                elapsed = client.clock.monotonic() - started
                seconds = pause(
                    client, error, attempt=attempt, elapsed=elapsed, repeatable=call.repeatable
                )
            if seconds is None:
                raise
            reason = _reason(error)
            emit(client, "retry", **call.named, attempt=attempt, delay=seconds, reason=reason)
        if renews:
            # Once, at once, and not counted as an attempt: a call refused with 401 had no effect.
            may_renew = False
            continue
        client.clock.sleep(seconds)
        attempt += 1


def _has_expired(error: AnthropixError) -> bool:
    """Return whether the server did not accept the credential."""
    return isinstance(error, APIError) and error.status == 401


def _ask_once(client: Client, call: Call, attempt: int) -> Reply:
    response = _send(client, call, attempt)
    try:
        return Reply(read_object(_in_time(client, response), call.most), dict(response.headers))
    finally:
        response.close()


def _begin_once(client: Client, call: Call, attempt: int) -> Response:
    response = _send(client, call, attempt)
    if response.status == 200:
        return response
    # 206 has only a part of the results, and other statuses of success have none
    try:
        raise read_error(_in_time(client, response))
    finally:
        response.close()


def _in_time(client: Client, response: Response) -> Response:
    """Return *response* with a body that must arrive completely within the client's timeout.

    The transport's timeout limits only silence: a byte now and then would keep it waiting for ever.
    """
    status, headers, chunks, close = response
    return Response(status, headers, _chunks_in_time(client, chunks), close)


def _chunks_in_time(client: Client, chunks: Iterator[bytes]) -> Iterator[bytes]:
    started = client.clock.monotonic()
    for chunk in chunks:
        if client.clock.monotonic() - started > client.timeout:
            detail = f"the response did not end within {client.timeout:g} s"
            raise TransportError("timeout", detail, sent=True)
        yield chunk


def _send(client: Client, call: Call, attempt: int) -> Response:
    """Return the open response to one attempt. Raises `APIError` for a status other than 2xx."""
    built = _authorized(client, call)
    started = client.clock.monotonic()
    size = 0 if call.body is None else call.body.length
    emit(client, "request", **call.named, attempt=attempt, bytes=size)
    response = _transport(client)(built, client.timeouts)
    if client.transport is not None:
        # a user's transport may leave the names in upper case
        headers = {name.lower(): value for name, value in response.headers.items()}
        response = response._replace(headers=headers)
    _server_time.note(client, response)
    try:
        emit(
            client,
            "response",
            **call.named,
            attempt=attempt,
            status=response.status,
            request_id=request_id(response),
            bytes=_length(response),
            elapsed=client.clock.monotonic() - started,
        )
        if not 200 <= response.status < 300:
            raise read_error(_in_time(client, response))
    except BaseException:
        response.close()
        raise
    return response


def _authorized(client: Client, call: Call) -> Request:
    """Return *call* as *client* sends it, with the headers of its `auth`. Raises `AuthError`."""
    bare = request(client, call)
    if client.auth is None:
        return bare
    begun = isinstance(call.body, Spool) and call.body.begun
    try:
        more = client.auth.headers(bare)
    finally:
        if isinstance(call.body, Spool):
            # auth may have read the body for a signature, but did not send it
            call.body.begun = begun
    return bare._replace(headers=_headers(client, call).plus(more))


def request(client: Client, call: Call) -> Request:
    """Return *call* as *client* sends it, without the headers of its `auth`."""
    return Request(call.method, _url(client, call), _headers(client, call), call.body)


def _headers(client: Client, call: Call) -> Headers:
    headers: dict[str, str | HiddenText | None] = {
        "accept": call.accept,
        "accept-encoding": "gzip",
        "user-agent": f"anthropix_py/{__version__}",
        "anthropic-version": client.api_version,
        "anthropic-beta": ",".join(client.beta) or None,
        "x-api-key": client.api_key,
        "authorization": _bearer(client.auth_token),
    }
    if call.body is not None:
        headers["content-type"] = "application/json"
    headers.update(client.headers)
    if call.body is not None:
        headers["content-length"] = str(call.body.length)
    elif call.method == "POST":
        headers["content-length"] = "0"
    return Headers({name: value for name, value in headers.items() if value is not None})


def _bearer(token: HiddenText | None) -> HiddenText | None:
    if token is None:
        return None
    return hide("Bearer " + token.reveal())


def _url(client: Client, call: Call) -> str:
    """Return the URL of *call*; it is masked if it holds query parameters of the client."""
    own = {name: value.reveal() for name, value in client.query if value is not None}
    pairs = {**own, **dict(call.query)}
    if not pairs:
        return client.base_url + call.path
    make: Callable[[str], str] = str
    if own:
        make = masked
    query = [make("=".join((quoted(name), quoted(value)))) for name, value in pairs.items()]
    return make("".join((client.base_url, call.path, "?", "&".join(query))))


def _transport(client: Client) -> Transport:
    if client.transport is not None:
        return client.transport
    transport: Transport = _network().transport(client.ca_bundle, client.client_cert)
    return transport


@cache
def _network() -> Any:
    """Return the module `_http`, loaded so that importing this package loads no HTTP stack."""
    return uninterrupted(_import_network)


def _import_network() -> Any:
    from .. import _http

    return _http


def _length(response: Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else None


def _reason(error: AnthropixError) -> str:
    if isinstance(error, APIError):
        return str(error.status)
    if isinstance(error, TransportError):
        return error.reason
    return type(error).__name__
