"""Replies from a file of JSON Lines, one for each custom_id. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ._message import default_reply
from ._worker import Reply, is_fields, is_result

_EXPECTED = '{"custom_id": ..., "reply": text, fields of a message, or a result}'


def read_replies(lines: Iterable[bytes], default: Reply | None = None) -> Reply:
    """Return a `Reply` that returns the replies in *lines*, and calls *default* for other requests.

    *default* None is the default of a `Store`. A line is `{"custom_id": ..., "reply": ...}`; the
    reply is anything that a `Reply` may return. Blank lines are skipped. Raises ValueError, with
    the number of the line, for any other line.
    """
    other = default or default_reply
    replies: dict[str, Any] = {}
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            custom_id, reply = _parsed(line, number)
            if custom_id in first:
                raise ValueError(f"line {number}: {custom_id!r} is in line {first[custom_id]} too")
            first[custom_id] = number
            replies[custom_id] = reply

    def reply_to(request: dict[str, Any]) -> str | dict[str, Any]:
        if request["custom_id"] in replies:
            found: str | dict[str, Any] = replies[request["custom_id"]]
            return found
        return other(request)

    return reply_to


def _parsed(line: bytes, number: int) -> tuple[str, str | dict[str, Any]]:
    try:
        found = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number}: not JSON: {error}") from None
    if not isinstance(found, dict) or found.keys() != {"custom_id", "reply"}:
        raise ValueError(f"line {number}: expected {_EXPECTED}")
    custom_id, reply = found["custom_id"], found["reply"]
    if not isinstance(custom_id, str):
        raise ValueError(f"line {number}: custom_id must be a string, not {custom_id!r}")
    if not (isinstance(reply, str) or is_fields(reply) or is_result(reply)):
        raise ValueError(f"line {number}: reply must be text, fields of a message, or a result")
    return custom_id, reply
