"""A folder that keeps batches: over restarts, refused creates, full disks, crashes and damage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulator_samples import (
    BASE,
    DAY,
    HEAD,
    ask,
    cases,
    content,
    counted,
    create_body,
    now,
    rows,
    texts,
)

from anthropix_py._wire import BATCHES, Request
from anthropix_py.emulator import ManualClock, Store, handle, serve
from anthropix_py.emulator._refusal import Refusal
from anthropix_py.limits import Limits


class Kept:
    """A store with a folder, that can be opened again."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.clock = ManualClock()
        self.folder = folder
        self.options = {"clock": self.clock, "state": folder, "seed": 1, **options}
        self.store = Store(**self.options)

    def again(self) -> Store:
        self.store.close()
        self.store = Store(**self.options)
        return self.store

    @property
    def files(self) -> list[str]:
        names = (path.name for path in self.folder.iterdir())
        return sorted(name for name in names if name.startswith("msgbatch_"))


def files_of(id: str) -> list[str]:
    return [f"{id}.json", f"{id}.requests.jsonl", f"{id}.results.jsonl"]


# over a restart


@pytest.mark.parametrize("state", ["in_progress", "canceling", "ended", "canceled", "archived"])
def test_a_batch_outlives_its_store(tmp_path: Path, state: str) -> None:
    kept = Kept(tmp_path, takes=60, looks=2, cancel_takes=30)
    id = kept.store.add(texts(20), "2026-10-21", "a,b").id
    kept.clock.advance(10)
    kept.store.count_look(now(kept.store, id))
    if state in ("canceling", "canceled"):
        kept.store.cancel(now(kept.store, id))
    if state in ("ended", "archived"):
        kept.store.count_look(now(kept.store, id))
    kept.clock.advance({"ended": 50, "canceled": 30, "archived": 29 * DAY}.get(state, 0))
    before = now(kept.store, id)
    shown = before.as_json("http://x", kept.clock.now())
    assert shown["processing_status"] == ("ended" if state in ("archived", "canceled") else state)
    after = now(kept.again(), id)
    assert after is not before
    assert after.as_json("http://x", kept.clock.now()) == shown
    assert (after.looks, after.looked, after.terms) == (before.looks, before.looked, before.terms)
    assert content(after) == content(before)
    assert [one.id for one in kept.store.newest_first()] == [id]
    assert kept.files == files_of(id)


@pytest.mark.parametrize("state", ["in_progress", "canceling"])
def test_a_batch_continues_as_if_there_had_been_no_restart(tmp_path: Path, state: str) -> None:
    found = []
    for name, restarts in (("kept", True), ("alone", False)):
        kept = Kept(tmp_path / name, takes=60, looks=2, cancel_takes=30, outcomes={"errored": 0.5})
        id = kept.store.add(texts(50)).id
        for _ in range(2):
            kept.clock.advance(25)
            kept.store.count_look(now(kept.store, id))
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


@pytest.mark.parametrize("seed", [1, None])
def test_progress_is_made_again_as_it_was(tmp_path: Path, seed: int | None) -> None:
    outcomes = {"errored": 0.3, "expired": 0.2}
    kept = Kept(tmp_path, takes=100, progressive=True, outcomes=outcomes, seed=seed)
    id = kept.store.add(texts(40)).id
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
    for pause in (1, 0, 0):
        for _ in range(4):
            ids.insert(0, kept.store.add(texts()).id)
            kept.clock.advance(pause)
        kept.again()
        assert [one.id for one in kept.store.newest_first()] == ids
    assert len(set(ids)) == 12


def test_a_deleted_batch_stays_deleted_and_its_id_is_not_used_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    ids = [kept.store.add(texts(2)).id for _ in range(2)]
    kept.store.remove(now(kept.store, ids[0]))
    assert kept.files == files_of(ids[1])
    kept.again()
    assert [one.id for one in kept.store.newest_first()] == [ids[1]]
    kept.store.remove(now(kept.store, ids[1]))
    assert kept.files == []
    assert kept.again().newest_first() == []
    assert kept.store.add(texts()).id not in ids


def test_results_being_read_outlive_their_deletion(tmp_path: Path) -> None:
    kept = Kept(tmp_path, reply=lambda _: "y" * 2000)
    big = now(kept.store, kept.store.add(texts(500)).id)
    reading = big.results.blocks()
    first = next(reading)
    kept.store.remove(big)
    assert len(first) < big.results.size
    assert len((first + b"".join(reading)).splitlines()) == 500


def test_many_and_large_requests_outlive_a_store(tmp_path: Path) -> None:
    kept = Kept(tmp_path, takes=60)
    text = "caf\u00e9 \u2028 \n \U0001f600 " * 500
    id = kept.store.add(texts(300, messages=[{"role": "user", "content": text}])).id
    assert (tmp_path / f"{id}.requests.jsonl").stat().st_size > 1 << 20
    kept.again()
    kept.clock.advance(60)
    found = now(kept.store, id)
    assert {row["custom_id"] for row in rows(found)} == {f"id-{number}" for number in range(300)}
    assert json.loads(found.requests[299])["params"]["messages"][0]["content"] == text


# creates that fail

REFUSED: dict[str, bytes] = {
    "cut": create_body(3)[:-10],
    "extra key": create_body(3)[:-1] + b', "x": 1}',
    "twice": create_body(3).replace(b"id-2", b"id-1"),
    "too many": create_body(6),
    "bad request": b'{"requests": [{}]}',
    "empty": b'{"requests": []}',
}


@cases("body", REFUSED)
def test_a_refused_create_leaves_nothing(tmp_path: Path, body: bytes) -> None:
    kept = Kept(tmp_path, limits=Limits(requests=5))
    assert ask(kept.store, "POST", BATCHES, body).status == 400
    assert kept.files == []
    assert kept.store.newest_first() == []
    assert ask(kept.store, "POST", BATCHES, create_body(3)).status == 200


def test_a_create_that_does_not_fit_the_queue_leaves_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path, queue=5)
    with pytest.raises(Refusal):
        kept.store.add(texts(6))
    assert kept.files == []


class Broken:
    """A body that breaks off."""

    length = 1000

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield create_body(3)[:-40]
        raise self._error("gone")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, ConnectionResetError])
def test_a_create_that_breaks_off_leaves_nothing(
    tmp_path: Path, error: type[BaseException]
) -> None:
    kept = Kept(tmp_path)
    with pytest.raises(error, match="gone"):
        handle(kept.store, Request("POST", BASE + BATCHES, HEAD, Broken(error)))
    assert kept.files == []
    assert kept.store.newest_first() == []


# crashes and damage


def test_what_a_crash_leaves_is_not_a_batch(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(texts(2)).id
    other = id[:-4] + "0000"
    (tmp_path / f"{other}.requests.jsonl").write_text("{}\n")
    (tmp_path / f"{other}.json.new").write_text("{")
    (tmp_path / "notes.txt").write_text("mine")
    assert [one.id for one in kept.again().newest_first()] == [id]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def state_file(change: Callable[[dict[str, Any]], object]) -> Callable[[Path, str], None]:
    """Return damage to the state of a batch."""

    def damage(folder: Path, id: str) -> None:
        path = folder / f"{id}.json"
        changed = change(json.loads(path.read_text()))
        path.write_text(changed if isinstance(changed, str) else json.dumps(changed))

    return damage


def missing(what: str) -> Callable[[Path, str], None]:
    return lambda folder, batch: (folder / f"{batch}.{what}.jsonl").unlink()


def one_row(folder: Path, id: str) -> None:
    (folder / f"{id}.requests.jsonl").write_bytes(b"{}\n")


DAMAGES: dict[str, tuple[Callable[[Path, str], None], str]] = {
    "empty": (state_file(lambda _: ""), "Expecting value"),
    "cut": (state_file(lambda _: "{"), "Expecting property name"),
    "zeros": (state_file(lambda _: "\x00"), "Expecting value"),
    "list": (state_file(lambda _: []), "not an object"),
    "null": (state_file(lambda _: None), "not an object"),
    "nothing": (state_file(lambda _: {}), "id is None"),
    "id alone": (state_file(lambda _: {"id": "msgbatch_1"}), "number is None"),
    "time of text": (state_file(lambda state: {**state, "created": "x"}), "created is 'x'"),
    "looks true": (state_file(lambda state: {**state, "looks": True}), "looks is True"),
    "counts list": (state_file(lambda state: {**state, "counts": []}), r"counts is \[\]"),
    "counts none": (state_file(lambda state: {**state, "counts": {}}), "counts is {}"),
    "count of text": (
        state_file(lambda state: {**state, "counts": {**state["counts"], "processing": "0"}}),
        "counts is {'processing': '0'",
    ),
    "count of float": (
        state_file(lambda state: {**state, "counts": {**state["counts"], "succeeded": 3.0}}),
        "counts is .*'succeeded': 3.0",
    ),
    "no requests": (missing("requests"), "No such file"),
    "no results": (missing("results"), "No such file"),
    "too few requests": (one_row, "1 of 3 rows are there"),
}


@cases("damage, message", DAMAGES)
def test_damage_is_a_clear_error(
    tmp_path: Path, damage: Callable[[Path, str], None], message: str
) -> None:
    kept = Kept(tmp_path)
    id = kept.store.add(texts(3)).id
    assert now(kept.store, id).status == "ended"
    damage(tmp_path, id)
    expected = f"{id}.json: the state of an emulator or a batch is damaged: .*{message}"
    with pytest.raises(ValueError, match=expected) as raised:
        kept.again()
    assert "\n" not in str(raised.value)


def test_a_damaged_note_is_a_clear_error(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.store.add(texts())
    (tmp_path / "emulator.json").write_text('{"seed": 1}')
    with pytest.raises(ValueError, match=r"emulator\.json: .* is damaged: made is None"):
        kept.again()


def test_a_folder_is_created_but_a_file_is_refused(tmp_path: Path) -> None:
    assert Kept(tmp_path / "a" / "b").files == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Store(state=tmp_path / "file")


# a full disk


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """Return a function after which no file can grow beyond so many bytes, until the test ends."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


FULL = (500, "api_error")


def test_a_create_on_a_full_disk_is_an_error_and_leaves_nothing(
    tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    kept = Kept(tmp_path)
    first = kept.store.add(texts(2)).id
    rows_before = content(now(kept.store, first))
    for count in (100, 10_000):
        full_disk(4096)
        response = ask(kept.store, "POST", BATCHES, create_body(count))
        full_disk(1 << 30)
        assert response.error[:2] == FULL
        assert response.error[2].startswith("Internal server error: ")
        assert kept.files == files_of(first)
    assert content(now(kept.store, first)) == rows_before
    assert [one.id for one in kept.again().newest_first()] == [first]
    assert content(now(kept.store, first)) == rows_before
    assert ask(kept.store, "POST", BATCHES, create_body(100)).status == 200


def test_a_note_on_a_full_disk_is_an_error_and_leaves_nothing(
    tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    kept = Kept(tmp_path)
    full_disk(0)
    assert ask(kept.store, "POST", BATCHES, create_body()).error[:2] == FULL
    full_disk(1 << 30)
    assert {path.name for path in tmp_path.iterdir()} == {"emulator.lock"}


@pytest.mark.parametrize(
    ("size", "count", "progressive"),
    [(0, 1000, False), (4096, 1000, False), (1_500_000, 1000, False), (4096, 300, True)],
)
def test_a_batch_that_cannot_end_on_a_full_disk_ends_later(
    tmp_path: Path, full_disk: Callable[[int], None], size: int, count: int, progressive: bool
) -> None:
    """Against results written twice, and counts of rows that were not written."""
    kept = Kept(tmp_path, takes=60, reply=lambda _: "x" * 2000, progressive=progressive)
    ended = kept.store.add(texts(3)).id
    kept.clock.advance(60)
    before = content(now(kept.store, ended))
    id = kept.store.add(texts(count)).id
    path = f"{BATCHES}/{id}"
    full_disk(size)
    for _ in range(2):
        # looks and progress need not be kept
        assert ask(kept.store, "GET", path).status == 200
        kept.clock.advance(30)
    for _ in range(2):
        assert ask(kept.store, "GET", path).error[:2] == FULL
    assert content(now(kept.store, ended)) == before
    listed = ask(kept.store, "GET", BATCHES)
    assert [one["id"] for one in listed.json["data"]] == [id, ended]
    full_disk(1 << 30)
    for store in (kept.store, kept.again()):
        batch = now(store, id)
        assert counted(batch) == {"succeeded": count}
        assert len({row["custom_id"] for row in rows(batch)}) == len(rows(batch)) == count


def test_a_cancel_on_a_full_disk_does_not_happen(
    tmp_path: Path, full_disk: Callable[[int], None]
) -> None:
    kept = Kept(tmp_path, takes=60)
    id = kept.store.add(texts()).id
    full_disk(0)
    assert ask(kept.store, "POST", f"{BATCHES}/{id}/cancel").error[:2] == FULL
    assert now(kept.store, id).status == "in_progress"
    full_disk(1 << 30)
    assert now(kept.again(), id).status == "in_progress"
    assert ask(kept.store, "POST", f"{BATCHES}/{id}/cancel").status == 200


# one emulator at a time


def test_a_folder_is_for_one_store_at_a_time(tmp_path: Path) -> None:
    store = Store(state=tmp_path)
    with pytest.raises(OSError, match=f"in use by another emulator .process {os.getpid()}.$"):
        Store(state=tmp_path)
    store.close()
    store.close()
    with serve(state=tmp_path), pytest.raises(OSError, match="in use by another emulator"):
        Store(state=tmp_path)
    Store(state=tmp_path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_the_lock_of_a_folder_dies_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from anthropix_py.emulator import Store\n"
        "store = Store(state=sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(OSError, match=f"process {process.pid}"):
            Store(state=tmp_path)
        process.kill()
    Store(state=tmp_path).close()


# open files


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_many_batches_hold_no_files_open(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(30):
        now(kept.store, kept.store.add(texts(2)).id)
    assert len(os.listdir("/proc/self/fd")) <= before


def test_results_that_nobody_reads_leave_no_file_open(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    id = now(kept.store, kept.store.add(texts()).id).id
    response = handle(kept.store, Request("GET", f"{BASE}{BATCHES}/{id}/results", HEAD))
    assert response.status == 200
    response.close()
    assert list(response.chunks) == []
    assert counted(now(kept.store, id)) == {"succeeded": 1}
