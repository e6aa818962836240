"""Rows from bytes, cut anywhere."""

from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._seen import Seen
from anthropix_py.batch import _jsonl
from anthropix_py.batch._jsonl import CutLine, Decoder, row_in
from anthropix_py.errors import AnthropixError, APIError, DecodeError

pytestmark = pytest.mark.usefixtures("either_json")


def row(custom_id: str = "a", text: str | None = None) -> dict[str, Any]:
    content = {} if text is None else {"text": text}
    return {"custom_id": custom_id, "result": {"type": "canceled", **content}}


def line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def decoded(chunks: Iterable[bytes], **head: Any) -> tuple[list[Any], AnthropixError | None]:
    """Return the rows, and the error after them."""
    decoder = Decoder(**head)
    rows: list[Any] = []
    try:
        for row in decoder.rows(chunks, Seen()):
            rows.append(row)
    except AnthropixError as error:
        return rows, error
    return rows, None


def splits(body: bytes) -> list[Sequence[bytes]]:
    """Return *body* in one, in two at every byte, byte by byte, and with empty chunks between."""
    bytewise = [body[at : at + 1] for at in range(len(body))]
    spaced = [chunk for one in bytewise for chunk in (b"", one)] + [b""]
    return [
        [body],
        *([body[:at], body[at:]] for at in range(len(body) + 1)),
        bytewise,
        spaced,
        [body, b""],
    ]


BOM = b"\xef\xbb\xbf"
A, B, C = row("a"), row("b"), row("c")
LA, LB, LC = line(A), line(B), line(C)
WIDE = line(row("☃", "😀"))

BODIES: dict[str, tuple[bytes, list[dict[str, Any]]]] = {
    "empty": (b"", []),
    "newline": (b"\n", []),
    "newlines": (b"\n\r\n\n\r\n", []),
    "blanks": (b" \t \n  ", []),
    "bom alone": (BOM, []),
    "bom and newline": (BOM + b"\n", []),
    "one": (LA + b"\n", [A]),
    # the last line of the API has had no newline at times
    "one without an end": (LA, [A]),
    "one with half an end": (LA + b"\r", [A]),
    "lf": (LA + b"\n" + LB + b"\n" + LC + b"\n", [A, B, C]),
    "lf without an end": (LA + b"\n" + LB + b"\n" + LC, [A, B, C]),
    "crlf": (LA + b"\r\n" + LB + b"\r\n", [A, B]),
    "crlf without an end": (LA + b"\r\n" + LB, [A, B]),
    "lf and crlf": (LA + b"\n" + LB + b"\r\n" + LC, [A, B, C]),
    "blank lines": (b"\n\n" + LA + b"\n\n \t\r\n\n" + LB + b"\n\n\n", [A, B]),
    "blank last line": (LA + b"\n  ", [A]),
    "spaces around": (b"  " + LA + b" \t\n\t" + LB + b"  ", [A, B]),
    "bom": (BOM + LA + b"\n" + LB, [A, B]),
    "bom and crlf": (BOM + LA + b"\r\n" + LB + b"\r\n", [A, B]),
    # str.splitlines would end a line at these
    "line separator": (
        line(row("a", "x\u2028y\u2029z")) + b"\n" + LB,
        [row("a", "x\u2028y\u2029z"), B],
    ),
    "next line": (line(row("a", "x\x85y")) + b"\n" + LB, [row("a", "x\x85y"), B]),
    "escaped newline": (line(row("a", "x\ny\r\nz")) + b"\n" + LB, [row("a", "x\ny\r\nz"), B]),
    # characters that a chunk may cut
    "two bytes": (line(row("é", "ü")), [row("é", "ü")]),
    "three bytes": (line(row("a", "☃")) + b"\n", [row("a", "☃")]),
    "four bytes": (line(row("a", "😀😀")) + b"\r\n", [row("a", "😀😀")]),
    "bom in a string": (line(row("a", "\ufeff")), [row("a", "\ufeff")]),
    "escaped pair": (
        b'{"custom_id":"\\ud83d\\ude00","result":{}}',
        [{"custom_id": "😀", "result": {}}],
    ),
    # valid JSON that msgspec refuses
    "lone surrogate": (
        b'{"custom_id":"\\ud83d","result":{}}\n',
        [{"custom_id": "\ud83d", "result": {}}],
    ),
    "braces in a string": (line(row("a", '}{][\\"')), [row("a", '}{][\\"')]),
    "unknown keys": (line(A | {"x": [1]}), [A | {"x": [1]}]),
    # a row, although it looks like the error that stands in place of one
    "an errored row": (
        b'{"type":"error","custom_id":"a","result":{"type":"errored","error":{}}}',
        [{"type": "error", "custom_id": "a", "result": {"type": "errored", "error": {}}}],
    ),
    "same again": (LA + b"\n" + LB + b"\n" + LA, [A, B]),
    "empty id": (b'{"custom_id":"","result":{}}', [{"custom_id": "", "result": {}}]),
}


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_every_split_gives_the_same_rows(body: bytes, expected: list[dict[str, Any]]) -> None:
    for chunks in splits(body):
        assert decoded(chunks) == (expected, None), chunks


# (body, rows before the fault, line and offset of the fault, words in the message)
Fault = tuple[bytes, list[dict[str, Any]], int, int, str]
FAULTS: dict[str, Fault] = {
    "html": (b"<html>\n</html>\n", [], 1, 0, "not JSON"),
    "html later": (LA + b"\n<html>\n", [A], 2, len(LA) + 1, "not JSON"),
    "after crlf": (LA + b"\r\nnope", [A], 2, len(LA) + 2, "not JSON"),
    # blank lines are no rows, but they count as lines
    "after blank lines": (LA + b"\n\n \r\nnope\n" + LB, [A], 4, len(LA) + 5, "not JSON"),
    # offsets count bytes, not characters
    "after many bytes": (WIDE + b"\nx", [row("☃", "😀")], 2, len(WIDE) + 1, "not JSON"),
    "after a bom": (BOM + LA + b"\nx", [A], 2, len(LA) + 4, "not JSON"),
    "two before": (LA + b"\n" + LB + b"\n!\n" + LC, [A, B], 3, len(LA + LB) + 2, "not JSON"),
    "bom later": (LA + b"\n" + BOM + LB, [A], 2, len(LA) + 1, "not JSON"),
    "list": (LA + b"\n[]\n", [A], 2, len(LA) + 1, "not a JSON object"),
    "string": (b'"a"', [], 1, 0, "not a JSON object"),
    "number": (b"7\n", [], 1, 0, "not a JSON object"),
    "null": (LA + b"\nnull", [A], 2, len(LA) + 1, "not a JSON object"),
    "empty object": (LA + b"\n{}\n", [A], 2, len(LA) + 1, "not a row"),
    "no id": (b'{"result":{}}', [], 1, 0, "not a row"),
    "no result": (b'{"custom_id":"a"}', [], 1, 0, "not a row"),
    "id a number": (b'{"custom_id":1,"result":{}}', [], 1, 0, "not a row"),
    "id null": (b'{"custom_id":null,"result":{}}', [], 1, 0, "not a row"),
    "result null": (b'{"custom_id":"a","result":null}', [], 1, 0, "not a row"),
    "result a list": (b'{"custom_id":"a","result":[]}', [], 1, 0, "not a row"),
    # what the same server sends elsewhere
    "a batch": (b'{"id":"msgbatch_1","type":"message_batch"}', [], 1, 0, "not a row"),
    "an error with an id": (b'{"type":"error","custom_id":"a"}', [], 1, 0, "not a row"),
    "latin-1": (LA + b"\n\xe9\n", [A], 2, len(LA) + 1, "not JSON"),
    "nul": (LA + b"\n\0\n", [A], 2, len(LA) + 1, "not JSON"),
    # a fault within a line is reported with the start of the line
    "cut row": (LA + b"\n" + LB[:-1], [A], 2, len(LA) + 1, "not JSON"),
    "cut in a string": (LA[:16], [], 1, 0, "not JSON"),
    "cut in a character": (LA + b"\n" + line(row("☃"))[:17], [A], 2, len(LA) + 1, "not JSON"),
    "two rows in a line": (LA + b"\n" + LB + LC + b"\n", [A], 2, len(LA) + 1, "not JSON"),
    "newline in a string": (LA.replace(b"canceled", b"can\nceled"), [], 1, 0, "not JSON"),
    # str.splitlines would make two lines of it
    "lone cr": (LA + b"\r" + LB, [], 1, 0, "not JSON"),
    "comma": (LA + b",\n" + LB, [], 1, 0, "not JSON"),
    "latin-1 in a row": (LA + b"\n" + LB.replace(b"ca", b"\xe9"), [A], 2, len(LA) + 1, "not JSON"),
    "surrogate in utf-8": (LA.replace(b"canceled", b"\xed\xa0\x80"), [], 1, 0, "not JSON"),
    # a RecursionError would pass for a mistake of the program
    "deep": (LA + b"\n" + b'{"custom_id":' * 20_000, [A], 2, len(LA) + 1, "not closed"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_every_split_gives_the_same_fault(case: Fault) -> None:
    body, before, number, offset, words = case
    for chunks in splits(body) if len(body) < 1000 else [[body]]:
        rows, error = decoded(chunks, headers={"request-id": "req_1"})
        assert rows == before, chunks
        assert isinstance(error, DecodeError), chunks
        assert (error.line, error.offset, error.request_id) == (number, offset, "req_1"), chunks
        assert words in str(error), chunks


@pytest.mark.parametrize("size", [1, 7, 60, 1000])
def test_a_line_without_end_is_a_fault_before_it_fills_the_memory(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_jsonl, "LONGEST_ROW", 100)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        body = LA + b"\n" + b"x" * 10_000
        for at in range(0, len(body), size):
            taken += 1
            yield body[at : at + size]

    rows, error = decoded(endless(), headers={"request-id": "req_1"})
    assert rows == [A]
    assert isinstance(error, DecodeError)
    assert (error.line, error.offset, error.request_id) == (2, len(LA) + 1, "req_1")
    assert "longer than 100 bytes" in str(error)
    assert error.excerpt.startswith("x")
    assert taken <= (len(LA) + 101) // size + 2


CONTENTS: dict[str, tuple[bytes, list[bytes]]] = {
    "lf": (LA + b"\n" + LB + b"\n", [LA, LB]),
    "crlf": (LA + b"\r\n" + LB + b"\r\n", [LA, LB]),
    "no end": (LA + b"\n" + LB, [LA, LB]),
    "half an end": (LA + b"\r", [LA]),
    "bom": (BOM + LA + b"\n" + LB, [LA, LB]),
    "blank lines": (b"\n\r\n" + LA + b"\n \n" + LB, [LA, LB]),
    "spacing and escapes": (
        b'{ "custom_id" : "\\u0061", "result":{}}\n{"result":{},"custom_id":"\xc3\xa9"}',
        [b'{ "custom_id" : "\\u0061", "result":{}}', b'{"result":{},"custom_id":"\xc3\xa9"}'],
    ),
}


@pytest.mark.parametrize(("body", "expected"), CONTENTS.values(), ids=CONTENTS)
def test_a_line_is_unchanged_except_for_its_end(body: bytes, expected: list[bytes]) -> None:
    copied = b"".join(content + b"\n" for content in expected)
    rows = [json.loads(content) for content in expected]
    for chunks in splits(body):
        assert b"".join(Decoder().lines(chunks, Seen())) == copied
        assert list(Decoder().rows(chunks, Seen())) == rows


# (body, rows before, whether it was cut)
ENDS: dict[str, tuple[bytes, list[dict[str, Any]], bool]] = {
    "cut": (LA + b"\n" + LB[:-1], [A], True),
    "cut at once": (LA + b"\n{", [A], True),
    "cut in a string": (LA[:16], [], True),
    "cut in a character": (line(row("\u2603"))[:17], [], True),
    "cut after a bom": (BOM + LA[:-1], [], True),
    "ended and faulty": (LA + b"\n" + LB[:-1] + b"\n", [A], False),
    "ended by crlf and faulty": (LB[:-1] + b"\r\n", [], False),
    "html": (LA + b"\n<html", [A], False),
    "list": (b"[1", [], False),
    "complete and not a row": (b"{}", [], False),
    "complete and not an object": (b"7", [], False),
}


@pytest.mark.parametrize(("body", "before", "cut"), ENDS.values(), ids=ENDS)
def test_a_cut_body_is_not_a_faulty_one(
    body: bytes, before: list[dict[str, Any]], cut: bool
) -> None:
    # a cut body is requested again, a faulty one is not
    for chunks in splits(body):
        rows, error = decoded(chunks)
        assert rows == before
        assert isinstance(error, DecodeError)
        assert isinstance(error, CutLine) is cut


def test_a_pickled_cut_line_is_equal() -> None:
    _, error = decoded([LA + b"\n" + LB[:-1]])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (CutLine, str(error), vars(error))


def test_an_excerpt_is_short_and_of_the_line() -> None:
    _, error = decoded([LA + b"\nnope" + "☃".encode() * 10_000])
    assert isinstance(error, DecodeError)
    assert error.excerpt.startswith("nope☃")
    assert len(error.excerpt) < 200
    assert len(str(error)) < 500


def test_rows_and_lines_before_a_fault_in_the_same_chunk_are_yielded_first() -> None:
    body = LA + b"\n" + LB + b"\nnope\n" + LC
    rows = Decoder().rows([body], Seen())
    assert [next(rows), next(rows)] == [A, B]
    lines = Decoder().lines([body], Seen())
    assert next(lines) == LA + b"\n" + LB + b"\n"
    for rest in (rows, lines):
        with pytest.raises(DecodeError, match="line 3"):
            next(rest)


ERROR = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Busy"},
    "request_id": "req_body",
}

# (the object, headers of the response, type, message and request id of the error)
Instead = tuple[dict[str, Any], dict[str, str], tuple[str | None, str | None, str | None]]
HEAD = {"request-id": "req_head"}
TYPE_ONLY = {"type": "error", "error": {"type": "t"}, "request_id": None}
ODD_TYPES = {"type": "error", "error": {"type": 1, "message": []}, "request_id": 5}
INSTEAD: dict[str, Instead] = {
    "enveloped": (ERROR, {}, ("overloaded_error", "Busy", "req_body")),
    "id in the header": (ERROR, HEAD, ("overloaded_error", "Busy", "req_head")),
    "no id": ({"type": "error", "error": {"type": "t", "message": "m"}}, {}, ("t", "m", None)),
    "null id": (TYPE_ONLY, {}, ("t", None, None)),
    "error a string": ({"type": "error", "error": "Busy"}, {}, ("error", "Busy", None)),
    "error null": ({"type": "error", "error": None}, {}, ("error", None, None)),
    "no error": ({"type": "error", "message": "Busy"}, {}, ("error", "Busy", None)),
    "odd types": (ODD_TYPES, {}, (None, None, None)),
}


@pytest.mark.parametrize("case", INSTEAD.values(), ids=INSTEAD)
def test_an_error_in_place_of_a_row(case: Instead) -> None:
    value, headers, expected = case
    for chunks in splits(LA + b"\n" + line(value)):
        rows, error = decoded(chunks, status=206, headers=headers)
        assert rows == [A]
        assert isinstance(error, APIError)
        assert (error.type, error.message, error.request_id) == expected
        assert (error.status, error.headers, error.body) == (206, headers, value)


def test_a_long_line_in_small_chunks() -> None:
    value = row("a", "x" * 1_000_000)
    body = line(value)
    assert decoded(body[at : at + 50] for at in range(0, len(body), 50)) == ([value], None)


def test_a_row_is_yielded_as_soon_as_its_line_ends() -> None:
    sent: list[str] = []

    def body() -> Iterator[bytes]:
        yield LA
        sent.append("the first, without its end")
        yield b"\n" + LB
        sent.append("its end, and the second")
        yield b""
        sent.append("the end")

    rows = Decoder().rows(body(), Seen())
    assert (next(rows), sent) == (A, ["the first, without its end"])
    assert (next(rows), sent[-1]) == (B, "the end")
    assert list(rows) == []


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    st.lists(st.builds(row, TEXT, TEXT), max_size=6, unique_by=lambda row: str(row["custom_id"])),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b" \n"]),
    st.booleans(),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_any_rows_any_cuts(
    rows: list[dict[str, Any]], end: bytes, final: bool, cuts: list[int]
) -> None:
    body = end.join(map(line, rows)) + (end if final else b"")
    edges = [0, *sorted(cuts), len(body)]
    chunks = [body[start:stop] for start, stop in itertools.pairwise(edges)]
    assert decoded(chunks) == (rows, None)


PLAIN = b'{"custom_id":"a","result":{"type":"canceled","text":"x"}}'
TORN = b'{"custom_id":"a","result":{"type":"succ'
BUSY = b'{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}'

# Lines that begin or end as rows do, and must not be copied to a file.
NOT_ROWS: dict[str, bytes] = {
    "a row starts inside another": PLAIN[:-6] + PLAIN,
    "a row cut, and one after it": PLAIN[:30] + PLAIN,
    "a row cut, and an error after it": TORN + BUSY,
    "a row cut in its id, and an error after it": TORN[:16] + BUSY,
    "a row, and an error after it": PLAIN + BUSY,
    "a row after an error": BUSY + PLAIN,
    # a crash of the system can leave them in a file
    "NUL bytes": PLAIN.replace(b"x", b"x\0"),
    "NUL bytes at the end": PLAIN + b"\0\0",
    "only a beginning": PLAIN[:-2],
    "a brace missing": PLAIN[:-1],
    "another end": PLAIN + b"]",
    "a byte missing inside": PLAIN.replace(b'"text":"x"', b'"text:"x"'),
    "a byte changed inside": PLAIN.replace(b'"text":"x"', b'"text";"x"'),
    "a byte that is not UTF-8": PLAIN.replace(b"x", b"\xff"),
    "an unknown escape": PLAIN.replace(b"x", b"\\x"),
    "a control character": PLAIN.replace(b"x", b"\x01"),
    "a byte order mark": BOM + PLAIN,
    "an id that is not a string": PLAIN.replace(b'"a"', b"1"),
    "a result that is not an object": b'{"custom_id":"a","result":[]}',
    "no result": b'{"custom_id":"a","resul":{}}',
    "no object": b'["custom_id","result"]',
}


@pytest.mark.parametrize("wrong", NOT_ROWS.values(), ids=NOT_ROWS)
def test_a_line_that_is_not_a_row_is_not_copied(wrong: bytes) -> None:
    assert row_in(wrong + b"\n") is None
    for chunks in splits(LA + b"\n" + wrong + b"\n" + LB):
        lines: list[bytes] = []
        with pytest.raises(DecodeError, match="line 2"):
            lines.extend(Decoder().lines(chunks, Seen()))
        assert b"".join(lines) == LA + b"\n"


def test_any_byte_missing_from_a_row_is_found_unless_it_leaves_a_row() -> None:
    for at in range(len(PLAIN)):
        less = PLAIN[:at] + PLAIN[at + 1 :]
        rows, error = decoded([less + b"\n"])
        assert row_in(less + b"\n") == (None if error else rows[0]["custom_id"]), less


NESTED = b'{"custom_id":"a","result":{"x":' + b'[{"k":' * 5000 + b"1" + b"}]" * 5000 + b"}}"
DIGITS = b'{"custom_id":"a","result":{"x":[-' + b"7" * 5000 + b",2]}}"

# Rows that the fast decoders refuse; each would hide all rows behind it.
HARD = {
    "nested": NESTED,
    "many digits": DIGITS,
    "both": NESTED.replace(b"1", b"7" * 5000),
    "a lone surrogate": PLAIN.replace(b"x", b"\\ud800"),
    "a big integer": PLAIN.replace(b'"x"', b"18446744073709551616"),
    "NaN": PLAIN.replace(b'"x"', b"NaN"),
}


@pytest.mark.parametrize("hard", HARD.values(), ids=HARD)
@pytest.mark.parametrize("size", [7, 4096, 1 << 20])
def test_a_row_that_is_hard_to_read_hides_no_other(hard: bytes, size: int) -> None:
    body = b"\n".join([compact(row("b"))[:-1], hard, compact(row("c"))])
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    rows = list(Decoder().rows(chunks, Seen()))
    assert [one["custom_id"] for one in rows] == ["b", "a", "c"]
    assert b"".join(Decoder().lines(chunks, Seen())) == body
    assert row_in(hard + b"\n") == "a"


def test_an_integer_of_many_digits_is_exact() -> None:
    [one], _ = decoded([DIGITS])
    assert one["result"]["x"] == [Decimal("-" + "7" * 5000), 2]


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def test_a_text_about_custom_ids_is_not_a_row_inside_another() -> None:
    body = compact(row("a", '{"custom_id":"b","result":{"x":{}}}\n'))
    assert row_in(body) == "a"
    assert b"".join(Decoder().lines([body], Seen())) == body


@pytest.mark.parametrize("line", [LA, b"", b"\n", b" \n"], ids=["no end", "none", "blank", "space"])
def test_what_is_not_a_row_and_its_end(line: bytes) -> None:
    assert row_in(line) is None


def test_many_blank_lines_are_read_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    slow: list[bytes] = []
    read_slowly = Decoder._read_slowly

    def noting(self: Decoder, line: bytes) -> Any:
        slow.append(line)
        return read_slowly(self, line)

    monkeypatch.setattr(Decoder, "_read_slowly", noting)
    chunks = [LA, *[b"\n" * 131_072] * 40, LB, *[b"\r\n" * 65_536] * 40, b"nope\n"]
    rows, error = decoded(chunks)
    assert rows == [A, B]
    assert isinstance(error, DecodeError)
    assert error.line == 40 * 131_072 + 40 * 65_536 + 1
    assert len(slow) <= 161
    assert list(Decoder().lines(chunks[:-1], Seen())) == [LA + b"\n", LB + b"\n"]


def test_rows_and_lines_recognize_ids_whose_slots_are_taken() -> None:
    names = [str(number) for number in range(300)]
    bodies = [compact(row(name)) for name in names]
    # four slots, so that nearly all ids are in buckets
    seen_by_rows, seen_by_lines = Seen(1), Seen(1)
    rows = Decoder().rows([b"".join(bodies)], seen_by_rows)
    assert [one["custom_id"] for one in rows] == names
    assert b"".join(Decoder().lines([b"".join(bodies)], seen_by_lines)) == b"".join(bodies)
    for again in (bodies, bodies[::-1], bodies[:5] * 3):
        assert list(Decoder().rows([b"".join(again)], seen_by_rows)) == []
        assert list(Decoder().lines([b"".join(again)], seen_by_lines)) == []
        assert (len(seen_by_rows), len(seen_by_lines)) == (300, 300)


@pytest.mark.parametrize("read", [Decoder.rows, Decoder.lines], ids=["rows", "lines"])
def test_rows_are_counted_duplicates_included_and_blank_lines_not(read: Any) -> None:
    for chunks in splits(LA + b"\n \n\n" + LB + b"\r\n" + LA):
        decoder = Decoder()
        list(read(decoder, chunks, Seen()))
        assert decoder.count == 3
