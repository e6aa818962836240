"""Contestants that make small calls, again and again over one connection."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks._job import Counted, Job, Run

from . import clients


def ours(job: Job) -> Run:
    """Show with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)
    return _repeated(job, lambda name: unwrap(batch.show(client, name))["id"])


def ours_pages(job: Job) -> Run:
    """List every batch with this library, as many a page as the job says; count the requests."""
    from anthropix_py import batch, unwrap, with_options

    events: list[dict[str, Any]] = []
    client = with_options(clients.ours(job), on_event=events.append)

    def run(_target: str) -> Counted:
        batches = list(unwrap(batch.list(client, limit=job["number"], stream=True)))
        requests = [event for event in events if event["event"] == "request"]
        return {"batches": len(batches), "requests": len(requests)}

    return run


def sdk(job: Job) -> Run:
    """Show with the official SDK."""
    retrieve = clients.sdk(job).messages.batches.retrieve
    return _repeated(job, lambda name: retrieve(name).id)


def httpx(job: Job) -> Run:
    """Ask with httpx."""
    get = clients.httpx_client(job).get
    return _repeated(job, lambda name: get(clients.path(name)).json()["id"])


def urllib3(job: Job) -> Run:
    """Ask with urllib3, parse with the library of the argument."""
    request, loads = clients.pool(job).request, clients.library(job).loads
    base = job["url"]
    return _repeated(job, lambda name: loads(request("GET", base + clients.path(name)).data)["id"])


def raw(job: Job) -> Run:
    """Ask over a socket, by hand."""
    get = clients.Raw(job).get
    return _repeated(job, lambda name: json.loads(b"".join(get(clients.path(name))))["id"])


def _repeated(job: Job, call: Callable[[str], str]) -> Run:
    """Make *call* as often as the job says, and return the median of its seconds."""

    def run(name: str) -> Counted:
        taken = []
        right = 0
        for _ in range(job["number"]):
            start = time.perf_counter()
            found = call(name)
            taken.append(time.perf_counter() - start)
            right += found == name
        return {"calls": right, "call": statistics.median(taken)}

    return run
