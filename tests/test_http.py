"""Connections: where they go, which are kept, and what happens when a kept one was closed."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import urllib3.util.connection
from interrupting import InterruptAt
from samples import ID, KEY, a_batch, client, counts, error_in, request
from scripted import PATIENCE, Scripted, Step, answer, chunked, close, counted, reset, stall

from anthropix_py import (
    AnthropixError,
    Policy,
    TransportError,
    UnknownOutcome,
    _http,
    batch,
    emulator,
    init,
    unwrap,
)
from anthropix_py._http import connections
from anthropix_py._http.connections import Pools
from anthropix_py._http.routes import Certificates, Route

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

SHOWN = answer(a_batch())

ADDRESSES: dict[str, tuple[str, int]] = {
    "http://127.0.0.1": ("127.0.0.1", 80),
    "https://127.0.0.1": ("127.0.0.1", 443),
    "http://localhost:8080": ("localhost", 8080),
    "http://localhost:8080/a/prefix": ("localhost", 8080),
    "http://LocalHost": ("localhost", 80),
    "https://api.test": ("api.test", 443),
    "https://api.test:8443/v0": ("api.test", 8443),
    "http://[::1]": ("::1", 80),
    "https://[::1]": ("::1", 443),
    "http://[::1]:81": ("::1", 81),
    # against the last group of an IPv6 address being taken for a port
    "http://[2001:db8::1:2]": ("2001:db8::1:2", 80),
    "https://[2001:db8::1:443]": ("2001:db8::1:443", 443),
    "http://[2001:db8::1:beef]": ("2001:db8::1:beef", 80),
    "http://bücher.test": ("xn--bcher-kva.test", 80),
}


@pytest.mark.parametrize(("base", "address"), ADDRESSES.items(), ids=ADDRESSES)
def test_connections_go_where_the_base_url_says(
    monkeypatch: pytest.MonkeyPatch, base: str, address: tuple[str, int]
) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(to: tuple[str, int], *_: object, **__: object) -> None:
        asked.append(to)
        raise ConnectionRefusedError

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", refuse)
    given = init(KEY, base_url=base, retry=Policy(max_retries=0))
    error = error_in(batch.show(given, ID), TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert asked == [address]


def route(number: int) -> Route:
    return Route(f"http://127.0.0.1:{number}", Certificates(None, None))


def test_the_route_that_was_unused_for_longest_is_dropped() -> None:
    pools = Pools()
    kept = pools.get(route(1))
    second = pools.get(route(2))
    for number in range(3, 100):
        pools.get(route(number))
        assert pools.get(route(1)) is kept
    assert len(pools._pools) == 32
    assert pools.get(route(2)) is not second
    assert pools.get(route(99)) is pools.get(route(99))


@pytest.fixture(autouse=True)
def no_connections() -> Iterator[None]:
    """Begin each test without connections that another has left."""
    _http._pools.forget()
    yield
    _http._pools.forget()


SHOWN_IN_CHUNKS = chunked(json.dumps(a_batch()).encode())


# Against bytes behind a response that would become a part of the next one.
@pytest.mark.parametrize("more", [b"\r\n", b"H", b"HTTP/1.1 200 OK\r\nx-y: ", SHOWN])
@pytest.mark.parametrize("shown", [SHOWN, SHOWN_IN_CHUNKS], ids=["counted", "chunked"])
def test_a_connection_with_more_than_a_response_is_not_kept(shown: bytes, more: bytes) -> None:
    with Scripted([shown + more], [SHOWN]) as server:
        given = client(server.url, timeout=PATIENCE)
        for _ in range(2):
            assert unwrap(batch.show(given, ID)) == a_batch()
    assert [one.connection for one in server.received] == [0, 1]


# Kept connections. A server may close one just when the next request goes out on it: then a GET is
# sent again at once. (step, the connections that the requests come on, what is slept)
KEPT: dict[str, tuple[list[Step], list[int], list[float]]] = {
    "closed": ([[close], [SHOWN]], [0, 0, 1], []),
    "reset": ([[reset], [SHOWN]], [0, 0, 1], []),
    # only then a failure counts
    "closed, and the new one too": ([[close], [close], [SHOWN]], [0, 0, 1, 2], [0.4375]),
    "silence": ([[stall], [SHOWN]], [0, 0, 1], [0.4375]),
    "closed in the headers": ([[SHOWN[:30], close], [SHOWN]], [0, 0, 1], []),
    "closed in the body": ([[SHOWN[:-9], close], [SHOWN]], [0, 0, 1], [0.4375]),
    "not HTTP": ([[b"SSH-2.0\r\n", close], [SHOWN]], [0, 0, 1], [0.4375]),
}


@pytest.mark.parametrize(("steps", "connections", "sleeps"), KEPT.values(), ids=KEPT)
def test_a_get_on_a_kept_connection(
    steps: list[Step], connections: list[int], sleeps: list[float]
) -> None:
    events: list[dict[str, Any]] = []
    with Scripted([SHOWN], *steps) as server:
        given = client(server.url, timeout=0.2, on_event=events.append)
        unwrap(batch.show(given, ID))
        events.clear()
        assert unwrap(batch.show(given, ID)) == a_batch()
    assert [one.connection for one in server.received] == connections
    assert given.clock.sleeps == sleeps  # type: ignore[attr-defined]
    named = [event["event"] for event in events]
    assert (named.count("retry"), named.count("request")) == (len(sleeps), len(sleeps) + 1)


def test_after_a_closed_connection_the_next_is_a_new_one() -> None:
    row = counted(b'{"custom_id": "a", "result": {"type": "canceled"}}\n')
    with Scripted(row, row, [close], SHOWN) as server:
        given = client(server.url, retry=Policy(max_retries=0))
        first = unwrap(batch.results(given, ID, stream=True))
        second = unwrap(batch.results(given, ID, stream=True))
        # against the other kept connection, which was probably closed too
        assert len([*first, *second]) == 2
        assert unwrap(batch.show(given, ID)) == a_batch()
    assert [one.connection for one in server.received] == [0, 1, 1, 2]


# (call, the kind of its error without retries)
CHANGING: dict[str, tuple[Callable[[Any], Any], type[AnthropixError]]] = {
    "create": (lambda given: batch.create(given, [request()]), UnknownOutcome),
    "cancel": (lambda given: batch.cancel(given, ID), TransportError),
    "delete": (lambda given: batch.delete(given, ID), TransportError),
}


# against a connection that is dead by the time that it is used again: nobody would know whether a
# batch was created
@pytest.mark.parametrize("call", [call for call, _ in CHANGING.values()], ids=CHANGING)
def test_what_changes_a_batch_never_goes_out_on_an_idle_connection(
    call: Callable[[Any], Any],
) -> None:
    deleted = answer({"id": ID, "type": "message_batch_deleted"})
    done = {CHANGING["delete"][0]: deleted}.get(call, answer(a_batch(request_counts=counts(1))))
    with Scripted([SHOWN], [done], [SHOWN], [done], [SHOWN]) as server:
        given = client(server.url, retry=Policy(max_retries=0))
        for _ in range(2):
            unwrap(batch.show(given, ID))
            unwrap(call(given))
        unwrap(batch.show(given, ID))
    # the connection that it opened is kept for others
    assert [one.connection for one in server.received] == [0, 1, 1, 2, 2]
    [kept] = _http._pools._pools.values()
    idle: Any = getattr(kept.pool, "pool", None)
    assert len([one for one in idle._connections if one is not None]) == 1


# against a batch that is created twice
@pytest.mark.parametrize(("call", "kind"), CHANGING.values(), ids=CHANGING)
def test_what_changes_a_batch_is_not_sent_again_at_once(
    call: Callable[[Any], Any], kind: type[AnthropixError]
) -> None:
    with Scripted([SHOWN], [close]) as server:
        given = client(server.url, retry=Policy(max_retries=0))
        unwrap(batch.show(given, ID))
        error_in(call(given), kind)
    assert [one.connection for one in server.received] == [0, 1]


STEPS: dict[str, tuple[type, str]] = {
    "before a connection is chosen": (Pools, "get"),
    "before it is open": (connections._HTTPConnection, "connect"),
    "while the request is sent": (connections._HTTPConnection, "putrequest"),
}


# against a lost create that is taken for one that was not sent, and sent again
@pytest.mark.parametrize(("owner", "name"), STEPS.values(), ids=STEPS)
def test_a_call_in_between_in_the_same_thread_does_not_change_what_is_known(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    nested: list[object] = []
    step = getattr(owner, name)

    def interrupted(*args: Any, **options: Any) -> Any:
        # as a signal handler or a finalizer calls, to a port where nobody listens
        if not nested:
            nested.append("begun")
            elsewhere = init(KEY, base_url="http://127.0.0.1:9", retry=Policy(max_retries=0))
            nested.append(error_in(batch.show(elsewhere, ID), TransportError).sent)
        return step(*args, **options)

    monkeypatch.setattr(owner, name, interrupted)
    with Scripted([close]) as server:
        error_in(batch.create(client(server.url), [request()]), UnknownOutcome)
    assert nested == ["begun", False]


KEEPING = ("anthropix_py._http.connections", "queue", "threading", "urllib3.connectionpool")


# against a lock that an interrupt leaves taken, so that the next call waits for ever
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
def test_an_interrupt_anywhere_between_calls_leaves_no_lock_taken() -> None:
    number = 0
    with emulator.serve() as url:
        given = client(url)
        for number in itertools.count(1):
            at = InterruptAt(number, KEEPING)
            # the second call is the one that would wait, unless the first does so on its way out
            for call in (partial(at.run, partial(batch.list, given)), partial(batch.list, given)):
                thread = threading.Thread(target=call, daemon=True)
                thread.start()
                thread.join(PATIENCE)
                assert not thread.is_alive(), f"interrupted at place {number}"
            if at.left > 0:
                break
    assert number > 10


def test_threads_share_one_client() -> None:
    with emulator.serve() as url:
        given = init(KEY, base_url=url)
        ids = [unwrap(batch.create(given, [request(f"r{n}")]))["id"] for n in range(8)]

        def work(n: int) -> bool:
            rows = unwrap(batch.results(given, unwrap(batch.show(given, ids[n % 8]))))
            return [row["custom_id"] for row in rows] == [f"r{n % 8}"]

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(160)))


def show_from_a_child(given: Any, found: Any) -> None:
    found.put(batch.show(given, ID))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("held", [False, True], ids=["idle connection", "a lock held at the fork"])
def test_a_forked_child_has_connections_of_its_own(held: bool) -> None:
    context = multiprocessing.get_context("fork")
    with Scripted(SHOWN, SHOWN, SHOWN) as server:
        given = client(server.url)
        unwrap(batch.show(given, ID))
        found = context.Queue()
        child = context.Process(target=show_from_a_child, args=(given, found))
        if held:
            with _http._pools._lock:
                child.start()
        else:
            child.start()
        assert found.get(timeout=2 * PATIENCE) == ("ok", a_batch())
        child.join()
        unwrap(batch.show(given, ID))
    assert [one.connection for one in server.received] == [0, 1, 0]


def test_a_client_can_be_pickled_to_another_process() -> None:
    context = multiprocessing.get_context("spawn")
    with Scripted(SHOWN) as server:
        found = context.Queue()
        given = init(KEY, base_url=server.url)
        child = context.Process(target=show_from_a_child, args=(given, found))
        child.start()
        assert found.get(timeout=2 * PATIENCE) == ("ok", a_batch())
        child.join()
