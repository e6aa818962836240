"""Waiting for a batch to end: the pace, the trouble that is lived through, and the ways it stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ID, KEY, PATH, a_batch, answer_of, client, error_body
from scripted import Scripted, answer, close, counted, head, reset, stall

from anthropix_py import (
    APIError,
    Client,
    DecodeError,
    Policy,
    TransportError,
    WaitTimeout,
    batch,
    init,
    unwrap,
)
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import ManualClock
from anthropix_py.errors import AnthropixError
from anthropix_py.types import BatchRef

Step = Callable[[], "Response | AnthropixError"]

EPOCH = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT
OWN = [5.0, 7.5, 11.25, 16.875, 25.3125, 37.96875, 56.953125, 60.0, 60.0, 60.0, 60.0]
"""The pace where the server names none."""


class Script:
    """A transport that plays one step for each look, and fails on one too many. *takes*: seconds a look takes."""

    def __init__(self, *steps: Step, takes: float = 0.0) -> None:
        self.clock = ManualClock(start=EPOCH)
        self.looked_at: list[float] = []
        self.patience: list[Timeout] = []
        self._steps = list(steps)
        self._takes = takes

    def __call__(self, request: Request, timeout: Timeout) -> Response:
        assert (request.method, request.url) == ("GET", f"https://api.anthropic.com{PATH}")
        self.looked_at.append(self.clock.monotonic())
        self.patience.append(timeout)
        assert self._steps, f"a look too many: {self.looked_at}"
        self.clock.advance(self._takes)
        given = self._steps.pop(0)()
        if isinstance(given, AnthropixError):
            raise given
        return given

    def client(self, **options: Any) -> Client:
        return init(KEY, **{"transport": self, "clock": self.clock, **options})

    def wait(self, named: BatchRef = ID, **options: Any) -> tuple[str, Any]:
        """Wait by this script, every step of which must be played."""
        result = batch.wait(self.client(), named, **options)
        assert self._steps == []
        return result


def dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def going(**headers: str) -> Step:
    """Give a look at a batch in progress."""
    return saying(a_batch(), dashed(headers))


def saying(value: object, headers: dict[str, str] | None = None) -> Step:
    return lambda: answer_of(200, value, headers)


def status(
    code: int, kind: str = "api_error", headers: dict[str, str] | None = None, **details: Any
) -> Step:
    return lambda: answer_of(code, error_body(kind, **details), headers)


def broken(reason: str = "closed", *, sent: bool = True) -> Step:
    return lambda: TransportError(reason, "the wire's", sent)


def ended() -> Response:
    return answer_of(200, a_batch("ended", 2))


def cut_answer() -> Response:
    def chunks() -> Iterator[bytes]:
        yield b'{"id": "msgb'
        raise TransportError("closed", "reset", sent=True)

    return Response(200, {}, chunks(), lambda: None)


PACES: dict[str, tuple[dict[str, str], float]] = {
    "an integer": ({"retry_after": "10"}, 10.0),
    "a fraction": ({"retry_after": "2.75"}, 2.75),
    "1": ({"retry_after": "1"}, 1.0),
    "faster than is fit": ({"retry_after": "0.01"}, 1.0),
    "0": ({"retry_after": "0"}, 1.0),
    "0 with a sign": ({"retry_after": "-0"}, 1.0),
    "spaces": ({"retry_after": " 12 "}, 12.0),
    "an exponent": ({"retry_after": "2e1"}, 20.0),
    "milliseconds": ({"retry_after_ms": "1500"}, 1.5),
    "both": ({"retry_after_ms": "2500", "retry_after": "9"}, 2.5),
    "milliseconds that are rubbish": ({"retry_after_ms": "x", "retry_after": "9"}, 9.0),
    "a date": ({"retry_after": "Mon, 21 Sep 2026 14:13:50 GMT"}, 30.0),
    "a date by the server's clock": (
        {"retry_after": "Mon, 21 Sep 2020 08:00:20 GMT", "date": "Mon, 21 Sep 2020 08:00:00 GMT"},
        20.0,
    ),
    "a date that is past": ({"retry_after": "Mon, 21 Sep 2026 14:13:00 GMT"}, 1.0),
    "a date far off": ({"retry_after": "Mon, 21 Sep 2099 14:13:00 GMT"}, 600.0),
    "huge": ({"retry_after": "86400"}, 600.0),
    "beyond all numbers": ({"retry_after": "1" + "0" * 400}, 600.0),
    "infinite": ({"retry_after": "inf"}, 600.0),
    "negative": ({"retry_after": "-3"}, 5.0),
    "infinitely negative": ({"retry_after": "-inf"}, 5.0),
    "NaN": ({"retry_after": "nan"}, 5.0),
    "rubbish": ({"retry_after": "soon"}, 5.0),
    "empty": ({"retry_after": ""}, 5.0),
    "a unit": ({"retry_after": "10s"}, 5.0),
    "two numbers": ({"retry_after": "10, 20"}, 5.0),
    "half a date": ({"retry_after": "Mon, 21"}, 5.0),
    "a date of no month": ({"retry_after": "Mon, 21 Foo 2026 14:13:50 GMT"}, 5.0),
    "none": ({}, 5.0),
}


@pytest.mark.parametrize(("headers", "pause"), PACES.values(), ids=PACES.keys())
def test_the_pace_that_the_server_asks_for(headers: dict[str, str], pause: float) -> None:
    script = Script(going(**headers), ended)
    assert script.wait()[0] == "ok"
    assert script.clock.sleeps == [pause]


@pytest.mark.parametrize(("headers", "pause"), PACES.values(), ids=PACES.keys())
def test_the_pace_asked_for_in_an_error(headers: dict[str, str], pause: float) -> None:
    script = Script(status(503, headers=dashed(headers)), ended)
    assert script.wait()[0] == "ok"
    assert script.clock.sleeps == [pause]


@pytest.mark.parametrize(("headers", "_pause"), PACES.values(), ids=PACES.keys())
@pytest.mark.parametrize("interval", [0.001, 3, 1000.0])
def test_an_interval_overrides_it(headers: dict[str, str], _pause: float, interval: float) -> None:
    script = Script(
        going(**headers), broken(), status(429, headers={"retry-after": "7"}), going(), ended
    )
    assert script.wait(interval=interval)[0] == "ok"
    assert script.clock.sleeps == [
        interval,
        interval,
        max(interval, 7),
        interval,
    ]  # but not what an error asks for


@pytest.mark.parametrize("count", range(12))
def test_its_own_pace_grows_to_a_minute(count: int) -> None:
    script = Script(*[going()] * count, ended)
    assert script.wait()[0] == "ok"
    assert script.clock.sleeps == OWN[:count]


def test_the_server_may_change_its_mind() -> None:
    script = Script(going(retry_after="10"), going(), going(retry_after="3"), going(), ended)
    assert script.wait()[0] == "ok"
    assert script.clock.sleeps == [10.0, 5.0, 3.0, 7.5]


CODES = (408, 409, 429, 500, 502, 503, 504, 529)

TROUBLE: dict[str, Step] = {
    **{f"{code}": status(code) for code in CODES},
    "404": status(404, "not_found_error"),
    "404 that shall not be repeated": status(404, "not_found_error", {"x-should-retry": "false"}),
    "a 400 that shall be repeated": status(400, headers={"x-should-retry": "true"}),
    "a ramp limit": status(429, "rate_limit_error", error_code="ramp_limit_exceeded"),
    "HTML from a gateway": lambda: answer_of(502, b"<html>Bad Gateway</html>"),
    "an empty 529": lambda: answer_of(529, b"", {"content-length": "0"}),
    "a cut answer": cut_answer,
    **{reason: broken(reason) for reason in ("closed", "timeout", "protocol")},
    **{
        f"{reason}, not sent": broken(reason, sent=False) for reason in ("connect", "closed", "tls")
    },
}

one_trouble = pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())


@one_trouble
def test_trouble_that_passes(trouble: Step) -> None:
    updates: list[str] = []
    script = Script(trouble, going(), trouble, trouble, ended)
    tag, last = script.wait(on_update=lambda seen: updates.append(seen["processing_status"]))
    assert (tag, last) == ("ok", a_batch("ended", 2))
    assert updates == ["in_progress", "ended"]
    assert script.clock.sleeps == OWN[:4]


@one_trouble
def test_trouble_that_does_not_pass(trouble: Step) -> None:
    bound = 3 if _code(trouble) == 404 else 10
    script = Script(*[trouble] * (bound + 1))
    tag, error = script.wait()
    assert tag == "error"
    assert isinstance(error, (APIError, TransportError))
    assert script.clock.sleeps == OWN[:bound]
    assert not isinstance(error, APIError) or error.status == _code(trouble)
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


@one_trouble
def test_a_good_look_between_makes_all_well_again(trouble: Step) -> None:
    script = Script(*[trouble, trouble, trouble, going()] * 8, ended)
    assert script.wait()[0] == "ok"
    assert len(script.looked_at) == 33


def _code(trouble: Step) -> int:
    made = trouble()
    return made.status if isinstance(made, Response) else 0


def test_404_counts_as_trouble_among_others() -> None:
    missing, failed = TROUBLE["404"], TROUBLE["500"]
    script = Script(
        failed, missing, failed, missing, failed, missing, failed, failed, failed, failed, ended
    )
    assert script.wait()[0] == "ok"
    for steps in ([failed] * 8 + [missing] * 3, [missing, failed] * 3 + [missing]):
        tag, error = Script(*steps).wait()
        assert tag == "error"
        assert error.status == 404


def test_the_last_of_the_errors_comes_back() -> None:
    codes = [500, 502, 503, 504, 408, 409, 429, 529, 500, 502, 599]
    tag, error = Script(*(status(code) for code in codes)).wait()
    assert tag == "error"
    assert error.status == 599


def test_a_look_is_not_repeated_by_the_policy_too() -> None:
    for retries in (0, 2, 50):
        script = Script(status(500), broken(), ended)
        unwrap(
            batch.wait(
                script.client(retry=Policy(max_retries=retries, patience=0.0, deadline=0.0)), ID
            )
        )
        assert script.clock.sleeps == OWN[:2]


PERMANENT: dict[str, tuple[Step, type[AnthropixError]]] = {
    **{
        f"{code}": (status(code), APIError)
        for code in (400, 401, 402, 403, 405, 410, 412, 413, 422, 499)
    },
    "a redirect": (lambda: answer_of(302, b"", {"location": "https://evil.example/"}), APIError),
    "a 500 that shall not be repeated": (
        status(500, headers={"x-should-retry": "false"}),
        APIError,
    ),
    "a spend cap": (
        status(429, "rate_limit_error", error_code="enforced_spend_limit_reached"),
        APIError,
    ),
    "a cap by contract": (
        status(429, "rate_limit_error", error_code="contract_spend_limit_reached"),
        APIError,
    ),
    "a cap that shall be repeated": (
        status(429, "x", {"x-should-retry": "true"}, error_code="enforced_spend_limit_reached"),
        APIError,
    ),
    "HTML": (saying(b"<html>Sign in</html>"), DecodeError),
    "a list": (saying([a_batch()]), DecodeError),
    "no status": (saying({"id": ID}), DecodeError),
    "a status of None": (saying(a_batch(processing_status=None)), DecodeError),
    "another encoding": (lambda: answer_of(200, b"x", {"content-encoding": "br"}), DecodeError),
}


@pytest.mark.parametrize(("step", "kind"), PERMANENT.values(), ids=PERMANENT.keys())
@pytest.mark.parametrize("before", [0, 2], ids=["at once", "later"])
def test_what_will_not_pass_ends_it(step: Step, kind: type[AnthropixError], before: int) -> None:
    script = Script(*[going()] * before, step)
    tag, error = script.wait()
    assert (tag, type(error)) == ("error", kind)
    assert script.clock.sleeps == OWN[:before]


ENDS: dict[str, dict[str, Any]] = {
    "ended": a_batch("ended", 2),
    "ended with nothing done": a_batch("ended", 0),
    "ended and archived": a_batch("ended", 2, archived_at="2026-09-20T00:00:00Z"),
    "archived, and not said to have ended": a_batch(
        "in_progress", archived_at="2026-09-20T00:00:00Z"
    ),
    "ended with unknown fields": a_batch("ended", 2, tomorrow={"x": 1}),
    "ended without counts": a_batch("ended", request_counts=None),
    "next to nothing": {"id": ID, "processing_status": "ended"},
}


@pytest.mark.parametrize("last", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("before", [0, 1, 3])
def test_it_returns_at_the_end_and_sleeps_no_more(last: dict[str, Any], before: int) -> None:
    script = Script(*[going()] * before, saying(last, {"retry-after": "10"}))
    assert script.wait() == ("ok", last)
    assert script.clock.sleeps == OWN[:before]


NOT_THE_END: dict[str, dict[str, Any]] = {
    "in progress": a_batch(),
    "canceling": a_batch("canceling", cancel_initiated_at="2026-09-20T00:00:00Z"),
    "a status of tomorrow": a_batch("paused"),
    "another case": a_batch("Ended"),
    "counts all done": a_batch(request_counts={"processing": 0, "succeeded": 2}),
    "a results_url, a time": a_batch(results_url="https://x/", ended_at="2026-09-20T00:00:00Z"),
    "counts of nonsense": a_batch(request_counts="many"),
}


@pytest.mark.parametrize("seen", NOT_THE_END.values(), ids=NOT_THE_END.keys())
def test_only_the_status_says_that_it_has_ended(seen: dict[str, Any]) -> None:
    script = Script(saying(seen), saying(seen), ended)
    assert script.wait() == ("ok", a_batch("ended", 2))
    assert script.clock.sleeps == OWN[:2]


def test_counts_may_stand_still_or_move() -> None:
    counts = [
        {"processing": 2 - n, "succeeded": n, "errored": 0, "canceled": 0, "expired": 0}
        for n in (0, 1, 2, 0)
    ]
    steps = [saying(a_batch(request_counts=one)) for one in counts]
    updates: list[dict[str, Any]] = []
    assert Script(*steps, ended).wait(on_update=lambda seen: updates.append(dict(seen)))[0] == "ok"
    assert [one["request_counts"] for one in updates[:-1]] == counts


@pytest.mark.parametrize(
    "last", [one for one in ENDS.values() if one["processing_status"] == "ended"]
)
def test_a_dict_that_says_ended_needs_no_look(last: dict[str, Any]) -> None:
    script = Script()
    result = script.wait(last, timeout=0, interval=1, on_update=never)
    assert result == ("ok", last)
    assert (script.looked_at, script.clock.sleeps) == ([], [])


NAMES: dict[str, BatchRef] = {
    "an id": ID,
    "a dict": a_batch(),
    "a dict of an id": {"id": ID},
    "a dict that says canceling": a_batch("canceling"),
}


@pytest.mark.parametrize("named", NAMES.values(), ids=NAMES.keys())
def test_the_first_look_is_at_once(named: BatchRef) -> None:
    script = Script(ended)
    assert script.wait(named) == ("ok", a_batch("ended", 2))
    assert (script.looked_at, script.clock.sleeps) == ([0.0], [])


def test_on_update_is_called_on_every_good_look_and_before_anything_else() -> None:
    script = Script(going(), status(500), going(), broken(), going(), ended)
    told: list[tuple[float, str]] = []
    script.wait(
        on_update=lambda seen: told.append((script.clock.monotonic(), seen["processing_status"]))
    )
    good = [script.looked_at[n] for n in (0, 2, 4, 5)]
    assert told == list(zip(good, ["in_progress"] * 3 + ["ended"]))


@pytest.mark.parametrize(
    "kind", [ValueError, KeyError, OSError, KeyboardInterrupt, SystemExit, StopIteration]
)
@pytest.mark.parametrize("step", [going(), ended], ids=["in progress", "ended"])
def test_what_on_update_raises_passes_through(kind: type[BaseException], step: Step) -> None:
    raised = kind("mine")

    def on_update(_: object) -> None:
        raise raised

    script = Script(status(500), step)
    with pytest.raises(kind) as caught:
        script.wait(on_update=on_update)
    assert caught.value is raised
    assert len(script.looked_at) == 2


def test_what_on_update_returns_means_nothing() -> None:
    script = Script(going(), going(), ended)
    assert script.wait(on_update=lambda _: False)[0] == "ok"


TIMEOUTS: dict[str, tuple[float, list[Step], list[float]]] = {
    "0": (0, [going()], []),
    "next to nothing": (0.25, [going()] * 2, [0.25]),
    "less than the pace": (3, [going()] * 2, [3.0]),
    "just the pace": (5.0, [going()] * 2, [5.0]),
    "more than the pace": (12, [going()] * 3, [5.0, 7.0]),
    "the server's pace": (25, [going(retry_after="10")] * 4, [10.0, 10.0, 5.0]),
    "a pace slower than that": (8, [going(retry_after="500")] * 2, [8.0]),
    "many": (300.0, [going()] * 11, [*OWN[:9], 300 - sum(OWN[:9])]),
}


@pytest.mark.parametrize(("timeout", "steps", "sleeps"), TIMEOUTS.values(), ids=TIMEOUTS.keys())
def test_a_timeout_carries_the_last_state(
    timeout: float, steps: list[Step], sleeps: list[float]
) -> None:
    script = Script(*steps)
    tag, error = script.wait(timeout=timeout)
    assert tag == "error"
    assert isinstance(error, WaitTimeout)
    assert error.batch == a_batch()
    assert error.waited == timeout
    assert script.clock.sleeps == sleeps


def test_the_end_at_the_very_last_moment() -> None:
    script = Script(going(), going(), ended)
    assert script.wait(timeout=12) == ("ok", a_batch("ended", 2))
    assert script.looked_at == [0.0, 5.0, 12.0]


@pytest.mark.parametrize("timeout", [0, 4, 100])
def test_an_interval_and_a_timeout(timeout: int) -> None:
    script = Script(*[going()] * (timeout // 3 + 1 + bool(timeout % 3)))
    tag, error = script.wait(timeout=timeout, interval=3)
    assert (tag, type(error)) == ("error", WaitTimeout)
    assert script.clock.monotonic() == timeout


LAST_SEEN: dict[str, tuple[BatchRef, list[Step], Any]] = {
    "none, by id": (ID, [broken()], None),
    "none, by a dict of an id": ({"id": ID}, [broken()], None),
    "that of the dict": (a_batch("canceling"), [broken()], a_batch("canceling")),
    "that of the last good look": (a_batch(), [saying(a_batch(n=1)), broken()], a_batch(n=1)),
}


@pytest.mark.parametrize(("named", "steps", "last"), LAST_SEEN.values(), ids=LAST_SEEN.keys())
def test_a_timeout_in_the_midst_of_trouble(
    named: BatchRef, steps: list[Step], last: object
) -> None:
    tag, error = Script(*steps).wait(named, timeout=5.0 * (len(steps) - 1))
    assert tag == "error"
    assert isinstance(error, WaitTimeout)
    assert error.batch == last
    assert str(error)


def test_the_time_that_looks_take_counts() -> None:
    script = Script(*[going()] * 2, takes=4.0)
    tag, error = script.wait(timeout=10)
    assert tag == "error"
    assert isinstance(error, WaitTimeout)
    assert script.looked_at == [0.0, 9.0]
    assert (error.waited, script.clock.sleeps) == (13.0, [5.0])


def test_a_look_may_take_no_longer_than_what_is_left() -> None:
    script = Script(*[going()] * 3)
    script.wait(timeout=12)
    assert [patience.read for patience in script.patience] == [12.0, 7.0, 1.0]
    script = Script(going(), ended)
    unwrap(batch.wait(script.client(timeout=3), ID, timeout=1000))
    assert [patience.read for patience in script.patience] == [3.0, 3.0]
    script = Script(ended)
    script.wait()
    assert script.patience[0].read == 600.0


@given(
    paces=st.lists(st.none() | st.floats(0, 1e4), max_size=12),
    timeout=st.none() | st.integers(0, 2000),
    takes=st.sampled_from([0.0, 0.5, 8.0]),
)
def test_no_look_is_too_early_or_too_late(
    paces: list[float | None], timeout: int | None, takes: float
) -> None:
    script = Script(
        *(going(**({} if one is None else {"retry_after": repr(one)})) for one in paces),
        ended,
        takes=takes,
    )
    result = batch.wait(script.client(), ID, timeout=timeout)
    looks = script.looked_at
    for earlier, later, pace in zip(looks, looks[1:], paces):
        asked = 5.0 if pace is None else min(pace, 600.0)
        assert later - earlier >= min(asked, (timeout or 1e9) - earlier - takes) - 1e-6
        assert later - earlier <= 600 + takes + 1e-6
    if result[0] == "ok":
        assert len(looks) == len(paces) + 1
    else:
        assert timeout is not None
        assert isinstance(result[1], WaitTimeout)
        assert timeout <= result[1].waited <= timeout + takes
    assert timeout is None or all(one <= timeout for one in looks)


def test_every_pause_is_told() -> None:
    told: list[dict[str, Any]] = []
    script = Script(going(retry_after="10"), broken(), ended)
    unwrap(batch.wait(script.client(on_event=told.append), ID))
    assert [(one["delay"], one["elapsed"]) for one in told if one["event"] == "poll"] == [
        (10.0, 0.0),
        (5.0, 10.0),
    ]
    assert KEY not in repr(told)


WIRES: dict[str, list[Any]] = {
    "dropped before the answer": [[reset]],
    "closed before the answer": [[close]],
    "silence": [[stall]],
    "dropped in the head": [[b"HTTP/1.1 200 OK\r\ncontent-", reset]],
    "dropped in the body": [[counted(b'{"id": "m')[:-3], reset]],
    "closed in the body": [[head(200, {"content-length": "999"}), b'{"id"', close]],
    "silence in the body": [[head(200, {"content-length": "999"}), b'{"id"', stall]],
    "one after the other": [[reset], [stall], [close], answer(error_body(), 500), answer({}, 404)],
}


@pytest.mark.parametrize("steps", WIRES.values(), ids=WIRES.keys())
def test_trouble_on_a_real_wire(steps: list[Any]) -> None:
    with Scripted(
        *steps, answer(a_batch(), headers={"retry-after": "10"}), answer(a_batch("ended", 2))
    ) as server:
        one = client(server.url, timeout=0.1)
        assert unwrap(batch.wait(one, ID)) == a_batch("ended", 2)
        assert isinstance(one.clock, ManualClock)
        assert one.clock.sleeps == [*OWN[: len(steps)], 10.0]
        assert {(request.method, request.target) for request in server.received} == {("GET", PATH)}


def test_nobody_there() -> None:
    with Scripted() as server:
        url = server.url
    one = client(url)
    tag, error = batch.wait(one, ID)
    assert tag == "error"
    assert isinstance(error, TransportError)
    assert (error.reason, error.sent) == ("connect", False)
    assert isinstance(one.clock, ManualClock)
    assert one.clock.sleeps == OWN[:10]


def never(_: object) -> None:
    raise AssertionError("nothing was looked at")
