"""The table of the comparison, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cases import CASES
from contestants import Contestant
from rich.console import Console
from rich.table import Table
from trial import STARTS, Found
from work import ROWS

_LEGEND = (
    "In each field: batches paid twice / rows lost / rows doubled, and whether it finished. "
    f"{ROWS} rows; up to {STARTS} starts, counted where there was more than one. Lost: no answer "
    "in the output at the end; * all of these are reported as failed there. By hand: only with "
    "the steps of a person. Faults happen once, to the second call of their kind."
)


class NotRun(NamedTuple):
    """A trial that came to nothing, and why."""

    contestant: str
    case: str
    reason: str


Outcome = Found | NotRun


def show(
    console: Console,
    contestants: Sequence[Contestant],
    outcomes: Sequence[Outcome],
    absent: dict[str, str],
) -> None:
    """Print the table, who was not run and why, and with which settings the others were."""
    table = Table("fault", show_lines=True)
    for contestant in contestants:
        table.add_column(f"{contestant.name}\n{contestant.version}")
    by_pair = {(one.case, one.contestant): one for one in outcomes}
    for case in dict.fromkeys(one.case for one in outcomes):
        fields = [_field(by_pair[case, one.name]) for one in contestants]
        table.add_row(CASES[case].text, *fields)
    table.add_row("all of them", *[_total(one.name, outcomes) for one in contestants])
    console.print(table)
    console.print(_LEGEND)
    for name, reason in absent.items():
        console.print(f"\n{name} was not run: {reason}", markup=False)
    for contestant in contestants:
        _show_settings(console, contestant)


def _show_settings(console: Console, contestant: Contestant) -> None:
    console.print(f"\n{contestant.name} {contestant.version}", style="bold", highlight=False)
    console.print(f"  settings: {contestant.settings}", markup=False)
    console.print(f"  started again: {contestant.again}", markup=False)
    if contestant.limits:
        console.print(f"  limits: {contestant.limits}", markup=False)


def _field(outcome: Outcome) -> str:
    if isinstance(outcome, NotRun):
        return f"not run: {outcome.reason}"
    counts = _counts(outcome.batches_doubled, outcome.rows_lost, outcome.rows_doubled)
    mark = ""
    if outcome.rows_lost and outcome.rows_lost == outcome.rows_reported:
        mark = "*"
    field = f"{counts}{mark}\n{outcome.finished}"
    if outcome.starts > 1:
        field += f", {outcome.starts} starts"
    if not outcome.happened:
        field += ", fault did not happen"
    return field


def _total(name: str, outcomes: Sequence[Outcome]) -> str:
    found = [one for one in outcomes if isinstance(one, Found) and one.contestant == name]
    counts = _counts(
        sum(one.batches_doubled for one in found),
        sum(one.rows_lost for one in found),
        sum(one.rows_doubled for one in found),
    )
    finished = sum(one.finished == "yes" for one in found)
    field = f"{counts}\n{finished} of {len(found)} finished"
    by_hand = sum(one.finished == "by hand" for one in found)
    if by_hand:
        field += f",\n{by_hand} by hand"
    return field


def _counts(batches: int, lost: int, doubled: int) -> str:
    return f"{batches} / {lost} / {doubled}"


def as_json(
    contestants: Sequence[Contestant], outcomes: Sequence[Outcome], absent: dict[str, str]
) -> dict[str, Any]:
    """Return everything that was found, ready to be written."""
    return {
        "rows": ROWS,
        "contestants": [_contestant(one) for one in contestants],
        "not_installed": absent,
        "trials": [one._asdict() for one in outcomes],
    }


def _contestant(contestant: Contestant) -> dict[str, str]:
    return {
        "name": contestant.name,
        "version": contestant.version,
        "settings": contestant.settings,
        "started_again": contestant.again,
        "limits": contestant.limits,
    }
