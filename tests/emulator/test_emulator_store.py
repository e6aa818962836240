from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator import ManualClock, Store
from anthropix_py.emulator._batch import Batch, timestamp

DAY = 24 * 3600.0
PARAMS: dict[str, Any] = {
    "model": "m",
    "max_tokens": 1,
    "messages": [{"role": "user", "content": "hi"}],
}
KINDS = ["processing", "succeeded", "errored", "canceled", "expired"]
START = 1_790_000_000.0


def lines_of(batch: Batch) -> list[bytes]:
    return b"".join(batch.results.pieces()).splitlines(keepends=True)


def requests(count: int = 1, params: dict[str, Any] = PARAMS) -> list[str]:
    return [json.dumps({"custom_id": f"id-{number}", "params": params}) for number in range(count)]


def now(store: Store, batch: Batch) -> Batch:
    found = store.get(batch.id)
    assert found is batch
    return batch


def look(store: Store, batch: Batch) -> str:
    """Do what `show` does."""
    now(store, batch).looks += 1
    return batch.status


def counted(batch: Batch) -> dict[str, int]:
    return {kind: count for kind, count in batch.counts.items() if count}


def rows(batch: Batch) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(batch)]


# --- the end --------------------------------------------------------------------------------------

Steps = list[tuple[str, str]]  # what happens ("+N" seconds, "look", "get"), and the status then
GO, END = "in_progress", "ended"


@pytest.mark.parametrize(
    ("takes", "looks", "steps"),
    [
        (0, 0, [("get", END)]),
        (0, 0, [("look", END), ("look", END)]),
        (60, 0, [("get", GO), ("+59.999", GO), ("+0.001", END)]),
        (60, 0, [("+60", END)]),
        (60, 0, [("look", GO), ("look", GO), ("look", GO), ("+60", END)]),
        (60, 0, [("+3600", END), ("+3600", END)]),
        (0.5, 0, [("+0.25", GO), ("+0.25", END)]),
        (0, 1, [("get", GO), ("get", GO), ("look", GO), ("get", END)]),
        (0, 3, [("look", GO), ("look", GO), ("look", GO), ("look", END)]),
        (0, 2, [("+3600", GO), ("+3600", GO), ("look", GO), ("look", GO), ("+0", END)]),
        (60, 2, [("look", GO), ("look", GO), ("get", GO), ("+60", END)]),
        (60, 2, [("+60", GO), ("look", GO), ("get", GO), ("look", GO), ("get", END)]),
        (60, 1, [("+59", GO), ("look", GO), ("get", GO), ("+1", END)]),
        (DAY, 0, [("+86399", GO), ("+1", END)]),
        (float("inf"), 0, [("+86399", GO), ("+1", END)]),
        (0, 10**9, [("look", GO), ("+86399", GO), ("+1", END)]),
    ],
    ids=[
        "now",
        "now-look",
        "60",
        "60-at-once",
        "60-looks",
        "60-late",
        "half",
        "1-look",
        "3-looks",
        "2-looks-time",
        "both-looks-first",
        "both-time-first",
        "both-1",
        "day",
        "never",
        "never-looked",
    ],
)
def test_the_status_over_time(takes: float, looks: int, steps: Steps) -> None:
    clock = ManualClock()
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(requests())
    assert batch.status == GO
    for index, (step, status) in enumerate(steps):
        if step == "look":
            assert look(store, batch) == status, index
        else:
            clock.advance(float(step) if step != "get" else 0)
            assert now(store, batch).status == status, index


@pytest.mark.parametrize(
    ("takes", "looks", "wait", "ended"),
    [
        (0, 0, 5, 0),
        (60, 0, 60, 60),
        (60, 0, 3600, 60),
        (60, 0, 3 * DAY, 60),
        (DAY, 0, 2 * DAY, DAY),
        (DAY + 1, 0, 2 * DAY, DAY),
        (float("inf"), 0, 30 * DAY, DAY),
        (0, 1, 30 * DAY, DAY),
    ],
    ids=["now", "60", "60-late", "60-days", "day", "day+1", "never", "unseen"],
)
def test_a_batch_ends_when_it_was_due(takes: float, looks: int, wait: float, ended: float) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(requests())
    clock.advance(wait)
    assert now(store, batch).ended == START + ended


def test_once_ended_nothing_moves() -> None:
    clock = ManualClock()
    store = Store(takes=5, clock=clock)
    batch = store.add(requests(3))
    clock.advance(5)
    before = now(store, batch).as_json("http://x", clock.now())
    clock.advance(2 * DAY)
    assert now(store, batch).as_json("http://x", clock.now()) == before


def test_the_list_moves_batches_too() -> None:
    clock = ManualClock()
    store = Store(takes=60, clock=clock)
    old = store.add(requests())
    clock.advance(30)
    new = store.add(requests())
    clock.advance(30)
    assert [(batch.id, batch.status) for batch in store.newest_first()] == [
        (new.id, GO),
        (old.id, END),
    ]


def test_the_reply_is_asked_only_at_the_end_and_once() -> None:
    asked: list[str] = []

    def reply(request: dict[str, Any]) -> str:
        asked.append(request["custom_id"])
        return "x"

    clock = ManualClock()
    store = Store(takes=60, reply=reply, clock=clock)
    batch = store.add(requests(3))
    now(store, batch)
    assert asked == []
    clock.advance(60)
    for _ in range(3):
        now(store, batch)
    assert asked == ["id-0", "id-1", "id-2"]


# --- expiry, archive, cancel ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes", "wait", "counts"),
    [
        (2 * DAY, DAY - 0.001, {"processing": 3}),
        (2 * DAY, DAY, {"expired": 3}),
        (2 * DAY, 2 * DAY, {"expired": 3}),
        (2 * DAY, 40 * DAY, {"expired": 3}),
        (DAY + 0.001, DAY, {"expired": 3}),
        (DAY, DAY, {"succeeded": 3}),
        (DAY - 1, 40 * DAY, {"succeeded": 3}),
    ],
    ids=["before", "at", "after", "archived", "just-late", "just-in-time", "asked-late"],
)
def test_expiry_after_a_day(takes: float, wait: float, counts: dict[str, int]) -> None:
    clock = ManualClock()
    store = Store(takes=takes, clock=clock)
    batch = store.add(requests(3))
    clock.advance(wait)
    assert counted(now(store, batch)) == counts
    if "expired" in counts:
        assert [row["result"] for row in rows(batch)] == [{"type": "expired"}] * 3


@pytest.mark.parametrize(
    ("wait", "archived"),
    [(0, None), (DAY, None), (29 * DAY - 0.001, None), (29 * DAY, 29 * DAY), (400 * DAY, 29 * DAY)],
    ids=["new", "day", "before", "at", "year"],
)
@pytest.mark.parametrize("takes", [0, 3600, 2 * DAY], ids=["now", "hour", "expired"])
def test_results_are_kept_29_days_from_creation(
    takes: float, wait: float, archived: float | None
) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, clock=clock)
    batch = store.add(requests())
    clock.advance(wait)
    expected = None if archived is None else START + archived
    assert now(store, batch).archived(clock.now()) == expected
    assert batch.as_json("http://x", clock.now())["archived_at"] == timestamp(expected)


@pytest.mark.parametrize(
    ("takes", "looks"),
    [(60, 0), (0, 5), (60, 5), (2 * DAY, 0)],
    ids=["60", "5-looks", "both", "expiring"],
)
def test_cancel(takes: float, looks: int) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(requests(4))
    clock.advance(7)
    store.cancel(now(store, batch))
    assert (batch.status, batch.canceled, batch.ended, counted(batch)) == (
        "canceling",
        START + 7,
        None,
        {"processing": 4},
    )
    clock.advance(3)
    assert now(store, batch).status == "ended"
    assert (batch.canceled, batch.ended, counted(batch)) == (START + 7, START + 7, {"canceled": 4})
    assert [row["result"] for row in rows(batch)] == [{"type": "canceled"}] * 4


def test_cancel_twice_keeps_the_first_time() -> None:
    clock = ManualClock(START)
    store = Store(takes=60, clock=clock)
    batch = store.add(requests())
    store.cancel(batch)
    clock.advance(5)
    store.cancel(batch)
    assert batch.canceled == START


def test_cancel_is_stronger_than_the_end_that_was_due() -> None:
    clock = ManualClock(START)
    store = Store(takes=60, clock=clock)
    batch = store.add(requests(2))
    store.cancel(batch)
    clock.advance(60)
    assert counted(now(store, batch)) == {"canceled": 2}


# --- counts and results ---------------------------------------------------------------------------

NAN = float("nan")
ANSWERS: list[Any] = [
    "text",
    None,
    {"type": "canceled"},
    {"type": "expired"},
    {"type": "message"},
    {"type": "odd"},
]


@given(
    answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=12),
    takes=st.sampled_from([0.0, 60.0, 2 * DAY]),
    looks=st.integers(0, 3),
    steps=st.lists(st.sampled_from(["look", "cancel", "minute", "day", "month"]), max_size=8),
)
def test_the_counts_always_sum_to_the_requests(
    answers: list[Any], takes: float, looks: int, steps: list[str]
) -> None:
    given_answers = iter(answers)
    clock = ManualClock()
    store = Store(takes=takes, looks=looks, reply=lambda _: next(given_answers), clock=clock)
    batch = store.add(requests(len(answers)))
    for step in ["", *steps, "look"]:
        if step == "look":
            look(store, batch)
        elif step == "cancel" and now(store, batch).status != "ended":
            store.cancel(batch)
        clock.advance({"minute": 60.0, "day": DAY, "month": 30 * DAY}.get(step, 0))
        now(store, batch)
        assert list(batch.counts) == KINDS
        assert sum(batch.counts.values()) == len(answers)
        assert (batch.counts["processing"] == 0) is (batch.status == "ended")
    if batch.status == "ended":
        tally = dict.fromkeys(KINDS, 0)
        for row in rows(batch):
            tally[row["result"]["type"]] += 1
        assert tally == batch.counts


def test_counts_tell_the_replies_apart() -> None:
    given_answers = iter(ANSWERS)
    store = Store(reply=lambda _: next(given_answers), clock=ManualClock())
    batch = store.add(requests(len(ANSWERS)))
    assert counted(now(store, batch)) == {"succeeded": 2, "errored": 2, "canceled": 1, "expired": 1}


def test_every_row_at_fault_still_ends() -> None:
    store = Store(clock=ManualClock())
    batch = store.add(requests(5, {}))
    assert counted(now(store, batch)) == {"errored": 5}


def test_results_are_shuffled_but_the_same_every_time() -> None:
    orders = []
    for _ in range(3):
        store = Store(clock=ManualClock(), seed=7)
        batch = now(store, store.add(requests(50)))
        orders.append([row["custom_id"] for row in rows(batch)])
        assert rows(batch) == rows(batch)
    sent = [json.loads(request)["custom_id"] for request in requests(50)]
    assert orders[0] == orders[1] == orders[2]
    assert orders[0] != sent
    assert sorted(orders[0]) == sorted(sent)


def test_the_order_is_another_with_another_seed_and_in_another_batch() -> None:
    orders = []
    for seed in (1, 2):
        store = Store(clock=ManualClock(), seed=seed)
        for _ in range(2):
            batch = now(store, store.add(requests(50)))
            orders.append(tuple(row["custom_id"] for row in rows(batch)))
    assert len(set(orders)) == 4


@pytest.mark.parametrize(
    "text",
    ["plain", "a\nb\r\n", "\u2028\u2029\x85", '"\\', "\0\x1f", "\U0001f600", "", "</script>"],
    ids=["plain", "newline", "separators", "quotes", "control", "emoji", "empty", "html"],
)
def test_a_result_is_one_line_of_utf8(text: str) -> None:
    store = Store(reply=lambda _: text, clock=ManualClock())
    batch = now(store, store.add(requests(2)))
    lines = list(lines_of(batch))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [list(row) for row in rows(batch)] == [["custom_id", "result"]] * 2
    assert {row["result"]["message"]["content"][0]["text"] for row in rows(batch)} == {text}


def test_results_are_not_escaped_to_ascii() -> None:
    store = Store(reply=lambda _: "caf\u00e9\u2028", clock=ManualClock())
    assert "caf\u00e9\u2028".encode() in b"".join(lines_of(now(store, store.add(requests()))))


def test_a_lone_surrogate_does_not_break_the_results() -> None:
    store = Store(reply=lambda _: "a\ud800b", clock=ManualClock())
    batch = now(store, store.add(requests()))
    assert b"".join(lines_of(batch)).decode("utf-8").endswith("\n")
    assert len(rows(batch)) == 1


def test_a_batch_in_progress_has_no_lines() -> None:
    store = Store(takes=60, clock=ManualClock())
    assert list(lines_of(now(store, store.add(requests())))) == []


# --- the object -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, None),
        (0.0, "1970-01-01T00:00:00.000000+00:00"),
        (START, "2026-09-21T14:13:20.000000+00:00"),
        (1_787_150_691.493319, "2026-08-19T14:44:51.493319+00:00"),
        (0.5, "1970-01-01T00:00:00.500000+00:00"),
        (0.9999999, "1970-01-01T00:00:01.000000+00:00"),
        (1_789_999_999.9999999, "2026-09-21T14:13:20.000000+00:00"),
    ],
    ids=["none", "zero", "start", "captured", "half", "rounds", "rounds-up"],
)
def test_times_are_written_to_the_microsecond(seconds: float | None, text: str | None) -> None:
    assert timestamp(seconds) == text


@given(st.floats(1.5e9, 2.0e9))
def test_expiry_is_a_day_after_creation_to_the_microsecond(start: float) -> None:
    clock = ManualClock(start)
    store = Store(takes=60, clock=clock)
    found = store.add(requests()).as_json("http://x", clock.now())
    created, expires = (datetime.fromisoformat(found[key]) for key in ("created_at", "expires_at"))
    assert expires - created == timedelta(days=1)
    assert created.tzinfo == UTC


def test_the_object_is_a_copy() -> None:
    store = Store(takes=60, clock=ManualClock())
    batch = store.add(requests())
    batch.as_json("http://x", 0.0)["request_counts"]["processing"] = 99
    assert counted(batch) == {"processing": 1}


# --- stores ---------------------------------------------------------------------------------------


def test_two_stores_share_nothing() -> None:
    clock = ManualClock()
    one, other = Store(clock=clock, takes=60), Store(clock=clock, takes=60)
    batch = one.add(requests(2))
    assert other.newest_first() == []
    assert other.get(batch.id) is None
    twin = other.add(requests(3))
    assert twin is not batch
    one.cancel(batch)
    one.remove(now(one, batch))
    assert one.newest_first() == []
    assert now(other, twin).status == "in_progress"
    assert counted(twin) == {"processing": 3}


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)], ids=["same", "other"])
def test_the_seed_decides_the_ids(seed: int, same: bool) -> None:
    ids = [
        [store.add(requests()).id for _ in range(3)] for store in (Store(seed=0), Store(seed=seed))
    ]
    assert (ids[0] == ids[1]) is same


@pytest.mark.parametrize("kind", ["msgbatch", "req"])
def test_ids_look_like_those_of_the_api(kind: str) -> None:
    store = Store()
    ids = [store.request_id() if kind == "req" else store.add(requests()).id for _ in range(200)]
    assert len(set(ids)) == 200
    for id in ids:
        head, _, tail = id.partition("_")
        assert (head, tail[:2], len(tail)) == (kind, "01", 24)
        assert tail.isascii()
        assert tail.isalnum()


def test_an_unknown_id_is_none() -> None:
    store = Store(clock=ManualClock())
    batch = store.add(requests())
    for id in ("", "nope", batch.id.upper(), batch.id + " ", batch.id[:-1]):
        assert store.get(id) is None


def test_remove_forgets_one_batch_alone() -> None:
    store = Store(clock=ManualClock())
    batches = [store.add(requests()) for _ in range(3)]
    store.remove(batches[1])
    assert store.newest_first() == [batches[2], batches[0]]
    assert store.get(batches[1].id) is None
    with pytest.raises(KeyError):
        store.remove(batches[1])


@pytest.mark.parametrize(
    "options",
    [
        {"takes": -1},
        {"looks": -1},
        {"takes": -0.001},
        {"takes": float("-inf")},
        {"takes": NAN},
        {"cancel_takes": -1},
    ],
    ids=["takes", "looks", "ms", "-inf", "nan", "cancel"],
)
def test_negative_options_are_refused(options: dict[str, Any]) -> None:
    [(name, value)] = options.items()
    with pytest.raises(ValueError, match=f"{name} must be at least 0, not {value}"):
        Store(**options)


def test_a_canceling_batch_takes_its_time() -> None:
    clock = ManualClock(START)
    store = Store(takes=60, cancel_takes=5, clock=clock)
    batch = store.add(requests(2))
    store.cancel(batch)
    clock.advance(4)
    assert now(store, batch).status == "canceling"
    clock.advance(1)
    assert now(store, batch).status == "ended"
    assert batch.ended == START + 5


@pytest.mark.parametrize(
    ("takes", "looks", "steps", "ended", "kind"),
    [
        (0, 1, [30 * DAY], DAY, "expired"),
        (60, 1, [1, 30 * DAY], 60, "succeeded"),
        (0, 2, [1, 20, 30 * DAY], 21, "succeeded"),
        (2 * DAY, 0, [30 * DAY], DAY, "expired"),
    ],
    ids=["never looked", "looked before it was due", "the second look", "too long"],
)
def test_a_batch_ends_when_what_ended_it_came_about(
    takes: float, looks: int, steps: list[float], ended: float, kind: str
) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(requests(1))
    for index, step in enumerate(steps):
        clock.advance(step)
        if now(store, batch).status != "ended" and index < len(steps) - 1:
            store.look(batch)
    assert (batch.ended, counted(batch)) == (START + ended, {kind: 1})


BROKEN: dict[str, Any] = {
    "not JSON": lambda _: {"type": "message", "content": object()},
    "NaN": lambda _: {"type": "message", "content": float("nan")},
    "a tuple for a key": lambda _: {"type": "message", (1, 2): 3},
    "a changed request": lambda request: request["params"].clear() or "x",
    "raising": lambda _: 1 / 0,
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_a_broken_reply_errs_its_own_request_once(reply: Any) -> None:
    store = Store(reply=reply)
    batch = store.add(requests(2))
    for _ in range(3):
        assert counted(now(store, batch)) == {"errored": 2}
    assert [row["result"]["error"]["error"]["type"] for row in rows(batch)] == ["api_error"] * 2


def test_options_are_named() -> None:
    make: Any = Store
    with pytest.raises(TypeError):
        make(5)
    with pytest.raises(TypeError):
        make(tokes=5)


def test_threads_may_share_a_store() -> None:
    store = Store(clock=ManualClock())
    made: list[Batch] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait(5)
        for _ in range(25):
            batch = store.add(requests(3))
            made.append(now(store, batch))
            store.newest_first()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len({batch.id for batch in made}) == 200
    assert len(store.newest_first()) == 200
    assert all(counted(batch) == {"succeeded": 3} and len(rows(batch)) == 3 for batch in made)
