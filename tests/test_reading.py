"""Responses as they are read: the content, the JSON object in it, or the error that it is."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from anthropix_py._wire import Response
from anthropix_py._wire.reading import error_from, read_error, read_object, request_id
from anthropix_py.errors import DecodeError, TransportError

MOST = 1 << 20  # bytes


def read(one: Response) -> dict[str, object]:
    return read_object(one, MOST)


Chunk = bytes | TransportError


def response(body: bytes | list[Chunk] = b"", status: int = 200, **headers: str) -> Response:
    """Return a response; an error among its chunks is raised when it is reached."""

    def chunks() -> Iterator[bytes]:
        for chunk in [body] if isinstance(body, bytes) else body:
            if isinstance(chunk, TransportError):
                raise chunk
            yield chunk

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, chunks(), lambda: None)


def bytewise(body: bytes) -> list[Chunk]:
    return [body[at : at + 1] for at in range(len(body))]


BROKEN = TransportError("closed", "gone", sent=True)

OBJECTS: dict[str, tuple[list[Chunk], dict[str, object]]] = {
    "empty object": ([b"{}"], {}),
    "several chunks": ([b'{"a"', b"", b":1", b"}"], {"a": 1}),
    "a character cut in two": ([b'{"a":"\xe2', b'\x98\x83"}'], {"a": "\u2603"}),
    "a byte order mark": ([b"\xef\xbb\xbf{}"], {}),
    "space around it": ([b"\r\n {}\n"], {}),
    "byte by byte": (bytewise(b'{"a":[null]}'), {"a": [None]}),
}


@pytest.mark.parametrize(("chunks", "expected"), OBJECTS.values(), ids=OBJECTS)
def test_read_object(chunks: list[Chunk], expected: dict[str, object]) -> None:
    assert read(response(chunks)) == expected
    # against a gateway that gives every body its own type
    assert read(response(chunks, content_type="text/html")) == expected


NOT_OBJECTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "blank": (b" \n", "not JSON"),
    "html": (b"<html>gateway</html>", "not JSON"),
    "cut": (b'{"a":', "not JSON"),
    "two": (b"{}{}", "not JSON"),
    "latin-1": (b'{"a":"\xe9"}', "not JSON"),
    "utf-16": ("{}".encode("utf-16"), "not JSON"),
    "too deep for the parser": (b'{"a":' * 100_000, "not JSON"),
    "list": (b"[{}]", "not a JSON object"),
    "text": (b'"a"', "not a JSON object"),
    "null": (b"null", "not a JSON object"),
    "true": (b"true", "not a JSON object"),
    "number": (b"0", "not a JSON object"),
}


@pytest.mark.parametrize(("body", "words"), NOT_OBJECTS.values(), ids=NOT_OBJECTS)
def test_read_object_refuses(body: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=f"^the response is {words}") as caught:
        read(response(body, request_id="req_1", content_length=str(len(body))))
    error = caught.value
    assert (error.request_id, error.line, error.offset) == ("req_1", None, None)
    assert error.excerpt == body.decode("utf-8", "replace")[:200]


def test_read_object_passes_the_error_of_a_broken_connection_on() -> None:
    with pytest.raises(TransportError) as caught:
        read(response([b'{"a":', BROKEN]))
    assert caught.value is BROKEN


# against a head that was cut before its framing: it looks like an empty body
@pytest.mark.parametrize("name", ["x_none", "content_encoding", "content_length"])
@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]], ids=["none", "one", "two"])
def test_a_response_without_length_and_body_was_cut(name: str, chunks: list[Chunk]) -> None:
    headers = {name: "gzip" if name == "content_encoding" else ""}
    with pytest.raises(TransportError) as caught:
        read(response(chunks, 200, **headers))
    assert (caught.value.reason, caught.value.sent) == ("closed", True)
    assert read_error(response(chunks, 500, **headers)).status == 500


OBJECT = b'{"a":1}'
ENCODED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(OBJECT)),
    "capitals": (" GZIP ", gzip.compress(OBJECT)),
    "old name": ("x-gzip", gzip.compress(OBJECT)),
    "two members": ("gzip", gzip.compress(OBJECT[:3]) + gzip.compress(OBJECT[3:])),
    "identity": ("identity", OBJECT),
    "empty": ("", OBJECT),
}


@pytest.mark.parametrize(("encoding", "body"), ENCODED.values(), ids=ENCODED)
def test_content_encodings_at_every_split(encoding: str, body: bytes) -> None:
    for at in range(len(body) + 1):
        assert read(response([body[:at], body[at:]], content_encoding=encoding)) == {"a": 1}


UNREADABLE: dict[str, tuple[str, bytes, type[Exception]]] = {
    "br": ("br", OBJECT, DecodeError),
    "deflate": ("deflate", zlib.compress(OBJECT), DecodeError),
    "gzip twice": ("gzip, gzip", gzip.compress(gzip.compress(OBJECT)), DecodeError),
    "not gzip": ("gzip", OBJECT, TransportError),
    "cut gzip": ("gzip", gzip.compress(OBJECT)[:-1], TransportError),
    "bad checksum": ("gzip", gzip.compress(OBJECT)[:-8] + b"\0" * 8, TransportError),
}


@pytest.mark.parametrize(("encoding", "body", "kind"), UNREADABLE.values(), ids=UNREADABLE)
def test_content_that_cannot_be_decoded(encoding: str, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read(response(body, content_encoding=encoding))
    # the status of an error is known without its body
    assert read_error(response(body, 500, content_encoding=encoding)).status == 500


def in_envelope(**fields: Any) -> bytes:
    error = {"type": "api_error", "message": "No"}
    return json.dumps({"type": "error", "error": error, **fields}).encode()


def details(value: object) -> bytes:
    return in_envelope(error={"type": "t", "details": value})


def in_type(charset: str) -> dict[str, str]:
    return {"content_type": f"text/plain; charset={charset}"}


PAGE = b"<html>\n <body>502  Bad\tGateway</body>\r\n</html>\n"
WORDS = "<html> <body>502 Bad Gateway</body> </html>"
HTML_FIELDS = {"message": WORDS, "body": PAGE.decode(), "request_id": "h"}
NOTHING: dict[str, object] = {"type": None, "message": None, "error_code": None, "request_id": None}

# (body, headers, expected fields)
ERRORS: dict[str, tuple[bytes, dict[str, str], dict[str, object]]] = {
    "enveloped": (in_envelope(), {}, {**NOTHING, "type": "api_error", "message": "No"}),
    "an id in the body": (in_envelope(request_id="req_b"), {}, {"request_id": "req_b"}),
    "the header's id": (in_envelope(request_id="b"), {"request_id": "h"}, {"request_id": "h"}),
    "an id of null": (in_envelope(request_id=None), {"request_id": "h"}, {"request_id": "h"}),
    "a code": (details({"error_code": "ramp"}), {}, {"type": "t", "error_code": "ramp"}),
    "details null": (details(None), {}, {"type": "t", "error_code": None}),
    "details a list": (details(["error_code"]), {}, {"error_code": None}),
    "details a text": (details("error_code"), {}, {"error_code": None}),
    "a code that is a number": (details({"error_code": 5}), {}, {"error_code": None}),
    "no envelope": (b'{"type":"t","message":"No","x":1}', {}, {"type": "t", "message": "No"}),
    "a message alone": (b'{"message":"No"}', {}, {"type": None, "message": "No"}),
    "error a text": (b'{"error":"No"}', {}, {"type": None, "message": "No"}),
    "error null": (b'{"error":null,"message":"No"}', {}, {"message": "No"}),
    "error a list": (b'{"error":["No"],"message":"Oh"}', {}, {"message": "Oh"}),
    "an empty object": (b"{}", {}, {**NOTHING, "body": {}}),
    "other types": (b'{"error":{"type":1,"message":{}},"request_id":7}', {}, NOTHING),
    "a list": (b"[1]", {}, {**NOTHING, "message": "[1]", "body": [1]}),
    "a byte order mark": (b"\xef\xbb\xbf" + in_envelope(), {}, {"message": "No"}),
    "JSON called html": (in_envelope(), {"content_type": "text/html"}, {"message": "No"}),
    "html": (PAGE, {"request_id": "h"}, {**NOTHING, **HTML_FIELDS}),
    "empty": (b"", {}, {**NOTHING, "body": ""}),
    "blank": (b" \r\n\t", {}, {"message": None, "body": " \r\n\t"}),
    "long": (b"ab " * 1000, {}, {"message": ("ab " * 1000)[:200], "body": "ab " * 1000}),
    "text": (b"No", {}, {"message": "No", "body": "No"}),
    "cut JSON": (in_envelope()[:-1], {}, {"type": None, "message": in_envelope()[:-1].decode()}),
    "deep JSON": (b'{"a":' * 50_000, {}, {"type": None, "message": ('{"a":' * 50_000)[:200]}),
    "latin-1": (b"d\xe9faut", in_type("ISO-8859-1"), {"message": "d\xe9faut"}),
    "latin-1 in JSON": (b'{"message":"\xe9"}', in_type("latin-1"), {"message": "\xe9"}),
    "latin-1 not named": (b"d\xe9faut", {}, {"message": "d\ufffdfaut"}),
    # others than UTF-8, ASCII and Latin-1 can take minutes, or mean something else
    "another charset": (in_envelope(), in_type("punycode"), {"message": "No"}),
    "an unknown charset": (b"m\xff", in_type("martian"), {"message": "m\ufffd"}),
    "no charset": (b"No", in_type(""), {"message": "No"}),
    "a wrong charset": (b"\xff\xfe\xfd", in_type("ascii"), {"message": "\ufffd" * 3}),
    "NUL": (b"\0", {}, {"message": "\0"}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "headers", "expected"), ERRORS.values(), ids=ERRORS)
def test_read_error(body: bytes, headers: dict[str, str], expected: dict[str, object]) -> None:
    error = read_error(response(body, 502, **headers))
    assert {name: getattr(error, name) for name in expected} == expected
    assert error.status == 502
    assert error.headers == {name.replace("_", "-"): value for name, value in headers.items()}
    assert vars(read_error(response(bytewise(body), 502, **headers))) == vars(error)


# against codecs of Python that are not charsets, or that raise other errors than the usual
CODECS = ("idna", "undefined", "punycode", "\0", "hex", "rot13", "utf-7", "no such")


@pytest.mark.parametrize("charset", CODECS)
@pytest.mark.parametrize("body", [b"", b"\xff", b'{"message": "m"}'], ids=repr)
def test_no_charset_hides_the_status(charset: str, body: bytes) -> None:
    assert read_error(response(body, 400, **in_type(charset))).status == 400


TRUNCATED: dict[str, tuple[list[Chunk], str | None]] = {
    "at once": ([BROKEN], None),
    "in text": ([b"Bad Gate", BROKEN], "Bad Gate"),
    "in JSON": ([b'{"error":', BROKEN], '{"error":'),
    "in a character": ([b"\xe2\x98", BROKEN], "\ufffd"),
    "after JSON": ([b'{"error":{"message":"No"}}', BROKEN], "No"),
}


@pytest.mark.parametrize(("chunks", "message"), TRUNCATED.values(), ids=TRUNCATED)
def test_an_error_that_breaks_off_keeps_what_arrived(
    chunks: list[Chunk], message: str | None
) -> None:
    error = read_error(response(chunks, 503))
    assert (error.status, error.message) == (503, message)


def test_a_body_without_end_is_read_to_a_limit() -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(65536)
            yield b" " * 65536

    error = read_error(Response(500, {}, endless(), lambda: None))
    assert len(str(error.body)) == 1 << 20 == sum(taken)
    taken.clear()
    with pytest.raises(DecodeError, match=r"longer than 1,048,576 bytes"):
        read(Response(200, {}, endless(), lambda: None))
    assert sum(taken) == MOST + 65536


def test_a_compressed_bomb_is_inflated_to_the_limit() -> None:
    bomb = gzip.compress(b" " * (70 << 20))
    with pytest.raises(DecodeError, match=r"longer than 1,048,576 bytes"):
        read(response(bomb, content_encoding="gzip"))


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", b"<html>Moved</html>", b'{"message": "m"}'], ids=repr)
def test_a_redirect_names_its_target(status: int, body: bytes) -> None:
    error = read_error(response(body, status, location="https://elsewhere.example/x"))
    words = "redirects are not followed; this one leads to 'https://elsewhere.example/x'"
    assert (error.status, error.message) == (status, words)
    assert str(read_error(response(body, status))).endswith("this one has no location")


def test_error_from_keeps_the_body_itself() -> None:
    error = {"type": "t", "message": "m", "new": [1]}
    body: dict[str, object] = {"type": "error", "error": error, "x": None}
    made = error_from(529, {"retry-after": "3"}, body)
    assert made.body is body
    assert str(made) == "529 t: m (retry-after: 3)"


@pytest.mark.parametrize("headers", [{}, {"request_id": "req_1"}], ids=["none", "one"])
def test_request_id(headers: dict[str, str]) -> None:
    assert request_id(response(b"", 200, **headers)) == headers.get("request_id")
