"""Run a file of requests as one batch: create it, wait, download its rows, add up its tokens.

By default it talks to the built-in emulator, on this machine, without a key and without a bill.
That emulator loses the response to the create and cuts the results off once, to show what happens
then. With --live it talks to the real API with ANTHROPIC_API_KEY, and the requests cost money.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demo_display import answers, failures, on_event, say, state, step, table, watching

import anthropix_py
from anthropix_py import batch, emulator, unwrap, usage
from anthropix_py.emulator import Fault
from anthropix_py.types import MessageBatch, Row

REQUESTS = Path(__file__).parent / "requests.jsonl"

Requests = list[dict[str, Any]]


def main() -> None:
    """Run the demo with the options of the command line; trouble is one line and an exit code."""
    options = arguments()
    try:
        requests = read(options.file)
        with connected(options.live, len(requests), options.takes) as client:
            run(client, requests, options.out, interval=None if options.live else 0.2)
    except KeyboardInterrupt as interrupt:
        # The note names the batch, which goes on at the real API; the emulated one is gone.
        notes = getattr(interrupt, "__notes__", []) if options.live else []
        fail(130, " ".join(["interrupted.", *notes]))
    except ValueError as error:
        fail(2, f"{options.file}: {error}")
    except anthropix_py.InvalidRequest as error:
        fail(2, f"{options.file}: {error.problems[0]}")
    except OSError as error:
        fail(2, f"{error.filename}: {error.strerror}")
    except anthropix_py.AnthropixError as error:
        fail(1, f"{type(error).__name__}: {error}")


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Run a file of requests as one batch.")
    add = parser.add_argument
    add("file", nargs="?", type=Path, default=REQUESTS, help="requests as JSON Lines: %(default)s")
    add("--out", type=Path, default=Path("out"), help="folder for the rows: %(default)s")
    add("--takes", type=float, default=3.0, help="seconds of the emulated batch: %(default)s")
    add("--live", action="store_true", help="talk to the real API; costs money")
    return parser.parse_args()


def fail(code: int, line: str) -> None:
    """Print *line* and exit with *code*."""
    print(line, file=sys.stderr)
    sys.exit(code)


def read(file: Path) -> Requests:
    """Return the requests in *file*, one a line. Raises OSError, or ValueError for bad JSON."""
    requests = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                requests.append(json.loads(line))
            except (ValueError, RecursionError):
                raise ValueError(f"line {number} is not JSON") from None
    return requests


@contextlib.contextmanager
def connected(live: bool, size: int, takes: float) -> Iterator[anthropix_py.Client]:
    """Yield a client of the real API, or of an emulator that lives as long as the context."""
    if live:
        yield anthropix_py.init(on_event=on_event)
        return
    lost = Fault("create", "lose")
    cut = Fault("results", "cut", 150 * size)  # bytes; no row of the emulator is as short
    with emulator.serve(takes=takes, progressive=True, faults=[lost, cut]) as url:
        yield anthropix_py.init("any-key", base_url=url, on_event=on_event)


def run(
    client: anthropix_py.Client, requests: Requests, folder: Path, interval: float | None
) -> None:
    """Run *requests* as one batch, and write its rows to a file in *folder*."""
    step(f"Creating a batch of {len(requests):,} requests at {client.base_url}")
    created = create(client, requests)

    step("Waiting until it has ended")
    with watching(len(requests)) as on_update:
        ended = unwrap(batch.wait(client, created, interval=interval, on_update=on_update))
    say(state(ended))

    step("Downloading the results")
    folder.mkdir(parents=True, exist_ok=True)
    done = unwrap(batch.download(client, ended, folder / f"{ended['id']}.jsonl"))
    with open(done.path, encoding="utf-8") as lines:
        rows: list[Row] = [json.loads(line) for line in lines]
    received = {row["custom_id"] for row in rows}
    lost = {request["custom_id"] for request in requests} - received
    say(f"{len(rows):,} rows: {len(lost)} lost, {len(rows) - len(received)} doubled")

    step("Rows that did not succeed, and three that did")
    failures(rows)
    answers(rows, most=3)

    step("Tokens")
    table(usage.total(rows))

    step(f"The rows are in {done.path}")
    say("next: docs/batches.md and docs/emulator.md, or make demo LIVE=1 (costs money)")


def create(client: anthropix_py.Client, requests: Requests) -> MessageBatch:
    """Return the new batch. If the response was lost, look for the batch; do not create another."""
    match batch.create(client, requests):
        case "ok", created:
            say(f"created {created['id']}")
            return created
        case "error", anthropix_py.UnknownOutcome() as unknown:
            say(f"the response was lost: {unknown.cause}")
            say("sending it again could pay for a second batch, so look for the first one")
            return find(client, unknown)
        case "error", exc:
            raise exc


def find(client: anthropix_py.Client, unknown: anthropix_py.UnknownOutcome) -> MessageBatch:
    """Return the batch that a create has made, if only one batch can be it."""
    match unwrap(batch.candidates(client, unknown)):
        case [found]:
            say(f"candidates found {found['id']}, with as many requests, created just now")
            return found
        case _:  # none yet, or several: somebody has to decide
            raise unknown


if __name__ == "__main__":
    main()
