"""examples/scheduled.py: a job in calls that return at once, whatever happens between them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from example_runs import EXPIRED, INVALID, REFUSED, Trial, text
from samples import request, table

from anthropix_py import job, unwrap
from anthropix_py.emulator import Fault

TEN_MINUTES = 600.0


def write(path: Path, count: int = 4) -> Path:
    lines = (json.dumps(request(f"n {number}")) + "\n" for number in range(count))
    path.write_text("".join(lines))
    return path


def every_ten_minutes(trial: Trial, file: Path, most: int = 30) -> list[str]:
    """Call the example as cron does; return the last line of each call until it is finished."""
    said: list[str] = []
    while len(said) < most:
        printed = trial.run("scheduled.py", file)
        said.append((printed.output.splitlines() or [printed.stopped or ""])[-1])
        if printed.stopped is None and "next at" not in said[-1]:
            return said
        trial.clock.advance(TEN_MINUTES)
    raise AssertionError(said)


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Trial:
    return Trial(monkeypatch, capsys, takes=1500)


def test_it_ends_and_never_waits(trial: Trial, tmp_path: Path) -> None:
    file = write(tmp_path / "requests.jsonl")
    said = every_ten_minutes(trial, file)
    assert [line.partition(" at")[0] for line in said[:-1]] == ["next"] * 3
    assert said[-1] == "4 of 4 succeeded, failed: {}"
    assert trial.clock.sleeps == []
    with (tmp_path / "requests.job" / "results.jsonl").open() as lines:
        assert [json.loads(line)["custom_id"] for line in lines] == ["n 0", "n 1", "n 2", "n 3"]
    # a call too many does nothing
    assert every_ten_minutes(trial, file) == [said[-1]]
    assert trial.sizes == [4]


def test_poke_is_what_a_sensor_calls(trial: Trial, tmp_path: Path) -> None:
    file = str(write(tmp_path / "requests.jsonl"))
    trial.run("scheduled.py", file)
    poke = trial.names["poke"]
    assert poke(file) is False
    trial.clock.advance(3_000)
    assert poke(file) is True


@table(
    "row, failed, sizes",
    {
        "refused": (REFUSED, "{}", [4]),
        "truncated": (text("Ye", "max_tokens"), "{}", [4]),
        "errored": (INVALID, "{'errored': 4}", [4]),
        "expired": (EXPIRED, "{'expired': 4}", [4, 4, 4]),
    },
)
def test_ugly_rows(
    row: Any, failed: str, sizes: list[int], monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    trial = Trial(monkeypatch, capsys, takes=60, reply=lambda _: row)
    last = every_ten_minutes(trial, write(tmp_path / "requests.jsonl"))[-1]
    assert last.endswith(f"succeeded, failed: {failed}")
    assert trial.sizes == sizes


def test_what_expired_is_sent_again_by_a_later_call(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    tried: Counter[str] = Counter()

    def reply(asked: dict[str, Any]) -> Any:
        prompt = asked["custom_id"][-4:]
        tried[prompt] += 1
        if prompt.endswith("2") and tried[prompt] == 1:
            return EXPIRED
        return "Yes"

    trial = Trial(monkeypatch, capsys, takes=60, reply=reply)
    said = every_ten_minutes(trial, write(tmp_path / "requests.jsonl"))
    assert said[-1] == "4 of 4 succeeded, failed: {}"


@table(
    "fault, sizes",
    {
        "overloaded": ("create:status=529,times=5", [4]),
        "no network": ("*:reset,times=9", [4]),
        # found again in list, so that nothing is paid twice
        "a lost response": ("create:lose", [4]),
        # the batch was not made; after ten minutes that is certain
        "a create that had no effect": ("create:refuse", [4]),
        "results that are cut": ("results:cut=100,times=5", [4]),
        "a wrong key for a while": ("show:status=401,times=2", [4]),
    },
)
def test_faults(fault: str, sizes: list[int], trial: Trial, tmp_path: Path) -> None:
    trial.faults.add(Fault.parse(fault))
    said = every_ten_minutes(trial, write(tmp_path / "requests.jsonl"))
    assert said[-1] == "4 of 4 succeeded, failed: {}"
    assert trial.sizes == sizes


def test_other_requests_in_the_same_file(trial: Trial, tmp_path: Path) -> None:
    file = write(tmp_path / "requests.jsonl")
    trial.run("scheduled.py", file)
    assert "this folder holds a job over other requests" in str(
        trial.run("scheduled.py", write(file, 5)).stopped
    )
    assert trial.sizes == [4]


def test_a_call_while_another_one_runs(trial: Trial, tmp_path: Path) -> None:
    file = write(tmp_path / "requests.jsonl")
    inside = []

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "job_submitted":
            inside.append(trial.run("scheduled.py", file))

    folder = tmp_path / "requests.job"
    unwrap(job.step(trial.client, folder, requests=str(file), on_event=on_event))
    [second] = inside
    assert second.stopped is None
    assert "running" in second.output
    assert trial.sizes == [4]


@table(
    "content, message",
    {
        "empty": ("", "expected at least 1"),
        "no JSON": ("custom_id\n", "line 1"),
        "an id twice": (f"{json.dumps(request('a'))}\n" * 2, "'a'"),
    },
)
def test_a_wrong_file_costs_nothing(
    content: str, message: str, trial: Trial, tmp_path: Path
) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text(content)
    assert message in str(trial.run("scheduled.py", file).stopped)
    assert trial.sizes == []
