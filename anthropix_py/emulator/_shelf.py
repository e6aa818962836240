"""Where batches are kept: with this process, or in a folder that outlives it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ._batch import Batch
from ._lines import Lines

_KEPT = ("id", "created", "version", "looks", "looked", "canceled", "ended", "counts")


class Shelf:
    """A folder with three files a batch: its state, its requests and its results. Without a folder, nothing is kept.

    The state is written last when a batch is made and replaced whole when it changes: what a
    crash leaves without a state was never a batch.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self._folder = None if folder is None else Path(folder)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    def lines(self, id: str, what: str) -> Lines:
        """Begin the requests or the results of a batch."""
        return Lines(self._path(id, what))

    def save(self, batch: Batch) -> None:
        """Keep the state of *batch*, and all that it stands on."""
        if self._folder is None:
            return
        batch.requests.flush()
        batch.results.flush()
        state = {name: getattr(batch, name) for name in _KEPT}
        new = self._folder / f"{batch.id}.json.new"
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self._folder / f"{batch.id}.json")

    def remove(self, batch: Batch) -> None:
        """Forget *batch*. Who reads its results goes on until done."""
        if self._folder is not None:
            for end in ("json", "requests.jsonl", "results.jsonl"):
                (self._folder / f"{batch.id}.{end}").unlink(missing_ok=True)

    def load(self) -> list[Batch]:
        """Give the batches that the folder holds, oldest first. Raises ValueError for one that makes no sense."""
        if self._folder is None:
            return []
        batches = [self._load(path) for path in self._folder.glob("msgbatch_*.json")]
        return sorted(batches, key=lambda batch: batch.created)

    def _load(self, path: Path) -> Batch:
        try:
            state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            id = state["id"]
            requests = Lines.kept(self._path(id, "requests") or "")
            batch = Batch(id, state["created"], state["version"], requests, Lines())
            if state["ended"] is not None:
                batch.results = Lines.kept(self._path(id, "results") or "")
                batch.counts = state["counts"]
            else:  # results come again, the same, from the requests
                batch.results = self.lines(id, "results")
            for name in ("looks", "looked", "canceled", "ended"):
                setattr(batch, name, state[name])
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ValueError(f"{path}: not the state of a batch: {error}") from error
        return batch

    def _path(self, id: str, what: str) -> str | None:
        return None if self._folder is None else str(self._folder / f"{id}.{what}.jsonl")
