"""The JSON value that an answer holds: found, parsed, and checked against a schema.

A prompt that asks for JSON is often answered with JSON in a code fence, so one fence around the
complete text is accepted. Text beside it is an error: to pick a part of an answer would be a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .. import _json
from .._problem import shown, step
from ..errors import MissingExtra
from . import _flat
from ._errors import AnswerError

_FENCED = re.compile(r"\s*```[A-Za-z]*[ \t]*\r?\n(.*?)\s*```\s*", re.DOTALL)
_NOT_JSON = re.compile("NaN|Infinity")
_LONGEST = 300  # characters of a message of the validator


def value(row: Mapping[str, Any], schema: object, tool: str | None) -> Any:
    """Return the JSON value of the answer. Raises `AnswerError`."""
    validator = None
    if schema is not None:
        validator = _validator(_json.dumps(schema))
    id: str = row["custom_id"]
    outcome = _flat.outcome(row)
    if outcome != "succeeded":
        raise AnswerError(id, _why_there_is_none(row, outcome))
    found = _found(row, tool)
    if validator is not None:
        _check(validator, found, id)
    return found


def _why_there_is_none(row: Mapping[str, Any], outcome: str) -> str:
    reasons = {
        "truncated": "it is cut off, because the model reached its limit of tokens",
        "refused": "the model refused",
        "paused": "it is not complete: the server paused the turn",
    }
    if outcome in reasons:
        return reasons[outcome]
    kind, message, _ = _flat.error(row["result"])
    if kind is None:
        return f"there is none: the request is {outcome}"
    return f"there is none: the request is {outcome} ({kind}: {shown(message)})"


def _found(row: Mapping[str, Any], tool: str | None) -> Any:
    id = row["custom_id"]
    uses = [block for block in _flat.blocks(row) if block.get("type") == "tool_use"]
    if tool is not None:
        names = ", ".join(repr(use.get("name")) for use in uses)
        uses = [use for use in uses if use.get("name") == tool]
        if not uses:
            raise AnswerError(id, f"expected a use of the tool {tool!r}; found {names or 'none'}")
    if len(uses) > 1:
        names = ", ".join(repr(use.get("name")) for use in uses)
        expected = "one use of it" if tool is not None else "one tool use, or tool="
        raise AnswerError(id, f"expected {expected}; found {len(uses)}: {names}")
    if uses:
        return uses[0].get("input")
    return _parsed(_flat.text(row), id)


def _parsed(text: str | None, id: str) -> Any:
    if text is None:
        raise AnswerError(id, "expected JSON; found neither text nor a tool use")
    fenced = _FENCED.fullmatch(text)
    inner: str = text if fenced is None else fenced[1]
    try:
        if _NOT_JSON.search(inner):
            # json reads these words; in a string they are harmless
            json.loads(inner, parse_constant=_refuse)
        return _json.loads(inner)
    except ValueError as error:
        raise AnswerError(id, f"expected JSON; found {shown(text)}: {error}") from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _check(validator: Any, found: Any, id: str) -> None:
    from jsonschema.exceptions import best_match
    from referencing.exceptions import Unresolvable

    try:
        error = best_match(validator.iter_errors(found))
    except Unresolvable as unresolvable:
        raise ValueError(f"schema refers to what it does not hold: {unresolvable}") from None
    if error is None:
        return
    message = error.message.replace(repr(error.instance), shown(error.instance))
    if len(message) > _LONGEST:
        message = f"{message[:_LONGEST]}..."
    raise AnswerError(id, message, "".join(map(step, error.absolute_path)))


@lru_cache(maxsize=16)
def _validator(schema: bytes) -> Any:
    """Return what validates values by a schema, given as JSON. Raises ValueError.

    Making it takes a thousand times as long as using it, so the latest are kept.
    """
    try:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from referencing import Registry
    except ModuleNotFoundError:
        raise MissingExtra("rows.json with a schema", "jsonschema", "schema") from None
    loaded = _json.loads(schema)
    kind = validator_for(loaded, default=Draft202012Validator)
    try:
        kind.check_schema(loaded)
    except SchemaError as error:
        where = "".join(map(step, error.absolute_path)) or "its top"
        raise ValueError(f"schema is not valid at {where}: {error.message}") from None
    # An empty registry: by default a reference to another document would be fetched.
    return kind(loaded, registry=Registry())
