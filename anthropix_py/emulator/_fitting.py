"""A value that fits a JSON Schema, for forced tools and structured outputs. No I/O.

Understood: `type`, `enum`, `const`, `properties`, `required`, `items`, `minItems`, `anyOf`,
`oneOf`, `allOf` of one schema, and `$ref` within the schema. All else, such as bounds, patterns
and formats, is ignored: the value may not fit it (A).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import unquote

T = TypeVar("T")

# If more references than this lie inside each other, only required properties are filled in.
_DEEP = 2
_MOST_ITEMS = 1000
_PLAIN = {"string": "example", "integer": 1, "number": 1, "boolean": True, "null": None}


class _Unfit(Exception):
    """No value can be made for a schema."""


def fitting(schema: object) -> Any:
    """Return a value that fits *schema*, or an empty object if none can be made (A)."""
    try:
        return _Maker(schema).value(schema)
    except (_Unfit, RecursionError):
        return {}


class _Maker:
    """Makes values for one schema and for the parts of it to which references point."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._open: list[str] = []  # references being followed

    def value(self, schema: object) -> Any:
        if schema is True:
            return {}
        if not isinstance(schema, dict):
            raise _Unfit
        if "$ref" in schema:
            return self._referred(_part(schema, "$ref", str))
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._first(_part(schema, "enum", list), lambda choice: choice)
        if len(_part(schema, "allOf", list)) > 1:
            raise _Unfit
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._first(_part(schema, key, list), self.value)
        return self._first(_types(schema), lambda kind: self._of_type(kind, schema))

    def _of_type(self, kind: object, schema: dict[str, Any]) -> Any:
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(schema)
        if not isinstance(kind, str) or kind not in _PLAIN:
            raise _Unfit
        return _PLAIN[kind]

    def _first(self, choices: Iterable[Any], make: Callable[[Any], Any]) -> Any:
        """Return the result of *make* for the first choice for which it succeeds."""
        for choice in choices:
            try:
                return make(choice)
            except _Unfit:
                pass
        raise _Unfit

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = _part(schema, "required", list)
        made: dict[str, Any] = {}
        for name, part in _part(schema, "properties", dict).items():
            if name not in required and len(self._open) > _DEEP:
                continue
            try:
                made[name] = self.value(part)
            except _Unfit:
                if name in required:
                    raise
        for name in required:
            made.setdefault(name, {})
        return made

    def _array(self, schema: dict[str, Any]) -> list[Any]:
        least = _part(schema, "minItems", int)
        if least > _MOST_ITEMS:
            raise _Unfit
        if least == 0 and len(self._open) > _DEEP:
            return []
        try:
            return [self.value(schema.get("items", True)) for _ in range(max(1, least))]
        except _Unfit:
            if least:
                raise
            return []

    def _referred(self, reference: str) -> Any:
        # a reference inside itself would never end
        if reference in self._open:
            raise _Unfit
        self._open.append(reference)
        try:
            return self.value(_resolved(self._root, reference))
        finally:
            self._open.pop()


def _part(schema: dict[str, Any], key: str, kind: type[T]) -> T:
    """Return the value of *key*, which must be of *kind*; an empty one if the key is missing."""
    value = schema.get(key, kind())
    if not isinstance(value, kind):
        raise _Unfit
    return value


def _types(schema: dict[str, Any]) -> list[object]:
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return kinds
    if kinds is not None:
        return [kinds]
    if "items" in schema:
        return ["array"]
    return ["object"]


def _resolved(root: Any, reference: object) -> object:
    """Return the part of *root* to which a reference such as `#/$defs/name` points."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise _Unfit
    part = root
    for step in unquote(reference[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(part, dict) or name not in part:
            raise _Unfit
        part = part[name]
    return part
