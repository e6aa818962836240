"""Bodies from a real socket: all that has arrived at once, nothing beyond their end, no waiting."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import random
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Iterator
from http.client import IncompleteRead
from typing import Any

import pytest
import trustme
from samples import ID, KEY, a_batch, client, request, row
from scripted import Scripted, Step, answer, chunk, close, counted, head, reset, stall
from ways import PATIENCE, WAYS, begun, joined, listening

from anthropix_py import (
    IncompleteResults,
    Policy,
    TransportError,
    UnknownOutcome,
    batch,
    unwrap,
)
from anthropix_py._http.response import PromptResponse

SOME = random.Random(1).randbytes(100_000)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def blocks_of(response: PromptResponse, size: int = 1 << 20) -> list[bytes]:
    return list(iter(lambda: response.read1(size), b""))


def first(response: PromptResponse, count: int) -> bytes:
    """Return what *response* returns until it has returned *count* bytes."""
    got = b""
    while len(got) < count:
        got += response.read1(1 << 20)
    return got


@pytest.fixture(params=WAYS)
def ends(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Ends]:
    with joined(authority, request.param) as both:
        yield both


# The second is a socket, or urllib3's stand-in for one.
Ends = tuple[socket.socket, Any]
LENGTH = head(200, {"content-length": str(len(SOME))})
CHUNKED = head(200, {"transfer-encoding": "chunked"})
GZIPPED = head(200, {"transfer-encoding": "chunked", "content-encoding": "gzip"})


@pytest.mark.parametrize("size", [1, 2, 100, 5_000, 16_384, 16_385, 1 << 20])
@pytest.mark.parametrize("framing", ["counted", "chunked", "closed"])
def test_all_arrives_in_blocks_of_at_most_that_size(ends: Ends, framing: str, size: int) -> None:
    theirs, ours = ends
    some = SOME[: max(1000, min(len(SOME), size * 300))]

    def send() -> None:
        if framing == "counted":
            theirs.sendall(head(200, {"content-length": str(len(some))}) + some)
        elif framing == "chunked":
            theirs.sendall(CHUNKED + chunk(some[:700]) + chunk(some[700:]) + b"0\r\n\r\n")
        else:
            theirs.sendall(head(200) + some)
            theirs.close()

    sender = threading.Thread(target=send)
    sender.start()
    response = begun(ours)
    blocks = blocks_of(response, size)
    sender.join(PATIENCE)
    assert b"".join(blocks) == some
    assert max(map(len, blocks)) <= size
    assert response.isclosed()
    assert response.read1(size) == b""


@pytest.mark.parametrize("sent", [b"x", b"x" * 16_384, b"x" * 50_000], ids=len)
def test_bytes_that_have_arrived_are_returned_without_waiting_for_more(
    ends: Ends, sent: bytes
) -> None:
    theirs, ours = ends
    theirs.sendall(LENGTH + sent)
    # nothing follows, so that waiting for more would end in a timeout
    assert first(begun(ours), len(sent)) == sent
    assert ours.gettimeout() == PATIENCE


def test_many_records_are_returned_together(authority: trustme.CA) -> None:
    with joined(authority) as (theirs, ours):
        theirs.sendall(LENGTH)
        response = begun(ours)
        for at in range(0, 64_000, 1000):
            theirs.sendall(SOME[at : at + 1000])
        reads = 0
        got = b""
        while len(got) < 64_000:
            got += response.read1(1 << 20)
            reads += 1
        assert got == SOME[:64_000]
        assert reads < 20
        assert ours.gettimeout() == PATIENCE


def test_a_body_is_not_read_beyond_its_end(ends: Ends) -> None:
    theirs, ours = ends
    theirs.sendall(counted(SOME[:20_000]) + counted(SOME))
    response = begun(ours)
    assert b"".join(blocks_of(response)) == SOME[:20_000]
    assert response.isclosed()


INTERIM: dict[str, Step] = {
    "100": [head(100), answer(a_batch())],
    "102": [head(102) + answer(a_batch())],
    "103": [head(103, {"content-length": "5"}), answer(a_batch())],
    "many": [head(100) * 16 + answer(a_batch())],
}


@pytest.mark.parametrize("step", INTERIM.values(), ids=INTERIM)
def test_interim_responses_are_passed_over(step: Step) -> None:
    with Scripted(step, answer(a_batch())) as server:
        us = client(server.url)
        assert unwrap(batch.create(us, [request("a"), request("b")])) == a_batch()
        assert unwrap(batch.show(us, ID)) == a_batch()
    assert server.connections == 1


@pytest.mark.parametrize("start", [head(100) * 99, head(101)], ids=["endless", "101"])
def test_what_is_not_followed_by_a_response_is_an_error(start: bytes) -> None:
    with Scripted([start, stall]) as server:
        tag, error = batch.create(client(server.url), [request()])
    assert tag == "error"
    assert isinstance(error, UnknownOutcome)
    assert isinstance(error.cause, TransportError)
    assert error.cause.reason == "protocol"


# Heads that the parser of e-mails finds fault with; urllib3 would log them, with the key in them.
ODD_HEADS = ["you sent", "x y:", ":", " folded", "content-type: multipart/mixed\r\nx:"]


@pytest.mark.parametrize("field", ODD_HEADS)
def test_nothing_of_a_head_is_logged(caplog: pytest.LogCaptureFixture, field: str) -> None:
    echo = f"HTTP/1.1 200 OK\r\n{field} {KEY}\r\n".encode()
    body = answer(a_batch()).partition(b"\r\n")[2]
    with caplog.at_level(logging.DEBUG), Scripted(echo + body, answer(a_batch())) as server:
        us = client(server.url)
        # a field behind the odd one says how long the body is
        assert unwrap(batch.show(us, ID)) == unwrap(batch.show(us, ID)) == a_batch()
    assert server.connections == 1
    assert "urllib3" in caplog.text
    assert KEY not in caplog.text
    assert all(record.levelno < logging.WARNING for record in caplog.records)


def test_data_before_a_reset_is_returned_before_the_error(ends: Ends) -> None:
    theirs, ours = ends
    theirs.sendall(LENGTH + SOME[:40_000])
    response = begun(ours)
    got = response.read1(1)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.sendall(SOME[40_000:50_000])
    got += first(response, 50_000 - len(got))
    # without lingering, this sends a reset
    theirs.close()
    assert got == SOME[:50_000]
    # over TLS, Python takes a reset for the end
    if type(ours) is socket.socket:
        with pytest.raises(ConnectionResetError):
            response.read1(1 << 20)


def test_an_error_after_data_is_kept_for_the_next_read(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ConnectionResetError(104, "gone")

    with joined(authority) as (theirs, ours):
        theirs.sendall(LENGTH + SOME[:1000])
        response = begun(ours)
        monkeypatch.setattr(ssl.SSLSocket, "recv_into", broken)
        got = response.read1(1 << 20)
        assert SOME.startswith(got)
        assert ours.gettimeout() == PATIENCE
        for _ in range(2):
            with pytest.raises(ConnectionResetError, match="gone"):
                response.read1(1 << 20)


@pytest.mark.parametrize(
    "sent", [b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n0", b"0\r"]
)
def test_a_chunked_body_that_is_cut_is_an_error(authority: trustme.CA, sent: bytes) -> None:
    with joined(authority, "plain") as (theirs, ours):
        theirs.sendall(CHUNKED + sent)
        theirs.close()
        response = begun(ours)
        with pytest.raises(IncompleteRead):
            blocks_of(response)


ROWS = [row("a"), row("b"), row("c")]
LINES = [json.dumps(one).encode() + b"\n" for one in ROWS]
ENDED = a_batch("ended", succeeded=3)


def zipped() -> list[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    blocks = [packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH) for line in LINES]
    return [*blocks[:-1], blocks[-1] + packer.flush()]


def framed(framing: str) -> tuple[bytes, list[bytes]]:
    """Return the head of a response, and its body in a block for each row."""
    body = b"".join(LINES)
    if framing == "gzip":
        return GZIPPED, [*map(chunk, zipped()[:-1]), chunk(zipped()[-1]) + b"0\r\n\r\n"]
    if framing == "counted":
        return head(200, {"content-length": str(len(body))}), LINES
    return CHUNKED, [*map(chunk, LINES[:-1]), chunk(LINES[-1]) + b"0\r\n\r\n"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framing", ["counted", "chunked", "gzip"])
def test_a_row_is_yielded_when_its_newline_has_arrived(
    authority: trustme.CA, tmp_path: Any, framing: str, way: str
) -> None:
    start, blocks = framed(framing)
    taken = threading.Semaphore(0)

    def wait(_: socket.socket) -> None:
        assert taken.acquire(timeout=PATIENCE), "the row before was not yielded"

    step: Step = [start + blocks[0], wait, blocks[1], wait, blocks[2]]
    with listening(authority, tmp_path, step, way=way) as (_, us):
        got = []
        for one in unwrap(batch.results(us, ENDED, stream=True)):
            got.append(one)
            taken.release()
    assert got == ROWS


FIRST = CHUNKED + chunk(LINES[0])
CUTS: dict[str, list[Any]] = {
    "reset after a row": [FIRST, reset],
    "closed after a row": [FIRST, close],
    "a chunk longer than its size": [FIRST + b"5\r\nlonger than that\r\n", close],
    "a chunk's size that is not a number": [FIRST + b"zz\r\n", close],
    # of 0a, say; it looks like the last chunk
    "a chunk's size cut down to 0": [FIRST + b"0", close],
    # the end of the chunks is in order, the end of gzip is missing
    "gzip, cut between chunks": [GZIPPED + chunk(gzip.compress(b"".join(LINES))[:40]), close],
}


@pytest.mark.parametrize("step", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("ref", [ENDED, ID], ids=["dict", "id"])
def test_a_chunked_body_that_breaks_off_is_requested_again(step: Step, ref: Any) -> None:
    with Scripted(step, counted(b"".join(LINES))) as server:
        assert unwrap(batch.results(client(server.url), ref)) == ROWS


def test_rows_before_a_broken_chunk_are_yielded() -> None:
    broken: Step = [FIRST + chunk(LINES[1]) + b"zz\r\n"]
    with Scripted(broken) as server:
        us = client(server.url, retry=Policy(max_retries=0))
        rows = unwrap(batch.results(us, ENDED, stream=True))
        assert [next(rows), next(rows)] == ROWS[:2]
        with pytest.raises(IncompleteResults, match="2 of 3"):
            next(rows)


def test_a_body_without_its_trailer_is_complete() -> None:
    # some servers close the connection after the last chunk
    with Scripted([CHUNKED + chunk(b"".join(LINES)) + b"0\r\n", close]) as server:
        assert unwrap(batch.results(client(server.url), ID)) == ROWS


# Cut in the header that says how the body ends; without it, the body ends with the connection.
HEADS = [
    CHUNKED[:-4],
    CHUNKED[:-7],
    head(200, {"transfer-encoding": ""})[:-4],
    head(200, {"content-length": ""})[:-4],
    head(200, {"content-length": ""})[:-5],
]


@pytest.mark.parametrize("start", HEADS, ids=lambda start: start[-12:].decode())
def test_a_head_that_is_cut_is_not_an_empty_body(start: bytes) -> None:
    with Scripted([start, close], counted(b"".join(LINES))) as server:
        assert unwrap(batch.results(client(server.url), ID)) == ROWS


SURPLUS: dict[str, bytes] = {
    "counted": counted(LINES[0]) + counted(b'{"stale": "stale"}'),
    "chunked": FIRST + b"0\r\n\r\n" + counted(b'{"stale": "stale"}'),
    "chunked, with a trailer": FIRST + b"0\r\nx: y\r\n\r\n" + b"stale",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sent", SURPLUS.values(), ids=SURPLUS)
@pytest.mark.parametrize("head_apart", [False, True], ids=["at once", "head first"])
def test_bytes_after_a_body_are_not_read_as_the_next_response(
    authority: trustme.CA, tmp_path: Any, sent: bytes, way: str, head_apart: bool
) -> None:
    at = sent.index(b"\r\n\r\n") + 4
    step: Step = [sent[:at], sent[at:]] if head_apart else [sent]
    with listening(authority, tmp_path, step, answer(a_batch()), way=way) as (_, us):
        assert unwrap(batch.results(us, ID)) == ROWS[:1]
        assert unwrap(batch.show(us, ID)) == a_batch()


def test_a_connection_that_tls_has_ended_is_not_reused(
    authority: trustme.CA, tmp_path: Any
) -> None:
    def say_goodbye(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        # send close_notify without waiting for the other side's; the connection stays open
        connection.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError):
            connection.unwrap()
        connection.settimeout(PATIENCE)

    steps: list[Step | bytes] = [[FIRST + b"0\r\n\r\n", say_goodbye], answer(a_batch())]
    with listening(authority, tmp_path, *steps, way="tls") as (_, us):
        assert unwrap(batch.results(us, ID)) == ROWS[:1]
        assert unwrap(batch.create(us, [request("a"), request("b")])) == a_batch()


def test_the_next_response_arrives_on_the_same_connection() -> None:
    body = b"".join(LINES)
    chunked = CHUNKED + chunk(body) + b"0\r\nx: y\r\n\r\n"
    steps: list[Step | bytes] = [[chunked], counted(body), [CHUNKED + b"0\r\n\r\n"]]
    with Scripted(*steps, answer(a_batch())) as server:
        us = client(server.url, retry=Policy(max_retries=0))
        assert [len(unwrap(batch.results(us, ID))) for _ in range(2)] == [3, 3]
        # a batch has rows, so this is an error, but not one of the connection
        assert batch.results(us, ID)[0] == "error"
        assert unwrap(batch.show(us, ID)) == a_batch()
    assert server.connections == 1
