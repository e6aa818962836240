"""The input as TypedDicts: requests, their params, and the blocks of a message's content.

Import them from `anthropix_py.types`; they have a file of their own because they are many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, TypedDict, Union

__all__ = [
    "Base64Source",
    "CacheControl",
    "Citations",
    "ContentBlock",
    "ContentSource",
    "DocumentBlock",
    "FileSource",
    "ImageBlock",
    "InputMessage",
    "JSONFormat",
    "Metadata",
    "OutputConfig",
    "Params",
    "RedactedThinkingBlock",
    "Request",
    "SearchResultBlock",
    "ServerTool",
    "ServerToolResultBlock",
    "ServerToolUseBlock",
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
]


class CacheControl(TypedDict):
    """Cache the prompt up to this block. `ttl`: how long; the server's default is `5m`."""

    type: Literal["ephemeral"]
    ttl: NotRequired[Literal["5m", "1h"]]


class Citations(TypedDict):
    """Whether the model may cite this block."""

    enabled: bool


class Base64Source(TypedDict):
    """A file in the request itself. `data`: its bytes in base64, as text."""

    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"]
    data: str


class URLSource(TypedDict):
    """A file that the server fetches. One that it cannot reach makes the row `errored`."""

    type: Literal["url"]
    url: str


class FileSource(TypedDict):
    """A file uploaded before, by its id."""

    type: Literal["file"]
    file_id: str


class TextSource(TypedDict):
    """A document of plain text."""

    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class ContentSource(TypedDict):
    """A document made of blocks."""

    type: Literal["content"]
    content: str | Sequence[TextBlock | ImageBlock]


class TextBlock(TypedDict):
    """Text. `citations`: those of a model's response that is passed back."""

    type: Literal["text"]
    text: str
    citations: NotRequired[Sequence[Mapping[str, object]] | None]
    cache_control: NotRequired[CacheControl | None]


class ImageBlock(TypedDict):
    """An image: JPEG, PNG, GIF or WebP."""

    type: Literal["image"]
    source: Base64Source | URLSource | FileSource
    cache_control: NotRequired[CacheControl | None]


class DocumentBlock(TypedDict):
    """A document: PDF, plain text or blocks. The model sees `title` and `context`, too."""

    type: Literal["document"]
    source: Base64Source | URLSource | FileSource | TextSource | ContentSource
    title: NotRequired[str | None]
    context: NotRequired[str | None]
    citations: NotRequired[Citations | None]
    cache_control: NotRequired[CacheControl | None]


class SearchResultBlock(TypedDict):
    """A result of your own search, which the model can cite. `source`: its origin, often a URL."""

    type: Literal["search_result"]
    source: str
    title: str
    content: Sequence[TextBlock]
    citations: NotRequired[Citations]
    cache_control: NotRequired[CacheControl | None]


class ToolUseBlock(TypedDict):
    """A call of one of your tools by the model, passed back. `input`: the tool's arguments."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: Mapping[str, object]
    cache_control: NotRequired[CacheControl | None]


class ToolResultBlock(TypedDict):
    """What your tool returned. `tool_use_id`: the `id` of the model's `tool_use` block."""

    type: Literal["tool_result"]
    tool_use_id: str
    content: NotRequired[str | Sequence[TextBlock | ImageBlock | DocumentBlock | SearchResultBlock]]
    is_error: NotRequired[bool]
    cache_control: NotRequired[CacheControl | None]


class ThinkingBlock(TypedDict):
    """The model's thinking, passed back unchanged with its `signature`."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlock(TypedDict):
    """Thinking that the server encrypted, passed back unchanged."""

    type: Literal["redacted_thinking"]
    data: str


class ServerToolUseBlock(TypedDict):
    """A call of one of the server's own tools by the model, passed back."""

    type: Literal["server_tool_use"]
    id: str
    name: str
    input: Mapping[str, object]
    cache_control: NotRequired[CacheControl | None]


class ServerToolResultBlock(TypedDict):
    """What one of the server's own tools returned, passed back unchanged."""

    type: Literal[
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
    ]
    tool_use_id: str
    content: object
    cache_control: NotRequired[CacheControl | None]


ContentBlock = Union[
    TextBlock,
    ImageBlock,
    DocumentBlock,
    SearchResultBlock,
    ToolUseBlock,
    ToolResultBlock,
    ThinkingBlock,
    RedactedThinkingBlock,
    ServerToolUseBlock,
    ServerToolResultBlock,
]
"""One block of a message's content; its `type` says which."""


class InputMessage(TypedDict):
    """One turn of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: str | Sequence[ContentBlock]


class Tool(TypedDict):
    """A tool of your own. `input_schema`: the JSON schema of its arguments."""

    name: str
    input_schema: Mapping[str, object]
    description: NotRequired[str]
    type: NotRequired[Literal["custom"] | None]
    strict: NotRequired[bool]
    input_examples: NotRequired[Sequence[Mapping[str, object]]]
    cache_control: NotRequired[CacheControl | None]


class ServerTool(TypedDict):
    """A tool that the server runs, for example of type `web_search_20250305`."""

    type: str
    name: str
    max_uses: NotRequired[int | None]
    allowed_domains: NotRequired[Sequence[str] | None]
    blocked_domains: NotRequired[Sequence[str] | None]
    user_location: NotRequired[Mapping[str, object] | None]
    cache_control: NotRequired[CacheControl | None]


class ToolChoiceOpen(TypedDict):
    """`auto`: the model decides whether it uses a tool; `any`: it must use one."""

    type: Literal["auto", "any"]
    disable_parallel_tool_use: NotRequired[bool]


class ToolChoiceNamed(TypedDict):
    """The model must use the tool of this `name`."""

    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: NotRequired[bool]


class ToolChoiceNone(TypedDict):
    """The model must not use a tool."""

    type: Literal["none"]


ToolChoice = Union[ToolChoiceOpen, ToolChoiceNamed, ToolChoiceNone]
"""How the model may use the tools."""


class ThinkingEnabled(TypedDict):
    """Think first, in at most `budget_tokens` tokens: 1024 or more, and less than `max_tokens`."""

    type: Literal["enabled"]
    budget_tokens: int
    display: NotRequired[Literal["summarized", "omitted"] | None]


class ThinkingAdaptive(TypedDict):
    """Think first, as much as the model decides."""

    type: Literal["adaptive"]
    display: NotRequired[Literal["summarized", "omitted"] | None]


class ThinkingDisabled(TypedDict):
    """Respond without thinking first."""

    type: Literal["disabled"]


Thinking = Union[ThinkingEnabled, ThinkingAdaptive, ThinkingDisabled]
"""Whether and how the model thinks before it responds. Thinking counts as output tokens."""


class Metadata(TypedDict):
    """Data about the request. `user_id`: an opaque id of your user, not a name or address."""

    user_id: NotRequired[str | None]


class JSONFormat(TypedDict):
    """Respond with JSON that fits a JSON schema."""

    type: Literal["json_schema"]
    schema: Mapping[str, object]


class OutputConfig(TypedDict):
    """How to respond: how thoroughly, and in which format."""

    effort: NotRequired[Literal["low", "medium", "high", "xhigh", "max"] | None]
    format: NotRequired[JSONFormat | None]


class Params(TypedDict):
    """The parameters of one request: those of the Messages API, without `stream`.

    The server checks them only while it processes the batch; a mistake makes the row `errored`.
    `temperature`, `top_p` and `top_k` are refused by the newest models.
    """

    model: str
    max_tokens: int
    messages: Sequence[InputMessage]
    system: NotRequired[str | Sequence[TextBlock]]
    temperature: NotRequired[float]
    top_p: NotRequired[float]
    top_k: NotRequired[int]
    stop_sequences: NotRequired[Sequence[str]]
    tools: NotRequired[Sequence[Tool | ServerTool]]
    tool_choice: NotRequired[ToolChoice]
    thinking: NotRequired[Thinking]
    output_config: NotRequired[OutputConfig]
    metadata: NotRequired[Metadata]
    cache_control: NotRequired[CacheControl | None]
    container: NotRequired[str | Mapping[str, object] | None]
    inference_geo: NotRequired[str | None]
    service_tier: NotRequired[Literal["auto", "standard_only"]]


class Request(TypedDict):
    """One request of a batch. `custom_id`: 1 to 64 of `a-z A-Z 0-9 _ -`, unique in its batch.

    `batch.create` takes any mapping of this shape, also with parameters that `Params` lacks.
    """

    custom_id: str
    params: Params
