"""One batch over time: when it ends and how, what it counts, and how its results look."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from emulator_samples import DAY, cases, content, counted, now, rows, texts
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator import ManualClock, Store
from anthropix_py.emulator._batch import timestamp

KINDS = ["processing", "succeeded", "errored", "canceled", "expired"]
START = 1_790_000_000.0
NEVER = float("inf")

# the end

# Steps: `+N` seconds, `get`, or `look`, which `show` counts. In progress up to `|`, then ended.
OVER_TIME: dict[str, tuple[float, int, str]] = {
    "at once": (0, 0, "| get"),
    "at once, look": (0, 0, "| look look"),
    "60 s": (60, 0, "get +59.999 | +0.001"),
    "60 s at once": (60, 0, "| +60"),
    "60 s, looks do not matter": (60, 0, "look look look | +60"),
    "60 s, late": (60, 0, "| +3600 +3600"),
    "half a second": (0.5, 0, "+0.25 | +0.25"),
    "1 look": (0, 1, "get get look | get"),
    "3 looks": (0, 3, "look look look | look"),
    "2 looks, time does not matter": (0, 2, "+3600 +3600 look look | +0"),
    "both, looks first": (60, 2, "look look get | +60"),
    "both, time first": (60, 2, "+60 look get look | get"),
    "a day": (DAY, 0, "+86399 | +1"),
    "never": (NEVER, 0, "+86399 | +1"),
    "never looked at enough": (0, 10**9, "look +86399 | +1"),
}


@cases("takes, looks, steps", OVER_TIME)
def test_the_status_over_time(takes: float, looks: int, steps: str) -> None:
    clock = ManualClock()
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(texts())
    status = "in_progress"
    assert batch.status == status
    for index, step in enumerate(steps.split()):
        if step == "|":
            status = "ended"
            continue
        if step.startswith("+"):
            clock.advance(float(step))
        assert now(store, batch).status == status, index
        if step == "look":
            batch.looks += 1


ENDS: dict[str, tuple[float, int, float, float]] = {
    "at once": (0, 0, 5, 0),
    "60 s": (60, 0, 60, 60),
    "60 s, an hour late": (60, 0, 3600, 60),
    "60 s, days late": (60, 0, 3 * DAY, 60),
    "a day": (DAY, 0, 2 * DAY, DAY),
    "just over a day": (DAY + 1, 0, 2 * DAY, DAY),
    "never": (NEVER, 0, 30 * DAY, DAY),
    "never looked at": (0, 1, 30 * DAY, DAY),
}


@cases("takes, looks, wait, ended", ENDS)
def test_a_batch_ended_when_it_was_due(takes: float, looks: int, wait: float, ended: float) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(texts())
    clock.advance(wait)
    shown = now(store, batch).as_json("http://x", clock.now())
    assert batch.ended == START + ended
    clock.advance(0.5)
    assert now(store, batch).as_json("http://x", clock.now()) == shown


LOOKED: dict[str, tuple[float, int, list[float], float, str]] = {
    "before it was due": (60, 1, [1, 30 * DAY], 60, "succeeded"),
    "twice": (0, 2, [1, 20, 30 * DAY], 21, "succeeded"),
    "too late": (2 * DAY, 0, [30 * DAY], DAY, "expired"),
}


@cases("takes, looks, steps, ended, kind", LOOKED)
def test_a_batch_ended_at_its_last_look(
    takes: float, looks: int, steps: list[float], ended: float, kind: str
) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, clock=clock)
    batch = store.add(texts())
    for step in steps:
        clock.advance(step)
        if now(store, batch).status != "ended" and step is not steps[-1]:
            store.count_look(batch)
    assert (batch.ended, counted(batch)) == (START + ended, {kind: 1})


def test_the_reply_is_asked_only_at_the_end_and_once() -> None:
    asked: list[str] = []

    def reply(request: dict[str, Any]) -> str:
        asked.append(request["custom_id"])
        return "x"

    clock = ManualClock()
    store = Store(takes=60, reply=reply, clock=clock)
    batch = now(store, store.add(texts(3)))
    assert asked == []
    clock.advance(60)
    for _ in range(3):
        now(store, batch)
    assert asked == ["id-0", "id-1", "id-2"]


# expiry, archive, cancellation

EXPIRY: dict[str, tuple[float, float, str]] = {
    "before": (2 * DAY, DAY - 0.001, "processing"),
    "at": (2 * DAY, DAY, "expired"),
    "after": (2 * DAY, 40 * DAY, "expired"),
    "just too late": (DAY + 0.001, DAY, "expired"),
    "just in time": (DAY, DAY, "succeeded"),
    "asked late": (DAY - 1, 40 * DAY, "succeeded"),
}


@cases("takes, wait, kind", EXPIRY)
def test_a_batch_expires_after_a_day(takes: float, wait: float, kind: str) -> None:
    clock = ManualClock()
    store = Store(takes=takes, clock=clock)
    batch = store.add(texts(3))
    clock.advance(wait)
    assert counted(now(store, batch)) == {kind: 3}
    if kind == "expired":
        assert [row["result"] for row in rows(batch)] == [{"type": "expired"}] * 3


@pytest.mark.parametrize("wait", [0, DAY, 29 * DAY - 0.001, 29 * DAY, 400 * DAY])
@pytest.mark.parametrize("takes", [0, 2 * DAY], ids=["ended", "expired"])
def test_results_are_kept_29_days_from_creation(takes: float, wait: float) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, clock=clock)
    batch = store.add(texts())
    clock.advance(wait)
    expected = None if wait < 29 * DAY else START + 29 * DAY
    assert now(store, batch).archived(clock.now()) == expected
    assert batch.as_json("http://x", clock.now())["archived_at"] == timestamp(expected)


CANCELED: dict[str, tuple[float, int, float]] = {
    "60 s": (60, 0, 0),
    "5 looks": (0, 5, 0),
    "expiring": (2 * DAY, 0, 0),
    "takes 5 s": (60, 0, 5),
    # a cancellation wins against the end that was due
    "takes longer than the rest": (10, 0, 30),
}


@cases("takes, looks, cancel_takes", CANCELED)
def test_cancel(takes: float, looks: int, cancel_takes: float) -> None:
    clock = ManualClock(START)
    store = Store(takes=takes, looks=looks, cancel_takes=cancel_takes, clock=clock)
    batch = store.add(texts(4))
    clock.advance(7)
    store.cancel(now(store, batch))
    assert (batch.status, batch.canceled, batch.ended) == ("canceling", START + 7, None)
    assert counted(batch) == {"processing": 4}
    store.cancel(batch)
    clock.advance(cancel_takes)
    kind = "succeeded" if takes == 10 else "canceled"
    assert counted(now(store, batch)) == {kind: 4}
    assert (batch.status, batch.canceled) == ("ended", START + 7)
    assert batch.ended == START + min(7 + cancel_takes, takes or NEVER)


# counts


@pytest.mark.parametrize(
    ("progressive", "expected"), [(True, [0, 2, 5, 7, 9, 10]), (False, [0, 0, 0, 0, 0, 10])]
)
def test_counts_over_time(progressive: bool, expected: list[int]) -> None:
    clock = ManualClock()
    store = Store(takes=100, progressive=progressive, clock=clock)
    batch = store.add(texts(10))
    found = []
    for step in (0, 25, 25, 25, 24, 1):
        clock.advance(step)
        found.append(now(store, batch).counts["succeeded"])
        assert sum(batch.counts.values()) == 10
        assert (batch.status == "ended") is (found[-1] == 10)
        assert content(batch) == b"" or batch.status == "ended"
    assert found == expected


PARTLY: dict[str, tuple[float, float, str, int]] = {
    "canceled": (100, 30, "canceled", 3),
    "canceled at once": (100, 0, "canceled", 0),
    "expired half done": (2 * DAY, DAY, "expired", 5),
    "expired a third done": (3 * DAY, DAY, "expired", 3),
}


@cases("takes, wait, kind, done", PARTLY)
def test_what_was_done_is_kept(takes: float, wait: float, kind: str, done: int) -> None:
    clock = ManualClock()
    store = Store(takes=takes, cancel_takes=20, progressive=True, clock=clock)
    batch = store.add(texts(10))
    clock.advance(wait)
    if kind == "canceled":
        store.cancel(now(store, batch))
        clock.advance(10)
        # no more requests are started while canceling
        assert (now(store, batch).status, batch.counts["succeeded"]) == ("canceling", done)
        clock.advance(10)
    assert now(store, batch).status == "ended"
    results = {row["custom_id"]: row["result"]["type"] for row in rows(batch)}
    assert results == {
        f"id-{number}": "succeeded" if number < done else kind for number in range(10)
    }
    assert counted(batch) == ({"succeeded": done} if done else {}) | {kind: 10 - done}


REPLIES: list[Any] = [
    *("text", None, {"type": "canceled"}, {"type": "expired"}),
    *({"type": "message"}, {"type": "odd"}),
]


@given(
    replies=st.lists(st.sampled_from(REPLIES), min_size=1, max_size=12),
    takes=st.sampled_from([0.0, 60.0, 2 * DAY]),
    looks=st.integers(0, 3),
    steps=st.lists(st.sampled_from(["look", "cancel", "minute", "day", "month"]), max_size=8),
)
def test_the_counts_always_add_up_to_the_requests(
    replies: list[Any], takes: float, looks: int, steps: list[str]
) -> None:
    prepared = iter(replies)
    clock = ManualClock()
    store = Store(takes=takes, looks=looks, reply=lambda _: next(prepared), clock=clock)
    batch = store.add(texts(len(replies)))
    for step in ["", *steps, "look"]:
        if step == "look":
            now(store, batch).looks += 1
        elif step == "cancel" and now(store, batch).status != "ended":
            store.cancel(batch)
        clock.advance({"minute": 60.0, "day": DAY, "month": 30 * DAY}.get(step, 0))
        now(store, batch)
        assert list(batch.counts) == KINDS
        assert sum(batch.counts.values()) == len(replies)
        assert (batch.counts["processing"] == 0) is (batch.status == "ended")
    if batch.status == "ended":
        tally = dict.fromkeys(KINDS, 0)
        for row in rows(batch):
            tally[row["result"]["type"]] += 1
        assert tally == batch.counts


def test_the_counts_tell_the_replies_apart() -> None:
    prepared = iter(REPLIES)
    store = Store(reply=lambda _: next(prepared), clock=ManualClock())
    batch = now(store, store.add(texts(len(REPLIES))))
    assert counted(batch) == {"succeeded": 2, "errored": 2, "canceled": 1, "expired": 1}


# results


def test_results_are_shuffled_in_the_same_way_every_time() -> None:
    orders: dict[tuple[int, int], tuple[str, ...]] = {}
    for seed in (1, 2, 1):
        store = Store(clock=ManualClock(), seed=seed)
        for number in range(2):
            batch = now(store, store.add(texts(50)))
            order = tuple(row["custom_id"] for row in rows(batch))
            assert orders.setdefault((seed, number), order) == order
            assert content(batch) == content(batch)
    sent = tuple(f"id-{number}" for number in range(50))
    assert len({*orders.values(), sent}) == 5
    assert {tuple(sorted(order)) for order in orders.values()} == {tuple(sorted(sent))}


@pytest.mark.parametrize(
    "text",
    ["plain", "a\nb\r\n", "\u2028\u2029\x85", '"\\', "\0\x1f", "\U0001f600", "", "</script>"],
)
def test_a_result_is_one_line_of_utf8(text: str) -> None:
    store = Store(reply=lambda _: text, clock=ManualClock())
    batch = now(store, store.add(texts(2)))
    lines = content(batch).splitlines(keepends=True)
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert [list(row) for row in rows(batch)] == [["custom_id", "result"]] * 2
    assert {row["result"]["message"]["content"][0]["text"] for row in rows(batch)} == {text}


def test_results_are_not_escaped_to_ascii() -> None:
    store = Store(reply=lambda _: "caf\u00e9\u2028", clock=ManualClock())
    assert "caf\u00e9\u2028".encode() in content(now(store, store.add(texts())))


def test_a_lone_surrogate_does_not_break_the_results() -> None:
    store = Store(reply=lambda _: "a\ud800b", clock=ManualClock())
    batch = now(store, store.add(texts()))
    assert content(batch).decode("utf-8").endswith("\n")
    assert len(rows(batch)) == 1


def test_a_request_too_deep_to_read_again_is_errored() -> None:
    nested = "[" * 20_000 + "]" * 20_000
    line = json.dumps({"custom_id": "a", "params": {}})[:-2] + f'"messages":{nested}}}}}'
    store = Store(clock=ManualClock())
    batch = now(store, store.add([line]))
    [row] = rows(batch)
    assert (row["custom_id"], row["result"]["type"]) == ("a", "errored")


# times

TIMES: dict[str, tuple[float | None, str | None]] = {
    "none": (None, None),
    "zero": (0.0, "1970-01-01T00:00:00.000000+00:00"),
    "captured": (1_787_150_691.493319, "2026-08-19T14:44:51.493319+00:00"),
    "half": (0.5, "1970-01-01T00:00:00.500000+00:00"),
    "rounded": (0.9999999, "1970-01-01T00:00:01.000000+00:00"),
    "rounded up": (1_789_999_999.9999999, "2026-09-21T14:13:20.000000+00:00"),
}


@cases("seconds, text", TIMES)
def test_times_are_written_to_the_microsecond(seconds: float | None, text: str | None) -> None:
    assert timestamp(seconds) == text


@given(st.floats(1.5e9, 2.0e9))
def test_expiry_is_a_day_after_creation_to_the_microsecond(start: float) -> None:
    clock = ManualClock(start)
    found = Store(takes=60, clock=clock).add(texts()).as_json("http://x", clock.now())
    created, expires = (datetime.fromisoformat(found[key]) for key in ("created_at", "expires_at"))
    assert expires - created == timedelta(days=1)
    assert created.tzinfo == UTC


def test_the_object_is_a_copy() -> None:
    batch = Store(takes=60, clock=ManualClock()).add(texts())
    batch.as_json("http://x", 0.0)["request_counts"]["processing"] = 99
    assert counted(batch) == {"processing": 1}
