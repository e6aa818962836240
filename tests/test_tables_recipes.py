"""docs/tables.md: the recipes run as they stand, twice, and its columns are those of the code."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from samples import table
from test_rows import ERROR, USAGE, of, said, texts

from anthropix_py import rows, tables, unwrap

PAGE = (Path(__file__).parent.parent / "docs" / "tables.md").read_text(encoding="utf-8")
RECIPE = re.compile(
    r"^## ([^\n]*)\n[^#]*?^```py\n(.*?)^```\n\n```text\n(.*?)^```", re.DOTALL | re.M
)
RECIPES = {title: (code, prints) for title, code, prints in RECIPE.findall(PAGE)}
GLOBAL = {**USAGE, "inference_geo": "global", "output_tokens": 12}
ROWS = [
    said(*texts("positive"), usage=GLOBAL),
    said(*texts("negative"), usage=GLOBAL),
    said(*texts("posi"), stop="max_tokens", usage={**GLOBAL, "output_tokens": 9}),
    of(type="errored", error=ERROR),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    ids = [f"review-{number}" for number in range(1, 5)]
    lines = [json.dumps({**row, "custom_id": id}) for row, id in zip(ROWS, ids)]
    Path("reviews.jsonl").write_text("\n".join(lines))
    Path("reviews.csv").write_text("id,stars\nreview-1,5\nreview-2,1\nreview-3,4\nreview-4,2\n")
    unwrap(tables.write("reviews.jsonl", "reviews.parquet"))
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


def test_every_recipe_is_found() -> None:
    assert list(RECIPES) == ["DuckDB", "Polars", "pandas", "sqlite-utils", "The module csv"]
    assert PAGE.count("```py\n") == len(RECIPES)


@table("code, prints", RECIPES)
def test_recipe(code: str, prints: str) -> None:
    for _ in ("first", "second"):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, "recipe", "exec"), {})
        assert printed.getvalue() == prints


def test_the_page_has_the_columns_of_the_code() -> None:
    lines = [f"| `{one.name}` | {one.kind} | {one.meaning} |" for one in rows.COLUMNS]
    assert "\n".join(["|---|---|---|", *lines, "| `row` |"]) in PAGE
    assert f"(version {rows.VERSION};" in PAGE
