"""Run a prompt over each line of a CSV or JSON Lines file as a durable job.

    python examples/job.py reviews.csv "Is this review positive? {text}"

The columns of the file stand in the prompt in braces. Results come in the order of the lines, and
their custom_ids are the line numbers. Run it again after a crash, or to go on after Ctrl-C: it
continues, and nothing is paid for twice. Costs money, unless ANTHROPIC_BASE_URL names an emulator.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import anthropix_py
from anthropix_py import job


def rows(file: Path) -> Iterator[dict[str, str]]:
    """Yield the lines of a CSV or JSON Lines file."""
    with file.open(encoding="utf-8", newline="") as lines:
        if file.suffix == ".csv":
            yield from csv.DictReader(lines)
        else:
            yield from map(json.loads, lines)


def requests(file: Path, prompt: str, model: str) -> Iterator[dict[str, object]]:
    """Yield a request for each line."""
    for number, row in enumerate(rows(file), 1):
        messages = [{"role": "user", "content": prompt.format_map(row)}]
        params = {"model": model, "max_tokens": 1024, "messages": messages}
        yield {"custom_id": f"line {number}", "params": params}


def main() -> int:
    """Run the job of the command line to its end, or to where it cannot go on."""
    parser = argparse.ArgumentParser(description="Run a prompt over each line of a file.")
    parser.add_argument("file", type=Path, help="CSV with a header, or JSON Lines of objects")
    parser.add_argument("prompt", help="with the names of columns in braces")
    parser.add_argument("--model", default="claude-haiku-4-5", help="%(default)s")
    options = parser.parse_args()
    client = anthropix_py.init()
    folder = options.file.with_suffix(".job")
    match job.run(client, requests(options.file, options.prompt, options.model), folder):
        case "ok", done:
            print(f"{done.succeeded:,} of {done.total:,} in {done.results}; failed: {done.failed}")
            return 0
        case "error", error:
            print(f"{error}\nRun the same command again to go on.", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
