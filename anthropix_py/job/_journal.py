"""The journal of a job: one SQLite file, in which every change is one synced commit.

A process that takes over raises the epoch, which every commit compares: one that was frozen in the
meantime fails at its next commit, and changes nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, NamedTuple

from ..errors import FileError
from ._disk import Disk
from ._errors import JobError
from ._view import KEPT, Attempt, Attempts, Place, Rules, Sighting, View

VERSION = 1

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE attempts (
    number INTEGER PRIMARY KEY,
    kept TEXT NOT NULL,     -- the fields of a view's Attempt
    first INTEGER,          -- rows FIRST to LAST; NULL if they are no range
    last INTEGER,
    bytes INTEGER,          -- of the body
    hash TEXT,              -- of the body
    tally TEXT,             -- tokens by model
    orphans INTEGER NOT NULL DEFAULT 0, -- billed rows whose answers came from another batch
    bound TEXT,             -- dollars that it costs at most
    cost TEXT               -- dollars that its rows have cost
);
CREATE TABLE sightings (batch TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE strangers (batch TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE rows (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL,       -- the user's custom_id as JSON
    attempt INTEGER NOT NULL,   -- the latest that holds it; 0: waits to be sent again
    start INTEGER NOT NULL,     -- of the request in the body of its first attempt
    length INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 1,
    moved INTEGER NOT NULL DEFAULT 0,   -- out of its first attempt, once
    again INTEGER NOT NULL DEFAULT 0,   -- 1: it may be sent again; 2: it is in an attempt again
    outcome INTEGER NOT NULL DEFAULT 0,
    answered INTEGER        -- the attempt whose results have its outcome
);
CREATE INDEX waiting ON rows (row) WHERE attempt = 0;
CREATE INDEX moved ON rows (attempt) WHERE moved;
"""

_VIEW = ("total", "began_at", "again", "gave_up_at", "canceled", "canceling", "delivered")
_NOT_SQLITE = "file is not a database"


class Body(NamedTuple):
    """What the journal keeps of an attempt beside the view: its rows, and its body."""

    first: int | None
    last: int | None
    bytes: int
    hash: str


class Journal:
    """The journal at *path*, open. `epoch`: that of this process, 0 if it only reads."""

    def __init__(self, disk: Disk, path: str, db: sqlite3.Connection) -> None:
        self.path = path
        self.db = db
        self.epoch = 0
        self._disk = disk

    @classmethod
    def open(cls, disk: Disk, path: str, *, write: bool = True) -> Journal:
        """Return the journal, which is made if it is to be written and not there."""
        with as_job_errors(path):
            mode = "rwc" if write else "ro"
            target = f"file:{_quoted(path)}?mode={mode}"
            db = sqlite3.connect(target, uri=True, isolation_level=None, timeout=30.0)
            journal = cls(disk, path, db)
            try:
                if write:
                    db.execute("PRAGMA journal_mode = WAL")
                    db.execute(f"PRAGMA synchronous = {disk.synchronous}")
                    # macOS: past the cache of the drive, see `_disk`; nothing elsewhere
                    db.execute("PRAGMA fullfsync = ON")
                journal._check_version(write)
            except BaseException:
                db.close()
                raise
        return journal

    def close(self) -> None:
        """Release the file."""
        self.db.close()

    def take_over(self) -> None:
        """Raise the epoch: from now on no other process can commit."""
        with as_job_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self.epoch = self.get("epoch", 0) + 1
                self._set("epoch", self.epoch)
                self._set("pid", os.getpid())
                self._disk.commit(self.db)
            except BaseException:
                self._roll_back()
                raise

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Run a block in one commit. Raises `JobError` if another process has taken over."""
        with as_job_errors(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                self._check_epoch()
                yield self.db
                self._disk.commit(self.db)
            except BaseException:
                self._roll_back()
                raise

    def check_epoch(self) -> None:
        """Raise `JobError` if another process has taken over."""
        with as_job_errors(self.path):
            self._check_epoch()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value kept by its name."""
        found = self.db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        if found is None:
            return default
        return json.loads(found[0])

    def put(self, **values: Any) -> None:
        """Keep values by their names, in the running commit."""
        for name, value in values.items():
            self._set(name, value)

    def save(self, old: View, new: View) -> None:
        """Keep what differs between two views, in the running commit."""
        if _meta(old) != _meta(new) or old.place != new.place:
            self.put(view=_meta(new), place=new.place)
        for one in _changed(old, new):
            self.db.execute(
                "INSERT INTO attempts (number, kept) VALUES (?, ?)"
                " ON CONFLICT (number) DO UPDATE SET kept = excluded.kept",
                (one.number, json.dumps(_kept(one))),
            )
        self._save_sightings(old, new)

    def load(self, rules: Rules) -> View:
        """Return the view as a new process sees it."""
        attempts = self.db.execute("SELECT kept FROM attempts ORDER BY number")
        sightings = self.db.execute("SELECT value FROM sightings ORDER BY batch")
        place = self.get("place")
        if place is not None:
            place = Place(*place)
        return View(
            **self.get("view", {}),
            rules=rules,
            place=place,
            attempts=Attempts(Attempt(*json.loads(kept)) for (kept,) in attempts),
            sightings=tuple(Sighting(*json.loads(value)) for (value,) in sightings),
            strangers=frozenset(batch for (batch,) in self.db.execute("SELECT * FROM strangers")),
        )

    def put_body(self, number: int, body: Body) -> None:
        """Keep what is known of the body of an attempt, in the running commit."""
        self.db.execute(
            "UPDATE attempts SET first = ?, last = ?, bytes = ?, hash = ? WHERE number = ?",
            (*body, number),
        )

    def body(self, number: int) -> Body:
        """Return what is known of the body of an attempt."""
        found = self.db.execute(
            "SELECT first, last, bytes, hash FROM attempts WHERE number = ?", (number,)
        ).fetchone()
        return Body(*found)

    def _save_sightings(self, old: View, new: View) -> None:
        if old.sightings != new.sightings:
            self.db.execute("DELETE FROM sightings")
            kept = [(one.batch, json.dumps(one)) for one in new.sightings]
            self.db.executemany("INSERT INTO sightings VALUES (?, ?)", kept)
        more = new.strangers - old.strangers
        self.db.executemany("INSERT INTO strangers VALUES (?)", [(batch,) for batch in more])

    def _set(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def _check_epoch(self) -> None:
        if self.get("epoch", 0) != self.epoch:
            pid = self.get("pid")
            detail = f"process {pid} has taken this job over"
            raise JobError("running_elsewhere", detail, pid)

    def _check_version(self, write: bool) -> None:
        [found] = self.db.execute("PRAGMA user_version").fetchone()
        if found == 0 and write:
            self.db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")
        elif found != VERSION:
            detail = f"{self.path} is of version {found}; this package writes version {VERSION}"
            raise JobError("corrupt", detail)

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")


@contextmanager
def as_job_errors(path: str) -> Iterator[None]:
    """Raise what SQLite reports as an error of this package."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise FileError(path, str(error)) from None
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        detail = f"{path}: {error}. Delete it and its -wal: `run` rebuilds it from mirror and input"
        raise JobError("corrupt", detail) from None


def differ(old: View, new: View) -> bool:
    """Return whether two views differ in what the journal keeps."""
    if _meta(old) != _meta(new) or old.place != new.place:
        return True
    if old.sightings != new.sightings or old.strangers != new.strangers:
        return True
    return any(True for _ in _changed(old, new))


def _changed(old: View, new: View) -> Iterator[Attempt]:
    """Yield the attempts of *new* of which the journal must keep something else than of *old*."""
    # An attempt never changes its place, and most are the very same.
    for before, one in zip_longest(old.attempts, new.attempts):
        if one is not before and _kept(one) != _kept(before):
            yield one


def _meta(view: View) -> dict[str, Any]:
    return {name: getattr(view, name) for name in _VIEW}


def _kept(attempt: Attempt | None) -> tuple[Any, ...] | None:
    if attempt is None:
        return None
    return attempt[: len(KEPT)]


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(os.path.abspath(path))
