"""examples/structured.py: JSON that fits, and what becomes of each kind of answer that does not."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from example_runs import EXPIRED, INVALID, OVERLOADED, REFUSED, Trial, text
from samples import table

from anthropix_py.rows import _answer

FITS = {"product": "lamp", "urgency": "high", "order": None}
GOOD = text(json.dumps(FITS))


def run(monkeypatch: Any, capsys: Any, path: Path, answers: list[Any]) -> tuple[Trial, Any]:
    """Run the example for one ticket. Its tries end as *answers*, the last of them repeatedly."""
    tries: Counter[str] = Counter()

    def reply(request: dict[str, Any]) -> Any:
        tries["all"] += 1
        return answers[min(tries["all"], len(answers)) - 1]

    path.write_text("The lamp is broken!\n", encoding="utf-8")
    trial = Trial(monkeypatch, capsys, reply=reply)
    return trial, trial.run("structured.py", path)


@table(
    "answers, tries, ends",
    {
        "fits": ([GOOD], 1, ""),
        "fits, in a fence": ([text(f"```json\n{json.dumps(FITS)}\n```")], 1, ""),
        "not JSON at first": ([text("The product is a lamp."), GOOD], 2, ""),
        "another key twice": ([text('{"name": "lamp"}'), text('{"name": "lamp"}'), GOOD], 3, ""),
        "expired at first": ([EXPIRED, GOOD], 2, ""),
        "overloaded, then no JSON": ([OVERLOADED, text("{"), GOOD], 3, ""),
        # three tries are all
        "never JSON": ([text("[lamp]"), text("[lamp]"), text("[lamp]"), GOOD], 3, "expected JSON"),
        "never fits": ([text('{"urgency": "soon"}')], 3, "the answer of 'line-1'"),
        "no text": ([{"content": [], "stop_reason": "end_turn"}], 3, "neither text nor"),
        "always expired": ([EXPIRED], 3, "the request is expired"),
        # these would most probably end so again, and would be paid for again
        "truncated": ([text(json.dumps(FITS)[:9], "max_tokens")], 1, "it is cut off"),
        "refused": ([REFUSED], 1, "the model refused"),
        "invalid": ([INVALID], 1, "invalid_request_error"),
    },
)
def test_one_ticket(
    answers: list[Any], tries: int, ends: str, monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial, printed = run(monkeypatch, capsys, tmp_path / "tickets.txt", answers)
    assert trial.sizes == [1] * tries
    assert printed.stopped is None
    if ends:
        assert ends in printed.errors
        assert printed.output == ""
    else:
        assert printed.errors == ""
        assert json.loads(printed.output) == {"id": "line-1", **FITS}


def test_only_what_does_not_fit_is_sent_again(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    tried: Counter[str] = Counter()

    def reply(request: dict[str, Any]) -> Any:
        prompt = request["params"]["messages"][0]["content"]
        tried[prompt] += 1
        if prompt.endswith("7") and tried[prompt] == 1:
            return text("no")
        return GOOD

    file = tmp_path / "tickets.txt"
    file.write_text("".join(f"ticket {number}\n\n" for number in range(30)))
    trial = Trial(monkeypatch, capsys, reply=reply)
    first = trial.run("structured.py", file)
    # blank lines are no tickets, but count as lines
    ids = [json.loads(line)["id"] for line in first.output.splitlines()]
    assert ids == [f"line-{number}" for number in range(1, 60, 2)]
    assert trial.sizes == [30, 3]
    # an answer that was tried twice is still there in a second run, which pays nothing
    assert trial.run("structured.py", file) == first
    assert trial.sizes == [30, 3]


def test_the_emulator_answers_with_json_that_fits(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    file = tmp_path / "tickets.txt"
    # against splitting at a character that ends a line for str.splitlines only
    file.write_text("a\u2028b\nc\n", encoding="utf-8")
    trial = Trial(monkeypatch, capsys)
    printed = trial.run("structured.py", file)
    assert [set(json.loads(line)) for line in printed.output.splitlines()] == [
        {"id", "product", "urgency", "order"}
    ] * 2


def test_without_the_extra_nothing_is_paid_for_more_than_once(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema.validators", None)
    _answer._validator.cache_clear()
    trial, printed = run(monkeypatch, capsys, tmp_path / "tickets.txt", [GOOD])
    assert trial.sizes == [1]
    assert "pip install 'anthropix_py[schema]'" in printed.errors
