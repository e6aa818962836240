"""Run a file of requests as one batch: create it, wait, stream its results to a file, add them up.

By itself it talks to the built-in emulator, in this process. With --live it talks to the real API
with ANTHROPIC_API_KEY, and costs what the requests cost.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

import anthropix_py
from anthropix_py import batch, emulator, unwrap, usage
from anthropix_py.types import MessageBatch, Row

REQUESTS = Path(__file__).parent / "requests.jsonl"
SECONDS = 3.0  # that the emulated batch takes

console = Console()


def main() -> None:
    """Do the job, with the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "file", nargs="?", type=Path, default=REQUESTS, help="requests as JSON Lines"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("out/results.jsonl"), help="where the rows go: %(default)s"
    )
    parser.add_argument("--live", action="store_true", help="talk to the real API")
    options = parser.parse_args()
    try:
        with connected(options.live) as client:
            run(client, options.file, options.out, interval=None if options.live else 0.5)
    except (anthropix_py.AnthropixError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def connected(live: bool) -> Iterator[anthropix_py.Client]:
    """Give a client of the real API, or of an emulator that lives as long as the context."""
    if live:
        yield anthropix_py.init()
    else:
        with emulator.serve(takes=SECONDS) as url:
            yield anthropix_py.init("any-key-will-do", base_url=url)


def run(client: anthropix_py.Client, file: Path, out: Path, interval: float | None) -> None:
    """Run the requests in *file* as one batch, and write its rows to *out*."""
    with file.open(encoding="utf-8") as lines:
        created = unwrap(batch.create(client, map(json.loads, lines)))
    console.print(f"created {created['id']} at {client.base_url}", highlight=False)
    ended = waited_for(client, created, interval)
    outcomes: Counter[str] = Counter()
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as target:
        rows = unwrap(batch.results(client, ended, stream=True))
        tokens = usage.total(written(rows, target, outcomes))
    console.print(table(outcomes, tokens))
    console.print(f"{sum(outcomes.values()):,} rows are in {out}", highlight=False)


def waited_for(
    client: anthropix_py.Client, created: MessageBatch, interval: float | None
) -> MessageBatch:
    """Wait for the batch: with a live display on a terminal, with a line a look elsewhere."""
    if not console.is_terminal:
        return unwrap(
            batch.wait(
                client, created, interval=interval, on_update=lambda seen: print(progress_of(seen))
            )
        )
    total = created["request_counts"]["processing"]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("created", total=total)

        def on_update(seen: MessageBatch) -> None:
            completed = total - seen["request_counts"]["processing"]
            progress.update(task, description=progress_of(seen), completed=completed)

        return unwrap(batch.wait(client, created, interval=interval, on_update=on_update))


def progress_of(seen: MessageBatch) -> str:
    """Say in a line how far the batch is."""
    counts = ", ".join(
        f"{count:,} {state}" for state, count in seen["request_counts"].items() if count
    )
    return f"{seen['processing_status']}: {counts}"


def written(rows: Iterable[Row], target: TextIO, outcomes: Counter[str]) -> Iterator[Row]:
    """Pass *rows* on, each written to *target* and its outcome counted."""
    for row in rows:
        target.write(json.dumps(row, ensure_ascii=False) + "\n")
        outcomes[row["result"]["type"]] += 1
        yield row


def table(outcomes: Counter[str], tokens: dict[str, usage.Tokens]) -> Table:
    """Lay out what came back and what it took."""
    made = Table("", "rows", "input tokens", "output tokens")
    for outcome, count in outcomes.most_common():
        made.add_row(outcome, f"{count:,}")
    made.add_section()
    for model, taken in tokens.items():
        made.add_row(model, "", f"{taken.input:,}", f"{taken.output:,}")
    return made


if __name__ == "__main__":
    main()
