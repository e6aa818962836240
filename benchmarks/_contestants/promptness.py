"""Contestants that tell, at each row they are handed, whether the server was still holding the next one back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable

from benchmarks._job import Counted, Job, Run

from . import clients


def ours(job: Job) -> Run:
    """Stream with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)
    ended = unwrap(batch.show(client, job["target"]))
    return lambda: _prompt(job, unwrap(batch.results(client, ended, stream=True)))


def sdk(job: Job) -> Run:
    """Stream with the official SDK."""
    client = clients.sdk(job)
    return lambda: _prompt(job, client.messages.batches.results(job["target"]))


def httpx_lines(job: Job) -> Run:
    """Stream with httpx, line by line."""
    client = clients.httpx_client(job)

    def run() -> Counted:
        with client.stream("GET", clients.path(job["target"], "/results")) as response:
            return _prompt(job, response.iter_lines())

    return run


def _prompt(job: Job, rows: Iterable[object]) -> Counted:
    """Count the rows that came while the next was held back; the last row is never followed by one."""
    prompt = number = 0
    for number, _ in enumerate(rows, 1):
        if number < job["number"]:
            with urllib.request.urlopen(f"{job['control']}/release/{number}") as response:
                prompt += json.load(response)["held"]
    return {"prompt": prompt, "rows": number}
