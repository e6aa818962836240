from __future__ import annotations

import gc
import json
import os
import socket
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from http.client import BadStatusLine, HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from samples import Bytes

from anthropix_py._wire import Request
from anthropix_py.emulator import ManualClock, Store, handle, serve
from anthropix_py.limits import Limits

BATCHES = "/v1/messages/batches"
COUNT = "/v1/messages/count_tokens"
HEAD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
PARAMS = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
CREATE = json.dumps({"requests": [{"custom_id": "a", "params": PARAMS}]}).encode()
PATIENCE = 30.0  # seconds until a test that hangs fails instead


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def dial(url: str) -> socket.socket:
    return socket.create_connection(address(url), timeout=PATIENCE)


def connect(url: str) -> HTTPConnection:
    connection = HTTPConnection(*address(url), timeout=PATIENCE)
    connection.connect()
    connection.auto_open = 0  # a connection that the server gave up is an error
    return connection


def ask(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = HEAD,
) -> Answer:
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    return Answer(
        response.status,
        {name.lower(): value for name, value in response.getheaders()},
        response.read(),
    )


def ask_once(url: str, method: str, path: str, body: bytes | None = None) -> Answer:
    with closing(connect(url)) as connection:
        return ask(connection, method, path, body)


def raw(url: str, sent: bytes) -> bytes:
    """Send bytes, say that no more will come, and give all that comes back."""
    with dial(url) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.recv(65536):
            received += piece
        return received


def head(method: str, path: str, *lines: str, version: str = "1.1") -> bytes:
    known = [f"{name}: {value}" for name, value in HEAD.items()]
    return "\r\n".join(
        [f"{method} {path} HTTP/{version}", "Host: x", *known, *lines, "", ""]
    ).encode()


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def sockets() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # the one that listed them
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail a test after which a thread or a socket is left."""
    threads, before = set(threading.enumerate()), sockets() if sys.platform == "linux" else set()
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(1)
    assert set(threading.enumerate()) == threads
    if sys.platform == "linux":
        assert sockets() - before == set()


# --- the same answers -----------------------------------------------------------------------------

EXCHANGES: list[tuple[str, str, str, bytes | None, Mapping[str, str]]] = [
    ("create", "POST", BATCHES, CREATE, HEAD),
    ("create-pretty", "POST", BATCHES, json.dumps(json.loads(CREATE), indent=8).encode(), HEAD),
    ("create-empty", "POST", BATCHES, b'{"requests": []}', HEAD),
    ("create-not-json", "POST", BATCHES, b"\xff\x00", HEAD),
    ("create-blank", "POST", BATCHES, b"", HEAD),
    ("create-big", "POST", BATCHES, b" " * 1_000_000 + CREATE, HEAD),
    ("create-too-big", "POST", BATCHES, b" " * 2_000_001, HEAD),
    ("list", "GET", BATCHES, None, HEAD),
    ("list-limit", "GET", f"{BATCHES}?limit=1&x=%20", None, HEAD),
    ("list-refused", "GET", f"{BATCHES}?limit=0", None, HEAD),
    ("show", "GET", f"{BATCHES}/ID", None, HEAD),
    ("show-encoded", "GET", f"{BATCHES}/a%2Fb%20c", None, HEAD),
    ("show-unknown", "GET", f"{BATCHES}/nope", None, HEAD),
    ("results", "GET", f"{BATCHES}/ID/results", None, HEAD),
    ("cancel", "POST", f"{BATCHES}/ID/cancel", None, HEAD),
    ("cancel-object", "POST", f"{BATCHES}/ID/cancel", b"{}", HEAD),
    ("delete", "DELETE", f"{BATCHES}/ID", None, HEAD),
    ("count", "POST", COUNT, b'{"model": "m", "messages": []}', HEAD),
    ("count-refused", "POST", COUNT, CREATE, HEAD),
    ("no-key", "GET", BATCHES, None, {}),
    ("no-key-body", "POST", BATCHES, CREATE, {}),
    ("no-version", "GET", BATCHES, None, {"X-Api-Key": "k"}),
    (
        "bearer",
        "GET",
        BATCHES,
        None,
        {"Authorization": "Bearer t", "Anthropic-Version": "2023-06-01"},
    ),
    ("nowhere", "GET", "/nowhere", None, HEAD),
    ("root", "GET", "/", None, HEAD),
    ("method", "PATCH", BATCHES, b"x" * 100_000, HEAD),
]


@pytest.mark.parametrize("takes", [0.0, 60.0], ids=["ended", "running"])
@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [row[1:] for row in EXCHANGES],
    ids=[row[0] for row in EXCHANGES],
)
def test_the_server_answers_as_handle_does(
    method: str, path: str, body: bytes | None, headers: Mapping[str, str], takes: float
) -> None:
    stores = [
        Store(takes=takes, clock=ManualClock(), limits=Limits(bytes=2_000_000), seed=0)
        for _ in range(2)
    ]
    ids = [
        store.add(json.dumps(one) for one in json.loads(CREATE)["requests"]).id for store in stores
    ]
    assert ids[0] == ids[1]
    path = path.replace("ID", ids[0])
    with serve(stores[0]) as url, closing(connect(url)) as connection:
        got = ask(connection, method, path, body, headers)
        response = handle(
            stores[1], Request(method, url + path, headers, None if body is None else Bytes(body))
        )
    assert (got.status, got.body) == (response.status, b"".join(response.chunks))
    assert {name: got.headers.get(name) for name in response.headers} == response.headers
    assert set(got.headers) - set(response.headers) <= {"server", "transfer-encoding", "connection"}


def test_the_base_url_is_that_of_the_results() -> None:
    with serve() as url:
        parts = urlsplit(url)
        assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "")
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        shown = ask_once(url, "GET", f"{BATCHES}/{id}").json
        assert shown["results_url"] == f"{url}{BATCHES}/{id}/results"
        assert ask_once(url, "GET", urlsplit(shown["results_url"]).path).status == 200


def test_without_a_host_the_server_names_itself() -> None:
    with serve() as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in HEAD.items())
        answer = raw(url, f"GET {BATCHES}/{id} HTTP/1.0\r\n{lines}\r\n".encode())
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["results_url"].startswith(f"{url}/")


# --- one connection -------------------------------------------------------------------------------


def test_one_connection_serves_many_calls() -> None:
    calls: list[tuple[str, str, bytes | None, Mapping[str, str], int]] = [
        ("POST", BATCHES, CREATE, HEAD, 200),
        ("POST", BATCHES, CREATE, {}, 401),
        ("GET", f"{BATCHES}/ID", None, HEAD, 200),
        ("GET", f"{BATCHES}/ID/results", None, HEAD, 200),
        ("PATCH", BATCHES, b"x" * 100_000, HEAD, 405),
        ("POST", "/nowhere", CREATE, HEAD, 404),
        ("POST", BATCHES, b"{", HEAD, 400),
        ("POST", f"{BATCHES}/ID/cancel", b"{}", HEAD, 400),
        ("GET", f"{BATCHES}/nope/results", None, HEAD, 404),
        ("DELETE", f"{BATCHES}/ID", None, HEAD, 200),
        ("GET", f"{BATCHES}/ID", None, HEAD, 404),
    ]
    store = Store(clock=ManualClock())
    with serve(store) as url, closing(connect(url)) as connection:
        port = connection.sock.getsockname()
        for _ in range(5):
            id = ask(connection, "POST", BATCHES, CREATE).json["id"]
            for method, path, body, headers, status in calls:
                assert (
                    ask(connection, method, path.replace("ID", id), body, headers).status == status
                ), (method, path)
                assert connection.sock.getsockname() == port


def test_pipelined_requests_are_answered_in_order() -> None:
    paths = ["/nowhere", BATCHES, f"{BATCHES}/nope", BATCHES]
    with serve() as url:
        sent = b"".join(head("GET", path) for path in paths[:-1]) + head(
            "GET", paths[-1], "Connection: close"
        )
        lines = raw(url, sent).split(b"HTTP/1.1 ")[1:]
        assert [int(line[:3]) for line in lines] == [404, 200, 404, 200]


@pytest.mark.parametrize(
    ("version", "lines"), [("1.1", ["Connection: close"]), ("1.0", [])], ids=["close", "http-1.0"]
)
def test_a_client_may_ask_for_the_connection_to_close(version: str, lines: list[str]) -> None:
    with serve() as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        for path in (BATCHES, f"{BATCHES}/{id}/results"):
            with dial(url) as client:
                client.sendall(head("GET", path, *lines, version=version))
                received = b""
                while piece := client.recv(65536):
                    received += piece
            assert received.startswith(b"HTTP/1.1 200")
            assert b'"type":"succeeded"' in received or b'"message_batch"' in received


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 50_000, 300_000], ids=["small", "chunk", "large"])
def test_results_are_chunked(size: int) -> None:
    with serve(reply=lambda _: "x" * size) as url:
        requests = [{"custom_id": str(number), "params": PARAMS} for number in range(5)]
        id = ask_once(url, "POST", BATCHES, json.dumps({"requests": requests}).encode()).json["id"]
        received = raw(url, head("GET", f"{BATCHES}/{id}/results", "Connection: close"))
        lines, _, rest = received.partition(b"\r\n\r\n")
        assert b"\r\nTransfer-Encoding: chunked" in lines
        assert b"content-length" not in lines.lower()
        body, sizes = b"", []
        while rest:
            count, _, rest = rest.partition(b"\r\n")
            sizes.append(int(count, 16))
            body += rest[: sizes[-1]]
            assert rest[sizes[-1] :].startswith(b"\r\n")
            rest = rest[sizes[-1] + 2 :]
        assert sizes.count(0) == 1
        assert sizes[-1] == 0
        assert sorted(json.loads(line)["custom_id"] for line in body.splitlines()) == list("01234")
        assert all(b"x" * size in line for line in body.splitlines())


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([CREATE], 200),
        ([CREATE[:1], CREATE[1:]], 200),
        ([bytes((byte,)) for byte in CREATE], 200),
        ([b" " * 200_000, CREATE, b"\n" * 200_000], 200),
        ([], 400),
        ([b"{"], 400),
        ([CREATE, CREATE], 400),
        ([CREATE[:-1]], 400),
    ],
    ids=["whole", "two", "bytes", "long", "nothing", "cut", "twice", "almost"],
)
def test_chunked_bodies(pieces: list[bytes], status: int) -> None:
    with serve() as url:
        sent = head("POST", BATCHES, "Transfer-Encoding: chunked", "Connection: close") + chunked(
            *pieces
        )
        assert raw(url, sent).startswith(b"HTTP/1.1 %d " % status)
        assert len(ask_once(url, "GET", BATCHES).json["data"]) == (status == 200)


def test_a_connection_goes_on_after_a_chunked_body() -> None:
    with serve() as url, closing(connect(url)) as connection:
        for count in range(1, 4):
            connection.request(
                "POST", BATCHES, iter([CREATE[:9], CREATE[9:]]), dict(HEAD), encode_chunked=True
            )
            response = connection.getresponse()
            assert (response.status, json.loads(response.read())["type"]) == (200, "message_batch")
            assert len(ask(connection, "GET", BATCHES).json["data"]) == count


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        ((f"Content-Length: {len(CREATE)}",), 200),
        ((f"Content-Length: {len(CREATE)}", "Expect: 100-continue"), 200),
        ((f"content-length:{len(CREATE)}",), 200),
        ((f"Content-Length: {len(CREATE) - 1}",), 400),
        (("Content-Length: 0",), 400),
        (("Content-Length: x",), 400),
        ((), 400),
        (("Transfer-Encoding: gzip, chunked",), 501),
    ],
    ids=["exact", "expect", "lower", "short", "zero", "text", "none", "gzip"],
)
def test_the_length_of_a_body(framing: tuple[str, ...], status: int) -> None:
    with serve() as url:
        received = raw(url, head("POST", BATCHES, "Connection: close", *framing) + CREATE)
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert len(ask_once(url, "GET", BATCHES).json["data"]) == (status == 200)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n",
        b"GET",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / SPDY/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"GET nowhere HTTP/1.1\r\n\r\n",
        b"GET http://x/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff" * 5000,
        head("POST", BATCHES, "Content-Length: 1000000"),
        head("POST", BATCHES, "Content-Length: 10") + b"{",
    ],
    ids=[
        "nothing",
        "newline",
        "cut",
        "nonsense",
        "version",
        "protocol",
        "lower",
        "no-slash",
        "absolute",
        "no-colon",
        "lf",
        "no-end",
        "tls",
        "binary",
        "no-body",
        "half-body",
    ],
)
def test_nonsense_harms_only_its_own_connection(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with serve() as url, closing(connect(url)) as connection:
        assert ask(connection, "GET", BATCHES).status == 200
        received = raw(url, sent)
        assert received == b"" or received[9:10] in (b"4", b"5")
        assert b" 500 " not in received
        assert ask(connection, "GET", BATCHES).json["data"] == []
    assert capfd.readouterr().err == ""


# --- start and stop -------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_left")
def test_a_server_leaves_nothing_behind() -> None:
    with serve() as url:
        assert ask_once(url, "GET", BATCHES).status == 200


@pytest.mark.usefixtures("nothing_left")
def test_a_server_that_nobody_asked_leaves_nothing_behind() -> None:
    for _ in range(30):
        with serve():
            pass


@pytest.mark.usefixtures("nothing_left")
def test_a_server_that_was_never_entered_leaves_nothing_behind() -> None:
    for _ in range(3):
        serve()


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
def test_an_error_inside_stops_the_server(error: type[BaseException]) -> None:
    def use() -> None:
        with serve() as url:
            assert ask_once(url, "GET", BATCHES).status == 200
            raise error

    with pytest.raises(error):
        use()


@pytest.mark.usefixtures("nothing_left")
def test_a_server_stops_while_connections_idle() -> None:
    connections = []
    with serve() as url:
        for _ in range(8):
            connections.append(connect(url))
            assert ask(connections[-1], "GET", BATCHES).status == 200
    for connection in connections:
        with pytest.raises((ConnectionError, BadStatusLine)), closing(connection):
            ask(connection, "GET", BATCHES)


@pytest.mark.usefixtures("nothing_left")
def test_a_client_that_leaves_in_the_middle_of_results() -> None:
    with serve(reply=lambda _: "x" * 1_000_000) as url:
        requests = [{"custom_id": str(number), "params": PARAMS} for number in range(20)]
        id = ask_once(url, "POST", BATCHES, json.dumps({"requests": requests}).encode()).json["id"]
        for _ in range(3):
            with dial(url) as client:
                client.sendall(head("GET", f"{BATCHES}/{id}/results"))
                assert client.recv(10) == b"HTTP/1.1 2"
        assert ask_once(url, "GET", f"{BATCHES}/{id}").status == 200


def test_a_stopped_server_is_gone() -> None:
    with serve() as url:
        pass
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def test_a_port_is_free_again_at_once() -> None:
    with serve() as url:
        port = address(url)[1]
        assert ask_once(url, "GET", BATCHES).status == 200
    for _ in range(5):
        with serve(port=port) as again:
            assert again == url
            assert ask_once(again, "GET", BATCHES).status == 200


def test_a_store_outlives_its_server() -> None:
    store = Store(clock=ManualClock())
    with serve(store) as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
    with serve(store) as url:
        assert ask_once(url, "GET", f"{BATCHES}/{id}").json["id"] == id


@contextmanager
def held_by_a_server() -> Iterator[int]:
    with serve() as url:
        yield address(url)[1]


@contextmanager
def held_by_a_socket() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("held", [held_by_a_server, held_by_a_socket], ids=["server", "socket"])
def test_a_port_that_is_taken(held: Callable[[], AbstractContextManager[int]]) -> None:
    with held() as port, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # cheroot leaves the unbound socket to the collector
        threads = threading.active_count()
        with pytest.raises(OSError, match=f"{port}.*in use"), serve(port=port):
            pytest.fail("two servers on one port")
        assert threading.active_count() == threads


@pytest.mark.parametrize(
    "options",
    [{"takes": 1.0}, {"looks": 0}, {"seed": 1, "reply": None}],
    ids=["takes", "looks", "two"],
)
def test_options_are_for_a_new_store(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"one was given: {', '.join(options)}$"):
        serve(Store(), **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [({"takes": -1}, ValueError), ({"looks": -1}, ValueError), ({"tokes": 1}, TypeError)],
    ids=["takes", "looks", "unknown"],
)
def test_options_are_checked_at_once(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        serve(**options)


def test_options_reach_the_store() -> None:
    with serve(looks=2, reply=lambda request: request["custom_id"] * 2, clock=ManualClock()) as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        statuses = [
            ask_once(url, "GET", f"{BATCHES}/{id}").json["processing_status"] for _ in range(3)
        ]
        assert statuses == ["in_progress", "in_progress", "ended"]
        assert b'"text":"aa"' in ask_once(url, "GET", f"{BATCHES}/{id}/results").body


def test_the_clock_decides_over_http_too() -> None:
    clock = ManualClock()
    with serve(takes=3600.0, clock=clock) as url, closing(connect(url)) as connection:
        path = f"{BATCHES}/{ask(connection, 'POST', BATCHES, CREATE).json['id']}"
        running = ask(connection, "GET", path)
        clock.advance(3600)
        ended = ask(connection, "GET", path)
    assert (running.json["processing_status"], running.headers.get("retry-after")) == (
        "in_progress",
        "10",
    )
    assert (ended.json["processing_status"], ended.headers.get("retry-after")) == ("ended", None)


# --- many -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_left")
def test_servers_side_by_side_share_nothing() -> None:
    with serve() as one, serve() as other:
        assert one != other
        ask_once(one, "POST", BATCHES, CREATE)
        assert len(ask_once(one, "GET", BATCHES).json["data"]) == 1
        assert ask_once(other, "GET", BATCHES).json["data"] == []


@pytest.mark.usefixtures("nothing_left")
def test_many_servers_in_sequence() -> None:
    for _ in range(20):
        with serve() as url, closing(connect(url)) as connection:
            assert ask(connection, "POST", BATCHES, CREATE).status == 200
            assert len(ask(connection, "GET", BATCHES).json["data"]) == 1


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("reuse", [True, False], ids=["one-connection", "one-a-call"])
def test_concurrent_clients(reuse: bool) -> None:
    clients, rounds = 5, 8
    done: list[str] = []
    start = threading.Barrier(clients)

    def work(url: str, name: int) -> None:
        def call(method: str, path: str, body: bytes | None = None) -> Answer:
            return (
                ask_once(url, method, path, body) if kept is None else ask(kept, method, path, body)
            )

        body = json.dumps({"requests": [{"custom_id": f"c{name}", "params": PARAMS}]}).encode()
        start.wait(PATIENCE)
        kept = connect(url) if reuse else None
        for _ in range(rounds):
            id = call("POST", BATCHES, body).json["id"]
            shown = call("GET", f"{BATCHES}/{id}").json
            assert (shown["id"], shown["request_counts"]["succeeded"]) == (id, 1)
            rows = call("GET", f"{BATCHES}/{id}/results").body.splitlines()
            assert [json.loads(row)["custom_id"] for row in rows] == [f"c{name}"]
            done.append(id)
        if kept is not None:
            kept.close()

    with serve() as url:
        threads = [threading.Thread(target=work, args=(url, name)) for name in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        listed = ask_once(url, "GET", f"{BATCHES}?limit=1000").json["data"]
    assert len(set(done)) == clients * rounds
    assert {batch["id"] for batch in listed} == set(done)


# --- what a connection must survive ---------------------------------------------------------------


def test_many_clients_at_once_are_all_accepted() -> None:
    with serve() as url, ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: ask_once(url, "GET", BATCHES).status, range(120)))
    assert answers == [200] * 120


NO_KEY = b"POST /v1/messages/batches HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
HEAD_REQUEST = b"HEAD /v1/messages/batches HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n\r\n"
NEXT = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "status"), [(NO_KEY, b"401"), (HEAD_REQUEST, b"405")], ids=["a body unread", "HEAD"]
)
def test_the_connection_stands_at_the_next_request(first: bytes, status: bytes) -> None:
    with serve() as url:
        received = raw(url, first + NEXT)
    assert received.startswith(b"HTTP/1.1 " + status)
    assert received.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 404" in received


def test_a_host_that_is_none_is_not_repeated() -> None:
    with serve() as url:
        answer = raw(url, NEXT.replace(b"Host: x", b"Host: [::1"))
    assert answer.startswith(b"HTTP/1.1 404")


def test_connections_that_say_nothing_do_not_hold_up_the_end() -> None:
    before = time.monotonic()
    with serve() as url:
        idle = [connect(url) for _ in range(20)]
        assert ask_once(url, "GET", BATCHES).status == 200
    assert time.monotonic() - before < 4
    for connection in idle:
        connection.close()


def test_ipv6() -> None:
    try:
        with serve(host="::1") as url:
            assert url.startswith("http://[::1]:")
            assert ask_once(url, "GET", BATCHES).status == 200
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_a_port_that_cannot_be(port: int) -> None:
    with (
        pytest.raises(ValueError, match=f"port must be from 0 to 65535, not {port}"),
        serve(port=port),
    ):
        pass


def test_a_server_that_has_ended_keeps_nothing_alive() -> None:
    store = Store()
    with serve(store) as url:
        assert ask_once(url, "GET", BATCHES).status == 200
    gone = weakref.ref(store)
    del store
    gc.collect()
    assert gone() is None
