"""Contestants that make small calls, again and again over one connection."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from benchmarks._job import Counted, Job, Run

from . import clients


def ours(job: Job) -> Run:
    """Show with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)
    return _repeated(job, lambda: unwrap(batch.show(client, job["target"]))["id"])


def sdk(job: Job) -> Run:
    """Show with the official SDK."""
    client = clients.sdk(job)
    return _repeated(job, lambda: client.messages.batches.retrieve(job["target"]).id)


def httpx_get(job: Job) -> Run:
    """Ask with httpx."""
    client = clients.httpx_client(job)
    return _repeated(job, lambda: client.get(clients.path(job["target"])).json()["id"])


def urllib3_json(job: Job) -> Run:
    """Ask with urllib3, parse with the standard library."""
    return _urllib3(job, json.loads)


def urllib3_orjson(job: Job) -> Run:
    """Ask with urllib3, parse with orjson."""
    import orjson

    return _urllib3(job, orjson.loads)


def raw(job: Job) -> Run:
    """Ask over a socket, by hand."""
    connection = clients.Raw(job)
    path = clients.path(job["target"])
    return _repeated(job, lambda: json.loads(b"".join(connection.get(path)))["id"])


def ours_pages(job: Job) -> Run:
    """List every batch with this library, *number* a page."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)

    def run() -> Counted:
        return {
            "batches": sum(1 for _ in unwrap(batch.list(client, limit=job["number"], stream=True)))
        }

    return run


def _urllib3(job: Job, loads: Callable[[bytes], dict[str, str]]) -> Run:
    pool = clients.pool(job)
    url = job["url"] + clients.path(job["target"])
    headers = {"x-api-key": "any-key", "accept": "application/json"}
    return _repeated(job, lambda: loads(pool.request("GET", url, headers=headers).data)["id"])


def _repeated(job: Job, call: Callable[[], str]) -> Run:
    """Make *call* as often as the job says, and give the median of its seconds."""

    def run() -> Counted:
        taken = []
        right = 0
        for _ in range(job["number"]):
            start = time.perf_counter()
            id = call()
            taken.append(time.perf_counter() - start)
            right += id == job["target"]
        return {"calls": right, "call": statistics.median(taken)}

    call()
    return run
