"""The API's objects as TypedDicts, field for field as they are in its JSON.

They only describe: at run time each object is a plain dict, which keeps unknown fields too. The
literal strings are those of today (2026-11); the server may add others, which are passed on
unchanged. An integer of more digits than Python reads (4,300; possible in the input of a tool) is a
`decimal.Decimal`, which loses no digit.

Types of the input: `Request` with `Params`, messages and blocks, for use with a type checker;
`batch.create` takes plain dicts too. Types of the output: `MessageBatch`, `BatchPage`,
`DeletedBatch`, and `Row` with everything in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, Union

if TYPE_CHECKING:
    from ._inputs import (
        Base64Source,
        CacheControl,
        Citations,
        ContentBlock,
        ContentSource,
        DocumentBlock,
        FileSource,
        ImageBlock,
        InputMessage,
        JSONFormat,
        Metadata,
        OutputConfig,
        Params,
        RedactedThinkingBlock,
        Request,
        SearchResultBlock,
        ServerTool,
        ServerToolResultBlock,
        ServerToolUseBlock,
        TextBlock,
        TextSource,
        Thinking,
        ThinkingAdaptive,
        ThinkingBlock,
        ThinkingDisabled,
        ThinkingEnabled,
        Tool,
        ToolChoice,
        ToolChoiceNamed,
        ToolChoiceNone,
        ToolChoiceOpen,
        ToolResultBlock,
        ToolUseBlock,
        URLSource,
    )

__all__ = [
    "Base64Source",
    "BatchPage",
    "BatchRef",
    "CacheControl",
    "Canceled",
    "Citations",
    "ContentBlock",
    "ContentSource",
    "DeletedBatch",
    "DocumentBlock",
    "ErrorBody",
    "ErrorDetail",
    "Errored",
    "Expired",
    "FileSource",
    "ImageBlock",
    "InputMessage",
    "JSONFormat",
    "Message",
    "MessageBatch",
    "Metadata",
    "OutputConfig",
    "Params",
    "RedactedThinkingBlock",
    "Request",
    "RequestCounts",
    "Row",
    "SearchResultBlock",
    "ServerTool",
    "ServerToolResultBlock",
    "ServerToolUseBlock",
    "Succeeded",
    "TextBlock",
    "TextSource",
    "Thinking",
    "ThinkingAdaptive",
    "ThinkingBlock",
    "ThinkingDisabled",
    "ThinkingEnabled",
    "Tool",
    "ToolChoice",
    "ToolChoiceNamed",
    "ToolChoiceNone",
    "ToolChoiceOpen",
    "ToolResultBlock",
    "ToolUseBlock",
    "URLSource",
    "Usage",
]

if not TYPE_CHECKING:
    # The types of the input are loaded when one of them is used first. Loading them would add a
    # fifteenth to the time of importing this package, and most programs need them only for a type
    # checker.

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import _inputs

        return getattr(_inputs, name)

    def __dir__():
        return [*globals(), *__all__]


BatchRef = Union[str, Mapping[str, object]]
"""A batch: its id, or the dict that `create`, `show`, `list` or `wait` returned."""


class RequestCounts(TypedDict):
    """The number of requests of a batch in each state; the sum is always the size of the batch."""

    processing: int
    succeeded: int
    errored: int
    canceled: int
    expired: int


class MessageBatch(TypedDict):
    """A batch. Times are RFC 3339 strings, None until they are known."""

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
    """What `delete` returns."""

    id: str
    type: Literal["message_batch_deleted"]


class BatchPage(TypedDict):
    """One page of batches, newest first.

    `has_more`: whether another page follows in the direction of the call: one of older batches, or
    with `before_id` one of newer batches.
    """

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
    inference_geo: str | None
    output_tokens_details: dict[str, int] | None
    iterations: list[dict[str, Any]] | None
    speed: str | None


class Message(TypedDict):
    """A model's response. Each block of `content` has a `type`; blocks of type `text` have `text`.

    `content` may be empty, for example if `stop_reason` is `refusal`.
    """

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[dict[str, Any]]
    stop_reason: str | None
    stop_sequence: str | None
    stop_details: NotRequired[dict[str, Any] | None]
    usage: Usage


class ErrorDetail(TypedDict):
    """The inner error: its real type and message, and details from the server."""

    type: str
    message: str
    details: NotRequired[dict[str, Any] | None]


class ErrorBody(TypedDict):
    """The outer envelope of an error."""

    type: Literal["error"]
    error: ErrorDetail
    request_id: str | None


class Succeeded(TypedDict):
    """The model responded; a refusal is a succeeded result too."""

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
    """One line of results. Rows arrive in any order: match them by `custom_id`."""

    custom_id: str
    result: Succeeded | Errored | Canceled | Expired
