"""Requests from rows of any table."""

from __future__ import annotations

import csv
import datetime
import decimal
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from samples import error_in, table

from anthropix_py import batch, emulator, init, unwrap, validate
from anthropix_py.build import TableError, join, key, requests

# neither has types
pd: Any = pytest.importorskip("pandas")
pa: Any = pytest.importorskip("pyarrow")

COMMON: dict[str, Any] = {"model": "m", "max_tokens": 9}
ROWS = [{"id": "a", "text": "One"}, {"id": "b", "text": "Two"}]


def prompts(rows: Any, prompt: Any = "{text}", id: Any = "id") -> list[tuple[str, Any]]:
    """Return the custom_id and the content of each request."""
    made = requests(rows, id=id, prompt=prompt, **COMMON)
    return [(one["custom_id"], one["params"]["messages"][0]["content"]) for one in made]


def error_of(rows: Any, prompt: Any = "{text}", id: Any = "id") -> str:
    """Return the text of the error that the generator raises."""
    with pytest.raises(TableError) as caught:
        prompts(rows, prompt, id)
    return str(caught.value)


def test_a_request() -> None:
    [first, second] = requests(
        ROWS, id="id", prompt="Sort {text}", system="Reply in {{a}}", temperature=0.5, **COMMON
    )
    assert first == {
        "custom_id": "a",
        "params": {
            "model": "m",
            "max_tokens": 9,
            "temperature": 0.5,
            "system": "Reply in {a}",
            "messages": [{"role": "user", "content": "Sort One"}],
        },
    }
    assert validate.problems([first, second]) == []
    # against rows that share a dict, which one change would change for all
    assert first["params"] is not second["params"]


# Tables

COLUMNS: dict[str, Any] = {"id": [1, 2], "text": ["One", "Two"]}
FRAME = pd.DataFrame(COLUMNS)
ARROW = pa.table(COLUMNS)
TEXTS = [("a", "One"), ("b", "Two")]
NUMBERS = [("--i1", "One"), ("--i2", "Two")]


@table(
    "rows, expected",
    {
        "a list": (ROWS, TEXTS),
        "a generator": ((one for one in ROWS), TEXTS),
        "csv": (csv.DictReader(io.StringIO("id,text\na,One\nb,Two\n")), TEXTS),
        # a column that is not used may be missing, and a row too long has the key None
        "csv, uneven": (csv.DictReader(io.StringIO("id,text,x\na,One\nb,Two,3,4\n")), TEXTS),
        "nothing": ([], []),
        "pandas": (FRAME, NUMBERS),
        "pandas, nullable": (FRAME.convert_dtypes(), NUMBERS),
        "pandas, of Arrow": (ARROW.to_pandas(types_mapper=pd.ArrowDtype), NUMBERS),
        "pandas, to_dict": (FRAME.to_dict("records"), NUMBERS),
        # against columns whose names are not those of Python
        "pandas, odd names": (FRAME.rename(columns={"text": "a b.c"}), NUMBERS),
        "pandas, empty": (FRAME[:0], []),
        "Polars": (pl.DataFrame(COLUMNS), NUMBERS),
        "an Arrow table": (ARROW, NUMBERS),
        "several chunks": (pa.concat_tables([ARROW[:1], ARROW[1:]]), NUMBERS),
        "a reader of batches": (ARROW.to_reader(), NUMBERS),
        "batches": (ARROW.to_batches(1), NUMBERS),
        "an empty Arrow table": (ARROW[:0], []),
    },
)
def test_tables(rows: Any, expected: Any) -> None:
    prompt = "{text}"
    if isinstance(rows, pd.DataFrame) and "text" not in rows:
        prompt = "{a b.c}"
    assert prompts(rows, prompt) == expected


@table(
    "rows, error, message",
    {
        "None": (None, TypeError, "rows must be an iterable of mappings"),
        "a number": (5, TypeError, "not int"),
        "a path": ("reviews.csv", TypeError, "not str"),
        "bytes": (b"id,text", TypeError, "not bytes"),
        "one row": (ROWS[0], TypeError, "not dict"),
        "a result": (("ok", ROWS), TypeError, "unwrap it first"),
        "a frame that is not read yet": (pl.LazyFrame(COLUMNS), TypeError, "not LazyFrame"),
        "two columns of one name": (
            pd.DataFrame([[1, 2]], columns=["id", "id"]),
            ValueError,
            "several columns of the name 'id'",
        ),
    },
)
def test_what_is_no_table_is_refused_at_once(
    rows: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        requests(rows, id="id", prompt="{text}", **COMMON)
    if error is TypeError:
        with pytest.raises(error, match=message):
            join(rows, [], id="id")


def test_a_row_is_read_when_it_is_needed() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        number = 0
        while True:
            yield {"id": number, "text": "x"}
            number += 1

    made = requests(endless(), id="id", prompt="{text}", **COMMON)
    assert [next(made)["custom_id"] for _ in range(3)] == ["--i0", "--i1", "--i2"]


# Templates

VALUES: dict[str, Any] = {"id": "a", "text": "One", "a b": 2, "x.y": "dot", "{": "brace"}


@table(
    "prompt, content",
    {
        "a column": ("{text}", "One"),
        "text around it": ("<{text}>", "<One>"),
        "twice": ("{text}{text}", "OneOne"),
        "two columns": ("{text}: {a b}", "One: 2"),
        "no column": ("Hi", "Hi"),
        "braces": ('{{"label": "{text}"}} {{}}', '{"label": "One"} {}'),
        "a brace beside a column": ("{{{text}}}", "{One}"),
        # against the formats of str.format, which would reach into objects
        "a dot": ("{x.y}", "dot"),
        "braces in a value": ("{text}", "One"),
        "a function": (lambda row: row["text"].upper(), "ONE"),
        "a function that makes blocks": (
            lambda row: [{"type": "text", "text": row["text"]}],
            [{"type": "text", "text": "One"}],
        ),
        "blocks": ([{"type": "text", "text": "{text}"}], [{"type": "text", "text": "{text}"}]),
    },
)
def test_prompt(prompt: Any, content: Any) -> None:
    assert prompts([VALUES], prompt) == [("a", content)]


@table(
    "prompt, message",
    {
        "an open brace": ("a {text", "prompt has '{' at character 3"),
        "a closing brace": ("text}", "prompt has '}' at character 5"),
        "no name": ("a {}", "expected the name of a column in braces"),
        "braces in braces": ("{a{b}", "prompt has '{' at character 1"),
        "one brace too many": ("{{text}", "at character 7"),
    },
)
def test_a_template_that_is_not_valid_is_refused_at_once(prompt: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        requests(ROWS, id="id", prompt=prompt, **COMMON)
    with pytest.raises(ValueError, match="system has"):
        requests(ROWS, id="id", prompt="{text}", system=prompt, **COMMON)


@table(
    "value, text",
    {
        "an integer": (5, "5"),
        "zero": (0, "0"),
        "False": (False, "False"),
        "a decimal": (decimal.Decimal("1.50"), "1.50"),
        "a date": (datetime.date(2026, 11, 24), "2026-11-24"),
        "NumPy's float": (np.float32(1.5), "1.5"),
        "NumPy's integer": (np.int64(5), "5"),
        "NumPy's text": (np.str_("é"), "é"),
        "infinity": (float("inf"), "inf"),
        "a list": (["a", "é"], '["a","é"]'),
        "a mapping": ({"a": 1}, '{"a":1}'),
        # against an array that prints only its first and last items
        "an array": (np.arange(2000), json.dumps(list(range(2000)), separators=(",", ":"))),
        "braces": ("{text} {{", "{text} {{"),
        "a lone surrogate": ("\ud800", "\ud800"),
        "a timestamp": (pd.Timestamp("2026-01-01"), "2026-01-01 00:00:00"),
    },
)
def test_value(value: Any, text: str) -> None:
    assert prompts([{"id": "a", "text": value}]) == [("a", text)]


@table(
    "value, kind",
    {
        "None": (None, "is missing (None)"),
        "NaN": (float("nan"), "is missing (NaN)"),
        "NumPy's NaN": (np.float32("nan"), "is missing (NaN)"),
        "a decimal NaN": (decimal.Decimal("NaN"), "is missing (NaN)"),
        "a decimal NaN that signals": (decimal.Decimal("sNaN"), "is missing (NaN)"),
        "pandas' NA": (pd.NA, "is missing (NA)"),
        "pandas' NaT": (pd.NaT, "is missing (NaT)"),
        "NumPy's NaT": (np.datetime64("NaT", "s"), "is missing (NaN)"),
        # as a CSV file has a missing value
        "empty": ("", "is empty"),
    },
)
def test_a_missing_value_is_named_by_row_and_id(value: Any, kind: str) -> None:
    rows = [*ROWS, {"id": "x", "text": value}]
    assert error_of(rows) == f"row 3 (id 'x'): column 'text' {kind}"
    # where it is not used it does no harm
    assert prompts(rows, "{id}")[2] == ("x", "x")
    if kind != "is empty":
        assert error_of([{"id": value, "text": "a"}]) == f"row 1: column 'id' {kind}"


def test_one_of_two_columns_may_be_empty() -> None:
    rows = [{"id": 1, "title": "", "text": "a"}, {"id": 2, "title": "", "text": ""}]
    assert prompts(rows[:1], "{title}-{text}") == [("--i1", "-a")]
    assert error_of(rows, "{title}-{text}") == "row 2 (id 2): columns 'title', 'text' are empty"


@table(
    "rows, prompt, id, message",
    {
        "no such column": (
            ROWS,
            "{txt}",
            "id",
            "row 1 (id 'a'): no column 'txt'; did you mean 'text'? (columns: id, text)",
        ),
        "nothing like it": (ROWS, "{zzz}", "id", "no column 'zzz' (columns: id, text)"),
        # against an example in JSON that is taken for a column
        "JSON": (ROWS, '{"a": 1} {text}', "id", "for a brace of the text itself, write {{ or }}"),
        "in a later row": ([*ROWS, {"id": "c"}], "{text}", "id", "row 3 (id 'c'): no column"),
        "no such id": (ROWS, "{text}", "ids", "row 1: no column 'ids'; did you mean 'id'?"),
        "one of two": (ROWS, "{text}", ["id", "part"], "row 1: no column 'part'"),
        "used before": ([*ROWS, ROWS[0]], "{text}", "id", "its id is used before, in row 1"),
        "two of two": ([*ROWS, ROWS[1]], "{text}", ["id", "text"], "row 3 (id 'b', 'Two'): its id"),
        "an id too long": ([{"id": "ü" * 60, "text": "a"}], "{text}", "id", "use a shorter key"),
        "an id of a float": ([{"id": 1.0, "text": "a"}], "{text}", "id", "of these, not float"),
        "a list": ([ROWS[0], ["b", "Two"]], "{text}", "id", "row 2: expected a mapping"),
        "a text": (["a,One"], "{text}", "id", "found 'a,One'"),
        "bytes": ([{"id": "a", "text": b"x"}], "{text}", "id", "found bytes"),
        "not JSON": ([{"id": "a", "text": [{1, 2}]}], "{text}", "id", "cannot be written as JSON"),
    },
)
def test_a_row_that_cannot_become_a_request(rows: Any, prompt: str, id: Any, message: str) -> None:
    assert message in error_of(rows, prompt, id)


def test_a_wide_table_is_not_listed_to_its_end() -> None:
    wide = {f"c{number}": 1 for number in range(1000)}
    assert error_of([{"id": "a", **wide}]).endswith("c18, ...)")


@table(
    "options, error, message",
    {
        "no id": ({"id": None}, TypeError, "id must be a column, a list of columns, or a function"),
        "a number": ({"id": 5}, TypeError, "not int"),
        "no columns": ({"id": []}, ValueError, "not an empty list"),
        "a column that is a number": ({"id": ["a", 1]}, TypeError, "not int"),
        "no prompt": ({"prompt": None}, TypeError, "prompt must be text, a list of blocks, or"),
        "a prompt in bytes": ({"prompt": b"{text}"}, TypeError, "not bytes"),
        "a system prompt that is a number": ({"system": 5}, TypeError, "system must be text"),
        "messages": ({"messages": []}, TypeError, "pass prompt=... and not messages=..."),
    },
)
def test_a_wrong_argument_is_refused_at_once(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        requests(ROWS, **{"id": "id", "prompt": "{text}", **COMMON, **options})


def test_the_id_may_be_made_by_a_function() -> None:
    rows = [{"doc": "x", "part": 1}, {"doc": "x", "part": 2}]
    by_columns = prompts(rows, "{part}", ["doc", "part"])
    assert by_columns == prompts(rows, "{part}", lambda row: (row["doc"], row["part"]))
    assert [key(id) for id, _ in by_columns] == [("x", 1), ("x", 2)]


def test_create_returns_the_error_of_a_row() -> None:
    store = emulator.Store()
    client = init("any-key", transport=emulator.transport(store), clock=store.clock)
    made = requests([*ROWS, {"id": "c", "text": None}], id="id", prompt="{text}", **COMMON)
    error = error_in(batch.create(client, made), TableError)
    assert (error.row, error.key, error.detail) == (3, "c", "column 'text' is missing (None)")
    assert unwrap(batch.list(client))["data"] == []
