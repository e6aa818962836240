"""Rows and requests to measure with, the same in every run, of words that compress as prose does.

Rows come in blocks of 10,000 that differ in their custom_ids only, so that a million of them need
no more memory than one block.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

BLOCK = 10_000  # rows that are rendered once

_VARIETY = 2_000  # different requests of a kind
_IMAGE = 150_000  # bytes, which are 200 KB of base64
_BASE_58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_FIRST_ID = b'{"custom_id":"row-0000'

_LETTERS = "eeetttaaoonniisshhrrddlluccmmffwyypgbvk"
_WORDS = 2_400
_SENTENCES = 6_000
_FOREIGN = (" — that is,", " “so called”", " naïve", " 東京", " déjà vu", " µs", " ≤", " 🙂")
_BREAKS = [*[" "] * 20, "\n", "\n\n", "\n- ", ' "as said" ', "\tC:\\temp "]

Params = dict[str, Any]


class Block(NamedTuple):
    """Rendered rows: their bytes, where each ends, and the output tokens of each."""

    content: bytes
    ends: list[int]
    tokens: list[int]


def rows(count: int) -> Iterator[bytes]:
    """Yield *count* rows, in blocks; more than one block must be complete blocks."""
    first = first_block()
    if count <= BLOCK:
        yield first.content[: first.ends[count - 1]]
        return
    if count % BLOCK:
        raise ValueError(f"more than {BLOCK:,} rows come in complete blocks, not as {count:,}")
    for number in range(count // BLOCK):
        yield first.content.replace(_FIRST_ID, b"%s%04d" % (_FIRST_ID[:-4], number))


def tokens(count: int) -> int:
    """Return the sum of output tokens over *count* rows."""
    blocks, rest = divmod(count, BLOCK)
    numbers = first_block().tokens
    return blocks * sum(numbers) + sum(numbers[:rest])


@cache
def first_block() -> Block:
    """Render the first block of rows."""
    chance = random.Random(1)
    content, ends, numbers = bytearray(), [], []
    for number in range(BLOCK):
        text = _text(chance, 1_570)
        numbers.append(len(text) // 4)
        content += _row(number, text, numbers[-1])
        ends.append(len(content))
    return Block(bytes(content), ends, numbers)


def long_row(size: int) -> bytes:
    """Return one row of *size* bytes, its newline included."""
    head, tail = _row(0, "@", 7).split(b"@")
    part = _compact(_text(random.Random(5), 100_000, foreign=0.0))[1:-1]
    repeats, rest = divmod(size - len(head) - len(tail), len(part))
    return head + part * repeats + b"x" * rest + tail


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


def write_requests(path: Path, kind: str, count: int) -> None:
    """Write *count* requests of a kind as JSON Lines, no two the same."""
    chance = random.Random(3)
    variety = [KINDS[kind](chance) for _ in range(min(count, _VARIETY))]
    with path.open("wb") as file:
        for number in range(count):
            params = variety[number % _VARIETY]
            id = f"request-{number:08d}"
            request = {"custom_id": id, "params": params | {"metadata": {"user_id": id}}}
            file.write(_compact(request) + b"\n")


def short_requests(count: int) -> Iterator[Params]:
    """Yield *count* requests of 1 KB, few texts under ids that differ."""
    chance = random.Random(4)
    variety = [_one_text(chance, 1 / 3, 800) for _ in range(_VARIETY)]
    for number in range(count):
        yield {"custom_id": f"row-{number:08d}", "params": variety[number % _VARIETY]}


def _one_text(chance: random.Random, foreign: float, size: int = 2_150) -> Params:
    return {
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "system": "Answer in one paragraph. Say so if you do not know.",
        "messages": [{"role": "user", "content": _text(chance, size, foreign)}],
    }


def _turns(chance: random.Random) -> Params:
    words = {
        name: {"type": "string", "description": _text(chance, 40)} for name in ("city", "unit")
    }
    schema = {"type": "object", "properties": words, "required": ["city"]}
    texts = [{"type": "text", "text": _text(chance, 120, 0.0)} for _ in range(9)]
    roles = ["user", "assistant"] * 5
    return {
        "model": "claude-haiku-4-5",
        "max_tokens": 1024,
        "system": [{"type": "text", "text": _text(chance, 300, 0.0)}],
        "messages": [{"role": role, "content": [text]} for role, text in zip(roles, texts)],
        "tools": [{"name": "weather", "description": _text(chance, 80), "input_schema": schema}],
    }


def _image(chance: random.Random) -> Params:
    data = base64.b64encode(chance.randbytes(_IMAGE)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    question = {"type": "text", "text": _text(chance, 200, 0.0)}
    content = [{"type": "image", "source": source}, question]
    messages = [{"role": "user", "content": content}]
    return {"model": "claude-haiku-4-5", "max_tokens": 1024, "messages": messages}


# By name: what the params of a request of that kind look like. All but an image are about 2.4 KB.
KINDS: dict[str, Callable[[random.Random], Params]] = {
    "many scripts": lambda chance: _one_text(chance, 1 / 3),
    "plain text": lambda chance: _one_text(chance, 0.0),
    "nine turns, a tool": _turns,
    "an image": _image,
}


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _text(chance: random.Random, size: int, foreign: float = 1 / 3) -> str:
    """Return prose of *size* characters, give or take a fifth; the share *foreign* is not ASCII."""
    wanted = int(size * chance.uniform(0.8, 1.2))
    phrases = 0.3 if chance.random() < foreign else 0.0
    text = ""
    while len(text) < wanted:
        text += chance.choice(_sentences())
        if chance.random() < phrases:
            text += chance.choice(_FOREIGN)
        text += chance.choice(_BREAKS)
    return text[:wanted]


@cache
def _sentences() -> list[str]:
    chance = random.Random(2)
    words = ["".join(chance.choices(_LETTERS, k=chance.randrange(2, 10))) for _ in range(_WORDS)]
    # Few words are frequent, as in any language.
    weights = [1 / rank for rank in range(3, _WORDS + 3)]
    lengths = [chance.randrange(6, 18) for _ in range(_SENTENCES)]
    return [" ".join(chance.choices(words, weights, k=k)).capitalize() + "." for k in lengths]
