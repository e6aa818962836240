"""Cancel and delete: carried out once, even if the first response was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from .. import retry
from ..client import Client
from ..errors import AnthropixError, APIError, DecodeError
from ..types import DeletedBatch, MessageBatch
from . import _call, _ids, _state


def cancel(client: Client, id: str) -> MessageBatch:
    """Begin to cancel the batch *id*, and return it.

    A refusal after an attempt of unknown outcome may only mean that the earlier attempt canceled
    the batch. Then the batch is requested, and returned if it is no longer in progress.
    """
    failures: list[AnthropixError] = []
    call = _call.Call("POST", _ids.path(id, "/cancel"))
    try:
        return _state.batch_in(_call.ask(client, call, failures.append), id)
    except APIError as error:
        if error.status == 400 and _may_have_taken_effect(failures):
            batch = _state.show(client, id)
            if batch["processing_status"] != "in_progress":
                return batch
        raise


def delete(client: Client, id: str) -> DeletedBatch:
    """Delete the batch *id*.

    A 404 after an attempt of unknown outcome means that the earlier attempt deleted the batch.
    """
    failures: list[AnthropixError] = []
    call = _call.Call("DELETE", _ids.path(id))
    try:
        value = _call.ask(client, call, failures.append).value
    except APIError as error:
        if error.status == 404 and _may_have_taken_effect(failures):
            return {"id": id, "type": "message_batch_deleted"}
        raise
    if value.get("id") != id:
        raise DecodeError(
            f"the response is not about the deleted batch: its id is {value.get('id')!r}"
        )
    return cast(DeletedBatch, value)


def _may_have_taken_effect(failures: Sequence[AnthropixError]) -> bool:
    """Return whether an attempt before the last one may have been carried out."""
    return not all(map(retry.proves_nothing_happened, failures[:-1]))
