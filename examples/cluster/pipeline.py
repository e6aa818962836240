"""Reviews in CSV files to tables in Parquet files: many workers build and read, one process pays.

Each part of the data becomes one file of requests, one file of results and one table. What runs
the tasks is not decided here: `each` is a function like `map`, see `on_processes.py`, `on_dask.py`.
Every step may be repeated after a crash: a file appears complete or not at all, and a part that was
built before must be built the same again, because its requests may have been paid for.
"""

import csv
import json
from collections.abc import Callable, Iterable
from itertools import zip_longest
from pathlib import Path
from uuid import uuid4

from anthropix_py import Client, job, tables, unwrap

POLICY = job.Policy()
Each = Callable[[Callable[[Path], int], Iterable[Path]], Iterable[int]]


def run(client: Client, folder: Path, each: Each, policy: job.Policy = POLICY) -> job.Summary:
    """Build the requests, run them as one job, and write the answers as tables."""
    for name in ("requests", "tables"):
        (folder / name).mkdir(exist_ok=True)
    sum(each(build, sorted(folder.glob("data/*.csv"))))
    done = unwrap(job.run(client, folder / "requests", folder / "reviews.job", policy=policy))
    sum(each(parse, sorted(Path(done.results).glob("*.jsonl"))))
    return done


def build(part: Path) -> int:
    """Write the requests of one part of the data; return how many."""
    with part.open(newline="") as file:
        lines = [json.dumps(request(part.stem, row)) + "\n" for row in csv.DictReader(file)]
    publish(part.parent.parent / "requests" / f"{part.stem}.jsonl", lines)
    return len(lines)


def request(part: str, row: dict[str, str]) -> dict[str, object]:
    """Return the request for one review."""
    prompt = f"Answer with one word, positive or negative: {row['review']}"
    message = {"role": "user", "content": prompt}
    params = {"model": "claude-haiku-4-5", "max_tokens": 10, "messages": [message]}
    return {"custom_id": f"{part}-{row['id']}", "params": params}


def publish(path: Path, lines: list[str]) -> None:
    """Write *lines* as the file *path*, complete or not at all. Refuse to change what is there."""
    if path.exists():
        before = path.read_text().splitlines(keepends=True)
        for number, (old, new) in enumerate(zip_longest(before, lines), 1):
            if old != new:
                raise ValueError(f"{path}, line {number}: built before as {old!r}, now {new!r}")
        return
    unfinished = path.with_name(f".{path.name}.{uuid4()}")
    unfinished.write_text("".join(lines))
    unfinished.replace(path)


def parse(results: Path) -> int:
    """Write the table of one file of results, which has a row for each request, in their order."""
    table = results.parent.parent.parent / "tables" / f"{results.stem}.parquet"
    return unwrap(tables.write(results, table, replace=True))
