"""Results behind a gateway, read as a list, a stream and a file: cut, altered, foreign, endless."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from gateway import END, Answer, Change, Place, once, place
from tally import ROWS, Case, Tally, requests

from anthropix_py import AnthropixError, batch, unwrap

_API_ERROR = b'{"type":"error","error":{"type":"api_error","message":"Internal server error"}}'

_NEW = "a_type_of_tomorrow"
_UNREADABLE = "an integer of 5,000 digits, 2,000 levels"

# A case makes the change of one run; *chance* decides where it falls.
Make = Callable[[random.Random], Change]
Edit = Callable[[list[bytes]], list[bytes]]


def _chunked(answer: Answer, blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield answer.head(transfer_encoding="chunked")
    for block in blocks:
        yield b"%x\r\n%s\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


def _no_row(answer: Answer) -> Iterable[bytes]:
    return [answer._replace(body=b"").wire()]


def _edited(edit: Callable[[bytes], bytes]) -> Change:
    return lambda answer: [answer._replace(body=edit(answer.body)).wire()]


def _zipped(edit: Callable[[bytes], bytes]) -> Change:
    """Return a change that packs the body as gzip, and then edits it.

    It is stored, not compressed, and sent in two parts: rows are read before the checksum arrives.
    """

    def change(answer: Answer) -> Iterable[bytes]:
        body = edit(gzip.compress(answer.body, 0, mtime=0))
        headers = {**answer.headers, "content-encoding": "gzip"}
        return _chunked(answer._replace(headers=headers), _in_two(body))

    return change


def _in_two(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    time.sleep(0.005)
    yield body[len(body) // 2 :]


def _wrong_checksum(body: bytes) -> bytes:
    return body[:-8] + bytes(byte ^ 0xFF for byte in body[-8:-4]) + body[-4:]


def _without_framing(lines: int) -> Change:
    """Return a change that ends the body with the connection, after so many complete lines."""

    def change(answer: Answer) -> Iterable[bytes]:
        kept = b"".join(answer.body.splitlines(keepends=True)[:lines])
        return [answer.head() + kept, END]

    return change


def _cuts(chance: random.Random) -> Change:
    """Cut the body four times, each time further on."""
    places = sorted(chance.sample(range(1, ROWS), 4))

    def change(answer: Answer) -> Iterable[bytes]:
        if not places:
            return [answer.wire()]
        lines = answer.body.splitlines(keepends=True)
        kept = b"".join(lines[: places.pop(0)]) + lines[-1][:9]
        return [answer.head(content_length=str(len(answer.body))) + kept, END]

    return change


def _unreadable(lines: list[bytes]) -> list[bytes]:
    """Return *lines* with two that Python cannot hold as they are."""
    lines = lines.copy()
    for at, value in ((3, b"7" * 5000), (9, b"[" * 2000 + b"]" * 2000)):
        id = json.dumps(json.loads(lines[at])["custom_id"]).encode()
        result = b'{"type":"%s","value":%s}' % (_NEW.encode(), value)
        lines[at] = b'{"custom_id":%s,"result":%s}\n' % (id, result)
    return lines


def _with_unreadable(answer: Answer) -> Iterable[bytes]:
    lines = _unreadable(answer.body.splitlines(keepends=True))
    return [answer._replace(body=b"".join(lines)).wire()]


def _endless(answer: Answer) -> Iterable[bytes]:
    """Send rows until the client leaves."""
    row = '{"custom_id":"more-%d","result":{"type":"canceled"}}\n'
    more = ((row % number).encode() for number in itertools.count())
    return _chunked(answer, itertools.chain([answer.body], more))


def _torn(chance: random.Random) -> Change:
    """Cut a row inside, and put an error of the API right behind it."""

    def edit(body: bytes) -> bytes:
        lines = body.splitlines(keepends=True)
        torn = lines[chance.randrange(ROWS)]
        at = body.index(torn)
        return body[: at + chance.randrange(1, len(torn) - 1)] + _API_ERROR + b"\n"

    return once(_edited(edit))


def _falsified(chance: random.Random) -> Change:
    """Alter a text, which leaves its row a row, and behind it a byte that does not."""

    def edit(body: bytes) -> bytes:
        at = chance.randrange(len(body) // 2, len(body))
        # not the first row, by which a part is recognized
        first = body.index(b"\n")
        altered = body[first:at].replace(b"What", b"That", 3)
        return body[:first] + altered + b"\0" + body[at + 1 :]

    return once(_edited(edit))


def _altered(chance: random.Random) -> Change:
    """Replace a byte by one that is nowhere in JSON."""

    def edit(body: bytes) -> bytes:
        at = chance.randrange(len(body))
        return body[:at] + b"\0" + body[at + 1 :]

    return once(_edited(edit))


def _missing(chance: random.Random) -> Change:
    """Leave out a byte that gives JSON its form."""

    def edit(body: bytes) -> bytes:
        # the last newline may be missing, and others may be a part of a text
        at = chance.choice([at for at, byte in enumerate(body[:-1]) if byte in b'{}"\n'])
        return body[:at] + body[at + 1 :]

    return once(_edited(edit))


def _altered_gzip(chance: random.Random) -> Change:
    """Alter a byte of packed rows, or of their checksum."""

    def edit(body: bytes) -> bytes:
        # a header of gzip has bytes that mean nothing
        at = chance.randrange(10, len(body))
        return body[:at] + bytes([body[at] ^ chance.randrange(1, 256)]) + body[at + 1 :]

    return once(_zipped(edit))


def _interim(answer: Answer) -> Iterable[bytes]:
    return [
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\nlink: </x>\r\n\r\n",
        answer.wire(),
    ]


class _Body(NamedTuple):
    """What is read in every way, by which name of the batch, and the outcomes that are right."""

    make: Make
    name: str = "dict"
    ends: tuple[str, ...] = ("ok",)


_NOT = ("DecodeError",)
# A wrong checksum is an error if rows were handed over before it, and is mended otherwise.
_CORRUPT = ("ok", "CorruptRows", "DecodeError")
_BODIES: dict[str, _Body] = {
    "gzip with a wrong checksum": _Body(lambda _: once(_zipped(_wrong_checksum)), "dict", _CORRUPT),
    "gzip with a wrong checksum, by id": _Body(
        lambda _: once(_zipped(_wrong_checksum)), "id", _CORRUPT
    ),
    "gzip with an altered byte": _Body(_altered_gzip, "dict", _CORRUPT),
    "no row, by id": _Body(lambda _: once(_no_row), "id"),
    "no row, by URL": _Body(lambda _: once(_no_row), "url"),
    "never a row, by id": _Body(lambda _: _no_row, "id", ("IncompleteResults",)),
    "no framing, cut at a line, by id": _Body(
        lambda chance: once(_without_framing(chance.randrange(ROWS))), "id"
    ),
    "no framing, complete, by id": _Body(lambda _: once(_without_framing(ROWS)), "id"),
    "four cuts, each further than the last": _Body(_cuts),
    "four cuts, each further than the last, by id": _Body(_cuts, "id"),
    _UNREADABLE: _Body(lambda _: _with_unreadable),
    "endless rows": _Body(lambda _: _endless, "dict", ("IncompleteResults",)),
    "interim responses 102, 103": _Body(lambda _: _interim),
    "a torn row, an error behind it": _Body(_torn, "dict", _NOT),
    "a row with an altered byte": _Body(_altered, "dict", _NOT),
    "a row with a byte missing": _Body(_missing, "dict", _NOT),
}


# What a case makes of the lines for good.
_EDITS: dict[str, Edit] = {_UNREADABLE: _unreadable}


class _Batch(NamedTuple):
    """A batch that has ended, by all its names, and its rows as they are."""

    names: dict[str, Any]
    lines: list[bytes]
    rows: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, here: Place, text: str = "") -> _Batch:
        ended = unwrap(batch.wait(here.client, unwrap(batch.create(here.client, requests(text)))))
        lines: list[bytes] = []

        def keep(answer: Answer) -> Iterable[bytes]:
            lines.extend(answer.body.splitlines(keepends=True))
            return [answer.wire()]

        here.gateway.changes = {"results": keep}
        unwrap(batch.results(here.client, ended))
        here.gateway.changes = {}
        names = {"dict": ended, "id": ended["id"], "url": ended["results_url"]}
        rows = {row["custom_id"]: row for row in map(json.loads, lines)}
        return cls(names, lines, rows)

    def has_altered(self, row: dict[str, Any]) -> bool:
        """Return whether *row* is not as it was sent."""
        return row["result"]["type"] != _NEW and row != self.rows[row["custom_id"]]


def _stream(client: Any, named: Any) -> Iterator[dict[str, Any]]:
    yield from unwrap(batch.results(client, named, stream=True))  # type: ignore[misc]


def _list(client: Any, named: Any) -> Iterator[dict[str, Any]]:
    yield from unwrap(batch.results(client, named))  # type: ignore[misc]


def _read(make: Make, name: str, times: int) -> Tally:
    """Read results as a stream and as a list, in turn."""
    tally = Tally()
    chance = random.Random(3)
    with place() as here:
        one = _Batch.of(here)
        for _, read in zip(range(times), itertools.cycle((_stream, _list))):
            here.gateway.changes = {"results": make(chance)}
            rows: list[dict[str, Any]] = []
            failure = None
            try:
                rows.extend(read(here.client, one.names[name]))
            except AnthropixError as error:
                failure = error
            tally.rows([row["custom_id"] for row in rows], failure)
            if failure is None:
                tally.wrong += sum(one.has_altered(row) for row in rows)
    return tally


def _download(make: Make, name: str, edit: Edit, times: int) -> Tally:
    """Download, again without a fault if that failed, and compare the file with the rows.

    *edit*: what the case makes of the lines.
    """
    tally = Tally()
    chance = random.Random(4)
    with place() as here, tempfile.TemporaryDirectory() as folder:
        one = _Batch.of(here)
        for number in range(times):
            path = os.path.join(folder, f"{number}.jsonl")
            here.gateway.changes = {"results": make(chance)}
            tag, value = batch.download(here.client, one.names[name], path)
            tally.count(tag, value)
            if tag == "error":
                # a file that is not complete must not be there
                tally.wrong += os.path.exists(path)
                here.gateway.changes = {}
                unwrap(batch.download(here.client, one.names[name], path))
            _compare(tally, path, edit(one.lines))
    return tally


def _compare(tally: Tally, path: str, lines: list[bytes]) -> None:
    with open(path, "rb") as file:
        found = file.readlines()
    tally.lost += len(set(lines) - set(found))
    tally.doubled += len(found) - len(set(found))
    tally.wrong += len(set(found) - set(lines))


def _foreign_part(times: int) -> Tally:
    """Download where the part of another batch with the same ids lies, complete or not."""
    tally = Tally()
    chance = random.Random(5)
    with place() as here, tempfile.TemporaryDirectory() as folder:
        one, other = _Batch.of(here), _Batch.of(here, "of another batch")
        for number in range(times):
            path = os.path.join(folder, f"{number}.jsonl")
            kept = chance.sample(other.lines, chance.randrange(1, ROWS + 1))
            with open(f"{path}.{one.names['id']}.part", "wb") as part:
                part.write(b"".join(kept))
            tally.count(*batch.download(here.client, one.names["dict"], path))
            _compare(tally, path, one.lines)
    return tally


def cases() -> list[Case]:
    """Return the cases."""
    reading = [
        Case("results", name, partial(_read, body.make, body.name), body.ends)
        for name, body in _BODIES.items()
    ]
    # a download takes no URL
    downloading = [
        Case(
            "download",
            name,
            partial(_download, body.make, body.name, _EDITS.get(name, list)),
            body.ends,
        )
        for name, body in _BODIES.items()
        if body.name != "url"
    ]
    falsified = partial(_download, _falsified, "dict", list)
    foreign = Case("download", "a part of another batch, the same ids", _foreign_part, ("ok",))
    return [
        *reading,
        *downloading,
        Case("download", "a row altered, and one that shows it", falsified, _NOT),
        foreign,
    ]
