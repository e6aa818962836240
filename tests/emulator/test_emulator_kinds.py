"""Each kind of fault on the wire: what is received, how it ends, and that the server lives on."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable

import pytest
from emulator_samples import HEAD, cases, content, create_body, now, texts
from emulator_wire import Wire, ask_on, connected, dial, head, say

from anthropix_py import Policy, batch, init
from anthropix_py._wire import BATCHES
from anthropix_py.emulator import KINDS, Fault, ManualClock, Store, serve
from anthropix_py.emulator._kinds import TABLE

ROWS = 5


def ended(store: Store) -> str:
    """Return the id of a batch of five rows that has ended."""
    return now(store, store.add(texts(ROWS))).id


def check_usable(url: str, store: Store) -> None:
    """Fail if the server does not response as if nothing had happened."""
    wire = say(url, "GET", BATCHES)
    assert (wire.status, wire.end) == (200, "close")
    assert [one["id"] for one in json.loads(wire.body)["data"]] == [
        one.id for one in store.newest_first()
    ]


# in place of the response

JSON_ERROR: dict[str, str | None] = {
    "content-type": "application/json",
    "request-id": "req_01emulatedfault",
}
HTML = "<html><body><h1>{}</h1></body></html>\n"
ERROR = '{{"type": "error", "error": {{"type": "{}", "message": "emulated fault"}}}}'
INSTEAD: dict[str, tuple[Fault, int, str, dict[str, str | None]]] = {
    "500": (Fault("show", "status"), 500, ERROR.format("api_error"), JSON_ERROR),
    "529": (Fault("show", "status", 529), 529, ERROR.format("overloaded_error"), JSON_ERROR),
    "429": (Fault("show", "status", 429), 429, ERROR.format("rate_limit_error"), JSON_ERROR),
    "404": (Fault("show", "status", 404), 404, ERROR.format("not_found_error"), JSON_ERROR),
    "418": (Fault("show", "status", 418), 418, ERROR.format("api_error"), JSON_ERROR),
    "header": (
        Fault("show", "status", 429, headers={"Retry-After": "1.5"}),
        429,
        ERROR.format("rate_limit_error"),
        {"retry-after": "1.5"},
    ),
    "no request id": (
        Fault("show", "status", headers={"request-id": None}),
        500,
        ERROR.format("api_error"),
        {"request-id": None},
    ),
    "empty body": (Fault("show", "status", 503, body=b""), 503, "", {"content-type": None}),
    "body": (Fault("show", "status", 400, body={"a": [1]}), 400, '{"a": [1]}', JSON_ERROR),
    "html": (Fault("show", "html"), 502, HTML.format(502), {"content-type": "text/html"}),
    "html 504": (Fault("show", "html", 504), 504, HTML.format(504), {"request-id": None}),
    "redirect": (
        Fault("show", "redirect", "http://a.example/x"),
        307,
        "",
        {"location": "http://a.example/x"},
    ),
}


@cases("fault, status, body, headers", INSTEAD)
def test_a_response_in_place_of_the_api_s(
    fault: Fault, status: int, body: str, headers: dict[str, str | None]
) -> None:
    store = Store(looks=1)
    id = ended(store)
    with serve(store, faults=[fault]) as url:
        wire = say(url, "GET", f"{BATCHES}/{id}")
        assert (wire.status, wire.end, wire.content) == (status, "close", body.encode())
        assert wire.headers["content-length"] == str(len(body))
        assert {name: wire.headers.get(name) for name in headers} == headers
        # the store was not asked
        assert now(store, id).looks == 0
        check_usable(url, store)


@pytest.mark.parametrize("kind", ["headers", "gzip", "chunks"])
def test_headers_are_changed_with_any_kind(kind: str) -> None:
    changes = {"Request-Id": None, "X-Should-Retry": "true", "content-type": "text/plain"}
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("results", kind, headers=changes)]) as url:
        changed, plain = (say(url, "GET", f"{BATCHES}/{id}/results") for _ in range(2))
    assert ("request-id" in changed.headers, "request-id" in plain.headers) == (False, True)
    assert changed.headers["x-should-retry"] == "true"
    assert "x-should-retry" not in plain.headers
    assert changed.headers["content-type"] == "text/plain"
    assert changed.headers["content-disposition"] == plain.headers["content-disposition"]


# cut off, slow, or never sent


@pytest.mark.parametrize("path", ["", "/results"], ids=["counted", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 400])
@pytest.mark.parametrize(("kind", "end"), [("cut", "close"), ("reset", "reset"), ("stall", "open")])
def test_a_body_is_cut_off(kind: str, end: str, size: int, path: str) -> None:
    store = Store()
    id = ended(store)
    on = "results" if path else "show"
    faults = [Fault(on, kind, size), Fault("show", "content_length", times=None)]
    with serve(store, faults=faults) as url:
        wire = say(url, "GET", f"{BATCHES}/{id}{path}", patience=0.1)
        complete = say(url, "GET", f"{BATCHES}/{id}{path}")
        assert (wire.status, wire.end, wire.body) == (200, end, complete.body[:size])
        if path:
            # there is no last chunk, by which the body would seem complete
            assert wire.chunks == ([complete.body[:size]] if size else [])
            assert complete.chunks[-1] == b""
        else:
            assert wire.headers["content-length"] == str(len(complete.content)) > str(size)
        check_usable(url, store)


@pytest.mark.parametrize("size", [1, 8, 20, 40])
def test_the_head_is_cut_off(size: int) -> None:
    store = Store()
    with serve(store, faults=[Fault("list", "cut_head", size)]) as url:
        wire = say(url, "GET", BATCHES)
        assert (len(wire.received), wire.end) == (size, "reset")
        assert b"http/1.1 200 ok\r\ndate: ".startswith(wire.received[:23].lower())
        check_usable(url, store)


@pytest.mark.parametrize(
    ("value", "end"), [(None, "reset"), ("reset", "reset"), ("close", "close"), ("stall", "open")]
)
@pytest.mark.parametrize("kind", ["refuse", "lose"])
def test_there_is_no_response(kind: str, value: str | None, end: str) -> None:
    store = Store()
    with serve(store, faults=[Fault("create", kind, value)]) as url:
        assert say(url, "POST", BATCHES, create_body(), patience=0.1) == Wire(b"", end)
        assert len(store.newest_first()) == (kind == "lose")
        check_usable(url, store)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_body_in_chunks(size: int) -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("results", "chunks", size)]) as url:
        chunks = say(url, "GET", f"{BATCHES}/{id}/results").chunks
    body = content(now(store, id))
    assert chunks == [*(body[start : start + size] for start in range(0, len(body), size)), b""]


def test_a_slow_body_pauses_after_each_block() -> None:
    with serve(Store(), faults=[Fault("list", "slow", 0.05)]) as url:
        started = time.monotonic()
        wire = say(url, "GET", BATCHES)
        assert time.monotonic() - started >= 0.05
        assert (wire.status, json.loads(wire.body)["data"]) == (200, [])


def test_a_slow_body_takes_the_size_of_the_chunks() -> None:
    store = Store()
    id = ended(store)
    faults = [Fault("results", "chunks", 500), Fault("results", "slow", 0.001)]
    with serve(store, faults=faults) as url:
        chunks = say(url, "GET", f"{BATCHES}/{id}/results").chunks
    assert {len(chunk) for chunk in chunks[:-2]} == {500}
    assert b"".join(chunks) == content(now(store, id))


# changed bodies


@pytest.mark.parametrize(("on", "path"), [("show", ""), ("results", "/results")])
@pytest.mark.parametrize("lost", [None, 1, 8, 30])
def test_a_compressed_body_complete_and_broken(lost: int | None, on: str, path: str) -> None:
    store = Store(clock=ManualClock())
    id = ended(store)
    fault = Fault(on, "gzip") if lost is None else Fault(on, "broken_gzip", lost)
    with serve(store, faults=[fault]) as url:
        zipped, plain = (say(url, "GET", f"{BATCHES}/{id}{path}") for _ in range(2))
        assert zipped.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        if lost is None:
            assert gzip.decompress(zipped.body) == plain.body
        else:
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            assert plain.body.startswith(member.decompress(zipped.body))
            assert not member.eof
            assert len(zipped.body) == len(gzip.compress(plain.body)) - lost
        check_usable(url, store)


def joined(*rows: list[bytes]) -> bytes:
    return b"".join(b"".join(part) for part in rows)


EDITS: dict[str, tuple[Fault, Callable[[list[bytes]], bytes]]] = {
    "crlf": (Fault("results", "crlf"), lambda rows: joined(rows).replace(b"\n", b"\r\n")),
    "no newline": (Fault("results", "no_newline"), lambda rows: joined(rows)[:-1]),
    "blank lines": (
        Fault("results", "blank_lines"),
        lambda rows: b"\n" + b"".join(row[:-1] + b"\n \n\n" for row in rows),
    ),
    "double 1": (Fault("results", "double_rows"), lambda rows: joined(rows[:1], rows)),
    "double 3": (Fault("results", "double_rows", 3), lambda rows: joined(rows[:3], rows)),
    "double all": (Fault("results", "double_rows", 99), lambda rows: joined(rows, rows)),
    "drop 0": (Fault("results", "drop_rows", 0), joined),
    "drop 1": (Fault("results", "drop_rows"), lambda rows: joined(rows[1:])),
    "drop 2": (Fault("results", "drop_rows", 2), lambda rows: joined(rows[2:])),
    "drop all": (Fault("results", "drop_rows", 99), lambda _: b""),
}


@cases("fault, expected", EDITS)
def test_edited_rows(fault: Fault, expected: Callable[[list[bytes]], bytes]) -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[fault]) as url:
        edited, plain = (say(url, "GET", f"{BATCHES}/{id}/results") for _ in range(2))
        assert edited.body == expected(content(now(store, id)).splitlines(keepends=True))
        assert edited.chunks[-1] == plain.chunks[-1] == b""
        assert plain.body == content(now(store, id))
        check_usable(url, store)


def test_a_change_of_a_compressed_body_is_sent_uncompressed() -> None:
    """Against an edit of compressed bytes, which changes nothing or breaks them."""
    store = Store()
    id = ended(store)
    gzipped = {**HEAD, "accept-encoding": "gzip"}
    faults = [
        Fault("show", "foreign_url", "https://evil.example"),
        Fault("show", "gzip", skip=1),
        Fault("show", "content_length", skip=2),
    ]
    with serve(store, faults=faults) as url, connected(url) as connection:
        edited, twice, counted = (
            ask_on(connection, "GET", f"{BATCHES}/{id}", None, gzipped) for _ in range(3)
        )
    assert "content-encoding" not in edited.headers
    assert edited.json["results_url"].startswith("https://evil.example/")
    assert json.loads(gzip.decompress(twice.body))["id"] == id
    assert json.loads(gzip.decompress(counted.body))["id"] == id
    assert counted.headers["content-length"] == str(len(counted.body))


def test_a_foreign_url_is_in_every_batch_that_has_ended() -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("*", "foreign_url", "https://evil.example", times=3)]) as url:
        created = json.loads(say(url, "POST", BATCHES, create_body()).body)
        assert (created["results_url"], len(created)) == (None, 10)
        shown = json.loads(say(url, "GET", f"{BATCHES}/{id}").body)
        assert shown["results_url"] == f"https://evil.example{BATCHES}/{id}/results"
        listed = json.loads(say(url, "GET", BATCHES).body)["data"]
        assert listed[1] == shown
        again = json.loads(say(url, "GET", f"{BATCHES}/{id}").body)
        assert again["results_url"] == f"http://x{BATCHES}/{id}/results"


# together, and at the end


def test_every_kind_is_in_a_test_of_the_wire() -> None:
    covered = {row[0].kind for row in INSTEAD.values()} | {row[0].kind for row in EDITS.values()}
    covered |= {"headers", "cut", "reset", "stall", "cut_head", "refuse", "lose", "chunks", "slow"}
    covered |= {"gzip", "broken_gzip", "foreign_url", "content_length"}
    assert covered == set(KINDS) == set(TABLE)


def test_the_help_of_a_kind_has_its_default() -> None:
    assert KINDS["status"] == "an error of status VALUE (500) in place of the response"
    assert KINDS["redirect"] == "a 307 to VALUE in place of the response"
    assert all(
        "VALUE" not in text or TABLE[kind].fits.text != "none" for kind, text in KINDS.items()
    )


def test_several_faults_act_together() -> None:
    store = Store()
    id = ended(store)
    faults = [
        Fault("results", "double_rows", 2),
        Fault("results", "crlf"),
        Fault("results", "gzip"),
        Fault("results", "chunks", 9),
        Fault("*", "headers", headers={"x-seen": "yes"}),
    ]
    with serve(store, faults=faults) as url:
        wire = say(url, "GET", f"{BATCHES}/{id}/results")
        rows = content(now(store, id)).splitlines(keepends=True)
        assert gzip.decompress(wire.body) == joined(rows[:2], rows).replace(b"\n", b"\r\n")
        assert {len(chunk) for chunk in wire.chunks[:-2]} == {9}
        assert wire.headers["x-seen"] == "yes"
        assert "x-seen" not in say(url, "GET", f"{BATCHES}/{id}/results").headers


def test_an_error_may_be_cut_off_too() -> None:
    with serve(faults=[Fault("list", "status", 500), Fault("list", "cut", 5)]) as url:
        wire = say(url, "GET", BATCHES)
        assert (wire.status, wire.content, wire.end) == (500, b'{"typ', "close")


STALLS = {
    "body": Fault("list", "stall", times=None),
    "no response": Fault("list", "lose", "stall", times=None),
    "no effect": Fault("list", "refuse", "stall", times=None),
}


@cases("fault", STALLS)
def test_the_server_stops_at_once_although_clients_are_stalled(fault: Fault) -> None:
    connections = []
    with serve(faults=[fault]) as url:
        for _ in range(5):
            connections.append(dial(url))
            connections[-1].sendall(head("GET", BATCHES))
        if fault.kind == "stall":
            assert all(one.recv(100).startswith(b"HTTP/1.1 200") for one in connections)
        started = time.monotonic()
    assert time.monotonic() - started < 2
    for connection in connections:
        connection.close()


def test_a_slow_response_does_not_delay_the_end_of_the_server() -> None:
    before = time.monotonic()
    with serve(faults=[Fault("list", "slow", 30)]) as url:
        batch.list(init("any-key", base_url=url, timeout=0.2, retry=Policy(max_retries=0)))
    assert time.monotonic() - before < 10
