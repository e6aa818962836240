"""Waiting for a batch to end: what is polled and when, and the ways it stops.

The pace, and how many failures are borne, are in test_polling.
"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ID, KEY, OWN_PACE, PATH, a_batch, client, counts, error_body, error_in, table
from scripted import (
    Scripted,
    ScriptedTransport,
    TransportStep,
    answer,
    blocks,
    close,
    counted,
    fail,
    head,
    reset,
    respond,
    stall,
)

from anthropix_py import APIError, DecodeError, Policy, TransportError, WaitTimeout, batch, unwrap
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError
from anthropix_py.types import BatchRef

GOING = a_batch()
ENDED = a_batch("ended", 2)

going = respond(GOING)
ended = respond(ENDED)
slow = respond(GOING, retry_after="10")


def wait(script: ScriptedTransport, named: BatchRef = ID, **options: Any) -> tuple[str, Any]:
    """Wait for the batch as *script* has it, every step of which must be played."""
    result = batch.wait(script.client(), named, **options)
    script.assert_played()
    assert set(script.calls) <= {f"GET {PATH}"}
    return result


def sleeps(*steps: TransportStep, **options: Any) -> list[float]:
    """Return the pauses between the polls of a batch that ends after *steps*."""
    script = ScriptedTransport(*steps, ended)
    assert wait(script, **options) == ("ok", ENDED)
    return script.clock.sleeps


@pytest.mark.parametrize("count", [0, 1, 3, 12])
def test_polls_follow_their_own_pace_if_the_server_names_none(count: int) -> None:
    assert sleeps(*[going] * count) == [*OWN_PACE, 60.0, 60.0][:count]


def test_polls_follow_the_pace_of_the_latest_response() -> None:
    asked = respond(error_body(), 503, retry_after="4")
    assert sleeps(slow, going, asked, respond(GOING, retry_after_ms="2500")) == [10, 5, 4, 2.5]
    assert sleeps(slow, fail(), asked, going, interval=3) == [3, 3, 4, 3]


TROUBLE: dict[str, TransportStep] = {
    "500": respond(error_body(), 500),
    "404": respond(error_body("not_found_error"), 404, x_should_retry="false"),
    "a ramp limit": respond(error_body("x", error_code="ramp_limit_exceeded"), 429),
    "HTML from a gateway": respond(b"<html>Bad Gateway</html>", 502),
    "an empty 529": respond(b"", 529, content_length="0"),
    "a cut response": blocks(b'{"id": "msgb', TransportError("closed", "reset", sent=True)),
    "a dropped connection": fail(),
    "no connection": fail("connect", sent=False),
    # a gateway's page, or a response that a cache or a proxy mixes up, must not end the waiting
    "HTML as a success": respond(b"<html>Sign in</html>"),
    "no body": respond(b"", 204),
    "a list": respond([GOING]),
    "no id": respond({"processing_status": "ended"}),
    "no status": respond({"id": ID}),
    "a status of None": respond(a_batch(processing_status=None)),
    "another batch": respond(a_batch("ended", id="msgbatch_other")),
    "another encoding": respond(b"x", content_encoding="br"),
}

one_trouble = table("trouble", TROUBLE)


@one_trouble
def test_transient_trouble_is_borne_and_logged(
    trouble: TransportStep, caplog: pytest.LogCaptureFixture
) -> None:
    updates: list[str] = []
    steps = [trouble, going, trouble, trouble]
    assert (
        sleeps(*steps, on_update=lambda one: updates.append(one["processing_status"]))
        == OWN_PACE[:4]
    )
    assert updates == ["in_progress", "ended"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "polling the batch failed, next try in 5 s: " in caplog.messages[0]


@one_trouble
def test_trouble_that_does_not_end_is_returned(trouble: TransportStep) -> None:
    most = 3 if trouble is TROUBLE["404"] else 10
    script = ScriptedTransport(*[trouble] * (most + 1))
    tag, error = wait(script)
    assert tag == "error"
    assert isinstance(error, (APIError, TransportError, DecodeError))
    assert script.clock.sleeps == OWN_PACE[:most]
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_the_last_of_the_errors_is_returned() -> None:
    codes = [500, 502, 503, 504, 408, 409, 429, 529, 500, 502, 599]
    result = wait(ScriptedTransport(*(respond(error_body(), code) for code in codes)))
    assert error_in(result, APIError).status == 599


@pytest.mark.parametrize("retries", [0, 2, 50])
def test_a_poll_is_not_also_repeated_by_the_policy(retries: int) -> None:
    script = ScriptedTransport(respond(error_body(), 500), fail(), ended)
    policy = Policy(max_retries=retries, patience=0.0, deadline=0.0)
    unwrap(batch.wait(script.client(retry=policy), ID))
    assert script.clock.sleeps == OWN_PACE[:2]


FINAL: dict[str, tuple[TransportStep, type[AnthropixError]]] = {
    "401": (respond(error_body(), 401), APIError),
    "a redirect": (respond(b"", 302, location="https://evil.example/"), APIError),
    # it lasts until next month
    "a spend limit": (
        respond(error_body("x", error_code="enforced_spend_limit_reached"), 429),
        APIError,
    ),
}


@table("step, kind", FINAL)
@pytest.mark.parametrize("before", [0, 2], ids=["at once", "later"])
def test_an_error_that_waiting_does_not_mend_is_returned(
    step: TransportStep, kind: type[AnthropixError], before: int
) -> None:
    script = ScriptedTransport(*[going] * before, step)
    error_in(wait(script), kind)
    assert script.clock.sleeps == OWN_PACE[:before]


def test_the_error_of_another_batch_names_it() -> None:
    step = respond(a_batch("ended", id="x"), request_id="req_1")
    message = "the response is about another batch, 'x' [req_1]"
    error_in(wait(ScriptedTransport(*[step] * 11)), DecodeError, message)


ARCHIVED: dict[str, Any] = {"archived_at": "2026-09-20T00:00:00Z"}

ENDS: dict[str, dict[str, Any]] = {
    "ended": ENDED,
    "ended with nothing done": a_batch("ended", 0),
    "ended and archived": a_batch("ended", 2, **ARCHIVED),
    # its results are gone, so there is nothing to wait for
    "archived, and not said to have ended": a_batch(**ARCHIVED),
    "ended with unknown fields": a_batch("ended", 2, tomorrow={"x": 1}),
    "ended without counts": a_batch("ended", request_counts=None),
    "hardly a batch": {"id": ID, "processing_status": "ended"},
}


@table("last", ENDS)
@pytest.mark.parametrize("before", [0, 3])
def test_it_returns_at_the_end_without_another_pause(last: dict[str, Any], before: int) -> None:
    script = ScriptedTransport(*[going] * before, respond(last, retry_after="10"))
    assert wait(script) == ("ok", last)
    assert script.clock.sleeps == OWN_PACE[:before]
    if last["processing_status"] == "ended":
        unused = ScriptedTransport()
        assert wait(unused, last, timeout=0, interval=1, on_update=never) == ("ok", last)
        assert unused.clock.sleeps == []


NOT_THE_END: dict[str, dict[str, Any]] = {
    "in progress": GOING,
    "canceling": a_batch("canceling", cancel_initiated_at="2026-09-20T00:00:00Z"),
    "a status of tomorrow": a_batch("paused"),
    "another case": a_batch("Ended"),
    "counts all done": a_batch(request_counts=counts(succeeded=2)),
    "a results_url, a time": a_batch(results_url="https://x/", ended_at="2026-09-20T00:00:00Z"),
    "counts of nonsense": a_batch(request_counts="many"),
}


@table("state", NOT_THE_END)
def test_only_the_status_says_that_it_has_ended(state: dict[str, Any]) -> None:
    updates: list[Any] = []
    assert sleeps(*[respond(state)] * 2, on_update=updates.append) == OWN_PACE[:2]
    assert updates == [state, state, ENDED]


NAMES: dict[str, BatchRef] = {
    "an id": ID,
    "a dict": GOING,
    "a dict of an id": {"id": ID},
    "a dict that says canceling": a_batch("canceling"),
}


@table("named", NAMES)
def test_the_first_poll_is_at_once(named: BatchRef) -> None:
    script = ScriptedTransport(ended)
    assert wait(script, named) == ("ok", ENDED)
    assert (script.times, script.clock.sleeps) == ([0.0], [])


def test_on_update_is_called_at_every_good_poll_before_anything_else() -> None:
    script = ScriptedTransport(going, respond(error_body(), 500), going, fail(), going, ended)
    seen: list[tuple[float, str]] = []
    now = script.clock.monotonic

    def on_update(one: Any) -> bool:
        seen.append((now(), one["processing_status"]))
        # what it returns means nothing
        return False

    wait(script, on_update=on_update)
    good = [script.times[n] for n in (0, 2, 4, 5)]
    assert seen == list(zip(good, ["in_progress"] * 3 + ["ended"]))


@pytest.mark.parametrize("kind", [ValueError, KeyError, OSError, SystemExit, StopIteration])
@pytest.mark.parametrize("step", [going, ended], ids=["in progress", "ended"])
def test_what_on_update_raises_passes_through(
    kind: type[BaseException], step: TransportStep
) -> None:
    with pytest.raises(kind) as caught:
        wait(ScriptedTransport(respond(b"", 500), step), on_update=raising(kind))
    assert not hasattr(caught.value, "__notes__")


def raising(kind: type[BaseException]) -> Any:
    def function(*_: object) -> None:
        raise kind("mine")

    return function


def test_an_interrupt_says_how_to_go_on_waiting() -> None:
    # while the batch is polled, between two polls, in on_update
    polled = ScriptedTransport(going, raising(KeyboardInterrupt))
    slept: Any = ScriptedTransport(going)
    slept.clock.sleep = raising(KeyboardInterrupt)
    updated = ScriptedTransport(going)
    for script, options in (
        (polled, {}),
        (slept, {}),
        (updated, {"on_update": raising(KeyboardInterrupt)}),
    ):
        with pytest.raises(KeyboardInterrupt) as caught:
            batch.wait(script.client(), GOING, **options)
        [note] = caught.value.__notes__
        assert ID in note
        assert f"batch.wait(client, '{ID}')" in note
        assert KEY not in note


TIMEOUTS: dict[str, tuple[float, list[TransportStep], list[float]]] = {
    "0": (0, [going], []),
    "next to nothing": (0.25, [going] * 2, [0.25]),
    "less than the pace": (3, [going] * 2, [3.0]),
    "just the pace": (5.0, [going] * 2, [5.0]),
    "more than the pace": (12, [going] * 3, [5.0, 7.0]),
    "the server's pace": (25, [slow] * 4, [10.0, 10.0, 5.0]),
    "a pace slower than that": (8, [respond(GOING, retry_after="500")] * 2, [8.0]),
    "many": (300.0, [going] * 11, [*OWN_PACE[:9], 300 - sum(OWN_PACE[:9])]),
}


@table("timeout, steps, pauses", TIMEOUTS)
def test_a_timeout_carries_the_last_state(
    timeout: float, steps: list[TransportStep], pauses: list[float]
) -> None:
    script = ScriptedTransport(*steps)
    error = error_in(wait(script, timeout=timeout), WaitTimeout)
    assert (error.batch, error.waited, error.cause) == (GOING, timeout, None)
    assert script.clock.sleeps == pauses


def test_the_end_at_the_very_last_moment() -> None:
    assert sleeps(going, going, timeout=12) == [5.0, 7.0]


@pytest.mark.parametrize(("timeout", "polls"), [(0, 1), (4, 3), (100, 35)])
def test_an_interval_and_a_timeout(timeout: int, polls: int) -> None:
    script = ScriptedTransport(*[going] * polls)
    error_in(wait(script, timeout=timeout, interval=3), WaitTimeout)
    assert script.clock.monotonic() == timeout


LAST_SEEN: dict[str, tuple[BatchRef, list[TransportStep], Any]] = {
    "nothing, by id": (ID, [fail()], None),
    "nothing, by a dict of an id": ({"id": ID}, [fail()], None),
    "that of the dict": (a_batch("canceling"), [fail()], a_batch("canceling")),
    "that of the last good poll": (GOING, [respond(a_batch(n=1)), fail()], a_batch(n=1)),
}


@table("named, steps, last", LAST_SEEN)
def test_a_timeout_in_the_midst_of_trouble(
    named: BatchRef, steps: list[TransportStep], last: object
) -> None:
    result = wait(ScriptedTransport(*steps), named, timeout=5.0 * (len(steps) - 1))
    error = error_in(result, WaitTimeout, "closed: reset")
    assert (error.batch, type(error.cause)) == (last, TransportError)


def test_the_time_that_polls_take_counts() -> None:
    script = ScriptedTransport(going, going, takes=4.0)
    error = error_in(wait(script, timeout=10), WaitTimeout)
    assert script.times == [0.0, 9.0]
    assert (error.waited, script.clock.sleeps) == (13.0, [5.0])


@pytest.mark.parametrize(
    ("options", "timeout", "reads", "connects"),
    # a poll is given a second even if less is left, because the last one is worth most
    [
        ({}, 12, [12.0, 7.0, 1.0], [10.0, 7.0, 1.0]),
        ({"timeout": 3, "connect_timeout": 5}, 12, [3.0, 3.0, 1.0], [5.0, 5.0, 1.0]),
        ({}, None, [600.0] * 3, [10.0] * 3),
    ],
)
def test_a_poll_may_take_no_longer_than_what_is_left(
    options: dict[str, Any], timeout: int | None, reads: list[float], connects: list[float]
) -> None:
    script = ScriptedTransport(going, going, ended)
    unwrap(batch.wait(script.client(**options), ID, timeout=timeout))
    assert [one.read for one in script.timeouts] == reads
    assert [one.connect for one in script.timeouts] == connects


@given(
    paces=st.lists(st.none() | st.floats(0, 1e4), max_size=12),
    timeout=st.none() | st.integers(0, 2000),
    takes=st.sampled_from([0.0, 0.5, 8.0]),
)
def test_no_poll_is_too_early_or_too_late(
    paces: list[float | None], timeout: int | None, takes: float
) -> None:
    steps = [going if one is None else respond(GOING, retry_after=repr(one)) for one in paces]
    script = ScriptedTransport(*steps, ended, takes=takes)
    tag, value = batch.wait(script.client(), ID, timeout=timeout)
    polls = script.times
    for earlier, later, pace in zip(polls, polls[1:], paces):
        asked = 5.0 if pace is None else min(pace, 600.0)
        assert later - earlier >= min(asked, (timeout or 1e9) - earlier - takes) - 1e-6
        assert later - earlier <= 600 + takes + 1e-6
    if tag == "ok":
        assert len(polls) == len(paces) + 1
    else:
        assert timeout is not None
        assert isinstance(value, WaitTimeout)
        assert timeout <= value.waited <= timeout + takes
    assert timeout is None or all(one <= timeout for one in polls)


def test_every_pause_is_an_event() -> None:
    events: list[dict[str, Any]] = []
    script = ScriptedTransport(slow, fail(), ended)
    unwrap(batch.wait(script.client(on_event=events.append), ID))
    polls = [one for one in events if one["event"] == "poll"]
    assert [(one["delay"], one["elapsed"]) for one in polls] == [(10.0, 0.0), (5.0, 10.0)]
    assert {(one["method"], one["path"]) for one in polls} == {("GET", PATH)}


WIRES: dict[str, list[Any]] = {
    "dropped before the response": [[reset]],
    "closed before the response": [[close]],
    "silence": [[stall]],
    "dropped in the head": [[b"HTTP/1.1 200 OK\r\ncontent-", reset]],
    "dropped in the body": [[counted(b'{"id": "m')[:-3], reset]],
    "closed in the body": [[head(200, {"content-length": "999"}), b'{"id"', close]],
    "silence in the body": [[head(200, {"content-length": "999"}), b'{"id"', stall]],
    "one after the other": [[reset], [stall], [close], answer(error_body(), 500), answer({}, 404)],
}


@table("steps", WIRES)
def test_trouble_on_a_real_connection(steps: list[Any]) -> None:
    clock = ManualClock()
    going = answer(GOING, headers={"retry-after": "10"})
    with Scripted(*steps, going, answer(ENDED)) as server:
        assert unwrap(batch.wait(client(server.url, timeout=0.1, clock=clock), ID)) == ENDED
        assert clock.sleeps == [*OWN_PACE[: len(steps)], 10.0]
        assert {(request.method, request.target) for request in server.received} == {("GET", PATH)}


def test_a_server_that_is_not_there() -> None:
    clock = ManualClock()
    with Scripted() as server:
        url = server.url
    error = error_in(batch.wait(client(url, clock=clock), ID), TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert clock.sleeps == OWN_PACE[:10]


def never(_: object) -> None:
    raise AssertionError("nothing was polled")
