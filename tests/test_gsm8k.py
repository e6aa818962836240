"""Real input: a benchmark's questions as one batch and as a durable job, over a real socket."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anthropix_py import batch, emulator, init, job, unwrap, validate

DATA = Path(__file__).parents[2] / "shared" / "data" / "gsm8k_test.jsonl"
COUNT = 1319


def questions() -> Iterator[tuple[str, str, str]]:
    """Yield (custom_id, question, answer) for each line."""
    with DATA.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            entry = json.loads(line)
            yield f"gsm8k-{number:04d}", entry["question"], entry["answer"]


def requests() -> Iterator[dict[str, Any]]:
    for custom_id, question, _ in questions():
        messages = [{"role": "user", "content": question}]
        yield {
            "custom_id": custom_id,
            "params": {"model": "m", "max_tokens": 512, "messages": messages},
        }


def final(text: str) -> str:
    return text.rpartition("####")[2].strip()


class Replies:
    """Answers questions, but a tenth expires at first, and a tenth is overloaded."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.outcomes: Counter[str] = Counter()
        self._answers = answers
        self._numbers = {question: number for number, question in enumerate(answers)}
        self._seen: Counter[str] = Counter()

    def __call__(self, request: dict[str, Any]) -> str | dict[str, Any]:
        question = request["params"]["messages"][0]["content"]
        self._seen[question] += 1
        number = self._numbers[question]
        if self._seen[question] == 1 and number % 10 == 3:
            self.outcomes["expired"] += 1
            return {"type": "expired"}
        if self._seen[question] == 1 and number % 10 == 7:
            self.outcomes["overloaded"] += 1
            error = {"type": "overloaded_error", "message": "Overloaded"}
            return {"type": "errored", "error": {"type": "error", "error": error}}
        self.outcomes["succeeded"] += 1
        return self._answers[question]


needs_questions = pytest.mark.skipif(
    not DATA.exists(), reason="needs the questions, which are not part of the project"
)


@needs_questions
def test_every_question_is_scored_right_whatever_the_order() -> None:
    assert validate.problems(requests()) == []
    answers = {custom_id: answer for custom_id, _, answer in questions()}
    with emulator.serve(
        takes=30,
        looks=2,
        reply=lambda request: answers[request["custom_id"]],
        clock=(clock := emulator.ManualClock()),
    ) as url:
        client = init("any-key", base_url=url, clock=clock)
        ended = unwrap(batch.wait(client, unwrap(batch.create(client, requests()))))
        rows = unwrap(batch.results(client, ended, stream=True))
        order = []
        right = 0
        for row in rows:
            assert row["result"]["type"] == "succeeded"
            order.append(row["custom_id"])
            right += final(row["result"]["message"]["content"][0]["text"]) == final(
                answers[row["custom_id"]]
            )
    assert right == len(answers) == COUNT
    assert order != sorted(order)
    assert sorted(order) == sorted(answers)


@needs_questions
def test_every_question_of_a_job_in_20_parts_is_answered_once_and_in_order(tmp_path: Path) -> None:
    replies = Replies({question: answer for _, question, answer in questions()})
    clock = emulator.ManualClock()
    store = emulator.Store(takes=30, reply=replies, clock=clock)
    with emulator.serve(store) as url:
        client = init("any-key", base_url=url, clock=clock)
        policy = job.Policy(requests_per_batch=70)
        done = unwrap(job.run(client, requests(), tmp_path / "job", policy=policy))
    assert (done.total, done.succeeded, done.failed, done.orphans) == (COUNT, COUNT, {}, [])
    # against a retry that repeats what was answered: no reply was asked for twice
    assert replies.outcomes == {"succeeded": COUNT, "expired": 132, "overloaded": 132}
    sizes = [len(one.requests) for one in reversed(store.newest_first())]
    assert sum(sizes[:20]) == COUNT
    assert sum(sizes[20:]) == 264
    with open(done.results, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    expected = [(custom_id, answer) for custom_id, _, answer in questions()]
    texts = [row["result"]["message"]["content"][0]["text"] for row in rows]
    assert list(zip((row["custom_id"] for row in rows), texts)) == expected
    assert Path(done.failures).read_bytes() == b""
