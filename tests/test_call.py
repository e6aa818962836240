"""One call over real sockets: what is repeated and how long after, what is reported, and what stays secret."""

from __future__ import annotations

import gzip
import itertools
import json
import logging
import multiprocessing
import pickle
import socket
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from samples import ID, KEY, PATH, a_batch, answer_of, client, error_body, request
from scripted import Scripted, Step, answer, chunk, close, counted, head, reset, stall

from anthropix_py import (
    AnthropixError,
    APIError,
    DecodeError,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    emulator,
    init,
    unwrap,
    with_options,
)
from anthropix_py._wire import Response

SHOWN = answer(a_batch())
HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


def refusal(status: int, headers: dict[str, str] | None = None, **details: Any) -> bytes:
    return answer(error_body("some_error", "no", **details), status, headers)


# What comes first, and the waits on the way to an answer.
REPEATED: dict[str, tuple[Step, list[float]]] = {
    "closed before an answer": ([close], [0.4375]),
    "reset before an answer": ([reset], [0.4375]),
    "closed in the headers": ([b"HTTP/1.1 200 OK\r\nx: ", close], [0.4375]),
    "closed in the body": ([SHOWN[:-9], close], [0.4375]),
    "a chunked body without its end": (
        [head(200, {"transfer-encoding": "chunked"}), chunk(b"{"), close],
        [0.4375],
    ),
    "silence": ([stall], [0.4375]),
    "silence in the body": ([SHOWN[:-9], stall], [0.4375]),
    "not HTTP": ([b"SSH-2.0-OpenSSH\r\n", close], [0.4375]),
    "408": ([refusal(408)], [0.4375]),
    "409": ([refusal(409)], [0.4375]),
    "429": ([refusal(429)], [0.4375]),
    "500": ([refusal(500)], [0.4375]),
    "502 in HTML": ([counted(HTML, 502)], [0.4375]),
    "504 without a body": ([counted(b"", 504)], [0.4375]),
    "529": ([refusal(529)], [0.4375]),
    "400 that says to retry": ([refusal(400, {"X-Should-Retry": "True"})], [0.4375]),
    "retry-after": ([refusal(429, {"retry-after": "7"})], [7]),
    "retry-after, a fraction": ([refusal(429, {"retry-after": "1.5"})], [1.5]),
    "retry-after of 0": ([refusal(503, {"retry-after": "0"})], [0]),
    "retry-after of a minute": ([refusal(503, {"retry-after": "60"})], [60]),
    "retry-after-ms first": ([refusal(429, {"retry-after-ms": "250", "retry-after": "9"})], [0.25]),
    "retry-after-ms of rubbish": (
        [refusal(429, {"retry-after-ms": "soon", "retry-after": "9"})],
        [9],
    ),
    "retry-after, a date": (
        [
            refusal(
                429,
                {
                    "retry-after": "Sat, 21 Nov 2026 10:00:05 GMT",
                    "date": "Sat, 21 Nov 2026 10:00:00 GMT",
                },
            )
        ],
        [5],
    ),
    "retry-after, a past date": (
        [refusal(429, {"retry-after": "Fri, 21 Nov 2025 10:00:05 GMT"})],
        [0],
    ),
    "retry-after, negative": ([refusal(429, {"retry-after": "-3"})], [0.4375]),
    "retry-after of NaN": ([refusal(429, {"retry-after": "nan"})], [0.4375]),
    "retry-after of rubbish": ([refusal(429, {"retry-after": "in a while"})], [0.4375]),
}


@pytest.mark.parametrize(("step", "waits"), REPEATED.values(), ids=REPEATED.keys())
def test_what_may_pass_is_asked_again(step: Step, waits: list[float]) -> None:
    with Scripted(step, SHOWN) as server:
        given = client(server.url, timeout=0.2)
        assert unwrap(batch.show(given, ID)) == a_batch()
    assert given.clock.sleeps == waits  # type: ignore[attr-defined]


FINAL: dict[str, Step] = {
    "400": [refusal(400)],
    "401": [refusal(401)],
    "403": [refusal(403)],
    "404": [refusal(404)],
    "412": [refusal(412)],
    "413 in HTML": [counted(HTML, 413)],
    "429 for the spend cap": [refusal(429, error_code="enforced_spend_limit_reached")],
    "429 that says not to retry": [refusal(429, {"x-should-retry": "FALSE"})],
    "500 that says not to retry": [refusal(500, {"x-should-retry": "false"})],
    "retry-after of more than a minute": [refusal(429, {"retry-after": "60.1"})],
    "retry-after of for ever": [refusal(503, {"retry-after": "inf"})],
    "retry-after of 400 digits": [refusal(503, {"retry-after": "9" * 400})],
    "retry-after in the year 9999": [
        refusal(503, {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"})
    ],
}


@pytest.mark.parametrize("step", FINAL.values(), ids=FINAL.keys())
def test_what_will_not_pass_is_not_asked_again(step: Step) -> None:
    with Scripted(step) as server:
        given = client(server.url)
        tag, error = batch.show(given, ID)
    assert (tag, type(error)) == ("error", APIError)
    assert given.clock.sleeps == []  # type: ignore[attr-defined]


def test_the_tries_are_counted_and_the_waits_double() -> None:
    with Scripted(*[refusal(500)] * 6) as server:
        given = client(server.url, retry=Policy(max_retries=5, max_delay=3))
        assert batch.show(given, ID)[0] == "error"
    assert given.clock.sleeps == [0.4375, 0.875, 1.75, 2.625, 2.625]  # type: ignore[attr-defined]


def test_no_try_begins_past_the_deadline() -> None:
    with Scripted(*[refusal(429, {"retry-after": "40"})] * 3) as server:
        given = client(server.url, retry=Policy(max_retries=9, deadline=100))
        assert batch.show(given, ID)[0] == "error"
    assert given.clock.sleeps == [40, 40]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_and_nothing_reaches_its_target(status: int) -> None:
    with Scripted() as other:
        moved = head(status, {"location": other.url + "/elsewhere", "content-length": "0"})
        with Scripted(*[moved] * 4) as server:
            given = client(server.url)
            for result in (
                batch.show(given, ID),
                batch.results(given, ID),
                batch.cancel(given, ID),
            ):
                assert isinstance(result[1], APIError)
                assert result[1].status == status
                assert f"this one leads to '{other.url}/elsewhere'" in str(result[1])
            _, error = batch.create(given, [request()])
            assert isinstance(
                error, UnknownOutcome if status == 303 else APIError
            )  # 303: done, see other
            assert f"this one leads to '{other.url}/elsewhere'" in str(error)
    assert other.connections == 0


def test_a_results_url_of_another_host_gets_nothing() -> None:
    with Scripted() as other, Scripted() as server:
        tag, _ = batch.results(client(server.url), f"{other.url}{PATH}/results")
        assert tag == "error"
    assert other.connections == server.connections == 0


def test_a_foreign_results_url_in_a_dict_gets_nothing() -> None:
    with (
        Scripted() as other,
        Scripted(counted(b'{"custom_id": "a", "result": {"type": "canceled"}}\n')) as server,
    ):
        ended = a_batch("ended", succeeded=1, results_url=f"{other.url}{PATH}/results")
        assert len(unwrap(batch.results(client(server.url), ended))) == 1
    assert other.connections == 0


def test_a_base_with_a_path_is_kept_whole() -> None:
    with Scripted(SHOWN, counted(b""), counted(b"")) as server:
        given = client(server.url + "/gateway/anthropic/")
        unwrap(batch.show(given, ID))
        unwrap(batch.results(given, f"https://api.anthropic.com{PATH}/results"))
        unwrap(batch.results(given, f"{server.url}/gateway/anthropic{PATH}/results"))
    assert {one.target for one in server.received} == {
        f"/gateway/anthropic{PATH}",
        f"/gateway/anthropic{PATH}/results",
    }


def test_an_id_is_one_segment_on_the_wire() -> None:
    with Scripted(SHOWN, SHOWN) as server:
        unwrap(batch.show(client(server.url), "a?b#c%2e ü"))
        unwrap(batch.cancel(client(server.url), "..."))
    assert [one.target for one in server.received] == [
        "/v1/messages/batches/a%3Fb%23c%252e%20%C3%BC",
        "/v1/messages/batches/.../cancel",
    ]


def test_what_is_sent() -> None:
    with Scripted(SHOWN, SHOWN, answer({"id": ID, "type": "message_batch_deleted"})) as server:
        given = client(
            server.url, beta=["a", "b"], headers={"X-Team": "evals"}, query={"trace": "1"}
        )
        unwrap(batch.show(given, ID))
        unwrap(
            batch.cancel(
                with_options(
                    given, headers={"anthropic-beta": None, "accept-encoding": "identity"}
                ),
                ID,
            )
        )
        unwrap(batch.delete(with_options(given, auth_token="a-token", query={"trace": None}), ID))
    show, cancel, delete = server.received
    assert (show.method, cancel.method, delete.method) == ("GET", "POST", "DELETE")
    assert [one.target.partition("?")[2] for one in server.received] == ["trace=1", "trace=1", ""]
    assert show.headers["x-api-key"] == KEY
    assert show.headers["anthropic-version"] == "2023-06-01"
    assert show.headers["anthropic-beta"] == "a,b"
    assert show.headers["x-team"] == "evals"
    assert show.headers["accept-encoding"] == "gzip"
    assert "content-length" not in show.headers
    assert (cancel.headers["content-length"], cancel.body) == ("0", b"")
    assert (cancel.headers["accept-encoding"], "anthropic-beta" in cancel.headers) == (
        "identity",
        False,
    )
    assert (delete.headers["authorization"], "x-api-key" in delete.headers) == (
        "Bearer a-token",
        False,
    )
    assert server.connections == 1


BODIES: dict[
    str, tuple[bytes, dict[str, str], tuple[str | None, str | None, str | None, str | None]]
] = {
    "enveloped": (
        json.dumps(error_body("t", "m", error_code="c")).encode(),
        {},
        ("t", "m", "c", "req_from_the_body"),
    ),
    "id in the header": (
        json.dumps(error_body("t", "m")).encode(),
        {"Request-Id": "req_h"},
        ("t", "m", None, "req_h"),
    ),
    "no envelope": (b'{"type": "t", "message": "m"}', {}, ("t", "m", None, None)),
    "an error that is text": (b'{"error": "m"}', {}, (None, "m", None, None)),
    "fields of other types": (
        b'{"error": {"type": 3, "message": [1], "details": 4}, "request_id": 5}',
        {},
        (None, None, None, None),
    ),
    "null for an error": (b'{"error": null}', {}, (None, None, None, None)),
    "a list": (b"[1]", {}, (None, "[1]", None, None)),
    "the key, escaped": (
        b'{"error": {"message": "' + KEY.replace("-", "\\u002d").encode() + b'"}}',
        {},
        (None, "***", None, None),
    ),
    "the key in a header": (b"", {"x-echo": KEY}, (None, None, None, None)),
    "HTML": (HTML, {"request-id": "req_h"}, (None, HTML.decode(), None, "req_h")),
    "empty": (b"", {}, (None, None, None, None)),
    "Latin-1": (
        '{"error": {"type": "t", "message": "schön"}}'.encode("latin-1"),
        {"content-type": "application/json; charset=ISO-8859-1"},
        ("t", "schön", None, None),
    ),
    "UTF-16": (
        '{"error": {"type": "t", "message": "schön"}}'.encode("utf-16"),
        {"content-type": "application/json;charset=utf-16"},
        ("t", "schön", None, None),
    ),
    "a charset that is none": (
        b"m\xff",
        {"content-type": "text/plain; charset=klingon"},
        (None, "m\ufffd", None, None),
    ),
    "a charset that is no text": (
        b"m",
        {"content-type": "text/plain; charset=hex"},
        (None, "m", None, None),
    ),
    "the key itself": (f"you sent {KEY}".encode(), {}, (None, "you sent ***", None, None)),
    "the key in JSON": (
        json.dumps({"error": {"type": KEY, "message": KEY}}).encode(),
        {},
        ("***", "***", None, None),
    ),
}


@pytest.mark.parametrize(("body", "headers", "expected"), BODIES.values(), ids=BODIES.keys())
def test_whatever_the_body_of_an_error(
    body: bytes, headers: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    with Scripted(counted(body, 418, headers)) as server:
        _, error = batch.show(client(server.url), ID)
    assert isinstance(error, APIError)
    assert (error.status, error.type, error.message, error.error_code, error.request_id) == (
        418,
        *expected,
    )
    assert error.headers["content-length"] == str(len(body))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert KEY not in repr(error)


@pytest.mark.parametrize("end", [close, reset, stall], ids=["closed", "reset", "silent"])
def test_an_error_whose_body_breaks_off_is_still_that_error(end: Any) -> None:
    with Scripted([counted(b'{"error": {"type": "x', 400)[:-3], end]) as server:
        _, error = batch.show(client(server.url, timeout=0.1), ID)
    assert isinstance(error, APIError)
    assert (error.status, error.type) == (400, None)


def test_an_error_without_end_is_read_in_part() -> None:
    step: Step = [head(400, {"content-length": "99999999"}), b"x" * 3_000_000, stall]
    with Scripted(step) as server:
        _, error = batch.show(client(server.url, timeout=5), ID)
    assert isinstance(error, APIError)
    assert isinstance(error.body, str)
    assert 1 << 20 <= len(error.body) < 2 << 20
    assert error.message == "x" * 200


def test_events_tell_what_happens_in_order() -> None:
    events: list[dict[str, Any]] = []
    with Scripted(
        [refusal(429, {"request-id": "req_1"})],
        [close],
        answer(a_batch(), headers={"request-id": "req_2"}),
    ) as server:
        unwrap(batch.show(client(server.url, on_event=events.append, query={"q": "secret"}), ID))
    assert [event["event"] for event in events] == [
        "request",
        "response",
        "retry",
        "request",
        "retry",
        "request",
        "response",
    ]
    assert {(event["method"], event["path"]) for event in events} == {("GET", PATH)}
    assert [event["attempt"] for event in events] == [0, 0, 0, 1, 1, 2, 2]
    assert [event["status"] for event in events if event["event"] == "response"] == [429, 200]
    assert [event["request_id"] for event in events if event["event"] == "response"] == [
        "req_1",
        "req_2",
    ]
    assert [event["delay"] for event in events if event["event"] == "retry"] == [0.4375, 0.875]
    assert [event["reason"] for event in events if event["event"] == "retry"] == ["429", "closed"]
    assert KEY not in str(events)
    assert "secret" not in str(events)
    json.dumps(events)


def test_a_hook_that_raises_does_not_corrupt_the_call(caplog: pytest.LogCaptureFixture) -> None:
    def hook(event: dict[str, Any]) -> None:
        raise KeyError(event["event"])

    with Scripted([refusal(500)], SHOWN) as server:
        assert unwrap(batch.show(client(server.url, on_event=hook), ID)) == a_batch()
    assert "the on_event hook raised KeyError: 'request'" in caplog.messages


def test_an_interrupt_in_a_hook_passes_through_and_gives_the_connection_up() -> None:
    def hook(event: dict[str, Any]) -> None:
        if event["event"] == "response":
            raise KeyboardInterrupt

    with Scripted([SHOWN]) as server, pytest.raises(KeyboardInterrupt):
        batch.show(client(server.url, on_event=hook), ID)


def test_the_log_says_the_same_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Scripted([refusal(500)], SHOWN) as server:
        unwrap(batch.show(client(server.url, headers={"x-secret": "another-secret"}), ID))
    ours = [record.getMessage() for record in caplog.records if record.name == "anthropix_py"]
    assert [json.loads(text.replace("'", '"').replace("None", "null"))["event"] for text in ours] == [
        "request", "response", "retry", "request", "response",
    ]  # fmt: skip
    assert KEY not in caplog.text
    assert "another-secret" not in caplog.text


ANSWERS: dict[str, Step] = {
    "closed": [close],
    "refused": [refusal(400)],
    "a page": [counted(HTML)],
    "echoed": [counted(KEY.encode(), 400)],
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_traceback_with_all_its_locals_shows_no_secret(name: str) -> None:
    with Scripted(ANSWERS[name]) as server:
        given = client(
            server.url, retry=Policy(max_retries=0), headers={"x-secret": "another-secret"}
        )
        with pytest.raises(AnthropixError) as caught:
            unwrap(batch.create(given, [request()]))
    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert "given = Client(api_key='***'" in text
    assert KEY not in text
    assert "another-secret" not in text


def test_an_error_that_is_returned_holds_no_connection_and_no_frame() -> None:
    with Scripted([close]) as server:
        _, error = batch.show(client(server.url, retry=Policy(max_retries=0)), ID)
    assert isinstance(error, TransportError)
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)


def test_the_cause_of_an_unknown_outcome_holds_no_frame() -> None:
    with Scripted([close]) as server:
        _, error = batch.create(client(server.url), [request()])
    assert isinstance(error, UnknownOutcome)
    assert (error.cause.__traceback__, error.cause.__context__) == (None, None)


def test_threads_share_one_client() -> None:
    with emulator.serve() as url:
        given = init(KEY, base_url=url)
        ids = [unwrap(batch.create(given, [request(f"r{n}")]))["id"] for n in range(8)]

        def work(n: int) -> bool:
            rows = unwrap(batch.results(given, unwrap(batch.show(given, ids[n % 8]))))
            return [row["custom_id"] for row in rows] == [f"r{n % 8}"]

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(160)))


def look_from_a_child(given: Any, found: Any) -> None:
    found.put(batch.show(given, ID))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("held", [False, True], ids=["idle connection", "a lock held at the fork"])
def test_a_forked_child_has_connections_of_its_own(held: bool) -> None:
    from anthropix_py import _http

    context = multiprocessing.get_context("fork")
    with Scripted(SHOWN, SHOWN, SHOWN) as server:
        given = client(server.url)
        unwrap(batch.show(given, ID))
        found = context.Queue()
        child = context.Process(target=look_from_a_child, args=(given, found))
        if held:
            with _http._pools._lock:
                child.start()
        else:
            child.start()
        assert found.get(timeout=20) == ("ok", a_batch())
        child.join()
        unwrap(batch.show(given, ID))
    assert [one.connection for one in server.received] == [0, 1, 0]


def test_a_client_survives_pickling_to_a_spawned_process() -> None:
    context = multiprocessing.get_context("spawn")
    with Scripted(SHOWN) as server:
        given = init(KEY, base_url=server.url)
        found = context.Queue()
        child = context.Process(target=look_from_a_child, args=(given, found))
        child.start()
        assert found.get(timeout=20) == ("ok", a_batch())
        child.join()


def test_a_stalled_call_can_be_left_by_an_interrupt() -> None:
    """A hook that runs between head and body stands for Ctrl-C: the server sees the connection close."""
    gone = threading.Event()

    def until_gone(connection: socket.socket) -> None:
        stall(connection)
        gone.set()

    def hook(event: dict[str, Any]) -> None:
        if event["event"] == "response":
            raise KeyboardInterrupt

    with Scripted([SHOWN[:-9], until_gone]) as server:
        with pytest.raises(KeyboardInterrupt):
            batch.show(client(server.url, on_event=hook, timeout=30), ID)
        assert gone.wait(10)


def test_a_transport_of_ones_own_gets_the_request_and_the_patience() -> None:
    seen: list[Any] = []

    def transport(sent: Any, timeout: Any) -> Any:
        seen.append((sent, timeout))
        return answer_of(200, a_batch())

    given = init(KEY, transport=transport, timeout=3, connect_timeout=2)
    assert batch.show(given, ID) == ("ok", a_batch())
    [(sent, timeout)] = seen
    assert (sent.method, sent.url, sent.body) == ("GET", "https://api.anthropic.com" + PATH, None)
    assert (timeout.connect, timeout.read) == (2, 3)
    assert KEY not in repr(sent) + str(sent.headers)


@pytest.mark.parametrize("status", [101, 102, 103, 199])
def test_an_interim_answer_is_not_taken_for_the_answer(status: int) -> None:
    late: Step = [head(status), answer(a_batch(id="msgbatch_late")), close]
    with Scripted(late, SHOWN, late) as server:
        given = client(server.url)
        assert unwrap(batch.show(given, ID)) == a_batch()
        _, error = batch.create(given, [request()])
    assert isinstance(error, UnknownOutcome)
    assert "interim answer" in str(error.cause)
    assert server.connections == 2


ECHOES: dict[str, Step] = {
    "a page with 200": [counted(f"<pre>{KEY}</pre>".encode())],
    "a list with 200": [answer([KEY])],
    "a status line": [f"HTTP/1.1 {KEY} OK\r\n\r\n".encode(), close],
    "a request id": [answer({}, headers={"request-id": KEY})],
    "an encoding": [answer({}, headers={"content-encoding": KEY})],
    "an error": [
        answer({"error": {"type": KEY, "message": KEY, "details": {"error_code": KEY}}}, 400)
    ],
    "an error in a row": [
        counted(json.dumps({"type": "error", "error": {"message": KEY}}).encode() + b"\n")
    ],
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echoed_key_reaches_no_error_and_no_event(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "anthropix_py")
    events: list[dict[str, Any]] = []
    with Scripted(*[ECHOES[name]] * 3) as server:
        given = client(server.url, retry=Policy(max_retries=0), on_event=events.append)
        errors = [batch.show(given, ID)[1], batch.create(given, [request()])[1]]
        tag, rows = batch.results(given, a_batch("ended", succeeded=1), stream=True)
        if tag == "ok":
            with pytest.raises(AnthropixError) as caught:
                list(rows)  # type: ignore[arg-type]
            errors.append(caught.value)
        else:
            errors.append(rows)  # type: ignore[arg-type]
    for error in errors:
        assert isinstance(error, AnthropixError)
        assert KEY not in repr(error) + str(error) + repr(vars(error))
    assert KEY not in repr(events) + caplog.text


def test_deeply_nested_errors_are_errors_still() -> None:
    depths = (400, 900, 1100, 5000, 100_000)
    bodies = [counted(b"[" * depth + b"]" * depth, 500) for depth in depths]
    with Scripted(*bodies) as server:
        for _ in depths:
            _, error = batch.create(client(server.url), [request()])
            assert isinstance(error, UnknownOutcome)


@pytest.mark.parametrize("body", ["plain", "gzip"])
def test_an_answer_without_end_is_given_up(body: str) -> None:
    piece = b" " * (1 << 20)
    content = gzip.compress(piece * 70) if body == "gzip" else piece
    headers = {"content-encoding": "gzip"} if body == "gzip" else {}
    endless = itertools.repeat(content) if body == "plain" else iter((content,))
    given = init(
        KEY,
        transport=lambda *_: Response(
            200, {**headers, "content-length": "1"}, endless, lambda: None
        ),
    )
    _, error = batch.show(given, ID)
    assert isinstance(error, DecodeError)
    assert "goes on past 67,108,864 bytes" in str(error)


def test_a_part_is_not_taken_for_the_whole() -> None:
    with Scripted(counted(b"", 206)) as server:
        _, error = batch.results(client(server.url), ID)
    assert isinstance(error, APIError)
    assert error.status == 206


def test_a_deletion_that_is_none() -> None:
    with Scripted(answer({})) as server:
        _, error = batch.delete(client(server.url), ID)
    assert isinstance(error, DecodeError)


def test_a_default_header_can_be_taken_out() -> None:
    with Scripted(SHOWN) as server:
        unwrap(
            batch.show(
                client(server.url, headers={"user-agent": None, "accept-encoding": None}), ID
            )
        )
    assert not {"user-agent", "accept-encoding"} & server.received[0].headers.keys()


def test_an_echoed_key_is_not_in_the_warnings_of_waiting(caplog: pytest.LogCaptureFixture) -> None:
    with Scripted(*[ECHOES["a status line"]] * 2) as server:
        tag, error = batch.wait(client(server.url), ID, timeout=5)
    assert tag == "error"
    assert "a look at the batch failed" in caplog.text
    assert KEY not in caplog.text + repr(error)


class OfAnotherMake(TransportError):
    """An error of a transport of one's own, made from other arguments than it carries."""

    def __init__(self, why: str) -> None:
        super().__init__("closed", why, sent=True)


def test_an_error_of_any_make_is_struck_and_no_doubt_is_lost() -> None:
    def transport(*_: object) -> Any:
        raise OfAnotherMake(f"lost on the way with {KEY}")

    _, error = batch.create(init(KEY, transport=transport), [request()])
    assert isinstance(error, UnknownOutcome)
    assert isinstance(error.cause, OfAnotherMake)
    assert error.cause.detail == "lost on the way with ***"
    assert KEY not in repr(error)
