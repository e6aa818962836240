"""The head of a response, read to its end and cleaned before http.client parses it.

http.client skips any number of responses of status 100 but no other interim response; it accepts a
head that was cut; and it stops at a line that is not a field. The fields after that line, which may
say how the body ends, become part of a "payload" that urllib3 logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from http.client import HTTPException, LineTooLong, RemoteDisconnected
from io import BufferedReader
from typing import BinaryIO

# The same bounds as those of http.client.
_LONGEST_LINE = 64 * 1024  # bytes
_MOST_LINES = 100
# far more than a server sends
_MOST_INTERIM = 16

_INTERIM = re.compile(rb"HTTP/[^\s]+[ \t]+1(?!01)[0-9]{2}\s")
# A complete final head in the form that nearly every server uses: without spaces at the ends of its
# lines, and with no more lines than are allowed.
_USUAL = re.compile(
    rb"HTTP/1\.[01] [2-5][0-9]{2}[^\r\n]*\r\n"
    rb"(?:[!-9;-~]+:(?:[^\r\n]*[^ \t\r\n])?\r\n){0,98}\r\n"
)
# All lines after the first.
_PLAIN = re.compile(rb"(?:[!-9;-~]+:(?:[^\r\n]*[^ \t\r\n])?\r?\n)*\r?\n")
# Empty, because a head may be cut there by a proxy that ends it.
_LENGTH = re.compile(r"[0-9]{0,18}")
_SHOWN = 60  # characters of a field
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


def read_head(file: BufferedReader) -> bytes:
    """Return the head of the final response in *file*: its status line, fields and empty line.

    Interim responses (RFC 9110, section 15.2) are skipped, except 101, which changes the protocol.
    Raises `RemoteDisconnected` for a head that is cut, and `HTTPException` for one that is too long
    or follows too many interim responses.
    """
    # Nearly every head arrives at once and has the usual form. Matching it as one text takes a
    # seventh of the time of reading line by line.
    usual = _USUAL.match(file.peek())
    if usual is not None:
        return file.read(usual.end())
    for _ in range(_MOST_INTERIM + 1):
        status = _line(file)
        if not status.startswith(b"HTTP/"):
            # http.client refuses it, so no more is read
            return status
        rest = _fields(file)
        if not _INTERIM.match(status):
            return status + _cleaned(rest)
    raise HTTPException(f"more than {_MOST_INTERIM} interim responses")


def check_framing(headers: Message) -> None:
    """Raise `HTTPException` if the end of the body cannot be found out.

    http.client would take such a body to end with the connection, which a server may keep open: the
    caller would wait for the timeout. RFC 9112, section 6.3, says to refuse it.
    """
    coding = ", ".join(headers.get_all("transfer-encoding", ())).strip().lower()
    if coding == "chunked":
        return
    # a body of "identity", which old servers send, is not encoded
    if coding not in ("", "identity"):
        raise HTTPException(f"a transfer-encoding other than chunked: {coding[:_SHOWN]!r}")
    lengths = headers.get_all("content-length", ())
    if not lengths:
        return
    if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise HTTPException(f"not a content-length: {', '.join(lengths)[:_SHOWN]!r}")


def _fields(file: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    while len(lines) <= _MOST_LINES:
        lines.append(_line(file))
        if not lines[-1].strip(b"\r\n"):
            return lines
    raise HTTPException(f"the head has more than {_MOST_LINES} lines")


def _line(file: BinaryIO) -> bytes:
    line = file.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise LineTooLong("header line")
    if not line.endswith(b"\n"):
        raise RemoteDisconnected("the connection was closed before the head of a response ended")
    return line


def _cleaned(lines: list[bytes]) -> bytes:
    """Return *lines* without those that are not fields, each field on one line."""
    joined = b"".join(lines)
    if _PLAIN.fullmatch(joined):
        return joined
    fields: list[bytes] = []
    for line in _unfolded(lines):
        field = _FIELD.fullmatch(line)
        if field is not None:
            # http.client takes spaces behind a value for a part of it ("chunked ")
            fields.append(field[1] + b":" + field[2].rstrip(b" \t") + b"\r\n")
    return b"".join(fields) + b"\r\n"


def _unfolded(lines: Iterable[bytes]) -> Iterable[bytes]:
    """Yield *lines* without their ends; one that begins with a space is joined to the one before.

    A bare CR becomes a space (RFC 9112, section 2.2), because the parser would start a field there.
    """
    before = b""
    for line in lines:
        text = line.rstrip(b"\r\n").replace(b"\r", b" ")
        if text[:1] in (b" ", b"\t"):
            before += b" " + text.strip()
        else:
            yield before
            before = text
    yield before
