"""Where batches are kept: with this process, or in a folder that outlives it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ._batch import Batch
from ._lines import Lines

_KEPT = {
    "id": str,
    "number": int,
    "created": (int, float),
    "version": str,
    "looks": int,
    "looked": (int, float),
    "canceled": (int, float, type(None)),
    "ended": (int, float, type(None)),
    "counts": dict,
}
_NOTE = "emulator.json"


class Shelf:
    """A folder with three files a batch: its state, its requests and its results. Without a folder, nothing is kept.

    The state is written last when a batch is made and replaced whole when it changes: what a
    crash leaves without a state was never a batch. A note beside them keeps the seed and the
    number of batches made, so that no id is given twice. Raises ValueError for a folder whose
    files make no sense.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, seed: int) -> None:
        self.seed = seed
        self.made = 0
        self._folder = None if folder is None else Path(folder)
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if (self._folder / _NOTE).exists():
            note = self._read(self._folder / _NOTE, {"seed": int, "made": int})
            self.seed, self.made = note["seed"], note["made"]

    def begin(self, id: str, version: str) -> Batch:
        """Make a batch that holds nothing yet."""
        self.made += 1
        self._write(_NOTE, {"seed": self.seed, "made": self.made})
        return Batch(
            id,
            self.made,
            version,
            Lines(self._path(id, "requests")),
            Lines(self._path(id, "results")),
        )

    def save(self, batch: Batch) -> None:
        """Keep the state of *batch*, and all that it stands on."""
        batch.requests.rest()
        batch.results.rest()
        self._write(f"{batch.id}.json", {name: getattr(batch, name) for name in _KEPT})

    def remove(self, batch: Batch) -> None:
        """Forget *batch*. Who reads its results goes on until done."""
        if self._folder is not None:
            for end in ("json", "requests.jsonl", "results.jsonl"):
                (self._folder / f"{batch.id}.{end}").unlink(missing_ok=True)

    def load(self) -> list[Batch]:
        """Give the batches that the folder holds, in the order in which they were made."""
        if self._folder is None:
            return []
        return sorted(
            map(self._load, self._folder.glob("msgbatch_*.json")), key=lambda batch: batch.number
        )

    def _load(self, path: Path) -> Batch:
        state = self._read(path, _KEPT)
        try:
            ended = state["ended"] is not None
            requests = Lines.kept(self._path(state["id"], "requests") or "")
            results = Lines.kept(self._path(state["id"], "results") or "") if ended else None
        except OSError as error:
            raise ValueError(f"{path}: not the state of a batch that is there: {error}") from None
        counts = state["counts"]
        if tuple(counts) != Batch.COUNTS or not all(
            type(count) is int for count in counts.values()
        ):
            raise ValueError(f"{path}: not the state of a batch: counts is {counts!r}")
        total = sum(counts.values())
        if len(requests) != total or (results is not None and len(results) != total):
            raise ValueError(
                f"{path}: not the state of a batch that is there: not all rows of {total} are"
            )
        if results is None:  # they come again, the same, from the requests
            results = Lines(self._path(state["id"], "results"))
            state["counts"] = {**dict.fromkeys(state["counts"], 0), "processing": total}
        batch = Batch(state["id"], state["number"], state["version"], requests, results)
        for name, value in state.items():
            setattr(batch, name, value)
        return batch

    def _read(self, path: Path, kinds: dict[str, Any]) -> dict[str, Any]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("it is no object")
            for name, kind in kinds.items():
                if isinstance(found.get(name), bool) or not isinstance(found.get(name), kind):
                    raise ValueError(f"{name} is {found.get(name)!r}")
        except (ValueError, OSError) as error:
            raise ValueError(f"{path}: not the state of a batch or an emulator: {error}") from None
        return {name: found[name] for name in kinds}

    def _write(self, name: str, value: object) -> None:
        if self._folder is not None:
            new = self._folder / f"{name}.new"
            new.write_text(json.dumps(value), encoding="utf-8")
            new.replace(self._folder / name)

    def _path(self, id: str, what: str) -> str | None:
        return None if self._folder is None else str(self._folder / f"{id}.{what}.jsonl")
