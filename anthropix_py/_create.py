"""Creating a batch: checked whole, sent once, and honest about not knowing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from . import _address, _call, retry
from ._body import Spool
from .client import Client
from .errors import AnthropixError, APIError, DecodeError, TransportError, UnknownOutcome
from .types import MessageBatch

_UNCLEAR = (408, 409)  # of the statuses below 500, those that do not say whether it was done


def create(client: Client, requests: Iterable[Mapping[str, object]]) -> MessageBatch:
    """Create a batch. Raises `UnknownOutcome` where nobody can know whether one was created."""
    with Spool(requests, client.limits) as body:
        _warn(body)
        sent_at = client.clock.now()
        try:
            call = _call.Call("POST", _address.BATCHES, body=body, repeatable=False)
            return _call.show(client, call)[0]
        except AnthropixError as error:
            if _clear(error):
                raise
            unknown = UnknownOutcome(error, body.total, sent_at)
    raise unknown


def _clear(error: AnthropixError) -> bool:
    """Whether *error* leaves no doubt that no batch was made."""
    if retry.surely_undone(error):
        return True
    if isinstance(error, APIError):
        return error.status not in _UNCLEAR and (error.status < 500 or error.status in retry.REFUSED)
    return not isinstance(error, (TransportError, DecodeError))


def _warn(body: Spool) -> None:
    if body.warned:
        reasons = "; ".join(str(problem) for problem in body.warnings)
        _call.log().warning("%s of %s requests may come back as errored rows: %s", body.warned, body.total, reasons)
