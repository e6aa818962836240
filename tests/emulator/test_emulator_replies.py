"""Replies from a file: which request gets which, and a clear error for a bad line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_samples import PARAMS, cases, now, rows, texts

from anthropix_py.emulator import ManualClock, Store, read_replies


def line(custom_id: object, reply: object, **more: object) -> bytes:
    return json.dumps({"custom_id": custom_id, "reply": reply, **more}).encode() + b"\n"


EXPIRED = {"type": "expired"}
TOOL_USE = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
LINES = [
    line("id-0", "caf\u00e9"),
    b" \n",
    line("id-1", {"content": [TOOL_USE], "stop_reason": "tool_use"}),
    line("id-2", EXPIRED).removesuffix(b"\n"),
]


@pytest.mark.parametrize("default", [None, "same to all"])
def test_each_custom_id_gets_its_reply_and_others_the_default(default: str | None) -> None:
    reply = read_replies(LINES, None if default is None else lambda _: str(default))
    store = Store(reply=reply, clock=ManualClock())
    found = {row["custom_id"]: row["result"] for row in rows(now(store, store.add(texts(4))))}
    assert found["id-0"]["message"]["content"][0]["text"] == "caf\u00e9"
    assert found["id-1"]["message"]["content"] == [TOOL_USE]
    assert found["id-1"]["message"]["stop_reason"] == "tool_use"
    assert found["id-2"] == EXPIRED
    expected = default or "You asked: Hello"
    assert found["id-3"]["message"]["content"][0]["text"] == expected


def test_an_empty_file_leaves_the_default() -> None:
    assert read_replies([])({"custom_id": "a", "params": PARAMS}) == "You asked: Hello"


FORM = r'expected {"custom_id": ..., "reply": text, fields of a message, or a result}'
REPLY = "reply must be text, fields of a message, or a result"
BAD: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"hello\n", "not JSON: Expecting value"),
    "cut": (b'{"custom_id": "b", "reply"', "not JSON: "),
    "not UTF-8": (b'{"custom_id": "\xff", "reply": "x"}\n', "not JSON: 'utf-8' codec"),
    "too deep": (b"[" * 100_000, "not JSON: maximum recursion"),
    "list": (b'["b", "x"]\n', FORM),
    "no reply": (b'{"custom_id": "b"}\n', FORM),
    "no custom_id": (b'{"reply": "x"}\n', FORM),
    # a name that would never be noticed
    "other name": (b'{"custom_id": "b", "response": "x"}\n', FORM),
    "third key": (line("b", "x", note=1), FORM),
    "custom_id of a number": (line(5, "x"), "custom_id must be a string, not 5"),
    "reply null": (line("b", None), REPLY),
    "reply of a number": (line("b", 5), REPLY),
    "reply of a list": (line("b", ["x"]), REPLY),
    "reply of other fields": (line("b", {"text": "x"}), REPLY),
    "twice": (line("a", "x"), "'a' is in line 1 too"),
}


@cases("bad, message", BAD)
def test_a_bad_line_is_a_clear_error(bad: bytes, message: str) -> None:
    lines: list[Any] = [line("a", "x"), b"\n", bad]
    with pytest.raises(ValueError, match=r"^line 3: ") as raised:
        read_replies(lines)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
