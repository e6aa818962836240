"""The store: its ids, its limits on calls and on the queue, and what it refuses to be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from emulator_samples import (
    HEAD,
    ask,
    cases,
    counted,
    create_body,
    now,
    requests,
    rows,
    texts,
)
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import batch, init, unwrap
from anthropix_py._wire import BATCHES
from anthropix_py.emulator import ManualClock, Store, transport
from anthropix_py.emulator._batch import Batch
from anthropix_py.emulator._refusal import Refusal
from anthropix_py.limits import Limits

# against a warning about hosts that are never reached, or are on this machine
pytestmark = pytest.mark.filterwarnings("ignore:.* is not encrypted:RuntimeWarning")

# batches


def test_two_stores_share_nothing() -> None:
    clock = ManualClock()
    one, other = Store(clock=clock, takes=60), Store(clock=clock, takes=60)
    batch = one.add(texts(2))
    assert other.newest_first() == []
    assert other.get(batch.id) is None
    twin = other.add(texts(3))
    one.cancel(batch)
    one.remove(now(one, batch))
    assert one.newest_first() == []
    assert (now(other, twin).status, counted(twin)) == ("in_progress", {"processing": 3})


def test_the_list_brings_batches_up_to_now_too() -> None:
    clock = ManualClock()
    store = Store(takes=60, clock=clock)
    old = store.add(texts())
    clock.advance(30)
    new = store.add(texts())
    clock.advance(30)
    listed = [(batch.id, batch.status) for batch in store.newest_first()]
    assert listed == [(new.id, "in_progress"), (old.id, "ended")]


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False), (None, False)])
def test_the_seed_decides_the_ids(seed: int | None, same: bool) -> None:
    stores = (Store(seed=0), Store(seed=seed))
    first, second = ([store.add(texts()).id for _ in range(3)] for store in stores)
    assert (first == second) is same


@pytest.mark.parametrize("kind", ["msgbatch", "req"])
def test_ids_look_like_those_of_the_api(kind: str) -> None:
    store = Store()
    ids = [store.request_id() if kind == "req" else store.add(texts()).id for _ in range(200)]
    assert len(set(ids)) == 200
    for id in ids:
        found, _, tail = id.partition("_")
        assert (found, tail[:2], len(tail)) == (kind, "01", 24)
        assert tail.isascii()
        assert tail.isalnum()


def test_a_batch_is_found_by_its_id_alone() -> None:
    store = Store(clock=ManualClock())
    batch = store.add(texts())
    for id in ("", "nope", batch.id.upper(), batch.id + " ", batch.id[:-1]):
        assert store.get(id) is None


def test_remove_deletes_one_batch_alone() -> None:
    store = Store(clock=ManualClock())
    batches = [store.add(texts()) for _ in range(3)]
    store.remove(batches[1])
    assert store.newest_first() == [batches[2], batches[0]]
    assert store.get(batches[1].id) is None
    with pytest.raises(KeyError):
        store.remove(batches[1])


def test_threads_may_share_a_store() -> None:
    store = Store(clock=ManualClock())
    made: list[Batch] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait(5)
        for _ in range(25):
            batch = store.add(texts(3))
            made.append(now(store, batch))
            store.newest_first()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({batch.id for batch in made}) == len(store.newest_first()) == 200
    assert all(counted(one) == {"succeeded": 3} and len(rows(one)) == 3 for one in made)


# limits


def test_calls_per_minute() -> None:
    clock = ManualClock()
    store = Store(calls_per_minute=3, clock=clock)
    for _ in range(3):
        # a call without a key does not count
        assert ask(store, "GET", BATCHES, headers={}).status == 401
        assert ask(store, "GET", BATCHES).status == 200
        clock.advance(10)
    refused = ask(store, "GET", f"{BATCHES}/x")
    assert (refused.error[:2], refused.headers["retry-after"]) == (
        (429, "rate_limit_error"),
        "30.000",
    )
    clock.advance(29.9)
    # nor does a call that was refused
    assert ask(store, "GET", BATCHES).headers["retry-after"] == "0.100"
    clock.advance(0.1)
    assert [ask(store, "GET", BATCHES).status for _ in range(2)] == [200, 429]


def test_our_client_waits_for_the_limit_of_calls() -> None:
    clock = ManualClock(1_790_000_000.25)
    store = Store(calls_per_minute=2, clock=clock)
    client = init("k", base_url="http://x", transport=transport(store), clock=clock)
    for _ in range(7):
        unwrap(batch.list(client))
    assert clock.monotonic() == pytest.approx(180, abs=1)


def test_the_queue() -> None:
    clock = ManualClock()
    store = Store(takes=60, queue=10, clock=clock)
    assert ask(store, "POST", BATCHES, create_body(6)).status == 200
    clock.advance(30)
    assert ask(store, "POST", BATCHES, create_body(4)).status == 200
    refused = ask(store, "POST", BATCHES, create_body(1))
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert len(store.newest_first()) == 2
    clock.advance(30)
    assert ask(store, "POST", BATCHES, create_body(7)).status == 429
    assert ask(store, "POST", BATCHES, create_body(6)).status == 200
    client = init("k", base_url="http://x", transport=transport(store), clock=clock)
    created = unwrap(batch.create(client, requests(9)))
    assert (created["request_counts"]["processing"], clock.monotonic()) == (9, 120)


def test_a_batch_larger_than_the_queue_never_fits() -> None:
    store = Store(queue=5)
    with pytest.raises(Refusal) as raised:
        store.add(texts(6))
    assert raised.value.status == 429
    assert store.newest_first() == []


@given(
    takes=st.sampled_from([60.0, 600.0]),
    sizes=st.lists(st.tuples(st.integers(1, 8), st.integers(0, 700))),
)
def test_the_queue_is_never_exceeded(takes: float, sizes: list[tuple[int, int]]) -> None:
    clock = ManualClock()
    store = Store(takes=takes, queue=10, clock=clock)
    for size, wait in sizes:
        going = sum(one.counts["processing"] for one in store.newest_first())
        assert going <= 10
        response = ask(store, "POST", BATCHES, create_body(size))
        assert response.status == (200 if going + size <= 10 else 429)
        clock.advance(wait)


class Counting:
    """A body of 100,000 bytes that counts what was read of it."""

    length = 100_000

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(100):
            self.read += 1000
            yield b" " * 1000


def test_a_body_above_the_limit_is_read_and_refused_by_the_edge() -> None:
    """Against a client that gets no response because it is still sending."""
    body = Counting()
    response = ask(Store(limits=Limits(bytes=50_000)), "POST", BATCHES, body, HEAD)
    assert (response.status, body.read) == (413, 100_000)
    error = {"type": "request_too_large", "message": "Request exceeds the maximum size"}
    assert response.json == {"error": error}
    assert sorted(response.headers) == ["content-length", "content-type", "date"]


# options

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "takes": ({"takes": -1}, "takes must be at least 0, not -1"),
    "looks": ({"looks": -1}, "looks must be at least 0, not -1"),
    "cancel_takes": ({"cancel_takes": -1}, "cancel_takes must be at least 0, not -1"),
    "a little": ({"takes": -0.001}, "takes must be at least 0, not -0.001"),
    "infinite": ({"takes": float("-inf")}, "takes must be at least 0, not -inf"),
    # compares false with every number
    "nan": ({"takes": float("nan")}, "takes must be at least 0, not nan"),
    "calls": ({"calls_per_minute": 0}, "calls_per_minute must be at least 1, not 0"),
    "queue": ({"queue": -5}, "queue must be at least 1, not -5"),
    "outcome": ({"outcomes": {"erored": 0.1}}, "outcomes has 'erored'; expected succeeded"),
    "share above 1": ({"outcomes": {"errored": 1.1}}, "from 0 to 1, not 1.1"),
    "share below 0": ({"outcomes": {"errored": -0.1}}, "from 0 to 1, not -0.1"),
    "share nan": ({"outcomes": {"errored": float("nan")}}, "from 0 to 1, not nan"),
    "shares": ({"outcomes": {"errored": 0.6, "expired": 0.6}}, "add up to 1.2"),
}


@cases("options, message", IMPOSSIBLE)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Store(**options)


def test_options_are_named() -> None:
    make: Any = Store
    with pytest.raises(TypeError):
        make(5)
    with pytest.raises(TypeError):
        make(tokes=5)


def test_a_request_is_kept_as_one_line() -> None:
    store = Store(takes=60, clock=ManualClock())
    batch = store.add([json.dumps(requests()[0], indent=1)])
    assert json.loads(batch.requests[0]) == requests()[0]
    assert b"\n" not in batch.requests[0]
