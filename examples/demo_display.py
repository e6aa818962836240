"""What the demo shows: steps, progress that moves on a terminal, answers, a table of tokens."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from anthropix_py.types import Message, MessageBatch, Row
from anthropix_py.usage import Tokens

console = Console(markup=False, highlight=False)


def step(title: str) -> None:
    """Print the title of the next step."""
    console.print(f"\n{title}", style="bold", soft_wrap=True)


def say(line: str) -> None:
    """Print a line within a step."""
    console.print(f"  {line}", soft_wrap=True)


def on_event(event: dict[str, Any]) -> None:
    """Print that a results stream was cut. The library resumes it without being asked."""
    if event["event"] == "resume":
        say(f"the results were cut after {event['rows']} rows; resuming in {event['delay']:.1f} s")


@contextmanager
def watching(total: int) -> Iterator[Callable[[MessageBatch], object]]:
    """Yield an `on_update` for `batch.wait`, which shows a batch of *total* requests."""
    if not console.is_terminal:
        yield lambda seen: say(state(seen))
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("created", total=total)

        def on_update(seen: MessageBatch) -> None:
            done = total - seen["request_counts"]["processing"]
            progress.update(task, description=seen["processing_status"], completed=done)

        yield on_update
        progress.update(task, description="ended", completed=total)


def state(seen: MessageBatch) -> str:
    """Return the state of a batch in one line."""
    counts = [f"{count:,} {kind}" for kind, count in seen["request_counts"].items() if count]
    return f"{seen['processing_status']}: {', '.join(counts)}"


def failures(rows: Iterable[Row]) -> None:
    """Print each row that did not succeed, with the reason."""
    for row in rows:
        result = row["result"]
        if result["type"] == "errored":
            error = result["error"]["error"]
            say(f"{row['custom_id']}: errored, {error['type']}: {error['message']}")
        elif result["type"] != "succeeded":
            say(f"{row['custom_id']}: {result['type']}")


def answers(rows: Iterable[Row], most: int) -> None:
    """Print up to *most* rows that succeeded, of different kinds (as custom_id begins)."""
    kinds: dict[str, str] = {}
    for row in rows:
        result = row["result"]
        if result["type"] == "succeeded":
            shown = text(result["message"]) or f"no text, {result['message']['stop_reason']}"
            kind = row["custom_id"].partition("-")[0]
            kinds[kind] = f"{row['custom_id']}: {textwrap.shorten(shown, 80, placeholder=' ...')}"
    for line in itertools.islice(kinds.values(), most):
        say(line)


def text(message: Message) -> str:
    """Return the text of a message: empty after a refusal, or if a tool call is all there is."""
    return "".join(block["text"] for block in message["content"] if block["type"] == "text")


def shown(number: int | None) -> str:
    """Return a number of tokens as the table shows it."""
    if number is None:
        return "unknown"
    return f"{number:,}"


def table(tokens: dict[str, Tokens]) -> None:
    """Print the tokens by model."""
    made = Table("model")
    for column in ("input", "output", "cache write", "cache read"):
        made.add_column(column, justify="right")
    for model, taken in tokens.items():
        made.add_row(model, *(shown(number) for number in taken[:4]))
    console.print(made)
