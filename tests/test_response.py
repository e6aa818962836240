"""Bodies off a real socket: all that has come at once, never more than is theirs, and no waiting for more."""

from __future__ import annotations

import contextlib
import gzip
import json
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
from samples import ID, a_batch, client, request, row
from scripted import TLS, Scripted, Step, answer, chunk, close, counted, head, reset

from anthropix_py import Client, IncompleteResults, Policy, batch, unwrap
from anthropix_py._http.response import Incoming

PATIENCE = 10.0
_begun: list[Incoming] = []  # to be closed with their connections
SOME = random.Random(1).randbytes(100_000)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Give a server's context, and one of a client that trusts it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    return server, ours


@contextlib.contextmanager
def joined(authority: trustme.CA | None) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a server's and a client's end of one connection, over TLS where there is an authority."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), PATIENCE)
        theirs, _ = listener.accept()
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    theirs.settimeout(PATIENCE)
    if authority is not None:
        server_context, client_context = contexts(authority)
        wrapped: list[ssl.SSLSocket] = []
        greeter = threading.Thread(
            target=lambda: wrapped.append(server_context.wrap_socket(theirs, server_side=True))
        )
        greeter.start()
        ours = client_context.wrap_socket(ours, server_hostname="localhost")
        greeter.join(PATIENCE)
        theirs = wrapped[0]
    with ours, theirs:
        yield theirs, ours
        for answer in _begun:
            answer.close()
        _begun.clear()


def begun(ours: socket.socket) -> Incoming:
    """Give the answer whose head has been sent."""
    answer = Incoming(ours, method="GET")
    answer.begin()
    _begun.append(answer)
    return answer


def all_of(answer: Incoming, size: int = 1 << 20) -> bytes:
    return b"".join(iter(lambda: answer.read1(size), b""))


@pytest.fixture(params=["plain", "tls"])
def ends(
    request: pytest.FixtureRequest, authority: trustme.CA
) -> Iterator[tuple[socket.socket, socket.socket]]:
    with joined(authority if request.param == "tls" else None) as both:
        yield both


Ends = tuple[socket.socket, socket.socket]
LENGTH = head(200, {"content-length": str(len(SOME))})
CHUNKED = head(200, {"transfer-encoding": "chunked"})
GZIPPED = head(200, {"transfer-encoding": "chunked", "content-encoding": "gzip"})


@pytest.mark.parametrize("size", [1, 2, 100, 5_000, 16_384, 16_385, 1 << 20])
@pytest.mark.parametrize("framing", ["counted", "chunked", "closed"])
def test_all_comes_in_pieces_of_at_most_that_size(ends: Ends, framing: str, size: int) -> None:
    theirs, ours = ends
    some = SOME[: max(1000, min(len(SOME), size * 300))]

    def send() -> None:
        if framing == "counted":
            theirs.sendall(head(200, {"content-length": str(len(some))}) + some)
        elif framing == "chunked":
            theirs.sendall(CHUNKED + chunk(some[:700]) + chunk(some[700:]) + b"0\r\n\r\n")
        else:
            theirs.sendall(head(200) + some)
            (theirs.unwrap() if isinstance(theirs, ssl.SSLSocket) else theirs).close()

    sender = threading.Thread(target=send)
    sender.start()
    answer = begun(ours)
    pieces = list(iter(lambda: answer.read1(size), b""))
    if framing == "closed" and isinstance(ours, ssl.SSLSocket):
        ours.unwrap().close()
    sender.join(PATIENCE)
    assert b"".join(pieces) == some
    assert max(map(len, pieces)) <= size
    assert answer.isclosed()
    assert answer.read1(size) == b""


@pytest.mark.parametrize("sent", [b"x", b"x" * 16_384, b"x" * 50_000], ids=len)
def test_what_is_there_comes_at_once(ends: Ends, sent: bytes) -> None:
    theirs, ours = ends
    theirs.sendall(LENGTH + sent)
    answer = begun(ours)
    got = b""
    while len(got) < len(
        sent
    ):  # nothing more comes, so that a wait for more would end in a timeout
        got += answer.read1(1 << 20)
    assert got == sent
    assert ours.gettimeout() == PATIENCE


def test_many_records_come_together(authority: trustme.CA) -> None:
    with joined(authority) as (theirs, ours):
        theirs.sendall(LENGTH)
        answer = begun(ours)
        for at in range(0, 64_000, 1000):
            theirs.sendall(SOME[at : at + 1000])
        reads = 0
        got = b""
        while len(got) < 64_000:
            got += answer.read1(1 << 20)
            reads += 1
        assert got == SOME[:64_000]
        assert reads < 20
        assert ours.gettimeout() == PATIENCE


def test_a_body_is_not_read_beyond_its_end(ends: Ends) -> None:
    theirs, ours = ends
    theirs.sendall(counted(SOME[:20_000]) + counted(SOME))
    answer = begun(ours)
    assert all_of(answer) == SOME[:20_000]
    assert answer.isclosed()


def test_data_before_a_reset_is_handed_over_before_the_error(ends: Ends) -> None:
    theirs, ours = ends
    theirs.sendall(LENGTH + SOME[:40_000])
    answer = begun(ours)
    got = answer.read1(1)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.sendall(SOME[40_000:50_000])
    while len(got) < 50_000:
        got += answer.read1(1 << 20)
    theirs.close()  # a reset
    assert got == SOME[:50_000]
    if not isinstance(ours, ssl.SSLSocket):  # there, Python takes a reset for the end
        with pytest.raises(ConnectionResetError):
            answer.read1(1 << 20)


def test_an_error_behind_data_is_kept_for_the_next_read(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise ConnectionResetError(104, "gone")

    with joined(authority) as (theirs, ours):
        theirs.sendall(LENGTH + SOME[:1000])
        answer = begun(ours)
        monkeypatch.setattr(ssl.SSLSocket, "recv", broken)
        got = answer.read1(1 << 20)
        assert SOME.startswith(got)
        assert ours.gettimeout() == PATIENCE
        for _ in range(2):
            with pytest.raises(ConnectionResetError, match="gone"):
                answer.read1(1 << 20)


@pytest.mark.parametrize(
    "sent", [b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n0", b"0\r"]
)
def test_a_chunked_body_that_is_cut_says_so(sent: bytes) -> None:
    with joined(None) as (theirs, ours):
        theirs.sendall(CHUNKED + sent)
        theirs.close()
        answer = begun(ours)
        with pytest.raises(IncompleteRead):
            all_of(answer)


ROWS = [row("a"), row("b"), row("c")]
LINES = [json.dumps(one).encode() + b"\n" for one in ROWS]
ENDED = a_batch("ended", succeeded=3)


def zipped() -> list[bytes]:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH) for line in LINES]
    return [*pieces[:-1], pieces[-1] + packer.flush()]


def framed(framing: str) -> tuple[bytes, list[bytes]]:
    """Give the head of an answer, and its body in a piece a row."""
    body = b"".join(LINES)
    if framing == "gzip":
        return GZIPPED, [*map(chunk, zipped()[:-1]), chunk(zipped()[-1]) + b"0\r\n\r\n"]
    if framing == "counted":
        return head(200, {"content-length": str(len(body))}), LINES
    return CHUNKED, [*map(chunk, LINES[:-1]), chunk(LINES[-1]) + b"0\r\n\r\n"]


@contextlib.contextmanager
def listening(
    authority: trustme.CA, folder: Any, *steps: Step | bytes, secure: bool
) -> Iterator[tuple[Scripted, Client]]:
    """Give a scripted server, behind TLS where it is to be secure, and a client of it."""
    bundle = str(folder / "ca.pem")
    authority.cert_pem.write_to_path(bundle)
    server = TLS(contexts(authority)[0], *steps, host="localhost") if secure else Scripted(*steps)
    with server:
        yield server, client(server.url, timeout=PATIENCE, ca_bundle=bundle if secure else None)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("framing", ["counted", "chunked", "gzip"])
def test_a_row_is_handed_over_when_its_newline_is_there(
    authority: trustme.CA, tmp_path: Any, framing: str, secure: bool
) -> None:
    start, pieces = framed(framing)
    taken = threading.Semaphore(0)

    def wait(_: socket.socket) -> None:
        assert taken.acquire(timeout=PATIENCE), "the row before was not handed over"

    step: Step = [start + pieces[0], wait, pieces[1], wait, pieces[2]]
    with listening(authority, tmp_path, step, secure=secure) as (_, us):
        got = []
        for one in unwrap(batch.results(us, ENDED, stream=True)):
            got.append(one)
            taken.release()
    assert got == ROWS


CUTS: dict[str, list[Any]] = {
    "reset after a row": [CHUNKED + chunk(LINES[0]), reset],
    "closed after a row": [CHUNKED + chunk(LINES[0]), close],
    "a chunk longer than its size": [CHUNKED + chunk(LINES[0]) + b"5\r\nlonger than that\r\n", close],
    "a chunk's size that is no number": [CHUNKED + chunk(LINES[0]) + b"zz\r\n", close],
    "a chunk's size cut down to 0": [CHUNKED + chunk(LINES[0]) + b"0", close],
    "gzip, cut between chunks": [GZIPPED + chunk(gzip.compress(b"".join(LINES))[:40]), close],
}  # fmt: skip


@pytest.mark.parametrize("step", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("named", [ENDED, ID], ids=["dict", "id"])
def test_a_chunked_body_that_breaks_off_is_asked_for_again(step: Step, named: Any) -> None:
    with Scripted(step, counted(b"".join(LINES))) as server:
        assert unwrap(batch.results(client(server.url), named)) == ROWS


def test_rows_before_a_broken_chunk_are_handed_over() -> None:
    broken: Step = [CHUNKED + chunk(LINES[0]) + chunk(LINES[1]) + b"zz\r\n"]
    with Scripted(broken) as server:
        rows = unwrap(
            batch.results(client(server.url, retry=Policy(max_retries=0)), ENDED, stream=True)
        )
        assert [next(rows), next(rows)] == ROWS[:2]
        with pytest.raises(IncompleteResults, match="2 of 3"):
            next(rows)


def test_a_body_without_its_trailer_is_whole() -> None:
    with Scripted([CHUNKED + chunk(b"".join(LINES)) + b"0\r\n", close]) as server:
        assert unwrap(batch.results(client(server.url), ID)) == ROWS


HEADS = [
    head(200, {"transfer-encoding": "chunked"})[:-4], head(200, {"transfer-encoding": "chunked"})[:-7],
    head(200, {"transfer-encoding": ""})[:-4], head(200, {"content-length": ""})[:-4],
    head(200, {"content-length": ""})[:-5],
]  # fmt: skip


@pytest.mark.parametrize("start", HEADS, ids=lambda start: start[-12:].decode())
def test_a_head_that_is_cut_is_not_an_empty_body(start: bytes) -> None:
    with Scripted([start, close], counted(b"".join(LINES))) as server:
        assert unwrap(batch.results(client(server.url), ID)) == ROWS


SURPLUS: dict[str, bytes] = {
    "counted": counted(LINES[0]) + counted(b'{"stale": "stale"}'),
    "chunked": CHUNKED + chunk(LINES[0]) + b"0\r\n\r\n" + counted(b'{"stale": "stale"}'),
    "chunked, with a trailer": CHUNKED + chunk(LINES[0]) + b"0\r\nx: y\r\n\r\n" + b"stale",
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("sent", SURPLUS.values(), ids=SURPLUS)
@pytest.mark.parametrize("head_apart", [False, True], ids=["in one", "head apart"])
def test_what_comes_behind_a_body_is_nobodys_answer(
    authority: trustme.CA, tmp_path: Any, sent: bytes, secure: bool, head_apart: bool
) -> None:
    at = sent.index(b"\r\n\r\n") + 4
    step: Step = [sent[:at], sent[at:]] if head_apart else [sent]
    with listening(authority, tmp_path, step, answer(a_batch()), secure=secure) as (_, us):
        assert unwrap(batch.results(us, ID)) == ROWS[:1]
        assert unwrap(batch.show(us, ID)) == a_batch()


def test_a_connection_that_tls_has_ended_is_not_used_again(
    authority: trustme.CA, tmp_path: Any
) -> None:
    def say_goodbye(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        connection.settimeout(0)  # no waiting for the other side's
        with contextlib.suppress(ssl.SSLWantReadError):
            connection.unwrap()  # close_notify, and no end of the connection
        connection.settimeout(PATIENCE)

    whole = CHUNKED + chunk(LINES[0]) + b"0\r\n\r\n"
    with listening(authority, tmp_path, [whole, say_goodbye], answer(a_batch()), secure=True) as (
        _,
        us,
    ):
        assert unwrap(batch.results(us, ID)) == ROWS[:1]
        assert unwrap(batch.create(us, [request()])) == a_batch()


def test_the_next_answer_comes_on_the_same_connection() -> None:
    body = b"".join(LINES)
    with Scripted(
        [CHUNKED + chunk(body) + b"0\r\nx: y\r\n\r\n"], counted(body), [CHUNKED + b"0\r\n\r\n"]
    ) as server:
        us = client(server.url)
        assert [len(unwrap(batch.results(us, ID))) for _ in range(3)] == [3, 3, 0]
    assert server.connections == 1
