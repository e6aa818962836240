"""Score a model with questions in the form of GSM8K: how many of its results are right.

    python gsm8k.py gsm8k_test.jsonl

A line of the file is {"question": ..., "answer": "... #### 18"}. Answers that were cut off or
refused count as not right; what has no answer (errored, expired) does not count. Run it again after
a crash, or to score again: nothing is paid for twice.
"""

import json
import re
import sys
from collections import Counter
from decimal import Decimal
from itertools import chain
from pathlib import Path

import anthropix_py
from anthropix_py import build, job, rows, unwrap

PROMPT = """{question}

Think step by step. End with a line of #### and the result, a number without its unit."""
RESULT = re.compile(r"####[\s*$]*(-?[0-9][0-9,]*(?:\.[0-9]+)?)")


def result(text: str | None) -> Decimal | None:
    """Return the number after the last ####, None without one."""
    found = RESULT.findall(text or "")
    if not found:
        return None
    return Decimal(found[-1].replace(",", ""))


path = Path(sys.argv[1])
with path.open(encoding="utf-8") as file:
    questions = [{"line": number, **json.loads(line)} for number, line in enumerate(file, 1)]
for question in questions:
    if result(question["answer"]) is None:
        sys.exit(f"{path}, line {question['line']}: the answer has no number after ####")

requests = build.requests(
    questions, id="line", prompt=PROMPT, model="claude-haiku-4-5", max_tokens=1024
)
done = unwrap(job.run(anthropix_py.init(), requests, path.with_suffix(".job")))
answers = chain(unwrap(rows.read(done.results)), unwrap(rows.read(done.failures)))
score: Counter[str] = Counter()
for asked, row in build.join(questions, answers, id="line"):
    outcome = rows.outcome(row)
    if outcome == "succeeded":
        outcome = "wrong"
        if result(rows.text(row)) == result(asked["answer"]):
            outcome = "right"
    score[outcome] += 1

counted = sum(score[outcome] for outcome in ("right", "wrong", "truncated", "refused"))
print(dict(score.most_common()))
print(f"accuracy: {score['right'] / max(1, counted):.1%} of {counted} questions")
