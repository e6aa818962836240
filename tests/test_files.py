"""Files and folders are closed, wherever an interrupt falls."""

from __future__ import annotations

import gc
import gzip
import itertools
import os
import pathlib
from collections.abc import Callable

import pytest
from downloads import posix_only
from interrupting import InterruptAt
from samples import table

from anthropix_py import _files
from anthropix_py.batch import _part
from anthropix_py.errors import FileError

PLACES = ("anthropix_py._files", "anthropix_py.batch._part", "contextlib", "os")


def fill(path: pathlib.Path) -> None:
    with _part.Part.open(str(path), 1) as part:
        part.write(b'{"custom_id": "a", "result": {}}\n')
        part.become(f"{path}.done")


OPENING: dict[str, Callable[[pathlib.Path], object]] = {
    "a part": fill,
    "a folder": lambda path: _part.sync_folder(str(path.parent)),
}


def descriptors() -> list[int]:
    gc.collect()
    return [number for number in range(256) if is_open(number)]


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


# against a descriptor that nothing holds between being opened and being kept
@posix_only
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
@table("act", OPENING)
def test_an_interrupt_leaves_no_descriptor_open(
    tmp_path: pathlib.Path, act: Callable[[pathlib.Path], object]
) -> None:
    before = descriptors()
    # what other tests have left in memory is not searched again and again
    gc.freeze()
    try:
        for number in itertools.count(1):
            at = InterruptAt(number, PLACES)
            at.run(lambda: act(tmp_path / "rows"))
            if at.left > 0:
                assert number > 3
                break
            assert descriptors() == before, f"interrupted at place {number}"
    finally:
        gc.unfreeze()


def test_what_the_system_says_names_the_path(tmp_path: pathlib.Path) -> None:
    missing = str(tmp_path / "no" / "file")
    with pytest.raises(FileError, match="No such file") as caught, _files.as_file_errors(missing):
        _files.opened(missing, os.O_RDWR)
    assert caught.value.path == missing


LINES: dict[str, tuple[bytes, list[bytes]]] = {
    "empty": (b"", []),
    "one byte": (b"a", [b"a"]),
    "no newline at the end": (b"a\nb", [b"a\n", b"b"]),
    "almost too long": (b"1234567\n8", [b"1234567\n", b"8"]),
    "gzip": (gzip.compress(b"a\nb\n"), [b"a\n", b"b\n"]),
    "gzip of two members": (gzip.compress(b"a\n") + gzip.compress(b"b\n"), [b"a\n", b"b\n"]),
}

NOT_LINES: dict[str, tuple[bytes, str]] = {
    # against memory that fills up: no request is as long
    "too long": (b"a\n" + b"b" * 99, "line 2 has 9 bytes or more"),
    "too long when decompressed": (gzip.compress(b"b" * 99), "line 1 has 9 bytes or more"),
    "cut gzip": (gzip.compress(b"a\n" * 99)[:-9], "compressed data is damaged"),
    "a changed byte": (gzip.compress(b"a\n" * 99)[:-6] + b"123456", "compressed data is damaged"),
    "the magic number alone": (b"\x1f\x8b", "compressed data is damaged"),
    "not gzip after it": (b"\x1f\x8bnot at all", "compressed data is damaged"),
}


@table("content, expected", LINES)
def test_lines(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    expected: list[bytes],
) -> None:
    monkeypatch.setattr(_files, "LONGEST_LINE", 9)
    (tmp_path / "a").write_bytes(content)
    assert list(_files.lines(str(tmp_path / "a"))) == expected


@table("content, words", NOT_LINES)
def test_what_is_not_lines(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.setattr(_files, "LONGEST_LINE", 9)
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(_files.WrongContent, match=words):
        list(_files.lines(str(tmp_path / "a")))
