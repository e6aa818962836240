"""Rows from bytes, cut anywhere."""

from __future__ import annotations

import itertools
import json
import pickle
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._seen import Seen
from anthropix_py.batch._jsonl import CutLine, Decoder, row_id
from anthropix_py.errors import AnthropixError, APIError, DecodeError

pytestmark = pytest.mark.usefixtures("either_json")


def row(custom_id: str = "a", text: str | None = None) -> dict[str, Any]:
    content = {} if text is None else {"text": text}
    return {"custom_id": custom_id, "result": {"type": "canceled", **content}}


def line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def decoded(pieces: Iterable[bytes], **head: Any) -> tuple[list[Any], AnthropixError | None]:
    """Give the rows, and the error after them."""
    decoder = Decoder(**head)
    rows: list[Any] = []
    try:
        for row in decoder.rows(pieces, Seen()):
            rows.append(row)
    except AnthropixError as error:
        return rows, error
    return rows, None


def splits(body: bytes) -> list[Sequence[bytes]]:
    """Give *body* whole, cut in two at every byte, byte by byte, and with empty pieces between."""
    bytewise = [body[at : at + 1] for at in range(len(body))]
    spaced = [piece for one in bytewise for piece in (b"", one)] + [b""]
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

BODIES: dict[str, tuple[bytes, list[dict[str, Any]]]] = {
    "empty": (b"", []),
    "newline": (b"\n", []),
    "newlines": (b"\n\r\n\n\r\n", []),
    "blanks": (b" \t \n  ", []),
    "bom alone": (BOM, []),
    "bom and newline": (BOM + b"\n", []),
    "one": (LA + b"\n", [A]),
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
    "line separator": (line(row("a", "x\u2028y\u2029z")) + b"\n" + LB, [row("a", "x\u2028y\u2029z"), B]),
    "next line": (line(row("a", "x\x85y")) + b"\n" + LB, [row("a", "x\x85y"), B]),
    "escaped newline": (line(row("a", "x\ny\r\nz")) + b"\n" + LB, [row("a", "x\ny\r\nz"), B]),
    "two bytes": (line(row("é", "ü")), [row("é", "ü")]),
    "three bytes": (line(row("a", "☃")) + b"\n", [row("a", "☃")]),
    "four bytes": (line(row("a", "😀😀")) + b"\r\n", [row("a", "😀😀")]),
    "bom in a string": (line(row("a", "\ufeff")), [row("a", "\ufeff")]),
    "escaped pair": (b'{"custom_id":"\\ud83d\\ude00","result":{}}', [{"custom_id": "😀", "result": {}}]),
    "lone surrogate": (b'{"custom_id":"\\ud83d","result":{}}\n', [{"custom_id": "\ud83d", "result": {}}]),
    "braces in a string": (line(row("a", "}{][\\\"")), [row("a", "}{][\\\"")]),
    "unknown keys": (line(A | {"x": [1]}), [A | {"x": [1]}]),
    "an errored row": (
        b'{"type":"error","custom_id":"a","result":{"type":"errored","error":{}}}',
        [{"type": "error", "custom_id": "a", "result": {"type": "errored", "error": {}}}],
    ),
    "same again": (LA + b"\n" + LB + b"\n" + LA, [A, B]),
    "empty id": (b'{"custom_id":"","result":{}}', [{"custom_id": "", "result": {}}]),
}  # fmt: skip


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_every_split_gives_the_same_rows(case: tuple[bytes, list[dict[str, Any]]]) -> None:
    body, expected = case
    for pieces in splits(body):
        assert decoded(pieces) == (expected, None), pieces


# (body, rows before the fault, line and offset of the fault, word in the text)
FAULTS: dict[str, tuple[bytes, list[dict[str, Any]], int, int, str]] = {
    "html": (b"<html>\n</html>\n", [], 1, 0, "not JSON"),
    "html later": (LA + b"\n<html>\n", [A], 2, len(LA) + 1, "not JSON"),
    "after crlf": (LA + b"\r\nnope", [A], 2, len(LA) + 2, "not JSON"),
    "after blank lines": (LA + b"\n\n \r\nnope\n" + LB, [A], 4, len(LA) + 5, "not JSON"),
    "after many bytes": (line(row("☃", "😀")) + b"\nx", [row("☃", "😀")], 2, len(line(row("☃", "😀"))) + 1, "not JSON"),
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
    "a batch": (b'{"id":"msgbatch_1","type":"message_batch"}', [], 1, 0, "not a row"),
    "an error with an id and no result": (b'{"type":"error","custom_id":"a"}', [], 1, 0, "not a row"),
    "latin-1": (LA + b"\n\xe9\n", [A], 2, len(LA) + 1, "not JSON"),
    "nul": (LA + b"\n\0\n", [A], 2, len(LA) + 1, "not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_every_split_gives_the_same_fault(
    case: tuple[bytes, list[dict[str, Any]], int, int, str],
) -> None:
    body, before, number, offset, word = case
    for pieces in splits(body):
        rows, error = decoded(pieces, headers={"request-id": "req_1"})
        assert rows == before, pieces
        assert isinstance(error, DecodeError), pieces
        assert (error.line, error.offset, error.request_id) == (number, offset, "req_1"), pieces
        assert word in str(error), pieces


# (body, rows before the fault, its line)
CUT: dict[str, tuple[bytes, list[dict[str, Any]], int]] = {
    "cut row": (LA + b"\n" + LB[:-1], [A], 2),
    "cut in a string": (LA[:16], [], 1),
    "cut in a character": (LA + b"\n" + line(row("☃"))[:17], [A], 2),
    "two rows a line": (LA + b"\n" + LB + LC + b"\n", [A], 2),
    "newline in a string": (LA.replace(b"canceled", b"can\nceled"), [], 1),
    "lone cr": (LA + b"\r" + LB, [], 1),
    "comma": (LA + b",\n" + LB, [], 1),
    "bytes of latin-1": (LA + b"\n" + LB.replace(b"canceled", b"\xe9"), [A], 2),
    "surrogate in utf-8": (LA.replace(b"canceled", b"\xed\xa0\x80"), [], 1),
    "deep": (LA + b"\n" + b'{"custom_id":' * 20_000, [A], 2),
}


@pytest.mark.parametrize("case", CUT.values(), ids=CUT)
def test_a_fault_within_a_line_names_the_line(
    case: tuple[bytes, list[dict[str, Any]], int],
) -> None:
    body, before, number = case
    for pieces in splits(body) if len(body) < 1000 else [[body]]:
        rows, error = decoded(pieces)
        assert rows == before
        assert isinstance(error, DecodeError)
        assert error.line == number
        lines = body.split(b"\n")
        start = sum(len(one) + 1 for one in lines[: number - 1])
        assert error.offset is not None
        assert start <= error.offset <= start + len(lines[number - 1])


CONTENTS: dict[str, tuple[bytes, list[bytes]]] = {
    "lf": (LA + b"\n" + LB + b"\n", [LA, LB]),
    "crlf": (LA + b"\r\n" + LB + b"\r\n", [LA, LB]),
    "no end": (LA + b"\n" + LB, [LA, LB]),
    "half an end": (LA + b"\r", [LA]),
    "bom": (BOM + LA + b"\n" + LB, [LA, LB]),
    "blank lines": (b"\n\r\n" + LA + b"\n \n" + LB, [LA, LB]),
    "spacing and escapes as they came": (
        b'{ "custom_id" : "\\u0061", "result":{}}\n{"result":{},"custom_id":"\xc3\xa9"}',
        [b'{ "custom_id" : "\\u0061", "result":{}}', b'{"result":{},"custom_id":"\xc3\xa9"}'],
    ),
}


@pytest.mark.parametrize("case", CONTENTS.values(), ids=CONTENTS)
def test_a_line_comes_as_it_was_but_for_its_end(case: tuple[bytes, list[bytes]]) -> None:
    body, expected = case
    for pieces in splits(body):
        assert b"".join(Decoder().lines(pieces, Seen())) == b"".join(
            content + b"\n" for content in expected
        )
        assert list(Decoder().rows(pieces, Seen())) == [json.loads(content) for content in expected]


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
    "whole and no row": (b"{}", [], False),
    "whole and no object": (b"7", [], False),
}


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS)
def test_a_cut_body_is_told_from_a_faulty_one(
    case: tuple[bytes, list[dict[str, Any]], bool],
) -> None:
    body, before, cut = case
    for pieces in splits(body):
        rows, error = decoded(pieces)
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


def test_rows_before_a_fault_in_the_same_piece_are_handed_over_first() -> None:
    lines = Decoder().rows([LA + b"\n" + LB + b"\nnope\n"], Seen())
    assert [next(lines), next(lines)] == [A, B]
    with pytest.raises(DecodeError, match="line 3"):
        next(lines)


ERROR = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Busy"},
    "request_id": "req_body",
}

INSTEAD: dict[
    str, tuple[dict[str, Any], dict[str, str], tuple[str | None, str | None, str | None]]
] = {
    "enveloped": (ERROR, {}, ("overloaded_error", "Busy", "req_body")),
    "id in the header": (
        ERROR,
        {"request-id": "req_head"},
        ("overloaded_error", "Busy", "req_head"),
    ),
    "no id": ({"type": "error", "error": {"type": "t", "message": "m"}}, {}, ("t", "m", None)),
    "null id": (
        {"type": "error", "error": {"type": "t"}, "request_id": None},
        {},
        ("t", None, None),
    ),
    "error a string": ({"type": "error", "error": "Busy"}, {}, ("error", "Busy", None)),
    "error null": ({"type": "error", "error": None}, {}, ("error", None, None)),
    "no error": ({"type": "error", "message": "Busy"}, {}, ("error", "Busy", None)),
    "odd types": (
        {"type": "error", "error": {"type": 1, "message": []}, "request_id": 5},
        {},
        (None, None, None),
    ),
}


@pytest.mark.parametrize("case", INSTEAD.values(), ids=INSTEAD)
def test_an_error_in_place_of_a_row(
    case: tuple[dict[str, Any], dict[str, str], tuple[str | None, str | None, str | None]],
) -> None:
    value, headers, expected = case
    for pieces in splits(LA + b"\n" + line(value)):
        rows, error = decoded(pieces, status=200, headers=headers)
        assert rows == [A]
        assert isinstance(error, APIError)
        assert (error.type, error.message, error.request_id) == expected
        assert (error.status, error.headers, error.body) == (200, headers, value)


def test_the_answers_status_is_kept() -> None:
    _, error = decoded([line(ERROR)], status=206)
    assert isinstance(error, APIError)
    assert error.status == 206


def test_a_long_line_in_small_pieces() -> None:
    value = row("a", "x" * 1_000_000)
    body = line(value)
    assert decoded(body[at : at + 50] for at in range(0, len(body), 50)) == ([value], None)


def test_rows_come_as_soon_as_their_line_ends() -> None:
    given: list[str] = []

    def body() -> Iterator[bytes]:
        yield LA
        given.append("the first, without its end")
        yield b"\n" + LB
        given.append("its end, and the second")
        yield b""
        given.append("the end")

    rows = Decoder().rows(body(), Seen())
    assert (next(rows), given) == (A, ["the first, without its end"])
    assert (next(rows), given[-1]) == (B, "the end")
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
    pieces = [body[start:stop] for start, stop in itertools.pairwise(edges)]
    assert decoded(pieces) == (rows, None)


PLAIN = b'{"custom_id":"a","result":{"type":"canceled","text":"x"}}'

INSIDE: dict[str, bytes] = {
    "a row that begins inside another": PLAIN[:-6] + PLAIN,
    "a row cut, and one behind it": PLAIN[:30] + PLAIN,
    "bytes of zero": PLAIN.replace(b"x", b"x\0"),
    "only a beginning": PLAIN[:-2],
    "a brace too few": PLAIN[:-1],
    "another end": PLAIN + b"]",
    "an id that is no string": PLAIN.replace(b'"a"', b"1"),
    "no result": b'{"custom_id":"a","resul":{}}',
}


@pytest.mark.parametrize("wrong", INSIDE.values(), ids=INSIDE)
def test_what_is_not_written_as_a_row_is_parsed_before_it_is_taken_for_one(wrong: bytes) -> None:
    for pieces in splits(LA + b"\n" + wrong + b"\n" + LB):
        lines: list[bytes] = []
        with pytest.raises(DecodeError, match="line 2"):
            lines.extend(Decoder().lines(pieces, Seen()))
        assert b"".join(lines) == LA + b"\n"


def test_lines_before_a_fault_are_handed_over_first() -> None:
    lines = Decoder().lines([LA + b"\n" + LB + b"\nnope\n" + LC], Seen())
    assert next(lines) == LA + b"\n" + LB + b"\n"
    with pytest.raises(DecodeError, match="line 3"):
        next(lines)


def test_a_text_about_custom_ids_is_no_row_inside_another() -> None:
    body = (
        json.dumps(
            row("a", '{"custom_id":"b","result":{"x":{}}}\n'), separators=(",", ":")
        ).encode()
        + b"\n"
    )
    assert row_id(body) == "a"
    assert b"".join(Decoder().lines([body], Seen())) == body


def test_rows_and_lines_are_told_apart_where_most_hashes_are_crowded() -> None:
    bodies = [line(row(str(number))).replace(b" ", b"") + b"\n" for number in range(300)]
    seen_by_rows, seen_by_lines = Seen(1), Seen(1)  # four slots
    for body in (bodies, bodies[::-1], bodies[:5] * 3):
        rows = list(Decoder().rows([b"".join(body)], seen_by_rows))
        lines = b"".join(Decoder().lines([b"".join(body)], seen_by_lines))
        assert [one["custom_id"] for one in rows] == (
            [str(number) for number in range(300)] if body is bodies else []
        )
        assert lines == (b"".join(bodies) if body is bodies else b"")
        assert (len(seen_by_rows), len(seen_by_lines)) == (300, 300)
