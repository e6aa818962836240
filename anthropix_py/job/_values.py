"""The public values of a job: its policy, its progress, its summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .._arguments import number, wrong_type
from ..limits import Limits
from ._view import Rules

_TRANSIENT = ("overloaded_error", "api_error", "timeout_error", "rate_limit_error")

SERVERS_PACE = 10.0
"""Seconds between two polls that the API asks for."""

Row = Mapping[str, Any]
"""One row of results: `{"custom_id": ..., "result": {...}}`."""


def try_again(row: Row) -> bool:
    """Return whether a row may be sent again: it expired, or failed for a transient reason.

    None of these was billed.
    """
    result = row["result"]
    if result.get("type") == "expired":
        return True
    if result.get("type") != "errored":
        return False
    outer = result.get("error")
    if not isinstance(outer, Mapping):
        return False
    inner = outer.get("error")
    return isinstance(inner, Mapping) and inner.get("type") in _TRANSIENT


class Policy(NamedTuple):
    """How a job is run.

    `requests_per_batch`, `bytes_per_batch`: the most in one batch. `batches_in_flight`,
    `requests_in_flight`: the most that the server processes at once. `max_attempts`: how often a
    request is sent at most. `settle`: the seconds after which a batch of unknown outcome that
    `list` does not show was certainly not created. `interval`: seconds between polls of one batch,
    None for the server's pace. `try_again`: a pure function of a row, with your custom_id, that
    says whether its request is sent again; it is asked once for each row. `max_cost`: dollars; None
    for no limit. A batch is not created if it might lead beyond: counted are the price of what was
    collected, and the most that the other batches can cost. Needs the extra `cost`.

    Later changes hold for what is planned after them.
    """

    requests_per_batch: int = 10_000
    bytes_per_batch: int = 256_000_000
    batches_in_flight: int = 20
    requests_in_flight: int = 200_000
    max_attempts: int = 3
    settle: float = 600.0
    interval: float | None = None
    try_again: Callable[[Row], bool] = try_again
    max_cost: float | None = None

    def rules(self) -> Rules:
        """Return the numbers that the planner needs."""
        return Rules(
            float(self.settle),
            self.batches_in_flight,
            self.requests_in_flight,
            self.requests_per_batch,
            self.interval or SERVERS_PACE,
        )


def check_policy(policy: Policy, limits: Limits) -> None:
    """Refuse a policy that cannot be meant. Raises TypeError or ValueError."""
    if not isinstance(policy, Policy):
        raise wrong_type("policy", "a job.Policy", policy)
    most = {"requests_per_batch": limits.requests, "bytes_per_batch": limits.bytes}
    for name in ("batches_in_flight", "requests_in_flight", "max_attempts", *most):
        value = getattr(policy, name)
        number(f"policy.{name}", value, least=1, most=most.get(name), integer=True)
    number("policy.settle", policy.settle, above=0, most=86_400, unit="seconds")
    if policy.interval is not None:
        number("policy.interval", policy.interval, above=0, most=86_400, unit="seconds")
    if policy.max_cost is not None:
        number("policy.max_cost", policy.max_cost, above=0, unit="dollars")
    if not callable(policy.try_again):
        raise wrong_type("policy.try_again", "callable", policy.try_again)


class Summary(NamedTuple):
    """A finished job.

    `total`: requests. `succeeded`: those with a result. `failed`: the others, by outcome. `errors`:
    the errored ones by "type: message". `batches`, `attempts`: made in all. `tokens`: by model and
    kind, as in `usage.Tokens`. `orphans`: batches with billed rows whose answers came from another
    batch: they were paid for twice. `results`, `failures`: the paths of the files; for a directory
    of files `results` is the folder that holds one file for each.
    """

    total: int
    succeeded: int
    failed: dict[str, int]
    batches: int
    attempts: int
    tokens: dict[str, dict[str, int | None]]
    orphans: list[str]
    results: str
    failures: str
    errors: dict[str, int]


class Batch(NamedTuple):
    """One attempt of a job: the state it is in, and its batch, None if none is known."""

    attempt: int
    requests: int
    state: str
    batch: str | None


class Progress(NamedTuple):
    """Where a job stands.

    `total`: requests. `succeeded`, `failed`: settled for good. `waiting`: all others. `batches`:
    one for each attempt. `next_at`: when there is something to do, in seconds since the epoch by
    the server's clock; None if the job is finished.
    """

    total: int
    succeeded: int
    failed: dict[str, int]
    waiting: int
    batches: list[Batch]
    next_at: float | None


class Place(NamedTuple):
    """Where a request is: its number in the input, your custom_id, and ours in the batch."""

    row: int
    custom_id: str
    wire_id: str
    attempt: int
    batch: str | None
    outcome: str | None
