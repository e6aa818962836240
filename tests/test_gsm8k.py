"""The main job on real input: a benchmark's questions as one batch, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anthropix_py import batch, emulator, init, unwrap, validate

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


@pytest.mark.skipif(
    not DATA.exists(), reason="needs the questions, which are not part of the project"
)
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
