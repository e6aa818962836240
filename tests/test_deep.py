"""JSON that is nested beyond the stack: as `json` reads it where `json` can."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ID, KEY, a_batch, client, error_body, row
from scripted import Scripted, counted

from anthropix_py import APIError, batch, unwrap
from anthropix_py._json import deep

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def read(load: Any, text: str) -> str:
    """Return what *load* makes of *text*, as repr: it tells 1 from 1.0 and True."""
    try:
        return repr(load(text))
    except ValueError:
        return "not JSON"


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_value(value: object, ascii: bool, indent: int | None) -> None:
    text = json.dumps([value], ensure_ascii=ascii, indent=indent)
    assert read(deep.loads, text) == read(json.loads, text)


@given(VALUES, st.integers(0, 400), st.text('[]{},:"01-.eEntf\\/u\0\t ', max_size=2))
def test_any_value_with_a_character_replaced(value: object, at: int, by: str) -> None:
    text = json.dumps([value])
    at %= len(text) - 1
    text = text[:at] + by + text[at + 1 :]
    assert read(deep.loads, text) == read(json.loads, text)


SAME = [
    "[]", "{}", " [ ] ", "[[],{}]", '{"a":{"b":[]}}', '{"a":1,"b":2,"a":3}', "[1,]", "[,1]",
    "[1 2]", '{"a":1,}', '{"a"}', '{"a":}', '{"a" 1}', "{a:1}", "{1:2}", '{"a":1 "b":2}', '{,}',
    "[1}", "{]", '{"a":1]', "[]]", "[[]", "[] []", "[01]", "[-]", "[1.]", "[.5]", "[1e]", "[+1]",
    "[-0]", "[-0.0]", "[1e400]", "[NaN]", "[-Infinity]", "[Infinit]", "[nul]", "[truefalse]",
    "[True]", '["a]', '["\\x"]', '["\\ud800"]', '["\\ud83d\\ude00"]', '["\t"]', "[\u00a01]",
    "[\u0661]", "[1:2]", "[:]", "\ufeff[]", "[1]\0]", "]", "}", ":", ",]",
]  # fmt: skip


@pytest.mark.parametrize("text", SAME)
def test_the_same_as_json(text: str) -> None:
    assert read(deep.loads, text) == read(json.loads, text)


@pytest.mark.parametrize("levels", [2, 1000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing", "step"), [("[", "]", 0), ('{"k":', "}", "k")], ids=["lists", "objects"]
)
def test_any_depth(levels: int, opening: str, closing: str, step: Any) -> None:
    value = deep.loads(opening * levels + "7" + closing * levels)
    for _ in range(levels):
        assert len(value) == 1
        value = value[step]
    assert value == 7


def test_an_integer_that_int_refuses_is_exact() -> None:
    [value] = deep.loads("[" + "9" * 10_000 + "]")
    assert type(value) is Decimal
    assert value.as_tuple().digits == (9,) * 10_000


DEEP = "[" * 5000 + "]" * 5000
LONG = "7" * 5000


def with_hard_values(value: dict[str, Any]) -> bytes:
    """Return *value* as JSON, with two keys more that the fast decoders refuse."""
    return json.dumps(value).encode()[:-1] + f',"deep":{DEEP},"long":{LONG}}}'.encode()


@pytest.mark.parametrize("call", [batch.show, batch.cancel], ids=["show", "cancel"])
def test_a_batch_with_such_values(call: Any) -> None:
    with Scripted(counted(with_hard_values(a_batch()))) as server:
        found = unwrap(call(client(server.url), ID))
    assert found["id"] == ID
    assert found["long"] == Decimal(LONG)


def test_a_page_with_such_values() -> None:
    page = {"data": [a_batch()], "has_more": False, "first_id": ID, "last_id": ID}
    with Scripted(counted(with_hard_values(page))) as server:
        assert unwrap(batch.list(client(server.url)))["data"] == [a_batch()]


def test_an_error_with_such_values() -> None:
    body = with_hard_values(error_body("invalid_request_error", f"the key {KEY} is wrong"))
    with Scripted(counted(body, 400)) as server:
        tag, error = batch.show(client(server.url), ID)
    assert tag == "error"
    assert isinstance(error, APIError)
    assert error.message == "the key *** is wrong"
    assert KEY not in str(error)


def test_results_with_such_values(tmp_path: Path) -> None:
    lines = [json.dumps(row("a")).encode(), with_hard_values(row("b"))]
    body = b"\n".join([*lines, json.dumps(row("c")).encode(), b""])
    ended = a_batch("ended", succeeded=3)
    with Scripted(*[counted(body)] * 3) as server:
        us = client(server.url)
        assert [one["custom_id"] for one in unwrap(batch.results(us, ended))] == ["a", "b", "c"]
        rows = unwrap(batch.results(us, ended, stream=True))
        assert [one["custom_id"] for one in rows] == ["a", "b", "c"]
        unwrap(batch.download(us, ended, tmp_path / "rows"))
    assert (tmp_path / "rows").read_bytes() == body
