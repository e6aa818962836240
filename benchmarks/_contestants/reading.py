"""Contestants that read results, and count rows and output tokens."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks._bodies import HELD
from benchmarks._job import Counted, Job, Run

from . import clients

# Removed with what is in it when this process ends.
_folder = tempfile.TemporaryDirectory()


def ours(job: Job) -> Run:
    """Stream with this library, all of its checks on; "list": read all rows before counting."""
    from anthropix_py import batch, unwrap

    client, stream = clients.ours(job), job["argument"] != "list"

    def rows(name: str) -> Iterable[Any]:
        ended = unwrap(batch.show(client, name))
        return unwrap(batch.results(client, ended, stream=stream))

    return _counting(job, rows)


def ours_times(job: Job) -> Run:
    """Stream as many times as the job says, over one client, "at once" in threads or "in turn"."""
    read, names = ours(job), range(job["number"])

    def run(name: str) -> Counted:
        with ThreadPoolExecutor(len(names)) as threads:
            over = threads.map if job["argument"] == "at once" else map
            counted = list(over(lambda _: read(name), names))
        return {figure: sum(one[figure] for one in counted) for figure in ("rows", "tokens")}

    return run


def ours_download(job: Job) -> Run:
    """Write the rows to a file with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)

    def run(name: str) -> Counted:
        ended = unwrap(batch.show(client, name))
        done = unwrap(batch.download(client, ended, _file(name)))
        return {"rows": done.rows, "bytes": os.path.getsize(done.path)}

    return _undisturbed(run)


def sdk(job: Job) -> Run:
    """Stream with the official SDK."""
    results = clients.sdk(job).messages.batches.results
    return _counting(job, results, lambda row: row.result.message.usage.output_tokens)


def httpx(job: Job) -> Run:
    """Stream with httpx, line by line."""
    client = clients.httpx_client(job)

    def rows(name: str) -> Iterator[Any]:
        with client.stream("GET", _path(name)) as response:
            yield from map(json.loads, response.iter_lines())

    return _counting(job, rows)


def urllib3(job: Job) -> Run:
    """Stream with urllib3, in blocks of as many KiB as the argument says."""
    pool, size = clients.pool(job), int(job["argument"]) * 1024

    def rows(name: str) -> Iterator[Any]:
        response = pool.request("GET", job["url"] + _path(name), preload_content=False)
        return _parsed(response.stream(size), json.loads)

    return _counting(job, rows)


def raw(job: Job) -> Run:
    """Read a socket, split at newlines, parse with the library of the argument."""
    get, loads = clients.Raw(job).get, clients.library(job).loads
    return _counting(job, lambda name: _parsed(get(_path(name)), loads))


def raw_list(job: Job) -> Run:
    """Do the same, and keep every row in a list before counting."""
    get, loads = clients.Raw(job).get, clients.library(job).loads
    return _counting(job, lambda name: list(_parsed(get(_path(name)), loads)))


def raw_file(job: Job) -> Run:
    """Write what a socket returns to a file, and flush it to the disk."""
    get = clients.Raw(job).get

    def run(name: str) -> Counted:
        with open(_file(name), "wb") as file:
            file.writelines(get(_path(name)))
            file.flush()
            os.fsync(file.fileno())
            return {"bytes": file.tell()}

    return _undisturbed(run)


def wire(job: Job) -> Run:
    """Receive to nowhere."""
    drain = clients.Raw(job).drain
    return lambda name: {"bytes": drain(_path(name))}


def _parsed(blocks: Iterable[bytes], loads: Callable[[bytes], Any]) -> Iterator[Any]:
    """Yield the rows in *blocks* of lines, with as little as can be between socket and parser."""
    rest: list[bytes] = []
    for block in blocks:
        first, *lines = block.split(b"\n")
        rest.append(first)
        if lines:
            yield loads(b"".join(rest))
            *lines, last = lines
            yield from map(loads, lines)
            rest = [last]


def _output_tokens(row: Any) -> int:
    return int(row["result"]["message"]["usage"]["output_tokens"])


def _counting(
    job: Job, rows: Callable[[str], Iterable[Any]], tokens: Callable[[Any], int] = _output_tokens
) -> Run:
    def run(name: str) -> Counted:
        if name.startswith("held-"):
            return _prompt(job, rows(name))
        number = total = 0
        for row in rows(name):
            number += 1
            total += tokens(row)
        return {"rows": number, "tokens": total}

    return run


def _prompt(job: Job, rows: Iterable[object]) -> Counted:
    """Count the rows that arrived while the next was held back; the last row has no next one."""
    prompt = number = 0
    for number, _ in enumerate(rows, 1):
        if number < HELD:
            with urllib.request.urlopen(f"{job['control']}/release/{number}") as response:
                prompt += json.load(response)["held"]
    return {"prompt": prompt, "rows": number}


def _path(name: str) -> str:
    return clients.path(name, "/results")


def _file(name: str) -> str:
    return os.path.join(_folder.name, f"{name}.jsonl")


def _undisturbed(run: Run) -> Run:
    """Leave nothing to the disk that others have written before."""
    if hasattr(os, "sync"):
        os.sync()
    return run
