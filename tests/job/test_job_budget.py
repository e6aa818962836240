"""No batch is created if it might lead beyond `max_cost`; what was sent is collected."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from job_desk import Desk, requests, stopped
from samples import error_in, table

from anthropix_py import AnthropixError, job, unwrap
from anthropix_py.job._budget import _dollars


class Bound(NamedTuple):
    usd: Decimal | None


class Cost(NamedTuple):
    usd: Decimal | None
    refused: Decimal | None


class Prices(ModuleType):
    """Stands for `cost`: a request costs $3 at most, and a row $1 in the end."""

    def __init__(self) -> None:
        super().__init__("anthropix_py.cost")
        self.most: Decimal | None = Decimal(3)
        self.row: Decimal | None = Decimal(1)
        self.missing = False
        self.bounded: list[int] = []
        self.priced: list[datetime] = []

    def bound(self, requests: Iterable[Any], *, created_at: datetime) -> Any:
        if self.missing:
            return "error", AnthropixError("cost needs genai-prices")
        given = list(requests)
        assert all(one["params"]["model"] == "m" for one in given)
        self.bounded.append(len(given))
        return "ok", Bound(None if self.most is None else self.most * len(given))

    def of(self, rows: Iterable[Any], *, created_at: datetime) -> Any:
        self.priced.append(created_at)
        count = sum(row["result"]["type"] == "succeeded" for row in rows)
        return "ok", Cost(None if self.row is None else self.row * count, Decimal(0))


@pytest.fixture
def prices(monkeypatch: pytest.MonkeyPatch) -> Prices:
    prices = Prices()
    monkeypatch.setitem(sys.modules, prices.__name__, prices)
    return prices


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, takes=100.0)


# (max_cost, batches created in a job of 6 requests in 3 batches; None: the job is finished)
LIMITS: dict[str, tuple[float, int | None]] = {
    "not even one batch": (5.99, 0),
    "exactly one": (6, 1),
    # against counting the bound of what has been collected: 2 + 6 <= 8
    "a second, once the first cost less": (8, 2),
    "all but a cent": (9.99, 2),
    # 2 + 2 + 6
    "all, one after another": (10, None),
    "more than enough": (1e9, None),
}


@table("most, expected", LIMITS)
def test_no_batch_is_created_beyond_the_limit(
    desk: Desk, prices: Prices, most: float, expected: int | None
) -> None:
    result = desk.run(requests(6), max_cost=most)
    if expected is None:
        assert unwrap(result).succeeded == 6
        return
    error = stopped(result, "over_budget", "the limit is $")
    assert "higher max_cost" in str(error)
    assert desk.creates == expected
    # what was paid for has been collected, and is there to be read
    assert len([*unwrap(job.results(desk.path))]) == 2 * expected
    stopped(desk.run(requests(6), max_cost=most), "over_budget")
    assert desk.creates == expected
    assert unwrap(desk.run(requests(6), max_cost=1000)).batches == 3


def test_what_is_in_progress_counts_as_the_most_that_it_can_cost(
    desk: Desk, prices: Prices
) -> None:
    events: list[str] = []
    policy = job.Policy(requests_per_batch=2, interval=60.0, max_cost=13.0)
    done = job.run(
        desk.client,
        requests(8),
        desk.path,
        policy=policy,
        on_event=lambda event: events.append(event["event"]),
    )
    assert unwrap(done).batches == 4
    # 6 and 6 in progress, then 2 spent and 6 in progress, and so on
    assert events[1:4] == ["job_submitted", "job_submitted", "job_over_budget"]
    # the first is the question whether there are prices
    assert prices.bounded == [0, 2, 2, 2, 2]


def test_rows_collected_without_a_limit_are_priced_later(desk: Desk, prices: Prices) -> None:
    desk.fault("create:status=400,skip=1")
    desk.run(requests(4), batches_in_flight=1)
    assert prices.priced == []
    stopped(job.resume(desk.client, desk.path, policy=job.Policy(max_cost=7.99)), "over_budget")
    stopped(job.resume(desk.client, desk.path), "over_budget", "spent $2.00")
    # kept in the journal, not found out again
    assert len(prices.priced) == 1
    assert unwrap(job.resume(desk.client, desk.path, policy=job.Policy(max_cost=8))).succeeded == 4


def test_dollars_have_as_many_digits_as_they_need() -> None:
    shown = [*map(_dollars, map(Decimal, ("0", "0.00123", "0.5", "1", "12345.678")))]
    assert shown == ["$0", "$0.00123", "$0.5", "$1.00", "$12,345.68"]


def test_a_batch_without_a_bound_is_not_created(desk: Desk, prices: Prices) -> None:
    prices.most = None
    stopped(desk.run(requests(2), max_cost=10), "over_budget", "cost.bound")
    assert desk.creates == 0


def test_rows_without_a_price_count_as_the_most_that_they_can_cost(
    desk: Desk, prices: Prices
) -> None:
    prices.row = None
    stopped(desk.run(requests(4), max_cost=11.99), "over_budget", "spent $6.00")
    assert desk.creates == 1


def test_prices_that_are_missing_are_named_before_the_input_is_read(
    desk: Desk, prices: Prices
) -> None:
    prices.missing = True
    given = iter(requests(2))
    error_in(desk.run(given, max_cost=1), AnthropixError, "needs genai-prices")
    assert next(given)["custom_id"] == "id 0"
    assert unwrap(desk.run(requests(2))).succeeded == 2
