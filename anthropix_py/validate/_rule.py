"""One rule for the params of a request, which the server checks only while processing.

The table of rules serves `validate`, the emulator, which answers with the errored row, and the page
of the rules.
Sources: C: the message is recorded; D: the rule is documented; S: it is in the official SDK; R:
others reported it. A message that is not recorded is written in the manner of those that are.

Texts are templates. `{where}`: the place with dots, as in `messages.0.content`; `{top}`, `{index}`:
its first and second part; `{value}`, `{near}`: what was found there, and what was probably meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ._look import Look


class Rule(NamedTuple):
    """One rule. `pointer`: where it holds, `*` for any position and `[...]` for a condition.

    `test`: takes the value there and a look at the request, and returns whether the rule holds.
    `expected`, `found`: what a problem says; `answer`: the message of the errored row that breaking
    it leads to, None if it leads to a truncated response. `source`: how it is known. `error`: the
    type of the error.
    """

    name: str
    pointer: str
    test: Callable[[Any, Look], bool]
    expected: str
    answer: str | None
    source: Literal["C", "D", "S", "R"]
    found: str = "{shown}"
    error: str = "invalid_request_error"
    severity: Literal["warning"] = "warning"
