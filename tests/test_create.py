"""A create makes one batch or none, and says so when nobody can know."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from samples import ID, KEY, a_batch, answer_of, client, counts, error_body, error_in, request
from scripted import Scripted, Step, answer, chunk, close, counted, head, refusal, reset, stall

from anthropix_py import Policy, UnknownOutcome, batch, emulator, init, unwrap, with_options
from anthropix_py.batch import _body
from anthropix_py.errors import (
    AnthropixError,
    APIError,
    DecodeError,
    InvalidRequest,
    TransportError,
)

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

CREATED = answer(a_batch())
HTML = b"<html><body>502 Bad Gateway</body></html>"
REQUESTS = [request("a"), request("b")]
ONCE = Policy(max_retries=0)

# The request went out, and what came back leaves it open whether a batch was made.
LOST: dict[str, tuple[Step, str]] = {
    "500": ([refusal(500)], "500"),
    "502 in HTML": ([counted(HTML, 502)], "502"),
    "520 of an edge": ([counted(b"", 520)], "520"),
    "444 of an edge": ([counted(b"", 444)], "444"),
    "303": ([head(303, {"location": "/x", "content-length": "0"})], "303"),
    "408": ([refusal(408)], "408"),
    # against a word that says that a repeat may succeed, not that it will be the only one
    "504 that says to retry": ([refusal(504, {"x-should-retry": "true"})], "504"),
    "500 that says to retry": ([refusal(500, {"X-Should-Retry": "TRUE"})], "500"),
    "500 that says not to retry": ([refusal(500, {"x-should-retry": "false"})], "500"),
    "500 with retry-after": ([refusal(500, {"retry-after": "1"})], "500"),
    # against a gateway that refuses after it has passed the request on
    "429 of a gateway": ([counted(HTML, 429)], "429"),
    "503 of a gateway": ([counted(b"upstream connect error", 503)], "503"),
    "529 without a body": ([counted(b"", 529)], "529"),
    "closed after the body": ([close], "closed"),
    "reset after the body": ([reset], "closed"),
    "closed in the status line": ([b"HTTP/1.", close], "closed"),
    "closed in the headers": ([b"HTTP/1.1 200 OK\r\ncontent-le", close], "closed"),
    "closed after the headers": ([head(200, {"content-length": "500"}), close], "closed"),
    "closed in the body": ([CREATED[:-20], close], "closed"),
    "reset in the body": ([CREATED[:-20], reset], "closed"),
    "chunked without its end": (
        [head(200, {"transfer-encoding": "chunked"}), chunk(b'{"id"'), close],
        "closed",
    ),
    "half the JSON, ended by close": ([head(200), CREATED[-50:-9], close], "not JSON"),
    "silence": ([stall], "timeout"),
    "silence in the body": ([CREATED[:-20], stall], "timeout"),
    "not HTTP": ([b"220 smtp.example ESMTP\r\n", close], "protocol"),
    "a page with 200": ([counted(HTML, 200, {"content-type": "text/html"})], "not JSON"),
    "an empty 200": ([counted(b"")], "not JSON"),
    "200 with another object": ([answer({"ok": True})], "not a batch"),
    "200 with a batch without an id": ([answer(a_batch(id=""))], "it has no id"),
    "200 with a list": ([answer([])], "not a JSON object"),
    "200 in br": ([answer(a_batch(), headers={"content-encoding": "br"})], "content-encoding"),
    "200 in broken gzip": ([counted(b"\x1f\x8b\x08x", 200, {"content-encoding": "gzip"})], "gzip"),
}


@pytest.mark.parametrize(("step", "cause"), LOST.values(), ids=LOST)
def test_a_lost_response_is_an_unknown_outcome_after_one_post(step: Step, cause: str) -> None:
    with Scripted(step) as server:
        given = client(server.url, timeout=0.2)
        error = error_in(batch.create(given, REQUESTS), UnknownOutcome)
    assert (error.total, error.sent_at) == (2, given.clock.now())
    assert cause in str(error.cause)
    assert [one.method for one in server.received] == ["POST"]
    assert KEY not in str(error) + repr(error)


# Responses of 200 that are not the batch asked for. (body, words of the cause, the id kept)
ODD: dict[str, tuple[object, str, str | None]] = {
    # against counts of another batch, which are taken for those of this one
    "another size": (a_batch(request_counts=counts(7)), "a batch of 7 requests, not of 2", ID),
    "an id alone": ({"id": ID}, "it has no processing_status", ID),
    "an empty id": ({"id": ""}, "it has no id", None),
    "a number as the id": ({"id": 7}, "it has no id", None),
    "an error": (error_body(), "it has no id", None),
}


@pytest.mark.parametrize(("body", "cause", "id"), ODD.values(), ids=ODD)
def test_an_odd_response_is_an_unknown_outcome_that_keeps_its_id(
    body: object, cause: str, id: str | None
) -> None:
    with Scripted(answer(body)) as server:
        error = error_in(batch.create(client(server.url), REQUESTS), UnknownOutcome, cause)
    assert error.batch_id == id
    assert (f"names {id}" in str(error)) is (id is not None)


# It certainly had no effect, so it is sent again within the policy.
UNDONE: dict[str, Step] = {
    "429": [refusal(429)],
    "429 with retry-after": [refusal(429, {"retry-after": "3.5"})],
    "429 on a ramp": [refusal(429, {"retry-after": "1"}, error_code="ramp_limit_exceeded")],
    "503": [refusal(503)],
    "529 with a request id alone": [counted(b"", 529, {"Request-Id": "req_1"})],
    "400 that says to retry": [refusal(400, {"x-should-retry": "true"})],
}


@pytest.mark.parametrize("step", UNDONE.values(), ids=UNDONE)
def test_what_certainly_had_no_effect_is_sent_again(step: Step) -> None:
    with Scripted(step, step, CREATED, step, step) as server:
        assert unwrap(batch.create(client(server.url), (one for one in REQUESTS))) == a_batch()
        # beyond the policy the refusal itself is returned
        given = client(server.url, retry=Policy(max_retries=1))
        error_in(batch.create(given, REQUESTS), APIError)
    (body,) = {one.body for one in server.received}
    assert json.loads(body) == {"requests": REQUESTS}


# The server says no: nothing was made, and asking again is of no use.
SPENT: dict[str, Any] = {"error_code": "enforced_spend_limit_reached"}
REFUSED: dict[str, bytes] = {
    "400": refusal(400),
    "401": refusal(401),
    "413 of the edge": counted(HTML, 413),
    "307": head(307, {"location": "https://evil.example/", "content-length": "0"}),
    "a spend limit": refusal(429, **SPENT),
    "a spend limit that says to retry": refusal(429, {"x-should-retry": "true"}, **SPENT),
    "429 that says not to retry": refusal(429, {"x-should-retry": "False"}),
    "429 with a retry-after of an hour": refusal(429, {"retry-after": "3600"}),
    "529 that says not to retry": refusal(529, {"x-should-retry": "false"}),
}


@pytest.mark.parametrize("step", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_final(step: bytes) -> None:
    with Scripted(step) as server:
        error = error_in(batch.create(client(server.url), REQUESTS), APIError)
    assert ("(retry-after: 3600)" in str(error)) is ("retry-after" in error.headers)


class OfATransport(AnthropixError):
    """An error that somebody's own transport raises: nobody knows when."""


# (what a transport does, attempt by attempt; the kind of the error; words of its cause)
TRANSPORTS: dict[str, tuple[list[AnthropixError], type[AnthropixError], str]] = {
    "not sent, then lost": (
        [TransportError("connect", "x", sent=False), APIError(500)],
        UnknownOutcome,
        "500",
    ),
    "refused for good": ([APIError(503, headers={"request-id": "r"}), APIError(400)], APIError, ""),
    # against an error, raised after the body went out, that counts as no effect
    "an unknown error": ([OfATransport("x")], UnknownOutcome, "x"),
    "never sent": ([TransportError("tls", "x", sent=False)] * 3, TransportError, ""),
}


@pytest.mark.parametrize(("errors", "kind", "cause"), TRANSPORTS.values(), ids=TRANSPORTS)
def test_errors_of_a_transport_of_the_callers_own(
    errors: list[AnthropixError], kind: type[AnthropixError], cause: str
) -> None:
    left = iter(errors)

    def transport(*_: object) -> Any:
        raise next(left)

    given = init(KEY, transport=transport, clock=emulator.ManualClock())
    error_in(batch.create(given, REQUESTS), kind, cause)
    assert next(left, None) is None


@pytest.mark.parametrize("host", ["a port where nobody listens", "no-such-host.invalid"])
def test_without_a_connection_the_outcome_is_known(host: str) -> None:
    url = f"http://{host}"
    if " " in host:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    given = client(url)
    error = error_in(batch.create(given, REQUESTS), TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert given.clock.sleeps == [0.4375, 0.875]  # type: ignore[attr-defined]


def test_an_idle_connection_that_the_server_has_closed_costs_nothing() -> None:
    with Scripted([answer({"data": [], "has_more": False}), close], CREATED) as server:
        given = client(server.url, retry=ONCE)
        unwrap(batch.list(given))
        server.wait_for_step()
        assert unwrap(batch.create(given, REQUESTS))["id"] == ID
    assert [one.connection for one in server.received] == [0, 1]


# The connect timeout is for connecting; a body may take longer to go out.
def test_a_server_that_reads_slowly_has_the_read_timeout() -> None:
    with Scripted([CREATED], before_body=lambda: threading.Event().wait(0.4)) as server:
        given = client(server.url, connect_timeout=0.1, timeout=5)
        big = [request(f"r{n}", system="x" * 5_000_000) for n in range(2)]
        assert unwrap(batch.create(given, big))["id"] == ID
    assert len(server.received[0].body) > 10_000_000


def lost(sent: Any, timeout: Any = None) -> Any:
    raise TransportError("closed", "the connection was cut", sent=True)


# What a client sees of a create that the server has carried out.
LOSSES: dict[str, Callable[[Any], Any]] = {
    "cut": lost,
    "500": lambda _: answer_of(500, error_body()),
    "a page with 200": lambda _: answer_of(200, HTML),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_candidates_finds_the_batch_of_a_lost_response(lose: Callable[[Any], Any]) -> None:
    clock = emulator.ManualClock()
    store = emulator.Store(clock=clock, takes=60)
    good = init(KEY, transport=emulator.transport(store), clock=clock)

    def losing(sent: Any, _: object) -> Any:
        return lose(emulator.handle(store, sent))

    unwrap(batch.create(good, REQUESTS))
    clock.advance(60)
    unwrap(batch.create(good, [request("c")]))
    unknown = error_in(batch.create(with_options(good, transport=losing), REQUESTS), UnknownOutcome)
    clock.advance(5)
    unwrap(batch.create(good, [request("c")]))
    ids = [one["id"] for one in unwrap(batch.list(good, stream=True))]
    assert len(ids) == 4
    assert [one["id"] for one in unwrap(batch.candidates(good, unknown))] == [ids[1]]


@dataclasses.dataclass
class Unhashable(emulator.ManualClock):
    """A clock that compares, and so cannot be the key of a dict."""

    def __post_init__(self) -> None:
        super().__init__()


def test_the_servers_time_is_taken_from_an_earlier_response() -> None:
    clock = Unhashable()
    told = {"date": "Mon, 21 Sep 2026 14:13:20 GMT", "request-id": "req_1"}
    made = a_batch(created_at="2026-09-21T14:13:20+00:00")
    created = init(KEY, transport=lambda *_: answer_of(200, made, told), clock=clock)
    # against a clock that can be compared: the batch would be paid for, and its id lost
    unwrap(batch.create(created, REQUESTS))
    clock.advance(7.5)
    unknown = error_in(
        batch.create(with_options(created, transport=lost), REQUESTS), UnknownOutcome
    )
    assert unknown.served_at == 1_790_000_007.5
    # against a steady time of another clock
    other = with_options(created, transport=lost, clock=Unhashable())
    assert error_in(batch.create(other, REQUESTS), UnknownOutcome).served_at is None


# (headers of an earlier response, none of which tells the server's time)
@pytest.mark.parametrize(
    "headers",
    [
        {"request-id": "req_1"},
        {"request-id": "req_1", "date": "yesterday"},
        # against the clock of a gateway
        {"date": "Mon, 21 Sep 2026 14:13:20 GMT"},
    ],
    ids=["no date", "not a date", "of a gateway"],
)
def test_a_response_that_does_not_tell_the_servers_time(headers: dict[str, str]) -> None:
    clock = emulator.ManualClock()
    given = init(KEY, transport=lambda *_: answer_of(200, a_batch(), headers), clock=clock)
    unwrap(batch.show(given, ID))
    unknown = error_in(batch.create(with_options(given, transport=lost), REQUESTS), UnknownOutcome)
    assert unknown.served_at is None


def test_candidates_of_a_create_that_never_arrived() -> None:
    good = init(KEY, transport=emulator.transport(emulator.Store()))
    bad = with_options(good, transport=lambda *_: lost(None))
    unknown = error_in(batch.create(bad, REQUESTS), UnknownOutcome)
    assert batch.candidates(good, unknown) == ("ok", [])


def interrupted(sent: Any) -> Any:
    raise KeyboardInterrupt


def interrupted_while_sending(sent: Any) -> Any:
    next(iter(sent.body))
    raise KeyboardInterrupt


def broken_while_sending(sent: Any) -> Any:
    list(sent.body)
    raise ZeroDivisionError


def interrupted_in_the_second_attempt(sent: Any) -> Any:
    if not sent.body.begun:
        list(sent.body)
        return answer_of(503, error_body())
    raise KeyboardInterrupt


# (what a transport does, whether the batch may have been created)
INTERRUPTS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "before the body": (interrupted, False),
    "in the body": (interrupted_while_sending, True),
    "a bug after the body": (broken_while_sending, True),
    "in the second attempt": (interrupted_in_the_second_attempt, True),
}


# (what the create comes to, the beginnings of the notes)
CLOSING: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "created": (
        lambda: answer_of(200, a_batch()),
        [f"Batch {ID} of 2 requests was created before this."],
    ),
    "refused": (lambda: answer_of(400, error_body()), ["No batch was created: 400"]),
    "unknown": (lambda: answer_of(500, b""), ["A batch of 2 requests may have been created"]),
    "another size": (
        lambda: answer_of(200, a_batch(request_counts=counts(9))),
        ["A batch of 2 requests may have been created"],
    ),
}


# against a batch that is paid for and not named, because the interrupt comes after the response
@pytest.mark.parametrize(("response", "notes"), CLOSING.values(), ids=CLOSING)
def test_an_interrupt_while_the_body_is_closed_names_the_batch(
    monkeypatch: pytest.MonkeyPatch, response: Callable[[], Any], notes: list[str]
) -> None:
    def transport(sent: Any, _: object) -> Any:
        list(sent.body)
        return response()

    def interrupt(self: Any, *_: object) -> None:
        self._file.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(_body.Spool, "__exit__", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        batch.create(init(KEY, transport=transport, retry=Policy(0)), REQUESTS)
    found = getattr(caught.value, "__notes__", [])
    assert len(found) == len(notes)
    assert all(one.startswith(note) for one, note in zip(found, notes, strict=True))


@pytest.mark.parametrize(("act", "noted"), INTERRUPTS.values(), ids=INTERRUPTS)
def test_an_interrupt_says_that_a_batch_may_have_been_created(
    act: Callable[[Any], Any], noted: bool
) -> None:
    given = init(KEY, transport=lambda sent, _: act(sent), clock=emulator.ManualClock())
    sent_at = given.clock.now()
    with pytest.raises((KeyboardInterrupt, ZeroDivisionError)) as caught:
        batch.create(given, REQUESTS)
    notes = getattr(caught.value, "__notes__", [])
    assert len(notes) == noted
    for note in notes:
        assert note.startswith("A batch of 2 requests may have been created")
        # what candidates needs can be copied from it
        assert re.findall(r"UnknownOutcome\((.*?)\)", note) == [f"None, 2, {sent_at!r}"]


def test_an_interrupt_while_requests_are_read_carries_no_note() -> None:
    def requests() -> Iterator[dict[str, Any]]:
        yield request()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        batch.create(init(KEY, transport=lost), requests())
    assert not hasattr(caught.value, "__notes__")


def test_warnings_are_logged_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    given = init(KEY, transport=emulator.transport(emulator.Store()))
    many = [request(f"r{n}", max_tokens=0) for n in range(50)]
    assert batch.create(given, many)[0] == "ok"
    [record] = [one for one in caplog.records if one.name == "anthropix_py"]
    assert record.levelname == "WARNING"
    begins = (
        "requests that will probably come back as errored rows (50 of 50): "
        "requests[0]/params/max_tokens"
    )
    assert record.getMessage().startswith(begins)


def test_what_is_invalid_is_not_sent() -> None:
    error = error_in(batch.create(init(KEY, transport=lost), [{}, request()]), InvalidRequest)
    assert [problem.pointer for problem in error.problems] == ["/custom_id", "/params"]


def test_a_decode_error_can_be_the_cause() -> None:
    given = init(KEY, transport=lambda *_: answer_of(200, HTML))
    error = error_in(batch.create(given, REQUESTS), UnknownOutcome)
    assert isinstance(error.cause, DecodeError)
    assert "<html>" in error.cause.excerpt
