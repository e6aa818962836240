"""Tools in batches: the first round asks for tools, the second one sends what they returned.

    python tools.py questions.txt

Each round is a job, so run it again after a crash: it continues, and nothing is paid for twice.
"""

import sys
from itertools import chain
from pathlib import Path
from typing import Any

import anthropix_py
from anthropix_py import job, rows, unwrap

STOCK = {"chair": 12, "table": 0}
SCHEMA = {"type": "object", "properties": {"item": {"type": "string"}}, "required": ["item"]}
TOOL = {"name": "stock", "description": "How many are in the store.", "input_schema": SCHEMA}


def use(block: dict[str, Any]) -> dict[str, Any]:
    """Return the result of one use of the tool. The model sees what was wrong with its input."""
    result = {"type": "tool_result", "tool_use_id": block["id"]}
    try:
        return {**result, "content": str(STOCK[block["input"]["item"]])}
    except (KeyError, TypeError) as error:
        return {**result, "content": f"There is no item {error}.", "is_error": True}


def run(requests: list[dict[str, Any]], folder: Path) -> job.Summary:
    """Resume the job if it has begun, because the tools may return something else by now."""
    match job.resume(client, folder):
        case "error", job.JobError(reason="incomplete_input"):
            return unwrap(job.run(client, requests, folder))
        case begun:
            return unwrap(begun)


path, client = Path(sys.argv[1]), anthropix_py.init()
params = {"model": "claude-haiku-4-5", "max_tokens": 300, "tools": [TOOL]}
lines = enumerate(filter(str.strip, path.read_text(encoding="utf-8").split("\n")), 1)
talks: dict[str, list[Any]] = {f"{n}": [{"role": "user", "content": line}] for n, line in lines}
for turn in (1, 2):
    requests = [{"custom_id": id, "params": params | {"messages": talks[id]}} for id in talks]
    done = run(requests, path.with_suffix(f".{turn}.job"))
    asked = {}
    for row in chain(unwrap(rows.read(done.results)), unwrap(rows.read(done.failures))):
        id, result = row["custom_id"], row["result"]
        if result["type"] == "succeeded" and result["message"]["stop_reason"] == "tool_use":
            content = result["message"]["content"]
            uses = [use(block) for block in content if block["type"] == "tool_use"]
            turns = {"role": "assistant", "content": content}, {"role": "user", "content": uses}
            asked[id] = [*talks[id], *turns]
        else:
            print(id, rows.outcome(row), rows.text(row) or "")
    talks = asked
    if not talks:
        break
print("asked for a tool again:", list(talks))
