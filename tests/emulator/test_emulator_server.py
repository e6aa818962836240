"""The emulator over HTTP: the same responses, connections that survive, a clean start and stop."""

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
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.client import BadStatusLine, HTTPConnection
from typing import Any

import pytest
from emulator_samples import (
    COUNT_TOKENS,
    HEAD,
    Received,
    ask,
    cases,
    create_body,
    requests,
    texts,
)
from emulator_wire import (
    PATIENCE,
    address,
    ask_on,
    ask_once,
    connected,
    dial,
    head,
    raw,
    say,
)

from anthropix_py._wire import BATCHES
from anthropix_py.emulator import Fault, ManualClock, Store, serve
from anthropix_py.limits import Limits

CREATE = create_body()
BODY = f"Content-Length: {len(CREATE)}"


def sockets() -> set[str]:
    """Return the open sockets of this process."""
    if sys.platform != "linux":
        return set()
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            # the descriptor that listed them
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    threads, before = set(threading.enumerate()), sockets()
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(1)
    assert set(threading.enumerate()) == threads
    assert sockets() - before == set()


# the same responses

EXCHANGES: dict[str, tuple[str, str, bytes | None, Mapping[str, str]]] = {
    "create": ("POST", BATCHES, CREATE, HEAD),
    "create, indented": ("POST", BATCHES, json.dumps(json.loads(CREATE), indent=8).encode(), HEAD),
    "create, empty list": ("POST", BATCHES, b'{"requests": []}', HEAD),
    "create, not JSON": ("POST", BATCHES, b"\xff\x00", HEAD),
    "create, blank": ("POST", BATCHES, b"", HEAD),
    "create, large": ("POST", BATCHES, b" " * 1_000_000 + CREATE, HEAD),
    "create, too large": ("POST", BATCHES, b" " * 2_000_001, HEAD),
    "list": ("GET", BATCHES, None, HEAD),
    "list, query": ("GET", f"{BATCHES}?limit=1&x=%20", None, HEAD),
    "list, refused": ("GET", f"{BATCHES}?limit=0", None, HEAD),
    "show": ("GET", f"{BATCHES}/ID", None, HEAD),
    "show, percent-encoded": ("GET", f"{BATCHES}/a%2Fb%20c", None, HEAD),
    "show, unknown": ("GET", f"{BATCHES}/nope", None, HEAD),
    "results": ("GET", f"{BATCHES}/ID/results", None, HEAD),
    "cancel": ("POST", f"{BATCHES}/ID/cancel", None, HEAD),
    "cancel, object": ("POST", f"{BATCHES}/ID/cancel", b"{}", HEAD),
    "delete": ("DELETE", f"{BATCHES}/ID", None, HEAD),
    "count_tokens": ("POST", COUNT_TOKENS, b'{"model": "m", "messages": []}', HEAD),
    "count_tokens, refused": ("POST", COUNT_TOKENS, CREATE, HEAD),
    "no key": ("GET", BATCHES, None, {}),
    "no key, body": ("POST", BATCHES, CREATE, {}),
    "no version": ("GET", BATCHES, None, {"X-Api-Key": "k"}),
    "nowhere": ("GET", "/nowhere", None, HEAD),
    "root": ("GET", "/", None, HEAD),
    "other method": ("PATCH", BATCHES, b"x" * 100_000, HEAD),
}


@pytest.mark.parametrize("takes", [0.0, 60.0], ids=["ended", "in progress"])
@cases("method, path, body, headers", EXCHANGES)
def test_the_server_answers_as_handle_does(
    method: str, path: str, body: bytes | None, headers: Mapping[str, str], takes: float
) -> None:
    options: dict[str, Any] = {"takes": takes, "limits": Limits(bytes=2_000_000), "seed": 0}
    stores = [Store(clock=ManualClock(), **options) for _ in range(2)]
    ids = [store.add(texts()).id for store in stores]
    assert ids[0] == ids[1]
    path = path.replace("ID", ids[0])
    with serve(stores[0]) as url, connected(url) as connection:
        got = ask_on(connection, method, path, body, headers)
        expected = ask(stores[1], method, path, body, headers, base=url)
    assert (got.status, got.body) == (expected.status, expected.body)
    assert {name: got.headers.get(name) for name in expected.headers} == expected.headers
    more = set(got.headers) - set(expected.headers)
    assert more <= {"server", "transfer-encoding", "connection"}


def test_the_base_url_is_that_of_the_results() -> None:
    with serve() as url:
        assert url.startswith("http://127.0.0.1:")
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        shown = ask_once(url, "GET", f"{BATCHES}/{id}").json
        assert shown["results_url"] == f"{url}{BATCHES}/{id}/results"
        assert ask_once(url, "GET", shown["results_url"].removeprefix(url)).status == 200


@pytest.mark.parametrize("host", ["", "Host: [::1\r\n"], ids=["none", "malformed"])
def test_without_a_proper_host_the_server_names_itself(host: str) -> None:
    with serve() as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        lines = host + "".join(f"{name}: {value}\r\n" for name, value in HEAD.items())
        response = raw(url, f"GET {BATCHES}/{id} HTTP/1.0\r\n{lines}\r\n".encode())
        assert json.loads(response.partition(b"\r\n\r\n")[2])["results_url"].startswith(f"{url}/")


# one connection


def test_one_connection_serves_many_calls() -> None:
    calls: list[tuple[str, str, bytes | None, Mapping[str, str], int]] = [
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
    with serve(Store(clock=ManualClock())) as url, connected(url) as connection:
        port = connection.sock.getsockname()
        for _ in range(5):
            id = ask_on(connection, "POST", BATCHES, CREATE).json["id"]
            for method, path, body, headers, status in calls:
                response = ask_on(connection, method, path.replace("ID", id), body, headers)
                assert response.status == status, (method, path)
                assert connection.sock.getsockname() == port


def test_pipelined_requests_are_answered_in_order() -> None:
    paths = ["/nowhere", BATCHES, f"{BATCHES}/nope"]
    last = head("GET", BATCHES, "Connection: close")
    with serve() as url:
        received = raw(url, b"".join(head("GET", path) for path in paths) + last)
    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [404, 200, 404, 200]


@pytest.mark.parametrize(
    ("version", "lines"), [("1.1", ["Connection: close"]), ("1.0", [])], ids=["close", "HTTP/1.0"]
)
def test_a_client_may_ask_for_the_connection_to_close(version: str, lines: list[str]) -> None:
    with serve() as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
        for path, part in (
            (BATCHES, b'"message_batch"'),
            (f"{BATCHES}/{id}/results", b"succeeded"),
        ):
            with dial(url) as client:
                client.sendall(head("GET", path, *lines, version=version))
                received = b""
                while block := client.recv(65536):
                    received += block
            assert received.startswith(b"HTTP/1.1 200")
            assert part in received


def test_a_body_that_is_not_read_does_not_disturb_the_next_request() -> None:
    first = b"POST /v1/messages/batches HTTP/1.1\r\nHost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with serve() as url:
        body = b"5\r\nhello\r\n0\r\n\r\n"
        received = raw(url, first + body + head("GET", "/nowhere", "Connection: close"))
    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [401, 404]


def test_a_response_to_head_has_no_body() -> None:
    with serve() as url:
        wire = say(url, "HEAD", BATCHES)
    assert (wire.status, wire.content, wire.end) == (405, b"", "close")


# bodies


@pytest.mark.parametrize("size", [1, 50_000, 300_000])
def test_results_are_chunked(size: int) -> None:
    with serve(reply=lambda _: "x" * size) as url:
        id = ask_once(url, "POST", BATCHES, create_body(5)).json["id"]
        wire = say(url, "GET", f"{BATCHES}/{id}/results")
    assert wire.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in wire.headers
    assert [len(chunk) for chunk in wire.chunks].index(0) == len(wire.chunks) - 1
    lines = wire.body.splitlines()
    assert {json.loads(line)["custom_id"] for line in lines} == {f"id-{n}" for n in range(5)}
    assert all(b"x" * size in line for line in lines)


def in_chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


CHUNKED: dict[str, tuple[bytes, int]] = {
    "one": (in_chunks(CREATE), 200),
    "two": (in_chunks(CREATE[:1], CREATE[1:]), 200),
    "bytes": (in_chunks(*[bytes((byte,)) for byte in CREATE]), 200),
    "long": (in_chunks(b" " * 200_000, CREATE, b"\n" * 200_000), 200),
    "nothing": (in_chunks(), 400),
    "start": (in_chunks(b"{"), 400),
    "twice": (in_chunks(CREATE, CREATE), 400),
    "almost": (in_chunks(CREATE[:-1]), 400),
    "extension": (b"%X ; a=b\r\n" % len(CREATE) + CREATE + b"\r\n000;last\r\n\r\n", 200),
    "trailer": (in_chunks(CREATE)[:-2] + b"checksum: 5\r\n\r\n", 200),
    # must not be read at once, nor even reserved
    "2^59 bytes": (b"800000000000000\r\n" + CREATE, 400),
    "size of 17 digits": (b"1" * 17 + b"\r\n" + CREATE, 400),
    "negative size": (b"-1\r\n" + CREATE, 400),
    "no size": (b"\r\n" + CREATE, 400),
    "size of text": (b"xyz\r\n" + CREATE, 400),
    "LF after the size": (b"%x\n" % len(CREATE) + CREATE + b"\r\n0\r\n\r\n", 400),
    "chunk too long": (b"5\r\n" + CREATE + b"\r\n0\r\n\r\n", 400),
}


@cases("body, status", CHUNKED)
def test_chunked_bodies(body: bytes, status: int) -> None:
    with serve() as url:
        lines = ["Transfer-Encoding: chunked", "Connection: close"]
        received = raw(url, head("POST", BATCHES, *lines) + body)
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert len(ask_once(url, "GET", BATCHES).json["data"]) == (status == 200)


@pytest.mark.parametrize(
    "first",
    [head("POST", BATCHES), b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["read", "refused before it is read"],
)
def test_a_connection_with_broken_framing_is_not_used_again(first: bytes) -> None:
    """Against a rest of the body that is answered as if it were a request."""
    hidden = head("GET", "/hidden")
    broken = first.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"zz\r\n"
    with serve() as url:
        received = raw(url, broken + hidden)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401"))
    assert b"\r\nConnection: close" in received


def test_a_connection_is_used_again_after_a_chunked_body() -> None:
    with serve() as url, connected(url) as connection:
        for count in range(1, 4):
            body = iter([CREATE[:9], CREATE[9:]])
            connection.request("POST", BATCHES, body, dict(HEAD), encode_chunked=True)
            response = connection.getresponse()
            assert (response.status, json.load(response)["type"]) == (200, "message_batch")
            assert len(ask_on(connection, "GET", BATCHES).json["data"]) == count


COUNTED: dict[str, tuple[tuple[str, ...], int]] = {
    "exact": ((f"Content-Length: {len(CREATE)}",), 200),
    "expect": ((f"Content-Length: {len(CREATE)}", "Expect: 100-continue"), 200),
    "small letters": ((f"content-length:{len(CREATE)}",), 200),
    "short": ((f"Content-Length: {len(CREATE) - 1}",), 400),
    "zero": (("Content-Length: 0",), 400),
    "text": (("Content-Length: x",), 400),
    # integers for Python's int()
    "negative": (("Content-Length: -5",), 400),
    "plus": ((f"Content-Length: +{len(CREATE)}",), 400),
    "underscore": (("Content-Length: 1_0",), 400),
    # two lengths, of which a proxy may believe the other
    "length and chunks": ((f"Content-Length: {len(CREATE)}", "Transfer-Encoding: chunked"), 400),
    "none": ((), 400),
    "unknown encoding": (("Transfer-Encoding: gzip, chunked",), 501),
}


@cases("framing, status", COUNTED)
def test_the_length_of_a_body(framing: tuple[str, ...], status: int) -> None:
    body = CREATE
    if "Transfer-Encoding: chunked" in framing:
        body = in_chunks(CREATE)
    with serve() as url:
        received = raw(url, head("POST", BATCHES, "Connection: close", *framing) + body)
        received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert len(ask_once(url, "GET", BATCHES).json["data"]) == (status == 200)


NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "newline": b"\r\n",
    "cut": b"GET",
    "no request": b"nonsense\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "protocol": b"GET / SPDY/1.1\r\n\r\n",
    "small letters": b"get / HTTP/1.1\r\n\r\n",
    "no slash": b"GET nowhere HTTP/1.1\r\n\r\n",
    "absolute": b"GET http://x/ HTTP/1.1\r\n\r\n",
    "host without an end": b"GET //[ HTTP/1.1\r\n\r\n",
    "host of two": b"GET //a/b HTTP/1.1\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "LF": b"GET / HTTP/1.1\nHost: x\n\n",
    "no end of headers": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "binary": b"\xff" * 5000,
    "no body": head("POST", BATCHES, "Content-Length: 1000000"),
    "half a body": head("POST", BATCHES, "Content-Length: 10") + b"{",
}


@cases("sent", NONSENSE)
def test_nonsense_harms_only_its_own_connection(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with serve() as url, connected(url) as connection:
        assert ask_on(connection, "GET", BATCHES).status == 200
        received = raw(url, sent)
        assert received == b"" or received[9:10] in (b"4", b"5")
        assert b" 500 " not in received
        assert ask_on(connection, "GET", BATCHES).json["data"] == []
    assert capfd.readouterr().err == ""


# start and stop


@pytest.mark.usefixtures("nothing_left")
def test_servers_leave_nothing_behind() -> None:
    for number in range(30):
        # some are never entered, some never asked
        serve()
        with serve() as url:
            if number % 2:
                assert ask_once(url, "POST", BATCHES, CREATE).status == 200
                assert len(ask_once(url, "GET", BATCHES).json["data"]) == 1


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
def test_a_server_stops_while_connections_are_idle() -> None:
    connections = []
    with serve() as url:
        silent = [dial(url) for _ in range(20)]
        for _ in range(8):
            connections.append(HTTPConnection(*address(url), timeout=PATIENCE))
            assert ask_on(connections[-1], "GET", BATCHES).status == 200
        started = time.monotonic()
    assert time.monotonic() - started < 4
    for connection in connections:
        connection.auto_open = 0
        with pytest.raises((ConnectionError, BadStatusLine)):
            ask_on(connection, "GET", BATCHES)
        connection.close()
    for client in silent:
        client.close()


@pytest.mark.usefixtures("nothing_left")
def test_a_client_that_leaves_in_the_middle_of_results() -> None:
    with serve(reply=lambda _: "x" * 1_000_000) as url:
        id = ask_once(url, "POST", BATCHES, create_body(20)).json["id"]
        for _ in range(3):
            with dial(url) as client:
                client.sendall(head("GET", f"{BATCHES}/{id}/results"))
                assert client.recv(10) == b"HTTP/1.1 2"
        assert ask_once(url, "GET", f"{BATCHES}/{id}").status == 200


def test_a_stopped_server_is_gone_and_its_port_is_free_at_once() -> None:
    with serve() as url:
        port = address(url)[1]
        assert ask_once(url, "GET", BATCHES).status == 200
    with pytest.raises(ConnectionRefusedError):
        dial(url)
    for _ in range(5):
        with serve(port=port) as again:
            assert again == url
            assert ask_once(again, "GET", BATCHES).status == 200


def test_a_store_outlives_its_server_which_keeps_nothing_alive() -> None:
    store = Store(clock=ManualClock())
    with serve(store) as url:
        id = ask_once(url, "POST", BATCHES, CREATE).json["id"]
    with serve(store) as url:
        assert ask_once(url, "GET", f"{BATCHES}/{id}").json["id"] == id
    gone = weakref.ref(store)
    del store
    gc.collect()
    assert gone() is None


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
def test_a_port_that_is_in_use(held: Callable[[], AbstractContextManager[int]]) -> None:
    with held() as port, warnings.catch_warnings():
        # cheroot leaves the unbound socket to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        threads = threading.active_count()
        with pytest.raises(OSError, match=f"{port}.*in use"), serve(port=port):
            pytest.fail("two servers on one port")
        assert threading.active_count() == threads


@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_a_port_that_does_not_exist(port: int) -> None:
    message = f"port must be from 0 to 65535, not {port}"
    with pytest.raises(ValueError, match=message), serve(port=port):
        pass


def test_ipv6() -> None:
    try:
        with serve(host="::1") as url:
            assert url.startswith("http://[::1]:")
            assert ask_once(url, "GET", BATCHES).status == 200
    except OSError:
        pytest.skip("this machine has no IPv6")


def test_options_are_for_a_new_store() -> None:
    with pytest.raises(TypeError, match=r"one was given: seed, reply$"):
        serve(Store(), seed=1, reply=None)
    with pytest.raises(TypeError):
        serve(tokes=1)
    with pytest.raises(ValueError, match="takes"):
        serve(takes=-1)


def test_options_reach_the_store() -> None:
    clock = ManualClock()
    with serve(takes=60.0, reply=lambda request: request["custom_id"] * 2, clock=clock) as url:
        path = f"{BATCHES}/{ask_once(url, 'POST', BATCHES, CREATE).json['id']}"
        before = ask_once(url, "GET", path)
        clock.advance(60)
        after = ask_once(url, "GET", path)
        assert b'"text":"id-0id-0"' in ask_once(url, "GET", f"{path}/results").body
    seen = [
        (one.json["processing_status"], one.headers.get("retry-after")) for one in (before, after)
    ]
    assert seen == [("in_progress", "10"), ("ended", None)]


# many


@pytest.mark.usefixtures("nothing_left")
def test_servers_side_by_side_share_nothing() -> None:
    with serve() as one, serve() as other:
        assert one != other
        ask_once(one, "POST", BATCHES, CREATE)
        assert len(ask_once(one, "GET", BATCHES).json["data"]) == 1
        assert ask_once(other, "GET", BATCHES).json["data"] == []


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("reuse", [True, False], ids=["one connection", "one for each call"])
def test_concurrent_clients(reuse: bool) -> None:
    clients, rounds = 5, 8
    done: list[str] = []
    start = threading.Barrier(clients)

    def work(ask: Callable[..., Received], name: int) -> None:
        body = json.dumps({"requests": [{**requests()[0], "custom_id": f"c{name}"}]}).encode()
        start.wait(PATIENCE)
        for _ in range(rounds):
            id = ask("POST", BATCHES, body).json["id"]
            shown = ask("GET", f"{BATCHES}/{id}").json
            assert (shown["id"], shown["request_counts"]["succeeded"]) == (id, 1)
            rows = ask("GET", f"{BATCHES}/{id}/results").body.splitlines()
            assert [json.loads(row)["custom_id"] for row in rows] == [f"c{name}"]
            done.append(id)

    def client(url: str, name: int) -> None:
        if not reuse:
            work(lambda *call: ask_once(url, *call), name)
            return
        with connected(url) as connection:
            work(lambda *call: ask_on(connection, *call), name)

    with serve() as url:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(lambda name: client(url, name), range(clients)))
        listed = ask_once(url, "GET", f"{BATCHES}?limit=1000").json["data"]
    assert len(set(done)) == clients * rounds
    assert {batch["id"] for batch in listed} == set(done)


def test_many_clients_at_once_are_all_accepted() -> None:
    with serve() as url, ThreadPoolExecutor(40) as pool:
        responses = list(pool.map(lambda _: ask_once(url, "GET", BATCHES).status, range(120)))
    assert responses == [200] * 120


def test_many_connections_stay_open() -> None:
    with serve() as url, ExitStack() as stack:
        connections = [stack.enter_context(connected(url)) for _ in range(30)]
        for _ in range(3):
            responses = [ask_on(connection, "GET", BATCHES) for connection in connections]
            assert {response.status for response in responses} == {200}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    "sent",
    [b"G", head("GET", BATCHES)[:-2], head("POST", BATCHES, BODY)],
    ids=["method", "headers", "no body"],
)
def test_half_sent_requests_do_not_hold_up_others(sent: bytes) -> None:
    """Against a number of threads that as many half-sent requests hold up for seconds."""
    started = time.monotonic()
    with serve() as url:
        held = [dial(url) for _ in range(100)]
        for client in held:
            client.sendall(sent)
        assert ask_once(url, "POST", BATCHES, CREATE).status == 200
        assert ask_once(url, "GET", BATCHES).status == 200
    assert time.monotonic() - started < 5
    for client in held:
        client.close()


@pytest.mark.usefixtures("nothing_left")
def test_stalled_clients_do_not_hold_up_others() -> None:
    with serve(faults=[Fault("list", "lose", "stall", times=40)]) as url:
        held = [dial(url) for _ in range(40)]
        for client in held:
            client.sendall(head("GET", BATCHES))
        assert ask_once(url, "GET", f"{BATCHES}/x").status == 404
        for client in held:
            client.close()


@pytest.mark.usefixtures("nothing_left")
def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    with serve(reply=lambda _: "x" * 1_000_000) as url:
        id = ask_once(url, "POST", BATCHES, create_body(20)).json["id"]
        client = dial(url)
        client.sendall(head("GET", f"{BATCHES}/{id}/results"))
        assert client.recv(10) == b"HTTP/1.1 2"
        started = time.monotonic()
    assert time.monotonic() - started < 5
    client.close()
