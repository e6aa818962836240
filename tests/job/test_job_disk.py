"""A full disk: whatever file does not fit, the job returns an error, and continues later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anthropix_py import FileError, emulator, init, job, unwrap
from anthropix_py.emulator import ManualClock, Store

resource = pytest.importorskip("resource")


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond *size* bytes inside the block."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


def test_a_disk_that_is_full_at_ever_later_moments(tmp_path: Path) -> None:
    store, folder = Store(clock=(clock := ManualClock())), tmp_path / "job"
    client = init("any-key", transport=emulator.transport(store), clock=clock)
    policy = job.Policy(requests_per_batch=20)
    # the smallest body, of 13 requests, is larger than a new journal
    messages = [{"role": "user", "content": "x" * 8_000}]
    params = {"model": "m", "max_tokens": 9, "messages": messages}
    requests = [{"custom_id": str(number), "params": params} for number in range(40)]
    full = set()
    for size in range(1_000, 400_000, 7_000):
        with disk_of(size):
            tag, found = job.run(client, requests, folder, policy=policy)
        if tag == "ok":
            break
        # against an error of the system that closing a file raises once more, when it is flushed
        assert isinstance(found, FileError)
        full.add(Path(found.path).name)
    assert {"journal.sqlite", "000001.json"} <= full
    done = unwrap(job.run(client, requests, folder, policy=policy))
    assert (done.succeeded, len(store.newest_first())) == (40, done.batches)
