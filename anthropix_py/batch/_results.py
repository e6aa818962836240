"""The rows of a batch's results: asked for, asked for again where they break off, and counted.

Every answer begins at the first row, as the API cannot continue one. So after a cut the rows that
were given already are skipped, by custom_id: each is given once, whatever their order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar, cast

from .. import retry
from .._events import emit
from .._seen import Seen
from .._wire import Response
from .._wire.reading import content
from .._wire.secret import struck
from ..client import Client
from ..errors import AnthropixError, APIError, IncompleteResults, NotEnded, TransportError
from ..types import BatchRef, Row
from . import _call, _ids
from ._jsonl import CutLine, Decoder
from ._state import ended, show, total

T = TypeVar("T")

Read = Callable[[Decoder, Iterator[bytes], Seen], Iterator[T]]


def rows(client: Client, batch_or_url: BatchRef) -> Generator[Row, None, None]:
    """Begin to read results. What can be known before the first row is raised here, the rest while iterating."""
    id = _ids.results_id(client, batch_or_url)
    stream = _rows(client, Results(client, id, _expected(client, id, batch_or_url)))
    next(stream)  # up to its try: from here on closing or dropping it gives the connection up
    return cast("Generator[Row, None, None]", stream)


class Results:
    """The rows of one batch, each once, over as many answers as the policy allows.

    They are asked for at once; read `rows` or `lines`, then `close`. *expected*: the number of rows, None
    where it is not known. *seen*: the custom_ids of rows that are not wanted again.

    Raises `NotEnded` where they are missing only because the batch goes on.
    """

    def __init__(
        self, client: Client, id: str, expected: int | None, seen: Seen | None = None
    ) -> None:
        self._client = client
        self._id = id
        self._expected = expected
        self._seen = Seen(expected) if seen is None else seen
        self._duplicates = 0
        self._call = _call.Call("GET", _ids.path(id, "/results"))
        self._response = self._begin()

    def close(self) -> None:
        """Give the connection up."""
        self._response.close()

    def rows(self) -> Iterator[Row]:
        """Yield each row once. Raises `IncompleteResults` where they end too early for good."""
        return self._all(Decoder.rows)

    def lines(self) -> Iterator[bytes]:
        r"""Yield the lines of rows, each once and with b"\n" at its end, many at a time. Raises as `rows` does."""
        return self._all(Decoder.lines)

    def _all(self, read: Read[T]) -> Iterator[T]:
        waited = 0.0
        cuts = 0
        while (trouble := (yield from self._one_answer(read))) is not None:
            self.close()
            pause = retry.delay(
                self._client.retry,
                trouble,
                repeatable=True,
                attempt=cuts,
                elapsed=waited,
                chance=self._client.clock.random(),
                now=self._client.clock.now(),
            )
            if pause is None:
                raise self._incomplete(trouble)
            emit(
                self._client,
                "resume",
                **self._call.named,
                rows=len(self._seen),
                attempt=cuts,
                delay=pause,
            )
            self._client.clock.sleep(pause)
            cuts, waited = cuts + 1, waited + pause
            try:
                self._response = self._begin()
            except AnthropixError as error:
                raise self._incomplete(error) from None

    def _one_answer(self, read: Read[T]) -> Generator[T, None, AnthropixError | None]:
        """Yield the new rows of one answer; return what cut it short, None where it is complete."""
        decoder = Decoder(self._response.status, self._response.headers)
        try:
            yield from read(decoder, content(self._response), self._seen)
        except TransportError as error:
            trouble: AnthropixError | None = error
        except CutLine as error:
            trouble = TransportError("closed", f"the body ended inside a row: {error}", sent=True)
        else:
            self._duplicates = max(0, decoder.count - len(self._seen))
            trouble = None if self._expected is None else self._incomplete(None)
        return None if len(self._seen) == self._expected else trouble

    def _begin(self) -> Response:
        tries = 0
        while True:
            try:
                return _call.begin(self._client, self._call)
            except APIError as error:
                pause = _pause_if_missing(self._client, self._id, error, tries)
                if pause is None:
                    raise
            self._client.clock.sleep(pause)
            tries += 1

    def _incomplete(self, cause: AnthropixError | None) -> IncompleteResults:
        if isinstance(cause, IncompleteResults):
            return cause
        return IncompleteResults(self._expected, len(self._seen), self._duplicates, cause)


def _rows(client: Client, results: Results) -> Iterator[Row | None]:
    try:
        yield None
        yield from results.rows()
    except AnthropixError as error:
        raise struck(error, client.secrets) from None
    finally:
        results.close()


def _expected(client: Client, id: str, batch_or_url: BatchRef) -> int | None:
    if isinstance(batch_or_url, str) or "processing_status" not in batch_or_url:
        return None
    return total(ended(client, id, batch_or_url))


def _pause_if_missing(client: Client, id: str, error: APIError, tries: int) -> float | None:
    """Find out what a 404 means, as it does not say itself: not yet (`NotEnded`), not just now (a pause), or never."""
    if error.status != 404:
        return None
    try:
        batch = show(client, id)
    except AnthropixError:
        return None
    if batch["processing_status"] != "ended":
        raise NotEnded(batch)
    if (
        batch.get("archived_at")
        or retry.should_retry(error) is False
        or tries >= client.retry.max_retries
    ):
        return None
    return retry.backoff(client.retry, tries, client.clock.random())
