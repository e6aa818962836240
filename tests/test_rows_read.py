"""Files of rows: plain and compressed, every row or an error that names the file and the line."""

from __future__ import annotations

import errno
import gc
import gzip
import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samples import error_in, row, table

from anthropix_py import rows, unwrap
from anthropix_py.errors import AnthropixError, DecodeError, FileError
from anthropix_py.rows import RowError, _read

pytestmark = pytest.mark.usefixtures("either_json")

A, B = (json.dumps(row(id)).encode() for id in "ab")
TWO = A + b"\n" + B + b"\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def read(path: Path) -> list[Any]:
    return list(unwrap(rows.read(path)))


GOOD: dict[str, tuple[bytes, list[str]]] = {
    "two rows": (TWO, ["a", "b"]),
    "no newline at the end": (TWO[:-1], ["a", "b"]),
    "carriage returns": (TWO.replace(b"\n", b"\r\n"), ["a", "b"]),
    "blank lines": (b"\n \n" + A + b"\n\n\r\n" + B + b"\n\t", ["a", "b"]),
    "a byte order mark": (b"\xef\xbb\xbf" + TWO, ["a", "b"]),
    # a file of several batches may use an id twice
    "a custom_id twice": (A + b"\n" + A + b"\n", ["a", "a"]),
    "nothing": (b"", []),
    "newlines alone": (b"\n\n\n", []),
    "separators of other alphabets": (
        json.dumps(row("\u2028\u0085é"), ensure_ascii=False).encode(),
        ["\u2028\u0085é"],
    ),
    "a lone surrogate": (rb'{"custom_id": "\ud800", "result": {}}', ["\ud800"]),
    "a NUL": (rb'{"custom_id": "\u0000", "result": {}}', ["\0"]),
}


@pytest.mark.parametrize("size", [1, 7, 128 * 1024])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@table("content, ids", GOOD)
def test_rows_of_a_file(
    path: Path, content: bytes, ids: list[str], pack: Any, size: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(_read, "_BLOCK", size)
    path.write_bytes(pack(content))
    assert [found["custom_id"] for found in read(path)] == ids


UNUSUAL: dict[str, tuple[str, Any]] = {
    "an integer beyond 64 bits": (f"{2**70}", 2**70),
    "nested too deeply for most": ("[" * 5_000 + "]" * 5_000, None),
    "an integer of 5,000 digits": ("9" * 5_000, None),
}


@table("written, expected", UNUSUAL)
def test_nothing_is_lost(path: Path, written: str, expected: Any) -> None:
    path.write_text(json.dumps({"custom_id": "a", "result": {"n": "@"}}).replace('"@"', written))
    [found] = read(path)
    assert expected is None or found["result"]["n"] == expected


# (the file, the line and the offset that the error names, a part of its message)
BAD: dict[str, tuple[bytes, int, int, str]] = {
    "not JSON": (A + b"\nnope\n" + B, 2, len(A) + 1, "not JSON"),
    "the first line": (b"nope\n" + A, 1, 0, "near 'nope"),
    "after blank lines": (b"\n\n" + A + b"\n\nnope\n", 5, len(A) + 4, "not JSON"),
    # against an end that drops the last row
    "a last line that is cut": (TWO[:-9], 2, len(A) + 1, "ends inside this line: not JSON"),
    "a last line cut inside a character": (
        TWO + b'{"custom_id": "\xc3',
        3,
        len(TWO),
        "ends inside",
    ),
    "two rows in a line": (A + B + b"\n", 1, 0, "not JSON"),
    "a number": (b"5\n", 1, 0, "not a row"),
    "null": (b"null\n", 1, 0, "not a row"),
    "a list of rows": (b"[" + A + b"]\n", 1, 0, "not a row"),
    "a request": (b'{"custom_id": "a", "params": {}}\n', 1, 0, "custom_id and result"),
    "an id that is a number": (b'{"custom_id": 5, "result": {}}\n', 1, 0, "not a row"),
    "a result that is text": (b'{"custom_id": "a", "result": "b"}\n', 1, 0, "not a row"),
    "an error of the API": (b'{"type": "error", "error": {"type": "x"}}', 1, 0, "near"),
    "bytes that are not UTF-8": (
        A + b'\n{"custom_id": "\xff", "result": {}}\n',
        2,
        len(A) + 1,
        "not JSON",
    ),
    "NUL bytes, as a crash leaves them": (A + b"\n" + b"\0" * 20, 2, len(A) + 1, "not JSON"),
    "UTF-16": ("\ufeff{}".encode("utf-16-le"), 1, 0, "not JSON"),
    "a page of HTML": (b"<html>\n</html>\n", 1, 0, "not JSON"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@table("content, line, offset, message", BAD)
def test_what_is_not_a_row(
    path: Path, content: bytes, line: int, offset: int, message: str, pack: Any
) -> None:
    path.write_bytes(pack(content))
    good: list[Any] = []
    with pytest.raises(RowError) as caught:
        good.extend(unwrap(rows.read(path)))
    error = caught.value
    assert (error.path, error.line, error.offset) == (str(path), line, offset)
    assert isinstance(error, DecodeError)
    assert str(error).startswith(f"{path}: line {line}, byte {offset}: ")
    assert message in str(error)
    assert len(str(error)) < len(str(path)) + 500
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)


def test_the_rows_before_a_bad_line_are_yielded(path: Path) -> None:
    path.write_bytes(TWO + b"nope\n")
    generator = unwrap(rows.read(path))
    assert [next(generator)["custom_id"] for _ in "ab"] == ["a", "b"]
    with pytest.raises(RowError):
        next(generator)


@pytest.mark.parametrize("end", [-9, -1, 12])
def test_compressed_data_that_is_cut(path: Path, end: int) -> None:
    path.write_bytes(gzip.compress(TWO)[:end])
    with pytest.raises(FileError, match="compressed data is damaged or cut"):
        read(path)


def test_compressed_data_that_is_damaged(path: Path) -> None:
    zipped = bytearray(gzip.compress(TWO))
    zipped[-6] ^= 1  # of its checksum
    path.write_bytes(zipped)
    with pytest.raises(FileError, match=r"results\.jsonl: its compressed data is damaged"):
        read(path)


def test_a_line_that_never_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_read, "LONGEST_ROW", 1_000)
    path.write_bytes(A + b"\n" + b"x" * 300_000)
    with pytest.raises(RowError, match=r"line 2, .* longer than 1,000 bytes, near 'xxx"):
        read(path)


def test_what_cannot_be_opened_is_returned(tmp_path: Path) -> None:
    missing = error_in(rows.read(tmp_path / "no.jsonl"), FileError, "No such file")
    assert missing.path == str(tmp_path / "no.jsonl")
    assert missing.__traceback__ is None
    error_in(rows.read(tmp_path), FileError, "s a directory")


@table("path", {"bytes": b"results.jsonl", "a number": 5, "None": None, "rows": [row()]})
def test_what_is_not_a_path(path: Any) -> None:
    with pytest.raises(TypeError):
        rows.read(path)


def test_a_disk_that_fails_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Iterator[bytes]:
        yield TWO
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path.write_bytes(TWO)
    monkeypatch.setattr(_read, "_content", failing)
    generator = unwrap(rows.read(path))
    assert len([next(generator), next(generator)]) == 2
    with pytest.raises(AnthropixError, match=r"results\.jsonl: Input/output error"):
        next(generator)


# a file that is left open is a ResourceWarning, which is an error here
@pytest.mark.parametrize("taken", [0, 1, 2])
@pytest.mark.parametrize("end", ["closed", "dropped"])
def test_the_file_is_closed(path: Path, taken: int, end: str) -> None:
    path.write_bytes(TWO)
    generator = unwrap(rows.read(path))
    for _ in range(taken):
        next(generator)
    if end == "closed":
        generator.close()
    del generator
    gc.collect()
