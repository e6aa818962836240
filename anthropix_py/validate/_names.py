"""The names that the API knows, and the one that was probably meant by another.

Source: the official SDK, version 0.125 (S). `BETA` holds what needs a beta.
"""

from __future__ import annotations

from collections.abc import Collection

PARAMS = (
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking"),
    *("temperature", "top_p", "top_k", "stop_sequences", "stream", "metadata", "service_tier"),
    *("container", "inference_geo", "output_config", "cache_control"),
)
BETA_PARAMS = (
    *("context_management", "diagnostics", "fallback_credit_token", "mcp_servers"),
    *("output_format", "user_profile_id"),
)
UNSUPPORTED = (
    *("speed", "store", "cache_hint", "context_hint", "fallbacks", "previous_thread_event_id"),
)
MISPLACED = {
    "betas": "betas for the whole batch: with_options(client, beta=...)",
    "extra_headers": "headers of the create call: with_options(client, headers=...)",
    "extra_query": "the query of the create call: with_options(client, query=...)",
    "extra_body": "its content as keys of params",
    "timeout": "the timeout of the create call: with_options(client, timeout=...)",
}
"""Arguments of the official SDK's functions, and the right place for their content."""

MESSAGE = ("role", "content")
TOOL = (
    *("type", "name", "description", "input_schema", "cache_control", "strict", "defer_loading"),
    *("input_examples", "allowed_callers", "eager_input_streaming"),
)
CHOICES = ("auto", "any", "tool", "none")
CHOICE = ("type", "name", "disable_parallel_tool_use")
THINKING_TYPES = ("enabled", "adaptive", "disabled", "between_tools")
OUTPUT = ("effort", "format")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
METADATA = ("user_id",)
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
ROLES = ("user", "assistant", "system")

BLOCKS = (
    *("text", "image", "document", "search_result", "thinking", "redacted_thinking"),
    *("tool_use", "tool_result", "server_tool_use", "web_search_tool_result"),
    *("web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result"),
    *("text_editor_code_execution_tool_result", "tool_search_tool_result", "container_upload"),
    *("tool_reference", "browser_state"),
)
BETA_BLOCKS = (
    *("mcp_tool_use", "mcp_tool_result", "compaction", "advisor_tool_result", "fallback"),
    *("tool_addition", "tool_removal"),
)
# The names of tools of the server and of Anthropic's own tools, without their dates.
_TOOLS = (
    *("custom", "bash", "code_execution", "memory", "text_editor", "web_search", "web_fetch"),
    *("tool_search_tool_bm25", "tool_search_tool_regex", "browser_toolset", "computer_toolset"),
    *("computer", "mcp_toolset", "advisor"),
)

_MEANT = {
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "stop": "stop_sequences",
    "prompt": "messages",
    "functions": "tools",
    "response_format": "output_config",
    "reasoning_effort": "output_config",
    "user": "metadata",
    "image_url": "image",
    "input_text": "text",
    "parameters": "input_schema",
    "required": "any",
    "function": "custom",
}
"""Names in other APIs, and what the same is called here."""


def meant(name: str, known: Collection[str]) -> str:
    """Return the name in *known* that *name* probably stands for, empty if there is none."""
    import difflib

    if _MEANT.get(name) in known:
        return _MEANT[name]
    plain = {_plain(one): one for one in known}
    if _plain(name) in plain:
        return plain[_plain(name)]
    # difflib is quadratic in the length of a name
    if len(name) > 60:
        return ""
    close = difflib.get_close_matches(_plain(name), plain, 1, 0.8)
    return plain[close[0]] if close else ""


def is_known_tool(kind: str) -> bool:
    """Return whether *kind* is a known type of tool, of whatever date."""
    name, _, date = kind.rpartition("_")
    return kind in _TOOLS or (name in _TOOLS and date.isdigit())


def tool_names() -> Collection[str]:
    """Return the known types of tools, without their dates."""
    return _TOOLS


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
