"""A breadth-first search over the states of a small world, with the shortest way to each.

It knows nothing of jobs: a state is any hashable value, `moves(state)` says what can happen next,
the first of them being what happens if nothing goes wrong from now on. That first move is what the
check of liveness follows: from every state the chain of first moves must reach an end.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

# Where nothing going wrong leads, if not to another state.
_NOWHERE, _END = -1, -2

S = TypeVar("S", bound=Hashable)


class Trace(NamedTuple):
    """The shortest way to a state that breaks an invariant."""

    fault: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        return "\n".join([self.fault, *lines])


class Report(NamedTuple):
    """What a search found: the number of different states and of moves, and the first fault.

    `ends`: how many states ended in which way. `complete`: whether every state was visited.
    """

    states: int
    moves: int
    ends: dict[str, int]
    trace: Trace | None = None
    complete: bool = False


class Model(NamedTuple, Generic[S]):
    """What is searched. `fault` returns what is wrong with a state; `end` how it ended, if so."""

    start: S
    moves: Callable[[S], Iterable[tuple[str, S]]]
    fault: Callable[[S], str | None]
    end: Callable[[S], str | None]


class _Seen:
    """The states met so far, by number: whence each came, and where nothing going wrong leads.

    Only hashes of 64 bits are kept: a million states collide with a chance of 3 in 10^8, and what
    a collision would hide is one state of a million.
    """

    def __init__(self, start: Hashable) -> None:
        self.number = {hash(start): 0}
        self.origin: list[tuple[int, str]] = [(-1, "")]
        self.onward: list[int] = [_NOWHERE]
        self.ends: dict[str, int] = {}
        self.moves = 0

    @property
    def size(self) -> int:
        return len(self.origin)

    def add(self, state: Hashable, origin: int, label: str) -> tuple[int, bool]:
        number = self.number.setdefault(hash(state), len(self.origin))
        if number < len(self.origin):
            return number, False
        self.origin.append((origin, label))
        self.onward.append(_NOWHERE)
        return number, True

    def report(self, trace: Trace | None = None, *, complete: bool = False) -> Report:
        return Report(len(self.origin), self.moves, self.ends, trace, complete)

    def steps(self, number: int) -> tuple[str, ...]:
        labels = []
        while number > 0:
            number, label = self.origin[number]
            labels.append(label)
        return tuple(reversed(labels))


def explore(model: Model[S], most: int = 10**9) -> Report:
    """Return what is found in all states within reach, or in the first *most* of them."""
    seen = _Seen(model.start)
    level = [(0, model.start)]
    while level:
        following: list[tuple[int, S]] = []
        for number, state in level:
            fault = _visit(model, seen, number, state, following if seen.size < most else None)
            if fault is not None:
                return seen.report(Trace(fault, seen.steps(number)))
        level = following
    if seen.size >= most:
        return seen.report()
    stuck = _stuck(seen.onward)
    if stuck is None:
        return seen.report(complete=True)
    return seen.report(Trace("I4: it neither ends nor stops from here on", seen.steps(stuck)))


def _visit(
    model: Model[S], seen: _Seen, number: int, state: S, following: list[tuple[int, S]] | None
) -> str | None:
    """Return what is wrong with *state*; add the states after it that are new to *following*."""
    fault = model.fault(state)
    if fault is not None:
        return fault
    end = model.end(state)
    if end is not None:
        seen.ends[end] = seen.ends.get(end, 0) + 1
        seen.onward[number] = _END
    if following is None:
        return None
    try:
        ways = list(model.moves(state))
    except (ValueError, AssertionError) as error:
        return f"it breaks: {error}"
    seen.moves += len(ways)
    for label, after in ways:
        reached, new = seen.add(after, number, label)
        if seen.onward[number] == _NOWHERE:
            seen.onward[number] = reached
        if new:
            following.append((reached, after))
    return None


def _stuck(onward: list[int]) -> int | None:
    """Return the first state from which following *onward* never reaches an end.

    One that leads nowhere is stuck, and so is one that leads into a circle.
    """
    ends = [following == _END for following in onward]
    for start in range(len(onward)):
        path: list[int] = []
        on_path: set[int] = set()
        number = start
        while number >= 0 and not ends[number] and number not in on_path:
            path.append(number)
            on_path.add(number)
            number = onward[number]
        if number < 0 or not ends[number]:
            return start
        for passed in path:
            ends[passed] = True
    return None
