"""The Message Batches API: one function a call, `("ok", value)` or `("error", exc)` from each.

A batch is named by its id or by the dict that another function gave. Values are the server's own
JSON, as dicts: see `anthropix_py.types`. Options of a single call go through
`anthropix_py.with_options(client, ...)`.

Errors of all functions: `APIError` for the server's answer, `TransportError` for none,
`DecodeError` for one that makes no sense, `InvalidRequest` for what cannot be sent. A wrong type
raises TypeError, an impossible number ValueError.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Literal, cast, overload

from .._door import at_the_door
from .._problem import shown
from ..client import Client
from ..errors import DecodeError, UnknownOutcome
from ..result import Result
from ..types import BatchPage, BatchRef, DeletedBatch, MessageBatch, Row
from . import _call, _candidates, _create, _download, _ids, _pages, _results, _state, _wait
from ._download import Download

__all__ = [
    "Download",
    "cancel",
    "candidates",
    "create",
    "delete",
    "download",
    "list",
    "results",
    "show",
    "wait",
]


@at_the_door
def create(client: Client, requests: Iterable[Mapping[str, object]]) -> MessageBatch:
    """Create a batch of *requests*, each `{"custom_id": ..., "params": {...}}`; processing begins at once.

    *requests*: any iterable, a generator included; it is read once and changed never. All of it
    is checked before a byte is sent, and every fault reported at once, in `InvalidRequest`
    (100,000 requests and 256 MB at most, unique ids; see `validate.problems`). What the server
    checks only while processing is logged as a warning and stops nothing.

    The call is made again only when it surely had no effect (no connection, 429, 503, 529), or when
    the server says that it may be (`x-should-retry`). Where nobody can know, the error is
    `UnknownOutcome`: a batch may exist, and another create might pay for it twice. Then
    `candidates` lists the batches that could be it.
    """
    return _create.create(client, requests)


@at_the_door
def show(client: Client, batch: BatchRef) -> MessageBatch:
    """Give the present state of *batch*."""
    return _state.ask_for_batch(client, _state.get_batch(_ids.batch_id(batch)))[0]


@at_the_door
def cancel(client: Client, batch: BatchRef) -> MessageBatch:
    """Begin to cancel *batch*: it is `canceling` until what is under way has finished, then `ended`."""
    return _state.ask_for_batch(
        client, _call.Call("POST", _ids.path(_ids.batch_id(batch), "/cancel"))
    )[0]


@at_the_door
def delete(client: Client, batch: BatchRef) -> DeletedBatch:
    """Delete *batch* and its results, for good. One in progress must be canceled first."""
    answer = _call.ask(client, _call.Call("DELETE", _ids.path(_ids.batch_id(batch)))).value
    if not isinstance(answer.get("id"), str):
        raise DecodeError("the answer is not a deleted batch: it has no id")
    return cast(DeletedBatch, answer)


@overload
def list(
    client: Client,
    *,
    before_id: BatchRef | None = None,
    after_id: BatchRef | None = None,
    limit: int | None = None,
    stream: Literal[False] = False,
) -> Result[BatchPage]: ...


@overload
def list(
    client: Client,
    *,
    before_id: BatchRef | None = None,
    after_id: BatchRef | None = None,
    limit: int | None = None,
    stream: Literal[True],
) -> Result[Generator[MessageBatch, None, None]]: ...


@overload
def list(
    client: Client,
    *,
    before_id: BatchRef | None = None,
    after_id: BatchRef | None = None,
    limit: int | None = None,
    stream: bool,
) -> Result[BatchPage | Generator[MessageBatch, None, None]]: ...


@at_the_door
def list(
    client: Client,
    *,
    before_id: BatchRef | None = None,
    after_id: BatchRef | None = None,
    limit: int | None = None,
    stream: bool = False,
) -> BatchPage | Generator[MessageBatch, None, None]:
    """Give one page of batches, newest first; with *stream* a generator over all pages.

    *after_id*: the page just after (older than) that batch; *before_id*: the page just before
    (newer than) it; one or neither. *limit*: batches a page, 1 to 1000, the server's default is
    20. The generator goes on in the direction asked for: from newest to oldest, with *before_id*
    from there to the newest. It raises what the functions return.
    """
    pages = _pages.Pages(client, before_id, after_id, limit)
    return pages.all() if stream else pages.first


@overload
def results(
    client: Client, batch_or_url: BatchRef, *, stream: Literal[False] = False
) -> Result[builtins.list[Row]]: ...


@overload
def results(
    client: Client, batch_or_url: BatchRef, *, stream: Literal[True]
) -> Result[Generator[Row, None, None]]: ...


@overload
def results(
    client: Client, batch_or_url: BatchRef, *, stream: bool
) -> Result[builtins.list[Row] | Generator[Row, None, None]]: ...


@at_the_door
def results(
    client: Client, batch_or_url: BatchRef, *, stream: bool = False
) -> builtins.list[Row] | Generator[Row, None, None]:
    """Give the rows of an ended batch as a list; with *stream* a generator that holds one at a time.

    *batch_or_url*: best the dict from `show` or `wait`, whose counts say how many rows must come;
    an id or a `results_url` do too. A URL is only read for its id: nothing goes to another host
    than the client's. Rows come in any order; match them by `custom_id`, each comes once.

    Errors: `NotEnded`, which carries the batch; `IncompleteResults`. What can be known before the
    first row is returned, what comes later the generator raises. Closing or dropping it early
    gives its connection up.
    """
    rows = _results.rows(client, batch_or_url)
    return rows if stream else builtins.list(rows)


@at_the_door
def wait(
    client: Client,
    batch: BatchRef,
    *,
    timeout: float | None = None,
    interval: float | None = None,
    on_update: Callable[[MessageBatch], object] | None = None,
) -> MessageBatch:
    """Look at *batch* until it has ended, and give its last state.

    *timeout*: seconds after which the error is `WaitTimeout`, which carries the last state (a look
    that is being answered is let finish); None for no end.
    *interval*: seconds between looks; by default the pace that the server asks for,
    else 5 s growing to 60 s. *on_update*: called with the batch at every look. A dict that says
    `ended` is given back at once, without a look.

    Lives through passing trouble (dropped connections, 429, 5xx, a 404 just after the batch was
    made) for ten looks in a row, and logs each as a warning. The batch goes on at the server
    whatever becomes of this program: with its id the waiting can be taken up again.
    """
    return _wait.wait(client, batch, timeout, interval, on_update)


@at_the_door
def download(
    client: Client,
    batch: BatchRef,
    path: str | os.PathLike[str],
    *,
    on_progress: Callable[[int, int | None], object] | None = None,
) -> Download:
    """Write the rows of an ended batch to a file at *path*, a line each, just as they came.

    The file is there when it is complete and on the disk, and not before: rows go to a part
    beside it (`PATH.BATCH_ID.part`), which a crash or a full disk leaves, and from which the next
    call goes on. A file that is at *path* already is replaced. Rows are counted and told apart by
    custom_id; of one that begins and ends as the API writes rows the inside is not parsed.
    *on_progress*: called now and then with the rows written and the rows expected.

    Errors: those of `results`, and `FileError`.
    """
    return _download.download(client, batch, path, on_progress)


@at_the_door
def candidates(client: Client, unknown_outcome: UnknownOutcome) -> builtins.list[MessageBatch]:
    """List the batches that a create of unknown outcome could have made, the newest first.

    They are those of the same number of requests, created since its sending began by the server's
    own clock. None means that there is none (yet: look again after a minute before creating
    anew). custom_ids can only be read, with `results`, once a batch has ended.
    """
    if not isinstance(unknown_outcome, UnknownOutcome):
        raise TypeError(
            f"unknown_outcome must be the error that create gave, not {shown(unknown_outcome)}"
        )
    return _candidates.candidates(client, unknown_outcome)
