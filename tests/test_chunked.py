"""Chunked bodies: decoded wherever they are cut, and never complete before their end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._http.chunked import Dechunker


def decoded(blocks: Iterable[bytes]) -> tuple[bytes, str, str]:
    """Return the content, the state after it, and the fault."""
    dechunker = Dechunker()
    content = b""
    for block in blocks:
        content += dechunker.feed(block)
        if dechunker.state == "faulty":
            break
    return content, dechunker.state, dechunker.fault


def blocks_of(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def splits(body: bytes) -> list[Sequence[bytes]]:
    """Return *body* in one, cut in two and in three at every byte, and byte by byte."""
    twice = [[body[:at], body[at:]] for at in range(len(body) + 1)]
    thrice = [[body[:at], body[at : at + 2], body[at + 2 :]] for at in range(len(body))]
    return [[body], *twice, *thrice, blocks_of(body, 1)]


COMPLETE: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"0\r\n\r\n", b""),
    "one": (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    "two": (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
    "many of one byte": (b"1\r\na\r\n" * 20 + b"0\r\n\r\n", b"a" * 20),
    "sizes in hex": (b"A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a"),
    "leading zeros": (b"0005\r\nhello\r\n000\r\n\r\n", b"hello"),
    # allowed by the RFC, and more digits than a size may have
    "many leading zeros": (
        b"00000000000000000005\r\nhello\r\n00000000000000000000\r\n\r\n",
        b"hello",
    ),
    # http.client takes them for line ends in a trailer, and so do servers
    "bare line feeds in the trailer": (b"0\r\nx: y\n\n", b""),
    "bare line feeds and others": (b"0\r\nx: y\nz: 1\r\n\n", b""),
    "an extension": (b'5;a=1;b="c"\r\nhello\r\n0;end\r\n\r\n', b"hello"),
    "spaces after the size": (b"5 \t\r\nhello\r\n0 \r\n\r\n", b"hello"),
    "a trailer": (b"5\r\nhello\r\n0\r\nx: y\r\nz: 1\r\n\r\n", b"hello"),
    # content that looks like what stands between chunks
    "line ends in the content": (b"6\r\n\r\n\r\n\r\n\r\n2\r\n\r\n\r\n0\r\n\r\n", b"\r\n" * 4),
    "content like a chunk": (
        b"a\r\n5\r\nhello\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",
    ),
}


@pytest.mark.parametrize(("body", "content"), COMPLETE.values(), ids=COMPLETE)
def test_every_split_gives_the_content(body: bytes, content: bytes) -> None:
    for blocks in splits(body):
        assert decoded(blocks) == (content, "ended", ""), blocks


@pytest.mark.parametrize(("body", "content"), COMPLETE.values(), ids=COMPLETE)
def test_a_body_cut_anywhere_has_not_ended(body: bytes, content: bytes) -> None:
    for at in range(len(body)):
        received, state, fault = decoded([body[:at]])
        assert state in ("content", "trailer"), body[:at]
        assert content.startswith(received)
        assert fault == ""


# If these went unnoticed, they would be read as the response to the next request.
AFTER: dict[str, bytes] = {
    "a byte": b"x",
    "a line end": b"\r\n",
    "a chunk": b"5\r\nagain\r\n",
    "a response": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("more", AFTER.values(), ids=AFTER)
@pytest.mark.parametrize("trailer", [b"", b"x: y\r\n"], ids=["no trailer", "a trailer"])
def test_bytes_after_the_end_are_surplus(more: bytes, trailer: bytes) -> None:
    for blocks in splits(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n" + more):
        assert decoded(blocks) == (b"hello", "surplus", ""), blocks


def test_all_content_has_arrived_before_the_end_has() -> None:
    dechunker = Dechunker()
    blocks = [b"5\r\nhel", b"lo", b"\r\n0", b"\r\n", b"\r", b"\n", b"x"]
    states = []
    for block in blocks:
        dechunker.feed(block)
        states.append((dechunker.state, dechunker.has_all_content))
    assert states == [
        ("content", False),
        ("content", False),
        ("content", False),
        ("trailer", True),
        ("trailer", True),
        ("ended", True),
        ("surplus", True),
    ]


WRONG: dict[str, bytes] = {
    # an error page of a proxy, under the headers of the response
    "html": b"<html>\r\n",
    "a size that is not a number": b"x\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    # what int(..., 16) would read, and a lenient reader could be made to misjudge
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a size as Python writes it": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a size with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a space before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "too many digits": b"1000000000000005\r\nhello\r\n0\r\n\r\n",
    "an extension too long to be cut": b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    # the size and the content disagree
    "shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
    "longer than its size": b"4\r\nhello\r\n0\r\n\r\n",
    "much longer than its size": b"1\r\n" + b"x" * 99,
    "two sizes": b"5\r\n5\r\nhello\r\n0\r\n\r\n",
    "no line end after the content": b"5\r\nhello0\r\n\r\n",
    # line ends that two readers could take in two ways: request smuggling
    "a bare lf": b"5\nhello\n0\n\n",
    "a bare lf after the content": b"5\r\nhello\n0\r\n\r\n",
    "a bare cr": b"5\r\nhello\r\r0\r\n\r\n",
    "a cr in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    # would fill the memory
    "a size without end": b"0" * 5000,
    "an extension without end": b"5;" + b"x" * 5000,
    "a trailer without end": b"0\r\n" + b"x: y\r\n" * 1000,
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("before", [b"", b"3\r\nabc\r\n"], ids=["at once", "after a chunk"])
def test_a_body_that_is_not_chunked_is_a_fault_after_its_content(
    wrong: bytes, before: bytes
) -> None:
    body = before + wrong
    for size in (len(body), 1000, 7, 5, 1):
        content, state, fault = decoded(blocks_of(body, size))
        assert content.startswith(before[3:6])
        assert state == "faulty"
        assert "chunk" in fault or "trailer" in fault


def test_content_is_returned_as_soon_as_it_arrives() -> None:
    dechunker = Dechunker()
    blocks = [b"ff", b"\r", b"\na", b"b", b"", b"c"]
    assert [dechunker.feed(block) for block in blocks] == [b"", b"", b"a", b"b", b"", b"c"]


def test_only_so_many_sizes_are_remembered() -> None:
    dechunker = Dechunker()
    for size in range(1, 6000):
        # each size is written in its own way
        dechunker.feed(b"%x;%s\r\n%s\r\n" % (size, b"x" * (size % 40), bytes(size)))
    assert len(b"".join(dechunker._sizes)) <= 4096 * 16
    assert dechunker.state == "content"


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=20),
    st.lists(st.integers(0, 3000), max_size=20),
)
def test_any_chunks_any_cuts(chunks: list[bytes], cuts: list[int]) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    blocks = [body[start:stop] for start, stop in itertools.pairwise(edges)]
    assert decoded(blocks) == (b"".join(chunks), "ended", "")
