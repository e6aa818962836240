"""When a call is made again, and after how long."""

from __future__ import annotations

import math
import string
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.errors import (
    AnthropixError,
    APIError,
    DecodeError,
    FileError,
    IncompleteResults,
    InvalidRequest,
    MissingCredentials,
    TransportError,
    UnknownOutcome,
    WaitTimeout,
)
from anthropix_py.retry import Policy, delay, http_date, passing, retry_after, surely_undone

NOW = 1_790_000_000.0
CAPS = ["enforced_spend_limit_reached", "contract_spend_limit_reached"]


def api(status: int, code: str | None = None, **headers: str) -> APIError:
    return APIError(
        status,
        None,
        None,
        code,
        None,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )


def wait(error: AnthropixError, policy: Policy = Policy(), **options: Any) -> float | None:
    given = {"repeatable": True, "attempt": 0, "elapsed": 0.0, "chance": 0.0, "now": NOW, **options}
    return delay(policy, error, **given)


RETRY_AFTER: dict[str, tuple[dict[str, str], float | None]] = {
    "none": ({}, None),
    "integer": ({"retry-after": "7"}, 7.0),
    "fraction": ({"retry-after": "1.5"}, 1.5),
    "zero": ({"retry-after": "0"}, 0.0),
    "tiny": ({"retry-after": "1e-9"}, 1e-9),
    "exponent": ({"retry-after": "1e3"}, 1000.0),
    "spaces": ({"retry-after": " 7\t"}, 7.0),
    "plus": ({"retry-after": "+7"}, 7.0),
    "huge": ({"retry-after": "9" * 30}, float("9" * 30)),
    "infinite": ({"retry-after": "inf"}, math.inf),
    "overflow": ({"retry-after": "1e999"}, math.inf),
    "minus": ({"retry-after": "-1"}, None),
    "minus fraction": ({"retry-after": "-0.001"}, None),
    "minus infinite": ({"retry-after": "-inf"}, None),
    "nan": ({"retry-after": "nan"}, None),
    "empty": ({"retry-after": ""}, None),
    "blank": ({"retry-after": "  "}, None),
    "words": ({"retry-after": "in a while"}, None),
    "unit": ({"retry-after": "7s"}, None),
    "two": ({"retry-after": "7, 8"}, None),
    "hex": ({"retry-after": "0x10"}, None),
    "comma": ({"retry-after": "1,5"}, None),
    "ms": ({"retry-after-ms": "1500"}, 1.5),
    "ms fraction": ({"retry-after-ms": "0.5"}, 0.0005),
    "ms zero": ({"retry-after-ms": "0"}, 0.0),
    "ms first": ({"retry-after-ms": "20", "retry-after": "7"}, 0.02),
    "ms zero first": ({"retry-after-ms": "0", "retry-after": "7"}, 0.0),
    "ms rubbish": ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
    "ms minus": ({"retry-after-ms": "-1", "retry-after": "7"}, 7.0),
    "ms nan": ({"retry-after-ms": "nan", "retry-after": "7"}, 7.0),
    "ms empty": ({"retry-after-ms": "", "retry-after": "7"}, 7.0),
    "ms is no date": ({"retry-after-ms": formatdate(NOW + 30, usegmt=True)}, None),
    "both rubbish": ({"retry-after-ms": "soon", "retry-after": "later"}, None),
    "date": ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
    "date now": ({"retry-after": formatdate(NOW, usegmt=True)}, 0.0),
    "date past": ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
    "date long past": ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    "date and their clock": (
        {"retry-after": formatdate(5030, usegmt=True), "date": formatdate(5000, usegmt=True)},
        30.0,
    ),
    "date past on their clock": (
        {"retry-after": formatdate(NOW + 5, usegmt=True), "date": formatdate(NOW + 9, usegmt=True)},
        0.0,
    ),
    "date and rubbish clock": (
        {"retry-after": formatdate(NOW + 30, usegmt=True), "date": "yesterday"},
        30.0,
    ),
    "ms rubbish, date": (
        {"retry-after-ms": "x", "retry-after": formatdate(NOW + 30, usegmt=True)},
        30.0,
    ),
    "clock alone": ({"date": formatdate(NOW, usegmt=True)}, None),
    "cut date": ({"retry-after": "Wed, 21 Oct"}, None),
}


@pytest.mark.parametrize("case", RETRY_AFTER.values(), ids=RETRY_AFTER)
def test_retry_after(case: tuple[dict[str, str], float | None]) -> None:
    headers, expected = case
    assert retry_after(headers, NOW) == (expected if expected is None else pytest.approx(expected))


DATES: dict[str, tuple[str, float | None]] = {
    "imf": ("Wed, 21 Oct 2015 07:28:00 GMT", 1445412480.0),
    "rfc 850": ("Wednesday, 21-Oct-15 07:28:00 GMT", 1445412480.0),
    "asctime": ("Wed Oct 21 07:28:00 2015", 1445412480.0),
    "epoch": ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    "leap day": ("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800.0),
    "empty": ("", None),
    "number": ("7", None),
    "minus": ("-1", None),
    "iso": ("2015-10-21T07:28:00Z", None),
    "day": ("Wed", None),
    "letter": ("a", None),
    "comma": ("Wed,", None),
    "no time": ("Wed, 21 Oct 2015", None),
    "words": ("the day after tomorrow", None),
    "no month": ("Wed, 21 Foo 2015 07:28:00 GMT", None),
    "no numbers": ("Wed, aa Oct bbbb cc:dd:ee GMT", None),
    "year too far": ("Wed, 21 Oct 99999999 07:28:00 GMT", None),
    "year of many digits": ("Wed, 21 Oct " + "9" * 5000 + " 07:28:00 GMT", None),
    "other script": ("\u661f\u671f\u4e09", None),
    "nul": ("W\0", None),
}


@pytest.mark.parametrize("case", DATES.values(), ids=DATES)
def test_http_date(case: tuple[str, float | None]) -> None:
    assert http_date(case[0]) == case[1]


@given(st.integers(0, 4_000_000_000))
def test_every_date_is_read(seconds: int) -> None:
    assert http_date(formatdate(seconds, usegmt=True)) == seconds


PARTS = [
    "Wed,",
    "Oct",
    "21",
    "2015",
    "07:28:00",
    "GMT",
    "-0700",
    "-99999999",
    "21-Oct-15",
    "::",
    ",",
    "1.2.3",
    "9" * 20,
]


@given(
    st.lists(st.sampled_from(PARTS) | st.text(string.printable, max_size=5), max_size=8).map(
        " ".join
    )
)
def test_rubbish_never_raises(text: str) -> None:
    date = http_date(text)
    assert date is None or math.isfinite(date)
    asked = retry_after({"retry-after-ms": text, "retry-after": text, "date": text}, NOW)
    assert asked is None or asked >= 0


# (error, passing, surely_undone)
ERRORS: dict[str, tuple[AnthropixError, bool, bool]] = {
    "200": (api(200), False, False),
    "304": (api(304), False, False),
    "400": (api(400), False, False),
    "401": (api(401), False, False),
    "402": (api(402), False, False),
    "403": (api(403), False, False),
    "404": (api(404), False, False),
    "408": (api(408), True, False),
    "409": (api(409), True, False),
    "412": (api(412), False, False),
    "413": (api(413), False, False),
    "422": (api(422), False, False),
    "429": (api(429), True, True),
    "429 ramp": (api(429, "ramp_limit_exceeded"), True, True),
    "429 unknown code": (api(429, "spend"), True, True),
    "431": (api(431), False, False),
    "499": (api(499), False, False),
    "500": (api(500), True, False),
    "501": (api(501), True, False),
    "502": (api(502), True, False),
    "503": (api(503), True, True),
    "504": (api(504), True, False),
    "529": (api(529), True, True),
    "599": (api(599), True, False),
    "unsent": (TransportError("connect", "x", sent=False), True, True),
    "unsent timeout": (TransportError("timeout", "x", sent=False), True, True),
    "sent connect": (TransportError("connect", "x", sent=True), True, False),
    "closed": (TransportError("closed", "x", sent=True), True, False),
    "timeout": (TransportError("timeout", "x", sent=True), True, False),
    "protocol": (TransportError("protocol", "x", sent=True), True, False),
    "tls": (TransportError("tls", "x", sent=False), True, True),
    "tls sent": (TransportError("tls", "x", sent=True), True, False),
    "decode": (DecodeError("x"), False, False),
    "short": (IncompleteResults(2, 1), True, False),
    "invalid": (InvalidRequest([]), False, False),
    "missing": (MissingCredentials(["A"]), False, False),
    "wait": (WaitTimeout(None, 1.0), False, False),
    "unknown": (UnknownOutcome(api(529), 1, 0.0), False, False),
    "file": (FileError("x", "y"), False, False),
    "base": (AnthropixError("x"), False, False),
    **{
        f"cap {code} {status}": (api(status, code), False, False)
        for code in CAPS
        for status in (429, 503, 529)
    },
}

WORDS: dict[str, tuple[str, bool | None]] = {
    "true": ("true", True),
    "True": ("True", True),
    "TRUE": ("TRUE", True),
    "tRuE": ("tRuE", True),
    "true spaced": ("  true\t", True),
    "false": ("false", False),
    "False": ("False", False),
    "FALSE": ("FALSE", False),
    "fAlSe": ("fAlSe", False),
    "false spaced": (" False ", False),
    "empty": ("", None),
    "blank": (" ", None),
    "yes": ("yes", None),
    "1": ("1", None),
    "0": ("0", None),
    "two": ("true, false", None),
    "rubbish": ("truely", None),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_which_errors_pass(case: tuple[AnthropixError, bool, bool]) -> None:
    error, passes, undone = case
    assert (passing(error), surely_undone(error)) == (passes, undone)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
@pytest.mark.parametrize("case", WORDS.values(), ids=WORDS)
def test_the_servers_word_overrides(case: tuple[str, bool | None], status: int) -> None:
    word, told = case
    error = api(status, x_should_retry=word)
    assert passing(error) is (passing(api(status)) if told is None else told)
    assert surely_undone(error) is (surely_undone(api(status)) if told is None else told)


@pytest.mark.parametrize("code", CAPS)
@pytest.mark.parametrize("word", ["true", "TRUE", "false", ""])
def test_no_word_lifts_a_spend_cap(code: str, word: str) -> None:
    error = api(429, code, x_should_retry=word, retry_after="1")
    assert (passing(error), surely_undone(error)) == (False, False)
    assert wait(error) is wait(error, repeatable=False) is None


@pytest.mark.parametrize("repeatable", [True, False], ids=["repeatable", "once"])
@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_delay_asks_the_right_question(
    case: tuple[AnthropixError, bool, bool], repeatable: bool
) -> None:
    error, passes, undone = case
    assert (wait(error, repeatable=repeatable) is not None) is (passes if repeatable else undone)


@pytest.mark.parametrize(
    ("attempt", "chance", "expected"),
    [
        (0, 0.0, 0.5),
        (1, 0.0, 1.0),
        (2, 0.0, 2.0),
        (3, 0.0, 4.0),
        (4, 0.0, 8.0),
        (5, 0.0, 8.0),
        (500, 0.0, 8.0),
        (0, 0.5, 0.4375),
        (0, 1.0, 0.375),
        (9, 1.0, 6.0),
    ],
)
def test_backoff(attempt: int, chance: float, expected: float) -> None:
    assert wait(api(500), Policy(max_retries=1000), attempt=attempt, chance=chance) == expected


@given(st.integers(0, 900), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_its_bounds(attempt: int, chance: float) -> None:
    pause = wait(api(500), Policy(max_retries=1000), attempt=attempt, chance=chance)
    assert pause is not None
    assert 0.375 <= pause <= 8.0


@pytest.mark.parametrize(
    ("retries", "attempt", "again"),
    [
        (2, 0, True),
        (2, 1, True),
        (2, 2, False),
        (2, 3, False),
        (0, 0, False),
        (1, 0, True),
        (1, 1, False),
    ],
)
def test_retries_are_counted(retries: int, attempt: int, again: bool) -> None:
    assert (wait(api(500), Policy(max_retries=retries), attempt=attempt) is not None) is again


DELAYS: dict[str, tuple[Policy, APIError, float, float | None]] = {
    "asked": (Policy(), api(429, retry_after="7"), 0.0, 7.0),
    "asked less than the backoff": (Policy(), api(429, retry_after="0.01"), 0.0, 0.01),
    "asked nothing": (Policy(), api(429, retry_after="0"), 0.0, 0.0),
    "asked in ms": (Policy(), api(429, retry_after_ms="1500"), 0.0, 1.5),
    "asked on a status that says try": (
        Policy(),
        api(400, x_should_retry="true", retry_after="2"),
        0.0,
        2.0,
    ),
    "asked on a status that does not pass": (Policy(), api(400, retry_after="2"), 0.0, None),
    "asked, and told not to": (
        Policy(),
        api(429, x_should_retry="false", retry_after="2"),
        0.0,
        None,
    ),
    "more than max_delay": (Policy(max_delay=1.0), api(429, retry_after="7"), 0.0, 7.0),
    "as patience allows": (Policy(), api(429, retry_after="60"), 0.0, 60.0),
    "beyond patience": (Policy(), api(429, retry_after="60.001"), 0.0, None),
    "beyond patience in ms": (Policy(), api(429, retry_after_ms="60001"), 0.0, None),
    "beyond patience by date": (
        Policy(),
        api(429, retry_after=formatdate(NOW + 3600, usegmt=True)),
        0.0,
        None,
    ),
    "date": (Policy(), api(429, retry_after=formatdate(NOW + 20, usegmt=True)), 0.0, 20.0),
    "date past": (Policy(), api(429, retry_after=formatdate(NOW - 20, usegmt=True)), 0.0, 0.0),
    "infinite": (Policy(), api(429, retry_after="inf"), 0.0, None),
    "huge": (Policy(), api(429, retry_after="9" * 400), 0.0, None),
    "more patience": (Policy(patience=3600.0), api(429, retry_after="600"), 0.0, 600.0),
    "no patience": (Policy(patience=0.0), api(429, retry_after="0.1"), 0.0, None),
    "no patience, nothing asked": (Policy(patience=0.0), api(429), 0.0, 0.5),
    "nan asks nothing": (Policy(), api(429, retry_after="nan"), 0.0, 0.5),
    "minus asks nothing": (Policy(), api(429, retry_after="-5"), 0.0, 0.5),
    "rubbish asks nothing": (Policy(), api(429, retry_after="soon"), 0.0, 0.5),
    "at the deadline": (Policy(deadline=100.0), api(500), 99.5, 0.5),
    "past the deadline": (Policy(deadline=100.0), api(500), 99.6, None),
    "asked past the deadline": (Policy(deadline=100.0), api(429, retry_after="7"), 94.0, None),
    "long past the deadline": (Policy(deadline=100.0), api(429, retry_after="0"), 101.0, None),
    "no deadline": (Policy(deadline=math.inf), api(500), 1e12, 0.5),
}


@pytest.mark.parametrize("case", DELAYS.values(), ids=DELAYS)
def test_delay(case: tuple[Policy, APIError, float, float | None]) -> None:
    policy, error, elapsed, expected = case
    assert wait(error, policy, elapsed=elapsed) == (
        expected if expected is None else pytest.approx(expected)
    )


def test_what_was_asked_is_not_shortened_by_chance() -> None:
    assert wait(api(429, retry_after="7"), chance=0.99) == 7.0


def test_a_policy_is_what_is_documented() -> None:
    assert Policy() == (2, 0.5, 8.0, 60.0, 900.0)
