"""When a failed call is made again, and after how long."""

from __future__ import annotations

import math
import string
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import error_body

from anthropix_py import retry
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
from anthropix_py.retry import Policy, http_date, retry_after

NOW = 1_790_000_000.0
SPEND_LIMITS = ["enforced_spend_limit_reached", "contract_spend_limit_reached"]


def api(status: int, code: str | None = None, body: object = None, **headers: str) -> APIError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return APIError(status, error_code=code, headers=named, body=body)


class OfATransport(AnthropixError):
    """An error that somebody's own transport raises: nobody knows when."""


# Columns: transient, proves_nothing_happened, may_resend if repeatable, may_resend if not.
Columns = tuple[bool, bool, bool, bool]
BUSY = (True, True, True, True)
UNCLEAR = (True, False, True, False)
REFUSED = (False, True, False, False)
UNKNOWN = (False, False, False, False)

FAULTS_OF_THE_REQUEST = (300, 301, 302, 304, 305, 307, 308, *range(400, 408), *range(410, 419))
FAULTS_OF_THE_REQUEST += (421, 422, 426, 428, 431, 451)

ERRORS: dict[str, tuple[AnthropixError, Columns]] = {
    **{f"{status}": (api(status), REFUSED) for status in FAULTS_OF_THE_REQUEST},
    **{f"{n}": (api(n), UNCLEAR) for n in (408, 409, 500, 501, 502, 504, 505, 520, 524, 599, 600)},
    # against a create that was carried out and answered with a status that nobody foresaw
    **{f"{n}": (api(n), UNKNOWN) for n in (200, 206, 299, 303, 306, 309, 399, 419, 420, 423, 425)},
    **{f"{n} of an edge": (api(n, body="No"), UNKNOWN) for n in (444, 460, 499)},
    # against a gateway that answers so after it has passed the request on
    **{f"{n} of a gateway": (api(n, body="reset"), UNCLEAR) for n in (429, 503, 529)},
    **{f"{n} with a request id": (api(n, request_id="req_1"), BUSY) for n in (429, 503, 529)},
    **{f"{n} in the envelope": (api(n, body=error_body()), BUSY) for n in (429, 503, 529)},
    "429 on a ramp": (api(429, "ramp_limit_exceeded", request_id="r"), BUSY),
    "429 with another code": (api(429, "spend", request_id="r"), BUSY),
    "503 with an empty request id": (api(503, request_id=""), UNCLEAR),
    "503 with half an envelope": (api(503, body={"type": "error"}), UNCLEAR),
    "503 without a type": (api(503, body={"error": {"type": "overloaded_error"}}), UNCLEAR),
    "503 with another type": (api(503, body={"type": "fault", "error": {}}), UNCLEAR),
    "503 with a list": (api(503, body=["error"]), UNCLEAR),
    **{f"{n} for {code}": (api(n, code), UNKNOWN) for code in SPEND_LIMITS for n in (503, 529)},
    **{f"429 for {code}": (api(429, code, request_id="r"), REFUSED) for code in SPEND_LIMITS},
    "not sent: connect": (TransportError("connect", "x", sent=False), BUSY),
    "not sent: timeout": (TransportError("timeout", "x", sent=False), BUSY),
    "not sent: tls": (TransportError("tls", "x", sent=False), BUSY),
    "sent: connect": (TransportError("connect", "x", sent=True), UNCLEAR),
    "sent: closed": (TransportError("closed", "x", sent=True), UNCLEAR),
    "sent: timeout": (TransportError("timeout", "x", sent=True), UNCLEAR),
    "sent: protocol": (TransportError("protocol", "x", sent=True), UNCLEAR),
    "sent: tls": (TransportError("tls", "x", sent=True), UNCLEAR),
    "invalid request": (InvalidRequest([]), REFUSED),
    "no credentials": (MissingCredentials(["A"]), REFUSED),
    "file": (FileError("x", "y"), REFUSED),
    "decode": (DecodeError("x"), UNKNOWN),
    "incomplete results": (IncompleteResults(2, 1), UNKNOWN),
    "wait timeout": (WaitTimeout(None, 1.0), UNKNOWN),
    "unknown outcome": (UnknownOutcome(api(529), 1, 0.0), UNKNOWN),
    # against an own transport's error, raised after the body went out, that counts as no effect
    "base class": (AnthropixError("x"), UNKNOWN),
    "somebody's subclass": (OfATransport("x"), UNKNOWN),
}


def columns(error: AnthropixError) -> Columns:
    return (
        retry.transient(error),
        retry.proves_nothing_happened(error),
        retry.may_resend(error, repeatable=True),
        retry.may_resend(error, repeatable=False),
    )


@pytest.mark.parametrize(("error", "expected"), ERRORS.values(), ids=ERRORS)
def test_what_each_error_means(error: AnthropixError, expected: Columns) -> None:
    assert columns(error) == expected


WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE", "tRuE", "  true\t"), True),
    **dict.fromkeys(("false", "False", "FALSE", "fAlSe", " False "), False),
    **dict.fromkeys(("", " ", "yes", "1", "0", "true, false", "truely"), None),
}


@pytest.mark.parametrize("status", [400, 404, 408, 429, 500, 503, 504])
@pytest.mark.parametrize(("word", "meaning"), WORDS.items(), ids=map(repr, WORDS))
def test_x_should_retry_decides_what_is_transient_and_proves_nothing(
    word: str, meaning: bool | None, status: int
) -> None:
    plain = api(status, request_id="req_1")
    transient, proven, _, _ = columns(plain)
    if meaning is not None:
        transient = meaning
    expected = (transient, proven, transient, transient and proven)
    assert columns(api(status, request_id="req_1", x_should_retry=word)) == expected


@pytest.mark.parametrize("code", SPEND_LIMITS)
@pytest.mark.parametrize("word", ["true", "TRUE", "false", ""])
def test_no_word_makes_waiting_for_a_spend_limit_useful(code: str, word: str) -> None:
    error = api(429, code, request_id="r", x_should_retry=word, retry_after="1")
    assert columns(error) == REFUSED


# As retry-after; as retry-after-ms a thousandth of it, and what makes no sense is passed over.
SECONDS: dict[str, float | None] = {
    "7": 7.0, "1.5": 1.5, "0": 0.0, "1e-9": 1e-9, "1e3": 1000.0, " 7\t": 7.0, "+7": 7.0,
    "9" * 30: float("9" * 30), "9" * 400: math.inf, "inf": math.inf, "1e999": math.inf,
    "-1": None, "-0.001": None, "-inf": None, "nan": None, "": None, "  ": None,
    "in a while": None, "7s": None, "7, 8": None, "0x10": None, "1,5": None,
}  # fmt: skip


@pytest.mark.parametrize(("text", "seconds"), SECONDS.items(), ids=map(repr, SECONDS))
def test_retry_after_in_seconds_or_milliseconds(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds
    in_milliseconds = 9.0
    if seconds is not None:
        in_milliseconds = seconds / 1000
    headers = {"retry-after-ms": text, "retry-after": "9"}
    assert retry_after(headers, NOW) == pytest.approx(in_milliseconds)


def date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


RETRY_DATES: dict[str, tuple[dict[str, str], float | None]] = {
    "no header": ({}, None),
    "date alone": ({"date": date(NOW)}, None),
    "in 30 s": ({"retry-after": date(NOW + 30)}, 30.0),
    "now": ({"retry-after": date(NOW)}, 0.0),
    "past": ({"retry-after": date(NOW - 30)}, 0.0),
    "long past": ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    # against a machine whose clock is wrong
    "by the server's clock": ({"retry-after": date(5030), "date": date(5000)}, 30.0),
    "past by the server's clock": ({"retry-after": date(NOW + 5), "date": date(NOW + 9)}, 0.0),
    "beside rubbish for a date": ({"retry-after": date(NOW + 30), "date": "yesterday"}, 30.0),
    "behind rubbish in ms": ({"retry-after-ms": "x", "retry-after": date(NOW + 30)}, 30.0),
    "in the header for ms": ({"retry-after-ms": date(NOW + 30)}, None),
    "cut": ({"retry-after": "Wed, 21 Oct"}, None),
    "rubbish in both": ({"retry-after-ms": "soon", "retry-after": "later"}, None),
}


@pytest.mark.parametrize(("headers", "seconds"), RETRY_DATES.values(), ids=RETRY_DATES)
def test_retry_after_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


DATES: dict[str, float | None] = {
    "Wed, 21 Oct 2015 07:28:00 GMT": 1445412480.0,
    "Wednesday, 21-Oct-15 07:28:00 GMT": 1445412480.0,
    "Wed Oct 21 07:28:00 2015": 1445412480.0,
    "Thu, 01 Jan 1970 00:00:00 GMT": 0.0,
    "Thu, 29 Feb 2024 00:00:00 GMT": 1709164800.0,
    **dict.fromkeys(("", "7", "-1", "2015-10-21T07:28:00Z", "Wed", "a", "Wed,", "W\0")),
    **dict.fromkeys(("Wed, 21 Oct 2015", "the day after tomorrow", "\u661f\u671f\u4e09")),
    **dict.fromkeys(("Wed, 21 Foo 2015 07:28:00 GMT", "Wed, aa Oct bbbb cc:dd:ee GMT")),
    "Wed, 21 Oct 99999999 07:28:00 GMT": None,
    # against the limit on the digits of an integer, which raises
    "Wed, 21 Oct " + "9" * 5000 + " 07:28:00 GMT": None,
}


@pytest.mark.parametrize(("text", "expected"), DATES.items(), ids=[repr(one)[:40] for one in DATES])
def test_http_date(text: str, expected: float | None) -> None:
    assert http_date(text) == expected


@given(st.integers(0, 4_000_000_000))
def test_every_date_is_read(seconds: int) -> None:
    assert http_date(date(seconds)) == seconds


PARTS = ["Wed,", "Oct", "21", "2015", "07:28:00", "GMT", "-0700", "-99999999", "21-Oct-15", "::"]
PARTS += [",", "1.2.3", "9" * 20]
RUBBISH = st.lists(st.sampled_from(PARTS) | st.text(string.printable, max_size=5), max_size=8)


@given(RUBBISH.map(" ".join))
def test_rubbish_never_raises(text: str) -> None:
    found = http_date(text)
    assert found is None or math.isfinite(found)
    asked = retry_after({"retry-after-ms": text, "retry-after": text, "date": text}, NOW)
    assert asked is None or asked >= 0


TRIES = Policy(max_retries=1000)
DELAYS: dict[str, tuple[Policy, dict[str, float], float | None]] = {
    "the first": (Policy(), {}, 0.5),
    **{f"doubled {n} times": (TRIES, {"attempt": n}, 0.5 * 2**n) for n in (1, 2, 3, 4)},
    "at most max_delay": (TRIES, {"attempt": 5}, 8.0),
    # against an overflow of 2.0 ** attempt
    "after 5,000 tries": (Policy(max_retries=9999), {"attempt": 5000}, 8.0),
    "half the chance": (Policy(), {"chance": 0.5}, 0.4375),
    "all of the chance": (Policy(), {"chance": 1.0}, 0.375),
    "chance off max_delay": (TRIES, {"attempt": 9, "chance": 1.0}, 6.0),
    "the last try": (Policy(), {"attempt": 1}, 1.0),
    "no try left": (Policy(), {"attempt": 2}, None),
    "fewer than no try left": (Policy(), {"attempt": 3}, None),
    "no retries at all": (Policy(max_retries=0), {}, None),
    "no retries, but asked for": (Policy(max_retries=0), {"asked": 0.0}, None),
    "asked": (Policy(), {"asked": 7.0}, 7.0),
    "asked, not shortened by chance": (Policy(), {"asked": 7.0, "chance": 0.99}, 7.0),
    "asked for less than the backoff": (Policy(), {"asked": 0.01}, 0.01),
    "asked for 0": (Policy(), {"asked": 0.0}, 0.0),
    "asked for more than max_delay": (Policy(max_delay=1.0), {"asked": 7.0}, 7.0),
    "as long as patience": (Policy(), {"asked": 60.0}, 60.0),
    "longer than patience": (Policy(), {"asked": 60.001}, None),
    "asked for ever": (Policy(), {"asked": math.inf}, None),
    "more patience": (Policy(patience=3600.0), {"asked": 600.0}, 600.0),
    "no patience": (Policy(patience=0.0), {"asked": 0.1}, None),
    "no patience, nothing asked": (Policy(patience=0.0), {}, 0.5),
    "at the deadline": (Policy(deadline=100.0), {"elapsed": 99.5}, 0.5),
    "past the deadline": (Policy(deadline=100.0), {"elapsed": 99.6}, None),
    "asked past the deadline": (Policy(deadline=100.0), {"elapsed": 94.0, "asked": 7.0}, None),
    "long past the deadline": (Policy(deadline=100.0), {"elapsed": 101.0, "asked": 0.0}, None),
    "no deadline": (Policy(deadline=math.inf), {"elapsed": 1e12}, 0.5),
}


def delay(policy: Policy, **options: Any) -> float | None:
    return retry.delay(policy, **{"attempt": 0, "elapsed": 0.0, "chance": 0.0, **options})


@pytest.mark.parametrize(("policy", "options", "expected"), DELAYS.values(), ids=DELAYS)
def test_delay(policy: Policy, options: dict[str, float], expected: float | None) -> None:
    assert delay(policy, **options) == expected


@given(st.integers(0, 900), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_its_bounds(attempt: int, chance: float) -> None:
    pause = delay(TRIES, attempt=attempt, chance=chance)
    assert pause is not None
    assert 0.375 <= pause <= 8.0


def test_the_default_policy_is_the_documented_one() -> None:
    assert Policy() == (2, 0.5, 8.0, 60.0, 900.0)
