"""What some models accept and refuse: one table, which validation and the emulator share.

Sources: Anthropic's documentation of the models, of thinking and of tool use (D), recorded errors
(C), the official SDK (S), reports of others (R). A model that is not in the table triggers none of
the rules about models. To add one, set `MODELS["its-name"] = Model("its-id", ...)`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

_LONG_OUTPUT = ("output-300k-2026-03-24", 300_000)  # a beta, and the ceiling under it


class Model(NamedTuple):
    """What one model accepts. The defaults are what most models do, or what is not known.

    `id`: the dated id of an alias. `max_tokens`: the largest that is allowed. `sampling`: `free`;
    `one` if temperature and top_p must not both be set; `fixed` if neither may be changed.
    `forces_tools`: whether `tool_choice` may force a tool. `rejects`: the types of `thinking` that
    are refused. `thinks`: whether it thinks unless told otherwise, which counts against max_tokens.
    `prefill`: whether the last message may be the beginning of the response. `system_turns`:
    whether messages may have the role `system`. `retired`: whether it no longer exists. `details`:
    whether its usage has `output_tokens_details` (assumed).
    """

    id: str
    max_tokens: int | None = None
    sampling: Literal["free", "one", "fixed"] = "free"
    forces_tools: bool = True
    rejects: tuple[str, ...] = ()
    thinks: bool = False
    prefill: bool = True
    system_turns: bool = True
    retired: bool = False
    details: bool = False

    def ceiling(self, betas: Collection[str]) -> int | None:
        """Return the largest `max_tokens` under some betas, None if it is not known."""
        beta, most = _LONG_OUTPUT
        if self.max_tokens is not None and beta in betas:
            return most
        return self.max_tokens


def _before_46(id: str, max_tokens: int, sampling: Literal["free", "one"] = "one") -> Model:
    return Model(id, max_tokens, sampling, rejects=("adaptive",), system_turns=False)


def _from_47(id: str) -> Model:
    rejects = ("enabled",)
    return Model(id, 128_000, "fixed", rejects=rejects, prefill=False, details=True)


# The ceilings and the ids of aliases of the models marked (C) are recorded.
_ALIASES = {
    "claude-haiku-4-5": _before_46("claude-haiku-4-5-20251001", 64_000),  # (C)
    "claude-sonnet-4-5": _before_46("claude-sonnet-4-5-20250929", 64_000),  # (C)
    "claude-opus-4-5": _before_46("claude-opus-4-5-20251101", 64_000, "free"),
    "claude-opus-4-1": _before_46("claude-opus-4-1-20250805", 32_000),  # (C)
}
_4_6 = ("claude-opus-4-6", "claude-sonnet-4-6")
_4_7 = ("claude-opus-4-7", "claude-opus-4-8")
_THINKING = ("claude-sonnet-5", "claude-opus-5", "claude-haiku-5-5")
_ALWAYS_THINKING = (
    *("claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5", "claude-fable-5-1"),
    *("claude-fable-5-2", "claude-mythos-5", "claude-mythos-5-1", "claude-mythos-5-2"),
)
_RETIRED = (
    *("claude-1.3", "claude-1.3-100k", "claude-2.0", "claude-2.1", "claude-instant-1.1"),
    *("claude-instant-1.1-100k", "claude-instant-1.2", "claude-3-sonnet-20240229"),
    *("claude-3-opus-20240229", "claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
    *("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", "claude-opus-4-0"),
    *("claude-opus-4-20250514", "claude-sonnet-4-0", "claude-sonnet-4-20250514"),
    "claude-mythos-preview",
)

MODELS: dict[str, Model] = {
    **_ALIASES,
    **{model.id: model for model in _ALIASES.values()},
    **{
        name: Model(name, 128_000, "one", prefill=False, system_turns=False, details=True)
        for name in _4_6
    },
    **{name: _from_47(name) for name in _4_7},
    "claude-opus-4-7": _from_47("claude-opus-4-7")._replace(system_turns=False),
    **{name: _from_47(name)._replace(thinks=True) for name in _THINKING},
    **{
        name: _from_47(name)._replace(
            thinks=True, forces_tools=False, rejects=("enabled", "disabled")
        )
        for name in _ALWAYS_THINKING
    },
    **{name: Model(name, retired=True) for name in _RETIRED},
}
"""What is known, by the name of the model."""
