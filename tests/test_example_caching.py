"""examples/caching.py: what is read from the cache, and what happens if nothing is cached."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from example_runs import EXPIRED, INVALID, REFUSED, Trial, text
from samples import table

DOCUMENT = "The tenant pays on the first of each month. " * 400
TOKENS = 5_000


class Cache:
    """Answers as a server with a prompt cache would, with hits for so many of ten requests."""

    def __init__(self, hits: int) -> None:
        self.requests: list[dict[str, Any]] = []
        self._hits = hits

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request["params"])
        is_hit = len(self.requests) > 1 and len(self.requests) % 10 < self._hits
        written = TOKENS * (not is_hit)
        usage = {
            "input_tokens": 20,
            "output_tokens": 7,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": TOKENS * is_hit,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 0,
                "ephemeral_1h_input_tokens": written,
            },
        }
        return {**text("On the first."), "usage": usage}


def run(
    monkeypatch: Any, capsys: Any, folder: Path, questions: str, reply: Any
) -> tuple[Trial, Any]:
    (folder / "contract.txt").write_text(DOCUMENT)
    (folder / "questions.txt").write_text(questions)
    trial = Trial(monkeypatch, capsys, reply=reply)
    return trial, trial.run("caching.py", folder / "contract.txt", folder / "questions.txt")


@table(
    "questions, hits, sizes, line",
    {
        "all are hits": (20, 10, [1, 19], "5000 tokens written, 95000 read, 400 neither"),
        "half are hits": (20, 5, [1, 19], "55000 tokens written, 45000 read, 400 neither"),
        "none is a hit": (20, 0, [1, 19], "100000 tokens written, 0 read, 400 neither"),
        "one question": (1, 10, [1], "5000 tokens written, 0 read, 20 neither"),
    },
)
def test_reads_are_measured(
    questions: int,
    hits: int,
    sizes: list[int],
    line: str,
    monkeypatch: Any,
    capsys: Any,
    tmp_path: Path,
) -> None:
    cache = Cache(hits)
    asked = "".join(f"Question {number}?\n\n" for number in range(questions))
    trial, printed = run(monkeypatch, capsys, tmp_path, asked, cache)
    assert printed.output.strip().endswith(f": {line}")
    assert trial.sizes == sizes
    # the prefix is the same for all, and the first request went alone
    assert all(one["system"] == cache.requests[0]["system"] for one in cache.requests)
    assert cache.requests[0]["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert cache.requests[0]["messages"][0]["content"] == "Question 0?"
    with (tmp_path / "questions.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == questions


def test_a_second_run_pays_nothing(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    trial, first = run(monkeypatch, capsys, tmp_path, "a?\nb?\n", Cache(10))
    second = trial.run("caching.py", tmp_path / "contract.txt", tmp_path / "questions.txt")
    assert (second, trial.sizes) == (first, [1, 1])


@table(
    "first, sizes",
    {
        # a document that is too short is not cached, and nothing says so
        "short": ({**text("Yes"), "usage": {"input_tokens": 9, "output_tokens": 1}}, [1]),
        "no usage": ({**text("Yes"), "usage": None}, [1]),
        "invalid": (INVALID, [1]),
        "expired": (EXPIRED, [1, 1, 1]),
    },
)
def test_the_others_are_not_sent_if_the_first_wrote_nothing(
    first: Any, sizes: list[int], monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path, "a?\nb?\n", lambda _: first)
    assert printed.stopped.startswith("The first request wrote nothing to the cache")
    assert trial.sizes == sizes


@table(
    "ugly, reported, rows",
    {
        "refused": (REFUSED, "", 3),
        "truncated": (text("On the", "max_tokens"), "", 3),
        "errored": (INVALID, "invalid_request_error", 1),
        "expired": (EXPIRED, "expired", 1),
    },
)
def test_ugly_rows_among_the_others(
    ugly: Any, reported: str, rows: int, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    cache = Cache(10)

    def reply(request: dict[str, Any]) -> Any:
        answered = cache(request)
        if len(cache.requests) == 1:
            return answered
        return ugly

    _, printed = run(monkeypatch, capsys, tmp_path, "a?\nb?\nc?\n", reply)
    assert (printed.stopped, reported in printed.errors) == (None, True)
    with (tmp_path / "questions.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == rows


@table("questions", {"none": "", "blank lines": "\n \n"})
def test_no_questions(questions: str, monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path, questions, Cache(10))
    assert printed.stopped.endswith("questions.txt has no questions.")
    assert trial.sizes == []
