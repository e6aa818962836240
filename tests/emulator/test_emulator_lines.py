"""Lines in memory and in a file: what is read back, while others write, and what stays open."""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator._lines import Lines

MIB = 1 << 20


def filled(lines: Lines, content: list[bytes]) -> Lines:
    for line in content:
        lines.append(line)
    return lines


def is_open(path: Path) -> bool:
    return any(
        os.path.realpath(f"/proc/self/fd/{name}") == str(path)
        for name in os.listdir("/proc/self/fd")
    )


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))))
def test_lines_come_back(content: list[bytes]) -> None:
    lines = filled(Lines(), content)
    assert len(lines) == len(content)
    assert [lines[index] for index in range(len(content))] == content
    assert b"".join(lines.blocks()) == b"".join(line + b"\n" for line in content)
    assert lines.size == sum(len(line) + 1 for line in content)


@pytest.mark.parametrize(
    "content",
    [
        [b"x" * (MIB - 1)],
        [b"x" * MIB],
        [b"x" * (MIB - 2), b"y", b"z"],
        [b"x" * (3 * MIB), b"y", b"", b"z" * (2 * MIB)],
        [b"%d" % number * 300 for number in range(3000)],
        [b""] * 1000,
    ],
    ids=["exactly full", "over", "over with the second", "huge", "many", "blank"],
)
@pytest.mark.parametrize("kept", [False, True], ids=["temporary", "lasting"])
def test_lines_larger_than_what_is_held_in_memory(
    tmp_path: Path, content: list[bytes], kept: bool
) -> None:
    lines = filled(Lines.create(str(tmp_path / "lines") if kept else None), content)
    assert [lines[index] for index in range(len(content))] == content
    complete = b"".join(line + b"\n" for line in content)
    assert b"".join(lines.blocks()) == complete
    assert all(0 < len(block) <= 256 * 1024 for block in lines.blocks())
    lines.append(b"one more")
    assert (lines[len(content)], lines[0], lines.size) == (
        b"one more",
        content[0],
        len(complete) + 9,
    )


def test_an_index_past_the_end() -> None:
    lines = filled(Lines(), [b"a"])
    with pytest.raises(IndexError):
        lines[1]


def test_blocks_are_those_of_the_moment_when_they_were_asked_for() -> None:
    lines = filled(Lines(), [b"x" * 1000] * 1000)
    reading = lines.blocks()
    first = next(reading)
    filled(lines, [b"y" * 1000] * 1000)
    assert first + b"".join(reading) == (b"x" * 1000 + b"\n") * 1000


def test_readers_do_not_disturb_each_other() -> None:
    lines = filled(Lines(), [b"x" * 1000] * 3000)
    readers = [lines.blocks() for _ in range(3)]
    found = [b"", b"", b""]
    for _ in range(20):
        for number, reader in enumerate(readers):
            found[number] += next(reader, b"")
            assert lines[2999] == b"x" * 1000
    assert found == [(b"x" * 1000 + b"\n") * 3000] * 3


def test_a_file_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "lines")
    content = [b"a", b"", b"caf\xc3\xa9", b"\xe2\x80\xa8\r\x85", b"x" * (2 * MIB), b"z"]
    lines = filled(Lines.create(path), content)
    lines.flush()
    again = Lines.open(path)
    assert [again[index] for index in range(len(again))] == content
    assert (len(again), again.size) == (len(lines), lines.size)
    again.append(b"more")
    again.flush()
    assert [*content, b"more"] == Path(path).read_bytes().split(b"\n")[:-1]
    assert Lines.open(path)[6] == b"more"


def test_flushing_twice_or_without_a_file_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = filled(Lines.create(str(path)), [b"a"])
    assert path.read_bytes() == b""
    for _ in range(2):
        lines.flush()
        assert path.read_bytes() == b"a\n"
    held = filled(Lines(), [b"a"])
    held.flush()
    assert held[0] == b"a"


@pytest.mark.parametrize("kept", [False, True], ids=["temporary", "lasting"])
def test_cleared_lines_are_gone(tmp_path: Path, kept: bool) -> None:
    path = str(tmp_path / "lines") if kept else None
    lines = filled(Lines.create(path), [b"x" * MIB, b"y", b"z"])
    lines.clear()
    assert (len(lines), lines.size, b"".join(lines.blocks())) == (0, 0, b"")
    filled(lines, [b"new"])
    lines.flush()
    assert b"".join(lines.blocks()) == b"new\n"
    assert path is None or Path(path).read_bytes() == b"new\n"


def test_create_starts_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"old\n" * 5)
    assert len(Lines.create(str(path))) == 0
    assert path.read_bytes() == b""


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lines.create(str(tmp_path / "no" / "lines"))
    with pytest.raises(FileNotFoundError):
        Lines.open(str(tmp_path / "none"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_file_is_closed_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = filled(Lines.create(str(path)), [b"x" * MIB, b"y"])
    assert is_open(path)
    lines.flush()
    assert not is_open(path)
    assert lines[0] == b"x" * MIB
    assert is_open(path)
    del lines
    gc.collect()
    assert not is_open(path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_small_lines_need_no_file_and_large_ones_a_file_without_a_name(
    tmp_path: Path,
) -> None:
    before = len(os.listdir("/proc/self/fd"))
    lines = filled(Lines(), [b"x" * 1000])
    assert len(os.listdir("/proc/self/fd")) == before
    filled(lines, [b"x" * MIB, b"y"])
    assert len(os.listdir("/proc/self/fd")) == before + 1
    del lines
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_lines_are_read_while_others_are_appended() -> None:
    lines = Lines()
    count = 6000
    wrong: list[object] = []
    begun, done = threading.Barrier(4), threading.Event()

    def line(index: int) -> bytes:
        return b"%d," % index * 60

    def read(seed: int) -> None:
        begun.wait(10)
        index = seed
        while not done.is_set():
            # the last one may not be complete yet
            known = len(lines) - 1
            if known > 0:
                index = (index * 7919 + 1) % known
                if lines[index] != line(index):
                    wrong.append((index, lines[index][:50]))
            head = next(lines.blocks(), b"")[:4]
            if head != b"0,0,"[: len(head)]:
                wrong.append(head)

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for reader in readers:
        reader.start()
    begun.wait(10)
    for index in range(count):
        lines.append(line(index))
    done.set()
    for reader in readers:
        reader.join(10)
    assert wrong == []
    assert b"".join(lines.blocks()) == b"".join(line(index) + b"\n" for index in range(count))
