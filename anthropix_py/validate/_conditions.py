"""The tests of the rules: each takes a value and a look at the request; True if the rule holds."""

# ruff: noqa: ARG001 - every test has the same two parameters
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import _names
from ._look import MISSING, NEWER, Look, is_list

Test = Callable[[Any, Look], bool]

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}", re.ASCII)
_LEAST_THINKING = 1024
_INTERLEAVED = "interleaved-thinking-2025-05-14"
_MOST_MESSAGES = 100_000
_MOST_BREAKPOINTS = 4


# Kinds of values.


def present(value: Any, look: Look) -> bool:
    return value is not MISSING


def text(value: Any, look: Look) -> bool:
    return isinstance(value, str)


def filled(value: Any, look: Look) -> bool:
    return isinstance(value, str) and value != ""


def array(value: Any, look: Look) -> bool:
    return is_list(value)


def filled_array(value: Any, look: Look) -> bool:
    return len(value) > 0


def mapping(value: Any, look: Look) -> bool:
    return isinstance(value, Mapping)


def text_or_array(value: Any, look: Look) -> bool:
    return isinstance(value, str) or is_list(value)


def text_or_mapping(value: Any, look: Look) -> bool:
    return isinstance(value, (str, Mapping))


def integer(value: Any, look: Look) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any, look: Look) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def zero_to_one(value: Any, look: Look) -> bool:
    return bool(0 <= value <= 1)


def positive(value: Any, look: Look) -> bool:
    return bool(value >= 1)


def one_of(*choices: str) -> Test:
    """Return the test for one of *choices*."""

    def test(value: Any, look: Look) -> bool:
        return isinstance(value, str) and value in choices

    return test


def key_of(known: tuple[str, ...], wider: tuple[str, ...] = ()) -> Test:
    """Return the test of a key. Under a beta a key may be new, unless it looks like a mistake."""

    def test(value: Any, look: Look) -> bool:
        if value in known or value in wider:
            return True
        return bool(look.setting.betas) and not _names.meant(str(value), known)

    return test


# Keys of params.


def supported(key: Any, look: Look) -> bool:
    return key not in _names.UNSUPPORTED


def in_place(key: Any, look: Look) -> bool:
    return key not in _names.MISPLACED


def has_its_beta(key: Any, look: Look) -> bool:
    return key not in _names.BETA_PARAMS or bool(look.setting.betas)


def in_this_version(key: Any, look: Look) -> bool:
    newer = look.setting.api_version == NEWER
    return not (newer and key in ("temperature", "top_p", "top_k"))


def not_streamed(value: Any, look: Look) -> bool:
    return not value


# Models.


def not_retired(value: Any, look: Look) -> bool:
    return not look.model.retired


def within_ceiling(value: Any, look: Look) -> bool:
    ceiling = look.model.ceiling(look.setting.betas)
    return ceiling is None or value <= ceiling


def room_to_think(value: Any, look: Look) -> bool:
    return not look.is_thinking or look.thinking == "enabled" or value >= _LEAST_THINKING


def default_temperature(value: Any, look: Look) -> bool:
    return look.model.sampling != "fixed" or value == 1


def default_top_p(value: Any, look: Look) -> bool:
    return look.model.sampling != "fixed" or value >= 0.99


def top_k_allowed(value: Any, look: Look) -> bool:
    return look.model.sampling != "fixed"


def one_of_both(value: Any, look: Look) -> bool:
    return look.model.sampling != "one" or look.params.get("temperature") is None


def temperature_while_thinking(value: Any, look: Look) -> bool:
    return not look.is_thinking or value == 1


def top_p_while_thinking(value: Any, look: Look) -> bool:
    return not look.is_thinking or value >= 0.95


def top_k_while_thinking(value: Any, look: Look) -> bool:
    return not look.is_thinking


# Messages.


def not_too_many(value: Any, look: Look) -> bool:
    return len(value) <= _MOST_MESSAGES


def not_first_system(value: Any, look: Look) -> bool:
    return value != "system" or look.index > 0 or look.parent.get("content") == []


def system_turn_allowed(value: Any, look: Look) -> bool:
    return value != "system" or look.model.system_turns


def content_filled(value: Any, look: Look) -> bool:
    may_be_empty = look.role == "system" or (look.role == "assistant" and look.is_last)
    return len(value) > 0 or may_be_empty


def not_blank(value: Any, look: Look) -> bool:
    return not isinstance(value, str) or not value.isspace()


def prefill_allowed(value: Any, look: Look) -> bool:
    is_prefill = look.role == "assistant" and look.is_last and _is_text(value)
    return not is_prefill or look.model.prefill


def prefill_trimmed(value: Any, look: Look) -> bool:
    is_prefill = look.role == "assistant" and look.is_last and isinstance(value, str)
    return not is_prefill or value == value.rstrip()


def _is_text(content: Any) -> bool:
    # The response that stopped to pause is passed back as it is, to be continued.
    return isinstance(content, str) or all(
        isinstance(block, Mapping) and block.get("type") == "text" for block in content
    )


# Blocks.


def typed(value: Any, look: Look) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def known_block(value: Any, look: Look) -> bool:
    kind = value["type"]
    if kind in _names.BLOCKS:
        return True
    return bool(look.setting.betas) and not _names.meant(kind, _names.BLOCKS)


def in_its_role(value: Any, look: Look) -> bool:
    allowed = {"tool_use": "assistant", "tool_result": "user"}.get(value["type"])
    return allowed is None or look.role is None or look.role == allowed


def document_in_user(value: Any, look: Look) -> bool:
    is_new = look.setting.api_version == NEWER
    return not (is_new and look.role == "assistant" and value["type"] == "document")


def no_user_citations(value: Any, look: Look) -> bool:
    is_new = look.setting.api_version == NEWER
    return not (is_new and look.role == "user" and value)


def only_text(value: Any, look: Look) -> bool:
    return bool(value["type"] == "text")


def not_data_url(value: Any, look: Look) -> bool:
    return not value.startswith("data:")


def web_address(value: Any, look: Look) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def paired(value: Any, look: Look) -> bool:
    return value not in look.unpaired


# Tools.


def tool_name(value: Any, look: Look) -> bool:
    return _TOOL_NAME.fullmatch(value) is not None


def tool_name_unique(value: Any, look: Look) -> bool:
    return value not in look.repeated_tools


def known_tool(value: Any, look: Look) -> bool:
    if value is None or value is MISSING or not isinstance(value, str):
        return value is None or value is MISSING
    if _names.is_known_tool(value):
        return True
    return bool(look.setting.betas) and value != "function"


def object_schema(value: Any, look: Look) -> bool:
    return bool(value.get("type") == "object")


def choice_has_tools(value: Any, look: Look) -> bool:
    return value != "any" or bool(look.tools) or bool(look.params.get("mcp_servers"))


def choice_exists(value: Any, look: Look) -> bool:
    # A tool without a name stands for several tools.
    names = [tool.get("name") for tool in look.tools]
    return value in names or None in names or bool(look.params.get("mcp_servers"))


def forcing_allowed(value: Any, look: Look) -> bool:
    return value not in ("any", "tool") or look.model.forces_tools


def forcing_without_thinking(value: Any, look: Look) -> bool:
    return value not in ("any", "tool") or look.thinking != "enabled"


# Thinking.


def thinking_type(value: Any, look: Look) -> bool:
    is_known = isinstance(value, str) and value in _names.THINKING_TYPES
    return is_known or (bool(look.setting.betas) and isinstance(value, str))


def thinking_supported(value: Any, look: Look) -> bool:
    return value == "adaptive" or value not in look.model.rejects


def adaptive_supported(value: Any, look: Look) -> bool:
    return value != "adaptive" or value not in look.model.rejects


def enough_budget(value: Any, look: Look) -> bool:
    return bool(value >= _LEAST_THINKING)


def budget_below_max_tokens(value: Any, look: Look) -> bool:
    if _INTERLEAVED in look.setting.betas and look.tools:
        return True
    max_tokens = look.params.get("max_tokens")
    return not isinstance(max_tokens, int) or value < max_tokens


# Caching and stopping.


def few_breakpoints(value: Any, look: Look) -> bool:
    return look.breakpoints <= _MOST_BREAKPOINTS


def stops(value: Any, look: Look) -> bool:
    return isinstance(value, str) and value.strip() != ""
