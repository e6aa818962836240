"""The faults that the API finds in the params of a request, which it checks only while processing.

They are those of the table of rules that `validate` reads as well, so that what it reports and what
the emulator answers are the same. Which fault is reported first is assumed (A).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ..validate._look import NEWER, OLDER, Setting
from ..validate._plain import is_plainly_sound
from ..validate._walk import Hit, hits

Fault = tuple[str, str]
"""(error type, message)."""


class Rules(NamedTuple):
    """What decides how params are checked. *models*: those that exist, None for any."""

    version: str = OLDER
    betas: Collection[str] = ()
    models: Collection[str] | None = None


def fault(params: Mapping[str, Any], rules: Rules) -> Fault | None:
    """Return the first fault of *params*, None if there is none."""
    for hit in _hits(params, rules):
        if hit.answer is not None:
            return hit.rule.error, hit.answer
    if rules.models is not None and params["model"] not in rules.models:
        return "not_found_error", f"model: {params['model']}"
    return None


def is_truncated(params: Mapping[str, Any], rules: Rules) -> bool:
    """Return whether the model will probably use all of `max_tokens` before it responds."""
    return any(hit.answer is None for hit in _hits(params, rules))


def _hits(params: Mapping[str, Any], rules: Rules) -> Iterator[Hit]:
    if rules.version != NEWER and is_plainly_sound({"custom_id": "", "params": params}):
        return iter(())
    return hits(params, Setting(rules.version, rules.betas))
