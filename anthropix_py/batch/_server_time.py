"""The time on a server's clock: what proves it, and what only suggests it.

The `created_at` of a batch is the API's own word, and not later than its present time. A `date`
header may be the word of a gateway with a wrong clock: many replace the header, and keep the
request id. This machine's own clock may be wrong, or be set while the program runs. So times of the
server are kept with the steady time of their arrival, by a clock that nobody sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .. import retry
from .._clock import Clock
from .._wire import Response
from ..client import Client
from ..errors import DecodeError
from ..types import MessageBatch

_TIME = r"(?a)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)"
_SERVERS = 32  # servers remembered


class _Seen(NamedTuple):
    """A time in a response, as text, and the steady time of a clock at which it arrived."""

    time: str
    clock: Clock
    monotonic: float


# the `date` of the latest response, and the `created_at` of the batch created last; both by the
# address of the server
_latest: dict[str, _Seen] = {}
_created: dict[str, _Seen] = {}


def note(client: Client, response: Response) -> None:
    """Remember the date of *response*, if it is one of the API itself."""
    date = response.headers.get("date")
    if not date or "request-id" not in response.headers:
        return
    _keep(_latest, client, date)


def note_created(client: Client, batch: MessageBatch) -> None:
    """Remember when *batch* was created, which must be just now."""
    created = batch.get("created_at")
    if isinstance(created, str):
        _keep(_created, client, created)


def _keep(times: dict[str, _Seen], client: Client, time: str) -> None:
    server = client.base_url
    if server not in times and len(times) >= _SERVERS:
        times.pop(next(iter(times)), None)
    times[server] = _Seen(time, client.clock, client.clock.monotonic())


def at(client: Client, monotonic: float) -> float | None:
    """Return the server's time, in seconds since the epoch, at a steady time of the client's clock.

    By the API's own word if it has created a batch for this process, else by the latest date; None
    if neither is known of this server.
    """
    for times, parse in ((_created, _read_if_time), (_latest, retry.http_date)):
        seen = times.get(client.base_url)
        if seen is None or seen.clock is not client.clock:
            continue
        time = parse(seen.time)
        if time is not None:
            return time + (monotonic - seen.monotonic)
    return None


def earliest(headers: Mapping[str, str], batches: Iterable[MessageBatch], now: float) -> float:
    """Return the earliest that the server's time can be when it sent a page of *batches*.

    *headers*: of that response. *now*: the present time of this machine. Of the two clocks that can
    be wrong, the earlier one counts; but the newest batch cannot be in the future. Without a date,
    only the newest batch counts.
    """
    date = retry.http_date(headers.get("date", ""))
    created = [read(batch.get("created_at")) for batch in batches]
    if date is not None:
        created.append(min(date, now))
    return max(created, default=now)


def _read_if_time(time: str) -> float | None:
    try:
        return read(time)
    except DecodeError:
        return None


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
