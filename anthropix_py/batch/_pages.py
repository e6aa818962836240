"""Pages of batches, in either direction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from .._arguments import number
from .._wire import BATCHES
from ..client import Client
from ..errors import DecodeError
from ..types import BatchPage, BatchRef, MessageBatch
from . import _call, _ids

_LARGEST = 16 << 20  # bytes of a page of 1,000 batches
_EMPTY = 10  # pages in a row that may have no batch


class Page(NamedTuple):
    """One page, and the headers of its response."""

    value: BatchPage
    headers: dict[str, str]


class Walk(NamedTuple):
    """A walk over pages: where it starts, in which direction it goes, how many batches a page has.

    It goes to older batches, or with a `before_id` to newer ones. Every page lists the newest batch
    first, so a walk to newer ones reads each page from its end.
    """

    client: Client
    start: str | None
    newer: bool
    limit: int | None

    @classmethod
    def of(
        cls,
        client: Client,
        before_id: BatchRef | None = None,
        after_id: BatchRef | None = None,
        limit: int | None = None,
    ) -> Walk:
        """Return the walk that the arguments of `list` describe; they are checked here."""
        if before_id is not None and after_id is not None:
            raise ValueError(
                "before_id and after_id exclude each other: a page is before one batch or after one"
            )
        if limit is not None:
            number("limit", limit, least=1, most=client.limits.page, integer=True)
        start = after_id if before_id is None else before_id
        id = None if start is None else _ids.batch_id(start)
        return cls(client, id, before_id is not None, limit)

    def page(self, id: str | None) -> Page:
        """Return the page at the cursor *id*; the first one for None."""
        query: tuple[tuple[str, str], ...] = ()
        if id is not None:
            query += (("before_id" if self.newer else "after_id", id),)
        if self.limit is not None:
            query += (("limit", str(self.limit)),)
        reply = _call.ask(self.client, _call.Call("GET", BATCHES, query, most=_LARGEST))
        return Page(_page_in(reply.value), reply.headers)

    def pages(self, first: Page) -> Iterator[Page]:
        """Yield *first* and every page that follows, each requested when it is needed."""
        page = first
        asked: set[str] = set()
        empty = 0
        yield page
        while page.value["has_more"]:
            empty = 0 if page.value["data"] else empty + 1
            if empty > _EMPTY:
                raise DecodeError(f"{empty} pages in a row have no batch, but say has_more")
            id = self._next(page)
            asked.add(id)
            page = self.page(id)
            if page.value["has_more"] and self._next(page) in asked:
                raise DecodeError(f"the pages lead back to {self._next(page)}")
            yield page

    def batches(self, first: Page) -> Iterator[MessageBatch]:
        """Yield every batch, from *first* on."""
        for page in self.pages(first):
            data = page.value["data"]
            yield from reversed(data) if self.newer else data

    def _next(self, page: Page) -> str:
        edge = "first_id" if self.newer else "last_id"
        id = page.value.get(edge)
        if not isinstance(id, str) or not id:
            raise DecodeError(f"the page says has_more but has no {edge}")
        return id


def _page_in(value: dict[str, object]) -> BatchPage:
    data = value.get("data")
    if not isinstance(data, list) or not isinstance(value.get("has_more"), bool):
        raise DecodeError("the response is not a page of batches: it has no data or has_more")
    if not all(isinstance(batch, dict) and isinstance(batch.get("id"), str) for batch in data):
        raise DecodeError("the response is not a page of batches: not all of its data are batches")
    return cast(BatchPage, value)
