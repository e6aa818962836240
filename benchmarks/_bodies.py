"""What the server serves, rendered before it is asked for; an id says what it stands for.

`rows-COUNT-counted`, `rows-COUNT-chunked` (chunks of 16 KiB), `rows-COUNT-apiece` (a chunk a row) and
`rows-COUNT-gzip`; `long-BYTES`: one row of that size; `held-plain`, `held-chunked` and `held-gzip`: three
rows, each held back until the one before has been handed over.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from . import _data

HELD = 3  # rows of a held body
LISTED = 1_000  # batches in the list

_CHUNK = 16 * 1024
_CACHED = 100_000  # rows; more are put together while they are sent
_COUNTED = "content-length: {}\r\n"
_CHUNKED = "transfer-encoding: chunked\r\n"


class Body(NamedTuple):
    """The results of one batch: what they hold, the lines of the head that speak of them, the pieces to send."""

    rows: int
    tokens: int
    length: int
    head: str
    pieces: Callable[[], Iterable[bytes]]

    @property
    def facts(self) -> dict[str, int]:
        """What a reader must find."""
        return {"rows": self.rows, "tokens": self.tokens, "bytes": self.length}


class Bodies:
    """Every body that was asked for, rendered once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: dict[str, Body] = {}

    def body(self, id: str) -> Body:
        """Give the results of a batch."""
        with self._lock:
            if id not in self._bodies:
                self._bodies[id] = _body(id)
            return self._bodies[id]


def batch(id: str, url: str) -> dict[str, Any]:
    """Give the batch *id* as the server at *url* shows it: ended, its results there."""
    return {
        "id": id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {
            "processing": 0,
            "succeeded": _rows(id),
            "errored": 0,
            "canceled": 0,
            "expired": 0,
        },
        "ended_at": "2026-08-19T15:44:51.493319+00:00",
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{url}/v1/messages/batches/{id}/results",
    }


def page(query: dict[str, str], url: str) -> dict[str, Any]:
    """Give the page of the list that *query* asks for, newest first."""
    first = int(query["after_id"].partition("-")[2]) + 1 if "after_id" in query else 0
    last = min(first + int(query.get("limit", 20)), LISTED)
    data = [batch(f"listed-{number}", url) for number in range(first, last)]
    ids = [one["id"] for one in data] or [None]
    return {"data": data, "has_more": last < LISTED, "first_id": ids[0], "last_id": ids[-1]}


def encoded(value: object) -> bytes:
    """Give *value* as the API sends it."""
    return json.dumps(value, separators=(",", ":")).encode()


def held(kind: str) -> list[bytes]:
    """Give the pieces of a held body, one for each row."""
    lines = b"".join(_data.rows(HELD)).splitlines(keepends=True)
    if kind == "chunked":
        return [*map(_framed, lines[:-1]), _framed(lines[-1]) + b"0\r\n\r\n"]
    if kind == "gzip":
        squeeze = _gzip()
        pieces = [squeeze.compress(line) + squeeze.flush(zlib.Z_SYNC_FLUSH) for line in lines]
        return [*pieces[:-1], pieces[-1] + squeeze.flush()]
    return lines


def _rows(id: str) -> int:
    kind, _, value = id.partition("-")
    return {"rows": lambda: int(value.partition("-")[0]), "held": lambda: HELD}.get(
        kind, lambda: 1
    )()


def _body(id: str) -> Body:
    kind, _, value = id.partition("-")
    if kind == "long":
        return _whole(1, 7, _COUNTED, _data.long_row(int(value)))
    if kind == "held":
        return _held(value)
    count, _, variant = value.partition("-")
    rows, tokens = int(count), _data.tokens(int(count))
    if rows > _CACHED:
        length = sum(map(len, _data.rows(_data.BLOCK))) * (rows // _data.BLOCK)
        return Body(rows, tokens, length, _COUNTED.format(length), partial(_data.rows, rows))
    if variant == "counted":
        return _whole(rows, tokens, _COUNTED, b"".join(_data.rows(rows)))
    if variant == "gzip":
        return _whole(
            rows,
            tokens,
            "content-encoding: gzip\r\n" + _COUNTED,
            b"".join(_squeezed(_data.rows(rows))),
        )
    cut = {"chunked": _pieces, "apiece": _lines}[variant]
    return _whole(
        rows, tokens, _CHUNKED, b"".join(map(_framed, cut(_data.rows(rows)))) + b"0\r\n\r\n"
    )


def _whole(rows: int, tokens: int, head: str, content: bytes) -> Body:
    return Body(rows, tokens, len(content), head.format(len(content)), lambda: [content])


def _held(kind: str) -> Body:
    pieces = held(kind)
    length = sum(map(len, pieces))
    head = {
        "plain": _COUNTED.format(length),
        "chunked": _CHUNKED,
        "gzip": f"content-encoding: gzip\r\n{_COUNTED.format(length)}",
    }[kind]
    return Body(HELD, _data.tokens(HELD), length, head, lambda: pieces)


def _gzip() -> zlib._Compress:
    return zlib.compressobj(6, wbits=zlib.MAX_WBITS | 16)


def _squeezed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    squeeze = _gzip()
    yield from map(squeeze.compress, blocks)
    yield squeeze.flush()


def _framed(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), _CHUNK):
            yield block[start : start + _CHUNK]


def _lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield from block.splitlines(keepends=True)
