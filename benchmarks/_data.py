"""Rows and requests to measure with: the same ones in every run, of words that compress as prose does.

Rows come in blocks of 10,000 that differ in their custom_ids only, so that a million of them need no more
memory than one block.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from functools import cache
from typing import IO, Any, NamedTuple

BLOCK = 10_000  # rows that are rendered once
ROW = 2_000  # bytes of a row, on average
REQUEST = 2_500  # bytes of a request, on average

_ROW_ENVELOPE = 430  # bytes of a row around its text
_REQUEST_ENVELOPE = 205
_BASE_58 = (
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # of which the API makes its ids
)
_WORDS = 2_400
_SENTENCES = 6_000
_FIRST_ID = b'{"custom_id":"row-0000'
_CONSONANTS = (
    "b",
    "c",
    "d",
    "f",
    "g",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "st",
    "tr",
    "pl",
    "th",
    "",
)
_VOWELS = ("a", "e", "i", "o", "u", "ea", "io", "ou")
_ENDS = ("", "n", "r", "s", "t", "ing", "ed", "ly")
_ASIDES = (" — that is,", " “so called”", " naïve", " 東京", " déjà vu", " µs", " ≤", " 🙂")
_BREAKS = ("\n", "\n\n", "\n- ", ' "as said" ', "\tC:\\temp ")


class Block(NamedTuple):
    """Rendered rows: their bytes, where each ends, and the output tokens of each."""

    content: bytes
    ends: list[int]
    tokens: list[int]


def rows(count: int) -> Iterator[bytes]:
    """Yield *count* rows, in blocks; more than one block must be whole blocks."""
    first = first_block()
    if count <= BLOCK:
        yield first.content[: first.ends[count - 1]]
        return
    if count % BLOCK:
        raise ValueError(f"more than {BLOCK:,} rows come in blocks of as many, not as {count:,}")
    for number in range(count // BLOCK):
        yield first.content.replace(_FIRST_ID, b"%s%04d" % (_FIRST_ID[:-4], number))


def tokens(count: int) -> int:
    """Give the sum of output tokens over *count* rows."""
    blocks, rest = divmod(count, BLOCK)
    numbers = first_block().tokens
    return blocks * sum(numbers) + sum(numbers[:rest])


def long_row(size: int) -> bytes:
    """Give one row of *size* bytes, its newline included."""
    head, tail = _row(0, "@", 7).split(b"@")
    piece = _compact(_text(random.Random(5), 100_000, foreign=0.0))[1:-1]
    whole, rest = divmod(size - len(head) - len(tail), len(piece))
    return head + piece * whole + b"x" * rest + tail


def write_requests(file: IO[bytes], count: int) -> int:
    """Write *count* requests as JSON Lines; give the bytes they have in a body, commas included."""
    chance = random.Random(3)
    texts = [_text(chance, REQUEST - _REQUEST_ENVELOPE) for _ in range(min(count, BLOCK))]
    written = 0
    for number in range(count):
        content = f"{number:08d}: {texts[number % BLOCK]}"
        params = {
            "model": "claude-haiku-4-5",
            "max_tokens": 1024,
            "system": "Answer in one paragraph.",
            "messages": [{"role": "user", "content": content}],
        }
        written += file.write(
            _compact({"custom_id": f"request-{number:08d}", "params": params}) + b"\n"
        )
    return written


@cache
def first_block() -> Block:
    """Render the first block of rows."""
    chance = random.Random(1)
    lines, numbers = [], []
    for number in range(BLOCK):
        text = _text(chance, ROW - _ROW_ENVELOPE)
        numbers.append(len(text) // 4)
        lines.append(_row(number, text, numbers[-1]))
    ends, end = [], 0
    for line in lines:
        end += len(line)
        ends.append(end)
    return Block(b"".join(lines), ends, numbers)


def _row(number: int, text: str, output_tokens: int) -> bytes:
    usage = {
        "input_tokens": 20 + number % 400,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output_tokens,
        "service_tier": "batch",
    }
    message = {
        "id": "msg_01" + "".join(random.Random(number).choices(_BASE_58, k=22)),
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    row = {"custom_id": f"row-{number:08d}", "result": {"type": "succeeded", "message": message}}
    return _compact(row) + b"\n"


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _text(chance: random.Random, size: int, foreign: float = 1 / 3) -> str:
    """Give prose of *size* characters, give or take a fifth; the share *foreign* has some beyond ASCII."""
    wanted = int(size * chance.uniform(0.8, 1.2))
    parts: list[str] = []
    length = 0
    aside = 0.3 if chance.random() < foreign else 0.0
    while length < wanted:
        part = chance.choice(_sentences())
        if chance.random() < aside:
            part += chance.choice(_ASIDES)
        part += chance.choice(_BREAKS) if chance.random() < 0.2 else " "
        parts.append(part)
        length += len(part)
    return "".join(parts)[:wanted]


@cache
def _sentences() -> list[str]:
    chance = random.Random(2)
    words = ["".join(_syllables(chance)) + chance.choice(_ENDS) for _ in range(_WORDS)]
    common = [1 / rank for rank in range(3, _WORDS + 3)]  # as in any language
    return [
        " ".join(chance.choices(words, common, k=chance.randrange(6, 18))).capitalize() + "."
        for _ in range(_SENTENCES)
    ]


def _syllables(chance: random.Random) -> Iterator[str]:
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        yield chance.choice(_CONSONANTS) + chance.choice(_VOWELS)
