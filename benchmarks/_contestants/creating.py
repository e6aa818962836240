"""Contestants that create a batch, or check its requests, from a list in memory or a file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, cast

from benchmarks._job import Counted, Job, Run

from . import clients

Requests = Iterable[dict[str, Any]]
Send = Callable[[Requests], object]

_BLOCK = 256 * 1024


def from_list(job: Job) -> Run:
    """Create from a list, with the sender of the argument."""
    send = _SENDERS[job["argument"]](job)
    lists = {path: list(_requests(path)) for path in (job["warm_up"], job["target"])}
    return lambda path: _sent(send, lists[path])


def from_generator(job: Job) -> Run:
    """Create from a generator over a file, with the sender of the argument."""
    send = _SENDERS[job["argument"]](job)
    return lambda path: _sent(send, _requests(path))


def problems(job: Job) -> Run:
    """Look for problems in a list."""
    from anthropix_py import validate

    requests = list(_requests(job["target"]))
    return lambda _target: {"problems": len(validate.problems(requests))}


def chunks(job: Job) -> Run:
    """Cut a generator over a list into lists that fit."""
    from anthropix_py import split

    requests = list(_requests(job["target"]))
    return lambda _target: {"requests": sum(map(len, split.chunks(iter(requests))))}


def encode(job: Job) -> Run:
    """Encode each request of a list with the library of the argument."""
    requests, dumps = list(_requests(job["target"])), _dumps(job)

    def run(_target: str) -> Counted:
        for request in requests:
            dumps(request)
        return {"requests": len(requests)}

    return run


def _ours(job: Job) -> Send:
    from anthropix_py import batch, unwrap

    client = clients.ours(job)
    return lambda requests: unwrap(batch.create(client, requests))


def _sdk(job: Job) -> Send:
    create = clients.sdk(job).messages.batches.create
    return lambda requests: create(requests=cast("Any", requests))


def _unchecked(job: Job) -> Send:
    """Encode each request, write it to a file and send that: the least that a create can do."""
    raw, dumps = clients.Raw(job), _dumps(job)

    def send(requests: Requests) -> None:
        with tempfile.TemporaryFile() as file:
            separator = b'{"requests":['
            for request in requests:
                file.write(separator)
                file.write(dumps(request))
                separator = b","
            file.write(b"]}")
            length = file.tell()
            file.seek(0)
            raw.post(clients.BATCHES, iter(partial(file.read, _BLOCK), b""), length)

    return send


_SENDERS: dict[str, Callable[[Job], Send]] = {
    "ours": _ours,
    "sdk": _sdk,
    "json": _unchecked,
    "orjson": _unchecked,
}


def _sent(send: Send, requests: Requests) -> Counted:
    send(requests)
    return {}


def _dumps(job: Job) -> Callable[[Any], bytes]:
    dumps = clients.library(job).dumps
    if job["argument"] == "orjson":
        return cast("Callable[[Any], bytes]", dumps)
    return lambda value: cast("str", dumps(value)).encode()


def _requests(path: str) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        yield from map(json.loads, file)
