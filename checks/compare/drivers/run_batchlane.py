"""Run the job with batchlane, in the way of its readme."""

from __future__ import annotations

import os

import batchlane  # type: ignore[import-not-found]
import batchlane.adapters.anthropic  # type: ignore[import-not-found]
from exchange import Row, arguments, prompt_of, requests, write


def main() -> None:
    """Submit, or attach to what was submitted, then collect."""
    _, folder = arguments()
    base = os.environ["ANTHROPIC_BASE_URL"]
    # it has no setting for this
    batchlane.adapters.anthropic.BASE_URL = f"{base}/v1/messages/batches"
    lines = [
        batchlane.BatchLine(
            request["custom_id"],
            f"anthropic/{request['params']['model']}",
            [{"role": "user", "content": prompt_of(request)}],
            {"max_tokens": 64},
        )
        for request in requests()
    ]
    handles = batchlane.submit_all(
        lines, checkpoint=folder / "job.jsonl", max_requests_per_batch=10
    )
    rows = []
    for handle in handles:
        batchlane.wait(handle, poll_interval=0.2)
        for result in batchlane.results(handle):
            rows.append(Row(result.custom_id, batchlane.answer_text(result)))
    write(rows)


main()
