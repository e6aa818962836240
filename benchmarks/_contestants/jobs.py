"""Contestants that run any number of requests as many batches, with a journal and without one."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks._data import short_requests
from benchmarks._job import Counted, Job, Run

from . import clients

_INTERVAL = 0.01  # seconds between polls


def journaled(job: Job) -> Run:
    """Run as many requests as the target says as a durable job."""
    from anthropix_py import job as jobs
    from anthropix_py import unwrap

    client, folder = clients.ours(job), _Folder()
    policy = jobs.Policy(requests_per_batch=job["number"], interval=_INTERVAL)

    def run(target: str) -> Counted:
        requests = short_requests(int(target))
        done = unwrap(jobs.run(client, requests, folder.path, policy=policy))
        return {"rows": done.succeeded}

    return run


def plain(job: Job) -> Run:
    """Split as many requests as the target says, create each batch, download each file."""
    from anthropix_py import Limits, batch, split, unwrap

    client, folder = clients.ours(job), _Folder()
    limits = Limits()._replace(requests=job["number"])

    def run(target: str) -> Counted:
        created = [
            unwrap(batch.create(client, chunk))
            for chunk in split.chunks(short_requests(int(target)), limits)
        ]
        rows = 0
        for one in created:
            ended = unwrap(batch.wait(client, one, interval=_INTERVAL))
            rows += unwrap(batch.download(client, ended, folder.path / f"{one['id']}.jsonl")).rows
        return {"rows": rows}

    return run


class _Folder:
    """A folder that is deleted when the process ends."""

    def __init__(self) -> None:
        self._kept = tempfile.TemporaryDirectory()
        self.path = Path(self._kept.name)
