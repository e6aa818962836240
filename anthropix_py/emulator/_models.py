"""What is known about some models: the id of an alias, and the largest `max_tokens`.

The ceilings are from the documentation of the models (D), or from recorded errors if marked (C).
Any other name is the id of a model without a ceiling.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

_LONG_OUTPUT = ("output-300k-2026-03-24", 300_000)  # a beta, and the ceiling under it


class Model(NamedTuple):
    """One model. *details*: whether its usage has `output_tokens_details` (A)."""

    id: str
    max_tokens: int | None = None
    details: bool = False

    def ceiling(self, betas: Collection[str]) -> int | None:
        """Return the largest `max_tokens` under some betas, None if it is not known."""
        beta, most = _LONG_OUTPUT
        if self.max_tokens is not None and beta in betas:
            return most
        return self.max_tokens


_ALIASES = {
    "claude-haiku-4-5": Model("claude-haiku-4-5-20251001", 64_000),  # (C)
    "claude-sonnet-4-5": Model("claude-sonnet-4-5-20250929", 64_000),  # (C)
    "claude-opus-4-5": Model("claude-opus-4-5-20251101", 64_000),
    "claude-opus-4-1": Model("claude-opus-4-1-20250805", 32_000),  # (C)
}
_NEWER = (
    *("claude-opus-4-6", "claude-sonnet-4-6", "claude-opus-4-7", "claude-opus-4-8"),
    *("claude-sonnet-5", "claude-opus-5", "claude-fable-5-1"),
)
_MODELS = {
    **_ALIASES,
    **{model.id: model for model in _ALIASES.values()},
    **{name: Model(name, 128_000, details=True) for name in _NEWER},
}


def known(name: str) -> Model:
    """Return what is known about the model with that name."""
    return _MODELS.get(name, Model(name))
