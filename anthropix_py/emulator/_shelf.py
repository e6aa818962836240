"""Keep batches in memory only, or in a folder that remains after the process has ended."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ._batch import Batch
from ._lines import Lines
from ._lock import Lock
from ._worker import Terms

_KEPT = {
    "id": str,
    "number": int,
    "created": (int, float),
    "version": str,
    "beta": str,
    "looks": int,
    "looked": (int, float),
    "canceled": (int, float, type(None)),
    "ended": (int, float, type(None)),
    "counts": dict,
}
_FIELDS = ("created", "looks", "looked", "canceled", "ended", "counts")  # of a Batch, as they are
_NOTE = "emulator.json"


class Shelf:
    """The folder of a store, with three files for each batch: state, requests and results.

    When a batch is created, its state is written last; when it changes, the file is replaced in one
    step. So requests without a state, which a crash may leave, are not a batch. The file
    `emulator.json` keeps the seed and the number of batches created, so that no id is used twice.
    Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None, lock: Lock | None, seed: int, made: int) -> None:
        self.seed = seed
        self.made = made  # batches created so far
        self._folder = folder
        self._lock = lock

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None, seed: int) -> Shelf:
        """Return the shelf of *folder*, which is created if needed; a seed kept there is used.

        Raises OSError for a folder that cannot be used, or is used by another emulator, and
        ValueError if its `emulator.json` is damaged.
        """
        if folder is None:
            return cls(None, None, seed, 0)
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        lock = Lock.acquire(path)
        if not (path / _NOTE).exists():
            return cls(path, lock, seed, 0)
        note = _read(path / _NOTE, {"seed": int, "made": int})
        return cls(path, lock, note["seed"], note["made"])

    def close(self) -> None:
        """Release the folder, so that another emulator can use it."""
        if self._lock is not None:
            self._lock.release()

    def begin(self, terms: Terms) -> Batch:
        """Return a new batch without requests, whose state is not kept yet."""
        self.made += 1
        self._write(_NOTE, {"seed": self.seed, "made": self.made})
        try:
            requests = Lines.create(self._path(terms.batch_id, "requests"))
            results = Lines.create(self._path(terms.batch_id, "results"))
        except OSError:
            self._unlink(terms.batch_id)
            raise
        return Batch(terms, self.made, requests, results)

    def save(self, batch: Batch) -> None:
        """Write the lines of *batch*, and then its state."""
        batch.requests.flush()
        batch.results.flush()
        terms = {"version": batch.terms.version, "beta": batch.terms.beta}
        state = {"id": batch.id, "number": batch.number, **terms}
        state |= {name: getattr(batch, name) for name in _FIELDS}
        self._write(f"{batch.id}.json", state)

    def remove(self, batch: Batch) -> None:
        """Delete the files of *batch*; readers that have begun to read its results can finish."""
        self._unlink(batch.id)

    def load(self) -> list[Batch]:
        """Return the batches in the folder, in the order of their creation.

        Raises ValueError for one whose files are damaged.
        """
        if self._folder is None:
            return []
        batches = map(self._load, self._folder.glob("msgbatch_*.json"))
        return sorted(batches, key=lambda batch: batch.number)

    def _load(self, path: Path) -> Batch:
        state = _read(path, _KEPT)
        total = _total(path, state["counts"])
        ended = state["ended"] is not None
        try:
            requests = Lines.open(str(self._path(state["id"], "requests")))
            results = None
            if ended:
                results = Lines.open(str(self._path(state["id"], "results")))
        except OSError as error:
            raise _damaged(path, str(error)) from None
        for lines in (requests, results):
            if lines is not None and len(lines) != total:
                raise _damaged(path, f"{len(lines)} of {total} rows are there")
        if results is None:
            # The results so far are made again from the requests; they will be the same.
            results = Lines.create(self._path(state["id"], "results"))
            state["counts"] = {**dict.fromkeys(state["counts"], 0), "processing": total}
        terms = Terms(state["id"], state["version"], state["beta"])
        batch = Batch(terms, state["number"], requests, results)
        for name in _FIELDS:
            setattr(batch, name, state[name])
        return batch

    def _write(self, name: str, value: object) -> None:
        if self._folder is None:
            return
        new = self._folder / f"{name}.new"
        try:
            new.write_text(json.dumps(value), encoding="utf-8")
            new.replace(self._folder / name)
        except OSError:
            new.unlink(missing_ok=True)
            raise

    def _unlink(self, id: str) -> None:
        if self._folder is not None:
            for end in ("json", "requests.jsonl", "results.jsonl"):
                (self._folder / f"{id}.{end}").unlink(missing_ok=True)

    def _path(self, id: str, what: str) -> str | None:
        if self._folder is None:
            return None
        return str(self._folder / f"{id}.{what}.jsonl")


def _read(path: Path, kinds: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _damaged(path, str(error)) from None
    if not isinstance(found, dict):
        raise _damaged(path, "not an object")
    for name, kind in kinds.items():
        value = found.get(name)
        if isinstance(value, bool) or not isinstance(value, kind):
            raise _damaged(path, f"{name} is {value!r}")
    return {name: found[name] for name in kinds}


def _total(path: Path, counts: dict[str, Any]) -> int:
    if tuple(counts) != Batch.COUNTS or any(type(count) is not int for count in counts.values()):
        raise _damaged(path, f"counts is {counts!r}")
    return sum(counts.values())


def _damaged(path: Path, reason: str) -> ValueError:
    return ValueError(f"{path}: the state of an emulator or a batch is damaged: {reason}")
