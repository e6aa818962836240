"""Results beside the rows of a table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from samples import row, table

from anthropix_py.build import TableError, custom_id, join
from anthropix_py.errors import FileError


def results_of(*keys: Any) -> list[Any]:
    return [row(custom_id(key)) for key in keys]


def joined(rows: Any, results: Any, **options: Any) -> list[Any]:
    """Return the id of each row, and the custom_id of the result beside it."""
    pairs = join(rows, results, id="id", **options)
    return [(one["id"], result and result["custom_id"]) for one, result in pairs]


NUMBERED = [{"id": number} for number in (1, 2, 3)]
INNER = [(1, "--i1"), (2, "--i2"), (3, "--i3")]


@table(
    "rows, results",
    {
        "in order": (NUMBERED, results_of(1, 2, 3)),
        "in another order": (NUMBERED, results_of(3, 1, 2)),
        "generators": ((one for one in NUMBERED), (one for one in results_of(2, 3, 1))),
        "a frame": (pl.DataFrame({"id": [1, 2, 3]}), results_of(2, 3, 1)),
    },
)
def test_join(rows: Any, results: Any) -> None:
    assert joined(rows, results) == INNER


@table(
    "results, message",
    {
        "none": ([], "row 1 (id 1): no result has its custom_id, '--i1'"),
        "one missing": (results_of(3, 1), "row 2 (id 2): no result has its custom_id, '--i2'"),
        "one too many": (results_of(1, 2, 3, 4), "1 result has no row: '--i4'"),
        "many too many": (
            results_of(*range(1, 20)),
            "16 results have no row: " + ", ".join(f"'--i{n}'" for n in range(4, 14)) + ", ...",
        ),
        "one twice": (results_of(1, 2, 3, 2), "two results have the custom_id '--i2'"),
    },
)
def test_a_join_that_is_not_complete(results: list[Any], message: str) -> None:
    with pytest.raises(TableError) as caught:
        joined(NUMBERED, results)
    assert str(caught.value) == message


def test_a_join_that_need_not_be_complete() -> None:
    found = joined(NUMBERED, results_of(4, 1, 3), complete=False)
    assert found == [(1, "--i1"), (2, None), (3, "--i3")]


@table(
    "results",
    {
        "a result": ("ok", results_of(1)),
        "no rows": [5],
        "a list in a list": [[]],
        "keys": ["a"],
        "no id": [{"result": {}}],
    },
)
def test_what_is_no_results(results: Any) -> None:
    with pytest.raises(TypeError):
        joined(NUMBERED, results)


def test_a_row_that_comes_twice_does_not_join() -> None:
    with pytest.raises(TableError, match=r"row 2 \(id 1\): its id is used before, in row 1"):
        joined([{"id": 1}, {"id": 1}], results_of(1))


def test_results_keep_every_value() -> None:
    result = {"custom_id": "a", "result": {"type": "canceled", "x": [2**70, Decimal("1e9999")]}}
    results: Any = [result]
    assert list(join([{"id": "a"}], results, id="id")) == [({"id": "a"}, result)]


def test_many_results_go_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anthropix_py._build.join._IN_MEMORY", 100)
    rows = [{"id": number} for number in range(500)]
    found = joined(rows, reversed(results_of(*range(500))))
    assert found == [(number, f"--i{number}") for number in range(500)]


def test_a_full_disk_is_a_file_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anthropix_py._build.join._IN_MEMORY", 100)
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr("tempfile.SpooledTemporaryFile", lambda max_size: full)
        with pytest.raises(FileError, match="No space left"):
            joined(NUMBERED, results_of(1, 2, 3))
