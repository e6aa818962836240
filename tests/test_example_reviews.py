"""examples/reviews.py: 5,000 reviews, good and ugly rows, and what is wrong with a file."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from example_runs import (
    CANCELED,
    EXAMPLES,
    EXPIRED,
    INVALID,
    OVERLOADED,
    REFUSED,
    Printed,
    Trial,
    text,
)
from samples import table

from anthropix_py.emulator import Fault

REVIEWS = 5_000
UGLY: dict[str, Any] = {
    "refused": REFUSED,
    "truncated": text("posi", "max_tokens"),
    "errored": INVALID,
    "expired": EXPIRED,
}


def label(request: dict[str, Any]) -> dict[str, Any]:
    """Return a label; something ugly for one in a hundred reviews, which say what."""
    review = request["params"]["messages"][0]["content"].rpartition("\n\n")[2]
    found: dict[str, Any] = UGLY.get(review.split()[0], text("positive"))
    return found


def write_csv(path: Path, reviews: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "stars"])
        for number in range(reviews):
            word = "Lovely,"
            if number % 100 == 7:
                word = list(UGLY)[number // 100 % len(UGLY)]
            writer.writerow([f"r {number}", f'{word} and "cheap"\nin {number} ways', number % 5])
    return path


def parquet(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    found: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return found


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Trial:
    return Trial(monkeypatch, capsys, takes=600, reply=label)


def test_5000_reviews_from_csv_to_parquet(trial: Trial, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "reviews.csv", REVIEWS)
    before, after = trial.run("reviews.py", file).output.splitlines()
    # what expired is sent again, twice
    assert trial.sizes == [REVIEWS, 12, 12]
    rows = parquet(tmp_path / "reviews.parquet")
    assert Counter(row["outcome"] for row in rows) == {
        "succeeded": 4_950,
        "refused": 13,
        "truncated": 13,
        "errored": 12,
        "expired": 12,
    }
    assert len({row["custom_id"] for row in rows}) == REVIEWS
    low, high = (Decimal(word) for word in before.split() if word.startswith("0."))
    words = after.split()
    assert words[:3] == ["4976", "of", "5000"]
    assert 0 < low < Decimal(words[-2]) < high < 1


def test_a_second_run_pays_nothing(trial: Trial, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "reviews.csv", 120)
    first = trial.run("reviews.py", file)
    sizes = trial.sizes
    assert trial.run("reviews.py", file) == first
    assert trial.sizes == sizes


def test_after_a_failure_it_continues(trial: Trial, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "reviews.csv", 5)
    trial.faults.add(Fault("results", "status", 403))
    assert "403" in str(trial.run("reviews.py", file).stopped)
    assert not (tmp_path / "reviews.parquet").exists()
    assert trial.run("reviews.py", file).output.endswith(" dollars\n")
    assert trial.sizes == [5]


def test_a_file_that_a_spreadsheet_saved(trial: Trial, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text("\ufeffid,text\r\n1,Schön\r\n", encoding="utf-8")
    assert trial.run("reviews.py", file).output.splitlines()[1].startswith("1 of 1 were answered")


@table(
    "content, message",
    {
        "an empty text": ("id,text\n1,Good\n2,\n", "row 2 (id '2'): column 'text' is empty"),
        "a short line": ("id,text\n1,Good\n2\n", "row 2 (id '2'): column 'text' is missing"),
        "an id twice": ("id,text\n1,Good\n1,Bad\n", "its id is used before, in row 1"),
        "another name": ("id,Text\n1,Good\n", "no column 'text'; did you mean 'Text'?"),
        "no rows": ("id,text\n", "expected at least 1"),
        "nothing": ("", "expected at least 1"),
    },
)
def test_a_wrong_file_costs_nothing(
    content: str, message: str, trial: Trial, tmp_path: Path
) -> None:
    file = tmp_path / "reviews.csv"
    file.write_text(content)
    assert message in str(trial.run("reviews.py", file).stopped)
    assert trial.sizes == []


@table(
    "row, outcome",
    {
        "refused": (REFUSED, "refused"),
        "truncated": (text("", "max_tokens"), "truncated"),
        "errored": (INVALID, "errored"),
        "overloaded": (OVERLOADED, "errored"),
        "expired": (EXPIRED, "expired"),
    },
)
def test_nothing_but_ugly_rows(
    row: Any, outcome: str, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial = Trial(monkeypatch, capsys, reply=lambda _: row)
    printed = trial.run("reviews.py", write_csv(tmp_path / "reviews.csv", 3))
    assert printed.stopped is None
    assert [one["outcome"] for one in parquet(tmp_path / "reviews.parquet")] == [outcome] * 3


def test_rows_that_somebody_canceled_stop_it(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    trial = Trial(monkeypatch, capsys, reply=lambda _: CANCELED)
    printed: Printed = trial.run("reviews.py", write_csv(tmp_path / "reviews.csv", 3))
    assert "somebody canceled" in str(printed.stopped)


def lines_of_code(source: str) -> int:
    """Return how many lines are not blank, not a comment, and not of a docstring."""
    tree = ast.parse(source)
    texts = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            texts |= set(range(node.lineno, (node.end_lineno or 0) + 1))
    lines = enumerate(map(str.strip, source.splitlines()), 1)
    return sum(bool(line) and line[0] != "#" and number not in texts for number, line in lines)


@table(
    "source, count",
    {
        "nothing": ("", 0),
        "a docstring": ('"""One\n\nthree."""\nx = 1\n', 1),
        "comments": ("# one\nx = 1  # two\n", 1),
        "a text over lines": ('x = """one\n# two\n"""\n', 2),
    },
)
def test_how_lines_are_counted(source: str, count: int) -> None:
    assert lines_of_code(source) == count


def test_it_is_at_most_25_lines_of_code() -> None:
    assert lines_of_code((EXAMPLES / "reviews.py").read_text()) <= 25
