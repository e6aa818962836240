"""The counters of the check that kills jobs: each fault that it looks for is found."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from anthropix_py.emulator import ManualClock, Store

CHECKS = str(Path(__file__).parent.parent / "checks")


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(CHECKS)
    return importlib.import_module("job_trial")


# The numbers of requests in each batch, in the order of their creation, and what is wrong with it:
# 3 expires at first, 7 is overloaded at first, 50 is refused for good, all others succeed.
BATCHES = [
    ("each once", [[1, 2], [3, 4]], {}),
    ("an expired and an overloaded one again", [[1, 3], [7], [3, 7]], {}),
    ("one billed twice", [[1, 2], [2]], {"batches_beyond": 1, "billed_twice": 1}),
    ("among retries", [[1, 3], [1, 3]], {"batches_beyond": 1, "billed_twice": 1}),
    ("a batch three times", [[1, 2]] * 3, {"batches_beyond": 2, "billed_twice": 4}),
    ("one refused for good, again", [[50], [50]], {"batches_beyond": 1}),
    (
        "one that had expired and succeeded",
        [[3], [3], [3]],
        {"batches_beyond": 1, "billed_twice": 1},
    ),
]


@pytest.mark.parametrize(
    ("batches", "wrong"), [case[1:] for case in BATCHES], ids=[case[0] for case in BATCHES]
)
def test_what_was_billed(
    batches: list[list[int]], wrong: dict[str, int], check: Any, tmp_path: Path
) -> None:
    clock = ManualClock()
    store = Store(reply=check.Replies(), clock=clock)
    made = list(check.requests())
    for numbers in batches:
        store.add(json.dumps(made[number]) for number in numbers)
        clock.sleep(1)
        store.newest_first()
    write(tmp_path, check, list(range(check.ROWS)))
    trial = check.Trial(tmp_path, "", store, check.Trap(), [])
    assert trial.counts() == check.Counts(**wrong)


def test_a_request_sent_again_before_its_batch_has_ended(check: Any, tmp_path: Path) -> None:
    store = Store(reply=check.Replies(), takes=1, clock=(clock := ManualClock()))
    for _ in range(2):
        store.add([json.dumps(list(check.requests())[3])])
    clock.sleep(1)
    write(tmp_path, check, list(range(check.ROWS)))
    trial = check.Trial(tmp_path, "", store, check.Trap(), [])
    assert trial.counts() == check.Counts(batches_beyond=1)


# The numbers of rows in results.jsonl in place of the first five, and what is wrong with them.
DELIVERED = [
    ("all in order", [0, 1, 2, 3, 4], {}),
    ("one lost", [0, 1, 3, 4], {"rows_lost": 1}),
    ("one doubled", [0, 1, 2, 2, 3, 4], {"rows_doubled": 1}),
    ("two exchanged", [0, 2, 1, 3, 4], {"out_of_order": 1}),
]


@pytest.mark.parametrize(
    ("numbers", "wrong"), [case[1:] for case in DELIVERED], ids=[case[0] for case in DELIVERED]
)
def test_what_was_delivered(
    numbers: list[int], wrong: dict[str, int], check: Any, tmp_path: Path
) -> None:
    write(tmp_path, check, [*numbers, *range(5, check.ROWS)])
    counts = check.Trial(tmp_path, "", Store(), check.Trap(), []).counts()
    assert counts == check.Counts(**wrong)


def test_rows_with_the_reply_to_another_request(check: Any, tmp_path: Path) -> None:
    write(tmp_path, check, list(range(check.ROWS)), shift=1)
    counts = check.Trial(tmp_path, "", Store(), check.Trap(), []).counts()
    assert counts == check.Counts(wrong_rows=check.ROWS - 1)


def test_strangers(check: Any, tmp_path: Path) -> None:
    store, trap = Store(), check.Trap()
    strangers = [store.add([json.dumps(one)]) for one in list(check.requests())[:2]]
    store.remove(strangers[0])
    trap.calls["cancel"] = 1
    write(tmp_path, check, list(range(check.ROWS)))
    counts = check.Trial(tmp_path, "", store, trap, strangers).counts()
    assert counts == check.Counts(strangers_touched=2)


def write(folder: Path, check: Any, numbers: list[int], shift: int = 0) -> None:
    """Write the results of *numbers*, and the failure of the one that is refused."""
    rows = [
        row(number, {"type": "succeeded", "message": message(f"reply to {number + shift}")})
        for number in numbers
        if number != check.REFUSED
    ]
    (folder / "results.jsonl").write_text("".join(rows))
    (folder / "failures.jsonl").write_text(row(check.REFUSED, {"type": "errored"}))


def row(number: int, result: dict[str, Any]) -> str:
    return json.dumps({"custom_id": f"question {number}", "result": result}) + "\n"


def message(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}
