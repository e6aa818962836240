"""Heads of responses: complete, past interim ones, and without what is not a field."""

from __future__ import annotations

import contextlib
from email import message_from_string
from http.client import HTTPException, HTTPMessage, LineTooLong, RemoteDisconnected
from io import BufferedReader, BytesIO
from typing import Any, cast

import pytest

from anthropix_py._http.head import check_framing, read_head

OK = b"HTTP/1.1 200 OK\r\n"
END = b"\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# (bytes sent, the head read)
READ: dict[str, tuple[bytes, bytes]] = {
    "no fields": (OK + END, OK + END),
    "fields": (OK + b"a: 1\r\nb:\r\n" + END, OK + b"a: 1\r\nb:\r\n" + END),
    "bare line feeds": (b"HTTP/1.1 200\na: 1\n\n", b"HTTP/1.1 200\na: 1\n\n"),
    "100": (CONTINUE + OK + END, OK + END),
    # with fields of its own, which say nothing about the final response
    "103": (b"HTTP/1.1 103 Early Hints\r\ncontent-length: 9\r\n\r\n" + OK + END, OK + END),
    "102 without a reason": (b"HTTP/1.1 102\r\n\r\n" + OK + END, OK + END),
    "a number of no meaning yet": (b"HTTP/1.1 199 X\r\n\r\n" + OK + END, OK + END),
    "many interim ones": (CONTINUE * 16 + OK + END, OK + END),
    # it changes the protocol: what follows is not HTTP
    "101": (b"HTTP/1.1 101 Switch\r\n\r\n" + OK, b"HTTP/1.1 101 Switch\r\n\r\n"),
    # refused by http.client at once, because nothing more may come
    "not HTTP": (b"SSH-2.0\r\n", b"SSH-2.0\r\n"),
    # a field behind any of these must not be lost: it may say how the body ends
    "a line without a colon": (OK + b"bad\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "a second status line": (OK + OK + b"a: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "no name": (OK + b": 1\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "a name of other characters": (OK + b"\xe9: 1\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "a name with a space": (OK + b"a b: 1\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "a space after the name": (OK + b"a : 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "a mailbox": (OK + b"From me\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    "NUL": (OK + b"\0\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    # "chunked " would not be taken for a chunked body, but for one without an end
    "spaces after a value": (OK + b"a: 1 \t\r\nb: \r\n" + END, OK + b"a: 1\r\nb:\r\n" + END),
    "folded": (OK + b"a: 1\r\n  2\r\n\t3\r\n" + END, OK + b"a: 1 2 3\r\n" + END),
    "folded first": (OK + b" x\r\na: 1\r\n" + END, OK + b"a: 1\r\n" + END),
    # the parser would begin a new field at it
    "a bare CR": (OK + b"a: 1\rb: 2\r\n" + END, OK + b"a: 1 b: 2\r\n" + END),
}


def reader(content: bytes) -> BufferedReader:
    return BufferedReader(cast(Any, BytesIO(content)))


@pytest.mark.parametrize(("sent", "head"), READ.values(), ids=READ)
def test_a_head(sent: bytes, head: bytes) -> None:
    file = reader(sent + b"body")
    assert read_head(file) == head
    if head.startswith(OK):
        assert file.read() == b"body"


@pytest.mark.parametrize(("sent", "head"), READ.values(), ids=READ)
def test_a_head_that_is_cut_anywhere_is_no_head(sent: bytes, head: bytes) -> None:
    if head.startswith(OK):
        for at in range(len(sent)):
            with pytest.raises(RemoteDisconnected):
                read_head(reader(sent[:at]))


# (fields, the error; None for a body whose end can be found out)
FRAMING: dict[str, tuple[str, str | None]] = {
    "nothing": ("", None),
    "chunked": ("transfer-encoding: chunked\r\n", None),
    "chunked in capitals": ("Transfer-Encoding: Chunked \r\n", None),
    "chunked and a length": ("transfer-encoding: chunked\r\ncontent-length: x\r\n", None),
    "a length": ("content-length: 12\r\n", None),
    "a length twice": ("content-length: 12\r\ncontent-length: 12\r\n", None),
    "identity": ("transfer-encoding: identity\r\ncontent-length: 2\r\n", None),
    # a head that ends there: the body is then found to be missing
    "an empty length": ("content-length:\r\n", None),
    "an empty coding": ("transfer-encoding:\r\n", None),
    "gzip, chunked": ("transfer-encoding: gzip, chunked\r\n", "'gzip, chunked'"),
    "in two fields": ("transfer-encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "gzip, chunked"),
    "chunked twice": ("transfer-encoding: chunked, chunked\r\n", "'chunked, chunked'"),
    "chunked with a parameter": ("transfer-encoding: chunked;q=1\r\n", "chunked;q=1"),
    "gzip": ("transfer-encoding: gzip\r\ncontent-length: 2\r\n", "other than chunked: 'gzip'"),
    "a word": ("transfer-encoding: xchunked\r\n", "'xchunked'"),
    "two lengths": ("content-length: 2\r\ncontent-length: 3\r\n", "'2, 3'"),
    "a list of lengths": ("content-length: 2, 2\r\n", "not a content-length: '2, 2'"),
    "a negative length": ("content-length: -2\r\n", "'-2'"),
    "a length with a sign": ("content-length: +2\r\n", "'\\+2'"),
    "a length of words": ("content-length: two\r\n", "'two'"),
    "digits of another script": ("content-length: \u0662\r\n", "not a content-length"),
    "an endless length": (f"content-length: {'9' * 5000}\r\n", "not a content-length: '9{60}'"),
}


# against a body that is waited for until the timeout, because http.client takes it to have no end
@pytest.mark.parametrize(("fields", "fault"), FRAMING.values(), ids=FRAMING)
def test_how_the_body_ends(fields: str, fault: str | None) -> None:
    headers = message_from_string(fields + "\r\n", _class=HTTPMessage)
    refused: Any = contextlib.nullcontext()
    if fault is not None:
        refused = pytest.raises(HTTPException, match=fault)
    with refused:
        check_framing(headers)


# Each of these would go on for ever, or fill the memory.
ENDLESS: dict[str, tuple[bytes, type[Exception], str]] = {
    "100": (CONTINUE * 100, HTTPException, "more than 16 interim"),
    "several": (CONTINUE + b"HTTP/1.1 102 X\r\n\r\n" * 99, HTTPException, "more than 16 interim"),
    "fields": (OK + b"a: 1\r\n" * 200, HTTPException, "more than 100 lines"),
    "fields of an interim one": (CONTINUE[:-2] + b"a: 1\r\n" * 200, HTTPException, "100 lines"),
    "a field": (OK + b"a: " + b"x" * 70_000, LineTooLong, "header line"),
    "a status": (b"HTTP/1.1 200 " + b"x" * 70_000, LineTooLong, "header line"),
}


@pytest.mark.parametrize(("sent", "kind", "words"), ENDLESS.values(), ids=ENDLESS)
def test_a_head_without_end_is_refused(sent: bytes, kind: type[Exception], words: str) -> None:
    file = reader(sent * 3)
    with pytest.raises(kind, match=words):
        read_head(file)
    assert file.tell() < 100_000
