"""Contestants that create a batch, or check its requests, from a list in memory or a file of JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from benchmarks._job import Job, Run

from . import clients

if TYPE_CHECKING:
    from anthropic.types.messages.batch_create_params import Request

Requests = Iterable[dict[str, Any]]
Send = Callable[[Requests], object]


def ours_list(job: Job) -> Run:
    """Create from a list with this library."""
    return _from_list(job, _ours(job))


def ours_generator(job: Job) -> Run:
    """Create from a generator with this library."""
    return _from_generator(job, _ours(job))


def sdk_list(job: Job) -> Run:
    """Create from a list with the official SDK."""
    return _from_list(job, _sdk(job))


def sdk_generator(job: Job) -> Run:
    """Create from a generator with the official SDK."""
    return _from_generator(job, _sdk(job))


def problems(job: Job) -> Run:
    """Look for problems in a list."""
    from anthropix_py import validate

    requests = list(_requests(job["target"]))
    return lambda: {"problems": len(validate.problems(requests))}


def chunks(job: Job) -> Run:
    """Cut a generator over a list into lists that fit."""
    from anthropix_py import split

    requests = list(_requests(job["target"]))
    return lambda: {"requests": sum(map(len, split.chunks(iter(requests))))}


def _ours(job: Job) -> Send:
    from anthropix_py import batch, unwrap

    client = clients.ours(job)
    return lambda requests: unwrap(batch.create(client, requests))


def _sdk(job: Job) -> Send:
    client = clients.sdk(job)
    return lambda requests: client.messages.batches.create(
        requests=cast("Iterable[Request]", requests)
    )


def _from_list(job: Job, send: Send) -> Run:
    send(list(_requests(job["warm_up"])))
    requests = list(_requests(job["target"]))
    return lambda: _sent(send, requests)


def _from_generator(job: Job, send: Send) -> Run:
    send(_requests(job["warm_up"]))
    return lambda: _sent(send, _requests(job["target"]))


def _sent(send: Send, requests: Requests) -> dict[str, float]:
    send(requests)
    return {}


def _requests(path: str) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)
