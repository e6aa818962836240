"""Opening a job: the lock, the journal, and the input, read once and to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .._events import warn
from ..client import Client
from ..validate._look import setting_of
from . import _rebuild
from ._budget import check_prices
from ._core import Core, OnEvent
from ._disk import Disk
from ._errors import JobError
from ._folder import Folder
from ._input import Requests, Source, sources
from ._journal import Journal
from ._load import Encoder, Loader, Sizes, fingerprint
from ._lock import Lock
from ._mirror import Mirror
from ._survey import where
from ._values import Policy, check_policy
from ._view import Place, View
from ._wire_ids import new_tag

_NAMED_FILES = 10
_NUMBERS = tuple(name for name in Policy._fields if name != "try_again")


@contextmanager
def locked(folder: Folder) -> Iterator[Journal]:
    """Hold the job in *folder*, and yield its journal. Raises `JobError` if it runs elsewhere."""
    folder.make()
    lock = Lock.take(folder.lock, _pid_of(folder))
    try:
        journal = Journal.open(folder.disk, folder.journal)
        try:
            journal.take_over()
            yield journal
        finally:
            journal.close()
    finally:
        lock.close()


def _pid_of(folder: Folder) -> int | None:
    """Return the process that took the journal over last."""
    if not os.path.exists(folder.journal):
        return None
    pid: int | None = None
    with suppress(JobError):
        journal = Journal.open(Disk(), folder.journal, write=False)
        pid = journal.get("pid")
        journal.close()
    return pid


def begun(
    client: Client,
    journal: Journal,
    folder: Folder,
    requests: Requests,
    policy: Policy,
    on_event: OnEvent | None,
) -> Core:
    """Return the job over *requests*, new or as it was left.

    Raises `JobError` (`another_input`) if the folder holds a job over others; `InvalidRequest`.
    """
    check_policy(policy, client.limits)
    check_prices(policy)
    files, aligned = sources(requests)
    is_new = journal.get("tag") is None
    if journal.get("phase") != "ready":
        is_rebuilt = _read(client, journal, folder, files, aligned, policy)
        is_new = is_new and not is_rebuilt
    else:
        _compare(client, journal, files)
    _keep_policy(journal, policy)
    core = Core(client, folder, journal, policy, on_event)
    core.view = core.view._replace(began_here=is_new)
    return core


def resumed(
    client: Client,
    journal: Journal,
    folder: Folder,
    policy: Policy | None,
    on_event: OnEvent | None,
) -> Core:
    """Return the job in *folder*. Raises `JobError` if its input was not read to its end."""
    if journal.get("phase") != "ready":
        detail = f"{folder.path} holds no job whose input was read to its end: call job.run"
        raise JobError("incomplete_input", detail)
    if policy is None:
        policy = Policy(**journal.get("policy"))
    else:
        check_policy(policy, client.limits)
        _keep_policy(journal, policy)
    return Core(client, folder, journal, policy, on_event)


def _keep_policy(journal: Journal, policy: Policy) -> None:
    numbers = {name: getattr(policy, name) for name in _NUMBERS}
    if journal.get("policy") != numbers:
        with journal.change():
            journal.put(policy=numbers)


def _read(
    client: Client,
    journal: Journal,
    folder: Folder,
    files: list[Source],
    aligned: bool,
    policy: Policy,
) -> bool:
    """Read the input into bodies and rows; return whether a lost journal was rebuilt."""
    mirror = Mirror(folder.disk, folder.mirror)
    lines = mirror.read()
    facts = _facts(client, journal, folder, lines, policy)
    cut = policy._replace(
        requests_per_batch=facts["requests_per_batch"], bytes_per_batch=facts["bytes_per_batch"]
    )
    place = Place(*facts["place"])
    view = View(rules=policy.rules(), began_at=facts["began_at"], place=place)
    with journal.change() as db:
        # what a crash has left of an earlier reading
        for table in ("rows", "attempts"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608
        db.execute("DROP INDEX IF EXISTS ids")
        journal.save(View(), view)
        journal.put(phase="reading", tag=facts["tag"], facts=facts)
    encoder = Encoder(client.limits, setting_of(client.api_version, client.beta))
    loader = Loader(folder, journal, encoder, Sizes(cut, facts["shift"]), view, facts["tag"])
    marks = loader.load(files)
    found = encoder.fingerprint()
    if lines and lines[0].get("fingerprint") != found:
        raise _another_input()
    if encoder.warned:
        reasons = "; ".join(map(str, encoder.warnings))
        warn(client, f"{encoder.warned} requests may come back as errored rows: {reasons}")
    if not lines:
        mirror.begin(**facts, fingerprint=found)
    with journal.change() as db:
        view = loader.view
        if lines:
            view = _rebuild.rebuilt(db, view, lines)
        journal.put(
            phase="ready",
            parts=len(loader.view.attempts),
            sources=marks,
            aligned=aligned,
            fingerprint=found,
        )
        journal.save(loader.view, view)
    return bool(lines)


def _facts(
    client: Client, journal: Journal, folder: Folder, lines: list[dict[str, Any]], policy: Policy
) -> dict[str, Any]:
    """Return what the job was begun with: its tag, its sizes, when and where.

    They are committed before anything else, so that a copy of the folder of any age has them.
    """
    kept: dict[str, Any] | None = journal.get("facts")
    if kept is not None:
        return kept
    if lines:
        return {name: value for name, value in lines[0].items() if name not in ("what", "version")}
    here = where(client)
    return {
        "tag": new_tag(folder.disk.random_bytes),
        "shift": folder.disk.random_bytes(1)[0],
        "requests_per_batch": policy.requests_per_batch,
        "bytes_per_batch": min(policy.bytes_per_batch, client.limits.bytes),
        "began_at": here.at,
        "place": here.place,
    }


def _compare(client: Client, journal: Journal, files: list[Source]) -> None:
    """Raise `JobError` if *files* are not the input of the job."""
    known = journal.get("sources")
    marks = [one[:3] for one in known]
    is_known = all(None not in mark for mark in marks)
    if is_known and marks == [one.mark for one in files]:
        return
    if journal.get("fingerprint") != fingerprint(files, client.limits):
        raise _another_input(
            _what_changed(
                [[one[-1], *one[1:3]] for one in known],
                [[one.label, *one.mark[1:]] for one in files],
            )
        )


def _what_changed(old: list[list[Any]], new: list[list[Any]]) -> str:
    """Return which files differ from those of the job; nothing if the input is not files."""
    before = {name: mark for name, *mark in old}
    now = {name: mark for name, *mark in new}
    if None in [size for _, size, _ in [*old, *new]]:
        return ""
    changed = [f"{name} has changed" for name in now if before.get(name, now[name]) != now[name]]
    changed += [f"{name} is new" for name in now if name not in before]
    changed += [f"{name} is missing" for name in before if name not in now]
    more = len(changed) - _NAMED_FILES
    named = ", ".join(changed[:_NAMED_FILES])
    return f" ({named}, and {more} more)" if more > 0 else f" ({named})"


def _another_input(changed: str = "") -> JobError:
    detail = f"this folder holds a job over other requests{changed}; use another folder for these"
    return JobError("another_input", detail)
