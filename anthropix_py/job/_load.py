"""From the input to bodies on disk and rows in the journal, in one pass and in little memory.

Nothing is sent before all input has been read: only then are duplicates, faults and the
fingerprint known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

from .. import _json
from .._problem import Problem
from ..errors import InvalidRequest
from ..limits import Limits
from ..validate._checker import ENVELOPE, Checker, too_large_alone
from ..validate._encoding import UNENCODABLE
from ..validate._look import NEWER, PLAIN, Setting
from ..validate._plain import is_plainly_sound
from . import _rows
from ._after import after
from ._bodies import AFTER_ID, COMMA, EMPTY, Writer
from ._folder import Folder
from ._happened import Planned
from ._input import Item, Source, checked_id, refused
from ._journal import Body, Journal
from ._values import Policy
from ._view import View
from ._wire_ids import wire_id

_NAMED = 1000  # problems kept of possibly millions
_HELD = 10_000  # rows in memory
_MOST_ROWS = 10**9
_TAG = "0" * 13  # of the ids of requests while they are checked


class Encoded(NamedTuple):
    """A request, ready to be sent but for its id. `id`: the user's, as JSON.

    `rest`: what follows the id on the wire, from its closing quote on.
    """

    id: bytes
    rest: bytes


class Encoder:
    """Checks and encodes requests. `problems`: faults found; `more`: those not kept.

    `warned`: how many requests may come back as errored rows; `warnings`: the first of why.
    """

    def __init__(self, limits: Limits, setting: Setting = PLAIN) -> None:
        self.problems: list[Problem] = []
        self.more = 0
        self.warned = 0
        self.warnings: list[Problem] = []
        self._hash = blake2b(digest_size=16)
        self._limits = limits
        # Counts and sizes of a batch are judged here, because parts are cut here.
        self._boundless = limits._replace(requests=_MOST_ROWS, bytes=1 << 62)
        self._setting = setting
        # The newer API version has rules for what is plain with the older one.
        self._is_newer = setting.api_version == NEWER
        self._checker = Checker(self._boundless, setting)

    def encode(self, item: Item) -> Encoded | None:
        """Return a request as it is sent; None if it has faults, which are kept."""
        encoded = self._encoded_at_once(item) or self._encoded(item)
        if encoded is not None:
            self._hash.update(b"%b%b\n" % encoded)
        return encoded

    def fingerprint(self) -> str:
        """Return a hash of the requests so far, in their order."""
        return self._hash.hexdigest()

    def _encoded_at_once(self, item: Item) -> Encoded | None:
        """Return a request that certainly has no fault; None for any other.

        Nearly every request takes this path, in a third of the time of a complete check. It is
        safe because it accepts exact types only, in which a complete check would find no fault.
        """
        request = item.request
        if not is_plainly_sound(request):
            return None
        if self._is_newer and "temperature" in request["params"]:
            return None
        try:
            params = _json.dumps(request["params"])
        except UNENCODABLE:
            return None
        rest = b'","params":%b}' % params
        if AFTER_ID + len(rest) + EMPTY > self._limits.bytes:
            return None
        return Encoded(_json.dumps(request["custom_id"]), rest)

    def _encoded(self, item: Item) -> Encoded | None:
        """Return a request, checked completely; None if it has faults, which are kept."""
        id = checked_id(item)
        if isinstance(id, Problem):
            self._keep([id])
            return None
        if self._checker.count >= self._limits.requests:
            # It remembers ids, which are not the user's here.
            self._checker = Checker(self._boundless, self._setting)
        stand_in = wire_id(_TAG, 0, self._checker.count)
        request, found = self._checker.feed(_with_id(item.request, stand_in))
        found = [*found]
        size = len(request) + EMPTY - ENVELOPE
        found += [Problem(None, None, *fault) for fault in too_large_alone(size, self._limits)]
        problems = [
            one._replace(index=None, custom_id=id, pointer=item.place + one.pointer)
            for one in found
        ]
        errors = [one for one in problems if one.severity == "error"]
        self._keep(errors)
        self._warn([one for one in problems if one.severity == "warning"])
        if errors:
            return None
        return Encoded(_json.dumps(id), request[AFTER_ID:])

    def fail_if_faulty(self) -> None:
        """Raise `InvalidRequest` if anything is wrong with the input."""
        if self.problems:
            raise refused(self.problems, self.more)

    def _keep(self, problems: list[Problem]) -> None:
        room = _NAMED - len(self.problems)
        self.problems += problems[:room]
        self.more += max(0, len(problems) - room)

    def _warn(self, problems: list[Problem]) -> None:
        self.warned += bool(problems)
        self.warnings += problems[: max(0, 10 - len(self.warnings))]


def _with_id(request: object, id: str) -> dict[str, object]:
    assert isinstance(request, Mapping)  # noqa: S101 - checked_id has seen it
    return {"custom_id": id, **{key: value for key, value in request.items() if key != "custom_id"}}


def fingerprint(sources: list[Source], limits: Limits) -> str:
    """Return the hash by which an input is recognized. Raises `InvalidRequest`."""
    encoder = Encoder(limits)
    for source in sources:
        for item in source.items():
            encoder.encode(item)
    encoder.fail_if_faulty()
    return encoder.fingerprint()


class Sizes(NamedTuple):
    """How large the parts are: almost as large as allowed, and all a little different.

    Two batches of the same size can be told apart only by reading them, which takes time.
    """

    policy: Policy
    shift: int

    def of(self, part: int) -> int:
        """Return the most requests of a part."""
        limit = self.policy.requests_per_batch
        span = min(max(8, limit // 50), max(1, limit // 2))
        return limit - (self.shift + 7 * part) % span


class Loader:
    """Writes the bodies and the rows of a new job. `view`: the job with its parts planned."""

    def __init__(
        self,
        folder: Folder,
        journal: Journal,
        encoder: Encoder,
        sizes: Sizes,
        view: View,
        tag: str,
    ) -> None:
        self.view = view
        self._folder = folder
        self._journal = journal
        self._encoder = encoder
        self._sizes = sizes
        self._tag = tag
        self._writer: Writer | None = None
        # the current part: its number, its first row, and the most requests that it may have
        self._part = 0
        self._first = 0
        self._most = 0
        self._rows: list[tuple[int, bytes, int, int, int]] = []
        self._row = 0

    def load(self, sources: list[Source]) -> list[list[object]]:
        """Read everything; return the mark, first row and end of each source.

        Raises `InvalidRequest` with every fault found.
        """
        marks: list[list[object]] = []
        try:
            for source in sources:
                first = self._row
                for item in source.items():
                    self._add(item)
                marks.append([*source.mark, first, self._row, source.label])
            self._close()
        finally:
            if self._writer is not None:
                self._writer.__exit__(None, None, None)
        self._encoder.fail_if_faulty()
        if not self._row:
            found = "none (an iterator that has been used up yields none)"
            raise InvalidRequest([Problem(None, None, "requests", found, "at least 1 request")])
        self._refuse_duplicates(marks)
        return marks

    def _add(self, item: Item) -> None:
        encoded = self._encoder.encode(item)
        if encoded is not None:
            self._write(encoded)
        self._row += 1

    def _write(self, encoded: Encoded) -> None:
        size = AFTER_ID + len(encoded.rest)
        writer = self._writer
        if writer is None or writer.count >= self._most or not self._fits(writer, size):
            writer = self._begin()
        start = writer.add(self._row, encoded.rest)
        self._rows.append((self._row, encoded.id, self._part, start, size))
        if len(self._rows) == _HELD:
            self._flush()

    def _begin(self) -> Writer:
        """Finish the current part, and return the writer of the next one."""
        self._close()
        self._part += 1
        self._most = self._sizes.of(self._part)
        self._first = self._row
        path = self._folder.body(self._part)
        self._writer = Writer.begin(self._folder.disk, path, self._tag, self._part)
        return self._writer

    def _fits(self, writer: Writer, size: int) -> bool:
        return writer.size + COMMA + size + EMPTY <= self._sizes.policy.bytes_per_batch

    def _close(self) -> None:
        """Finish the current part: its body on disk, its last rows in the journal."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with writer:
            hash = writer.finish()
        planned = after(self.view, Planned(self._part, writer.count))
        planned = planned._replace(total=self._row)
        with self._journal.change() as db:
            self._journal.save(self.view, planned)
            body = Body(self._first, self._row - 1, writer.size, hash)
            self._journal.put_body(self._part, body)
            _rows.insert(db, self._rows)
        self.view = planned
        self._rows = []

    def _flush(self) -> None:
        """Insert the rows so far into the journal; they do not count before all input was read."""
        with self._journal.change() as db:
            _rows.insert(db, self._rows)
        self._rows = []

    def _refuse_duplicates(self, marks: list[list[object]]) -> None:
        with self._journal.change() as db:
            found = _rows.duplicates(db, _NAMED)
        if found:
            raise InvalidRequest([*_doubled(found, marks)])


def _doubled(found: list[tuple[bytes, int, int]], marks: list[list[object]]) -> Iterator[Problem]:
    for id, first, second in found:
        text = _json.loads(id)
        shown = f"{text!r}, used before in {_place(first, marks)}"
        yield Problem(None, None, f"{_place(second, marks)}/custom_id", shown, "an id used once")


def _place(row: int, marks: list[list[object]]) -> str:
    for _, _, _, first, end, label in marks:
        assert isinstance(first, int) and isinstance(end, int)  # noqa: S101, PT018
        if first <= row < end:
            if not label:
                return f"requests[{row}]"
            return f"{label} request {row - first + 1}"
    return f"requests[{row}]"
