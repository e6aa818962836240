"""Try one request of each shape in a small batch, before all of them are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from .. import rows
from .._arguments import number, wrong_type
from .._events import warn
from ..batch import _create, _results, _wait
from ..client import Client
from ..errors import AnthropixError, WaitTimeout
from ..types import MessageBatch, Row
from ._shapes import Sample, Shapes

_DAY = 24 * 3600  # seconds, the longest interval

OnUpdate = Callable[[MessageBatch], object]


class Trial(NamedTuple):
    """What became of the one request of a shape.

    `structure`: the shape in words. `requests`: how many requests have this shape. `custom_id`: of
    the one that was tried. `outcome`: as `rows.outcome` returns it; `missing` if there was no row.
    `error_type`, `message`: those of an errored row, None for others.
    """

    structure: str
    model: str
    requests: int
    custom_id: str
    outcome: str
    error_type: str | None
    message: str | None

    def __str__(self) -> str:
        like = "1 request"
        if self.requests != 1:
            like = f"{self.requests:,} requests"
        text = f"{like} like {self.custom_id!r}: {self.outcome}"
        if self.message is not None:
            text += f", {self.error_type}: {self.message}"
        return f"{text} [{self.structure}]"


class Canary(NamedTuple):
    """What became of the trial. `requests`: the number of all. `trials`: one for each shape."""

    requests: int
    trials: tuple[Trial, ...]

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Return the trials whose outcome was not `succeeded`."""
        return tuple(trial for trial in self.trials if trial.outcome != "succeeded")


def run(
    client: Client,
    found: Shapes,
    timeout: float | None,
    interval: float | None,
    on_update: OnUpdate | None,
) -> Canary:
    """Create the batch of one request of each shape, wait for it, and return the report."""
    _check(timeout, interval, on_update)
    created = _create.create(client, [sample.request for sample in found.samples])
    try:
        if on_update is not None:
            on_update(created)
        ended = _wait.wait(client, created, timeout, interval, on_update)
        return report(found, _results.rows(client, ended))
    except WaitTimeout:
        # it carries the batch
        raise
    except AnthropixError:
        warn(client, f"the batch of the canary was created and stays: {created['id']}")
        raise


def _check(timeout: float | None, interval: float | None, on_update: OnUpdate | None) -> None:
    """Raise TypeError or ValueError as `batch.wait` does, but before the batch is paid for."""
    if timeout is not None:
        number("timeout", timeout, least=0, unit="seconds")
    if interval is not None:
        number("interval", interval, above=0, most=_DAY, unit="seconds")
    if on_update is not None and not callable(on_update):
        raise wrong_type("on_update", "callable", on_update)


def report(found: Shapes, results: Iterable[Row]) -> Canary:
    """Return what became of the request of each shape, by their rows."""
    known = {row["custom_id"]: row for row in results}
    trials = [_trial(sample, known.get(sample.custom_id)) for sample in found.samples]
    return Canary(found.requests, tuple(trials))


def _trial(sample: Sample, row: Row | None) -> Trial:
    outcome, kind, message = "missing", None, None
    if row is not None:
        outcome = rows.outcome(row)
        kind, message = _error(row)
    return Trial(
        sample.structure, sample.model, sample.requests, sample.custom_id, outcome, kind, message
    )


def _error(row: Row) -> tuple[str | None, str | None]:
    """Return the type and the message of an errored row."""
    result = row["result"]
    if result["type"] != "errored":
        return None, None
    error = result["error"]["error"]
    return error.get("type"), error.get("message")
