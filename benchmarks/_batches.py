"""Servers that keep batches until their results have been read, for contestants that run many.

`emulator` serves the emulator. `scripted` does as little as a job can live with: it takes the ids
out of a body, and answers each with the same message. A process of its own, like `_server`: it
says its URL in one line, and ends when its input is closed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, cast
from urllib.parse import parse_qsl

from . import _bodies, _server
from ._bench import ROOT

_ID = re.compile(rb'"custom_id": ?"([A-Za-z0-9_-]+)"')
_LONGEST = 100  # bytes of a custom_id with its key
_READ = 1 << 20
_AT_ONCE = 5_000  # rows rendered at a time
_TEXT = b"You asked a question of about a thousand characters, and this is its answer. " * 3
_ROW = (
    b'{"custom_id":"%%b","result":{"type":"succeeded","message":{"model":"claude-haiku-4-5-2025'
    b'1001","id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","content":'
    b'[{"type":"text","text":"%b"}],"stop_reason":"end_turn","stop_sequence":null,"stop_details"'
    b':null,"usage":{"input_tokens":260,"cache_creation_input_tokens":0,"cache_read_input_tokens"'
    b':0,"output_tokens":60,"service_tier":"batch","inference_geo":"global"}}}}\n'
) % _TEXT
_DATE = re.compile(r"date: [^\r]*")


class Batches:
    """The batches so far, the oldest first: the ids of their rows, and what `show` says."""

    def __init__(self) -> None:
        self.rows: dict[str, list[bytes]] = {}
        self.shown: dict[str, dict[str, Any]] = {}

    def add(self, ids: list[bytes], url: str) -> dict[str, Any]:
        """Keep a batch, which ends at once, and return it."""
        id = f"created-{len(ids)}-{len(self.shown)}"
        now = datetime.now(UTC).isoformat()
        self.rows[id] = ids
        self.shown[id] = {**_bodies.batch(id, url), "created_at": now, "ended_at": now}
        return self.shown[id]

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        """Return the page of the list that *query* asks for."""
        newest = list(reversed(self.shown.values()))
        ids = [one["id"] for one in newest]
        first = 0
        if "after_id" in query:
            first = ids.index(query["after_id"]) + 1
        last = first + int(query.get("limit", 20))
        ids = ids[first:last] or [None]
        has_more = last < len(newest)
        data = newest[first:last]
        return {"data": data, "has_more": has_more, "first_id": ids[0], "last_id": ids[-1]}


class Connection(_server.Connection):
    """One client of the scripted server."""

    rbufsize = _READ
    batches = Batches()

    def _get(self, path: str, query: str) -> None:
        match path.removeprefix("/v1/messages/batches").split("/")[1:]:
            case []:
                self._json(self.batches.page(dict(parse_qsl(query))))
            case [id, "results"]:
                self._results(id)
            case [id]:
                self._json(self.batches.shown[id])
            case _:
                raise ValueError(f"there is no {path}")

    def _results(self, id: str) -> None:
        ids = self.batches.rows[id]
        length = (len(_ROW) - 2) * len(ids) + sum(map(len, ids))
        head = _head("application/x-jsonl", length)
        self.wfile.write(head)
        for start in range(0, len(ids), _AT_ONCE):
            self.wfile.write(b"".join([_ROW % one for one in ids[start : start + _AT_ONCE]]))

    def _create(self, headers: dict[str, str]) -> None:
        left = int(headers["content-length"])
        ids: list[bytes] = []
        rest = b""
        while left:
            block = self.rfile.read1(min(left, _READ))
            if not block:
                raise OSError("the client left")
            left -= len(block)
            rest += block
            end = 0
            for found in _ID.finditer(rest):
                ids.append(found[1])
                end = found.end()
            rest = rest[max(end, len(rest) - _LONGEST) :]
        self._json(self.batches.add(ids, self._site.url))

    def _json(self, value: object) -> None:
        content = _bodies.encoded(value)
        self.wfile.write(_head("application/json", len(content)) + content)


def _head(kind: str, length: int) -> bytes:
    """Return the head of a response; a job goes by its date, and by the workspace."""
    more = f"content-length: {length}\r\nanthropic-workspace-id: wrkspc_01benchmark\r\n"
    head = _server._HEAD.format(kind, more)
    return _DATE.sub(f"date: {formatdate(usegmt=True)}", head, count=1).encode()


@contextmanager
def serving(kind: str, core: int, folder: str) -> Iterator[str]:
    """Run a server of that kind on a core of its own, and yield its URL; its files: in *folder*."""
    command = [sys.executable, "-m", "benchmarks._batches", kind, str(core)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "TMPDIR": folder}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        try:
            yield cast("Any", process.stdout).readline().strip()
        finally:
            # Closes its input, which ends it.
            process.communicate(timeout=30)


def main() -> None:
    """Serve until the input is closed."""
    _, kind, core = sys.argv
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    if kind == "emulator":
        from anthropix_py import emulator

        with emulator.serve() as url:
            _wait(url)
        return
    site = _server.Site(_server.State(), handler=Connection)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    _wait(site.url)


def _wait(url: str) -> None:
    print(url, flush=True)
    with suppress(KeyboardInterrupt):
        sys.stdin.read()


if __name__ == "__main__":
    main()
