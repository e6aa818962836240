"""The pace of polling and the trouble it bears, without a client, a clock or a batch."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import OWN_PACE, table

from anthropix_py import APIError, TransportError
from anthropix_py.batch._polling import Polling
from anthropix_py.errors import AnthropixError, TransportReason

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


def failure(status: int, **headers: str) -> APIError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return APIError(status, headers=named)


def failed(polling: Polling, error: AnthropixError) -> Polling:
    after = polling.failed_by(error, NOW)
    assert after is not None
    return after


# How a header is read is in test_retry; here, what is made of it.
PACES: dict[str, tuple[dict[str, str], float]] = {
    "an integer": ({"retry-after": "10"}, 10.0),
    "a fraction": ({"retry-after": "2.75"}, 2.75),
    "milliseconds first": ({"retry-after-ms": "2500", "retry-after": "9"}, 2.5),
    "a date": ({"retry-after": "Mon, 21 Sep 2026 14:13:50 GMT"}, 30.0),
    "1": ({"retry-after": "1"}, 1.0),
    # against a server that would have itself polled without a pause
    "less than a second": ({"retry-after": "0.01"}, 1.0),
    "0": ({"retry-after": "0"}, 1.0),
    "a date that is past": ({"retry-after": "Mon, 21 Sep 2026 14:13:00 GMT"}, 1.0),
    "the longest": ({"retry-after": "600"}, 600.0),
    # against a mistake that would make the client sleep for days
    "a day": ({"retry-after": "86400"}, 600.0),
    "a date far off": ({"retry-after": "Mon, 21 Sep 2099 14:13:00 GMT"}, 600.0),
    "beyond all numbers": ({"retry-after": "1" + "0" * 400}, 600.0),
    "infinite": ({"retry-after": "inf"}, 600.0),
    "negative": ({"retry-after": "-3"}, 5.0),
    "NaN": ({"retry-after": "nan"}, 5.0),
    "rubbish": ({"retry-after": "soon"}, 5.0),
    "none": ({}, 5.0),
}


@table("headers, pause", PACES)
def test_the_pace_that_the_server_asks_for(headers: dict[str, str], pause: float) -> None:
    assert Polling().succeeded(headers, NOW).pause == pause
    assert failed(Polling(), APIError(503, headers=headers)).pause == pause


@pytest.mark.parametrize("interval", [0.001, 3.0, 86_400.0])
@pytest.mark.parametrize("headers", [one for one, _ in PACES.values()], ids=PACES.keys())
def test_an_interval_overrides_the_pace(interval: float, headers: dict[str, str]) -> None:
    assert Polling(interval).succeeded(headers, NOW).pause == interval


@pytest.mark.parametrize(
    ("interval", "asked", "pause"),
    [(3.0, "7", 7.0), (3.0, "2", 3.0), (0.001, "0", 0.001), (3.0, "9e9", 600.0), (900.0, "7", 900)],
)
def test_an_interval_is_not_shorter_than_what_an_error_asks_for(
    interval: float, asked: str, pause: float
) -> None:
    assert failed(Polling(interval), failure(429, retry_after=asked)).pause == pause
    assert failed(Polling(interval), TransportError("closed", "x", sent=True)).pause == interval


def test_its_own_pace_grows_to_a_minute_over_successes_and_failures() -> None:
    polling, pauses = Polling(), []
    for _ in range(5):
        polling = failed(polling, failure(500))
        pauses.append(polling.pause)
        polling = polling.succeeded({}, NOW)
        pauses.append(polling.pause)
    assert pauses == OWN_PACE


def test_its_own_pace_continues_after_one_that_the_server_asked_for() -> None:
    polling, pauses = Polling(), []
    for asked in ("10", "", "3", ""):
        polling = polling.succeeded({"retry-after": asked}, NOW)
        pauses.append(polling.pause)
    assert pauses == [10.0, 5.0, 3.0, 7.5]


BORNE: dict[str, AnthropixError] = {
    **{f"{code}": failure(code) for code in (408, 409, 429, 500, 502, 503, 504, 529)},
    "400 to be repeated": failure(400, x_should_retry="true"),
    **{reason: TransportError(reason, "x", sent=True) for reason in get_args(TransportReason)},
    "not sent": TransportError("closed", "x", sent=False),
}

MISSING: dict[str, AnthropixError] = {
    # seen just after a create and just after the end
    "404": failure(404),
    "404 not to be repeated": failure(404, x_should_retry="false"),
}


@pytest.mark.parametrize(
    ("error", "most"),
    [*((one, 10) for one in BORNE.values()), *((one, 3) for one in MISSING.values())],
    ids=[*BORNE, *MISSING],
)
def test_transient_errors_are_borne_up_to_a_number_in_a_row(
    error: AnthropixError, most: int
) -> None:
    polling = Polling()
    for _ in range(3):
        for _ in range(most):
            polling = failed(polling, error)
            assert polling.error is error
        assert polling.failed_by(error, NOW) is None
        polling = polling.succeeded({}, NOW)
        assert polling.error is None


@pytest.mark.parametrize(
    ("errors", "borne"),
    [
        ([500, 404, 500, 404, 500, 404, 500, 500, 500, 500, 500], 10),
        ([500] * 8 + [404] * 3, 10),
        ([500, 404, 500, 404, 500, 404, 404], 6),
    ],
    ids=["three", "late", "four"],
)
def test_404_counts_among_the_others_and_apart(errors: list[int], borne: int) -> None:
    polling = Polling()
    for status in errors[:borne]:
        polling = failed(polling, failure(status))
    assert polling.failed_by(failure(errors[borne]), NOW) is None


class OfTomorrow(AnthropixError):
    pass


FINAL: dict[str, AnthropixError] = {
    **{f"{code}": failure(code) for code in (302, 400, 401, 402, 403, 405, 410, 413, 422, 499)},
    "500 not to be repeated": failure(500, x_should_retry="false"),
    # it lasts until next month
    "a spend limit": APIError(429, error_code="enforced_spend_limit_reached"),
    "a spend limit to be repeated": APIError(
        429, error_code="contract_spend_limit_reached", headers={"x-should-retry": "true"}
    ),
    "an error of unknown kind": OfTomorrow("x"),
}


@table("error", FINAL)
@pytest.mark.parametrize("interval", [None, 3.0])
def test_what_waiting_does_not_mend_ends_it(error: AnthropixError, interval: float | None) -> None:
    assert Polling(interval).failed_by(error, NOW) is None
    assert Polling(interval).succeeded({}, NOW).failed_by(error, NOW) is None


def test_each_step_is_a_new_value() -> None:
    polling = Polling()
    polling.succeeded({}, NOW)
    polling.failed_by(failure(500), NOW)
    assert polling == Polling()


@given(st.lists(st.none() | st.floats(), max_size=20), st.none() | st.floats(0.001, 86_400))
def test_a_pause_is_never_out_of_bounds(asked: list[float | None], interval: float | None) -> None:
    polling = Polling(interval)
    for seconds in asked:
        headers = {} if seconds is None else {"retry-after": repr(seconds)}
        polling = polling.succeeded(headers, NOW)
        assert 1.0 <= polling.pause <= 600.0 or polling.pause == interval
