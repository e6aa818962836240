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
    the batch, and a gateway may replace the body of a success. Then the batch is requested, and
    returned if it is no longer in progress.
    """
    failures: list[AnthropixError] = []
    call = _call.Call("POST", _ids.path(id, "/cancel"))
    try:
        return _state.batch_in(_call.ask(client, call, failures.append), id)
    except (APIError, DecodeError) as error:
        if isinstance(error, DecodeError) or (
            error.status == 400 and _may_have_taken_effect(failures)
        ):
            batch = _state.show(client, id)
            if batch["processing_status"] != "in_progress":
                return batch
        raise


def delete(client: Client, id: str) -> DeletedBatch:
    """Delete the batch *id*.

    A 404 of the API itself after an attempt of unknown outcome means that the earlier attempt
    deleted the batch. A success without the promised body, which a gateway may have replaced (by a
    204, for example), is believed if the API then does not know the batch.
    """
    failures: list[AnthropixError] = []
    call = _call.Call("DELETE", _ids.path(id))
    deleted: DeletedBatch = {"id": id, "type": "message_batch_deleted"}
    try:
        value = _call.ask(client, call, failures.append).value
        if value.get("id") != id:
            detail = f"its id is {value.get('id')!r}"
            raise DecodeError(f"the response is not about the deleted batch: {detail}")
        return cast(DeletedBatch, value)
    except APIError as error:
        if _says_missing(error) and _may_have_taken_effect(failures):
            return deleted
        raise
    except DecodeError:
        if _is_missing(client, id):
            return deleted
        raise


def _is_missing(client: Client, id: str) -> bool:
    """Return whether the API says that it does not know the batch *id*; False in doubt."""
    try:
        _state.show(client, id)
    except AnthropixError as error:
        return isinstance(error, APIError) and _says_missing(error)
    return False


def _says_missing(error: APIError) -> bool:
    """Return whether *error* is a 404 of the API itself; a gateway's may be about its routes."""
    return error.status == 404 and retry.is_from_the_api(error)


def _may_have_taken_effect(failures: Sequence[AnthropixError]) -> bool:
    """Return whether an attempt before the last one may have been carried out."""
    return not all(map(retry.proves_nothing_happened, failures[:-1]))
