"""Chunked bodies: taken apart wherever they are cut, and never taken for whole before their end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._http.chunked import Dechunker


def decoded(pieces: Iterable[bytes]) -> tuple[bytes, bool]:
    """Give the content, and whether its end came."""
    dechunker = Dechunker()
    content = b""
    for piece in pieces:
        content += dechunker.feed(piece)
        if dechunker.fault is not None:
            raise ValueError(dechunker.fault)
    return content, dechunker.ended


def splits(body: bytes) -> list[Sequence[bytes]]:
    """Give *body* whole, cut in two and in three at every byte, and byte by byte."""
    cut = [[body[:at], body[at:]] for at in range(len(body) + 1)]
    thrice = [[body[:at], body[at : at + 2], body[at + 2 :]] for at in range(len(body))]
    return [[body], *cut, *thrice, [body[at : at + 1] for at in range(len(body))]]


WHOLE: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"0\r\n\r\n", b""),
    "one": (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "two": (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
    "many of one byte": (b"1\r\na\r\n" * 20 + b"0\r\n\r\n", b"a" * 20),
    "sizes in hex": (b"A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a"),
    "leading zeros": (b"0005\r\nhello\r\n000\r\n\r\n", b"hello"),
    "many leading zeros": (
        b"00000000000000000005\r\nhello\r\n00000000000000000000\r\n\r\n",
        b"hello",
    ),
    "bare line feeds in the trailer": (b"0\r\nx: y\n\n", b""),
    "bare line feeds and others": (b"0\r\nx: y\nz: 1\r\n\n", b""),
    "an extension": (b'5;a=1;b="c"\r\nhello\r\n0;end\r\n\r\n', b"hello"),
    "spaces after the size": (b"5 \t\r\nhello\r\n0 \r\n\r\n", b"hello"),
    "a trailer": (b"5\r\nhello\r\n0\r\nx: y\r\nz: 1\r\n\r\n", b"hello"),
    "line ends in the content": (b"6\r\n\r\n\r\n\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", b"\r\n" * 4),
    "content like a chunk": (
        b"a\r\n5\r\nhello\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
    ),
    "more after the end": (b"5\r\nhello\r\n0\r\n\r\n5\r\nagain\r\n", b"hello"),
    "an answer after the end": (b"0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", b""),
}


@pytest.mark.parametrize(("body", "content"), WHOLE.values(), ids=WHOLE)
def test_every_split_gives_the_content(body: bytes, content: bytes) -> None:
    for pieces in splits(body):
        assert decoded(pieces) == (content, True), pieces


@pytest.mark.parametrize("body", [WHOLE[name][0] for name in WHOLE if "after the end" not in name])
def test_what_is_cut_anywhere_has_not_ended(body: bytes) -> None:
    whole = decoded([body])[0]
    for at in range(len(body)):
        content, ended = decoded([body[:at]])
        assert not ended, body[:at]
        assert whole.startswith(content)


WRONG: dict[str, bytes] = {
    "html": b"<html>\r\n",
    "a size that is no number": b"x\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size as Python writes it": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "too many digits": b"1000000000000005\r\nhello\r\n0\r\n\r\n",
    "an extension too long to be cut": b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    "shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "much longer than its size": b"1\r\n" + b"x" * 99,
    "two sizes": b"5\r\n5\r\nhello\r\n0\r\n\r\n",
    "no line end after the content": b"5\r\nhello0\r\n\r\n",
    "a bare lf": b"5\nhello\n0\n\n",
    "a bare lf after the content": b"5\r\nhello\n0\r\n\r\n",
    "a bare cr": b"5\r\nhello\r\r0\r\n\r\n",
    "a cr in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a size without end": b"0" * 5000,
    "an extension without end": b"5;" + b"x" * 5000,
    "a trailer without end": b"0\r\n" + b"x: y\r\n" * 1000,
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_what_is_not_chunked_is_refused(body: bytes) -> None:
    for size in (len(body), 1000, 7, 1):
        with pytest.raises(ValueError, match=r"chunk|trailer"):
            decoded(body[at : at + size] for at in range(0, len(body), size))


def test_content_comes_as_soon_as_it_is_there() -> None:
    dechunker = Dechunker()
    assert [dechunker.feed(piece) for piece in (b"ff", b"\r", b"\na", b"b", b"", b"c")] == [
        b"",
        b"",
        b"a",
        b"b",
        b"",
        b"c",
    ]


def test_what_is_kept_is_small() -> None:
    dechunker = Dechunker()
    for size in range(1, 6000):  # each size is written in its own way
        dechunker.feed(b"%x;%s\r\n%s\r\n" % (size, b"x" * (size % 40), bytes(size)))
    assert len(b"".join(dechunker._sizes)) <= 4096 * 16
    assert dechunker.fault is None


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_came_before_a_fault_is_given(wrong: bytes) -> None:
    body = b"3\r\nabc\r\n" + wrong
    for size in (len(body), 5, 1):
        dechunker = Dechunker()
        content = b""
        for at in range(0, len(body), size):
            content += dechunker.feed(body[at : at + size])
            if dechunker.fault is not None:
                break
        assert content.startswith(b"abc")
        assert dechunker.fault is not None
        assert not dechunker.ended


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("more", "surplus"), [(b"", False), (b"x", True), (b"\r\n", True), (b"HTTP/1.1 200", True)]
)
def test_more_than_the_body_is_noticed(more: bytes, surplus: bool, size: int) -> None:
    body = b"5\r\nhello\r\n0\r\nx: y\r\n\r\n" + more
    dechunker = Dechunker()
    for at in range(0, len(body), size):
        assert dechunker.feed(body[at : at + size]) in b"hello"
    assert (dechunker.ended, dechunker.surplus, dechunker.fault) == (True, surplus, None)


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=20),
    st.lists(st.integers(0, 3000), max_size=20),
)
def test_any_chunks_any_cuts(chunks: list[bytes], cuts: list[int]) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:stop] for start, stop in zip(edges, edges[1:])]  # noqa: RUF007
    assert decoded(pieces) == (b"".join(chunks), True)
