"""Tables: the same rows in each format, complete or not there, whatever the rows hold."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import row, table
from test_rows import ERROR, TOOL_USE, of, said, texts

from anthropix_py import MissingExtra, rows, tables, unwrap
from anthropix_py.tables import _lines, _parquet, _records

pytestmark = pytest.mark.usefixtures("either_json")
csv.field_size_limit(1 << 30)

parquet: Any = importlib.import_module("pyarrow.parquet")
NAMES = _records.NAMES
FORMATS = pytest.mark.parametrize("format", tables.FORMATS)
ROWS: list[dict[str, Any]] = [
    {**said(*texts("yes")), "custom_id": "good"},
    {**said(TOOL_USE, stop="tool_use"), "custom_id": "tool"},
    {**said(stop="refusal"), "custom_id": "refused"},
    {**of(type="errored", error=ERROR), "custom_id": "errored"},
    {**of(type="postponed", until=[1, None]), "custom_id": "unknown"},
    row("canceled"),
]


def written(tmp_path: Path, source: Any, format: Any, **options: Any) -> list[dict[str, Any]]:
    """Return the rows of the table of *source*, read by the standard library or by pyarrow."""
    path = tmp_path / f"table.{format}"
    count = unwrap(tables.write(source, path, **options))
    assert os.listdir(tmp_path) == [path.name]
    content = path.read_bytes()
    if format == "parquet":
        found = parquet.read_table(path).to_pylist()
    elif format == "jsonl":
        found = [json.loads(line) for line in content.splitlines()]
    else:
        found = [_typed(one) for one in csv.DictReader(io.StringIO(content.decode(), newline=""))]
    assert len(found) == count
    assert all(tuple(one) == NAMES for one in found)
    return list(found)


def _typed(cells: dict[str, str]) -> dict[str, Any]:
    integers = {column.name for column in rows.COLUMNS if column.kind == "integer"}
    return {
        name: None if not cell else int(cell) if name in integers else cell
        for name, cell in cells.items()
    }


def a_file(path: Path, content: Iterable[Any]) -> Path:
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in content))
    return path


SOURCES: dict[str, Callable[[Path], Any]] = {
    "a list": lambda path: ROWS,
    "a generator": lambda path: (one for one in ROWS),
    "a path": lambda path: a_file(path, ROWS),
    "the name of a path": lambda path: str(a_file(path, ROWS)),
    "rows.read": lambda path: unwrap(rows.read(a_file(path, ROWS))),
}


@FORMATS
@table("source", SOURCES)
def test_every_row_with_its_columns(tmp_path: Path, source: Any, format: Any) -> None:
    (tmp_path / "out").mkdir()
    found = written(tmp_path / "out", source(tmp_path / "in"), format)
    for given, one in zip(ROWS, found, strict=True):
        assert json.loads(one["row"]) == given
        assert {**one, "row": None} == {**rows.flat(given), "row": None}


UGLY: dict[str, dict[str, Any]] = {
    "no text, and an empty one": said(*texts("")),
    "quotes, commas, line ends": said(*texts('a "b", c\r\nd\re\n')),
    "a NUL": said(*texts("a\0b")),
    "separators of other alphabets": said(*texts("\u2028\u0085\x1c\x0c")),
    "a long text": said(*texts("é🙂" * 300_000)),
    "an id that is any text": {**said(*texts("x")), "custom_id": 'a"\n,\u2028'},
    "a text like a number": said(*texts("0012")),
    "a text like null": said(*texts("NULL")),
}


@FORMATS
@table("ugly", UGLY)
def test_texts_of_all_kinds(tmp_path: Path, ugly: dict[str, Any], format: Any) -> None:
    [_, found, _] = written(tmp_path, [row(), ugly, row()], format)
    assert json.loads(found["row"]) == ugly
    assert found["text"] == (rows.text(ugly) or (None if format == "csv" else ""))
    assert found["custom_id"] == ugly["custom_id"]


@pytest.mark.parametrize("from_file", [False, True], ids=["rows", "a file"])
@FORMATS
@table("digits", {"64 bits": 19, "more": 30, "more than int reads": 5_000})
def test_integers_of_any_size(tmp_path: Path, digits: int, format: Any, from_file: bool) -> None:
    number = "9" * digits
    text = json.dumps(said(usage={"input_tokens": "@"})).replace('"@"', number)
    path = tmp_path / "in"
    path.write_text(text + "\n")
    (tmp_path / "out").mkdir()
    source = path if from_file else list(unwrap(rows.read(path)))
    [found] = written(tmp_path / "out", source, format)
    assert f'"input_tokens":{number}' in found["row"].replace(": ", ":")
    fits = digits < 5_000 and (format != "parquet" or int(number) < 2**63)
    assert found["input_tokens"] == (int(number) if fits else None)


@FORMATS
def test_a_lone_surrogate(tmp_path: Path, format: Any) -> None:
    ugly = said(*texts("a\ud800b"))
    [found] = written(tmp_path, [ugly], format)
    middle = {"jsonl": 0xD800}.get(format, 0xFFFD)
    assert [ord(character) for character in found["text"]] == [ord("a"), middle, ord("b")]
    assert json.loads(found["row"]) == ugly


@FORMATS
@table("source", {"a list": [], "a generator": iter(())})
def test_no_rows(tmp_path: Path, source: Any, format: Any) -> None:
    assert written(tmp_path, source, format) == []


def test_nesting_too_deep_for_an_encoder(tmp_path: Path) -> None:
    path, nested = tmp_path / "in", "[" * 90_000 + "]" * 90_000
    path.write_text(json.dumps(of(type="x", y="@")).replace('"@"', nested))
    (tmp_path / "out").mkdir()
    [found] = written(tmp_path / "out", path, "parquet")
    assert nested in found["row"]
    with pytest.raises(ValueError, match=r"rows\[0\] cannot be written as JSON: nested too deeply"):
        tables.write(unwrap(rows.read(path)), tmp_path / "out" / "b")


# --- CSV ------------------------------------------------------------------------------------------

# what a spreadsheet would run
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=", "=cmd|' /C calc'!A0")
HARMLESS = ("'=1", " =1", "a=1", "1-1", '"=1', "\n=1", "")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_guarded(tmp_path: Path, text: str) -> None:
    guarded, plain = (
        written(
            tmp_path, [{**said(*texts(text)), "custom_id": text}], "csv", guard=guard, replace=True
        )
        for guard in (True, False)
    )
    for name in ("text", "custom_id"):
        assert (guarded[0][name], plain[0][name]) == (f"'{text}", text)
    assert json.loads(guarded[0]["row"])["custom_id"] == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_are_left_alone(tmp_path: Path, text: str) -> None:
    [found] = written(tmp_path, [said(*texts(text))], "csv")
    assert found["text"] == (text or None)


def test_negative_numbers_are_no_formulas(tmp_path: Path) -> None:
    [found] = written(tmp_path, [said(usage={"input_tokens": -5})], "csv")
    assert found["input_tokens"] == -5


def test_csv_tells_an_empty_text_from_none() -> None:
    lines = b"".join(tables.lines([said(*texts("")), row()], "csv")).split(b"\r\n")
    assert lines[0].decode() == ",".join(NAMES)
    assert lines[1].startswith(b'"a","succeeded","",')
    assert lines[2].startswith(b'"a","canceled",,')


# --- lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_lines_are_what_is_written(
    tmp_path: Path, format: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, ROWS, format)
    monkeypatch.setattr(_lines, "_BLOCK", size)
    blocks = list(tables.lines(iter(ROWS), format))
    assert b"".join(blocks) == (tmp_path / f"table.{format}").read_bytes()
    assert all(block.endswith(b"\n") or not block for block in blocks)
    assert (len(blocks) >= len(ROWS)) == (size == 1)


def test_lines_of_parquet() -> None:
    wrong: Any = "parquet"
    with pytest.raises(ValueError, match="format must be 'csv' or 'jsonl', not 'parquet'"):
        next(tables.lines(ROWS, wrong))


# --- Parquet --------------------------------------------------------------------------------------


def test_the_schema_of_a_parquet_file(tmp_path: Path) -> None:
    written(tmp_path, ROWS, "parquet")
    found = parquet.read_schema(tmp_path / "table.parquet")
    assert found == tables.schema()
    assert found.metadata[b"anthropix_py.rows.version"] == b"1"
    assert [str(kind) for kind in found.types[:8]] == ["string"] * 7 + ["int64"]
    group = parquet.ParquetFile(tmp_path / "table.parquet").metadata.row_group(0)
    columns = {name: group.column(at) for at, name in enumerate(found.names)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    dictionaries = {name for name, one in columns.items() if one.has_dictionary_page}
    assert {"outcome", "model", "stop_reason", "input_tokens"} <= dictionaries
    assert not {"text", "row", "custom_id"} & dictionaries


def test_row_groups_are_bounded_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parquet, "_BATCH", 2_000)
    monkeypatch.setattr(_parquet, "_GROUP", 10_000)
    sizes = [10] * 100 + [50_000] + [10] * 3
    made = [{**said(*texts("x" * size)), "custom_id": f"{n}"} for n, size in enumerate(sizes)]
    found = written(tmp_path, made, "parquet")
    assert [one["custom_id"] for one in found] == [one["custom_id"] for one in made]
    metadata = parquet.ParquetFile(tmp_path / "table.parquet").metadata
    groups = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
    assert 4 < len(groups) < 20
    assert max(groups) < 40


def test_a_row_of_24_mb(tmp_path: Path) -> None:
    long = said(*texts("x" * 24_000_000))
    found = written(tmp_path, [row(), long, long, row()], "parquet")
    assert [len(one["text"] or "") for one in found] == [0, 24_000_000, 24_000_000, 0]


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = r"^a Parquet table needs pyarrow: pip install 'anthropix_py\[table\]'$"
    for call in (lambda: unwrap(tables.write(never(), tmp_path / "a")), tables.schema):
        with pytest.raises(MissingExtra, match=message):
            call()
    assert unwrap(tables.write(ROWS, tmp_path / "a.csv")) == len(ROWS)
    assert os.listdir(tmp_path) == ["a.csv"]


def never() -> Iterator[Any]:
    raise AssertionError("the rows were read")
    yield
