"""Tokens by kind, and their addition."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

# without None; written in C
_plus: Callable[[Any, Any], Any] = operator.add


class Tokens(NamedTuple):
    """Tokens by kind, and the uses of server tools. None: the server did not say it for a message.

    `input` excludes the tokens that were written to the prompt cache or read from it. `output`
    includes thinking. `cache_write`: for any time. `cache_write_1h`: of those, the ones for an
    hour. `thinking`: of the output. `web_searches`, `web_fetches`: the numbers of requests.
    """

    input: int | None = 0
    output: int | None = 0
    cache_write: int = 0
    cache_read: int = 0
    cache_write_1h: int | None = 0
    thinking: int | None = 0
    web_searches: int = 0
    web_fetches: int = 0


def add(one: Tokens, other: Tokens) -> Tokens:
    """Return the sums by kind. A sum with None is None: nobody knows it."""
    if None not in one and None not in other:
        return Tokens._make(map(_plus, one, other))
    return Tokens._make(map(_sum, one, other))


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return None
    return one + other
