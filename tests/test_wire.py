"""What goes over the wire: secrets, bodies, answers and errors as they are read."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from samples import Bytes

from anthropix_py._wire import Request, Response
from anthropix_py._wire.reading import error_from, read_error, read_object, request_id
from anthropix_py._wire.secret import Secret
from anthropix_py.errors import DecodeError, TransportError

KEY = "sk-ant-the-key-0123456789"


def response(
    body: bytes | list[bytes | TransportError] = b"", status: int = 200, **headers: str
) -> Response:
    """Give an answer; an error among the chunks is raised where it stands."""

    def chunks() -> Iterator[bytes]:
        for chunk in [body] if isinstance(body, bytes) else body:
            if isinstance(chunk, TransportError):
                raise chunk
            yield chunk

    return Response(
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        chunks(),
        lambda: None,
    )


BROKEN = TransportError("closed", "gone", sent=True)

SHOWN: dict[str, Any] = {
    "str": str,
    "repr": repr,
    "ascii": ascii,
    "f": lambda secret: f"{secret}",
    "f padded": lambda secret: f"{secret:>40}",
    "f str": lambda secret: f"{secret!s:<9}",
    "f repr": lambda secret: f"{secret!r}",
    "percent s": lambda secret: "%s" % secret,  # noqa: UP031
    "percent r": lambda secret: "%r" % secret,  # noqa: UP031
    "list": lambda secret: str([secret]),
    "dict": lambda secret: repr({"a": secret}),
    "error": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "copy": lambda secret: str(copy.copy(secret)) + repr(copy.deepcopy(secret)),
    "pickle": lambda secret: str(pickle.loads(pickle.dumps(secret))),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_a_secret_shows_itself_nowhere(show: Any) -> None:
    text = show(Secret(KEY))
    assert "***" in text
    assert KEY not in text


def test_a_secret_goes_out_as_it_is() -> None:
    secret = Secret(KEY)
    assert secret.encode() == secret.encode("latin-1") == KEY.encode()
    assert ("Bearer " + secret).encode() == b"Bearer " + KEY.encode()
    assert secret == KEY
    assert hash(secret) == hash(KEY)
    assert len(secret) == len(KEY)
    assert pickle.loads(pickle.dumps(secret)).encode() == KEY.encode()


def test_a_request_prints_without_its_query_and_headers() -> None:
    request = Request("GET", f"https://h/x?k={KEY}", {"x-api-key": KEY}, Bytes(KEY.encode()))
    assert repr(request) == str(request) == "<Request GET https://h/x>"


def test_bytes_can_be_sent_again() -> None:
    body = Bytes("\u2603".encode())
    assert body.length == 3
    assert [b"".join(body), b"".join(body)] == ["\u2603".encode()] * 2


OBJECTS: dict[str, tuple[list[bytes | TransportError], dict[str, object]]] = {
    "empty object": ([b"{}"], {}),
    "pieces": ([b'{"a"', b"", b":1", b"}"], {"a": 1}),
    "cut character": ([b'{"a":"\xe2', b'\x98\x83"}'], {"a": "\u2603"}),
    "bom": ([b"\xef\xbb\xbf{}"], {}),
    "spaces": ([b"\r\n {}\n"], {}),
    "bytewise": ([bytes([one]) for one in b'{"a":[null]}'], {"a": [None]}),
}


@pytest.mark.parametrize("case", OBJECTS.values(), ids=OBJECTS)
def test_read_object(case: tuple[list[bytes | TransportError], dict[str, object]]) -> None:
    assert read_object(response(case[0])) == case[1]
    assert read_object(response(case[0], content_type="text/html")) == case[1]


NO_OBJECTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "blank": (b" \n", "not JSON"),
    "html": (b"<html>gateway</html>", "not JSON"),
    "cut": (b'{"a":', "not JSON"),
    "two": (b"{}{}", "not JSON"),
    "latin-1": (b'{"a":"\xe9"}', "not JSON"),
    "utf-16": ("{}".encode("utf-16"), "not JSON"),
    "deep": (b'{"a":' * 100_000, "not JSON"),
    "list": (b"[{}]", "not a JSON object"),
    "text": (b'"a"', "not a JSON object"),
    "null": (b"null", "not a JSON object"),
    "true": (b"true", "not a JSON object"),
    "number": (b"0", "not a JSON object"),
}


@pytest.mark.parametrize("case", NO_OBJECTS.values(), ids=NO_OBJECTS)
def test_read_object_refuses(case: tuple[bytes, str]) -> None:
    body, word = case
    with pytest.raises(DecodeError, match=f"^the answer is {word}") as caught:
        read_object(response(body, request_id="req_1", content_length=str(len(body))))
    assert caught.value.request_id == "req_1"
    assert caught.value.excerpt == body.decode("utf-8", "replace")[:200]
    assert (caught.value.line, caught.value.offset) == (None, None)


def test_read_object_passes_a_broken_connection_on() -> None:
    with pytest.raises(TransportError) as caught:
        read_object(response([b'{"a":', BROKEN]))
    assert caught.value is BROKEN


@pytest.mark.parametrize(
    "headers", [{}, {"content_encoding": "gzip"}, {"content_type": "text/html"}], ids=str
)
@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]], ids=["none", "one", "two"])
def test_an_answer_without_end_or_content_was_cut(
    headers: dict[str, str], chunks: list[bytes | TransportError]
) -> None:
    with pytest.raises(TransportError) as caught:
        read_object(response(chunks, 200, **headers))
    assert (caught.value.reason, caught.value.sent) == ("closed", True)
    assert read_error(response(chunks, 500, **headers)).status == 500


ENCODED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(b'{"a":1}')),
    "capitals": (" GZIP ", gzip.compress(b'{"a":1}')),
    "old name": ("x-gzip", gzip.compress(b'{"a":1}')),
    "members": ("gzip", gzip.compress(b'{"a"') + gzip.compress(b":1}")),
    "identity": ("identity", b'{"a":1}'),
    "empty": ("", b'{"a":1}'),
}


@pytest.mark.parametrize("case", ENCODED.values(), ids=ENCODED)
def test_content_encodings_at_every_split(case: tuple[str, bytes]) -> None:
    encoding, body = case
    for at in range(len(body) + 1):
        assert read_object(response([body[:at], body[at:]], content_encoding=encoding)) == {"a": 1}


MISENCODED: dict[str, tuple[str, bytes, type[Exception]]] = {
    "br": ("br", b'{"a":1}', DecodeError),
    "deflate": ("deflate", zlib.compress(b'{"a":1}'), DecodeError),
    "two": ("gzip, gzip", gzip.compress(gzip.compress(b'{"a":1}')), DecodeError),
    "gzip that is none": ("gzip", b'{"a":1}', TransportError),
    "cut gzip": ("gzip", gzip.compress(b'{"a":1}')[:-1], TransportError),
    "bad checksum": ("gzip", gzip.compress(b'{"a":1}')[:-8] + b"\0" * 8, TransportError),
}


@pytest.mark.parametrize("case", MISENCODED.values(), ids=MISENCODED)
def test_content_encodings_that_cannot_be_read(case: tuple[str, bytes, type[Exception]]) -> None:
    encoding, body, kind = case
    with pytest.raises(kind):
        read_object(response(body, content_encoding=encoding))
    assert read_error(response(body, 500, content_encoding=encoding)).status == 500


def enveloped(**fields: Any) -> bytes:
    return json.dumps(
        {"type": "error", "error": {"type": "api_error", "message": "No"}, **fields}
    ).encode()


DETAILS = {
    "type": "rate_limit_error",
    "message": "No",
    "details": {"error_code": "ramp_limit_exceeded"},
}

# (body, headers, expected fields)
ERRORS: dict[str, tuple[bytes, dict[str, str], dict[str, object]]] = {
    "enveloped": (
        enveloped(request_id="req_b"),
        {},
        {"type": "api_error", "message": "No", "error_code": None, "request_id": "req_b"},
    ),
    "id of the header": (enveloped(request_id="req_b"), {"request_id": "req_h"}, {"request_id": "req_h"}),
    "id null": (enveloped(request_id=None), {"request_id": "req_h"}, {"request_id": "req_h"}),
    "no id": (enveloped(), {}, {"request_id": None}),
    "code": (enveloped(error=DETAILS), {}, {"type": "rate_limit_error", "error_code": "ramp_limit_exceeded"}),
    "details null": (enveloped(error={"type": "t", "details": None}), {}, {"type": "t", "error_code": None}),
    "details a list": (enveloped(error={"details": ["error_code"]}), {}, {"error_code": None}),
    "details a text": (enveloped(error={"details": "error_code"}), {}, {"error_code": None}),
    "code a number": (enveloped(error={"details": {"error_code": 5}}), {}, {"error_code": None}),
    "unenveloped": (b'{"type":"t","message":"No","x":1}', {}, {"type": "t", "message": "No"}),
    "message alone": (b'{"message":"No"}', {}, {"type": None, "message": "No"}),
    "error a text": (b'{"error":"No"}', {}, {"type": None, "message": "No"}),
    "error null": (b'{"error":null,"message":"No"}', {}, {"message": "No"}),
    "error a list": (b'{"error":["No"],"message":"Oh"}', {}, {"message": "Oh"}),
    "empty object": (b"{}", {}, {"type": None, "message": None, "error_code": None, "body": {}}),
    "odd types": (b'{"error":{"type":1,"message":{}}}', {}, {"type": None, "message": None}),
    "id a number": (b'{"error":{},"request_id":7}', {}, {"request_id": None}),
    "bom": (b"\xef\xbb\xbf" + enveloped(), {}, {"message": "No"}),
    "called html": (enveloped(), {"content_type": "text/html"}, {"message": "No"}),
    "html": (
        b"<html>\n <body>502  Bad\tGateway</body>\r\n</html>\n",
        {"content_type": "text/html", "request_id": "req_h"},
        {
            "type": None,
            "message": "<html> <body>502 Bad Gateway</body> </html>",
            "body": "<html>\n <body>502  Bad\tGateway</body>\r\n</html>\n",
            "request_id": "req_h",
        },
    ),
    "empty": (b"", {}, {"type": None, "message": None, "body": "", "request_id": None}),
    "blank": (b" \r\n\t", {}, {"message": None, "body": " \r\n\t"}),
    "long": (b"ab " * 1000, {}, {"message": ("ab " * 1000)[:200], "body": "ab " * 1000}),
    "text": (b"No", {}, {"message": "No", "body": "No"}),
    "cut json": (enveloped()[:-1], {}, {"type": None, "message": enveloped()[:-1].decode()}),
    "deep json": (b'{"a":' * 50_000, {}, {"type": None, "message": ('{"a":' * 50_000)[:200]}),
    "latin-1 by name": (b"d\xe9faut", {"content_type": "text/plain; charset=ISO-8859-1"}, {"message": "d\xe9faut"}),
    "latin-1 unnamed": (b"d\xe9faut", {}, {"message": "d\ufffdfaut"}),
    "utf-16": (enveloped().decode().encode("utf-16"), {"content_type": 'x/y; charset="utf-16"'}, {"message": "No"}),
    "shift-jis": ("\u7121".encode("shift-jis"), {"content_type": "a/b;charset=shift_jis; c=d"}, {"message": "\u7121"}),
    "unknown charset": (b"No", {"content_type": "text/html; charset=martian"}, {"message": "No"}),
    "charset that is no text": (b"No", {"content_type": "text/html; charset=hex"}, {"message": "No"}),
    "no charset": (b"No", {"content_type": "text/html; charset="}, {"message": "No"}),
    "wrong charset": (b"\xff\xfe\xfd", {"content_type": "text/html; charset=ascii"}, {"message": "\ufffd" * 3}),
    "nul": (b"\0", {}, {"message": "\0"}),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_read_error(case: tuple[bytes, dict[str, str], dict[str, object]]) -> None:
    body, headers, expected = case
    error = read_error(response(body, 502, **headers))
    assert {name: getattr(error, name) for name in expected} == expected
    assert error.status == 502
    assert error.headers == {name.replace("_", "-"): value for name, value in headers.items()}
    bytewise: list[bytes | TransportError] = [body[at : at + 1] for at in range(len(body))]
    again = read_error(response(bytewise, 502, **headers))
    assert vars(again) == vars(error)


TRUNCATED: dict[str, tuple[list[bytes | TransportError], str | None]] = {
    "at once": ([BROKEN], None),
    "in text": ([b"Bad Gate", BROKEN], "Bad Gate"),
    "in json": ([b'{"error":', BROKEN], '{"error":'),
    "in a character": ([b"\xe2\x98", BROKEN], "\ufffd"),
    "after json": ([b'{"error":{"message":"No"}}', BROKEN], "No"),
}


@pytest.mark.parametrize("case", TRUNCATED.values(), ids=TRUNCATED)
def test_a_broken_connection_leaves_what_came(
    case: tuple[list[bytes | TransportError], str | None],
) -> None:
    chunks, message = case
    error = read_error(response(chunks, 503))
    assert (error.status, error.message) == (503, message)


def test_an_endless_error_is_read_to_a_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 65536

    error = read_error(Response(500, {}, endless(), lambda: None))
    assert isinstance(error.body, str)
    assert 200 < len(error.body) < 10_000_000
    assert taken < 100


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [b"", b"<html>Moved</html>"], ids=["empty", "html"])
def test_a_redirect_names_its_target(status: int, body: bytes) -> None:
    error = read_error(response(body, status, location="https://elsewhere.example/x"))
    assert error.status == status
    assert "redirects are not followed" in str(error)
    assert "'https://elsewhere.example/x'" in str(error)


ECHOES: dict[str, tuple[bytes, dict[str, str]]] = {
    "text": (f"no such key: {KEY}".encode(), {}),
    "twice": (f"{KEY} {KEY}".encode(), {}),
    "split by nothing": (f"x{KEY}{KEY}x".encode(), {}),
    "message": (json.dumps({"error": {"type": "t", "message": f"bad {KEY}!"}}).encode(), {}),
    "type": (json.dumps({"error": {"type": KEY}}).encode(), {}),
    "key of an object": (json.dumps({KEY: 1, "message": KEY}).encode(), {}),
    "deep inside": (json.dumps({"a": [{"b": f"Bearer {KEY}"}]}).encode(), {}),
    "id": (json.dumps({"message": "x", "request_id": KEY}).encode(), {}),
    "html": (f"<pre>x-api-key: {KEY}</pre>".encode(), {"content_type": "text/html"}),
    "utf-16": (KEY.encode("utf-16"), {"content_type": "text/html; charset=utf-16"}),
    "past the message": (b"x" * 300 + KEY.encode(), {}),
    "across the message's end": (b"x" * 190 + KEY.encode(), {}),
    "cut json": (f'{{"message":"{KEY}'.encode(), {}),
    "after rubbish": (b"\xff\xfe" + KEY.encode(), {}),
}


@pytest.mark.parametrize("case", ECHOES.values(), ids=ECHOES)
def test_a_secret_echoed_back_is_struck_out(case: tuple[bytes, dict[str, str]]) -> None:
    body, headers = case
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        error = read_error(
            response(list(pieces), 401, **headers), [Secret("other-secret"), Secret(KEY)]
        )
        text = f"{error} {error!r} {vars(error)}"
        assert KEY not in text
        assert KEY[:12] not in text
        assert "***" in text


def test_nothing_is_struck_out_without_secrets() -> None:
    assert read_error(response(b"*** sk", 401)).message == "*** sk"


def test_error_from_keeps_the_body_itself() -> None:
    body: dict[str, object] = {
        "type": "error",
        "error": {"type": "t", "message": "m", "new": [1]},
        "x": None,
    }
    error = error_from(529, {"retry-after": "3"}, body)
    assert error.body is body
    assert str(error) == "529 t: m (retry-after: 3)"


@pytest.mark.parametrize("headers", [{}, {"request_id": "req_1"}], ids=["none", "one"])
def test_request_id(headers: dict[str, str]) -> None:
    assert request_id(response(b"", 200, **headers)) == headers.get("request_id")


SECRETS = ("sk-abcdefgh-long", "sk-abcdefgh", "sk-a/b-cdef")

REPEATED: dict[str, tuple[bytes, str]] = {
    "one within another": (b"you sent sk-abcdefgh-long", "you sent ***"),
    "a slash escaped": (b'{"message": "sk-a\\/b-cdef"}', "***"),
    "escaped by number": (b'{"message": "sk\\u002dabcdefgh"}', "***"),
    "in a list": (b'["sk-abcdefgh"]', '["***"]'),
    "as a key": (b'{"message": "m", "sk-abcdefgh": 1}', "m"),
}


@pytest.mark.parametrize(("body", "message"), REPEATED.values(), ids=REPEATED)
def test_an_echoed_secret_is_struck_out_everywhere(body: bytes, message: str) -> None:
    headers = {"location": "https://x/?key=sk-abcdefgh"}
    error = read_error(Response(400, headers, iter((body,)), lambda: None), SECRETS)
    assert error.message == message
    assert "sk-" not in repr(error)


CHARSETS = ("idna", "undefined", "punycode", "\0", "hex", "rot13", "utf-7", "no such")


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize(
    "body", [b"", b"\xff", b'{"message": "m"}'], ids=["empty", "a byte", "JSON"]
)
def test_no_charset_of_the_server_loses_its_answer(charset: str, body: bytes) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    assert read_error(Response(400, headers, iter((body,)), lambda: None)).status == 400


def test_a_byte_order_mark_before_an_error_in_json() -> None:
    body = b'\xef\xbb\xbf{"message": "m"}'
    headers = {"content-type": "application/json; charset=utf-8"}
    assert read_error(Response(400, headers, iter((body,)), lambda: None)).message == "m"


@pytest.mark.parametrize(
    ("headers", "message"),
    [({"location": "/x"}, "leads to '/x'"), ({}, "names no target")],
    ids=["with a target", "without"],
)
def test_a_redirect_with_a_body_in_json(headers: dict[str, str], message: str) -> None:
    error = read_error(Response(307, headers, iter((b'{"message": "m"}',)), lambda: None))
    assert error.message is not None
    assert error.message.endswith(message)
