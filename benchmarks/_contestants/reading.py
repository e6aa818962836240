"""Contestants that read results, and count rows and output tokens."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from benchmarks._job import Counted, Job, Run

from . import clients

Read = Callable[[str], Counted]


def ours(job: Job) -> Run:
    """Stream with this library, all of its checks on."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)

    def read(id: str) -> Counted:
        rows = unwrap(batch.results(client, unwrap(batch.show(client, id)), stream=True))
        return _counted(cast("Iterable[dict[str, Any]]", rows))

    return _warmed(job, read)


def ours_whole(job: Job) -> Run:
    """Read the rows into a list with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)

    def read(id: str) -> Counted:
        rows = unwrap(batch.results(client, unwrap(batch.show(client, id))))
        return _counted(cast("list[dict[str, Any]]", rows))

    return _warmed(job, read)


def ours_download(job: Job) -> Run:
    """Write the rows to a file with this library."""
    from anthropix_py import batch, unwrap

    client = clients.ours(job)

    def read(id: str) -> Counted:
        done = unwrap(batch.download(client, unwrap(batch.show(client, id)), _file()))
        return {"rows": done.rows, "bytes": os.path.getsize(done.path)}

    return _unwritten(_warmed(job, read))


def ours_in_turn(job: Job) -> Run:
    """Read *number* times with this library, one after another."""
    return _several(job, lambda read: [read() for _ in range(job["number"])])


def ours_at_once(job: Job) -> Run:
    """Read *number* times with this library, in as many threads over one client."""

    def at_once(read: Run) -> list[Counted]:
        counted: list[Counted] = []
        threads = [
            threading.Thread(target=lambda: counted.append(read())) for _ in range(job["number"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counted

    return _several(job, at_once)


def sdk(job: Job) -> Run:
    """Stream with the official SDK."""
    client = clients.sdk(job)

    def read(id: str) -> Counted:
        rows = tokens = 0
        for row in client.messages.batches.results(id):
            rows += 1
            if row.result.type == "succeeded":
                tokens += row.result.message.usage.output_tokens
        return {"rows": rows, "tokens": tokens}

    return _warmed(job, read)


def httpx_lines(job: Job) -> Run:
    """Stream with httpx, line by line."""
    client = clients.httpx_client(job)

    def read(id: str) -> Counted:
        with client.stream("GET", clients.path(id, "/results")) as response:
            return _counted(map(json.loads, response.iter_lines()))

    return _warmed(job, read)


def urllib3_64k(job: Job) -> Run:
    """Stream with urllib3, in pieces of 64 KiB."""
    return _urllib3(job, 64 * 1024)


def urllib3_256k(job: Job) -> Run:
    """Stream with urllib3, in pieces of 256 KiB."""
    return _urllib3(job, 256 * 1024)


def raw_json(job: Job) -> Run:
    """Read a socket, split at newlines, parse with the standard library."""
    raw = clients.Raw(job)
    return _warmed(job, lambda name: _split(raw.get(clients.path(name, "/results")), json.loads))


def raw_orjson(job: Job) -> Run:
    """Read a socket, split at newlines, parse with orjson."""
    import orjson

    raw = clients.Raw(job)
    return _warmed(job, lambda name: _split(raw.get(clients.path(name, "/results")), orjson.loads))


def raw_whole(job: Job) -> Run:
    """Read a socket, and keep every row in a list."""
    raw = clients.Raw(job)

    def read(id: str) -> Counted:
        rows: list[Any] = []

        def keep(line: bytes) -> Any:
            rows.append(json.loads(line))
            return rows[-1]

        return _split(raw.get(clients.path(id, "/results")), keep)

    return _warmed(job, read)


def raw_file(job: Job) -> Run:
    """Write what a socket gives to a file, and see it to the disk."""
    raw = clients.Raw(job)

    def read(id: str) -> Counted:
        with open(_file(), "wb") as file:
            for piece in raw.get(clients.path(id, "/results")):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            return {"bytes": file.tell()}

    return _unwritten(_warmed(job, read))


def wire(job: Job) -> Run:
    """Receive to nowhere."""
    raw = clients.Raw(job)
    return _warmed(job, lambda name: {"bytes": raw.drain(clients.path(name, "/results"))})


def _warmed(job: Job, read: Read) -> Run:
    read(job["warm_up"])
    return lambda: read(job["target"])


def _unwritten(run: Run) -> Run:
    """Leave nothing to the disk that another has written before."""
    os.unlink(_file())
    if hasattr(os, "sync"):
        os.sync()
    return run


def _several(job: Job, all_of: Callable[[Run], list[Counted]]) -> Run:
    read = ours(job)

    def run() -> Counted:
        counted = all_of(read)
        return {name: sum(one[name] for one in counted) for name in ("rows", "tokens")}

    return run


def _urllib3(job: Job, size: int) -> Run:
    pool = clients.pool(job)

    def read(id: str) -> Counted:
        response = pool.request(
            "GET", job["url"] + clients.path(id, "/results"), preload_content=False
        )
        return _split(response.stream(size), json.loads)

    return _warmed(job, read)


def _counted(rows: Iterable[dict[str, Any]]) -> Counted:
    number = tokens = 0
    for row in rows:
        number += 1
        tokens += row["result"]["message"]["usage"]["output_tokens"]
    return {"rows": number, "tokens": tokens}


def _split(pieces: Iterable[bytes], loads: Callable[[bytes], Any]) -> Counted:
    """Count the rows in *pieces* of lines, with as little between socket and parser as can be."""
    number = tokens = 0
    rest: list[bytes] = []
    for piece in pieces:
        ended: Sequence[bytes]
        *ended, last = piece.split(b"\n")
        if ended:
            ended[0] = b"".join([*rest, ended[0]])
            rest = []
            for line in ended:
                number += 1
                tokens += loads(line)["result"]["message"]["usage"]["output_tokens"]
        rest.append(last)
    return {"rows": number, "tokens": tokens}


def _file() -> str:
    return os.path.join(tempfile.gettempdir(), "results.jsonl")
