"""What the tests of downloads share: rows, a scripted download, and what it leaves."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from samples import ID, PATH, a_batch, row
from scripted import ScriptedTransport, TransportStep, blocks

from anthropix_py import Policy, TransportError, batch

RESULTS = f"GET {PATH}/results"
OLD = b"what was here before\n"

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


def line(custom_id: str, text: str = "") -> bytes:
    return json.dumps({**row(custom_id), "text": text}, ensure_ascii=False).encode() + b"\n"


A = line("a")
B = b'{ "custom_id" :"b", "result":{"type":"expired"}, "x": 1.50e1 }\n'
C = line("c", "\u2028 é \x85")
ALL = A + B + C
MANY = [line(str(n), "x" * 200) for n in range(600)]
MANY_ROWS = b"".join(MANY)

all_rows = blocks(ALL)
CUT = TransportError("closed", "reset", sent=True)


def ended(count: int = 3, **fields: Any) -> dict[str, Any]:
    return a_batch("ended", count, **fields)


def download(
    target: Any, *steps: TransportStep, named: Any = None, retries: int = 0, **options: Any
) -> Any:
    """Download a batch of three rows from a script, every step of which must be played."""
    script = ScriptedTransport(*steps)
    one = script.client(retry=Policy(max_retries=retries))
    result = batch.download(one, named or ended(), target, **options)
    script.assert_played()
    return result


def report_to(calls: list[Any]) -> Callable[..., None]:
    """Return an on_progress that adds its arguments to *calls*."""
    return lambda *arguments: calls.append(arguments)


def part_of(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f"{target.name}.{ID}.part")


def assert_alone(target: pathlib.Path, content: bytes = ALL) -> None:
    """Assert that *target* has that content, and that nothing else is beside it."""
    assert target.read_bytes() == content
    assert os.listdir(target.parent) == [target.name]


def sorted_rows(target: pathlib.Path) -> bytes:
    return b"".join(sorted(target.read_bytes().splitlines(keepends=True)))


SORTED = b"".join(sorted((A, B, C)))
