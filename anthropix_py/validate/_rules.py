"""The table of all rules for params: for `validate`, for the emulator and for the documentation."""

from __future__ import annotations

from ._rule import Rule
from ._rules_of_messages import BLOCKS, MESSAGES
from ._rules_of_params import KEYS, PARAMS
from ._rules_of_tools import CACHING, TOOLS

RULES: tuple[Rule, ...] = (*PARAMS, *KEYS, *MESSAGES, *BLOCKS, *TOOLS, *CACHING)
"""Every rule, each with a name of its own."""

AT: dict[str, tuple[Rule, ...]] = {
    pointer: tuple(rule for rule in RULES if rule.pointer == pointer)
    for pointer in dict.fromkeys(rule.pointer for rule in RULES)
}
"""The rules of each place, in the order in which they are tested."""
