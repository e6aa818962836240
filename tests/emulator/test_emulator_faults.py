from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import (
    AnthropixError,
    APIError,
    Client,
    IncompleteResults,
    InvalidRequest,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    init,
    unwrap,
)
from anthropix_py.emulator import KINDS, Fault, Faults, ManualClock, Store, serve, transport
from anthropix_py.emulator._faults import CALLS, parse

BATCHES = "/v1/messages/batches"
HEAD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
PATIENCE = 10.0
ROWS = 5
ONCE = Policy(max_retries=0)
PARAMS = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
REQUESTS = [{"custom_id": f"id-{number}", "params": PARAMS} for number in range(ROWS)]
CREATE = json.dumps({"requests": REQUESTS}).encode()


class Wire(NamedTuple):
    """What came over a socket: bytes, and how it ended: `close`, `reset` or `open` (nothing more came)."""

    received: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.received.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }

    @property
    def content(self) -> bytes:
        return self.received.partition(b"\r\n\r\n")[2]

    @property
    def chunks(self) -> list[bytes]:
        """Give the chunks of a chunked body; the last one is empty if the body is whole."""
        found, rest = [], self.content
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            found.append(rest[: int(size, 16)])
            rest = rest[int(size, 16) + 2 :]
        return found

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks) if "transfer-encoding" in self.headers else self.content


def dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, int(parts.port or 0)), timeout=PATIENCE)


def say(
    url: str, method: str, path: str, body: bytes | None = None, patience: float = PATIENCE
) -> Wire:
    """Send one request and read to the end of the connection."""
    known = [f"{name}: {value}" for name, value in HEAD.items()]
    counted = [] if body is None else [f"Content-Length: {len(body)}"]
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *known, *counted, "", ""]
    received = b""
    with dial(url) as connection:
        connection.sendall("\r\n".join(lines).encode() + (body or b""))
        connection.settimeout(patience)
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            return Wire(received, "reset")
        except TimeoutError:
            return Wire(received, "open")
    return Wire(received, "close")


def patient(url: str, timeout: float = 5.0) -> Client:
    """Give a client that waits on a clock of its own, and not long on the wire."""
    return init("k", base_url=url, clock=ManualClock(), timeout=timeout, connect_timeout=5.0)


def ended(store: Store) -> str:
    """Give the id of a batch that has ended."""
    made = store.add(map(json.dumps, REQUESTS))
    assert store.get(made.id) is made
    return made.id


def lines_of(store: Store, id: str) -> list[bytes]:
    found = store.get(id)
    assert found is not None
    return b"".join(found.results.pieces()).splitlines(keepends=True)


def is_usable(url: str, store: Store) -> None:
    wire = say(url, "GET", BATCHES)
    assert (wire.status, wire.end) == (200, "close")
    assert [one["id"] for one in json.loads(wire.body)["data"]] == [
        one.id for one in store.newest_first()
    ]


class Setup(NamedTuple):
    """One emulator with its client, over a socket or without."""

    client: Client
    store: Store
    faults: Faults
    clock: ManualClock


@pytest.fixture(params=["socket", "transport"])
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    clock = ManualClock()
    store, faults = Store(clock=clock, seed=1), Faults()
    options: dict[str, Any] = {"clock": clock, "timeout": 5.0, "connect_timeout": 5.0}
    if request.param == "transport":
        plugged = transport(store, faults)
        yield Setup(
            init("k", base_url="http://emulator", transport=plugged, **options),
            store,
            faults,
            clock,
        )
    else:
        with serve(store, faults=faults) as url:
            yield Setup(init("k", base_url=url, **options), store, faults, clock)


# --- answers over the wire ------------------------------------------------------------------------

NOTHING = (0, [b"never"])


@pytest.mark.parametrize(
    ("fault", "status", "body", "headers"),
    [
        (Fault("show", "status"), 500, ("api_error",), {"request-id": "req_01emulatedfault"}),
        (
            Fault("show", "status", 529),
            529,
            ("overloaded_error",),
            {"content-type": "application/json"},
        ),
        (Fault("show", "status", 429), 429, ("rate_limit_error",), {}),
        (Fault("show", "status", 404), 404, ("not_found_error",), {}),
        (Fault("show", "status", 418), 418, ("api_error",), {}),
        (
            Fault("show", "status", 429, headers={"Retry-After": "1.5"}),
            429,
            ("rate_limit_error",),
            {"retry-after": "1.5"},
        ),
        (
            Fault("show", "status", 503, body=b""),
            503,
            b"",
            {"content-length": "0", "content-type": None},
        ),
        (
            Fault("show", "status", 400, body={"a": [1]}),
            400,
            b'{"a": [1]}',
            {"content-type": "application/json"},
        ),
        (
            Fault("show", "status", headers={"request-id": None}),
            500,
            ("api_error",),
            {"request-id": None},
        ),
        (
            Fault("show", "html"),
            502,
            b"<html><body><h1>502</h1></body></html>\n",
            {"content-type": "text/html"},
        ),
        (
            Fault("show", "html", 504),
            504,
            b"<html><body><h1>504</h1></body></html>\n",
            {"request-id": None},
        ),
        (
            Fault("show", "redirect", "http://a.example/x"),
            307,
            b"",
            {"location": "http://a.example/x"},
        ),
    ],
    ids=[
        *("500", "529", "429", "404", "418", "retry-after", "empty", "body", "no-id"),
        *("html", "html-504", "redirect"),
    ],
)
def test_an_answer_in_place_of_the_api_s(
    fault: Fault, status: int, body: bytes | tuple[str], headers: dict[str, str | None]
) -> None:
    store = Store(looks=1)
    id = ended(store)
    with serve(store, faults=[fault]) as url:
        wire = say(url, "GET", f"{BATCHES}/{id}")
        assert (wire.status, wire.end) == (status, "close")
        if isinstance(body, tuple):
            error = {"type": body[0], "message": "emulated fault"}
            assert json.loads(wire.content) == {"type": "error", "error": error}
        else:
            assert wire.content == body
        assert wire.headers["content-length"] == str(len(wire.content))
        assert {name: wire.headers.get(name) for name in headers} == headers
        found = store.get(id)
        assert found is not None
        assert found.looks == 0  # the store was not asked
        is_usable(url, store)


def test_changed_headers() -> None:
    changes = {"Request-Id": None, "X-Should-Retry": "true", "content-type": "text/plain"}
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("results", "headers", headers=changes)]) as url:
        changed, plain = (say(url, "GET", f"{BATCHES}/{id}/results") for _ in range(2))
    assert changed.body == plain.body
    assert (changed.headers.get("request-id"), plain.headers["request-id"][:4]) == (None, "req_")
    assert (changed.headers["x-should-retry"], plain.headers.get("x-should-retry")) == (
        "true",
        None,
    )
    assert changed.headers["content-type"] == "text/plain"
    assert changed.headers["content-disposition"] == plain.headers["content-disposition"]


# --- how an answer goes over the wire -------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/results"], ids=["counted", "chunked"])
@pytest.mark.parametrize("size", [0, 1, 400])
@pytest.mark.parametrize(("kind", "end"), [("cut", "close"), ("reset", "reset"), ("stall", "open")])
def test_a_body_breaks_off(kind: str, end: str, size: int, path: str) -> None:
    store = Store()
    id = ended(store)
    on = "results" if path else "show"
    with serve(store, faults=[Fault(on, kind, size)]) as url:
        wire = say(url, "GET", f"{BATCHES}/{id}{path}", patience=0.1)
        whole = say(url, "GET", f"{BATCHES}/{id}{path}")
        assert (wire.status, wire.end) == (200, end)
        assert wire.body == whole.body[:size]
        if path:
            assert wire.chunks == ([whole.body[:size]] if size else [])  # and no last chunk
            assert whole.chunks[-1] == b""
        else:
            assert wire.headers["content-length"] == str(len(whole.content)) > str(size)
        is_usable(url, store)


@pytest.mark.parametrize("size", [1, 8, 20, 40])
def test_the_head_breaks_off(size: int) -> None:
    store = Store()
    with serve(store, faults=[Fault("list", "cut_head", size)]) as url:
        wire = say(url, "GET", BATCHES)
        assert (len(wire.received), wire.end) == (size, "reset")
        assert b"HTTP/1.1 200 OK\r\nDate: ".lower().startswith(wire.received[:23].lower())
        is_usable(url, store)


@pytest.mark.parametrize(
    ("value", "end"), [(None, "reset"), ("reset", "reset"), ("close", "close"), ("stall", "open")]
)
@pytest.mark.parametrize("kind", ["refuse", "lose"])
def test_no_answer_comes(kind: str, value: str | None, end: str) -> None:
    store = Store()
    with serve(store, faults=[Fault("create", kind, value)]) as url:
        assert say(url, "POST", BATCHES, CREATE, patience=0.1) == Wire(b"", end)
        assert len(store.newest_first()) == (kind == "lose")
        is_usable(url, store)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_a_body_in_pieces(size: int) -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("results", "chunks", size)]) as url:
        pieces = say(url, "GET", f"{BATCHES}/{id}/results").chunks
    whole = b"".join(lines_of(store, id))
    assert pieces == [*(whole[start : start + size] for start in range(0, len(whole), size)), b""]


def test_a_slow_body_pauses_between_its_pieces() -> None:
    store = Store()
    with serve(store, faults=[Fault("list", "slow", 0.05)]) as url:
        started = time.monotonic()
        wire = say(url, "GET", BATCHES)
        assert time.monotonic() - started >= 0.05
        assert (wire.status, json.loads(wire.content)["data"]) == (200, [])


def test_slow_takes_the_size_of_chunks() -> None:
    store = Store()
    id = ended(store)
    faults = [Fault("results", "chunks", 500), Fault("results", "slow", 0.001)]
    with serve(store, faults=faults) as url:
        pieces = say(url, "GET", f"{BATCHES}/{id}/results").chunks
    assert {len(piece) for piece in pieces[:-2]} == {500}
    assert b"".join(pieces) == b"".join(lines_of(store, id))


@pytest.mark.parametrize(("on", "path"), [("show", ""), ("results", "/results")])
@pytest.mark.parametrize("lost", [None, 1, 8, 30])
def test_gzip_whole_and_broken(lost: int | None, on: str, path: str) -> None:
    store = Store(clock=ManualClock())
    id = ended(store)
    fault = Fault(on, "gzip") if lost is None else Fault(on, "broken_gzip", lost)
    with serve(store, faults=[fault]) as url:
        zipped, plain = (say(url, "GET", f"{BATCHES}/{id}{path}") for _ in range(2))
        assert zipped.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        if not path:
            assert zipped.headers["content-length"] == str(len(zipped.content))
        if lost is None:
            assert gzip.decompress(zipped.body) == plain.body
        else:
            assert zipped.body == gzip.compress(plain.body, mtime=0)[:4] + zipped.body[4:]
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            assert plain.body.startswith(member.decompress(zipped.body))
            assert not member.eof
        is_usable(url, store)


EDITS: dict[str, tuple[Fault, Callable[[list[bytes]], bytes]]] = {
    "crlf": (Fault("results", "crlf"), lambda rows: b"".join(rows).replace(b"\n", b"\r\n")),
    "no-newline": (Fault("results", "no_newline"), lambda rows: b"".join(rows)[:-1]),
    "blank-lines": (
        Fault("results", "blank_lines"),
        lambda rows: b"\n" + b"".join(row[:-1] + b"\n \n\n" for row in rows),
    ),
    "double-1": (Fault("results", "double_rows"), lambda rows: b"".join(rows[:1] + rows)),
    "double-3": (Fault("results", "double_rows", 3), lambda rows: b"".join(rows[:3] + rows)),
    "double-all": (Fault("results", "double_rows", 99), lambda rows: b"".join(rows + rows)),
    "drop-1": (Fault("results", "drop_rows"), lambda rows: b"".join(rows[1:])),
    "drop-2": (Fault("results", "drop_rows", 2), lambda rows: b"".join(rows[2:])),
    "drop-all": (Fault("results", "drop_rows", 99), lambda _: b""),
}


@pytest.mark.parametrize(("fault", "expected"), EDITS.values(), ids=EDITS)
def test_edited_rows(fault: Fault, expected: Callable[[list[bytes]], bytes]) -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[fault]) as url:
        edited, plain = (say(url, "GET", f"{BATCHES}/{id}/results") for _ in range(2))
        assert edited.body == expected(lines_of(store, id))
        assert edited.chunks[-1] == plain.chunks[-1] == b""
        assert plain.body == b"".join(lines_of(store, id))
        is_usable(url, store)


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", "/ID")], ids=["create", "show"])
def test_a_foreign_url_is_in_an_object_that_has_one(method: str, path: str) -> None:
    store = Store()
    id = ended(store)
    with serve(store, faults=[Fault("*", "foreign_url", "https://evil.example")]) as url:
        wire = say(
            url, method, BATCHES + path.replace("ID", id), CREATE if method == "POST" else None
        )
        found = json.loads(wire.body)
        assert wire.headers["content-length"] == str(len(wire.content))
        foreign = f"https://evil.example{BATCHES}/{id}/results"
        assert found["results_url"] == (foreign if method == "GET" else None)
        assert len(found) == 10
        again = json.loads(say(url, "GET", f"{BATCHES}/{id}").body)
        assert again["results_url"] == f"http://x{BATCHES}/{id}/results"


def test_every_kind_is_in_a_test_of_the_wire() -> None:
    covered = {
        "status",
        "html",
        "redirect",
        "headers",
        "cut",
        "reset",
        "stall",
        "cut_head",
        "refuse",
        "lose",
    }
    covered |= {"chunks", "slow", "gzip", "broken_gzip", "foreign_url"}
    covered |= {fault.kind for fault, _ in EDITS.values()}
    assert covered == set(KINDS)
    assert all(KINDS.values())


# --- what our own client makes of it --------------------------------------------------------------

LOST: list[Fault] = [
    *(Fault("create", "lose", end) for end in (None, "close", "reset")),
    *(Fault("create", kind, size) for kind in ("cut", "reset") for size in (0, 30)),
    *(Fault("create", "cut_head", size) for size in (1, 60)),
    Fault("create", "broken_gzip"),
    Fault("create", "drop_rows"),
]
UNDONE: list[Fault] = [
    *(Fault("create", "refuse", end) for end in (None, "close", "reset")),
    *(Fault("create", "status", status) for status in (408, 409, 500, 502, 504)),
    Fault("create", "html"),
]


def called(fault: Fault) -> str:
    return f"{fault.on}-{fault.kind}-{fault.value}".replace("-None", "")


@pytest.mark.parametrize("fault", [*LOST, *UNDONE], ids=called)
def test_a_create_of_unknown_outcome(setup: Setup, fault: Fault) -> None:
    ended(setup.store)
    setup.clock.advance(3600)
    setup.faults.add(fault)
    tag, error = batch.create(setup.client, REQUESTS)
    assert tag == "error"
    assert isinstance(error, UnknownOutcome)
    assert error.total == ROWS
    there = setup.store.newest_first()[:-1]
    assert len(there) == (fault in LOST)
    assert [one["id"] for one in unwrap(batch.candidates(setup.client, error))] == [
        one.id for one in there
    ]
    assert setup.clock.sleeps in ([], [0.0] * len(setup.clock.sleeps))  # it was sent once


def test_a_create_that_stalls() -> None:
    clock = ManualClock()
    store = Store(clock=clock)
    for kind, there in (("refuse", 0), ("lose", 1)):
        plugged = transport(store, [Fault("create", kind, "stall")])
        client = init("k", base_url="http://emulator", transport=plugged, clock=clock, timeout=7)
        before = clock.now()
        match batch.create(client, REQUESTS):
            case "error", UnknownOutcome(
                cause=TransportError(reason="timeout", sent=True)
            ) as error:
                assert len(unwrap(batch.candidates(client, error))) == there
            case other:
                raise AssertionError(other)
        assert clock.now() - before == 7


def test_a_stall_over_a_socket_ends_with_the_client_s_patience() -> None:
    store = Store()
    with serve(store, faults=[Fault("create", "lose", "stall")]) as url:
        client = patient(url, timeout=0.1)
        match batch.create(client, REQUESTS):
            case "error", UnknownOutcome(cause=TransportError(reason="timeout")):
                assert len(store.newest_first()) == 1
            case other:
                raise AssertionError(other)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_create_that_was_surely_refused_is_sent_again(setup: Setup, status: int) -> None:
    setup.faults.add(Fault("create", "status", status, headers={"retry-after": "3"}, times=2))
    created = unwrap(batch.create(setup.client, REQUESTS))
    assert [one.id for one in setup.store.newest_first()] == [created["id"]]
    assert [pause for pause in setup.clock.sleeps if pause] == [3.0, 3.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_create_that_is_the_caller_s_fault_is_not(setup: Setup, status: int) -> None:
    setup.faults.add(Fault("create", "status", status, times=None))
    match batch.create(setup.client, REQUESTS):
        case "error", APIError(
            status=found, message="emulated fault", request_id="req_01emulatedfault"
        ):
            assert found == status
        case other:
            raise AssertionError(other)
    assert setup.store.newest_first() == []


MENDED: list[Fault] = [
    *(Fault("results", kind, size) for kind in ("cut", "reset") for size in (0, 1, 100, 700)),
    *(
        Fault("results", kind)
        for kind in ("crlf", "no_newline", "blank_lines", "gzip", "broken_gzip")
    ),
    *(Fault("results", kind, 2) for kind in ("double_rows", "drop_rows")),
    *(Fault("results", "lose", end) for end in ("close", "reset")),
    *(Fault("results", "cut_head", size) for size in (1, 20, 100)),
    Fault("results", "chunks", 1),
    Fault("results", "status", 529),
    Fault("results", "html"),
    Fault("results", "headers", headers={"content-type": None, "content-disposition": None}),
]


@pytest.mark.parametrize("fault", MENDED, ids=called)
def test_each_row_comes_once(setup: Setup, fault: Fault) -> None:
    id = ended(setup.store)
    shown = unwrap(batch.show(setup.client, id))
    for named in (shown, id):
        if fault.kind == "drop_rows" and named is id:
            continue  # an id does not say how many rows there are
        setup.faults.clear()
        setup.faults.add(fault)
        rows = unwrap(batch.results(setup.client, named))
        assert sorted(row["custom_id"] for row in rows) == [
            f"id-{number}" for number in range(ROWS)
        ]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("results", "drop_rows", 1, times=None),
        Fault("results", "cut", 700, times=None),
        Fault("results", "reset", 700, times=None),
        Fault("results", "broken_gzip", 200, times=None),
    ],
    ids=called,
)
def test_rows_that_never_come_are_an_error(setup: Setup, fault: Fault) -> None:
    shown = unwrap(batch.show(setup.client, ended(setup.store)))
    setup.faults.add(fault)
    got: list[str] = []
    with pytest.raises(IncompleteResults) as raised:
        got.extend(
            row["custom_id"] for row in unwrap(batch.results(setup.client, shown, stream=True))
        )
    assert (raised.value.expected, raised.value.received) == (ROWS, len(set(got)))
    assert len(got) == len(set(got)) < ROWS


def test_a_stalled_result_without_a_socket_takes_the_patience_of_the_clock() -> None:
    clock = ManualClock()
    store = Store(clock=clock)
    id = ended(store)
    client = init(
        "k",
        base_url="http://emulator",
        transport=transport(store, [Fault("results", "stall", 100)]),
        clock=clock,
        timeout=20,
    )
    assert len(unwrap(batch.results(client, id))) == ROWS
    assert clock.sleeps.count(20.0) == 1


def test_a_slow_answer_without_a_socket_takes_time_on_the_clock() -> None:
    clock = ManualClock()
    store = Store(clock=clock)
    id = ended(store)
    slow = transport(store, [Fault("results", "slow", 2)])
    rows = unwrap(
        batch.results(init("k", base_url="http://emulator", transport=slow, clock=clock), id)
    )
    size = len(b"".join(lines_of(store, id)))
    assert len(rows) == ROWS
    assert clock.monotonic() == 2 * -(-size // 64)


@pytest.mark.parametrize("call", ["show", "results", "cancel", "delete", "list"])
def test_a_redirect_is_not_followed(call: str) -> None:
    trap = Store()
    with (
        serve(trap) as elsewhere,
        serve(faults=Faults([Fault("*", "redirect", elsewhere, times=None)])) as url,
    ):
        client = patient(url)
        found: tuple[str, object] = (
            batch.list(client) if call == "list" else getattr(batch, call)(client, "msgbatch_x")
        )
        match found:
            case "error", APIError(status=307, message=str(message)):
                assert elsewhere in message
            case other:
                raise AssertionError(other)


def test_a_foreign_url_is_harmless() -> None:
    store, trapped = Store(), Faults([Fault("*", "status", 418, times=None)])
    with serve(faults=trapped) as elsewhere:
        foreign = Fault("show", "foreign_url", elsewhere, times=None)
        with serve(store, faults=[foreign]) as url:
            client = patient(url)
            shown = unwrap(batch.show(client, ended(store)))
            assert shown["results_url"] == f"{elsewhere}{BATCHES}/{shown['id']}/results"
            assert len(unwrap(batch.results(client, shown))) == ROWS
            match batch.results(client, shown["results_url"] or ""):
                case "error", InvalidRequest():
                    pass
                case other:
                    raise AssertionError(other)


PASSING: list[Fault] = [
    Fault("show", "status", 404, times=2),
    Fault("show", "status", 500, times=8),
    Fault("show", "status", 429, headers={"retry-after": "30"}, times=4),
    Fault("show", "html", times=5),
    Fault("show", "lose", times=3),
    Fault("show", "lose", "close", times=3),
    Fault("show", "cut_head", times=3),
    Fault("show", "cut", 10, times=3),
    Fault("show", "reset", 10, times=3),
    Fault("show", "broken_gzip", times=3),
]


@pytest.mark.parametrize("fault", PASSING, ids=called)
def test_wait_lives_through_passing_trouble(setup: Setup, fault: Fault) -> None:
    setup.faults.add(fault)
    created = unwrap(batch.create(setup.client, REQUESTS))
    updates: list[str] = []
    done = unwrap(
        batch.wait(
            setup.client, created, on_update=lambda seen: updates.append(seen["processing_status"])
        )
    )
    assert (done["id"], done["processing_status"], updates) == (created["id"], "ended", ["ended"])
    assert len([pause for pause in setup.clock.sleeps if pause]) == fault.times


@pytest.mark.parametrize(
    ("fault", "status"),
    [(Fault("show", "status", 404, times=None), 404), (Fault("show", "status", 401), 401)],
    ids=["missing", "refused"],
)
def test_wait_does_not_live_through_the_rest(setup: Setup, fault: Fault, status: int) -> None:
    setup.faults.add(fault)
    match batch.wait(setup.client, unwrap(batch.create(setup.client, REQUESTS))):
        case "error", APIError(status=found):
            assert found == status
        case other:
            raise AssertionError(other)


# --- which occurrences ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("skip", "times", "hit"),
    [
        (0, 1, "x....."),
        (0, 3, "xxx..."),
        (2, 1, "..x..."),
        (2, 2, "..xx.."),
        (0, None, "xxxxxx"),
        (4, None, "....xx"),
        (0, 0, "......"),
        (9, 1, "......"),
    ],
)
def test_skip_and_times(skip: int, times: int | None, hit: str) -> None:
    faults = Faults([Fault("list", "status", 500, skip, times)])
    with serve(faults=faults) as url:
        found = ""
        for _ in hit:
            assert say(url, "GET", f"{BATCHES}/nope").status == 404  # another call does not count
            found += "x" if say(url, "GET", BATCHES).status == 500 else "."
    assert found == hit


ROUTES: dict[str, tuple[str, str, bytes | None]] = {
    "create": ("POST", BATCHES, CREATE),
    "list": ("GET", BATCHES, None),
    "show": ("GET", f"{BATCHES}/ID", None),
    "cancel": ("POST", f"{BATCHES}/ID/cancel", None),
    "delete": ("DELETE", f"{BATCHES}/ID", None),
    "results": ("GET", f"{BATCHES}/ID/results", None),
    "count_tokens": ("POST", "/v1/messages/count_tokens", b'{"model": "m", "messages": []}'),
}


@pytest.mark.parametrize("on", CALLS)
def test_a_fault_is_on_its_call_alone(on: str) -> None:
    assert {*ROUTES, "*"} == set(CALLS)
    store = Store(takes=3600)
    id = ended(store)
    with serve(store, faults=[Fault(on, "status", 418, times=None)]) as url:
        statuses = {
            call: say(url, method, path.replace("ID", id), body).status
            for call, (method, path, body) in ROUTES.items()
        }
    assert [call for call, status in statuses.items() if status == 418] == [
        call for call in ROUTES if on in (call, "*")
    ]


def test_a_star_counts_every_call_even_one_that_there_is_not() -> None:
    store = Store(takes=60)
    with serve(store, faults=[Fault("*", "status", 418, skip=2, times=2)]) as url:
        paths = [BATCHES, "/nowhere", BATCHES, "/nowhere", BATCHES]
        assert [say(url, "GET", path).status for path in paths] == [200, 404, 418, 418, 200]


def test_several_at_once_act_together() -> None:
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
        rows = lines_of(store, id)
        assert gzip.decompress(wire.body) == b"".join(rows[:2] + rows).replace(b"\n", b"\r\n")
        assert {len(piece) for piece in wire.chunks[:-2]} == {9}
        assert wire.headers["x-seen"] == "yes"
        assert "x-seen" not in say(url, "GET", f"{BATCHES}/{id}/results").headers


def test_the_same_occurrence_can_be_hit_twice_and_the_later_one_wins() -> None:
    faults = [
        Fault("list", "status", 500),
        Fault("list", "status", 418),
        Fault("list", "status", 529, skip=1),
    ]
    with serve(faults=faults) as url:
        assert [say(url, "GET", BATCHES).status for _ in range(3)] == [418, 529, 200]


def test_a_status_may_break_off_too() -> None:
    with serve(faults=[Fault("list", "status", 500), Fault("list", "cut", 5)]) as url:
        wire = say(url, "GET", BATCHES)
        assert (wire.status, wire.content, wire.end) == (500, b'{"typ', "close")


def test_faults_change_while_serving() -> None:
    faults = Faults()
    with serve(faults=faults) as url, _connected(url) as connection:
        assert _status(connection) == 200
        faults.add(Fault("list", "status", 500, times=None))
        assert [_status(connection) for _ in range(2)] == [500, 500]
        faults.add(Fault("list", "status", 418, skip=1))  # it counts from now on
        assert [_status(connection) for _ in range(3)] == [500, 418, 500]
        faults.clear()
        assert [_status(connection) for _ in range(2)] == [200, 200]
        faults.add(Fault("list", "lose"), Fault("list", "status", 529, skip=1))
        with pytest.raises(ConnectionResetError):
            _status(connection)
        assert [_status(connection) for _ in range(2)] == [529, 200]


def test_two_emulators_may_share_faults_and_count_them_together() -> None:
    faults = Faults([Fault("list", "status", 500, skip=1)])
    with serve(faults=faults) as one, serve(faults=faults) as other:
        assert [say(url, "GET", BATCHES).status for url in (one, other, one)] == [200, 500, 200]


def test_threads_share_the_count() -> None:
    faults = Faults([Fault("list", "status", 500, times=20)])
    client = init("k", base_url="http://x", transport=transport(Store(), faults), retry=ONCE)
    tags: list[str] = []
    threads = [
        threading.Thread(target=lambda: tags.extend(batch.list(client)[0] for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (tags.count("error"), tags.count("ok")) == (20, 60)


def _connected(url: str) -> _Closing:
    return _Closing(HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE))


class _Closing:
    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection

    def __enter__(self) -> HTTPConnection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _status(connection: HTTPConnection) -> int:
    connection.request("GET", BATCHES, headers=HEAD)
    response = connection.getresponse()
    response.read()
    return response.status


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("list", "stall", times=None),
        Fault("list", "lose", "stall", times=None),
        Fault("list", "refuse", "stall", times=None),
    ],
    ids=called,
)
def test_the_server_stops_at_once_although_clients_are_stalled(fault: Fault) -> None:
    lines = [
        f"GET {BATCHES} HTTP/1.1",
        "Host: x",
        *(f"{name}: {value}" for name, value in HEAD.items()),
        "",
        "",
    ]
    connections = []
    with serve(faults=[fault]) as url:
        for _ in range(5):
            connection = dial(url)
            connection.sendall("\r\n".join(lines).encode())
            connections.append(connection)
        if fault.kind == "stall":
            assert all(
                connection.recv(100).startswith(b"HTTP/1.1 200") for connection in connections
            )
        started = time.monotonic()
    assert time.monotonic() - started < 2
    for connection in connections:
        connection.close()


def test_a_stalled_client_that_leaves_frees_its_thread() -> None:
    with serve(faults=[Fault("list", "lose", "stall", times=40)]) as url:
        for _ in range(40):  # more than there are threads
            assert say(url, "GET", BATCHES, patience=0.01) == Wire(b"", "open")
        assert say(url, "GET", BATCHES).status == 200


# --- the form of the command line -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("create:lose", Fault("create", "lose")),
        ("create:lose=close", Fault("create", "lose", "close")),
        ("*:status=529", Fault("*", "status", 529)),
        ("show:status=404,skip=1,times=3", Fault("show", "status", 404, 1, 3)),
        ("show:status=404,times=3,skip=1", Fault("show", "status", 404, 1, 3)),
        ("results:cut=0", Fault("results", "cut", 0)),
        ("results:slow=0.25,times=all", Fault("results", "slow", 0.25, 0, None)),
        ("list:redirect=http://h:1/p?a=b", Fault("list", "redirect", "http://h:1/p?a=b")),
        (
            "show:foreign_url=https://evil.example",
            Fault("show", "foreign_url", "https://evil.example"),
        ),
        ("show:gzip=", Fault("show", "gzip")),
        ("show:gzip,times=0", Fault("show", "gzip", None, 0, 0)),
        ("show:gzip,times=1,times=2", Fault("show", "gzip", None, 0, 2)),
    ],
)
def test_parse(text: str, expected: Fault) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "CALL:KIND"),
        ("create", "CALL:KIND"),
        ("create=lose", "CALL:KIND"),
        (":", "not on ''"),
        (":lose", "not on ''"),
        ("create:", "not ''"),
        ("make:lose", "not on 'make'"),
        ("Create:lose", "not on 'Create'"),
        (" create:lose", "not on ' create'"),
        ("create:loose", "not 'loose'"),
        ("create:lose:close", "not 'lose:close'"),
        ("create:lose,", "found ''"),
        ("create:lose,skip", "found 'skip'"),
        ("create:lose,skip=", "found 'skip='"),
        ("create:lose,skip=-1", "found 'skip=-1'"),
        ("create:lose,skip=1.5", "found 'skip=1.5'"),
        ("create:lose,skip=all", "found 'skip=all'"),
        ("create:lose,times=ALL", "found 'times=ALL'"),
        ("create:lose,times= 1", "found 'times= 1'"),
        ("create:lose, times=1", "found ' times=1'"),
        ("create:lose,on=show", "found 'on=show'"),
        ("create:lose,times=\u00b2", "found 'times=\u00b2'"),
    ],
)
def test_parse_says_what_is_wrong(text: str, names: str) -> None:
    with pytest.raises(ValueError, match=r"expected|is one of|is on one of") as raised:
        parse(text)
    assert names in str(raised.value)
    assert "\n" not in str(raised.value)


@given(
    st.text()
    | st.lists(st.sampled_from(["create", ":", "lose", "=", ",", "times", "skip", "1", "all"])).map(
        "".join
    )
)
def test_parse_gives_a_fault_or_a_value_error(text: str) -> None:
    try:
        fault = parse(text)
    except ValueError:
        return
    assert fault.on in CALLS
    assert fault.kind in KINDS
    assert fault.skip >= 0


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("create", "burn"), "the kind of a fault is one of .*, not 'burn'"),
        (Fault("create", ""), "the kind of a fault is one of .*, not ''"),
        (Fault("make", "lose"), "a fault is on one of .*, not on 'make'"),
        (Fault("", "lose"), "a fault is on one of .*, not on ''"),
    ],
    ids=["kind", "no-kind", "call", "no-call"],
)
def test_a_fault_that_there_is_not_is_refused_at_once(fault: Fault, message: str) -> None:
    faults = Faults()
    attempts: Mapping[str, Callable[[], object]] = {
        "Faults": lambda: Faults([fault]),
        "add": lambda: faults.add(Fault("list", "status"), fault),
        "serve": lambda: serve(faults=[fault]),
        "transport": lambda: transport(Store(), [fault]),
    }
    for attempt in attempts.values():
        with pytest.raises(ValueError, match=message):
            attempt()
    client = init("k", base_url="http://x", transport=transport(Store(), faults), retry=ONCE)
    assert unwrap(batch.list(client))["data"] == []  # none was added, not even the good one


def test_an_error_of_a_broken_transport_says_that_the_request_had_gone_out() -> None:
    for kind in ("refuse", "lose", "cut_head"):
        client = init(
            "k",
            base_url="http://x",
            transport=transport(Store(), [Fault("list", kind)]),
            retry=ONCE,
        )
        tag, error = batch.list(client)
        assert tag == "error"
        assert isinstance(error, AnthropixError)
        assert isinstance(error, TransportError)
        assert (error.reason, error.sent) == ("closed", True)


WRONG_VALUES = [
    ("status", "abc"),
    ("status", 99999),
    ("cut", "abc"),
    ("cut", -5),
    ("chunks", 0),
    ("slow", -1),
    ("slow", float("nan")),
    ("slow", float("inf")),
    ("drop_rows", -1),
    ("refuse", "banana"),
    ("redirect", None),
    ("foreign_url", None),
    ("gzip", 3),
]


@pytest.mark.parametrize(
    ("kind", "value"), WRONG_VALUES, ids=[f"{kind}={value}" for kind, value in WRONG_VALUES]
)
def test_a_value_that_makes_no_sense_is_refused_at_once(kind: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"the value of {kind} is .*, not"):
        Faults([Fault("*", kind, value)])


def test_a_foreign_url_stands_in_every_batch_and_nowhere_else() -> None:
    store = Store(clock=ManualClock())
    given = init(
        "any-key",
        transport=transport(store, [Fault("*", "foreign_url", "https://x.example", times=None)]),
    )
    params = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    ended = unwrap(
        batch.wait(given, unwrap(batch.create(given, [{"custom_id": "a", "params": params}])))
    )
    path = f"/v1/messages/batches/{ended['id']}/results"
    assert ended["results_url"] == "https://x.example" + path
    assert unwrap(batch.list(given))["data"][0]["results_url"] == "https://x.example" + path
    assert len(unwrap(batch.results(given, ended))) == 1


def test_a_socketless_answer_takes_no_time() -> None:
    clock = ManualClock()
    given = init("any-key", transport=transport(Store(clock=clock)), clock=clock)
    unwrap(batch.list(given))
    assert clock.sleeps == []


def test_a_value_of_0_is_0() -> None:
    store = Store()
    given = init("any-key", transport=transport(store, [Fault("results", "drop_rows", 0)]))
    params = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    ended = unwrap(
        batch.wait(given, unwrap(batch.create(given, [{"custom_id": "a", "params": params}])))
    )
    assert len(unwrap(batch.results(given, ended))) == 1


def test_one_fault_alone_may_be_given() -> None:
    given = init("any-key", transport=transport(Store(), Fault("list", "status", 418)))
    assert "418" in str(batch.list(given)[1])


@pytest.mark.parametrize(
    "headers", [{"retry-after": 5}, {"x": "a\r\nb: c"}, {"x": "\u2713"}, {"a b": "c"}], ids=str
)
def test_headers_that_no_wire_carries_are_refused(headers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no header can be"):
        Faults([Fault("*", "headers", headers=headers)])


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    before = time.monotonic()
    with serve(faults=[Fault("list", "slow", 30)]) as url:
        batch.list(init("any-key", base_url=url, timeout=0.2, retry=Policy(max_retries=0)))
    assert time.monotonic() - before < 10
