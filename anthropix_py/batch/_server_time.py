"""The time on a server's clock, from the `date` header of its latest response.

This machine's own clock may be wrong, or be set while the program runs. So the server's time is
kept together with the steady time of its arrival, by a clock that nobody sets.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .. import retry
from .._clock import Clock
from .._wire import Response
from ..client import Client
from ..errors import DecodeError

_TIME = r"(?a)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)"
_SERVERS = 32  # servers remembered


class _Seen(NamedTuple):
    """The `date` header of a response, and the steady time of a clock at which it arrived."""

    date: str
    clock: Clock
    monotonic: float


# by the address of the server
_latest: dict[str, _Seen] = {}


def note(client: Client, response: Response) -> None:
    """Remember the date of *response*, if it is one of the API itself."""
    date = response.headers.get("date")
    if not date or "request-id" not in response.headers:
        return
    server = client.base_url
    if server not in _latest and len(_latest) >= _SERVERS:
        _latest.pop(next(iter(_latest)), None)
    _latest[server] = _Seen(date, client.clock, client.clock.monotonic())


def at(client: Client, monotonic: float) -> float | None:
    """Return the server's time, in seconds since the epoch, at a steady time of the client's clock.

    None if no response of this server had a date.
    """
    seen = _latest.get(client.base_url)
    if seen is None or seen.clock is not client.clock:
        return None
    date = retry.http_date(seen.date)
    if date is None:
        return None
    return date + (monotonic - seen.monotonic)


def read(time: object) -> float:
    """Return an RFC 3339 time in seconds since the epoch. Raises `DecodeError`."""
    from datetime import datetime

    parts = re.fullmatch(_TIME, time) if isinstance(time, str) else None
    try:
        if parts is None:
            raise ValueError("expected one like 2026-08-19T14:44:51.493319+00:00")
        moment, fraction, zone = parts.groups()
        # the fraction apart, because fromisoformat takes some numbers of digits only
        seconds = datetime.fromisoformat(moment + zone.replace("Z", "+00:00")).timestamp()
        return seconds + float(fraction or 0)
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"created_at is not a time: {time!r} ({error})") from None
