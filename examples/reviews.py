"""Classify the reviews of a CSV file: answers to a Parquet file, the cost before and after.

    python reviews.py reviews.csv

The file has the columns id and text. Needs the extras cost and table. Run it again after a crash:
it continues, and nothing is paid for twice. Costs money, unless ANTHROPIC_BASE_URL names an
emulator.
"""

import csv
import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import anthropix_py
from anthropix_py import build, cost, job, rows, tables, unwrap

path = Path(sys.argv[1])
# -sig: spreadsheets begin a file of UTF-8 with a mark, which is not a part of the first name.
with path.open(newline="", encoding="utf-8-sig") as file:
    made = build.requests(
        csv.DictReader(file),
        id="id",
        prompt="Is this review positive, negative or mixed? Answer with one word.\n\n{text}",
        model="claude-haiku-4-5",
        max_tokens=8,
    )
    # In memory, because they are read twice. For millions, write a function that yields them.
    requests = list(made)

client = anthropix_py.init()
before = unwrap(cost.estimate(client, requests))
print(before.requests, "requests will cost from", before.low, "to", before.high, "dollars")

done = unwrap(job.run(client, requests, path.with_suffix(".job")))
every = chain(unwrap(rows.read(done.results)), unwrap(rows.read(done.failures)))
unwrap(tables.write(every, path.with_suffix(".parquet"), replace=True))

paid = unwrap(cost.of(unwrap(rows.read(done.results)), created_at=datetime.now(UTC)))
print(done.succeeded, "of", done.total, "were answered, for", paid.usd, "dollars")
