"""Run the job with the official SDK in the obvious loop."""

from __future__ import annotations

import time
from typing import Any

from anthropic import Anthropic
from exchange import Row, arguments, line_of, requests

_ROUNDS = 3


def main() -> None:
    """Send everything, and what failed again."""
    _, folder = arguments()
    client = Anthropic()
    pending: list[Any] = requests()
    with (folder / "rows.jsonl").open("w") as file:
        for _ in range(_ROUNDS):
            ids = []
            for start in range(0, len(pending), 10):
                batch = client.messages.batches.create(requests=pending[start : start + 10])
                ids.append(batch.id)
            failed = set()
            for id in ids:
                while client.messages.batches.retrieve(id).processing_status != "ended":
                    time.sleep(0.2)
                for entry in client.messages.batches.results(id):
                    if entry.result.type == "succeeded":
                        block: Any = entry.result.message.content[0]
                        file.write(line_of(Row(entry.custom_id, block.text)))
                    else:
                        failed.add(entry.custom_id)
            pending = [request for request in pending if request["custom_id"] in failed]
        for request in pending:
            file.write(line_of(Row(request["custom_id"], None)))


main()
