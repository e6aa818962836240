"""The file of a table: complete or not there, whatever fails; and the arguments of `write`."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from samples import a_batch, error_in, row, table
from test_tables import FORMATS, ROWS, a_file, never

from anthropix_py import _files, tables, unwrap
from anthropix_py.errors import FileError, IncompleteResults
from anthropix_py.rows import RowError
from anthropix_py.tables import _lines, _parquet, _target

# --- complete or not there ------------------------------------------------------------------------

ENDS: dict[str, tuple[Exception, type[Exception]]] = {
    "an error of ours": (IncompleteResults(5, 3), IncompleteResults),
    "a bug": (ZeroDivisionError(), ZeroDivisionError),
    # against a user's own failure that is reported as one of the table
    "a file of the user's": (FileNotFoundError(2, "No such file", "mine"), FileNotFoundError),
    "an exhausted iterator": (KeyError("x"), KeyError),
}


@FORMATS
@pytest.mark.parametrize("before", [0, 3])
@table("raised, kind", ENDS)
def test_rows_that_fail_leave_nothing(
    tmp_path: Path, raised: Exception, kind: type[Exception], before: int, format: Any
) -> None:
    def failing() -> Iterator[Any]:
        yield from ROWS[:before]
        raise raised

    path = tmp_path / "table"
    if kind is IncompleteResults:
        assert error_in(tables.write(failing(), path, format), IncompleteResults) is raised
        assert raised.__traceback__ is None
    else:
        with pytest.raises(kind) as caught:
            tables.write(failing(), path, format)
        assert caught.value is raised
    assert os.listdir(tmp_path) == []


@FORMATS
def test_an_interrupt_leaves_nothing(tmp_path: Path, format: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(_parquet, "_BATCH", 1)
    monkeypatch.setattr(_parquet, "_GROUP", 1)

    def interrupted() -> Iterator[Any]:
        yield from ROWS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tables.write(interrupted(), tmp_path / "table", format)
    assert os.listdir(tmp_path) == []


@FORMATS
@pytest.mark.parametrize("fails_at", [1, 2, 3, "fsync", "replace"])
def test_a_disk_that_fails_leaves_nothing(
    tmp_path: Path, format: Any, fails_at: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_parquet, "_GROUP", 1)
    monkeypatch.setattr(_parquet, "_BATCH", 1)
    monkeypatch.setattr(_lines, "_BLOCK", 1)
    writes = itertools.count(1)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    class Full:
        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def write(self, content: bytes) -> int:
            if next(writes) == fails_at:
                full()
            return self.file.write(content)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    if isinstance(fails_at, str):
        monkeypatch.setattr(os, fails_at, full)
    monkeypatch.setattr(_target, "opened", lambda *args: Full(_files.opened(*args)))
    path = tmp_path / "table"
    error = error_in(tables.write(ROWS, path, format), FileError, "No space left")
    assert error.path == str(path)
    assert os.listdir(tmp_path) == []


@FORMATS
def test_a_bad_line_leaves_nothing(tmp_path: Path, format: Any) -> None:
    path = a_file(tmp_path / "in", [*ROWS, 5, *ROWS])
    error = error_in(tables.write(path, tmp_path / "table", format), RowError, "not a row")
    assert error.line == len(ROWS) + 1
    assert os.listdir(tmp_path) == ["in"]


def test_a_file_of_rows_that_does_not_exist(tmp_path: Path) -> None:
    error = error_in(tables.write(tmp_path / "in", tmp_path / "table"), FileError, "No such file")
    assert error.path == str(tmp_path / "in")
    assert os.listdir(tmp_path) == []


def test_a_file_that_exists(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("mine")
    error_in(tables.write(never(), path), FileError, "exists; to replace it, pass replace=True")
    assert path.read_text() == "mine"
    with pytest.raises(ZeroDivisionError):
        tables.write(({"custom_id": 1 / 0} for _ in "a"), path, replace=True)
    assert path.read_text() == "mine"
    assert unwrap(tables.write(ROWS, path, replace=True)) == len(ROWS)
    assert path.read_bytes().startswith(b"custom_id,")


def test_an_empty_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "table").touch()
    assert unwrap(tables.write(ROWS, tmp_path / "table", "jsonl")) == len(ROWS)


def test_a_file_that_comes_in_the_meantime_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"

    def meanwhile() -> Iterator[Any]:
        yield ROWS[0]
        path.write_text("mine")

    error_in(tables.write(meanwhile(), path), FileError, "exists")
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "mine"


def test_a_file_of_results_becomes_its_own_table(tmp_path: Path) -> None:
    path = a_file(tmp_path / "a.jsonl", ROWS)
    assert unwrap(tables.write(path, path, replace=True)) == len(ROWS)
    assert json.loads(path.read_bytes().splitlines()[0])["outcome"] == "succeeded"


def _link(path: Path) -> None:
    path.symlink_to("elsewhere")


BLOCKED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a folder": (Path.mkdir, "is a directory"),
    "a link": (_link, "is not a regular file"),
    "a pipe": (lambda path: os.mkfifo(path), "is not a regular file"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
@table("make, message", BLOCKED)
def test_what_is_never_replaced(tmp_path: Path, make: Any, message: str) -> None:
    make(tmp_path / "table")
    error_in(tables.write(ROWS, tmp_path / "table", "csv", replace=True), FileError, message)
    assert os.listdir(tmp_path) == ["table"]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    error = error_in(tables.write(never(), tmp_path / "no" / "t.csv"), FileError, "No such file")
    assert error.path == str(tmp_path / "no" / "t.csv")


def test_the_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    unwrap(tables.write(ROWS, tmp_path / "table"))
    assert len({stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}) == 1


# --- arguments ------------------------------------------------------------------------------------

BEGINS = {"parquet": b"PAR1", "csv": b"custom_id,", "jsonl": b'{"custom_id":'}
ENDINGS: dict[str, tuple[str, Any, str]] = {
    ".parquet": ("a.parquet", None, "parquet"),
    ".CSV": ("a.CSV", None, "csv"),
    ".jsonl": ("a.b.jsonl", None, "jsonl"),
    ".ndjson": ("a.ndjson", None, "jsonl"),
    "none": ("a", None, "parquet"),
    "what is said wins": ("a.parquet", "csv", "csv"),
    "any ending, if it is said": ("a.txt", "jsonl", "jsonl"),
}


@table("name, given, format", ENDINGS)
def test_the_format_by_the_path(tmp_path: Path, name: str, given: Any, format: str) -> None:
    unwrap(tables.write(ROWS, tmp_path / name, given))
    assert (tmp_path / name).read_bytes().startswith(BEGINS[format])


WRONG: dict[str, tuple[Any, Any, Any, type[Exception], str]] = {
    "an unknown ending": (ROWS, "a.xlsx", None, ValueError, "ends with '.xlsx'"),
    # against Parquet in a file whose name says otherwise
    "a compressed CSV": (ROWS, "a.csv.gz", None, ValueError, "ends with '.gz'"),
    "an unknown format": (ROWS, "a", "xlsx", ValueError, "format must be one of 'parquet', 'csv'"),
    "a format that is a list": (ROWS, "a", [], ValueError, "format must be one of"),
    "no path": (ROWS, "", None, ValueError, "path is empty"),
    "a path of bytes": (ROWS, b"a.csv", None, TypeError, "path must be a string"),
    "a path that is a number": (ROWS, 5, "csv", TypeError, "int"),
    "rows of None": (None, "a.csv", None, TypeError, "rows must be an iterable of rows"),
    "one row": (ROWS[0], "a.csv", None, TypeError, "rows must be .*, not dict"),
    "bytes": (b"rows", "a.csv", None, TypeError, "rows must be .*, not bytes"),
    "a result": (("ok", ROWS), "a.csv", None, TypeError, "unwrap it first"),
    "a batch": (a_batch(), "a.csv", None, TypeError, "rows must be .*, not dict"),
    "rows that are texts": (["a"], "a.csv", None, TypeError, r"rows\[0\] must be .*, not 'a'"),
    "a row that is a result": ([("ok", row())], "a.csv", None, TypeError, "unwrap it first"),
    "a request among rows": (
        [*ROWS, {"custom_id": "a", "params": {}}],
        "a.parquet",
        None,
        TypeError,
        r"rows\[6\] must be .* with the keys 'custom_id', 'params'",
    ),
    "a value that JSON does not have": (
        [row(), {**row(), "when": {1, 2}}],
        "a.parquet",
        None,
        TypeError,
        r"rows\[1\] cannot be written as JSON: set",
    ),
    "not a number": (
        [{**row(), "x": float("nan")}],
        "a.csv",
        None,
        ValueError,
        r"rows\[0\] cannot be written as JSON",
    ),
}


@table("source, path, format, kind, message", WRONG)
def test_mistakes_raise_and_leave_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: Any,
    path: Any,
    format: Any,
    kind: type[Exception],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        tables.write(source, path, format)
    assert os.listdir(tmp_path) == []
