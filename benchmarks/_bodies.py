"""What the server serves, rendered before it is asked for. A batch's id says what it stands for.

`rows-COUNT-VARIANT`: that many rows; variant `counted` has a length, `chunked` chunks of 16 KiB,
`apiece` a chunk for each row, `gzip` is compressed. `long-BYTES`: one row of that size.
`held-VARIANT`: three rows, each held back until the one before has been handed over.
`created-COUNT`: a batch of that many requests.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from . import _data

HELD = 3  # rows of a held body
LISTED = 1_000  # batches in the list

_CHUNK = 16 * 1024
_CACHED = 100_000  # rows; more are put together while they are sent
_COUNTED = "content-length: {}\r\n"
_GZIP = "content-encoding: gzip\r\ncontent-length: {}\r\n"
_CHUNKED = "transfer-encoding: chunked\r\n"
_END = b"0\r\n\r\n"


class Body(NamedTuple):
    """The results of one batch: what is in them, the headers that frame them, the blocks."""

    rows: int
    tokens: int
    length: int
    head: str
    blocks: Callable[[], Iterable[bytes]]

    @property
    def facts(self) -> dict[str, int]:
        """What a reader must find."""
        return {"rows": self.rows, "tokens": self.tokens, "bytes": self.length}


@cache
def results(id: str) -> Body:
    """Return the results of a batch, rendered once."""
    kind, _, value = id.partition("-")
    if kind == "long":
        return _body(1, 7, _COUNTED, [_data.long_row(int(value))])
    if kind == "held":
        return _body(HELD, _data.tokens(HELD), *_held(value))
    number, _, variant = value.partition("-")
    count = int(number)
    if count > _CACHED:
        length = sum(map(len, _data.rows(_data.BLOCK))) * (count // _data.BLOCK)
        head = _COUNTED.format(length)
        return Body(count, _data.tokens(count), length, head, partial(_data.rows, count))
    head, blocks = _VARIANTS[variant]
    return _body(count, _data.tokens(count), head, [b"".join(blocks(_data.rows(count)))])


def batch(id: str, url: str) -> dict[str, Any]:
    """Return the batch *id* as the server at *url* shows it: ended, with results."""
    count = 1
    if id.startswith(("rows-", "created-")):
        count = int(id.split("-")[1])
    elif id.startswith("held-"):
        count = HELD
    others = dict.fromkeys(("processing", "errored", "canceled", "expired"), 0)
    return {
        "id": id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {**others, "succeeded": count},
        "ended_at": "2026-08-19T15:44:51.493319+00:00",
        "created_at": "2026-08-19T14:44:51.493319+00:00",
        "expires_at": "2026-08-20T14:44:51.493319+00:00",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{url}/v1/messages/batches/{id}/results",
    }


def page(query: dict[str, str], url: str) -> dict[str, Any]:
    """Return the page of the list that *query* asks for."""
    first = int(query["after_id"].partition("-")[2]) + 1 if "after_id" in query else 0
    last = min(first + int(query.get("limit", 20)), LISTED)
    data = [batch(f"listed-{number}", url) for number in range(first, last)]
    ids = [one["id"] for one in data] or [None]
    return {"data": data, "has_more": last < LISTED, "first_id": ids[0], "last_id": ids[-1]}


def encoded(value: object) -> bytes:
    """Return *value* as the API sends it."""
    return json.dumps(value, separators=(",", ":")).encode()


def _body(rows: int, tokens: int, head: str, blocks: list[bytes]) -> Body:
    length = sum(map(len, blocks))
    return Body(rows, tokens, length, head.format(length), lambda: blocks)


def _held(variant: str) -> tuple[str, list[bytes]]:
    lines = b"".join(_data.rows(HELD)).splitlines(keepends=True)
    if variant == "chunked":
        *first, last = map(_framed, lines)
        return _CHUNKED, [*first, last + _END]
    if variant == "gzip":
        packer = _packer()
        *first, last = [packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH) for line in lines]
        return _GZIP, [*first, last + packer.flush()]
    return _COUNTED, lines


def _chunked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), _CHUNK):
            yield _framed(block[start : start + _CHUNK])
    yield _END


def _apiece(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield from map(_framed, block.splitlines(keepends=True))
    yield _END


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    packer = _packer()
    yield from map(packer.compress, blocks)
    yield packer.flush()


def _packer() -> zlib._Compress:
    return zlib.compressobj(6, wbits=zlib.MAX_WBITS | 16)


def _framed(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


_VARIANTS: dict[str, tuple[str, Callable[[Iterable[bytes]], Iterable[bytes]]]] = {
    "counted": (_COUNTED, lambda blocks: blocks),
    "gzip": (_GZIP, _compressed),
    "chunked": (_CHUNKED, _chunked),
    "apiece": (_CHUNKED, _apiece),
}
