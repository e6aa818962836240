"""When a failed call is made again, and after how long. Arithmetic only: nothing waits here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .errors import (
    AnthropixError,
    APIError,
    AuthError,
    FileError,
    InvalidRequest,
    MissingCredentials,
    TransportError,
)

__all__ = ["Policy"]


class Policy(NamedTuple):
    """How often and how long a call is tried.

    `max_retries`: how many times a call is repeated after its first try; for a stream of results,
    how many times in a row it is requested again without a new row. `initial_delay`: the seconds
    between tries if the server names none; they double up to `max_delay`, and up to a quarter is
    taken off at random. `patience`: the longest `retry-after`, in seconds, that is waited for; a
    longer one ends the retries. `deadline`: seconds after the call's start past which no try
    begins; for a stream, whose reader may take all day, only the time spent waiting counts.
    """

    max_retries: int = 2
    initial_delay: float = 0.5
    max_delay: float = 8.0
    patience: float = 60.0
    deadline: float = 900.0


class _Meaning(NamedTuple):
    """What a status says about the call.

    `transient`: the same call may succeed later. `refused_by`: who must have sent the status for it
    to prove that the call had no effect; None if it proves nothing.
    """

    transient: bool
    refused_by: str | None


_ANYONE = "anyone"
_THE_API = "the API itself"

# The rule about money: this table decides whether a create may be sent again, and doubt is the
# default. A server that responds with a redirect or with a fault of the request has not passed the
# request on. A gateway may send 429 and 503 after it has passed the request on (Envoy's "upstream
# connect error or disconnect/reset before headers" is an example), so these count only if the API
# itself sent them. 303 is the response to a POST that was carried out. 408, 409 and every status
# that is not listed prove nothing.
_FAULT_OF_THE_REQUEST = _Meaning(transient=False, refused_by=_ANYONE)
_BUSY = _Meaning(transient=True, refused_by=_THE_API)
_UNCLEAR = _Meaning(transient=True, refused_by=None)
_UNKNOWN = _Meaning(transient=False, refused_by=None)

_STATUSES: dict[int, _Meaning] = {
    **dict.fromkeys((300, 301, 302, 304, 305, 307, 308), _FAULT_OF_THE_REQUEST),
    **dict.fromkeys((*range(400, 408), *range(410, 419)), _FAULT_OF_THE_REQUEST),
    **dict.fromkeys((421, 422, 426, 428, 431, 451), _FAULT_OF_THE_REQUEST),
    **dict.fromkeys((429, 503, 529), _BUSY),
    **dict.fromkeys((408, 409), _UNCLEAR),
}

_SPEND_LIMITS = ("enforced_spend_limit_reached", "contract_spend_limit_reached")
# raised before anything is sent
_BEFORE_SENDING = (InvalidRequest, MissingCredentials, AuthError, FileError)


def may_resend(error: AnthropixError, *, repeatable: bool) -> bool:
    """Return whether the call that failed with *error* may be made again.

    *repeatable*: whether carrying it out twice does no harm. Any other call (create) is sent again
    only if the first attempt certainly had no effect. The server's `x-should-retry: true` is not
    enough: it says that a repeat may succeed, but not that the first attempt had no effect.
    """
    return transient(error) and (repeatable or proves_nothing_happened(error))


def transient(error: AnthropixError) -> bool:
    """Return whether the same call may succeed later."""
    if not isinstance(error, APIError):
        return isinstance(error, TransportError)
    word = should_retry(error)
    return _meaning(error.status).transient if word is None else word


def proves_nothing_happened(error: AnthropixError) -> bool:
    """Return whether *error* proves that the call had no effect; False if in doubt."""
    if isinstance(error, TransportError):
        return not error.sent
    if isinstance(error, APIError):
        sender = _meaning(error.status).refused_by
        return sender == _ANYONE or (sender == _THE_API and is_from_the_api(error))
    return isinstance(error, _BEFORE_SENDING)


def should_retry(error: APIError) -> bool | None:
    """Return the value of `x-should-retry`, which overrides every status; None if there is none.

    False for a spend limit, whatever the header says: it lasts until next month.
    """
    if error.error_code in _SPEND_LIMITS:
        return False
    word = error.headers.get("x-should-retry", "").strip().lower()
    return {"true": True, "false": False}.get(word)


def _meaning(status: int) -> _Meaning:
    if status in _STATUSES:
        return _STATUSES[status]
    return _UNCLEAR if status >= 500 else _UNKNOWN


def is_from_the_api(error: APIError) -> bool:
    """Return whether the response has a request id or an error envelope, as only the API sends."""
    if error.headers.get("request-id"):
        return True
    body = error.body
    return isinstance(body, dict) and body.get("type") == "error" and "error" in body


def delay(
    policy: Policy, *, attempt: int, elapsed: float, chance: float, asked: float | None = None
) -> float | None:
    """Return the seconds to wait before the next try; None if the policy allows no more.

    *attempt*: the retries made before. *elapsed*: seconds since the first try began. *chance*: a
    random number from 0 up to 1. *asked*: the seconds that the server asks to wait.
    """
    if attempt >= policy.max_retries or (asked is not None and asked > policy.patience):
        return None
    wait = backoff(policy, attempt, chance) if asked is None else asked
    return wait if elapsed + wait <= policy.deadline else None


def backoff(policy: Policy, attempt: int, chance: float) -> float:
    """Return the seconds to wait before the next try if the server names none."""
    longest = min(policy.max_delay, policy.initial_delay * 2.0 ** min(attempt, 60))
    return longest * (1 - chance / 4)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a response asks to wait; None if it does not say.

    Reads `retry-after-ms`, then `retry-after` as seconds (fractions too) or as an HTTP date, which
    counts from the response's own `date` if it has one, or else from *now* (seconds since the
    epoch). A date in the past means 0. A negative number, NaN or any other text is ignored.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, "")) / scale
        if seconds >= 0:
            return seconds
    date = http_date(headers.get("retry-after", ""))
    if date is None:
        return None
    sent = http_date(headers.get("date", ""))
    return max(0.0, date - (now if sent is None else sent))


def _number(text: str) -> float:
    """Return *text* as a number, NaN if it is not one."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def http_date(text: str) -> float | None:
    """Return the HTTP date *text* in seconds since the epoch; None if it is not a date."""
    if not text[:1].isalpha():
        return None
    # imported here because it takes as long as importing this package
    from email.utils import mktime_tz, parsedate_tz

    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError):
        return None
