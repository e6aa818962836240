"""A create makes one batch or none, and says so when nobody can know."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from samples import ID, KEY, a_batch, answer_of, client, error_body, request
from scripted import Scripted, Step, answer, close, counted, head, reset, stall

from anthropix_py import Policy, UnknownOutcome, batch, emulator, init, unwrap, with_options
from anthropix_py.errors import APIError, DecodeError, TransportError

CREATED = answer(a_batch())
HTML = b"<html><body>502 Bad Gateway</body></html>"
REQUESTS = [request("a"), request("b")]


def refusal(status: int, headers: dict[str, str] | None = None, **details: Any) -> bytes:
    return answer(error_body("some_error", "no", **details), status, headers)


# The request went out, and what came back leaves it open whether a batch was made.
LOST: dict[str, tuple[Step, str]] = {
    "500": ([refusal(500)], "500"),
    "502 in HTML": ([counted(HTML, 502)], "502"),
    "504": ([refusal(504)], "504"),
    "444 from an edge": ([counted(b"", 444)], "444"),
    "499 from an edge": ([counted(b"", 499)], "499"),
    "303": ([head(303, {"location": "/x", "content-length": "0"})], "303"),
    "a batch without an id": ([answer(a_batch(id=""))], "it has no id"),
    "520 from an edge": ([counted(b"", 520)], "520"),
    "408": ([refusal(408)], "408"),
    "409": ([refusal(409)], "409"),
    "500 that says not to retry": ([refusal(500, {"x-should-retry": "false"})], "500"),
    "500 with retry-after": ([refusal(500, {"retry-after": "1"})], "500"),
    "closed after the body": ([close], "closed"),
    "reset after the body": ([reset], "closed"),
    "closed in the status line": ([b"HTTP/1.", close], "protocol"),
    "closed in the headers": ([b"HTTP/1.1 200 OK\r\ncontent-le", close], "closed"),
    "closed after the headers": ([head(200, {"content-length": "500"}), close], "closed"),
    "closed in the body": ([CREATED[:-20], close], "closed"),
    "reset in the body": ([CREATED[:-20], reset], "closed"),
    "chunked without its end": (
        [head(200, {"transfer-encoding": "chunked"}), b'5\r\n{"id"\r\n', close],
        "closed",
    ),
    "half the JSON, ended by close": (
        [head(200), json.dumps(a_batch()).encode()[:50], close],
        "not JSON",
    ),
    "silence": ([stall], "timeout"),
    "silence in the body": ([CREATED[:-20], stall], "timeout"),
    "not HTTP": ([b"220 smtp.example ESMTP\r\n", close], "protocol"),
    "a proxy's page with 200": ([counted(HTML, 200, {"content-type": "text/html"})], "not JSON"),
    "an empty 200": ([counted(b"")], "not JSON"),
    "200 with another object": ([answer({"ok": True})], "not a batch"),
    "200 with a list": ([answer([])], "not a JSON object"),
    "200 in an unknown encoding": (
        [answer(a_batch(), headers={"content-encoding": "br"})],
        "content-encoding",
    ),
    "200 in broken gzip": (
        [counted(b"\x1f\x8b\x08rubbish", headers={"content-encoding": "gzip"})],
        "gzip",
    ),
}


@pytest.mark.parametrize(("step", "cause"), LOST.values(), ids=LOST.keys())
def test_a_lost_answer_is_an_unknown_outcome_after_exactly_one_post(step: Step, cause: str) -> None:
    with Scripted(step) as server:
        given = client(server.url, timeout=0.2)
        tag, error = batch.create(given, REQUESTS)
    assert (tag, type(error)) == ("error", UnknownOutcome)
    assert isinstance(error, UnknownOutcome)
    assert error.total == 2
    assert error.sent_at == given.clock.now()
    assert cause in str(error.cause)
    assert [one.method for one in server.received] == ["POST"]
    assert KEY not in str(error) + repr(error)


# It surely did not happen, so it is sent again, within the policy.
UNDONE: dict[str, Step] = {
    "429": [refusal(429)],
    "429 with retry-after": [refusal(429, {"retry-after": "3.5"})],
    "429 on a ramp": [refusal(429, {"retry-after": "1"}, error_code="ramp_limit_exceeded")],
    "503": [refusal(503)],
    "529 without a body": [counted(b"", 529)],
    "500 that says to retry": [refusal(500, {"X-Should-Retry": "TRUE"})],
    "400 that says to retry": [refusal(400, {"x-should-retry": "true"})],
}


@pytest.mark.parametrize("step", UNDONE.values(), ids=UNDONE.keys())
def test_what_surely_did_not_happen_is_sent_again(step: Step) -> None:
    with Scripted(step, step, CREATED) as server:
        assert unwrap(batch.create(client(server.url), (one for one in REQUESTS))) == a_batch()
    bodies = {one.body for one in server.received}
    assert [json.loads(body) for body in bodies] == [{"requests": REQUESTS}]


@pytest.mark.parametrize("step", UNDONE.values(), ids=UNDONE.keys())
def test_beyond_the_policy_the_refusal_itself_comes_back(step: Step) -> None:
    with Scripted(step, step) as server:
        tag, error = batch.create(client(server.url, retry=Policy(max_retries=1)), REQUESTS)
    doubtful = (
        step is UNDONE["500 that says to retry"]
    )  # the server's word allows to repeat it, and proves nothing
    assert (tag, type(error)) == ("error", UnknownOutcome if doubtful else APIError)


def test_a_doubt_is_not_forgotten_over_a_later_refusal() -> None:
    with Scripted(refusal(504, {"x-should-retry": "true"}), refusal(400)) as server:
        tag, error = batch.create(client(server.url), REQUESTS)
    assert (tag, type(error)) == ("error", UnknownOutcome)
    assert "504" in str(error)


# The server says no: nothing was made, and asking again is no use.
REFUSED: dict[str, bytes] = {
    "400": refusal(400),
    "401": refusal(401),
    "402": refusal(402),
    "403": refusal(403),
    "404": refusal(404),
    "413 from the edge": counted(HTML, 413),
    "422": refusal(422),
    "429 for the spend cap": refusal(429, error_code="enforced_spend_limit_reached"),
    "429 for the contract's cap": refusal(429, error_code="contract_spend_limit_reached"),
    "429 for the cap that says to retry": refusal(
        429, {"x-should-retry": "true"}, error_code="enforced_spend_limit_reached"
    ),
    "429 that says not to retry": refusal(429, {"x-should-retry": "False"}),
    "429 with a retry-after of an hour": refusal(429, {"retry-after": "3600"}),
    "529 that says not to retry": refusal(529, {"x-should-retry": "false"}),
    "307": head(307, {"location": "https://evil.example/", "content-length": "0"}),
}


@pytest.mark.parametrize("step", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_final(step: bytes) -> None:
    with Scripted(step) as server:
        tag, error = batch.create(client(server.url), REQUESTS)
    assert (tag, type(error)) == ("error", APIError)
    if isinstance(error, APIError) and "retry-after" in error.headers:
        assert "(retry-after: 3600)" in str(error)


def test_connection_refused_is_tried_again_and_is_no_unknown_outcome() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    given = client(url)
    tag, error = batch.create(given, REQUESTS)
    assert (tag, type(error)) == ("error", TransportError)
    assert isinstance(error, TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert given.clock.sleeps == [0.4375, 0.875]  # type: ignore[attr-defined]


def test_a_host_that_does_not_exist() -> None:
    tag, error = batch.create(
        client("http://no-such-host.invalid", retry=Policy(max_retries=0)), REQUESTS
    )
    assert (tag, type(error)) == ("error", TransportError)
    assert isinstance(error, TransportError)
    assert (error.reason, error.sent) == ("connect", False)


def test_an_idle_connection_that_the_server_has_closed_costs_nothing() -> None:
    with Scripted([answer({"data": [], "has_more": False}), close], CREATED) as server:
        given = client(server.url, retry=Policy(max_retries=0))
        unwrap(batch.list(given))
        server.wait_for_step()
        assert unwrap(batch.create(given, REQUESTS))["id"] == ID
    assert [one.connection for one in server.received] == [0, 1]


def test_a_server_that_reads_slowly_has_the_read_timeout() -> None:
    """The connect timeout is for connecting; a body may take longer to go out."""
    with Scripted([CREATED], before_body=lambda: threading.Event().wait(0.4)) as server:
        given = client(server.url, connect_timeout=0.1, timeout=5)
        big = [request(f"r{n}", system="x" * 1_000_000) for n in range(10)]
        assert unwrap(batch.create(given, big))["id"] == ID
    assert len(server.received[0].body) > 10_000_000


def losing(store: emulator.Store, how: Callable[[], Any]) -> Callable[..., Any]:
    """Give a transport whose server makes the batch, and whose wire then loses the answer."""

    def transport(sent: Any, _timeout: Any) -> Any:
        response = emulator.handle(store, sent)
        return how() if sent.method == "POST" else response

    return transport


def cut() -> Any:
    raise TransportError("closed", "the connection was cut", sent=True)


def late() -> Any:
    raise TransportError("timeout", "no answer", sent=True)


@pytest.mark.parametrize(
    "how",
    [cut, late, lambda: answer_of(500, error_body()), lambda: answer_of(200, HTML)],
    ids=["cut", "late", "500", "a page with 200"],
)
def test_candidates_finds_the_batch_of_a_lost_answer(how: Callable[[], Any]) -> None:
    clock = emulator.ManualClock()
    store = emulator.Store(clock=clock, takes=60)
    good = init(KEY, transport=emulator.transport(store), clock=clock)
    bad = with_options(good, transport=losing(store, how))
    unwrap(batch.create(good, REQUESTS))
    clock.advance(60)
    unwrap(batch.create(good, [request("c")]))
    tag, unknown = batch.create(bad, REQUESTS)
    assert isinstance(unknown, UnknownOutcome), (tag, unknown)
    clock.advance(5)
    unwrap(batch.create(good, [request("c")]))
    everything = [one["id"] for one in unwrap(batch.list(good, stream=True))]
    assert len(everything) == 4
    [found] = unwrap(batch.candidates(good, unknown))
    assert found["id"] == everything[1]


def test_candidates_of_a_create_that_never_arrived() -> None:
    store = emulator.Store()
    good = init(KEY, transport=emulator.transport(store))
    _, unknown = batch.create(with_options(good, transport=lambda *_: cut()), REQUESTS)
    assert isinstance(unknown, UnknownOutcome)
    assert batch.candidates(good, unknown) == ("ok", [])


def test_warnings_are_logged_and_stop_nothing(caplog: pytest.LogCaptureFixture) -> None:
    given = init(KEY, transport=emulator.transport(emulator.Store()))
    many = [request(f"r{n}", max_tokens=0) for n in range(50)]
    assert batch.create(given, many)[0] == "ok"
    [record] = [
        one for one in caplog.records if one.name == "anthropix_py" and one.levelname == "WARNING"
    ]
    assert record.getMessage().startswith(
        "50 of 50 requests may come back as errored rows: requests[0]/params/max_tokens"
    )


def test_a_decode_error_is_the_cause_of_an_unknown_outcome() -> None:
    with Scripted(counted(HTML)) as server:
        _, error = batch.create(client(server.url), REQUESTS)
    assert isinstance(error, UnknownOutcome)
    assert isinstance(error.cause, DecodeError)
    assert "<html>" in error.cause.excerpt
