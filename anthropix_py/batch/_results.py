"""The rows of a batch's results: requested, requested again if they break off, and counted.

Every response begins at the first row, because the API cannot continue one. So after a cut, rows
that were already yielded are recognized by custom_id and skipped: each is yielded once, in whatever
order the server sends them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple, TypeVar

from .. import retry
from .._door import stream
from .._events import emit
from .._seen import Seen
from .._wire import Response
from .._wire.gzip import CorruptBody
from .._wire.reading import content, is_framed
from ..client import Client
from ..errors import (
    AnthropixError,
    APIError,
    DecodeError,
    IncompleteResults,
    NotEnded,
    TransportError,
)
from ..limits import Limits
from ..types import BatchRef, Row
from . import _call, _ids
from ._jsonl import LONGEST_ROW, CutLine, Decoder
from ._state import ended, show, total

T = TypeVar("T")

# how often a response may repeat its rows, on average, before the server is taken to go on for ever
_REPEATED = 10
_ACCEPT = "application/x-jsonl, application/json"

Read = Callable[[Decoder, Iterator[bytes], Seen], Iterator[T]]


def rows(client: Client, batch_or_url: BatchRef) -> Generator[Row, None, None]:
    """Return a generator of rows; an error before the first row is raised here."""
    id = _ids.results_id(client, batch_or_url)
    results = Results.begin(client, id, _expected(client, id, batch_or_url))
    return stream(client, results.rows(), results.close)


def _expected(client: Client, id: str, batch_or_url: BatchRef) -> int | None:
    if isinstance(batch_or_url, str) or "processing_status" not in batch_or_url:
        return None
    return total(ended(client, id, batch_or_url))


class CorruptRows(DecodeError):
    """Rows were yielded from a body that then turned out to contradict its own checksum."""


class Results:
    """The rows of one batch, each once, from as many responses as the policy allows.

    Made by `begin`. Read `rows` or `lines`, then call `close`.
    """

    def __init__(
        self, source: _Source, response: Response, expected: int | None, seen: Seen
    ) -> None:
        self._source = source
        self._response = response
        self._expected = expected
        self._seen = seen
        self._duplicates = 0
        self._trouble: AnthropixError | None = None

    @classmethod
    def begin(
        cls, client: Client, id: str, expected: int | None, seen: Seen | None = None
    ) -> Results:
        """Request the results of the batch *id*, and return them before any row is read.

        *expected*: the number of rows, None if it is not known. *seen*: the custom_ids of rows to
        skip. Raises `NotEnded` if there are no results because the batch is still being processed.
        """
        source = _Source(client, id)
        if seen is None:
            seen = Seen(expected)
        return cls(source, source.response(), expected, seen)

    def close(self) -> None:
        """Release the connection."""
        self._response.close()

    def rows(self) -> Iterator[Row]:
        """Yield each row once. Raises `IncompleteResults` if rows are missing after all retries."""
        return self._read_all(Decoder.rows)

    def lines(self) -> Iterator[bytes]:
        r"""Yield the line of each row once, with b"\n" at its end, many lines in one block.

        Raises as `rows` does.
        """
        return self._read_all(Decoder.lines)

    def _read_all(self, read: Read[T]) -> Iterator[T]:
        waited = 0.0
        cuts = 0
        before = len(self._seen)
        while not (yield from self._read_once(read)):
            self.close()
            if len(self._seen) > before:
                # Only cuts in a row without a new row count, so progress resets the counters.
                waited, cuts, before = 0.0, 0, len(self._seen)
            seconds = self._source.pause(self._trouble, cuts, waited)
            if seconds is None or self._has_too_many():
                raise self._incomplete(self._trouble)
            self._source.resume(len(self._seen), cuts, seconds)
            cuts, waited = cuts + 1, waited + seconds
            try:
                self._response = self._source.response()
            except AnthropixError as error:
                raise self._incomplete(error) from None

    def _read_once(self, read: Read[T]) -> Generator[T, None, bool]:
        """Yield the new rows of one response; return whether they are complete now."""
        decoder = Decoder(self._response.status, self._response.headers)
        before = len(self._seen)
        self._trouble = None
        try:
            yield from read(decoder, self._bounded(decoder), self._seen)
            self._duplicates = max(0, decoder.count - len(self._seen))
            if self._expected is None:
                return self._is_complete_without_counts()
        except CorruptBody as error:
            if len(self._seen) > before:
                # rows that were already yielded may be corrupt
                raise CorruptRows(f"rows of this response are corrupt: {error.detail}") from None
            self._trouble = error
            return False
        except TransportError as error:
            self._trouble = error
        except CutLine as error:
            detail = f"the body ended inside a row: {error}"
            self._trouble = TransportError("closed", detail, sent=True)
        return len(self._seen) == self._expected

    def _is_complete_without_counts(self) -> bool:
        """Return whether a response without an error was complete, for a batch named by its id.

        Every batch has rows. If the body ended only with the connection, it may have been cut, so
        the batch is requested for its number of rows.
        """
        if len(self._seen) == 0:
            return False
        if is_framed(self._response.headers):
            return True
        self._expected = self._source.expected()
        return self._expected is None or len(self._seen) == self._expected

    def _bounded(self, decoder: Decoder) -> Iterator[bytes]:
        """Yield the body; raise if it has more rows than the batch, or no row for too long."""
        most = self._expected
        unchecked = most or self._source.client.limits.requests
        count = blank = 0
        for chunk in content(self._response):
            blank = blank + len(chunk) if decoder.count == count else len(chunk)
            count = decoder.count
            if blank > LONGEST_ROW:
                raise DecodeError(f"the results go on for {LONGEST_ROW:,} bytes without a row")
            yield chunk
            if max(len(self._seen), decoder.count) <= unchecked:
                continue
            most = most or self._most()
            if len(self._seen) > most or decoder.count > most * _REPEATED:
                self._duplicates = max(0, decoder.count - len(self._seen))
                raise self._incomplete(None)

    def _most(self) -> int:
        """Return the number of rows of a batch named by its id, for which the batch is requested.

        If its counts do not say, it is the most that any batch can have.
        """
        self._expected = self._source.expected()
        return self._expected or max(self._source.client.limits.requests, Limits().requests)

    def _has_too_many(self) -> bool:
        return self._expected is not None and len(self._seen) > self._expected

    def _incomplete(self, cause: AnthropixError | None) -> IncompleteResults:
        return IncompleteResults(self._expected, len(self._seen), self._duplicates, cause)


class _Source(NamedTuple):
    """The server's results of one batch: how they are requested, and requested again."""

    client: Client
    id: str

    @property
    def call(self) -> _call.Call:
        return _call.Call("GET", _ids.path(self.id, "/results"), accept=_ACCEPT)

    def expected(self) -> int | None:
        """Return the number of rows by the batch's counts, None if they do not say."""
        return total(show(self.client, self.id))

    def response(self) -> Response:
        """Return the open response with the results; the policy says how often it is requested."""
        attempt = 0
        while True:
            try:
                return _call.begin(self.client, self.call)
            except APIError as error:
                seconds = self._pause_if_missing(error, attempt)
                if seconds is None:
                    raise
            self.client.clock.sleep(seconds)
            attempt += 1

    def pause(self, trouble: AnthropixError | None, cuts: int, waited: float) -> float | None:
        """Return the seconds to wait before the results are requested again; None to stop."""
        return _call.pause(self.client, trouble, attempt=cuts, elapsed=waited)

    def resume(self, rows: int, cuts: int, seconds: float) -> None:
        """Emit an event, and wait before the results are requested again."""
        emit(self.client, "resume", **self.call.named, rows=rows, attempt=cuts, delay=seconds)
        self.client.clock.sleep(seconds)

    def _pause_if_missing(self, error: APIError, attempt: int) -> float | None:
        """Return the seconds to wait if *error* is a 404 that will go away; None if it is final.

        A 404 does not say what is missing, so the batch is requested. Raises `NotEnded` if it is
        still being processed.
        """
        if error.status != 404:
            return None
        try:
            batch = show(self.client, self.id)
        except AnthropixError:
            return None
        if batch["processing_status"] != "ended":
            raise NotEnded(batch)
        if batch.get("archived_at") or retry.should_retry(error) is False:
            return None
        return _call.pause(self.client, None, attempt=attempt, elapsed=0.0)
