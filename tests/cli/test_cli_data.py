"""Commands around a batch: lint, cost, usage, build, and tables of results."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_runs import Desk, error_lines, fits, written
from samples import request, table

from anthropix_py import rows as rows_of
from anthropix_py.cli._output import fitted
from anthropix_py.cli._words import dollars, lasting, plural

MODEL = "claude-haiku-4-5"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def results(desk: Desk, count: int = 5, **params: Any) -> str:
    """Write the results of a batch to a file, and return its name."""
    id = made(desk, count, **params)
    assert desk.run("results", id, "-o", "rows.jsonl").exit_code == 0
    return "rows.jsonl"


def made(desk: Desk, count: int = 5, **params: Any) -> str:
    done = desk.run("create", written(Path("r.jsonl"), count, model=MODEL, **params))
    return str(json.loads(done.stdout)["id"])


# lint


def test_a_good_file_has_nothing_to_be_said_of() -> None:
    done = Desk().run("lint", written(Path("r.jsonl"), model=MODEL))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "5 requests" in done.stdout
    assert "0 with errors, 0 with warnings" in done.stdout


FAULTS: dict[str, tuple[list[object], list[str], int]] = {
    "an error": ([{"custom_id": "a b", "params": {}}], [], 2),
    "not JSON": (["nonsense"], [], 2),
    "an id twice": ([request("a", model=MODEL)] * 2, [], 2),
    "a warning": ([request("a", model=MODEL, max_tokens=0)], [], 0),
    "a warning, strictly": ([request("a", model=MODEL, max_tokens=0)], ["--strict"], 2),
    "nothing, strictly": ([request("a", model=MODEL)], ["--strict"], 0),
}


@table("requests, options, code", FAULTS)
@table("form", {"text": [], "json": ["--json"]})
def test_faults_are_grouped(
    requests: list[object], options: list[str], code: int, form: list[str]
) -> None:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in requests]
    Path("r.jsonl").write_text("\n".join(lines) + "\n")
    done = Desk().run("lint", "r.jsonl", *options, *form)
    assert done.exit_code == code, done.output
    if not form:
        assert "errors" in done.stdout
        return
    *problems, summary = fits(done.stdout)
    assert (summary["exit"], summary["requests"]) == (code, len(requests))
    assert bool(problems) == bool(summary["errors"] or summary["warned"])
    assert all(one["places"][0]["line"] >= 1 for one in problems)


def test_lint_needs_no_key_and_reads_gzip() -> None:
    Path("r.gz").write_bytes(gzip.compress(Path(written(Path("r"), model=MODEL)).read_bytes()))
    done = Desk().run("lint", "r.gz", ANTHROPIC_API_KEY=None)
    assert (done.exit_code, done.stderr) == (0, "")


def test_lint_counts_tokens_of_each_shape() -> None:
    desk = Desk()
    file = written(Path("r.jsonl"), model=MODEL)
    done = desk.run("lint", file, "--count-tokens")
    assert done.exit_code == 0
    assert f"{MODEL}         5" in done.stdout
    *_, shape, summary = fits(desk.run("lint", file, "--count-tokens", "--json").stdout)
    assert shape["input_tokens"] == summary["input_tokens"] > 0
    assert desk.store.newest_first() == []


def test_a_canary_finds_what_the_server_would_refuse() -> None:
    desk = Desk(takes=30, models=["another"])
    file = written(Path("r.jsonl"), model=MODEL)
    done = desk.run("lint", file, "--canary", "--yes")
    assert done.exit_code == 3, done.output
    assert "errored" in done.stdout
    *_, trial, summary = fits(desk.run("lint", file, "--canary", "--yes", "--json").stdout)
    assert (trial["outcome"], trial["requests"], summary["failed_shapes"]) == ("errored", 5, 1)
    assert [len(one.requests) for one in desk.store.newest_first()] == [1, 1]


def test_a_canary_needs_consent() -> None:
    desk = Desk()
    done = desk.run("lint", written(Path("r.jsonl"), model=MODEL), "--canary")
    assert (done.exit_code, desk.store.newest_first()) == (2, [])
    assert error_lines(done)[-1] == "Next: add --yes"


def test_nothing_is_tried_if_the_file_has_errors() -> None:
    Path("r.jsonl").write_text('{"custom_id": "a b", "params": {}}\n')
    desk = Desk()
    assert desk.run("lint", "r.jsonl", "--canary", "--yes").exit_code == 2
    assert desk.store.newest_first() == []


# usage, cost


def test_usage_by_model() -> None:
    desk = Desk()
    file = results(desk)
    done = desk.run("usage", file, ANTHROPIC_API_KEY=None)
    [line] = fits(done.stdout)
    assert line["output"] > 0
    assert line["model"].startswith(MODEL)
    assert MODEL in desk.run("usage", file, "--table").stdout


def test_the_price_of_results_is_exact_text() -> None:
    desk = Desk()
    file = results(desk)
    [line] = fits(desk.run("cost", file, "--created-at", "2026-11-20T00:00:00Z").stdout)
    [tokens] = line["by_model"].values()
    # dollars a million tokens of this model, and half of it in a batch
    expected = (Decimal(tokens["input"]) * 1 + Decimal(tokens["output"]) * 5) / 2_000_000
    assert Decimal(line["usd"]) == expected
    [half] = fits(
        desk.run("cost", file, "--created-at", "2026-11-20T00:00:00Z", "--multiplier", ".5").stdout
    )
    assert Decimal(half["usd"]) == expected / 2
    shown = desk.run("cost", file, "--table").stdout.splitlines()
    assert shown[-1] == f"total {dollars(expected)}"


def test_the_price_of_a_model_that_nobody_knows_is_not_zero() -> None:
    desk = Desk()
    id = json.loads(desk.run("create", written(Path("r.jsonl"), model="mystery")).stdout)["id"]
    desk.run("results", id, "-o", "rows.jsonl")
    [line] = fits(desk.run("cost", "rows.jsonl").stdout)
    assert (line["usd"], list(line["unpriced"])) == (None, ["mystery"])
    assert "total unknown" in desk.run("cost", "rows.jsonl", "--table").stdout


def test_the_price_of_requests_is_a_bound_without_a_network() -> None:
    desk = Desk()
    file = written(Path("r.jsonl"), model=MODEL)
    [bound] = fits(desk.run("cost", file, ANTHROPIC_API_KEY=None).stdout)
    assert (bound["event"], bound["requests"]) == ("bound", 5)
    [counted] = fits(desk.run("cost", file, "--count-tokens").stdout)
    assert Decimal(counted["low"]) < Decimal(counted["high"]) <= Decimal(bound["usd"])
    assert "5 requests: at most $" in desk.run("cost", file, "--table").stdout
    shown = desk.run("cost", file, "--table", "--count-tokens").stdout
    assert "(no output) to $" in shown


def test_a_job_is_priced_and_counted_by_its_folder() -> None:
    desk = Desk()
    desk.run("run", written(Path("r.jsonl"), model=MODEL), "--yes")
    [line] = fits(desk.run("cost", "r.jsonl.job").stdout)
    assert Decimal(line["usd"]) > 0
    [line] = fits(desk.run("usage", "r.jsonl.job").stdout)
    assert line["output"] > 0


BAD_ROWS: dict[str, tuple[list[str], str]] = {
    "no file": (["usage", "nothing"], "no such file"),
    "no file to price": (["cost", "nothing"], "no such file"),
    "requests": (["usage", "r.jsonl"], "not a row"),
    "a folder of no job": (["usage", "."], "anthropix run FILE"),
    "a time without a zone": (["cost", "rows.jsonl", "--created-at", "2026-11-20"], "time"),
    "not a time": (["cost", "rows.jsonl", "--created-at", "yesterday"], "yesterday"),
    "half a row": (["usage", "cut"], "line 1"),
    "no message": (["usage", "messageless"], "expected a row of results"),
    "no message to price": (["cost", "messageless"], "expected a row of results"),
    "not JSON": (["cost", "binary"], "not JSON"),
}


@table("arguments, part", BAD_ROWS)
def test_what_cannot_be_priced(arguments: list[str], part: str) -> None:
    desk = Desk()
    results(desk)
    Path("cut").write_text('{"custom_id": "a", "result": {"type": "suc')
    Path("binary").write_bytes(b"\x00\xff")
    Path("messageless").write_text('{"custom_id": "a", "result": {"type": "succeeded"}}\n')
    done = desk.run(*arguments)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert part in done.stderr
    assert len(error_lines(done)) <= 2


# tables of results


def test_results_as_csv() -> None:
    desk = Desk()
    id = made(desk)
    done = desk.run("results", id, "--format", "csv")
    found = list(csv.DictReader(done.stdout.splitlines()))
    assert {one["custom_id"] for one in found} == {f"id-{number}" for number in range(5)}
    assert desk.run("results", id, "-o", "t.csv").exit_code == 0
    assert len(list(csv.DictReader(Path("t.csv").read_text().splitlines()))) == 5


def test_results_as_parquet() -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    desk = Desk()
    id = made(desk)
    assert desk.run("results", id, "--format", "parquet", "-o", "t").exit_code == 0
    found = parquet.read_table("t")
    assert found.num_rows == 5
    assert found.column_names[0] == rows_of.COLUMNS[0].name
    # a file that is there is left alone
    before = Path("t").read_bytes()
    done = desk.run("results", id, "--format", "parquet", "-o", "t")
    assert (done.exit_code, Path("t").read_bytes()) == (1, before)
    assert desk.run("results", id, "--format", "parquet", "-o", "t", "--replace").exit_code == 0


def test_parquet_is_not_for_stdout() -> None:
    desk = Desk()
    done = desk.run("results", made(desk), "--format", "parquet")
    assert (done.exit_code, done.stdout) == (2, "")


# build

BUILD = ["--prompt", "Is this good? {text}", "--model", MODEL, "--max-tokens", "9"]


def csv_file(tmp: Path) -> str:
    (tmp / "t.csv").write_text('\ufeffid,text\n1,"Great, really"\n2,"two\nlines"\n')
    return "t.csv"


def tsv_file(tmp: Path) -> str:
    (tmp / "t.tsv").write_text("id\ttext\n1\tGreat, really\n2\ttwo lines\n")
    return "t.tsv"


def jsonl_file(tmp: Path) -> str:
    (tmp / "t.jsonl").write_text('{"id": 1, "text": "Great"}\n{"id": 2, "text": "Bad"}\n')
    return "t.jsonl"


def long_field(tmp: Path) -> str:
    # against the limit of Python's csv module, 131,072 characters
    (tmp / "t.csv").write_text(f'id,text\n1,"{"x" * 500_000}"\n2,b\n')
    return "t.csv"


@table("make", {"csv": csv_file, "tsv": tsv_file, "json": jsonl_file, "a long field": long_field})
def test_requests_from_a_table(tmp_path: Path, make: Callable[[Path], str]) -> None:
    done = Desk().run("build", make(tmp_path), "--id", "id", *BUILD)
    assert done.exit_code == 0, done.output
    first, second = fits(done.stdout)
    assert first["params"]["messages"][0]["content"].startswith("Is this good? ")
    assert first["custom_id"] != second["custom_id"]
    assert done.stderr == "2 requests\n"


def test_a_file_of_requests_that_lint_and_run_take(tmp_path: Path) -> None:
    desk = Desk()
    Path("p.txt").write_text("Rate this: {text}")
    more = ["--param", "temperature=0", "--param", 'stop_sequences=["x"]', "--system", "Be brief."]
    words = ["build", csv_file(tmp_path), "--id", "id", "--id", "text", *BUILD, *more]
    done = desk.run(*words, "--prompt", "@p.txt", "-o", "r.jsonl")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    [first, _] = map(json.loads, Path("r.jsonl").read_text().splitlines())
    assert first["params"]["messages"][0]["content"] == "Rate this: Great, really"
    assert (first["params"]["temperature"], first["params"]["system"]) == (0, "Be brief.")
    assert desk.run("lint", "r.jsonl", "--strict").exit_code == 0
    assert desk.run("run", "r.jsonl", "--yes").exit_code == 0
    # a file that is there
    assert desk.run(*words, "-o", "r.jsonl").exit_code == 2


BAD_TABLES: dict[str, tuple[str, list[str], str]] = {
    "nothing": ("", [], "no rows"),
    "names alone": ("id,text\n", [], "no rows"),
    "no such column": ("id,txt\n1,a\n", [], "no column 'text'"),
    "no such id": ("text\na\n", [], "'id'"),
    "an empty text": ("id,text\n1,\n", [], "row 1"),
    "the same id twice": ("id,text\n1,a\n1,b\n", [], "row 2"),
    "the same name twice": ("id,text,text\n1,a,b\n", [], "several columns have the name 'text'"),
    "too many values": ("id,text\n1,a,b\n", [], "line 2: more values than names"),
    "a quote that does not end": ('id,text\n1,"a\n', [], "unexpected end"),
    "a parameter without a value": ("id,text\n1,a\n", ["--param", "temperature"], "NAME=VALUE"),
    "messages as a parameter": ("id,text\n1,a\n", ["--param", "messages=[]"], "messages"),
    "a brace": ("id,text\n1,a\n", ["--prompt", "{"], "prompt"),
    "a prompt from nowhere": ("id,text\n1,a\n", ["--prompt", "@nothing"], "no such file"),
    "no folder": ("id,text\n1,a\n", ["-o", "no/r.jsonl"], "there is no folder"),
}


@table("content, more, part", BAD_TABLES)
def test_tables_that_cannot_become_requests(content: str, more: list[str], part: str) -> None:
    Path("t.csv").write_text(content)
    done = Desk().run("build", "t.csv", "--id", "id", *BUILD, *more)
    assert done.exit_code == 2, done.output
    assert part in done.stderr
    assert not Path("r.jsonl").exists()


def test_a_bad_row_leaves_no_file() -> None:
    Path("t.csv").write_text("id,text\n1,a\n2,\n")
    assert Desk().run("build", "t.csv", "--id", "id", *BUILD, "-o", "out").exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["t.csv"]


# what the plan of a job costs


def test_a_plan_has_a_price() -> None:
    desk = Desk()
    file = written(Path("r.jsonl"), 100, model=MODEL)
    done = desk.run("run", file, "--dry-run")
    assert "100 requests · 1 batch · claude-haiku-4-5 · at most $" in done.stderr
    _, plan, summary = fits(desk.run("run", file, "--dry-run", "--json").stdout)
    assert Decimal(plan["low"]) < Decimal(plan["high"])
    assert (plan["unpriced"], summary["exit"]) == (None, 0)


UNPRICED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown model": ({"model": "mystery"}, "no price is known for mystery"),
    "a gateway without counting": ({"model": MODEL}, "404"),
}


@table("params, part", UNPRICED)
def test_a_plan_without_a_price_says_why(params: dict[str, Any], part: str) -> None:
    from anthropix_py.emulator import Fault

    faults = [Fault("count_tokens", "status", 404, times=None)] * (part == "404")
    done = Desk(faults=faults).run("run", written(Path("r.jsonl"), **params), "--dry-run")
    assert done.exit_code == 0, done.output
    assert "The price is not known: " in done.stderr
    assert part in done.stderr


# words

LINES: dict[str, tuple[str, str | None, int, list[str]]] = {
    "no terminal": ("a b c", None, 0, ["a b c"]),
    "wide enough": ("a b", "run x", 20, ["a b  run x"]),
    "no terminal, with a command": ("a " * 99, "run x", 0, ["a " * 99 + "  run x"]),
    "words are kept": ("aaa bbb ccc", None, 7, ["aaa bbb", "ccc"]),
    # against a command that cannot be copied
    "a command is never broken": ("aaa bbb", "run a-b c", 7, ["aaa bbb", "  run a-b c"]),
    "a long word": ("a" * 9, None, 7, ["a" * 9]),
    "several lines": ("a\n\nb", None, 7, ["a", "", "b"]),
    "nothing": ("", None, 7, []),
}


@table("text, command, width, lines", LINES)
def test_lines_fit_the_terminal(
    text: str, command: str | None, width: int, lines: list[str]
) -> None:
    assert fitted(text, command, width) == lines


WORDS: dict[str, tuple[str, str]] = {
    "one": (plural(1, "batch"), "1 batch"),
    "many": (plural(1200, "batch"), "1,200 batches"),
    "rows": (plural(2, "row"), "2 rows"),
    "nothing": (dollars(Decimal(0)), "$0.00"),
    "thousands": (dollars(Decimal("1234.567")), "$1,234.57"),
    "cents": (dollars(Decimal("0.125")), "$0.12"),
    "less": (dollars(Decimal("0.0123")), "$0.012"),
    "little": (dollars(Decimal("0.0000345")), "$0.000034"),
    "unknown": (dollars(None), "unknown"),
    "seconds": (lasting(59.6), "60 s"),
    "minutes": (lasting(3601), "60 min 1 s"),
    "hours": (lasting(86400), "24 h 0 min"),
    "never negative": (lasting(-1), "0 s"),
}


@table("found, expected", WORDS)
def test_words(found: str, expected: str) -> None:
    assert found == expected


STDIN: dict[str, tuple[bytes, int, bytes]] = {
    "UTF-8": ("id,text\n1,é\n".encode(), 0, "é".encode()),
    "a byte order mark": (b"\xef\xbb\xbfid,text\n1,a\n", 0, b'"a"'),
    "Latin-1": (b"id,text\n1,\xe9\n", 2, b""),
}


@table("content, code, part", STDIN)
def test_a_table_from_stdin_is_utf_8_in_any_locale(content: bytes, code: int, part: bytes) -> None:
    words = [sys.executable, "-m", "anthropix_py", "build", "-", "--id", "id", "--prompt", "{text}"]
    words += ["--model", MODEL, "--max-tokens", "9"]
    for encoding in ("latin-1", "ascii:surrogateescape"):
        variables = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(words, input=content, capture_output=True, env=variables, check=False)
        assert done.returncode == code, done.stderr
        assert part in done.stdout
