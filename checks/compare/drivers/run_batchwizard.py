"""Run the job with the commands of BatchWizard, in the way of its readme.

After an uncertain submission its readme leaves it to a person to identify the batch. This program
does what a careful person would, and notes each step in `by-hand.txt`. The commands run in this
process, because starting each of them anew takes seconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anthropic import Anthropic
from batchwizard.cli import app  # type: ignore[import-not-found]
from batchwizard.config import config  # type: ignore[import-not-found]
from batchwizard.store import JobStore  # type: ignore[import-not-found]
from exchange import Row, arguments, requests, write

_FILES = 4
_WATCHES = 3  # a job that could not be collected is collected by a later watch


def main() -> None:
    """Submit what is not in the manifest, then watch; settle what is uncertain by hand."""
    _, folder = arguments()
    inputs = _inputs(folder)
    _submit(inputs)
    _watch(folder)
    if _store().unresolved():
        _settle(folder)
        _submit(inputs)
    for _ in range(_WATCHES):
        if not _store().actionable():
            break
        _watch(folder)
    jobs = _store().list()
    if len(jobs) < _FILES or any(job.collection_state != "collected" for job in jobs):
        sys.exit("; ".join(job.last_local_error or job.state for job in jobs))
    write(_rows(folder / "results"))


def _inputs(folder: Path) -> list[Path]:
    """Return the files of requests, written unless they are there."""
    lines = [json.dumps(request) + "\n" for request in requests()]
    size = len(lines) // _FILES
    paths = []
    for number in range(_FILES):
        path = folder / f"part-{number}.jsonl"
        path.write_text("".join(lines[number * size : (number + 1) * size]))
        paths.append(path)
    return paths


def _submit(inputs: list[Path]) -> None:
    known = {job.input_path for job in _store().list()}
    missing = [str(path) for path in inputs if str(path) not in known]
    if missing:
        _run("submit", "--provider", "anthropic", *missing)


def _watch(folder: Path) -> None:
    _run("watch", "--output-directory", str(folder / "results"), "--check-interval", "1")


def _settle(folder: Path) -> None:
    """Attach each batch without a job to the file whose custom_ids it holds; discard the others."""
    tracked = {job.batch_id for job in _store().list()}
    owners = {}
    for batch in Anthropic().messages.batches.list(limit=100):
        if batch.id not in tracked:
            looked_at = folder / "looked-at"
            _run("download", batch.id, "--output-directory", str(looked_at))
            owners[_file_of(folder, looked_at, batch.id)] = batch.id
    for job in _store().unresolved():
        batch_id = owners.get(job.input_path)
        if batch_id is None:
            _by_hand(folder, "reconcile", job.intent_id, "--discard")
        else:
            _by_hand(folder, "reconcile", job.intent_id, "--batch-id", batch_id)


def _file_of(folder: Path, looked_at: Path, batch_id: str) -> str:
    """Return the path of the input that holds the requests of a batch."""
    found = next(_rows_of(looked_at / f"{batch_id}_results.jsonl"))
    for path in folder.glob("part-*.jsonl"):
        if f'"{found.custom_id}"' in path.read_text():
            return str(path)
    raise ValueError(f"expected a batch of one of the files, found {batch_id}")


def _by_hand(folder: Path, *arguments: str) -> None:
    with (folder / "by-hand.txt").open("a") as file:
        file.write(" ".join(arguments) + "\n")
    _run(*arguments)


def _rows(results: Path) -> Iterator[Row]:
    for path in sorted(results.glob("*.jsonl")):
        yield from _rows_of(path)


def _rows_of(path: Path) -> Iterator[Row]:
    for line in path.read_text().splitlines():
        entry: dict[str, Any] = json.loads(line)
        text = None
        if entry["result"]["type"] == "succeeded":
            text = entry["result"]["message"]["content"][0]["text"]
        yield Row(entry["custom_id"], text)


def _store() -> Any:
    return JobStore(config.db_file)


def _run(*arguments: str) -> None:
    """Run a command of BatchWizard; what it could not do is in its manifest."""
    print("batchwizard", *arguments)
    app(arguments, standalone_mode=False)


main()
