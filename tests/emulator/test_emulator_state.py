from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py import batch, init, unwrap
from anthropix_py._wire import Request
from anthropix_py.emulator import ManualClock, Store, handle, transport
from anthropix_py.emulator._batch import Batch
from anthropix_py.emulator._refused import Refused
from anthropix_py.limits import Limits

BATCHES = "/v1/messages/batches"
DAY = 24 * 3600.0
HEAD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
PARAMS: dict[str, Any] = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hello"}],
}


def requests(count: int, **params: Any) -> list[str]:
    return [
        json.dumps({"custom_id": f"id-{number}", "params": {**PARAMS, **params}})
        for number in range(count)
    ]


def now(store: Store, id: str) -> Batch:
    found = store.get(id)
    assert found is not None
    return found


def counted(found: Batch) -> dict[str, int]:
    return {kind: count for kind, count in found.counts.items() if count}


def content(found: Batch) -> bytes:
    return b"".join(found.results.pieces())


def rows(found: Batch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(found).splitlines()]


class Content:
    """A body; *pieces* may raise."""

    def __init__(self, pieces: Callable[[], Iterator[bytes]], length: int) -> None:
        self.pieces = pieces
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces()


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(store: Store, method: str, path: str, body: bytes | None = None) -> Answer:
    sent = None if body is None else Content(lambda: iter((body,)), len(body))
    response = handle(store, Request(method, f"http://x{path}", HEAD, sent))
    return Answer(response.status, response.headers, b"".join(response.chunks))


def create(count: int) -> bytes:
    return b'{"requests": [' + ", ".join(requests(count)).encode() + b"]}"


# --- a folder -------------------------------------------------------------------------------------


class Kept:
    """A store with a folder, that can be made anew."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.options = {"clock": self.clock, "state": folder, "seed": 1, **options}
        self.store = Store(**self.options)

    def again(self) -> Store:
        self.store = Store(**self.options)
        return self.store

    @property
    def files(self) -> list[str]:
        return files_in(self.folder)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "emulator.json")


def files_of(id: str) -> list[str]:
    return [f"{id}.json", f"{id}.requests.jsonl", f"{id}.results.jsonl"]


@pytest.mark.parametrize("state", ["in_progress", "canceling", "ended", "canceled", "archived"])
def test_a_batch_outlives_its_store(tmp_path: Path, state: str) -> None:
    kept = Kept(tmp_path, takes=60, looks=2, cancel_takes=30)
    id = kept.store.add(requests(20), "2026-10-21").id
    kept.clock.advance(10)
    kept.store.look(now(kept.store, id))
    if state in ("canceling", "canceled"):
        kept.store.cancel(now(kept.store, id))
    if state in ("ended", "archived"):
        kept.store.look(now(kept.store, id))
    kept.clock.advance({"ended": 50, "canceled": 30, "archived": 29 * DAY}.get(state, 0))
    before = now(kept.store, id)
    shown = before.as_json("http://x", kept.clock.now())
    assert shown["processing_status"] == ("ended" if state in ("archived", "canceled") else state)
    after = now(kept.again(), id)
    assert after is not before
    assert after.as_json("http://x", kept.clock.now()) == shown
    assert (after.looks, after.looked, after.version) == (before.looks, before.looked, "2026-10-21")
    assert content(after) == content(before)
    assert [one.id for one in kept.store.newest_first()] == [id]
    assert kept.files == files_of(id)


@pytest.mark.parametrize("state", ["in_progress", "canceling"])
def test_a_batch_goes_on_where_it_was(tmp_path: Path, state: str) -> None:
    found = []
    for name, restarts in (("kept", True), ("alone", False)):
        kept = Kept(tmp_path / name, takes=60, looks=2, cancel_takes=30, outcomes={"errored": 0.5})
        id = kept.store.add(requests(50)).id
        for _ in range(2):
            kept.clock.advance(25)
            kept.store.look(now(kept.store, id))
            if restarts:
                kept.again()
        if state == "canceling":
            kept.store.cancel(now(kept.store, id))
            if restarts:
                kept.again()
        kept.clock.advance(60)
        ended = now(kept.store, id)
        found.append((id, ended.ended, ended.counts, content(ended)))
    assert found[0] == found[1]
    assert set(found[0][2]) >= {"succeeded", "errored", "canceled"}


def test_progress_is_made_again_just_as_it_was(tmp_path: Path) -> None:
    kept = Kept(tmp_path, takes=100, progressive=True, outcomes={"errored": 0.3, "expired": 0.2})
    id = kept.store.add(requests(40)).id
    for _ in range(4):
        kept.clock.advance(20)
        before = dict(now(kept.store, id).counts)
        assert now(kept.again(), id).counts == before
    kept.clock.advance(20)
    assert now(kept.store, id).status == "ended"
    assert sum(now(kept.store, id).counts.values()) == len(rows(now(kept.again(), id))) == 40


def test_the_order_of_batches_and_their_ids_outlive_a_store(tmp_path: Path) -> None:
    kept = Kept(tmp_path, takes=60)
    ids: list[str] = []
    for _ in range(6):
        for _ in range(2):
            ids.insert(0, kept.store.add(requests(1)).id)
            kept.clock.advance(1)
        kept.again()
        assert [one.id for one in kept.store.newest_first()] == ids
    assert len(set(ids)) == 12


def test_a_deleted_batch_stays_deleted(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    ids = [kept.store.add(requests(2)).id for _ in range(2)]
    kept.store.remove(now(kept.store, ids[0]))
    assert kept.files == files_of(ids[1])
    kept.again()
    assert kept.store.get(ids[0]) is None
    assert [one.id for one in kept.store.newest_first()] == [ids[1]]
    kept.store.remove(now(kept.store, ids[1]))
    assert kept.files == []
    assert kept.again().newest_first() == []


def test_results_being_read_outlive_their_deletion(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    found = now(kept.store, kept.store.add(requests(500, metadata={"pad": "x" * 1000})).id)
    whole = content(found)
    kept.options["reply"] = lambda _: "y" * 2000
    big = now(kept.again(), kept.store.add(requests(500)).id)
    reading = big.results.pieces()
    first = next(reading)
    kept.store.remove(big)
    assert len(first) < big.results.size
    assert len((first + b"".join(reading)).splitlines()) == 500
    assert content(now(kept.store, found.id)) == whole


def test_many_and_large_requests_outlive_a_store(tmp_path: Path) -> None:
    kept = Kept(tmp_path, takes=60)
    text = "caf\u00e9 \u2028 \n \U0001f600 " * 500
    id = kept.store.add(requests(300, messages=[{"role": "user", "content": text}])).id
    assert (tmp_path / f"{id}.requests.jsonl").stat().st_size > 1 << 20
    kept.again()
    kept.clock.advance(60)
    found = now(kept.store, id)
    assert sorted(row["custom_id"] for row in rows(found)) == sorted(
        f"id-{number}" for number in range(300)
    )
    assert json.loads(found.requests[299])["params"]["messages"][0]["content"] == text


def broken() -> Iterator[str]:
    yield from requests(3)
    raise OSError("the client went away")


@pytest.mark.parametrize(
    "body",
    [
        lambda: create(3)[:-10],
        lambda: create(3)[:-1] + b', "x": 1}',
        lambda: create(3).replace(b"id-2", b"id-1"),
        lambda: create(6),
        lambda: b'{"requests": [{}]}',
        lambda: b'{"requests": []}',
    ],
    ids=["cut", "extra", "twice", "too-many", "bad", "empty"],
)
def test_a_refused_create_leaves_nothing(tmp_path: Path, body: Callable[[], bytes]) -> None:
    kept = Kept(tmp_path, limits=Limits(requests=5))
    assert ask(kept.store, "POST", BATCHES, body()).status == 400
    assert kept.files == []
    assert kept.store.newest_first() == []
    assert ask(kept.store, "POST", BATCHES, create(3)).status == 200


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, ConnectionResetError])
def test_a_create_that_breaks_off_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    def pieces() -> Iterator[bytes]:
        yield create(3)[:-40]
        raise error("gone")

    kept = Kept(tmp_path)
    with pytest.raises(error):
        handle(kept.store, Request("POST", f"http://x{BATCHES}", HEAD, Content(pieces, 1000)))
    assert kept.files == []
    assert kept.store.newest_first() == []


def test_what_a_crash_leaves_is_no_batch(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(requests(2)).id
    other = id[:-4] + "0000"
    (tmp_path / f"{other}.requests.jsonl").write_text("{}\n")
    (tmp_path / f"{other}.json.new").write_text("{")
    (tmp_path / "notes.txt").write_text("mine")
    assert [one.id for one in kept.again().newest_first()] == [id]
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", "\x00", '{"id": "msgbatch_1"}', "[" * 10],
    ids=["empty", "cut", "list", "null", "nothing", "nul", "id-alone", "nested"],
)
def test_a_broken_state_is_a_clear_error(tmp_path: Path, text: str) -> None:
    kept = Kept(tmp_path)
    path = tmp_path / f"{kept.store.add(requests(1)).id}.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="not the state of a batch") as raised:
        kept.again()
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("what", ["requests", "results"])
def test_a_state_without_its_rows_is_a_clear_error(tmp_path: Path, what: str) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(requests(1)).id
    assert now(kept.store, id).status == "ended"
    (tmp_path / f"{id}.{what}.jsonl").unlink()
    with pytest.raises(ValueError, match="not the state of a batch"):
        kept.again()


def test_a_folder_is_made_and_a_file_is_none(tmp_path: Path) -> None:
    assert Kept(tmp_path / "a" / "b").files == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Store(state=tmp_path / "file")


# --- counts that move -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("progressive", "expected"),
    [(True, [0, 2, 5, 7, 9, 10]), (False, [0, 0, 0, 0, 0, 10])],
    ids=["progressive", "at-the-end"],
)
def test_counts_over_time(progressive: bool, expected: list[int]) -> None:
    clock = ManualClock()
    store = Store(takes=100, progressive=progressive, clock=clock)
    id = store.add(requests(10)).id
    found = []
    for step in (0, 25, 25, 25, 24, 1):
        clock.advance(step)
        batch = now(store, id)
        found.append(batch.counts["succeeded"])
        assert sum(batch.counts.values()) == 10
        assert (batch.status == "ended") is (found[-1] == 10)
        assert content(batch) == b"" or batch.status == "ended"
    assert found == expected


@pytest.mark.parametrize(
    ("takes", "wait", "kind", "done"),
    [
        (100, 30, "canceled", 3),
        (100, 0, "canceled", 0),
        (2 * DAY, DAY, "expired", 5),
        (3 * DAY, DAY, "expired", 3),
    ],
)
def test_what_was_done_is_kept(takes: float, wait: float, kind: str, done: int) -> None:
    clock = ManualClock()
    store = Store(takes=takes, cancel_takes=20, progressive=True, clock=clock)
    id = store.add(requests(10)).id
    clock.advance(wait)
    if kind == "canceled":
        store.cancel(now(store, id))
        clock.advance(10)
        assert (
            counted(now(store, id)).get("succeeded", 0) == done
        )  # a canceling batch begins nothing more
        assert now(store, id).status == "canceling"
        clock.advance(10)
    found = now(store, id)
    assert found.status == "ended"
    assert counted(found) == {
        name: count for name, count in (("succeeded", done), (kind, 10 - done)) if count
    }
    results = {row["custom_id"]: row["result"]["type"] for row in rows(found)}
    assert results == {
        f"id-{number}": "succeeded" if number < done else kind for number in range(10)
    }


# --- outcomes and models --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({}, {"succeeded": 1.0}),
        ({"errored": 1.0}, {"errored": 1.0}),
        ({"errored": 0.1}, {"errored": 0.1, "succeeded": 0.9}),
        (
            {"errored": 0.2, "expired": 0.3, "canceled": 0.5},
            {"errored": 0.2, "expired": 0.3, "canceled": 0.5},
        ),
        ({"refusal": 0.5, "max_tokens": 0.5}, {"succeeded": 1.0}),
        ({"succeeded": 0.25, "errored": 0.75}, {"succeeded": 0.25, "errored": 0.75}),
    ],
    ids=["none", "all", "tenth", "three", "stops", "named"],
)
def test_outcomes_by_share(shares: dict[str, float], expected: dict[str, float]) -> None:
    store = Store(outcomes=shares, seed=3)
    found = counted(now(store, store.add(requests(1000)).id))
    assert set(found) == set(expected)
    for kind, share in expected.items():
        assert found[kind] == pytest.approx(1000 * share, abs=60)


def test_outcomes_by_share_follow_from_the_seed_and_the_custom_id() -> None:
    found = []
    for seed in (1, 1, 2):
        store = Store(outcomes={"errored": 0.5}, seed=seed)
        batch = now(store, store.add(requests(100)).id)
        found.append({row["custom_id"]: row["result"]["type"] for row in rows(batch)})
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("outcome", "kind", "stop"),
    [
        ("succeeded", "succeeded", "end_turn"),
        ("refusal", "succeeded", "refusal"),
        ("max_tokens", "succeeded", "max_tokens"),
        ("errored", "errored", None),
        ("canceled", "canceled", None),
        ("expired", "expired", None),
        ("nonsense", "errored", None),
    ],
)
def test_outcomes_by_function(outcome: str, kind: str, stop: str | None) -> None:
    store = Store(
        outcomes=lambda request: outcome if request["custom_id"] == "id-1" else "succeeded"
    )
    found = {row["custom_id"]: row["result"] for row in rows(now(store, store.add(requests(3)).id))}
    assert (found["id-1"]["type"], found["id-1"].get("message", {}).get("stop_reason")) == (
        kind,
        stop,
    )
    assert found["id-0"]["type"] == found["id-2"]["type"] == "succeeded"


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"erored": 0.1}, "outcomes names 'erored'"),
        ({"errored": 1.1}, "from 0 to 1, not 1.1"),
        ({"errored": -0.1}, "from 0 to 1, not -0.1"),
        ({"errored": float("nan")}, "from 0 to 1, not nan"),
        ({"errored": 0.6, "expired": 0.6}, "sum to 1.2"),
    ],
    ids=["name", "above", "below", "nan", "sum"],
)
def test_shares_that_cannot_be(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Store(outcomes=shares)


@pytest.mark.parametrize(
    "models", [["m"], {"m", "n"}, ("n",), [], None], ids=["list", "set", "other", "none", "any"]
)
def test_models(models: Any) -> None:
    store = Store(models=models)
    [row] = rows(now(store, store.add(requests(1)).id))
    if models is None or "m" in models:
        assert row["result"]["type"] == "succeeded"
    else:
        assert row["result"]["error"]["error"] == {"type": "not_found_error", "message": "model: m"}


# --- limits ---------------------------------------------------------------------------------------


def test_calls_per_minute() -> None:
    clock = ManualClock()
    store = Store(calls_per_minute=3, clock=clock)
    for _ in range(3):
        assert ask(store, "GET", BATCHES).status == 200
        clock.advance(10)
    refused = ask(store, "GET", f"{BATCHES}/x")
    assert (refused.status, refused.headers["retry-after"]) == (429, "30.000")
    assert json.loads(refused.body)["error"]["type"] == "rate_limit_error"
    clock.advance(29.9)
    assert (
        ask(store, "GET", BATCHES).headers["retry-after"] == "0.100"
    )  # a refused call does not count
    clock.advance(0.1)
    assert [ask(store, "GET", BATCHES).status for _ in range(2)] == [200, 429]


def test_a_call_without_credentials_is_not_counted() -> None:
    store = Store(calls_per_minute=1, clock=ManualClock())
    for _ in range(3):
        assert handle(store, Request("GET", f"http://x{BATCHES}", {}, None)).status == 401
    assert ask(store, "GET", BATCHES).status == 200


def test_our_client_lives_through_the_limit_of_calls() -> None:
    clock = ManualClock(1_790_000_000.25)
    store = Store(calls_per_minute=2, clock=clock)
    client = init("k", base_url="http://x", transport=transport(store), clock=clock)
    for _ in range(7):
        unwrap(batch.list(client))
    assert clock.monotonic() == pytest.approx(180, abs=1)


def test_the_queue() -> None:
    clock = ManualClock()
    store = Store(takes=60, queue=10, clock=clock)
    client = init("k", base_url="http://x", transport=transport(store), clock=clock)
    assert ask(store, "POST", BATCHES, create(6)).status == 200
    clock.advance(30)
    assert ask(store, "POST", BATCHES, create(4)).status == 200
    refused = ask(store, "POST", BATCHES, create(1))
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert len(store.newest_first()) == 2
    clock.advance(30)
    assert ask(store, "POST", BATCHES, create(7)).status == 429
    assert ask(store, "POST", BATCHES, create(6)).status == 200
    assert (
        unwrap(batch.create(client, map(json.loads, requests(9))))["request_counts"]["processing"]
        == 9
    )
    assert clock.monotonic() == 120


def test_a_batch_larger_than_the_queue_never_fits(tmp_path: Path) -> None:
    store = Store(queue=5, state=tmp_path)
    with pytest.raises(Refused) as raised:
        store.add(requests(6))
    assert raised.value.status == 429
    assert files_in(tmp_path) == []


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
        answer = ask(store, "POST", BATCHES, create(size))
        assert answer.status == (200 if going + size <= 10 else 429)
        clock.advance(wait)


@pytest.mark.parametrize(
    "options", [{"calls_per_minute": 0}, {"queue": 0}, {"calls_per_minute": -1}, {"queue": -5}]
)
def test_limits_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        Store(**options)


def test_a_body_past_the_limit_is_read_and_refused_by_the_edge(tmp_path: Path) -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1000
            yield b" " * 1000

    store = Store(limits=Limits(bytes=50_000), state=tmp_path)
    response = handle(store, Request("POST", f"http://x{BATCHES}", HEAD, Content(pieces, 100_000)))
    body = json.loads(b"".join(response.chunks))
    assert (response.status, read) == (413, 100_000)
    assert body == {
        "error": {"type": "request_too_large", "message": "Request exceeds the maximum size"}
    }
    assert "request-id" not in response.headers
    assert files_in(tmp_path) == []


def test_no_id_is_given_twice_even_after_a_delete(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    batch = kept.store.get(kept.store.add(requests(1)).id)
    assert batch is not None
    kept.store.remove(batch)
    assert kept.again().add(requests(1)).id != batch.id


def test_the_order_of_what_was_made_at_once_outlives_the_store(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    ids = [kept.store.add(requests(1)).id for _ in range(8)]
    assert [batch.id for batch in kept.again().newest_first()] == ids[::-1]


def test_outcomes_are_the_same_after_a_restart_without_a_seed(tmp_path: Path) -> None:
    kept = Kept(tmp_path, seed=None, takes=60, progressive=True, outcomes={"errored": 0.5})
    id = kept.store.add(requests(40)).id
    kept.clock.advance(30)
    before = dict(now(kept.store, id).counts)
    kept.again()
    assert now(kept.store, id).counts == before


def test_many_batches_hold_no_files_open(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(30):
        now(kept.store, kept.store.add(requests(2)).id)
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize(
    "change", [{"created": "x"}, {"counts": []}, {"number": None}, {"looks": True}], ids=str
)
def test_a_state_of_wrong_types_is_a_clear_error(tmp_path: Path, change: dict[str, Any]) -> None:
    kept = Kept(tmp_path)
    path = tmp_path / f"{kept.store.add(requests(1)).id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match="not the state of a batch"):
        kept.again()


def test_a_state_of_too_few_rows_is_a_clear_error(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(requests(3)).id
    (tmp_path / f"{id}.requests.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ValueError, match="not all rows of 3 are"):
        kept.again()


@pytest.mark.parametrize(
    "counts",
    [{"processing": "1"}, {"succeeded": 1}, {"processing": 1.0}, {}],
    ids=["text", "one", "float", "none"],
)
def test_counts_of_another_make_are_a_clear_error(tmp_path: Path, counts: dict[str, Any]) -> None:
    kept = Kept(tmp_path)
    path = tmp_path / f"{kept.store.add(requests(1)).id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "counts": counts}))
    with pytest.raises(ValueError, match="not the state of a batch"):
        kept.again()


def test_results_that_nobody_reads_leave_no_file_open(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(requests(1)).id
    now(kept.store, id)
    response = handle(
        kept.store, Request("GET", f"http://x/v1/messages/batches/{id}/results", HEAD, None)
    )
    assert response.status == 200
    response.close()
    assert list(response.chunks) == []


class Failed(BaseException):
    """What a test framework raises to fail a test."""


@pytest.mark.parametrize("error", [Failed("no"), SystemExit(1)], ids=["a failed test", "an exit"])
def test_whatever_a_reply_raises_errs_its_request(error: BaseException) -> None:
    def reply(_: object) -> str:
        raise error

    store = Store(reply=reply)
    assert now(store, store.add(requests(2)).id).counts["errored"] == 2
