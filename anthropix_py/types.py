"""The API's objects as TypedDicts, field for field as they come over the wire.

They describe and never convert: at run time each is a plain dict, unknown fields included. The
strings are those of today (2026-11); others may come one day and are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Union

BatchRef = Union[str, Mapping[str, object]]
"""A batch, named by its id or by the dict that `create`, `show`, `list` or `wait` gave."""


class RequestCounts(TypedDict):
    """The requests of a batch by state; they always sum to its size."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int


class MessageBatch(TypedDict):
    """A batch. Times are RFC 3339 strings; those that have not come yet are None."""

    id: str
    type: Literal["message_batch"]
    processing_status: Literal["in_progress", "canceling", "ended"]
    request_counts: RequestCounts
    ended_at: str | None
    created_at: str
    expires_at: str
    archived_at: str | None
    cancel_initiated_at: str | None
    results_url: str | None


class DeletedBatch(TypedDict):
    """What `delete` answers."""

    id: str
    type: Literal["message_batch_deleted"]


class BatchPage(TypedDict):
    """One page of batches, newest first. `has_more` speaks of the direction asked for."""

    data: list[MessageBatch]
    has_more: bool
    first_id: str | None
    last_id: str | None


class Usage(TypedDict, total=False):
    """The tokens of one message."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None
    cache_read_input_tokens: int | None
    cache_creation: dict[str, int] | None
    server_tool_use: dict[str, int] | None
    service_tier: str | None


class Message(TypedDict):
    """A model's answer. Each block of `content` has a `type`; text is in `text` of type `text`."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[dict[str, Any]]
    stop_reason: str | None
    stop_sequence: str | None
    usage: Usage


class ErrorDetail(TypedDict):
    """The inner error: its real type and message."""

    type: str
    message: str


class ErrorBody(TypedDict):
    """The outer envelope of an error."""

    type: Literal["error"]
    error: ErrorDetail
    request_id: str | None


class Succeeded(TypedDict):
    """The request has its answer."""

    type: Literal["succeeded"]
    message: Message


class Errored(TypedDict):
    """The request failed. Nested twice: the real type is `result["error"]["error"]["type"]`."""

    type: Literal["errored"]
    error: ErrorBody


class Canceled(TypedDict):
    """The batch was canceled before this request was sent to a model; not billed."""

    type: Literal["canceled"]


class Expired(TypedDict):
    """The batch reached its 24 hours before this request was sent to a model; not billed."""

    type: Literal["expired"]


class Row(TypedDict):
    """One line of results. Rows come in any order: match them by `custom_id`."""

    custom_id: str
    result: Succeeded | Errored | Canceled | Expired
