"""How long a head may take to arrive, on a clock that the tests move."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from scripted import head
from urllib3.util import wait_for_read
from ways import PATIENCE, WAYS, begun, joined

from anthropix_py._http import receiver
from anthropix_py._http.response import PromptResponse

BODY = b"x" * 1000
LENGTH = head(200, {"content-length": "1000"})
Ends = tuple[socket.socket, Any]


@pytest.fixture(params=WAYS)
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    with joined(trustme.CA(), request.param) as both:
        yield both


class SlowTime:
    """A clock and a wait that let 0.3 s pass for each byte that the other side sends.

    The first byte has arrived: only reads after the first one wait for less than the timeout.
    """

    def __init__(self, theirs: socket.socket, sent: bytes) -> None:
        self.now = 1000.0
        self.sent = 1
        self._theirs = theirs
        self._bytes = [sent[at : at + 1] for at in range(len(sent))]
        theirs.sendall(sent[:1])

    def wait(self, sock: Any, timeout: float) -> bool:
        self.now += 0.3
        if self.sent < len(self._bytes):
            self._theirs.sendall(self._bytes[self.sent])
            self.sent += 1
        return wait_for_read(sock, PATIENCE)


@pytest.mark.parametrize("start", [LENGTH, head(103) + LENGTH], ids=["a head", "after another"])
def test_a_complete_head_must_arrive_within_the_timeout(
    ends: Ends, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    theirs, ours = ends
    # a timeout of silence would never be reached
    time = SlowTime(theirs, start)
    monkeypatch.setattr(receiver, "monotonic", lambda: time.now)
    monkeypatch.setattr(receiver, "wait_for_read", time.wait)
    ours.settimeout(0.3 * len(start) - 1)
    with pytest.raises(TimeoutError, match="head"):
        begun(ours)
    assert 0 < time.sent < len(start)


def test_a_head_that_arrives_slowly_but_in_time_is_read(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = ends
    time = SlowTime(theirs, LENGTH)
    monkeypatch.setattr(receiver, "monotonic", lambda: time.now)
    monkeypatch.setattr(receiver, "wait_for_read", time.wait)
    ours.settimeout(0.3 * len(LENGTH) + 9)
    response = begun(ours)
    theirs.sendall(BODY)
    # the body has the timeout anew for each read
    assert response.read1(1) == BODY[:1]


def test_a_tunnel_must_be_granted_within_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname(), PATIENCE)
        theirs, _ = listener.accept()
    with ours, theirs:
        time = SlowTime(theirs, head(200) * 9)
        monkeypatch.setattr(receiver, "monotonic", lambda: time.now)
        monkeypatch.setattr(receiver, "wait_for_read", time.wait)
        # as http.client reads the response to CONNECT: it never calls begin
        with contextlib.closing(PromptResponse(ours, method="CONNECT")) as response:
            assert response.fp.readline().startswith(b"HTTP/1.1 200")
            with pytest.raises(TimeoutError, match="head"):
                list(response.fp)
