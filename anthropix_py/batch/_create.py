"""Creating a batch: checked whole, sent once, and honest about not knowing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import retry
from .._events import log
from .._wire import BATCHES
from ..client import Client
from ..errors import AnthropixError, UnknownOutcome
from ..types import MessageBatch
from . import _call, _state
from ._body import Spool


def create(client: Client, requests: Iterable[Mapping[str, object]]) -> MessageBatch:
    """Create a batch. Raises `UnknownOutcome` where nobody can know whether one was created."""
    with Spool(requests, client.limits) as body:
        _warn(body)
        sent_at = client.clock.now()
        met: list[AnthropixError] = []
        try:
            call = _call.Call("POST", BATCHES, body=body, repeatable=False, met=met.append)
            return _state.ask_for_batch(client, call)[0]
        except AnthropixError as error:
            # an answer that is no batch comes after the tries, and is met here
            doubtful = [one for one in (*met, error) if not retry.no_effect(one)]
            if not doubtful:
                raise
            unknown = UnknownOutcome(doubtful[-1], body.total, sent_at)
    raise unknown


def _warn(body: Spool) -> None:
    if body.warned:
        reasons = "; ".join(str(problem) for problem in body.warnings)
        log().warning(
            "%s of %s requests may come back as errored rows: %s", body.warned, body.total, reasons
        )
