"""Values made for JSON Schemas: they fit what is understood, and making them always ends."""

from __future__ import annotations

from typing import Any

import jsonschema
from emulator_samples import cases
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator._fitting import fitting

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NODE: Schema = {
    "type": "object",
    "properties": {"name": STRING, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["name", "next"],
}


def of(properties: Schema, *required: str, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def crowded(count: int) -> Schema:
    """Return *count* types, each with an optional property of every type."""
    names = [f"t{number}" for number in range(count)]
    one = of({name: {"$ref": f"#/$defs/{name}"} for name in names})
    return {"$ref": "#/$defs/t0", "$defs": dict.fromkeys(names, one)}


VALUES: dict[str, tuple[Schema, Any]] = {
    "string": (STRING, "example"),
    "integer": ({"type": "integer"}, 1),
    "boolean": ({"type": "boolean"}, True),
    "null": ({"type": "null"}, None),
    "several types": ({"type": ["odd", "null", "string"]}, None),
    "const": ({"const": [1]}, [1]),
    "enum": ({"type": "string", "enum": ["b", "a"]}, "b"),
    "no type": ({}, {}),
    "properties without a type": ({"properties": {"a": STRING}}, {"a": "example"}),
    "items without a type": ({"items": STRING}, ["example"]),
    "optional too": (of({"a": STRING, "b": {"type": "null"}}, "a"), {"a": "example", "b": None}),
    "required without a property": (of({}, "a"), {"a": {}}),
    "array": ({"type": "array", "items": {"const": 5}}, [5]),
    "at least 3": ({"type": "array", "items": {"const": 5}, "minItems": 3}, [5, 5, 5]),
    "any of": ({"anyOf": [{"type": "odd"}, STRING]}, "example"),
    "one of": ({"oneOf": [STRING, {"type": "null"}]}, "example"),
    "all of one": ({"allOf": [STRING]}, "example"),
    "reference": ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": STRING}}, "example"),
    # what cannot end in one way ends in another
    "recursion by a choice": (NODE, {"name": "example", "next": {"name": "example", "next": None}}),
    "recursion by an option": (of({"next": {"$ref": "#"}}), {"next": {}}),
    "recursion by items": (
        of({"all": {"type": "array", "items": {"$ref": "#"}}}, "all"),
        {"all": [{"all": []}]},
    ),
}


@cases("schema, value", VALUES)
def test_a_value_for_a_schema(schema: Schema, value: Any) -> None:
    assert fitting(schema) == value


# For these a plain object is made (A).
PLAIN: dict[str, object] = {
    "not a schema": "string",
    "false": False,
    "type of a number": {"type": 5},
    "type of an object": {"type": {"a": 1}},
    "unknown type": {"type": "strng"},
    "empty enum": {"enum": []},
    "enum of text": {"enum": "abc"},
    "no choice": {"anyOf": []},
    "choices of text": {"anyOf": "abc"},
    "two of all": {"allOf": [STRING, {"minLength": 9}]},
    "properties list": {"properties": []},
    "required text": {"required": "a"},
    "too many items": {"type": "array", "minItems": 10**9},
    "items of text": {"type": "array", "minItems": "1"},
    "endless": of({"next": {"$ref": "#"}}, "next"),
    "endless items": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    "two endless": {"$ref": "#/b", "b": {"$ref": "#/c"}, "c": {"$ref": "#/b"}},
    "reference to nothing": {"$ref": "#/$defs/a"},
    "reference elsewhere": {"$ref": "https://a.example/schema"},
    "reference of a number": {"$ref": 5},
    "reference into a list": {"$ref": "#/enum/0", "enum": [STRING]},
}


@cases("schema", PLAIN)
def test_what_cannot_be_made_is_a_plain_object(schema: object) -> None:
    assert fitting(schema) == {}


def test_many_types_that_refer_to_each_other_take_no_time() -> None:
    """Against a search of all paths through thirty types."""
    assert isinstance(fitting(crowded(30)), dict)


def test_a_deep_schema_ends() -> None:
    schema: Schema = STRING
    for _ in range(10_000):
        schema = {"type": "array", "items": schema}
    assert fitting(schema) == {}


LEAVES = st.sampled_from(
    [
        *({"type": kind} for kind in ("string", "integer", "number", "boolean", "null")),
        *({"enum": ["a", 1]}, {"const": None}, {"$ref": "#/$defs/leaf"}, {}),
        {"type": "string", "format": "date"},
    ]
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas that hold others."""
    properties = st.dictionaries(st.sampled_from("abc"), inner)
    objects = properties.flatmap(
        lambda found: st.sets(st.sampled_from(sorted(found) or ["a"])).map(
            lambda required: of(found, *sorted(required))
        )
    )
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least},
        inner,
        st.integers(0, 3),
    )
    choices = st.lists(inner, min_size=1, max_size=3).map(lambda found: {"anyOf": found})
    return objects | arrays | choices


@given(st.recursive(LEAVES, nested, max_leaves=8))
def test_the_value_fits_the_schema(schema: Schema) -> None:
    rooted = {"$defs": {"leaf": {"type": "object", "properties": {"x": STRING}}}, **schema}
    jsonschema.Draft202012Validator(rooted).validate(fitting(rooted))
