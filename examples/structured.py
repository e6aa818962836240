"""Answers as JSON that fits a schema: what does not fit is asked again, twice at most.

    python structured.py tickets.txt

Each line of the file is a ticket. Prints a line of JSON for each, and to the errors why another
has none. Needs the extra schema. Every try is paid for, also one whose answer does not fit.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anthropix_py
from anthropix_py import build, job, rows, unwrap

SCHEMA = {
    "type": "object",
    "properties": {
        "product": {"type": "string"},
        "urgency": {"enum": ["low", "high"]},
        "order": {"type": ["integer", "null"]},
    },
    "required": ["product", "urgency", "order"],
    "additionalProperties": False,
}


def try_again(row: Mapping[str, Any]) -> bool:
    """Return whether the row failed for a transient reason, or its answer does not fit."""
    if rows.outcome(row) != "succeeded":
        # An answer that was cut off or refused would most probably end so again.
        return job.try_again(row)
    return isinstance(rows.json(row, SCHEMA)[1], rows.AnswerError)


path = Path(sys.argv[1])
tickets = enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
requests = build.requests(
    ({"id": f"line-{number}", "text": text} for number, text in tickets if text.strip()),
    id="id",
    prompt="Extract the product, the urgency and the number of the order, if any:\n\n{text}",
    model="claude-haiku-4-5",
    max_tokens=200,
    output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
)
policy = job.Policy(max_attempts=3, try_again=try_again)
done = unwrap(job.run(anthropix_py.init(), requests, path.with_suffix(".job"), policy=policy))
for file in (done.results, done.failures):
    for row in unwrap(rows.read(file)):
        match rows.json(row, SCHEMA):
            case "ok", value:
                print(json.dumps({"id": row["custom_id"], **value}))
            case "error", exc:
                print(exc, file=sys.stderr)
