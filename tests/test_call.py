"""One call: its request, its attempts, what becomes of its response."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from samples import ID, KEY, PATH, Bytes, a_batch, answer_of, client, error_in, request, row
from scripted import (
    PATIENCE,
    Scripted,
    ScriptedTransport,
    Step,
    answer,
    close,
    counted,
    head,
    refusal,
    reset,
    respond,
    stall,
)

from anthropix_py import (
    AnthropixError,
    APIError,
    DecodeError,
    Policy,
    TransportError,
    UnknownOutcome,
    __version__,
    batch,
    init,
    unwrap,
    with_options,
)
from anthropix_py._wire import BATCHES, Response
from anthropix_py.batch import _call
from anthropix_py.batch._call import Call
from anthropix_py.client import API_BASE, Client
from anthropix_py.emulator import ManualClock

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

SHOWN = answer(a_batch())
TOKEN = "the-token-0123456789"
GATEWAY = "http://gw:8080/anthropic"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what the machine says about the API."""
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "CUSTOM_HEADERS"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)


# The request


def sent(client: Client, call: Call) -> dict[str, str]:
    """Return the headers as they go over the wire."""
    headers = _call.request(client, call).headers
    return {name: value.encode("latin-1").decode("latin-1") for name, value in headers.items()}


DEFAULT = {
    "x-api-key": KEY,
    "accept": "application/json",
    "accept-encoding": "gzip",
    "user-agent": f"anthropix_py/{__version__}",
    "anthropic-version": "2023-06-01",
}
BEARER = {"authorization": f"Bearer {TOKEN}"}
WITHOUT_KEY = {name: value for name, value in DEFAULT.items() if name != "x-api-key"}
TAKEN_OUT: dict[str, None] = dict.fromkeys(["User-Agent", "Accept-Encoding", "X-Api-Key"])

# (options, the headers of a GET)
HEADERS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a key": ({}, DEFAULT),
    "a token": ({"auth_token": TOKEN}, {**WITHOUT_KEY, **BEARER}),
    "both": ({"api_key": KEY, "auth_token": TOKEN}, {**DEFAULT, **BEARER}),
    "a beta": ({"beta": "a"}, {**DEFAULT, "anthropic-beta": "a"}),
    "betas": ({"beta": ["a", "b", "a"]}, {**DEFAULT, "anthropic-beta": "a,b"}),
    "a version": ({"api_version": "2026"}, {**DEFAULT, "anthropic-version": "2026"}),
    "another header": ({"headers": {"X-A": "1"}}, {**DEFAULT, "x-a": "1"}),
    "an empty header": ({"headers": {"X-A": ""}}, {**DEFAULT, "x-a": ""}),
    "latin-1": ({"headers": {"X-A": "\xe9"}}, {**DEFAULT, "x-a": "\xe9"}),
    "a default replaced": ({"headers": {"User-Agent": "me"}}, {**DEFAULT, "user-agent": "me"}),
    "the key replaced": ({"headers": {"X-Api-Key": "other"}}, {**DEFAULT, "x-api-key": "other"}),
    "another taken out": ({"headers": {"X-A": None}}, DEFAULT),
    "a beta taken out": ({"beta": "a", "headers": {"anthropic-beta": None}}, DEFAULT),
}


@pytest.mark.parametrize(("options", "expected"), HEADERS.values(), ids=HEADERS)
def test_headers(options: dict[str, Any], expected: dict[str, str]) -> None:
    assert sent(with_options(init(KEY), **options), Call("GET", "/x")) == expected


JSON = {"content-type": "application/json"}
BODIES: dict[str, tuple[str, bytes | None, dict[str, str]]] = {
    "GET": ("GET", None, {}),
    "DELETE": ("DELETE", None, {}),
    # against proxies that refuse a POST without a length
    "POST without a body": ("POST", None, {"content-length": "0"}),
    "POST": ("POST", b'{"a":1}', {"content-length": "7", **JSON}),
    "POST of text beyond ASCII": ("POST", "\u2603".encode(), {"content-length": "3", **JSON}),
    "POST of an empty body": ("POST", b"", {"content-length": "0", **JSON}),
}


@pytest.mark.parametrize(("method", "content", "expected"), BODIES.values(), ids=BODIES)
def test_headers_about_the_body(
    method: str, content: bytes | None, expected: dict[str, str]
) -> None:
    body = None if content is None else Bytes(content)
    call = Call(method, "/x", body=body)
    headers = sent(init(KEY), call)
    assert {name: headers[name] for name in headers if name.startswith("content-")} == expected
    assert _call.request(init(KEY), call).body is body


def test_a_caller_can_set_the_type_of_a_body_but_not_its_framing() -> None:
    # against request smuggling: two lengths for one body
    for name in ("Content-Length", "transfer-encoding", "HOST", "Connection"):
        with pytest.raises(ValueError, match=f"headers: {name} is "):
            init(KEY, headers={name: "999"})
    given = init(KEY, headers={"Content-Type": "text/plain"})
    headers = sent(given, Call("POST", "/x", body=Bytes(b"abc")))
    assert (headers["content-length"], headers["content-type"]) == ("3", "text/plain")


# (the client's query, the call's, the URL's)
QUERIES: dict[str, tuple[dict[str, str | None], dict[str, str], str]] = {
    "none": ({}, {}, ""),
    "the call's": ({}, {"after_id": ID, "limit": "5"}, f"?after_id={ID}&limit=5"),
    "the client's": ({"a": "1"}, {}, "?a=1"),
    "both": ({"a": "1"}, {"limit": "5"}, "?a=1&limit=5"),
    "the call's first": ({"limit": "9", "a": "1"}, {"limit": "5"}, "?limit=5&a=1"),
    "one taken out": ({"a": None, "b": "2"}, {}, "?b=2"),
    "all taken out": ({"a": None}, {}, ""),
    "an empty value": ({"a": ""}, {}, "?a="),
    # against a parameter, or a fragment, of a value's making
    "escaped": (
        {"a b": "&=/?#%+"},
        {"c": "\u2603\n"},
        "?a%20b=%26%3D%2F%3F%23%25%2B&c=%E2%98%83%0A",
    ),
}


@pytest.mark.parametrize("base", [API_BASE, GATEWAY], ids=["api", "gateway"])
@pytest.mark.parametrize(("query", "of_call", "expected"), QUERIES.values(), ids=QUERIES)
def test_url(
    query: dict[str, str | None], of_call: dict[str, str], expected: str, base: str
) -> None:
    given = init(KEY, base_url=base + "/", query=query)
    url = _call.request(given, Call("GET", PATH, tuple(of_call.items()))).url
    assert url == f"{base}{PATH}{expected}"


def test_a_request_prints_without_secrets() -> None:
    hidden: dict[str, Any] = {"headers": {"X-Gateway": "hush-hush"}, "query": {"k": "hush-query"}}
    built = _call.request(init(KEY, auth_token=TOKEN, **hidden), Call("GET", PATH))
    text = f"{built} {built!r} {dict(built.headers)}"
    assert f"<Request GET {API_BASE}{PATH}>" in text
    assert [one for one in (KEY, TOKEN, "hush-hush", "hush-query") if one in text] == []


def test_what_goes_over_the_wire() -> None:
    deleted = answer({"id": ID, "type": "message_batch_deleted"})
    with Scripted(SHOWN, SHOWN, deleted, SHOWN) as server:
        given = client(server.url, headers={"X-Team": "evals"}, query={"trace": "1"})
        unwrap(batch.show(given, ID))
        unwrap(batch.cancel(given, ID))
        unwrap(batch.delete(with_options(given, query={"trace": None}), ID))
        unwrap(batch.show(with_options(given, headers=TAKEN_OUT), ID))
    show, cancel, delete, without = server.received
    calls = [(one.method, one.target, one.body) for one in (show, cancel, delete)]
    assert calls[0] == ("GET", f"{PATH}?trace=1", b"")
    assert calls[1] == ("POST", f"{PATH}/cancel?trace=1", b"")
    assert calls[2] == ("DELETE", PATH, b"")
    host = server.url.removeprefix("http://")
    assert show.headers == {**DEFAULT, "x-team": "evals", "host": host}
    assert cancel.headers == {**show.headers, "content-length": "0"}
    # against urllib3's own values for the headers that were taken out
    assert without.headers.keys() == {"accept", "anthropic-version", "x-team", "host"}
    # cancel and delete open a new one
    assert [one.connection for one in server.received] == [0, 1, 2, 2]


def test_a_base_url_keeps_its_path() -> None:
    rows = counted(json.dumps(row()).encode())
    with Scripted(SHOWN, rows, rows) as server:
        given = client(server.url + "/gateway/anthropic/")
        unwrap(batch.show(given, ID))
        unwrap(batch.results(given, f"{API_BASE}{PATH}/results"))
        unwrap(batch.results(given, f"{server.url}/gateway/anthropic{PATH}/results"))
    prefixed = f"/gateway/anthropic{PATH}"
    assert {one.target for one in server.received} == {prefixed, f"{prefixed}/results"}


def test_an_id_is_one_segment_on_the_wire() -> None:
    ids = ("a?b#c%2e ü", "...")
    with Scripted(*[answer(a_batch(id=id)) for id in ids]) as server:
        unwrap(batch.show(client(server.url), ids[0]))
        unwrap(batch.cancel(client(server.url), ids[1]))
    targets = [one.target for one in server.received]
    assert targets == [f"{BATCHES}/a%3Fb%23c%252e%20%C3%BC", f"{BATCHES}/.../cancel"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with Scripted() as other:
        target = other.url + "/elsewhere"
        moved = head(status, {"location": target, "content-length": "0"})
        with Scripted(*[moved] * 4) as server:
            given = client(server.url)
            for function in (batch.show, batch.results, batch.cancel):
                error = error_in(function(given, ID), APIError, f"this one leads to '{target}'")
                assert error.status == status
            # 303 answers a POST that was carried out
            kind: type[AnthropixError] = UnknownOutcome if status == 303 else APIError
            error_in(batch.create(given, [request()]), kind, f"this one leads to '{target}'")
    assert other.connections == 0


def test_a_results_url_of_another_host_gets_nothing() -> None:
    rows = counted(b'{"custom_id": "a", "result": {"type": "canceled"}}\n')
    with Scripted() as other, Scripted(rows) as server:
        url = f"{other.url}{PATH}/results"
        assert batch.results(client(server.url), url)[0] == "error"
        # in a dict it is not read, because the dict has an id
        ended = a_batch("ended", succeeded=1, results_url=url)
        assert len(unwrap(batch.results(client(server.url), ended))) == 1
    assert other.connections == 0


# Attempts

CHUNKED = head(200, {"transfer-encoding": "chunked"})
FAILURES: dict[str, Step] = {
    "closed before the response": [close],
    "reset before the response": [reset],
    "closed in the headers": [b"HTTP/1.1 200 OK\r\nx: ", close],
    "closed in the body": [SHOWN[:-9], close],
    "a chunked body without its end": [CHUNKED, b"1\r\n{\r\n", close],
    "silence": [stall],
    "silence in the body": [SHOWN[:-9], stall],
    "not HTTP": [b"SSH-2.0-OpenSSH\r\n", close],
    "502 in HTML": [counted(b"<html><h1>Bad Gateway</h1></html>", 502)],
    "504 without a body": [counted(b"", 504)],
    "400 that says to retry": [refusal(400, {"X-Should-Retry": "True"})],
}


@pytest.mark.parametrize("step", FAILURES.values(), ids=FAILURES)
def test_a_transient_failure_is_tried_again(step: Step) -> None:
    with Scripted(step, SHOWN) as server:
        given = client(server.url, timeout=0.2)
        assert unwrap(batch.show(given, ID)) == a_batch()
    assert given.clock.sleeps == [0.4375]  # type: ignore[attr-defined]


def api(status: int, **headers: str) -> APIError:
    return APIError(status, headers={name.replace("_", "-"): headers[name] for name in headers})


CLOSED = TransportError("closed", "gone", sent=True)
NEXT_YEAR = formatdate(ManualClock().now() + 365 * 86400, usegmt=True)
IN_20_S = formatdate(ManualClock().now() + 20, usegmt=True)

# (error, options of pause, seconds)
PAUSES: dict[str, tuple[AnthropixError | None, dict[str, Any], float | None]] = {
    "a broken connection": (CLOSED, {}, 0.4375),
    "the second in a row": (CLOSED, {"attempt": 1}, 0.875),
    "the last one": (CLOSED, {"attempt": 2}, None),
    "past the deadline": (CLOSED, {"elapsed": 899.9}, None),
    "what may not be sent twice": (CLOSED, {"repeatable": False}, None),
    "a refusal": (api(429, request_id="r", retry_after="7"), {"repeatable": False}, 7.0),
    "a refusal of a gateway": (api(429, retry_after="7"), {"repeatable": False}, None),
    "not transient": (api(404, retry_after="7"), {}, None),
    "retry-after": (api(503, retry_after="1.5"), {}, 1.5),
    "retry-after-ms": (api(503, retry_after_ms="250", retry_after="9"), {}, 0.25),
    "retry-after of 0": (api(503, retry_after="0"), {}, 0.0),
    "a date by the client's clock": (api(503, retry_after=IN_20_S), {}, 20.0),
    "rubbish": (api(503, retry_after="in a while"), {}, 0.4375),
    "more than patience": (api(503, retry_after="60.1"), {}, None),
    "for ever": (api(503, retry_after="inf"), {}, None),
    "400 digits": (api(503, retry_after="9" * 400), {}, None),
    "next year": (api(503, retry_after=NEXT_YEAR), {}, None),
    "no error": (None, {}, 0.4375),
    "no error, no try left": (None, {"attempt": 2, "repeatable": False}, None),
}


@pytest.mark.parametrize(("error", "options", "seconds"), PAUSES.values(), ids=PAUSES)
def test_pause(error: AnthropixError | None, options: dict[str, Any], seconds: float) -> None:
    given = init(KEY, clock=ManualClock())
    assert _call.pause(given, error, **{"attempt": 0, "elapsed": 0.0, **options}) == seconds


# (policy, headers of the errors, what is slept)
COUNTED: dict[str, tuple[Policy, dict[str, str], list[float]]] = {
    "the waits double": (Policy(5, max_delay=3), {}, [0.4375, 0.875, 1.75, 2.625, 2.625]),
    "no try past the deadline": (Policy(9, deadline=100), {"retry-after": "40"}, [40, 40]),
    "no retries": (Policy(max_retries=0), {}, []),
    "the server's word": (Policy(), {"X-Should-Retry": "FALSE"}, []),
}


@pytest.mark.parametrize(("policy", "headers", "sleeps"), COUNTED.values(), ids=COUNTED)
def test_attempts_are_counted(policy: Policy, headers: dict[str, str], sleeps: list[float]) -> None:
    with Scripted(*[refusal(500, headers)] * (len(sleeps) + 1)) as server:
        given = client(server.url, retry=policy)
        error_in(batch.show(given, ID), APIError)
    assert given.clock.sleeps == sleeps  # type: ignore[attr-defined]


# The response


@pytest.mark.parametrize("end", [close, reset, stall], ids=["closed", "reset", "silent"])
def test_an_error_whose_body_breaks_off_is_still_that_error(end: Any) -> None:
    with Scripted([counted(b'{"error": {"type": "x', 400)[:-3], end]) as server:
        error = error_in(batch.show(client(server.url, timeout=0.1), ID), APIError)
    assert (error.status, error.type) == (400, None)


# against a response that has no body (RFC 9110) being taken for a broken connection, and repeated
@pytest.mark.parametrize("status", [204, 205])
def test_a_response_that_has_no_body_is_not_waited_for(status: int) -> None:
    with Scripted([head(status)]) as server:
        error = error_in(batch.show(client(server.url, timeout=PATIENCE), ID), DecodeError)
    assert "not JSON" in str(error)


# against a byte now and then, which never lets the transport's timeout of silence run out
@pytest.mark.parametrize(
    ("status", "words"), [(200, "the response did not end within 5 s"), (400, "400"), (503, "503")]
)
def test_a_response_must_end_within_the_timeout_in_all(status: int, words: str) -> None:
    clock = ManualClock()

    def slowly() -> Iterator[bytes]:
        for _ in range(100):
            clock.advance(1)
            yield b" "

    def transport(*_: object) -> Response:
        return Response(status, {"transfer-encoding": "chunked"}, slowly(), lambda: None)

    given = init(KEY, transport=transport, clock=clock, timeout=5, retry=Policy(max_retries=0))
    tag, error = batch.show(given, ID)
    assert tag == "error"
    assert words in str(error)
    assert clock.monotonic() == 6


def test_a_response_may_have_so_many_bytes() -> None:
    # against 64 KB of gzip that become 1.4 GB of objects
    batches = [a_batch(padding="x" * 1000) for _ in range(1000)]
    listed = {"data": batches, "has_more": False}
    assert batch.list(ScriptedTransport(respond(listed)).client())[0] == "ok"
    larger = {"data": batches * 14, "has_more": False}
    error_in(batch.list(ScriptedTransport(respond(larger)).client()), DecodeError, "16,777,216")
    shown = ScriptedTransport(respond(a_batch(padding="x" * 1_100_000)))
    error_in(batch.show(shown.client(), ID), DecodeError, "1,048,576")


@pytest.mark.parametrize("status", [204, 205])
def test_a_status_without_a_body_is_not_a_broken_connection(status: int) -> None:
    with Scripted(head(status)) as server:
        error_in(batch.show(client(server.url), ID), DecodeError, "not JSON")


def test_a_response_of_failure_is_closed() -> None:
    closed: list[int] = []
    response = Response(500, {}, iter((b"",)), lambda: closed.append(1))
    given = init(KEY, transport=lambda *_: response, retry=Policy(max_retries=0))
    error_in(batch.show(given, ID), APIError)
    assert closed


def test_a_switch_of_protocols_is_not_taken_for_the_final_response() -> None:
    # against the response to one request being taken for that to the next
    late: Step = [head(101), answer(a_batch(id="msgbatch_late")), close]
    with Scripted(late, SHOWN, late) as server:
        given = client(server.url)
        assert unwrap(batch.show(given, ID)) == a_batch()
        error_in(batch.create(given, [request()]), UnknownOutcome, "an interim response")
    assert server.connections == 3


# (function, status and body, the kind and words of the error)
MISFITS: dict[str, tuple[Any, int, object, type[AnthropixError], str]] = {
    "not a batch": (batch.show, 200, {"ok": True}, DecodeError, "it has no id"),
    "an empty id": (batch.show, 200, a_batch(id=""), DecodeError, "it has no id"),
    "an id that is a number": (batch.cancel, 200, a_batch(id=5), DecodeError, "it has no id"),
    "no status": (batch.show, 200, {"id": ID}, DecodeError, "it has no processing_status"),
    # against a cache or a proxy that mixes responses up
    "another batch": (batch.show, 200, a_batch(id="x"), DecodeError, "about another batch, 'x'"),
    "another one canceled": (batch.cancel, 200, a_batch(id="x"), DecodeError, "another batch, 'x'"),
    "not a deleted batch": (batch.delete, 200, {}, DecodeError, "not about the deleted batch"),
    "a deletion of 202": (
        batch.delete,
        202,
        {"id": None},
        DecodeError,
        "not about the deleted batch",
    ),
    # 206 has a part of the results
    "a part of the results": (batch.results, 206, b"", APIError, "206"),
    "no content": (batch.results, 204, b"", APIError, "204"),
}


@pytest.mark.parametrize(
    ("function", "status", "body", "kind", "words"), MISFITS.values(), ids=MISFITS
)
def test_a_response_that_does_not_fit(
    function: Any, status: int, body: object, kind: type[AnthropixError], words: str
) -> None:
    given = init(KEY, transport=lambda *_: answer_of(status, body, {"content-length": "1"}))
    error_in(function(given, ID), kind, words)


def test_deeply_nested_errors_are_still_errors() -> None:
    depths = (400, 900, 1100, 5000, 100_000)
    with Scripted(*[counted(b"[" * depth + b"]" * depth, 500) for depth in depths]) as server:
        for _ in depths:
            error_in(batch.create(client(server.url), [request()]), UnknownOutcome)


# Around it


def test_a_transport_of_the_callers_own() -> None:
    seen: list[Any] = []

    def transport(sent: Any, timeout: Any) -> Response:
        seen.append((sent, timeout))
        headers = {"Content-Encoding": "BR", "Request-Id": "req_1"}
        return answer_of(200, a_batch(), headers if len(seen) > 1 else None)

    given = init(KEY, transport=transport, timeout=3, connect_timeout=2)
    assert batch.show(given, ID) == ("ok", a_batch())
    [(sent, timeout)] = seen
    assert (sent.method, sent.url, sent.body) == ("GET", API_BASE + PATH, None)
    assert (timeout.connect, timeout.read) == (2, 3)
    assert KEY not in repr(sent) + str(sent.headers)
    # its headers may be spelled as the server spells them
    assert error_in(batch.show(given, ID), DecodeError, "'br'").request_id == "req_1"


# A hook that runs between head and body stands for Ctrl-C: the server sees the connection close.
def test_an_interrupt_gives_the_connection_up() -> None:
    gone = threading.Event()

    def until_gone(connection: Any) -> None:
        stall(connection)
        gone.set()

    def hook(event: dict[str, Any]) -> None:
        if event["event"] == "response":
            raise KeyboardInterrupt

    with Scripted([SHOWN[:-9], until_gone]) as server:
        # the traceback is kept: a connection must not wait for its frames to be dropped
        with pytest.raises(KeyboardInterrupt) as caught:
            batch.show(client(server.url, on_event=hook, timeout=30), ID)
        assert gone.wait(PATIENCE)
        assert caught.value.__traceback__ is not None
