"""What `validate.file` returns: a summary of a file of requests, and its faults in groups."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .._problem import Problem, shown

_PLACES = 5  # kept of each group
_GROUPS = 1_000  # kept of a file
_SHOWN = 20  # groups and models in the text of a report
_POSITION = re.compile(r"/\d+(?=/|$)", re.ASCII)


class Place(NamedTuple):
    """Where a fault is: the line, from 1; the request's custom_id, if it has one; the pointer."""

    line: int
    custom_id: str | None
    pointer: str


class Group(NamedTuple):
    """The same fault in one or many requests.

    `pointer`: with `*` for positions in lists. `found`: at the first place. `count`: the number of
    faults. `places`: the first five.
    """

    severity: Literal["error", "warning"]
    pointer: str
    found: str
    expected: str
    # Hides tuple.count, which nobody needs here.
    count: int  # type: ignore[assignment]
    places: tuple[Place, ...]

    def __str__(self) -> str:
        times = "once"
        if self.count > 1:
            times = f"{self.count:,} times"
        where = ", ".join(_shown_place(place) for place in self.places)
        if self.count > len(self.places):
            where += ", ..."
        what = f"expected {self.expected}; found {self.found}"
        return f"{self.severity}, {times}: {self.pointer or 'the line'}: {what}\n    {where}"


class Report(NamedTuple):
    """What a file of requests holds, and what is wrong with it; `str` of it is for people.

    `requests`: lines that are not empty. `bytes`: of the requests as JSON, as they are sent.
    `errors`: how many of them no batch can hold. `warned`: how many others will probably come back
    as errored or truncated rows. `groups`: the faults, errors first, then the most frequent.
    `more`: how many faults belong to none of the groups, because there are too many groups.
    `models`: the number of requests by model, the most frequent first. `max_tokens`: the sum.
    `largest`: bytes of the largest request. `batches`: how many lists `split.chunks` makes of them.
    """

    path: str
    requests: int
    bytes: int
    errors: int
    warned: int
    groups: tuple[Group, ...]
    more: int
    models: dict[str, int]
    max_tokens: int
    largest: int
    batches: int

    @property
    def ok(self) -> bool:
        """Return whether nothing was found."""
        return not self.errors and not self.warned

    def __str__(self) -> str:
        models = [f"{name} ({count:,})" for name, count in [*self.models.items()][:_SHOWN]]
        if len(self.models) > _SHOWN:
            models.append("...")
        lines = [
            f"{self.path}: {self.requests:,} requests, {self.bytes:,} bytes, the largest "
            f"{self.largest:,}; batches: {self.batches:,}",
            f"models: {', '.join(models) or 'none'}; sum of max_tokens: {self.max_tokens:,}",
            f"{self.errors:,} with errors, {self.warned:,} with warnings",
            *map(str, self.groups[:_SHOWN]),
        ]
        left = sum(group.count for group in self.groups[_SHOWN:]) + self.more
        if left:
            lines.append(f"and {left:,} more faults")
        return "\n".join(lines)


class Groups:
    """Collects problems into groups."""

    def __init__(self) -> None:
        self.more = 0
        self._first: dict[tuple[str, str, str], Problem] = {}
        self._counts: dict[tuple[str, str, str], int] = {}
        self._places: dict[tuple[str, str, str], list[Place]] = {}

    def add(self, line: int, problem: Problem) -> None:
        """Count *problem*, which is in *line*."""
        pointer = _POSITION.sub("/*", problem.pointer)
        key = (problem.severity, pointer, problem.expected)
        if key not in self._first:
            if len(self._first) == _GROUPS:
                self.more += 1
                return
            self._first[key] = problem
            self._counts[key] = 0
            self._places[key] = []
        self._counts[key] += 1
        if len(self._places[key]) < _PLACES:
            self._places[key].append(Place(line, problem.custom_id, problem.pointer))

    def collected(self) -> tuple[Group, ...]:
        """Return the groups, errors first, then the most frequent."""
        groups = [
            Group(
                problem.severity,
                key[1],
                problem.found,
                problem.expected,
                self._counts[key],
                tuple(self._places[key]),
            )
            for key, problem in self._first.items()
        ]
        return tuple(sorted(groups, key=lambda group: (group.severity, -group.count)))


def _shown_place(place: Place) -> str:
    if place.custom_id is None:
        return f"line {place.line:,}"
    return f"line {place.line:,} ({shown(place.custom_id)})"
