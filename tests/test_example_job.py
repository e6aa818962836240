"""The example of a durable job as somebody runs it: over either kind of file, and once more."""

from __future__ import annotations

import json
import runpy
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

import anthropix_py
from anthropix_py import emulator
from anthropix_py.emulator import Fault, Faults, ManualClock, Store

EXAMPLE = Path(__file__).parent.parent / "examples" / "job.py"
PROMPT = "Is this positive? {text}"

FILES = [
    ("CSV", "reviews.csv", 'text,stars\n"Good,\nand cheap",5\nBad,1\n', "Good, and cheap"),
    ("JSON Lines", "reviews.jsonl", '{"text": "Gut ü"}\n{"text": "Bad", "n": 1}\n', "Gut ü"),
]


class Example(NamedTuple):
    """The example, run in this process on a clock of its own."""

    store: Store
    faults: Faults
    output: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run it; return its exit code, and what it printed to output and errors."""
        sys.argv[1:] = arguments
        with pytest.raises(SystemExit) as exited:
            runpy.run_path(str(EXAMPLE), run_name="__main__")
        assert isinstance(exited.value.code, int)
        printed = self.output.readouterr()
        return exited.value.code, printed.out, printed.err


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Example:
    clock = ManualClock()
    store, faults = Store(takes=60, clock=clock), Faults()
    transport = emulator.transport(store, faults)
    init = partial(anthropix_py.init, "any-key", transport=transport, clock=clock)
    monkeypatch.setattr(anthropix_py, "init", init)
    monkeypatch.setattr(sys, "argv", ["job.py"])
    return Example(store, faults, capsys)


@pytest.mark.parametrize(
    ("name", "content", "first"), [case[1:] for case in FILES], ids=[case[0] for case in FILES]
)
def test_a_file_twice(
    name: str, content: str, first: str, example: Example, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    results = tmp_path / "reviews.job" / "results.jsonl"
    for _ in ("first", "second"):
        code, printed, _ = example.run(str(file), PROMPT)
        assert (code, printed) == (0, f"2 of 2 in {results}; failed: {{}}\n")
    assert len(example.store.newest_first()) == 1
    with results.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert [row["custom_id"] for row in rows] == ["line 1", "line 2"]
    text = rows[0]["result"]["message"]["content"][0]["text"]
    assert text == f"You asked: Is this positive? {first}"


def test_it_goes_on_where_it_stopped(example: Example, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("text\nGood\n")
    example.faults.add(Fault("results", "status", 403))
    code, _, errors = example.run(str(file), PROMPT)
    assert (code, errors.endswith("Run the same command again to go on.\n")) == (1, True)
    code, printed, _ = example.run(str(file), PROMPT)
    assert (code, printed.startswith("1 of 1 in ")) == (0, True)
    assert len(example.store.newest_first()) == 1
