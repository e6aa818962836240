"""The table of rules as a reader of the documentation sees it."""

from __future__ import annotations

from ._rules import RULES

_WORDS = {
    "where": "…",
    "top": "messages",
    "index": "0",
    "value": "…",
    "shown": "…",
    "content": "…",
    "near": "",
    "place": "another place",
    "role": "user",
    "model": "the model",
    "ceiling": "N",
    "count": "5",
    "id": "toolu_…",
}
_SOURCES = {"C": "recorded", "D": "documented", "S": "SDK", "R": "reported"}


def table() -> str:
    """Return the rules in Markdown, one row each."""
    lines = [
        "| place in the request | expected | message of the errored row | source |",
        "|---|---|---|---|",
    ]
    for rule in RULES:
        answer = "none: the response is truncated"
        if rule.answer is not None:
            answer = f"`` {rule.answer.format_map(_WORDS)} ``"
        expected = rule.expected.format_map(_WORDS)
        lines.append(f"| `{rule.pointer}` | {expected} | {answer} | {_SOURCES[rule.source]} |")
    return "\n".join(lines) + "\n"
