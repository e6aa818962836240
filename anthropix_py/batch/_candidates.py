"""After a create of unknown outcome: the batches that it may have made.

If the window of time is too wide, the caller has one more batch to check; if it is too narrow, the
caller may pay twice. So the earliest of all estimates of when the create was sent is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..client import Client
from ..errors import DecodeError, UnknownOutcome
from ..types import BatchRef, MessageBatch
from . import _create, _ids, _pages, _server_time, _state

_PAGE = 100  # batches
_MOST_PAGES = 1000
# for clocks that are not quite right, also those of gateways, and for the time a request travels
_SLACK = 300.0  # seconds


def candidates(
    client: Client, unknown: UnknownOutcome, known: Iterable[BatchRef]
) -> list[MessageBatch]:
    """Return the batches that may have the same size and were created since the sending began."""
    excluded = {_ids.batch_id(batch) for batch in known}
    if unknown._sent is not None:
        # A batch that another create of this process returned is not the one that this create
        # lost. But an error that the caller built may be about any of them, with its id forgotten.
        excluded |= _create.created_here.keys()
    walk = _pages.Walk.of(client, limit=min(_PAGE, client.limits.page))
    first = walk.page(None)
    since = _sent(client, unknown, first) - _SLACK
    return [
        batch
        for batch in created_since(walk, first, since)
        if _state.may_have(batch, unknown.total) and batch["id"] not in excluded
    ]


def created_since(walk: _pages.Walk, first: _pages.Page, since: float) -> Iterator[MessageBatch]:
    """Yield the batches from *first* on that were created at *since* or later.

    Stops only at a page all of whose batches are older, because the order of `list` is not
    promised. Raises `DecodeError` if no page of very many is.
    """
    for number, page in enumerate(walk.pages(first), 1):
        if number > _MOST_PAGES:
            raise DecodeError(
                f"list has more than {_MOST_PAGES:,} pages of batches created since {since:.0f} "
                "(seconds since the epoch), so not all of them were read"
            )
        batches = page.value["data"]
        recent = [batch for batch in batches if _server_time.read(batch.get("created_at")) >= since]
        yield from recent
        if batches and not recent:
            break


def _sent(client: Client, unknown: UnknownOutcome, first: _pages.Page) -> float:
    """Return the earliest estimate of the server's time when the create was sent.

    The time that the page took to arrive makes it earlier still.
    """
    now, monotonic = client.clock.now(), client.clock.monotonic()
    served = _server_time.earliest(first.headers, first.value["data"], now)
    # by the clock of this machine, which may have been set in between, even to before the create
    estimates = [served - max(0.0, now - unknown.sent_at)]
    if unknown._sent is not None and unknown._sent.clock is client.clock:
        # by the steady clock, which nobody sets
        estimates.append(served - (monotonic - unknown._sent.monotonic))
    if unknown.served_at is not None:
        # by the server's own clock, known from responses before the create
        estimates.append(unknown.served_at)
    return min(estimates)
