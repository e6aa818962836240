"""Pages of batches, in either direction."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import cast

from .._wire import BATCHES
from .._wire.secret import struck
from ..client import Client
from ..errors import AnthropixError, DecodeError
from ..types import BatchPage, BatchRef, MessageBatch
from . import _call, _ids


class Pages:
    """A walk over pages, whose `first` has been asked for.

    The walk goes to older batches, or with *before_id* to newer ones: on a page of either kind
    the newest comes first, so that a walk to newer ones takes each page from its end.
    """

    def __init__(
        self,
        client: Client,
        before_id: BatchRef | None,
        after_id: BatchRef | None,
        limit: int | None,
    ) -> None:
        if before_id is not None and after_id is not None:
            raise ValueError(
                "before_id and after_id exclude each other: a page is before one batch or after one"
            )
        if limit is not None:
            _check(limit, client.limits.page)
        self._client = client
        self._limit = limit
        self._cursor, self._edge = (
            ("before_id", "first_id") if before_id is not None else ("after_id", "last_id")
        )
        start = after_id if before_id is None else before_id
        self.headers: dict[str, str] = {}  # of the latest answer
        self.first = self._ask(None if start is None else _ids.batch_id(start))

    def all(self) -> Generator[MessageBatch, None, None]:
        """Yield every batch, one page ahead at most."""
        try:
            yield from self._all()
        except AnthropixError as error:
            raise struck(error, self._client.secrets) from None

    def _all(self) -> Iterator[MessageBatch]:
        page = self.first
        asked: set[str] = set()
        while True:
            yield from reversed(page["data"]) if self._cursor == "before_id" else page["data"]
            if not page["has_more"]:
                return
            id = self._next(page)
            asked.add(id)
            page = self._ask(id)
            if page["has_more"] and self._next(page) in asked:
                raise DecodeError(f"the pages lead back to {self._next(page)}")

    def _ask(self, id: str | None) -> BatchPage:
        query: tuple[tuple[str, str], ...] = () if id is None else ((self._cursor, id),)
        if self._limit is not None:
            query += (("limit", str(self._limit)),)
        page, self.headers = _call.ask(self._client, _call.Call("GET", BATCHES, query))
        data = page.get("data")
        if not isinstance(data, list) or not isinstance(page.get("has_more"), bool):
            raise DecodeError("the answer is not a page of batches: it has no data or has_more")
        if not all(isinstance(batch, dict) and isinstance(batch.get("id"), str) for batch in data):
            raise DecodeError(
                "the answer is not a page of batches: not all in its data are batches"
            )
        return cast(BatchPage, page)

    def _next(self, page: BatchPage) -> str:
        id = page.get(self._edge)
        if not isinstance(id, str) or not id:
            raise DecodeError(f"a page has more after it, and no {self._edge} to ask for it by")
        return id


def _check(limit: object, most: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise TypeError(f"limit must be an integer, not {type(limit).__name__}")
    if not 1 <= limit <= most:
        raise ValueError(f"limit must be from 1 to {most}, not {limit}")
