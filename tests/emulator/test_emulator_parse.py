"""Bodies of creates, read one request at a time: any split, any nonsense, little memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py.emulator._parse import RequestReader, parse_json
from anthropix_py.emulator._refusal import Refusal

MIB = 1 << 20
NOT_JSON = "The request body is not valid JSON: "
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(chunks: Iterable[bytes]) -> tuple[list[Any], Any]:
    """Return the requests and the remainder; each text must mean what its value is."""
    requests = RequestReader(chunks)
    found = []
    for value, text in requests:
        assert json.loads(text) == value
        found.append(value)
    return found, requests.remainder


def refused(chunks: Iterable[bytes]) -> str:
    with pytest.raises(Refusal) as raised:
        read(chunks)
    assert (raised.value.status, raised.value.type) == (400, "invalid_request_error")
    return raised.value.message


def split(body: bytes, *places: int) -> list[bytes]:
    edges = [0, *sorted(places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


PAD = b'{"pad":"' + b"x" * MIB + b'"}'
BODIES: dict[str, bytes] = {
    "objects": b'{"requests":[{"custom_id":"a","params":{"n":[1,{"b":"]}"}]}},{"custom_id":"b"}]}',
    "spaced": b' \n{ "requests"\t:\r\n[ {"a" : 1 } , {"b":[ ] } ] } \n',
    "strings": (
        '{"requests":["caf\u00e9\u2028\U0001f600","\\u00e9\\ud83d\\ude00","\\"]},{\\\\"]}'.encode()
    ),
    "words": b'{"requests":[true,false,null,{},[],""]}',
    "numbers": b'{"requests":[{"a":-1.5e+10,"b":0.25},{"c":12345678901234567890}]}',
    "none": b'{"requests":[]}',
    "more": b'{"requests":[{"a":1}],"x":{"requests":[1]},"y":[2]}',
    "after another key": b'{"x":1,"requests":[{"a":1},{"b":2}]}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_split_reads_the_same(body: bytes) -> None:
    complete = json.loads(body)
    expected = (complete["requests"], {**complete, "requests": []})
    for place in range(len(body) + 1):
        assert read(split(body, place)) == expected, place
    assert read(bytes((byte,)) for byte in body) == expected
    assert read([b"", *split(body, 3), b"", b""]) == expected


@pytest.mark.parametrize("body", [BODIES[name] for name in ("objects", "strings", "words", "more")])
def test_every_split_after_the_first_block(body: bytes) -> None:
    begin = body.index(b"[") + 1
    large = body[:begin] + PAD + b"," + body[begin:]
    offset = len(large) - len(body) + begin
    complete = json.loads(large)
    for place in range(offset - 2, len(large) + 1, 1 if len(body) < 60 else 2):
        requests = RequestReader(split(large, place))
        assert [value for value, _ in requests] == complete["requests"], place
        assert requests.remainder == {**complete, "requests": []}


@given(
    requests=st.lists(JSON, max_size=5),
    data=st.data(),
    indent=st.sampled_from([None, 1]),
    ascii=st.booleans(),
)
def test_value_and_text_agree(
    requests: list[Any], data: st.DataObject, indent: int | None, ascii: bool
) -> None:
    text = json.dumps({"requests": requests}, indent=indent, ensure_ascii=ascii)
    body = text.encode(errors="replace")
    places = data.draw(st.lists(st.integers(0, len(body)), max_size=4))
    assert read(split(body, *places)) == (json.loads(body)["requests"], {"requests": []})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"requests"',
        b'{"requests":',
        b'{"requests":[',
        b'{"requests":[{"a":1}',
        b'{"requests":[{"a":1},',
        b'{"requests":[{"a":1}]',
        b'{"requests":[{"a":1},]}',
        b'{"requests":[,{"a":1}]}',
        b'{"requests":[{"a":1} {"b":2}]}',
        b'{"requests":[{"a":1}}]',
        b'{"requests":[{"a":1}]]}',
        b'{"requests":[{"a":1}]} x',
        b'{"requests":[{"a":1}]}{}',
        b'{"requests":[{"a":1}],}',
        b'{"requests":[{"a":1},{"b":]}',
        b"{'requests':[]}",
        b'{"requests":[NaN]}',
        b'{"requests":[{"a":Infinity}]}',
        b'{"requests":[],"x":-Infinity}',
        b'{"requests":["\n"]}',
        b'{"requests":["\xff"]}',
        b'{"requests":["\xc3',
        b'{"requests":["\xed\xa0\x80"]}',
        b'\xef\xbb\xbf{"requests":[]}',
        b"\xff\xfe{\x00}\x00",
        b'{"requests":[tru]}',
        b'{"requests":[01]}',
        b'{"requests":["\\x"]}',
        b'{"requests":[' + b"[" * 200_000,
        b'{"x":' + b"[" * 200_000,
        b'{"requests":[' + b"1" * 5000 + b"]}",
    ],
    ids=lambda body: ascii(body[:32].decode("latin-1")) + str(len(body)),
)
def test_a_body_that_is_not_json(body: bytes) -> None:
    message = refused([body])
    assert message.startswith(NOT_JSON)
    assert len(message) < 300
    for place in {1, len(body) // 2, max(0, len(body) - 1)}:
        assert refused(split(body, min(place, len(body)))).startswith(NOT_JSON)
    with pytest.raises(Refusal, match=NOT_JSON):
        parse_json([body])


@pytest.mark.parametrize(
    ("body", "rest"),
    [
        (b"[]", []),
        (b"1", 1),
        (b'"requests"', "requests"),
        (b"null", None),
        (b"{}", {}),
        (b'{"requests":null}', {"requests": None}),
        (b'{"requests":{"a":1}}', {"requests": {"a": 1}}),
        (b'{"requests":"[]"}', {"requests": "[]"}),
        (b'{"Requests":[1]}', {"Requests": [1]}),
        (b'{"x":{"requests":[1]}}', {"x": {"requests": [1]}}),
        (b'{"requests":[],"x":[1]}', {"requests": [], "x": [1]}),
    ],
)
def test_a_body_without_requests(body: bytes, rest: object) -> None:
    assert read([body]) == ([], rest)
    assert read(bytes((byte,)) for byte in body) == ([], rest)
    assert parse_json([body]) == rest


def test_requests_before_the_fault_have_been_yielded() -> None:
    requests = iter(RequestReader([b'{"requests":[{"a":1},{"b":2},oops]}']))
    assert [next(requests)[0] for _ in range(2)] == [{"a": 1}, {"b": 2}]
    with pytest.raises(Refusal):
        next(requests)


def test_an_error_of_the_chunks_is_not_caught() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"requests":['
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        read(chunks())


@pytest.mark.parametrize("size", [2_500, 64 * 1024, 400_000], ids=["2.5K", "64K", "400K"])
def test_a_large_body_takes_little_memory(size: int) -> None:
    count = 20_000_000 // size
    element = b'{"custom_id":"%%08d","params":{"text":"%s"}}' % (b"x" * size)

    def chunks() -> Iterator[bytes]:
        yield b'{"requests":['
        for number in range(count):
            line = element % number + (b"," if number < count - 1 else b"]}")
            for start in range(0, len(line), 65536):
                yield line[start : start + 65536]

    seen = 0
    tracemalloc.start()
    try:
        for value, text in RequestReader(chunks()):
            assert value["custom_id"] == f"{seen:08d}"
            assert len(text) == len(element) - len("%08d") + 8
            seen += 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == count
    assert peak < 8 * MIB


@pytest.mark.parametrize("first", [b"1", b""], ids=["one", "none"])
def test_requests_that_are_there_twice_are_refused(first: bytes) -> None:
    with pytest.raises(Refusal, match="twice"):
        list(RequestReader([b'{"requests":[' + first + b'],"requests":[2]}']))
