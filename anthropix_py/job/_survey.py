"""What is on the server: which workspace it shows, which batches there are, and whose they are."""

from __future__ import annotations

from typing import NamedTuple

from .._seen import Seen
from ..batch import _ids, _pages, _server_time, _state
from ..batch._candidates import created_since
from ..batch._jsonl import row_in
from ..batch._results import Results
from ..client import Client
from ..errors import AnthropixError, DecodeError
from ..types import MessageBatch
from ._core import Core, origin_of, place_values
from ._happened import Foreign, Found, Listed, Started, Unread, Walked, WalkFailed
from ._view import Place
from ._wire_ids import parse

_PROOFS = 3  # batches asked for, if the server does not say where we are


class Here(NamedTuple):
    """The server's time and the place, from the first response of a process."""

    at: float
    place: Place


def where(client: Client) -> Here:
    """Return the server's time and the place."""
    page = _pages.Walk.of(client, limit=1).page(None)
    return Here(_time_of(client, page), _place(client, page))


def start(core: Core) -> None:
    """Ask for the server's time and the place, and record that this process has begun."""
    try:
        here = where(core.impatient)
        proof = _needs_proof(core, here.place) and _has_proof(core)
    except AnthropixError as error:
        core.client.clock.sleep(max(0.0, core.later("the first call", error) - core.now()))
        return
    core.succeeded("the first call")
    core.set_time(here.at)
    core.commit(Started(here.at, here.place, proof, core.vouched))
    core.emit("started", epoch=core.journal.epoch)


def walk(core: Core, since: float) -> None:
    """Read `list` back to *since*."""
    at = core.now()
    try:
        pages = _pages.Walk.of(core.impatient, limit=core.client.limits.page)
        first = pages.page(None)
        batches = tuple(map(_listed, created_since(pages, first, since)))
    except AnthropixError as error:
        core.note(WalkFailed(at, core.later("list", error)))
        return
    core.succeeded("list")
    core.note(Walked(at, since, _place(core.client, first), batches))


def read(core: Core, batch: str) -> None:
    """Find out by one of its rows whose batch it is."""
    try:
        custom_id = _first_id(core, batch)
    except AnthropixError as error:
        core.note(Unread(batch, core.later(f"reading batch {batch}", error)))
        return
    found = parse(custom_id, core.tag)
    if found is None:
        core.commit(Foreign(batch))
        return
    core.commit(Found(batch, found[0]))
    core.mirror.add("batch", attempt=_holder(core, batch), wire=found[0], batch=batch)
    core.emit("found", attempt=found[0], batch=batch)


def _holder(core: Core, batch: str) -> int | None:
    return next((one.number for one in core.view.attempts if one.batch == batch), None)


def _first_id(core: Core, batch: str) -> str:
    results = Results.begin(core.impatient, _ids.batch_id(batch), None, Seen(None))
    try:
        lines = next(results.lines(), b"")
    finally:
        results.close()
    id = row_in(lines[: lines.find(b"\n") + 1])
    if id is None:
        raise DecodeError("the results of the batch have no rows")
    return id


def _place(client: Client, page: _pages.Page) -> Place:
    return Place(origin_of(client), *place_values(page.headers))


def _time_of(client: Client, page: _pages.Page) -> float:
    """Return the earliest that the server's time can be when it sent *page*."""
    return _server_time.earliest(page.headers, page.value["data"], client.clock.now())


def _needs_proof(core: Core, place: Place) -> bool:
    known = core.view.place
    return known is not None and known.compared(place) == "unclear"


def _has_proof(core: Core) -> bool:
    """Return whether the server still shows a batch of this job."""
    known = [one.batch for one in core.view.attempts if one.batch is not None]
    for batch in known[-_PROOFS:]:
        try:
            _state.show(core.impatient, batch)
        except AnthropixError as error:
            if getattr(error, "status", None) == 404:
                continue
            raise
        return True
    return False


def _listed(batch: MessageBatch) -> Listed:
    size = _state.total(batch)
    if size is not None and not _state.may_have(batch, size):
        size = None
    return Listed(
        batch["id"],
        size,
        _server_time.read(batch.get("created_at")),
        batch.get("processing_status") == "ended",
        batch.get("archived_at") is not None,
    )
