"""Params that break the rules of the table, each one rule, and params that break none."""

# ruff: noqa: E501 - the messages of the server, as they are

from __future__ import annotations

from typing import Any, NamedTuple

HI: list[Any] = [{"role": "user", "content": "Hi"}]
PARAMS: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": HI}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
ANY = {"type": "any"}
TEXT = {"type": "text", "text": "Hi"}
CACHED = {**TEXT, "cache_control": {"type": "ephemeral"}}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
USE: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
RESULT: dict[str, Any] = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Seen"}
IMAGE: dict[str, Any] = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
}
DOCUMENT = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}


def but(**changes: object) -> dict[str, Any]:
    """Return params without a fault, except for *changes*."""
    return {**PARAMS, **changes}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in PARAMS.items() if name != key}


def said(content: object, role: str = "user") -> dict[str, Any]:
    return but(messages=[{"role": role, "content": content}])


def turns(block: object, answer: object) -> dict[str, Any]:
    """Return params in which the assistant says *block*, and the user *answer*."""
    messages = [*HI, {"role": "assistant", "content": [block]}, {"role": "user", "content": answer}]
    return but(messages=messages)


def image(**changes: object) -> dict[str, Any]:
    return said([{**IMAGE, "source": {**IMAGE["source"], **changes}}])


class Broken(NamedTuple):
    """Params that break one rule: where, and what the server answers (None: it truncates)."""

    params: dict[str, Any]
    pointer: str
    answer: str | None


NEWER = ("version", "document-role", "citations")
"""The rules of API version 2026-10-21 alone."""

BROKEN: dict[str, Broken] = {
    "no-model": Broken(
        without("model"),
        "/params/model",
        "model: Field required",
    ),
    "model-text": Broken(
        but(model=5),
        "/params/model",
        "model: Input should be a valid string",
    ),
    "model-empty": Broken(
        but(model=""),
        "/params/model",
        "model: String should have at least 1 character",
    ),
    "model-retired": Broken(
        but(model="claude-3-opus-20240229"),
        "/params/model",
        "model: claude-3-opus-20240229",
    ),
    "no-max_tokens": Broken(
        without("max_tokens"),
        "/params/max_tokens",
        "max_tokens: Field required",
    ),
    "max_tokens-integer": Broken(
        but(max_tokens="9"),
        "/params/max_tokens",
        "max_tokens: Input should be a valid integer",
    ),
    "max_tokens-positive": Broken(
        but(max_tokens=0),
        "/params/max_tokens",
        "max_tokens: must be greater than or equal to 1",
    ),
    "max_tokens-ceiling": Broken(
        but(model="claude-haiku-4-5", max_tokens=9_999_999),
        "/params/max_tokens",
        "max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5-20251001",
    ),
    "max_tokens-thinking": Broken(
        but(model="claude-opus-5", max_tokens=16),
        "/params/max_tokens",
        None,
    ),
    "no-messages": Broken(
        without("messages"),
        "/params/messages",
        "messages: Field required",
    ),
    "messages-list": Broken(
        but(messages="Hi"),
        "/params/messages",
        "messages: Input should be a valid list",
    ),
    "messages-empty": Broken(
        but(messages=[]),
        "/params/messages",
        "messages: at least one message is required",
    ),
    "messages-many": Broken(
        but(messages=HI * 100_001),
        "/params/messages",
        "messages: List should have at most 100000 items after validation",
    ),
    "stream": Broken(
        but(stream=True),
        "/params/stream",
        '"stream=True" is not supported in the Message Batches API',
    ),
    "system": Broken(
        but(system=5),
        "/params/system",
        "system: Input should be a valid list",
    ),
    "temperature": Broken(
        but(temperature="hot"),
        "/params/temperature",
        "temperature: Input should be a valid number",
    ),
    "temperature-range": Broken(
        but(temperature=3),
        "/params/temperature",
        "temperature: range: 0..1",
    ),
    "temperature-fixed": Broken(
        but(model="claude-opus-4-7", temperature=0.5),
        "/params/temperature",
        "`temperature` is deprecated for this model.",
    ),
    "temperature-thinking": Broken(
        but(thinking=BUDGET, max_tokens=2000, temperature=0),
        "/params/temperature",
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
    ),
    "top_p": Broken(
        but(top_p="high"),
        "/params/top_p",
        "top_p: Input should be a valid number",
    ),
    "top_p-range": Broken(
        but(top_p=2),
        "/params/top_p",
        "top_p: range: 0..1",
    ),
    "top_p-fixed": Broken(
        but(model="claude-opus-4-7", top_p=0.9),
        "/params/top_p",
        "`top_p` is deprecated for this model.",
    ),
    "top_p-thinking": Broken(
        but(thinking=BUDGET, max_tokens=2000, top_p=0.9),
        "/params/top_p",
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.",
    ),
    "top_p-temperature": Broken(
        but(model="claude-haiku-4-5", temperature=0.5, top_p=0.9),
        "/params/top_p",
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ),
    "top_k": Broken(
        but(top_k=1.5),
        "/params/top_k",
        "top_k: Input should be a valid integer",
    ),
    "top_k-fixed": Broken(
        but(model="claude-opus-4-7", top_k=5),
        "/params/top_k",
        "`top_k` is deprecated for this model.",
    ),
    "top_k-thinking": Broken(
        but(thinking=BUDGET, max_tokens=2000, top_k=5),
        "/params/top_k",
        "`top_k` must be unset when thinking is enabled.",
    ),
    "stop_sequences": Broken(
        but(stop_sequences="x"),
        "/params/stop_sequences",
        "stop_sequences: Input should be a valid list",
    ),
    "stop_sequence": Broken(
        but(stop_sequences=["END", "\n"]),
        "/params/stop_sequences/1",
        "stop_sequences: each stop sequence must contain non-whitespace",
    ),
    "metadata": Broken(
        but(metadata=5),
        "/params/metadata",
        "metadata: Input should be an object",
    ),
    "metadata-key": Broken(
        but(metadata={"user": "u"}),
        "/params/metadata/user",
        "metadata.user: Extra inputs are not permitted",
    ),
    "user_id": Broken(
        but(metadata={"user_id": 5}),
        "/params/metadata/user_id",
        "metadata.user_id: Input should be a valid string",
    ),
    "service_tier": Broken(
        but(service_tier="batch"),
        "/params/service_tier",
        "service_tier: Input should be 'auto' or 'standard_only'",
    ),
    "thinking": Broken(
        but(thinking=True),
        "/params/thinking",
        "thinking: Input should be an object",
    ),
    "thinking-type": Broken(
        but(thinking={"type": "on"}),
        "/params/thinking/type",
        "thinking.type: Input tag 'on' found using 'type' does not match any of the expected tags",
    ),
    "thinking-supported": Broken(
        but(model="claude-opus-5", max_tokens=4000, thinking=BUDGET),
        "/params/thinking/type",
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    ),
    "thinking-adaptive": Broken(
        but(model="claude-haiku-4-5", max_tokens=2000, thinking={"type": "adaptive"}),
        "/params/thinking/type",
        "adaptive thinking is not supported on this model",
    ),
    "no-budget": Broken(
        but(thinking={"type": "enabled"}),
        "/params/thinking/budget_tokens",
        "thinking.enabled.budget_tokens: Field required",
    ),
    "budget-integer": Broken(
        but(thinking={"type": "enabled", "budget_tokens": "2k"}),
        "/params/thinking/budget_tokens",
        "thinking.budget_tokens: Input should be a valid integer",
    ),
    "budget-least": Broken(
        but(thinking={"type": "enabled", "budget_tokens": 1000}, max_tokens=2000),
        "/params/thinking/budget_tokens",
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "budget-below-max_tokens": Broken(
        but(thinking=BUDGET, max_tokens=1024),
        "/params/thinking/budget_tokens",
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    "output_config": Broken(
        but(output_config="json"),
        "/params/output_config",
        "output_config: Input should be an object",
    ),
    "output_config-key": Broken(
        but(output_config={"efort": "low"}),
        "/params/output_config/efort",
        "output_config.efort: Extra inputs are not permitted",
    ),
    "effort": Broken(
        but(output_config={"effort": "highest"}),
        "/params/output_config/effort",
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    "format": Broken(
        but(output_config={"format": "json"}),
        "/params/output_config/format",
        "output_config.format: Input should be an object",
    ),
    "format-type": Broken(
        but(output_config={"format": {"type": "json", "schema": {}}}),
        "/params/output_config/format/type",
        "output_config.format.type: Input should be 'json_schema'",
    ),
    "format-schema": Broken(
        but(output_config={"format": {"type": "json_schema"}}),
        "/params/output_config/format/schema",
        "output_config.format.schema: Field required",
    ),
    "container": Broken(
        but(container=5),
        "/params/container",
        "container: Input should be a valid string",
    ),
    "inference_geo": Broken(
        but(inference_geo=["us"]),
        "/params/inference_geo",
        "inference_geo: Input should be a valid string",
    ),
    "unsupported": Broken(
        but(speed="fast"),
        "/params/speed",
        "speed: Extra inputs are not permitted",
    ),
    "misplaced": Broken(
        but(extra_headers={}),
        "/params/extra_headers",
        "extra_headers: Extra inputs are not permitted",
    ),
    "version": Broken(
        but(temperature=1),
        "/params/temperature",
        "temperature: Extra inputs are not permitted",
    ),
    "beta-key": Broken(
        but(mcp_servers=[]),
        "/params/mcp_servers",
        "mcp_servers: Extra inputs are not permitted",
    ),
    "unknown-key": Broken(
        but(max_token=9),
        "/params/max_token",
        "max_token: Extra inputs are not permitted",
    ),
    "message": Broken(
        but(messages=["Hi"]),
        "/params/messages/0",
        "messages.0: Input should be an object",
    ),
    "message-key": Broken(
        but(messages=[{"role": "user", "content": "Hi", "name": "Ann"}]),
        "/params/messages/0/name",
        "messages.0.name: Extra inputs are not permitted",
    ),
    "role": Broken(
        said("Hi", "human"),
        "/params/messages/0/role",
        "messages.0.role: Input should be one of user, assistant, system",
    ),
    "system-first": Broken(
        but(messages=[{"role": "system", "content": "Be brief."}, *HI]),
        "/params/messages/0/role",
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
    ),
    "system-turn": Broken(
        but(model="claude-haiku-4-5", messages=[*HI, {"role": "system", "content": "Be brief."}]),
        "/params/messages/1/role",
        "role 'system' is not supported on this model",
    ),
    "content": Broken(
        said(None),
        "/params/messages/0/content",
        "messages.0.content: Input should be a valid string or list",
    ),
    "content-empty": Broken(
        said(""),
        "/params/messages/0/content",
        "messages.0: all messages must have non-empty content except for the optional final assistant message",
    ),
    "content-blank": Broken(
        said(" \n"),
        "/params/messages/0/content",
        "messages: text content blocks must contain non-whitespace text",
    ),
    "prefill": Broken(
        but(model="claude-opus-4-6", messages=[*HI, {"role": "assistant", "content": "{"}]),
        "/params/messages/1/content",
        "This model does not support assistant message prefill. The conversation must end with a user message.",
    ),
    "prefill-space": Broken(
        but(messages=[*HI, {"role": "assistant", "content": "So "}]),
        "/params/messages/1/content",
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "block": Broken(
        said(["Hi"]),
        "/params/messages/0/content/0",
        "messages.0.content.0: Input should be an object with a type",
    ),
    "block-type": Broken(
        said([{"type": "image_url", "image_url": {}}]),
        "/params/messages/0/content/0",
        "messages.0.content.0: Input tag 'image_url' found using 'type' does not match any of the expected tags",
    ),
    "block-role": Broken(
        said([USE]),
        "/params/messages/0/content/0",
        "messages.0.content.0: `tool_use` blocks are not permitted in `user` messages",
    ),
    "document-role": Broken(
        but(messages=[*HI, {"role": "assistant", "content": [DOCUMENT]}]),
        "/params/messages/1/content/0",
        "messages.1.content.0: documents are not permitted in assistant messages",
    ),
    "citations": Broken(
        said([{"type": "text", "text": "Hi", "citations": [{}]}]),
        "/params/messages/0/content/0/citations",
        "messages.0.content.0.citations: Extra inputs are not permitted",
    ),
    "system-block": Broken(
        but(system=[IMAGE]),
        "/params/system/0",
        "system.0: Input tag 'image' found using 'type' does not match any of the expected tags",
    ),
    "text": Broken(
        said([{"type": "text", "text": 5}]),
        "/params/messages/0/content/0/text",
        "messages.0.content.0.text: Input should be a valid string",
    ),
    "text-empty": Broken(
        said([{"type": "text", "text": ""}]),
        "/params/messages/0/content/0/text",
        "messages: text content blocks must be non-empty",
    ),
    "text-blank": Broken(
        said([{"type": "text", "text": " "}]),
        "/params/messages/0/content/0/text",
        "messages: text content blocks must contain non-whitespace text",
    ),
    "source": Broken(
        said([{"type": "image"}]),
        "/params/messages/0/content/0/source",
        "messages.0.content.0.source: Field required",
    ),
    "image-source": Broken(
        said([{"type": "image", "source": {"type": "text"}}]),
        "/params/messages/0/content/0/source/type",
        "messages.0.content.0.source.type: Input tag 'text' found using 'type' does not match any of the expected tags",
    ),
    "document-source": Broken(
        said([{"type": "document", "source": {"type": "pdf"}}]),
        "/params/messages/0/content/0/source/type",
        "messages.0.content.0.source.type: Input tag 'pdf' found using 'type' does not match any of the expected tags",
    ),
    "media_type": Broken(
        image(media_type="image/jpg"),
        "/params/messages/0/content/0/source/media_type",
        "messages.0.content.0.source.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
    ),
    "pdf": Broken(
        said(
            [
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "pdf", "data": "JVBE"},
                }
            ]
        ),
        "/params/messages/0/content/0/source/media_type",
        "messages.0.content.0.source.media_type: Input should be 'application/pdf'",
    ),
    "plain": Broken(
        said(
            [
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/html", "data": "x"},
                }
            ]
        ),
        "/params/messages/0/content/0/source/media_type",
        "messages.0.content.0.source.media_type: Input should be 'text/plain'",
    ),
    "data": Broken(
        image(data=""),
        "/params/messages/0/content/0/source/data",
        "messages.0.content.0.source.data: Input should be a valid string",
    ),
    "data-url": Broken(
        image(data="data:image/png;base64,aGk="),
        "/params/messages/0/content/0/source/data",
        "messages.0.content.0.source.data: Invalid base64 data",
    ),
    "url": Broken(
        said([{"type": "image", "source": {"type": "url", "url": "example.com/a.png"}}]),
        "/params/messages/0/content/0/source/url",
        "messages.0.content.0.source.url: Only HTTPS URLs are supported",
    ),
    "file_id": Broken(
        said([{"type": "document", "source": {"type": "file"}}]),
        "/params/messages/0/content/0/source/file_id",
        "messages.0.content.0.source.file_id: Field required",
    ),
    "source-content": Broken(
        said([{"type": "document", "source": {"type": "content", "content": 5}}]),
        "/params/messages/0/content/0/source/content",
        "messages.0.content.0.source.content: Input should be a valid list",
    ),
    "tool_use-id": Broken(
        turns({**USE, "id": None}, "Go on."),
        "/params/messages/1/content/0/id",
        "messages.1.content.0.id: Input should be a valid string",
    ),
    "tool_use-name": Broken(
        turns({**USE, "name": ""}, [RESULT]),
        "/params/messages/1/content/0/name",
        "messages.1.content.0.name: Input should be a valid string",
    ),
    "tool_use-input": Broken(
        turns({**USE, "input": "{}"}, [RESULT]),
        "/params/messages/1/content/0/input",
        "messages.1.content.0.input: Input should be an object",
    ),
    "tool_result-id": Broken(
        turns(TEXT, [{"type": "tool_result"}]),
        "/params/messages/2/content/0/tool_use_id",
        "messages.2.content.0.tool_use_id: Field required",
    ),
    "tool_result-content": Broken(
        turns(USE, [{**RESULT, "content": {}}]),
        "/params/messages/2/content/0/content",
        "messages.2.content.0.content: Input should be a valid list",
    ),
    "tool_use-unanswered": Broken(
        turns(USE, "Never mind."),
        "/params/messages/1/content/0",
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
    ),
    "tool_result-unasked": Broken(
        said([RESULT]),
        "/params/messages/0/content/0",
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.",
    ),
    "tools": Broken(
        but(tools={}),
        "/params/tools",
        "tools: Input should be a valid list",
    ),
    "tool": Broken(
        but(tools=["look"]),
        "/params/tools/0",
        "tools.0: Input should be an object",
    ),
    "tool-type": Broken(
        but(tools=[{"type": "function", "function": {}}]),
        "/params/tools/0/type",
        "tools.0: Input tag 'function' found using 'type' does not match any of the expected tags",
    ),
    "tool-name": Broken(
        but(tools=[{**TOOL, "name": ""}]),
        "/params/tools/0/name",
        "tools.0.custom.name: Field required",
    ),
    "tool-name-pattern": Broken(
        but(tools=[{**TOOL, "name": "look.up"}]),
        "/params/tools/0/name",
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    "tool-schema": Broken(
        but(tools=[{"name": "look"}]),
        "/params/tools/0/input_schema",
        "tools.0.custom.input_schema: Field required",
    ),
    "tool-schema-type": Broken(
        but(tools=[{"name": "look", "input_schema": {}}]),
        "/params/tools/0/input_schema",
        "tools.0.custom.input_schema.type: Field required",
    ),
    "tool-key": Broken(
        but(tools=[{**TOOL, "colour": 1}]),
        "/params/tools/0/colour",
        "tools.0.custom.colour: Extra inputs are not permitted",
    ),
    "tool-names": Broken(
        but(tools=[TOOL, TOOL]),
        "/params/tools/1/name",
        "tools: Tool names must be unique.",
    ),
    "tool_choice": Broken(
        but(tool_choice="any", tools=[TOOL]),
        "/params/tool_choice",
        "tool_choice: Input should be an object",
    ),
    "choice-type": Broken(
        but(tool_choice={"type": "required"}, tools=[TOOL]),
        "/params/tool_choice/type",
        "tool_choice.type: Input tag 'required' found using 'type' does not match any of the expected tags",
    ),
    "choice-forced": Broken(
        but(model="claude-opus-5-5", max_tokens=2000, tool_choice=ANY, tools=[TOOL]),
        "/params/tool_choice/type",
        'tool_choice: type "tool" and "any" are not supported for this model.',
    ),
    "choice-thinking": Broken(
        but(thinking=BUDGET, max_tokens=2000, tool_choice=ANY, tools=[TOOL]),
        "/params/tool_choice/type",
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    "choice-tools": Broken(
        but(tool_choice=ANY),
        "/params/tool_choice/type",
        "tool_choice.any may only be specified while providing tools",
    ),
    "choice-name": Broken(
        but(tool_choice={"type": "tool"}, tools=[TOOL]),
        "/params/tool_choice/name",
        "tool_choice.name: Field required",
    ),
    "choice-exists": Broken(
        but(tool_choice={"type": "tool", "name": "does_not_exist"}, tools=[TOOL]),
        "/params/tool_choice/name",
        "Tool 'does_not_exist' not found in provided tools",
    ),
    "choice-key": Broken(
        but(tool_choice={"type": "auto", "tool": "look"}, tools=[TOOL]),
        "/params/tool_choice/tool",
        "tool_choice.tool: Extra inputs are not permitted",
    ),
    "cache_control": Broken(
        said([{**TEXT, "cache_control": True}]),
        "/params/messages/0/content/0/cache_control",
        "messages.0.content.0.cache_control: Input should be an object",
    ),
    "cache_control-type": Broken(
        said([{**TEXT, "cache_control": {"type": "permanent"}}]),
        "/params/messages/0/content/0/cache_control/type",
        "messages.0.content.0.cache_control.type: Input tag 'permanent' found using 'type' does not match any of the expected tags",
    ),
    "cache_control-ttl": Broken(
        but(cache_control={"type": "ephemeral", "ttl": "24h"}),
        "/params/cache_control/ttl",
        "cache_control.ttl: Input should be '5m' or '1h'",
    ),
    "breakpoints": Broken(
        said([CACHED] * 5),
        "/params",
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
}


# Requests as people send them, which must not be warned of.
GOOD: dict[str, dict[str, Any]] = {
    "plain": PARAMS,
    "plain, of many turns": but(messages=[*HI, {"role": "assistant", "content": "Hello"}, *HI]),
    "the newest model": but(model="claude-opus-5-5", max_tokens=16_000),
    "classification": but(
        model="claude-haiku-4-5", max_tokens=5, temperature=0, system="Yes or no?"
    ),
    "sampling that changes nothing": but(model="claude-sonnet-5", max_tokens=2000, temperature=1.0),
    "an unknown model": but(model="claude-next", max_tokens=10**9, temperature=0.5, top_p=0.5),
    "a prefill": but(messages=[*HI, {"role": "assistant", "content": "{"}]),
    "an empty prefill": but(messages=[*HI, {"role": "assistant", "content": ""}]),
    "an image in base64": image(),
    "an image by address": said(
        [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}, TEXT]
    ),
    "an image by file": said([{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]),
    "a PDF": said(
        [
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "title": "A",
                "citations": {"enabled": True},
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            },
            TEXT,
        ]
    ),
    "documents of text and of blocks": said(
        [
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "A"},
            },
            {"type": "document", "source": {"type": "content", "content": [TEXT]}},
            {"type": "search_result", "source": "s", "title": "t", "content": [TEXT]},
        ]
    ),
    "a system prompt in blocks": but(system=[TEXT, CACHED]),
    "caching by the request": but(cache_control={"type": "ephemeral"}),
    "four breakpoints": said([CACHED] * 4),
    "a tool": but(tools=[TOOL], tool_choice={"type": "tool", "name": "look"}),
    "a strict tool": but(
        tools=[
            {**TOOL, "type": "custom", "strict": True, "description": "d", "input_examples": []}
        ],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
    ),
    "tools of the server": but(
        tools=[
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
            {"type": "web_fetch_20250910", "name": "web_fetch"},
            {"type": "code_execution_20250825", "name": "code_execution"},
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
            {"type": "memory_20250818", "name": "memory"},
            {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"},
            {"type": "computer_toolset_20260801"},
        ]
    ),
    "an answered tool": turns(USE, [RESULT, TEXT]),
    "answers in two messages": but(
        messages=[
            *HI,
            {"role": "assistant", "content": [USE, {**USE, "id": "toolu_2"}]},
            {"role": "user", "content": [RESULT]},
            {"role": "user", "content": [{**RESULT, "tool_use_id": "toolu_2", "is_error": True}]},
        ]
    ),
    "an answer with an image": turns(USE, [{**RESULT, "content": [IMAGE, TEXT]}]),
    "an answer without content": turns(USE, [{"type": "tool_result", "tool_use_id": "toolu_1"}]),
    "thinking with a budget": but(
        model="claude-sonnet-4-5", max_tokens=2000, thinking=BUDGET, temperature=1
    ),
    "adaptive thinking": but(
        model="claude-opus-4-6",
        max_tokens=2000,
        thinking={"type": "adaptive", "display": "omitted"},
        output_config={"effort": "high"},
    ),
    "thinking turned off": but(model="claude-opus-5", thinking={"type": "disabled"}),
    "thinking between tools": but(model="claude-sonnet-5-5", thinking={"type": "between_tools"}),
    "thinking passed back": turns(
        {"type": "thinking", "thinking": "", "signature": "c2ln"}, [TEXT]
    ),
    "structured outputs": but(
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}
    ),
    "a paused response, continued": but(
        model="claude-opus-4-6",
        messages=[
            *HI,
            {
                "role": "assistant",
                "content": [
                    TEXT,
                    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                    {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                ],
            },
        ],
    ),
    "instructions between turns": but(
        model="claude-opus-4-8", messages=[*HI, {"role": "system", "content": "Be brief."}]
    ),
    "all else": but(
        metadata={"user_id": "u-1"},
        service_tier="auto",
        stop_sequences=["END"],
        inference_geo="us",
        container={"id": "c", "skills": []},
        stream=False,
        top_k=5,
    ),
    "null for what is optional": but(
        **dict.fromkeys(
            ("system", "tools", "tool_choice", "thinking", "metadata", "cache_control", "container")
        )
    ),
    "tuples": but(messages=tuple(HI), stop_sequences=("END",)),
}
UNDER_BETAS: dict[str, tuple[dict[str, Any], str]] = {
    "MCP servers": (
        but(
            mcp_servers=[{"type": "url", "url": "https://example.com", "name": "s"}],
            tools=[{"type": "mcp_toolset", "mcp_server_name": "s"}],
            tool_choice={"type": "tool", "name": "look"},
        ),
        "mcp-client-2025-11-20",
    ),
    "context management": (but(context_management={"edits": []}), "context-management-2025-06-27"),
    "long output": (but(model="claude-haiku-4-5", max_tokens=300_000), "output-300k-2026-03-24"),
    "a budget beyond max_tokens": (
        but(thinking=BUDGET, max_tokens=1000, tools=[TOOL]),
        "interleaved-thinking-2025-05-14",
    ),
    "what is not known yet": (
        but(unheard_of=1, tools=[{"type": "teleport_20270101"}, {**TOOL, "colour": 1}]),
        "teleport-2027-01-01",
    ),
}
