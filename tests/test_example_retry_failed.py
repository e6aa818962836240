"""examples/retry_failed.py: what failed for a reason that may pass is sent again, nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from example_runs import CANCELED, EXPIRED, INVALID, OVERLOADED, REFUSED, Trial, text
from samples import request, table

from anthropix_py import batch, unwrap
from anthropix_py.emulator import Fault

ROWS: dict[str, Any] = {
    "good": text("Yes"),
    "refused": REFUSED,
    "truncated": text("Ye", "max_tokens"),
    "invalid": INVALID,
    "canceled": CANCELED,
    "overloaded": OVERLOADED,
    "expired": EXPIRED,
}
AGAIN = {"overloaded", "expired"}


class Batch:
    """A batch with so many of each of ROWS, and the file of its requests."""

    def __init__(self, trial: Trial, path: Path, count: int = 3, kinds: Any = ROWS) -> None:
        self.trial = trial
        self.path = path
        self.requests = [request(f"{kind}-{n}") for n in range(count) for kind in kinds]
        path.write_text("".join(json.dumps(one) + "\n" for one in self.requests) + "\n")
        self.id = unwrap(batch.create(trial.client, self.requests))["id"]
        unwrap(batch.wait(trial.client, self.id))

    def retry(self) -> Any:
        return self.trial.run("retry_failed.py", self.path, self.id)


@pytest.fixture
def trial(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Trial:
    """Return an emulator that answers a request by its id, when it is sent again with Yes."""
    monkeypatch.chdir(tmp_path)
    tried: Counter[str] = Counter()

    def reply(asked: dict[str, Any]) -> Any:
        id = asked["custom_id"]
        tried[id] += 1
        if tried[id] > 1:
            return "Yes"
        return ROWS[id.partition("-")[0]]

    return Trial(monkeypatch, capsys, takes=60, reply=reply)


def test_only_what_may_pass_is_sent_again(trial: Trial, tmp_path: Path) -> None:
    printed = Batch(trial, tmp_path / "requests.jsonl").retry()
    second = trial.store.newest_first()[0]
    assert trial.sizes == [21, 6]
    sent = trial.sent(1)
    assert {one["custom_id"].partition("-")[0] for one in sent} == AGAIN
    # as they were, and in the same order
    assert sent == [one for one in trial.sent(0) if one["custom_id"].partition("-")[0] in AGAIN]
    assert printed.output.startswith(f"6 requests are sent again as {second.id}\n")
    assert "'succeeded': 6" in printed.output
    reported = [line.split()[:2] for line in printed.errors.splitlines()]
    kinds = Counter(outcome for _, outcome in reported)
    assert kinds == {"refused": 3, "truncated": 3, "errored": 3, "canceled": 3}
    assert "invalid-0 errored max_tokens: 0" in printed.errors
    lines = (tmp_path / f"{second.id}.jsonl").read_text().splitlines()
    assert len(lines) == 6


@table("kind", {kind: kind for kind in ROWS if kind not in AGAIN})
def test_nothing_to_send_again(kind: str, trial: Trial, tmp_path: Path) -> None:
    printed = Batch(trial, tmp_path / "requests.jsonl", kinds=[kind]).retry()
    assert printed.stopped == "Nothing is left to send again."
    assert trial.sizes == [3]


@table(
    "content, message",
    {
        "empty": ("", "has 0 of the 1 requests to send again."),
        "another": (json.dumps(request("other")), "has 0 of the 1 requests to send again."),
        "twice": (
            f"{json.dumps(request('expired-0'))}\n" * 2,
            "has 2 of the 1 requests to send again.",
        ),
    },
)
def test_a_file_of_other_requests(content: str, message: str, trial: Trial, tmp_path: Path) -> None:
    one = Batch(trial, tmp_path / "requests.jsonl", count=1, kinds=["expired"])
    one.path.write_text(content)
    assert one.retry().stopped.endswith(message)
    assert trial.sizes == [1]


@table(
    "fault, message, sizes",
    {
        # no second batch is made blindly
        "a lost response": ("create:lose", "may have been created", [1, 1]),
        "results that break off": ("results:drop_rows=1,times=all", "0 of 1", [1]),
        "refused": ("create:status=403", "403", [1]),
    },
)
def test_failures(fault: str, message: str, sizes: list[int], trial: Trial, tmp_path: Path) -> None:
    one = Batch(trial, tmp_path / "requests.jsonl", count=1, kinds=["expired"])
    trial.faults.add(Fault.parse(fault))
    assert message in one.retry().stopped
    assert trial.sizes == sizes
