"""Bodies in gzip: cut anywhere, in many members, corrupt, larger than memory should hold."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._wire.gzip import inflated
from anthropix_py.errors import TransportError

BLOCK = 128 * 1024
TEXT = b'{"custom_id":"a","result":{"type":"canceled"}}\n'
NOISE = random.Random(1).randbytes(700)


def packed(data: bytes, level: int = 9) -> bytes:
    return gzip.compress(data, level, mtime=0)


def content_of(chunks: Iterable[bytes]) -> bytes:
    return b"".join(inflated(iter(chunks)))


def with_name(data: bytes) -> bytes:
    """Return a member whose header has every optional field: extra, name, comment, checksum."""
    head = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff" + b"\x04\0abcd" + b"name\0" + b"comment\0"
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    return head + packed(data)[10:]


BODIES: dict[str, tuple[bytes, bytes]] = {
    "one member": (packed(TEXT), TEXT),
    "one byte": (packed(b"x"), b"x"),
    "an empty member": (packed(b""), b""),
    "stored, not compressed": (packed(NOISE, 0), NOISE),
    "noise": (packed(NOISE), NOISE),
    "a header with every field": (with_name(TEXT), TEXT),
    "two members": (packed(TEXT) + packed(b"more"), TEXT + b"more"),
    "two equal members": (packed(TEXT) * 2, TEXT * 2),
    "an empty member first": (packed(b"") + packed(TEXT), TEXT),
    "an empty member last": (packed(TEXT) + packed(b""), TEXT),
    "empty members alone": (packed(b"") * 5, b""),
    "many members": (b"".join(packed(bytes([n])) for n in range(9)), bytes(range(9))),
    # content that looks like what the decoder searches for
    "members that hold a gzip header": (
        packed(packed(TEXT)) + packed(b"\x1f\x8b"),
        packed(TEXT) + b"\x1f\x8b",
    ),
    "members that begin and end in zeros": (packed(b"\0\0x\0\0") + packed(b"\0"), b"\0\0x\0\0\0"),
    # a full block may leave content inside zlib when all input is consumed
    "more than a block": (packed(TEXT * 6000), TEXT * 6000),
    "exactly a block": (packed(b"x" * BLOCK), b"x" * BLOCK),
    "exactly two blocks": (packed(b"x" * 2 * BLOCK), b"x" * 2 * BLOCK),
    "a block and a member": (packed(b"x" * BLOCK) + packed(b"y"), b"x" * BLOCK + b"y"),
}

one_body = pytest.mark.parametrize(("body", "content"), BODIES.values(), ids=BODIES.keys())


@one_body
def test_at_every_byte_split(body: bytes, content: bytes) -> None:
    step = 1 if len(content) < 2000 else 53
    for at in range(0, len(body) + 1, step):
        assert content_of([body[:at], body[at:]]) == content, at


@one_body
def test_byte_by_byte_with_empty_chunks_between(body: bytes, content: bytes) -> None:
    chunks = [chunk for at in range(len(body)) for chunk in (b"", body[at : at + 1], b"")]
    assert content_of(chunks) == content


@pytest.mark.parametrize("zeros", [1, 2, 7, 8, 511, 2000])
@pytest.mark.parametrize("after", [b"", packed(b"more")], ids=["at the end", "between members"])
def test_zeros_may_pad_a_member(zeros: int, after: bytes) -> None:
    # gzip itself ignores zeros after a member
    body = packed(TEXT) + b"\0" * zeros + after
    expected = TEXT + content_of([after])
    for at in range(len(body) + 1):
        assert content_of([body[:at], body[at:]]) == expected, at


def test_an_empty_body_is_empty() -> None:
    for chunks in ([], [b""], [b"", b"", b""]):
        assert list(inflated(iter(chunks))) == []


@pytest.mark.parametrize(
    "name", ["one member", "one byte", "an empty member", "a header with every field", "noise"]
)
def test_cut_at_every_byte(name: str) -> None:
    body, content = BODIES[name]
    for end in range(1, len(body)):
        for chunks in ([body[:end]], [body[at : at + 1] for at in range(end)]):
            blocks, error = until_error(chunks)
            assert content.startswith(b"".join(blocks)), end
            assert (error.reason, error.sent) == ("closed", True), end


def test_cut_at_every_byte_of_a_second_member() -> None:
    first, second = packed(TEXT), packed(b"more")
    # nothing in the stream says that more was to follow
    assert content_of([first]) == TEXT
    for end in range(1, len(second)):
        blocks, error = until_error([first, second[:end]])
        assert b"".join(blocks).startswith(TEXT)
        assert error.reason == "closed"


def test_content_before_a_cut_is_yielded_at_once() -> None:
    body = packed(TEXT * 1000, 0)
    blocks = inflated(iter([body[: len(body) // 2]]))
    assert (TEXT * 1000).startswith(next(blocks))
    with pytest.raises(TransportError, match="broke off"):
        list(blocks)


def flipped(body: bytes, at: int, bits: int = 0xFF) -> bytes:
    changed = bytearray(body)
    changed[at] ^= bits
    return bytes(changed)


CORRUPT: dict[str, list[bytes]] = {
    "not gzip": [TEXT],
    "half a magic": [b"\x1fx"],
    # what servers have sent under the name of deflate
    "zlib, not gzip": [zlib.compress(TEXT)],
    "bare deflate": [zlib.compress(TEXT)[2:-4]],
    "another method": [b"\x1f\x8b\x07" + packed(TEXT)[3:]],
    "reserved flags": [b"\x1f\x8b\x08\xe0" + packed(TEXT)[4:]],
    "a wrong checksum": [flipped(packed(TEXT), -8)],
    "a wrong length": [flipped(packed(TEXT), -1)],
    "a wrong checksum in a chunk of its own": [packed(TEXT)[:-8], flipped(packed(TEXT), -5)[-8:]],
    "a wrong checksum in the header": [flipped(with_name(TEXT), 29)],
    "an impossible block": [packed(TEXT)[:10] + b"\xff" * 20],
    "no gzip after a member": [packed(TEXT) + b"more"],
    "no gzip after a member, in a chunk of its own": [packed(TEXT), b"more"],
    "text after the padding": [packed(TEXT) + b"\0\0more"],
}


@pytest.mark.parametrize("chunks", CORRUPT.values(), ids=CORRUPT.keys())
def test_corrupt(chunks: list[bytes]) -> None:
    _, error = until_error(chunks)
    assert (error.reason, error.sent) == ("protocol", True)
    assert error.detail.startswith("corrupt gzip: ")
    assert error.__cause__ is None


def test_any_bit_flipped_in_the_trailer_is_an_error() -> None:
    body = packed(TEXT)
    for bit in range(64):
        _, error = until_error([flipped(body, len(body) - 8 + bit // 8, 1 << bit % 8)])
        assert error.reason == "protocol", bit


@pytest.mark.parametrize("members", [1, 3])
def test_a_bomb_is_inflated_in_bounded_blocks(members: int) -> None:
    size = 48 << 20
    bomb = packed(b"\0" * (size // members)) * members
    assert len(bomb) < 64 * 1024
    count = 0
    for block in inflated(iter([bomb])):
        assert 0 < len(block) <= BLOCK
        count += len(block)
    assert count == size


def test_a_bomb_is_inflated_no_faster_than_it_is_read() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        body = packed(b"\0" * (4 << 20))
        for at in range(0, len(body), 64):
            taken += 1
            yield body[at : at + 64]

    blocks = inflated(chunks())
    assert taken == 0
    next(blocks)
    assert taken <= 6


def test_an_error_of_the_transport_passes_through() -> None:
    broken = TransportError("timeout", "slow", sent=True)

    def chunks() -> Iterator[bytes]:
        yield packed(TEXT)[:20]
        raise broken

    with pytest.raises(TransportError) as caught:
        list(inflated(chunks()))
    assert caught.value is broken


@given(st.lists(st.binary(max_size=300), max_size=4), st.integers(0, 9), st.data())
def test_any_members_in_any_chunks(contents: list[bytes], level: int, data: st.DataObject) -> None:
    body = b"".join(packed(content, level) for content in contents)
    ends = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    chunks = [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)])]
    assert content_of(chunks) == b"".join(contents)


def until_error(chunks: Iterable[bytes]) -> tuple[list[bytes], TransportError]:
    """Return the blocks before the error, and the error."""
    blocks: list[bytes] = []
    try:
        blocks.extend(inflated(iter(chunks)))
    except TransportError as error:
        return blocks, error
    raise AssertionError("no error")
