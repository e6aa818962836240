"""examples/gsm8k.py: the numbers it finds in answers, and its score whatever the rows are."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from example_runs import EXPIRED, INVALID, REFUSED, Trial, text
from samples import table

DATA = Path(__file__).parents[2] / "shared" / "data" / "gsm8k_test.jsonl"


def questions(count: int) -> list[dict[str, str]]:
    """Return questions of our own, in the form of the benchmark."""
    return [
        {
            "question": f"A box holds {number} pens. How many pens do 1000 boxes hold?",
            "answer": f"1000 boxes hold 1000 * {number} pens.\n#### {number * 1000:,}",
        }
        for number in range(1, count + 1)
    ]


def write(path: Path, entries: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def asked(request: dict[str, Any]) -> str:
    """Return the question in a request."""
    found: str = request["params"]["messages"][0]["content"].rpartition("\n\nThink")[0]
    return found


REPLIES: dict[str, Callable[[str], Any]] = {
    "right": lambda known: known,
    "right, in bold": lambda known: text(f"**{known.replace('####', '#### **$')}**"),
    "wrong": lambda known: text("#### 7"),
    "no number": lambda known: text("I do not know."),
    "no text": lambda known: {"content": [], "stop_reason": "end_turn"},
    # against counting a number that was cut off, and happens to be right so far
    "truncated": lambda known: text(known, "max_tokens"),
    "refused": lambda known: REFUSED,
    "errored": lambda known: INVALID,
    "expired": lambda known: EXPIRED,
}


def test_the_score_of_good_and_ugly_rows(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    entries = questions(90)
    known = {entry["question"]: entry["answer"] for entry in entries}
    kinds = dict(zip(known, list(REPLIES) * 10))

    def reply(request: dict[str, Any]) -> Any:
        question = asked(request)
        return REPLIES[kinds[question]](known[question])

    trial = Trial(monkeypatch, capsys, takes=60, reply=reply)
    file = write(tmp_path / "questions.jsonl", entries)
    for _ in ("first", "second"):
        printed = trial.run("gsm8k.py", file)
        counts, accuracy = printed.output.splitlines()
        assert ast.literal_eval(counts) == {
            "wrong": 30,
            "right": 20,
            "truncated": 10,
            "refused": 10,
            "errored": 10,
            "expired": 10,
        }
        assert accuracy == "accuracy: 28.6% of 70 questions"
    assert trial.sizes == [90, 10, 10]


def test_nothing_was_answered(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    trial = Trial(monkeypatch, capsys, reply=lambda _: INVALID)
    file = write(tmp_path / "questions.jsonl", questions(2))
    assert trial.run("gsm8k.py", file).output.endswith("accuracy: 0.0% of 0 questions\n")


@table(
    "content, message",
    {
        "no number": ('{"question": "q", "answer": "none"}\n', "line 1: the answer has no number"),
        "an empty question": ('{"question": "", "answer": "#### 1"}\n', "row 1 (id 1)"),
        "no JSON": ("question,answer\n", "Expecting value"),
        "empty": ("", "expected at least 1"),
    },
)
def test_a_wrong_file_costs_nothing(
    content: str, message: str, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial = Trial(monkeypatch, capsys)
    file = tmp_path / "questions.jsonl"
    file.write_text(content)
    assert message in str(trial.run("gsm8k.py", file).stopped)
    assert trial.sizes == []


@table(
    "answer, number",
    {
        "none": (None, None),
        "empty": ("", None),
        "a number alone": ("18", None),
        "plain": ("so\n#### 18", "18"),
        "with commas": ("#### 1,234,567", "1234567"),
        "negative": ("#### -5", "-5"),
        "decimal": ("#### 2.50", "2.5"),
        "a full stop": ("#### 18.", "18"),
        "dollars in bold": ("#### **$18**", "18"),
        "a unit": ("####18 eggs", "18"),
        # against the first of several
        "the last one": ("#### 3\nNo:\n#### 4", "4"),
        "a word": ("#### eighteen", None),
        # against digits that int() reads, but no answer of the benchmark has
        "other digits": ("#### ١٨", None),
    },
)
def test_result(
    answer: str | None, number: str | None, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial = Trial(monkeypatch, capsys)
    trial.run("gsm8k.py", write(tmp_path / "questions.jsonl", questions(1)))
    expected = None
    if number is not None:
        expected = Decimal(number)
    assert trial.names["result"](answer) == expected


@pytest.mark.skipif(not DATA.exists(), reason="needs the questions, not part of the project")
def test_the_benchmark_itself(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    entries = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    known = {entry["question"]: entry["answer"] for entry in entries}
    trial = Trial(monkeypatch, capsys, reply=lambda request: known[asked(request)])
    printed = trial.run("gsm8k.py", write(tmp_path / "gsm8k_test.jsonl", entries))
    assert printed.output.endswith("accuracy: 100.0% of 1319 questions\n")
