"""After a create of unknown outcome: the batches that could be it."""

from __future__ import annotations

import re

from .. import retry
from ..client import Client
from ..errors import DecodeError, UnknownOutcome
from ..types import MessageBatch
from . import _pages, _state

_PAGE = 100
_TIME = r"(?a)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)"
_SLACK = 2.0  # seconds: a Date header has no fractions, and a request takes time on its way


def candidates(client: Client, unknown: UnknownOutcome) -> list[MessageBatch]:
    """List the batches of the same size created since the sending began, by the server's clock."""
    before = client.clock.now()
    pages = _pages.Pages(client, None, None, min(_PAGE, client.limits.page))
    after = client.clock.now()
    served = retry.http_date(pages.headers.get("date", ""))
    ahead = (
        0.0 if served is None else served - (before + after) / 2
    )  # the server's clock against this machine's
    since = unknown.sent_at + ahead - _SLACK - (after - before)
    found: list[MessageBatch] = []
    for batch in pages.all():
        if _seconds(batch.get("created_at")) < since:
            break  # and so is every one after it: the newest come first
        if _state.total(batch) in (unknown.total, None):  # one that cannot be read could be it, too
            found.append(batch)
    return found


def _seconds(time: object) -> float:
    """Give an RFC 3339 time in seconds since the epoch."""
    from datetime import datetime

    parts = re.fullmatch(_TIME, time) if isinstance(time, str) else None
    try:
        if parts is None:
            raise ValueError("expected one like 2026-08-19T14:44:51.493319+00:00")
        moment, fraction, zone = parts.groups()
        # the fraction apart, as fromisoformat takes some numbers of digits only
        return datetime.fromisoformat(moment + zone.replace("Z", "+00:00")).timestamp() + float(
            fraction or 0
        )
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"created_at is not a time: {time!r} ({error})") from None
