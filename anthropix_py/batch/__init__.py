"""The Message Batches API: one function for each call, each returning a `Result`.

A result is `("ok", value)` or `("error", exc)`. A batch is named by its id or by the dict that
another function returned. Values are the server's own JSON, as dicts: see `anthropix_py.types`.
Options of a single call go through `anthropix_py.with_options(client, ...)`.

Errors of all functions: `APIError` for a response that is an error, `TransportError` for no
complete response, `DecodeError` for one that is not what the API promises, `InvalidRequest` for
what cannot be sent. A wrong type raises TypeError, an impossible number ValueError.
"""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Literal, overload

from .._door import door
from .._door import stream as streamed
from .._problem import shown
from ..client import Client
from ..errors import UnknownOutcome
from ..result import Result
from ..types import BatchPage, BatchRef, DeletedBatch, MessageBatch, Row
from . import _actions, _candidates, _create, _download, _ids, _pages, _results, _state, _wait
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


@door
def create(
    client: Client, requests: Iterable[Mapping[str, object]], *, strict: bool = False
) -> MessageBatch:
    """Create a batch of *requests*, each `{"custom_id": ..., "params": {...}}`; return the batch.

    *requests*: any iterable, a generator included; it is read once and never changed. All of it
    is checked before a byte is sent, and every fault is reported at once, in `InvalidRequest`
    (100,000 requests and 256 MB at most, unique ids; see `validate.problems`). A fault that the
    server finds only while processing, such as a missing `max_tokens`, is logged as a warning. The
    batch is created all the same, and the request comes back as an errored row. With *strict*
    such faults are refused as well: nothing is sent, and they are all in `InvalidRequest`.

    The call is repeated only if it certainly had no effect: no connection, or a 429, 503 or 529
    of the API itself. If nobody can know, the error is `UnknownOutcome`: a batch may exist, and
    another create could mean paying twice. Then `candidates` lists the batches that it may have
    made. An interrupt (Ctrl-C) after sending has begun carries a note that says so.
    """
    return _create.create(client, requests, strict)


@door
def show(client: Client, id: BatchRef) -> MessageBatch:
    """Return the batch *id* (an id or the dict of a batch) as it is now."""
    return _state.show(client, _ids.batch_id(id))


@door
def cancel(client: Client, id: BatchRef) -> MessageBatch:
    """Begin to cancel the batch *id* (an id or a dict), and return it.

    It is `canceling` until the requests in processing have finished, then `ended`. If a first
    attempt was carried out and only its response was lost, the result is the same.
    """
    return _actions.cancel(client, _ids.batch_id(id))


@door
def delete(client: Client, id: BatchRef) -> DeletedBatch:
    """Delete the batch *id* (an id or a dict) and its results; this cannot be undone.

    Return `{"id": ..., "type": "message_batch_deleted"}`, also if a first attempt was carried out
    and only its response was lost. A batch in progress must be canceled first.
    """
    return _actions.delete(client, _ids.batch_id(id))


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


@door
def list(
    client: Client,
    *,
    before_id: BatchRef | None = None,
    after_id: BatchRef | None = None,
    limit: int | None = None,
    stream: bool = False,
) -> BatchPage | Generator[MessageBatch, None, None]:
    """Return one page of batches, newest first; with *stream* a generator over all pages.

    *after_id*: the page just after that batch, with older ones; *before_id*: the page just before
    it, with newer ones; pass one or neither. *limit*: batches on a page, 1 to 1000; the server's
    default is 20. The generator continues in the same direction: to the oldest batch, or with
    *before_id* to the newest. It raises the errors that the function otherwise returns.
    """
    walk = _pages.Walk.of(client, before_id, after_id, limit)
    first = walk.page(walk.start)
    if not stream:
        return first.value
    return streamed(client, walk.batches(first), lambda: None)


@overload
def results(
    client: Client, batch_or_url: BatchRef, stream: Literal[False] = False
) -> Result[builtins.list[Row]]: ...


@overload
def results(
    client: Client, batch_or_url: BatchRef, stream: Literal[True]
) -> Result[Generator[Row, None, None]]: ...


@overload
def results(
    client: Client, batch_or_url: BatchRef, stream: bool
) -> Result[builtins.list[Row] | Generator[Row, None, None]]: ...


@door
def results(
    client: Client, batch_or_url: BatchRef, stream: bool = False
) -> builtins.list[Row] | Generator[Row, None, None]:
    """Return the rows of an ended batch as a list; with *stream* a generator that holds one row.

    *batch_or_url*: preferably the dict from `show` or `wait`, whose counts say how many rows to
    expect; an id or a `results_url` works too. Only the id in a URL is used: nothing is sent to a
    host other than the client's. Rows arrive in any order, each once; match them by `custom_id`. An
    integer of more than 4,300 digits, which `int` refuses to read, is a `decimal.Decimal`.

    Errors: `NotEnded`, which carries the batch; `IncompleteResults`. With *stream*, an error before
    the first row is returned, and a later one is raised by the generator. Closing the generator
    early, or dropping it, releases its connection.
    """
    rows = _results.rows(client, batch_or_url)
    return rows if stream else builtins.list(rows)


@door
def wait(
    client: Client,
    id: BatchRef,
    *,
    timeout: float | None = None,
    interval: float | None = None,
    on_update: Callable[[MessageBatch], object] | None = None,
) -> MessageBatch:
    """Poll the batch *id* (an id or a dict) until it has ended, and return its last state.

    *timeout*: seconds after which the error is `WaitTimeout`, which carries the last state (a poll
    that has begun may end somewhat later); None to wait without end. *interval*: seconds between
    polls; by default what the server asks for, or else 5 s growing to 60 s. *on_update*: called
    with the batch after every poll. A dict that says `ended` is returned without a poll.

    Tolerates transient failures (dropped connections, 429, 5xx, a 404 just after the batch was
    created, a gateway's page in place of the batch), up to ten in a row, and logs each as a
    warning. The batch keeps running on the server
    whatever happens to this program: with its id you can resume waiting. An interrupt (Ctrl-C)
    carries a note that says so.
    """
    return _wait.wait(client, id, timeout, interval, on_update)


@door
def download(
    client: Client,
    batch: BatchRef,
    path: str | os.PathLike[str],
    *,
    replace: bool = False,
    on_progress: Callable[[int, int | None], object] | None = None,
) -> Download:
    """Write the rows of an ended batch, unchanged, to a file at *path*, one row a line.

    The file appears only when it is complete and on the disk. Until then the rows are in
    `PATH.BATCH_ID.part`; after a crash or a full disk the next call continues from there. If the
    file at *path* already is the complete download of this batch, it is returned after one of its
    rows has been compared with the server's. Any other file, except an empty
    one, is replaced only with *replace*. *on_progress*: called now and then with the number of rows
    written and of rows expected (None if unknown). The file system must have locks, which some on a
    network do not, because two downloads of a batch must not write into each other.

    Each row is checked to be a row in valid JSON; rows are counted and deduplicated by custom_id.
    Errors: those of `results`, and `FileError`.
    """
    return _download.download(client, batch, path, replace, on_progress)


@door
def candidates(
    client: Client, unknown_outcome: UnknownOutcome, *, known: Iterable[BatchRef] = ()
) -> builtins.list[MessageBatch]:
    """Return the batches that a create of unknown outcome may have made, the newest first.

    They have the same number of requests, as far as their dicts tell, and were created since the
    sending began, or up to five minutes before, because clocks differ. Left out are the batches in
    *known* (ids or dicts), which you know to be others. If *unknown_outcome* was returned by
    `create`, the batches that other creates of this process returned are left out too. The
    custom_ids of a batch can be read only once it has ended, with `results`.

    An empty list does not prove that nothing was created: a request may take effect late, and
    `list` may show a batch late. Ask again after some minutes before you create the batch again,
    with a key of the same workspace. A wrong clock, of this machine or of a gateway that replaces
    the `date` of responses, only makes the search reach further back; but if this process has
    created no other batch before, and both clocks are ahead by more than five minutes, the batch
    can be missed.

    After a crash, build the error yourself: `UnknownOutcome(None, total, sent_at)` with the number
    of requests and the time, in seconds since the epoch, noted before the create.
    """
    if not isinstance(unknown_outcome, UnknownOutcome):
        found = shown(unknown_outcome)
        raise TypeError(f"unknown_outcome must be the error that create returned, not {found}")
    return _candidates.candidates(client, unknown_outcome, known)
