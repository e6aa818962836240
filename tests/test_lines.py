"""Lines from chunks, and where in the body each stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.batch import _lines
from anthropix_py.batch._lines import Lines

BOM = b"\xef\xbb\xbf"
ODD = "\r\x0b\x0c\x1c\x85\u2028\n".encode()


def split(chunks: list[bytes]) -> list[tuple[bytes, tuple[int, int]]]:
    """Return every line and its place."""
    lines = Lines()
    found: list[tuple[bytes, tuple[int, int]]] = []
    for chunk in chunks:
        found += [(line, lines.place_of(line)) for line in lines.feed(chunk)]
    found += [(line, lines.place_of(line)) for line in lines.finish()]
    return found


# (body, its lines with their number and offset)
BODIES: dict[str, tuple[bytes, list[tuple[bytes, tuple[int, int]]]]] = {
    "empty": (b"", []),
    "one": (b"a\n", [(b"a\n", (1, 0))]),
    "no end": (b"a", [(b"a", (1, 0))]),
    # equal lines: the place is that of the object, not of the first that is equal
    "equal": (b"ab\nab\nab", [(b"ab\n", (1, 0)), (b"ab\n", (2, 3)), (b"ab", (3, 6))]),
    "blank": (b"\n\r\na\n", [(b"\n", (1, 0)), (b"\r\n", (2, 1)), (b"a\n", (3, 3))]),
    # str.splitlines would end a line at each of these
    "other line ends": (ODD, [(ODD, (1, 0))]),
    "bom": (BOM + b"a\nb", [(b"a\n", (1, 3)), (b"b", (2, 5))]),
    "bom alone": (BOM, [(b"", (1, 3))]),
    "bom on the second line": (b"a\n" + BOM + b"b\n", [(b"a\n", (1, 0)), (BOM + b"b\n", (2, 2))]),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_every_split_gives_the_same_lines_and_places(
    body: bytes, expected: list[tuple[bytes, tuple[int, int]]]
) -> None:
    for at in range(len(body) + 1):
        assert split([body[:at], body[at:]]) == expected, at
        assert split([body[:at], b"", body[at:], b""]) == expected, at
    assert split([body[at : at + 1] for at in range(len(body))]) == expected


@pytest.fixture
def merging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merge runs of blank lines in every chunk, however short."""
    monkeypatch.setattr(_lines, "_FEW", 0)
    monkeypatch.setattr(_lines, "_SHORTEST", 1 << 20)


BLANKS = b"\n \n\t\r\n"
WITH_RUNS = [
    *(body for body, _ in BODIES.values()),
    BLANKS * 3 + b"a\n" + BLANKS + b"  b\n" + BLANKS,
    b"a" + BLANKS + b" " * 9 + b"b" + BLANKS + b" ",
    BOM + BLANKS + b"\x0c\n" + BLANKS + b"a",
]


@pytest.mark.usefixtures("merging")
@pytest.mark.parametrize("body", WITH_RUNS)
def test_merged_blank_lines_count_as_lines(body: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "_FEW", 1 << 20)
        plain = [(line, place) for line, place in split([body]) if line.strip()]
    for at in range(len(body) + 1):
        for chunks in ([body[:at], body[at:]], [body[:at], body[at : at + 2], body[at + 2 :]]):
            assert [(line, place) for line, place in split(chunks) if line.strip()] == plain, at


# (a chunk, the most lines that it may give): each took minutes for a quarter of a gigabyte
RUNS: dict[str, tuple[bytes, int]] = {
    "newlines": (b"\n" * 131_072, 2),
    "newlines and a space": (b"\n" * 131_071 + b" ", 2),
    "crlf": (b"\r\n" * 65_536, 2),
    "spaces": (b" \t \n" * 32_768, 2),
    "a row among newlines": (b"\n" * 65_536 + b'{"custom_id":"a"}\n' + b"\n" * 65_536, 4),
    "rows among newlines": ((b"\n" * 640 + b'{"custom_id":"a"}\n') * 200, 401),
}


@pytest.mark.parametrize(("chunk", "most"), RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("before", [b"", b"{"], ids=["at once", "in a line"])
def test_a_run_of_blank_lines_is_one(chunk: bytes, most: int, before: bytes) -> None:
    lines = Lines()
    lines.feed(before)
    found = lines.feed(chunk)
    assert len(found) <= most
    # the run does not become part of the line before it
    assert found[0].count(b"\n") == 1
    assert lines.place_of(b"?")[0] == chunk.count(b"\n") + 1
    assert sum(map(len, found)) + lines.partial_size == len(before + chunk)


@pytest.mark.parametrize("few", [0, 1024])
@given(st.lists(st.text("ab \n").map(str.encode)))
def test_every_byte_is_in_a_line_or_in_the_partial_one(few: int, chunks: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "_FEW", few)
        check_bytes(chunks)


def check_bytes(chunks: list[bytes]) -> None:
    lines = Lines()
    returned = 0
    for number in range(len(chunks)):
        latest = lines.feed(chunks[number])
        returned += sum(map(len, latest))
        assert returned + lines.partial_size == sum(map(len, chunks[: number + 1]))
        # what stands behind the latest lines begins where they end
        assert lines.place_of(lines.partial_start() if lines.partial_size else b"?")[1] == returned
    assert returned + sum(map(len, lines.finish())) == len(b"".join(chunks))
    assert lines.partial_size == 0
