"""What a job is about to do, said before it costs money."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from .. import cost, validate
from ..client import Client
from ..result import unwrap
from . import _reading
from ._errors import wrong_use
from ._output import Output
from ._words import dollars, plural, text_of

_ENDS = (".jsonl", ".jsonl.gz")
_MODELS = 3  # named in the line of a plan


class Plan(NamedTuple):
    """The requests of a job. `models`: how many requests each has.

    `batches`: how many there will be, or the least and the most, because a job cuts its batches a
    little smaller than allowed, each differently. `low`, `high`: dollars, without any output and
    with all of it; None if unknown, for the reason that `unpriced` names. `errors`: faults for
    which the job would not begin. `warned`: requests that will probably fail.
    """

    requests: int
    batches: tuple[int, int]
    models: dict[str, int]
    low: Decimal | None = None
    high: Decimal | None = None
    unpriced: str | None = None
    errors: int = 0
    warned: int = 0

    @property
    def line(self) -> str:
        """Return the plan in one line."""
        names = list(self.models)[:_MODELS]
        if len(self.models) > _MODELS:
            names.append(f"{len(self.models) - _MODELS} more models")
        parts = [plural(self.requests, "request"), self.in_batches, ", ".join(names)]
        if self.low is not None and self.high is not None:
            output = dollars(self.high - self.low)
            parts.append(
                f"at most {dollars(self.high)} (input about {dollars(self.low)}, output at most "
                f"{output})"
            )
        return " · ".join(parts)

    @property
    def in_batches(self) -> str:
        """Return the number of batches in words."""
        least, most = self.batches
        text = plural(most, "batch")
        if least < most:
            text = f"{least:,} to {text}"
        return text

    def described(self) -> dict[str, object]:
        """Return what an event says of the plan: dollars as text, because they are exact."""
        return {**self._asdict(), "low": text_of(self.low), "high": text_of(self.high)}


def of(client: Client, path: str, batch_size: int) -> Plan:
    """Return the plan for a file or folder of requests; it is read, and its input is counted."""
    plan = read(client, path, batch_size)
    if plan.errors:
        return plan
    match cost.estimate(client, _all(path)):
        case "ok", found if found.low is not None and found.high is not None:
            return plan._replace(low=found.low, high=found.high)
        case "ok", found:
            priceless = [name for name, one in found.by_model.items() if one.high is None]
            return plan._replace(unpriced=f"no price is known for {', '.join(priceless)}")
        case "error", error:
            return plan._replace(unpriced=str(error))


def read(client: Client, path: str, batch_size: int) -> Plan:
    """Return the plan without a price."""
    setting: dict[str, Any] = {"api_version": client.api_version, "beta": client.beta}
    reports = [unwrap(validate.file(one, client.limits, **setting)) for one in _files(path)]
    requests = sum(one.requests for one in reports)
    if not requests:
        raise wrong_use(f"{path}: no requests", "write one request a line")
    size = sum(one.bytes for one in reports)
    least = max(_parts(requests, batch_size), _parts(size, client.limits.bytes))
    most = max(_parts(requests, smallest(batch_size)), least)
    models: Counter[str] = Counter()
    for one in reports:
        models.update(one.models)
    return Plan(
        requests,
        (least, most),
        dict(models.most_common()),
        errors=sum(map(_errors, reports)),
        warned=sum(one.warned for one in reports),
    )


def _errors(report: validate.Report) -> int:
    """Return the number of faults, apart from custom_ids: a job takes any text."""
    groups = [one for one in report.groups if one.severity == "error"]
    return sum(one.count for one in groups if one.pointer != "/custom_id")


def smallest(batch_size: int) -> int:
    """Return the least requests that a job puts into a full batch; it draws the size of each."""
    return batch_size - min(max(8, batch_size // 50), max(1, batch_size // 2)) + 1


def _parts(requests: int, size: int) -> int:
    return -(-requests // size)


def agreed(out: Output, plan: Plan) -> bool:
    """Return whether a person agrees to the plan. Raises an error if nobody can be asked."""
    if not out.can_ask:
        what = ""
        if out.quiet:
            # what was not said before
            what = f" ({plan.line})"
        raise wrong_use(
            f"the job was not begun{what}, because nobody can be asked", "add --yes to begin it"
        )
    return out.ask(f"Create {plan.in_batches}?")


def _all(path: str) -> Iterator[dict[str, Any]]:
    for one in _files(path):
        yield from _reading.requests(one)


def _files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    names = sorted(name for name in os.listdir(path) if name.endswith(_ENDS))
    return [os.path.join(path, name) for name in names]
