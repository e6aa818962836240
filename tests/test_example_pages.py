"""docs/examples.md and docs/cluster.md: what they list is there, runs, and adds up."""

from __future__ import annotations

import csv
import json
import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from example_runs import EXAMPLES, Trial
from samples import table

from anthropix_py import Limits, cost, job, rows, tables, unwrap
from anthropix_py.usage import Tokens

DOCS = Path(__file__).parent.parent / "docs"
LIST = (DOCS / "examples.md").read_text(encoding="utf-8")
CLUSTER = (DOCS / "cluster.md").read_text(encoding="utf-8")
INCLUDES = re.findall(r"```\{literalinclude\} (\S+)\n((?::.*\n)*)", LIST + CLUSTER)


def test_every_example_is_listed_with_a_sentence() -> None:
    listed = re.findall(r"^\| `([^`]+)` \| \S", LIST, re.MULTILINE)
    there = [path.name + "/" * path.is_dir() for path in EXAMPLES.iterdir()]
    shown = {name for name in there if name[0] not in "._" and not name.startswith("demo")}
    assert set(listed) == shown - {"requests.jsonl"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("[!d]*.py")), ids=lambda path: path.name)
def test_it_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(("target", "options"), INCLUDES, ids=lambda part: part.strip())
def test_what_is_included_is_there(target: str, options: str) -> None:
    source = (DOCS / target).read_text(encoding="utf-8")
    for name in re.findall(r":pyobject: (.*)", options):
        assert f"\ndef {name}(" in source
    for start in re.findall(r":start-at: (.*)", options):
        assert start.strip('"') in source


def test_the_included_reviews_begin_after_the_docstring() -> None:
    [first] = re.findall(r":lines: (\d+)-", LIST)
    source = (EXAMPLES / "reviews.py").read_text(encoding="utf-8").splitlines()
    assert source[int(first) - 1] == "import csv"


# --- the arithmetic -------------------------------------------------------------------------------

SENT, RECEIVED, INPUT, OUTPUT = 2_000, 1_200, 500, 100
JOURNAL = 70  # bytes a request
CPU = 27e-6  # seconds a request
LINE = 1e9 / 8  # bytes a second
TODAY = "2026-11-24T09:00:00Z"


def of_bytes(count: float) -> str:
    if count >= 1e9:
        return f"{count / 1e9:.3g} GB"
    return f"{count / 1e6:.3g} MB"


def of_time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2g} s"
    if seconds < 3600:
        return f"{seconds / 60:.2g} min"
    if seconds <= 48 * 3600:
        return f"{seconds / 3600:.2g} h"
    return f"{float(f'{seconds / 86_400:.2g}'):g} days"


def dollars(model: str, requests: int) -> str:
    each = unwrap(cost.price(model, Tokens(INPUT, OUTPUT), created_at=TODAY))
    assert each is not None
    total: Decimal = each * requests
    if total < 1:
        return f"{total:.2f}"
    return f"{total:,.0f}"


def queue(requests: int, size: int, hours: int) -> str:
    return of_time(math.ceil(requests / size) * hours * 3600)


def column(requests: int) -> dict[str, str]:
    """Return the column of the table for so many requests."""
    per_batch = min(Limits().requests, Limits().bytes // SENT)
    disk = 2 * (SENT + RECEIVED) + JOURNAL
    return {
        "building prompts on one core, at 1 ms each": of_time(requests * 1e-3),
        "batches of 100,000": f"{math.ceil(requests / per_batch):,}",
        "sent": of_bytes(requests * SENT),
        "received": of_bytes(requests * RECEIVED),
        "processor time of the job, at 27 µs a request": of_time(requests * CPU),
        "time of a line of 1 Gbit/s": of_time(requests * (SENT + RECEIVED) / LINE),
        "disk of the payer, the input included": of_bytes(requests * disk),
        **{
            f"queue of {size:,}, if each request is in it for {text}": queue(requests, size, hours)
            for size, hours, text in (
                (500_000, 1, "1 hour"),
                (200_000, 1, "1 hour"),
                (200_000, 24, "24 hours"),
            )
        },
        **{
            f"dollars, {model}": dollars(model, requests)
            for model in ("claude-haiku-5-5", "claude-haiku-4-5", "claude-opus-5-5")
        },
    }


def test_the_table_of_the_page_is_computed() -> None:
    columns = [column(10**power) for power in (4, 6, 8)]
    lines = [f"| {name} | {' | '.join(one[name] for one in columns)} |" for name in columns[0]]
    assert "\n".join(["|---|---|---|---|", *lines, ""]) in CLUSTER


def test_its_measurements_are_those_of_jobs() -> None:
    jobs = " ".join((DOCS / "jobs.md").read_text(encoding="utf-8").split())
    assert "and 27 µs a request with `[fast]`" in jobs
    assert "takes about 70 bytes a request" in jobs


# --- Polars and DuckDB ----------------------------------------------------------------------------

RECIPES = {
    re.findall(r"import (\w+)", code)[0]: code
    for code in re.findall(r"^```py\n(import .*?)^```", CLUSTER, re.DOTALL | re.MULTILINE)
}
REVIEWS = ["Lovely", 'It "broke",\nlater', "Schön \U0001f600", "", "{braces} \\ and 'quotes'"]


def test_every_recipe_is_found() -> None:
    assert list(RECIPES) == ["polars", "duckdb"]


@table("code", RECIPES)
def test_the_requests_of_a_recipe(code: str, monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    with open("data/part-1.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(["id", "review"])
        writer.writerows(enumerate(REVIEWS, 1))
    exec(compile(code, "recipe", "exec"), {})
    written = Path("requests.jsonl").read_bytes()
    requests = [json.loads(line) for line in written.splitlines()]
    assert [one["custom_id"] for one in requests] == [f"review {n}" for n in range(1, 6)]
    contents = [one["params"]["messages"][0]["content"] for one in requests]
    assert contents == [f"Positive or negative? {review}" for review in REVIEWS]
    assert {tuple(one["params"]) for one in requests} == {("model", "max_tokens", "messages")}
    trial = Trial(monkeypatch, capsys, outcomes={"refusal": 0.4, "errored": 0.2})
    done = unwrap(job.run(trial.client, "requests.jsonl", "reviews.job"))
    # written once more, they are the same requests
    exec(compile(code, "recipe", "exec"), {})
    assert Path("requests.jsonl").read_bytes() == written
    assert unwrap(job.run(trial.client, "requests.jsonl", "reviews.job")).batches == done.batches
    count = unwrap(tables.write("reviews.job/results.jsonl", "reviews.parquet"))
    assert count == len(list(unwrap(rows.read(done.results)))) == done.succeeded
