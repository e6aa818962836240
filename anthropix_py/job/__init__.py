"""Durable jobs: any number of requests, as many batches as needed, through any crash, paid once.

A job lives in a folder. Calling it again continues it: after a crash, a power loss, a day without
network, a full disk. Every request ends with exactly one outcome, delivered once and in the order
of the input. If it is not known whether a batch was created, the job finds out before
it sends anything again. Where nobody can know, it stops and says so.

    match job.run(client, "requests.jsonl", "reviews.job"):
        case "ok", done:
            print(done.succeeded, "of", done.total, "in", done.results)
        case "error", exc:
            print(exc)

Errors: those of `batch`, and `JobError`, whose `reason` says why the job stopped. All are returned.
docs/jobs.md says what is promised, and what cannot be.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator
from typing import ParamSpec, TypeVar

from .. import _json
from .._door import door
from ..client import Client
from ..errors import AnthropixError
from ..result import Result
from ..types import Row
from ._budget import check_prices
from ._core import Core, OnEvent
from ._deliver import progress, settled_lines
from ._disk import Disk
from ._errors import JobError, JobReason
from ._folder import Folder
from ._happened import CancelAsked
from ._input import Requests
from ._journal import Journal
from ._locate import places
from ._runner import Runner
from ._session import begun, locked, resumed
from ._values import Batch, Place, Policy, Progress, Summary, try_again
from ._view import Rules

__all__ = [
    "Batch",
    "JobError",
    "JobReason",
    "Place",
    "Policy",
    "Progress",
    "Summary",
    "cancel",
    "failures",
    "locate",
    "policy",
    "results",
    "resume",
    "run",
    "status",
    "step",
    "try_again",
]

P = ParamSpec("P")
T = TypeVar("T")

Directory = str | os.PathLike[str]


@door
def run(
    client: Client,
    requests: Requests,
    directory: Directory,
    *,
    policy: Policy = Policy(),
    same_workspace: bool = False,
    on_event: OnEvent | None = None,
) -> Summary:
    """Run the job over *requests* in *directory* to its end, and return its summary.

    *requests*: an iterable of `{"custom_id": ..., "params": {...}}`, the path of a JSON Lines file
    (compressed with gzip or not), or the path of a folder of such files. A custom_id may be any
    text, used once. Nothing is sent before all requests were read and checked. *directory* belongs
    to the job alone, and must not lie on a network file system. *same_workspace*: True if you know
    that the key belongs to the workspace of this job, where the server does not say so.
    *on_event*: called with a dict for each event.

    Rate limits and network failures are waited out, however long they last. Ctrl-C leaves the
    batches running: call `run` or `resume` again to continue.
    """
    folder = Folder.of(_disk(), directory)
    with locked(folder) as journal:
        core = begun(client, journal, folder, requests, policy, on_event)
        core.vouched = same_workspace
        return Runner(core).run()


@door
def resume(
    client: Client,
    directory: Directory,
    *,
    policy: Policy | None = None,
    same_workspace: bool = False,
    on_event: OnEvent | None = None,
) -> Summary:
    """Continue the job in *directory*, whose input has been read, to its end; see `run`.

    *policy*: None for the numbers of the last one, and the usual `try_again`.
    """
    folder = _existing(directory)
    with locked(folder) as journal:
        core = resumed(client, journal, folder, policy, on_event)
        check_prices(core.policy)
        core.vouched = same_workspace
        return Runner(core).run()


@door
def step(
    client: Client,
    directory: Directory,
    *,
    requests: Requests | None = None,
    policy: Policy | None = None,
    on_event: OnEvent | None = None,
) -> Progress:
    """Do what can be done now for the job in *directory*, and return where it stands.

    Never waits for a batch; call it again at `next_at`. With *requests*, it begins the job if there
    is none yet, and otherwise returns an error if the job is one over other requests; see `run`.
    *policy*: None for the numbers of the last one (for a new job the usual ones), and the usual
    `try_again`.
    """
    folder = Folder.of(_disk(), directory)
    if requests is None:
        folder = _existing(directory)
    with locked(folder) as journal:
        if requests is None:
            core = resumed(client, journal, folder, policy, on_event)
        else:
            if policy is None:
                policy = Policy(**journal.get("policy", {}))
            core = begun(client, journal, folder, requests, policy, on_event)
        check_prices(core.policy)
        return Runner(core).step()


@door
def cancel(client: Client, directory: Directory, *, on_event: OnEvent | None = None) -> Summary:
    """Cancel the batches of the job, collect what was done, and return the summary.

    Only batches proven to be this job's are canceled; for a create of unknown
    outcome the job first finds out whether it made one.
    Requests that were not sent are reported as canceled.
    """
    folder = _existing(directory)
    with locked(folder) as journal:
        core: Core = resumed(client, journal, folder, None, on_event)
        core.commit(CancelAsked())
        return Runner(core).run()


def _local(function: Callable[P, T]) -> Callable[P, Result[T]]:
    """Make a function without a client return a `Result`."""
    returned = function.__annotations__.get("return")
    function.__annotations__["return"] = f"Result[{returned}]"

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result[T]:
        try:
            return "ok", function(*args, **kwargs)
        except AnthropixError as error:
            error.__traceback__ = error.__context__ = None
            return "error", error

    return call


@_local
def status(directory: Directory) -> Progress:
    """Return where the job stands. Reads only, also while another process runs it."""
    journal = _read_only(_existing(directory))
    try:
        return progress(journal, journal.load(Rules()), journal.get("next_at", 0.0))
    finally:
        journal.close()


@_local
def policy(directory: Directory) -> Policy:
    """Return the numbers of the policy with which the job was run last; its functions are not kept.

    Needs no network.
    """
    journal = _read_only(_existing(directory))
    try:
        return Policy(**journal.get("policy"))
    finally:
        journal.close()


@_local
def results(directory: Directory) -> Generator[Row, None, None]:
    """Return a generator over the rows that have succeeded so far, in the order of the input."""
    return _rows_of(_existing(directory), succeeded=True)


@_local
def failures(directory: Directory) -> Generator[Row, None, None]:
    """Return a generator over the rows that have failed for good, in the order of the input."""
    return _rows_of(_existing(directory), succeeded=False)


@_local
def locate(directory: Directory, id: str) -> list[Place]:
    """Return where a request is, by its custom_id: yours, or that in a batch of the job."""
    journal = _read_only(_existing(directory))
    try:
        return places(journal, id)
    finally:
        journal.close()


def _rows_of(folder: Folder, *, succeeded: bool) -> Generator[Row, None, None]:
    journal = _read_only(folder)
    try:
        for is_good, line in settled_lines(folder, journal):
            if is_good == succeeded:
                yield _json.loads(line)
    finally:
        journal.close()


def _existing(directory: Directory) -> Folder:
    folder = Folder.of(_disk(), directory)
    if not os.path.exists(folder.journal):
        detail = f"{folder.path} holds no journal of a job: call job.run with the requests"
        raise JobError("incomplete_input", detail)
    return folder


def _read_only(folder: Folder) -> Journal:
    journal = Journal.open(folder.disk, folder.journal, write=False)
    if journal.get("phase") != "ready":
        journal.close()
        detail = f"the input of the job in {folder.path} was not read to its end: call job.run"
        raise JobError("incomplete_input", detail)
    return journal


def _disk() -> Disk:
    return Disk()
