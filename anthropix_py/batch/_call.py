"""One call: its attempts, its retries, its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from .. import retry
from .._events import emit
from .._version import __version__
from .._wire import Body, Request, Response, Transport
from .._wire.reading import read_error, read_object, request_id
from .._wire.secret import Secret
from ..client import Client
from ..errors import AnthropixError, APIError, TransportError
from ._ids import quoted

T = TypeVar("T")

Query = Iterable[tuple[str, str]]


class Call(NamedTuple):
    """What to ask of the server. `repeatable`: whether doing it twice does no harm. `met`: told of every error."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    repeatable: bool = True
    met: Callable[[AnthropixError], object] = lambda _error: None

    @property
    def named(self) -> dict[str, str]:
        """What an event says of the call."""
        return {"method": self.method, "path": self.path}


class Answer(NamedTuple):
    """A JSON object, and the headers it came with."""

    value: dict[str, Any]
    headers: dict[str, str]


def ask(client: Client, call: Call) -> Answer:
    """Make *call*, as often as the policy allows, for an answer in JSON."""
    return _tried(
        client, call, lambda response: Answer(read_object(response), dict(response.headers))
    )


def begin(client: Client, call: Call) -> Response:
    """Make *call*, as often as the policy allows, for an answer whose body is still to come."""
    return _tried(client, call, lambda response: _whole(client, response))


def _whole(client: Client, response: Response) -> Response:
    if response.status != 200:  # 206 is a part, and others have no body
        raise read_error(response, client.secrets)
    return response


def request(
    client: Client, method: str, path: str, query: Query = (), body: Body | None = None
) -> Request:
    """Build a request as *client* sends it."""
    headers: dict[str, str | None] = {
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": f"anthropix_py/{__version__}",
        "anthropic-version": client.api_version,
        "anthropic-beta": ",".join(client.beta) or None,
        "x-api-key": client.api_key,
        "authorization": Secret("Bearer " + client.auth_token) if client.auth_token else None,
        "content-type": "application/json" if body else None,
    }
    headers.update(client.headers)
    if body is not None or method == "POST":
        headers["content-length"] = str(body.length if body else 0)
    sent = {name: value for name, value in headers.items() if value is not None}
    pairs = {**{name: value for name, value in client.query if value is not None}, **dict(query)}
    text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs.items())
    return Request(method, client.base_url + path + ("?" + text if text else ""), sent, body)


def _tried(client: Client, call: Call, read: Callable[[Response], T]) -> T:
    started = client.clock.monotonic()
    attempt = 0
    while True:
        try:
            return _once(client, call, attempt, read)
        except AnthropixError as error:
            call.met(error)
            pause = retry.delay(
                client.retry,
                error,
                repeatable=call.repeatable,
                attempt=attempt,
                elapsed=client.clock.monotonic() - started,
                chance=client.clock.random(),
                now=client.clock.now(),
            )
            if pause is None:
                raise
            emit(client, "retry", **call.named, attempt=attempt, delay=pause, reason=_reason(error))
        client.clock.sleep(pause)
        attempt += 1


def _once(client: Client, call: Call, attempt: int, read: Callable[[Response], T]) -> T:
    started = client.clock.monotonic()
    sent = request(client, call.method, call.path, call.query, call.body)
    emit(
        client,
        "request",
        **call.named,
        attempt=attempt,
        bytes=call.body.length if call.body else 0,
    )
    response = _transport(client)(sent, client.patience)
    if client.transport is not None:  # one that is not ours may keep the server's spelling
        response = response._replace(
            headers={name.lower(): value for name, value in response.headers.items()}
        )
    kept = False
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
            raise read_error(response, client.secrets)
        value = read(response)
        kept = value is response
        return value
    finally:
        if not kept:
            response.close()


def _transport(client: Client) -> Transport:
    if client.transport is not None:
        return client.transport
    from .. import _http  # here, so that importing this package loads no HTTP stack

    return _http.transport(client.ca_bundle, client.client_cert)


def _length(response: Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) < 20 else None


def _reason(error: AnthropixError) -> str:
    if isinstance(error, APIError):
        return str(error.status)
    return error.reason if isinstance(error, TransportError) else type(error).__name__
