"""One call: its attempts, its retries, its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from . import _address, retry
from ._wire import Body, Response, Transport, read_error, read_object, request_id, struck
from .client import Client
from .errors import AnthropixError, APIError, DecodeError, TransportError
from .types import MessageBatch

if TYPE_CHECKING:
    from logging import Logger

T = TypeVar("T")

_DEBUG = 10  # logging.DEBUG, without its import


class Call(NamedTuple):
    """What to ask of the server. `repeatable`: whether doing it twice does no harm. `met`: told of every error."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    repeatable: bool = True
    met: Callable[[AnthropixError], object] = lambda _error: None


class Answer(NamedTuple):
    """A JSON object, and the headers it came with."""

    value: dict[str, Any]
    headers: dict[str, str]


def ask(client: Client, call: Call) -> Answer:
    """Make *call*, as often as the policy allows, for an answer in JSON."""
    return _tried(client, call, lambda response: Answer(read_object(response), dict(response.headers)))


def look(id: str) -> Call:
    """Give the call that asks for a batch."""
    return Call("GET", _address.path(id))


def show(client: Client, call: Call) -> tuple[MessageBatch, dict[str, str]]:
    """Make a call that is answered with a batch: its state, and the headers of the answer."""
    value, headers = ask(client, call)
    for key in ("id", "processing_status"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise DecodeError(f"the answer is not a batch: it has no {key}", request_id=headers.get("request-id"))
    return cast(MessageBatch, value), headers


def begin(client: Client, call: Call) -> Response:
    """Make *call*, as often as the policy allows, for an answer whose body is still to come."""
    return _tried(client, call, lambda response: _whole(client, response))


def _whole(client: Client, response: Response) -> Response:
    if response.status != 200:  # 206 is a part, and others have no body
        raise read_error(response, client.secrets)
    return response


def tell(client: Client, event: str, call: Call, **details: object) -> None:
    """Report an *event* to the client's hook and to the log: names and numbers, never a header's value or a body."""
    logger = log()
    if client.on_event is None and not logger.isEnabledFor(_DEBUG):
        return
    told = struck({"event": event, "method": call.method, "path": call.path, **details}, client.secrets)
    logger.debug("%s", told)
    if client.on_event is not None:
        try:
            client.on_event(told)
        except Exception as error:  # noqa: BLE001 - a hook that fails must not fail the call that it watches
            log().warning("the on_event hook raised %s: %s", type(error).__name__, error)


def log() -> Logger:
    """Give the logger of this package."""
    import logging  # here, and not at the top: half as much to import as all of this package

    return logging.getLogger("anthropix_py")


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
            tell(client, "retry", call, attempt=attempt, delay=pause, reason=_reason(error))
        client.clock.sleep(pause)
        attempt += 1


def _once(client: Client, call: Call, attempt: int, read: Callable[[Response], T]) -> T:
    started = client.clock.monotonic()
    request = _address.request(client, call.method, call.path, call.query, call.body)
    tell(client, "request", call, attempt=attempt, bytes=call.body.length if call.body else 0)
    response = _transport(client)(request, client.patience)
    if client.transport is not None:  # one that is not ours may keep the server's spelling
        response = response._replace(headers={name.lower(): value for name, value in response.headers.items()})
    kept = False
    try:
        tell(
            client,
            "response",
            call,
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
    from . import _http  # here, so that importing this package loads no HTTP stack

    return _http.transport(client.ca_bundle, client.client_cert)


def _length(response: Response) -> int | None:
    told = response.headers.get("content-length", "")
    return int(told) if told.isdecimal() and len(told) < 20 else None


def _reason(error: AnthropixError) -> str:
    if isinstance(error, APIError):
        return str(error.status)
    return error.reason if isinstance(error, TransportError) else type(error).__name__
