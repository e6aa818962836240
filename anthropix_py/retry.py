"""When a failed call is made again, and after how long: arithmetic, no waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .errors import AnthropixError, APIError, DecodeError, IncompleteResults, TransportError

_PASSING = (408, 409, 429)  # of the statuses below 500, those that may go away
_REFUSED = (429, 503, 529)  # the server says that it did not begin; later it may
_DENIED = frozenset(  # the server says that it will not begin; 303, 408, 409 and the unknown leave it open
    (
        *range(300, 303),
        304,
        305,
        307,
        308,
        *range(400, 408),
        *range(410, 419),
        421,
        422,
        426,
        428,
        431,
        451,
    )
)
_CAPPED = ("enforced_spend_limit_reached", "contract_spend_limit_reached")


class Policy(NamedTuple):
    """How often and how long a call is tried.

    `max_retries`: repeats after the first try, and cuts of one stream that are mended.
    `initial_delay`, doubling up to `max_delay`: the seconds between tries when the server names
    none; up to a quarter is taken off by chance. `patience`: the longest `retry-after` that is
    waited for, in seconds; a longer one ends the trying. `deadline`: seconds after the call's
    start past which no try begins; of a stream, whose reader may take all day, only the waiting
    counts.
    """

    max_retries: int = 2
    initial_delay: float = 0.5
    max_delay: float = 8.0
    patience: float = 60.0
    deadline: float = 900.0


def delay(
    policy: Policy,
    error: AnthropixError,
    *,
    repeatable: bool,
    attempt: int,
    elapsed: float,
    chance: float,
    now: float,
) -> float | None:
    """Give the seconds to wait before the next try, None to stop.

    `repeatable`: whether doing it twice does no harm; what is not is repeated only if it surely
    did not happen. `attempt`: tries made before this one. `elapsed`: seconds since the first
    began. `chance`: from 0 up to 1. `now`: seconds since the epoch, for a `retry-after` that is a
    date in an answer without a `date` of its own.
    """
    if attempt >= policy.max_retries:
        return None
    if not (passing(error) if repeatable else surely_undone(error)):
        return None
    asked = retry_after(error.headers, now) if isinstance(error, APIError) else None
    if asked is not None and asked > policy.patience:
        return None
    wait = backoff(policy, attempt, chance) if asked is None else asked
    return wait if elapsed + wait <= policy.deadline else None


def backoff(policy: Policy, attempt: int, chance: float) -> float:
    """Give the seconds to wait before the next try when the server names none."""
    return min(policy.max_delay, policy.initial_delay * 2.0 ** min(attempt, 60)) * (1 - chance / 4)


def passing(error: AnthropixError) -> bool:
    """Whether the same call may well succeed later."""
    if not isinstance(error, APIError):
        short = isinstance(error, IncompleteResults) and error.received < (error.expected or 0)
        return short or isinstance(error, TransportError)
    told = should_retry(error)
    if told is not None:
        return told
    return (error.status in _PASSING or error.status >= 500) and error.error_code not in _CAPPED


def surely_undone(error: AnthropixError) -> bool:
    """Whether the call surely had no effect, by the server's word or by what happened, and may well succeed later."""
    if not isinstance(error, APIError):
        return isinstance(error, TransportError) and not error.sent
    told = should_retry(error)
    if told is not None:
        return told
    return error.status in _REFUSED and error.error_code not in _CAPPED


def no_effect(error: AnthropixError) -> bool:
    """Whether *error* leaves no doubt that the call had no effect; that the server allows to repeat it is no proof."""
    if isinstance(error, TransportError):
        return not error.sent
    if isinstance(error, APIError):
        return error.status in _REFUSED or error.status in _DENIED
    return not isinstance(error, DecodeError)


def should_retry(error: APIError) -> bool | None:
    """Give the server's own word in `x-should-retry`, which overrides every rule; None where it is silent.

    A spend cap lasts until next month: no word makes waiting for it useful.
    """
    if error.error_code in _CAPPED:
        return False
    return {"true": True, "false": False}.get(
        error.headers.get("x-should-retry", "").strip().lower()
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Give the seconds that an answer asks to wait, None where it does not say or makes no sense.

    Reads `retry-after-ms`, then `retry-after` as seconds (fractions too) or as an HTTP date,
    counted from the answer's own `date` where it has one. A date that is past means 0; a
    negative number, NaN or rubbish means nothing.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / scale
        except ValueError:
            continue
        if seconds >= 0:  # False for NaN
            return seconds
    date = http_date(headers.get("retry-after", ""))
    if date is None:
        return None
    sent = http_date(headers.get("date", ""))
    return max(0.0, date - (now if sent is None else sent))


def http_date(text: str) -> float | None:
    """Give an HTTP date in seconds since the epoch, None for anything else."""
    if not text[:1].isalpha():
        return None
    from email.utils import mktime_tz, parsedate_tz  # as much to import as the rest of the package

    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError):
        return None
