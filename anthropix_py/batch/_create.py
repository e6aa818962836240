"""Create a batch: check it completely, send it once, and say so if the outcome is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from .. import retry
from .._events import warn
from .._wire import BATCHES, Body
from ..client import Client
from ..errors import AnthropixError, DecodeError, SentAt, UnknownOutcome
from ..types import MessageBatch
from ..validate._look import Setting
from . import _call, _server_time, _state
from ._body import Spool

_REMEMBERED = 100_000  # ids

created_here: dict[str, None] = {}
"""The ids of the batches that this process has created, in order; the oldest are dropped."""


class Outcome(NamedTuple):
    """What became of a POST that creates a batch.

    `kind`: `created`, `refused` if certainly no batch was created, or `unknown`. `batch`: the batch
    that was created. `error`: why none is known. `batch_id`: the id in a response that was
    otherwise not what was expected. `headers`: those of the response, if it had a JSON object.
    """

    kind: Literal["created", "refused", "unknown"]
    batch: MessageBatch | None = None
    error: AnthropixError | None = None
    batch_id: str | None = None
    headers: Mapping[str, str] = {}


def create(
    client: Client, requests: Iterable[Mapping[str, object]], strict: bool = False
) -> MessageBatch:
    """Create a batch. Raises `UnknownOutcome` if nobody can know whether one was created."""
    setting = Setting(client.api_version, client.beta)
    body = Spool.of(requests, client.limits, setting, strict=strict)
    total, outcome = body.total, None
    sent_at, sent = client.clock.now(), SentAt(client.clock, client.clock.monotonic())
    try:
        with body:
            _warn(client, body)
            outcome = send(client, body, total)
    except BaseException as interrupt:
        # also one that falls while the body's file is closed, after the batch was created
        if body.begun:
            interrupt.add_note(_note(total, sent_at, outcome))
        raise
    if outcome.batch is not None:
        return outcome.batch
    if outcome.kind == "refused" and outcome.error is not None:
        raise outcome.error
    unknown = UnknownOutcome(
        outcome.error,
        total,
        sent_at,
        served_at=_server_time.at(client, sent.monotonic),
        batch_id=outcome.batch_id,
    )
    unknown._sent = sent
    raise unknown


def send(client: Client, body: Body, total: int) -> Outcome:
    """Make the POST that creates a batch of *total* requests, and return what became of it."""
    call = _call.Call("POST", BATCHES, body=body, repeatable=False)
    reply = None
    try:
        reply = _call.ask(client, call)
        return Outcome("created", _created(client, reply, total), headers=reply.headers)
    except AnthropixError as error:
        # Only the last attempt can be in doubt: another attempt is made only after an error that
        # proves that nothing happened.
        if retry.proves_nothing_happened(error):
            return Outcome("refused", error=error)
        return Outcome("unknown", error=error, batch_id=_id_in(reply))


def _created(client: Client, reply: _call.Reply, total: int) -> MessageBatch:
    """Return the batch that was created. Raises `DecodeError` if it cannot be the one we sent."""
    batch = _state.batch_in(reply)
    if not _state.may_have(batch, total):
        detail = f"the response is a batch of {_state.total(batch)} requests, not of {total}"
        raise DecodeError(detail, request_id=reply.headers.get("request-id"))
    while len(created_here) >= _REMEMBERED:
        created_here.pop(next(iter(created_here)), None)
    created_here[batch["id"]] = None
    _server_time.note_created(client, batch)
    return batch


def _id_in(reply: _call.Reply | None) -> str | None:
    """Return the id in a response that is not a valid batch, None if it has no id."""
    if reply is None:
        return None
    id = reply.value.get("id")
    return id if isinstance(id, str) and id else None


def _note(total: int, sent_at: float, outcome: Outcome | None) -> str:
    if outcome is not None and outcome.batch is not None:
        return f"Batch {outcome.batch['id']} of {total:,} requests was created before this."
    if outcome is not None and outcome.kind == "refused":
        return f"No batch was created: {outcome.error}"
    return (
        f"A batch of {total:,} requests may have been created: sending it was interrupted. "
        f"batch.candidates(client, UnknownOutcome(None, {total}, {sent_at!r})) lists the batches "
        "that it may have made."
    )


def _warn(client: Client, body: Spool) -> None:
    if body.warned:
        reasons = "; ".join(str(problem) for problem in body.warnings)
        counts = f"{body.warned:,} of {body.total:,}"
        warn(
            client,
            f"requests that will probably come back as errored rows ({counts}): {reasons}",
        )
