"""What the search repeats of the journal behaves as the journal: both are driven side by side."""

from __future__ import annotations

import importlib
import random
import sqlite3
from typing import Any

import pytest
from exploring import journal
from exploring import rows as plain
from exploring.journal import Found, Intent, Line
from exploring.model import begun, model
from exploring.rows import Row, Rows
from exploring.search import explore
from exploring.server import EXPIRED, OK
from exploring.world import Budget, Setting, World

from anthropix_py.job import _journal, _mirror, _rebuild
from anthropix_py.job._rows import SUCCEEDED, Answer, Answers, Stored

_rows = importlib.import_module("anthropix_py.job._rows")

PARTS = {1: (0, 1), 2: (2, 3)}  # first and last row
MOST = 3  # tries


def opened(parts: dict[int, tuple[int, int]]) -> tuple[sqlite3.Connection, Rows]:
    db = sqlite3.connect(":memory:")
    db.executescript(_journal._SCHEMA)
    for number, (first, last) in parts.items():
        db.execute(
            "INSERT INTO attempts (number, kept, first, last) VALUES (?, '[]', ?, ?)",
            (number, first, last),
        )
        members = range(first, last + 1)
        _rows.insert(db, [(row, str(row).encode(), number, 0, 1) for row in members])
    return db, in_journal(db)


def in_journal(db: sqlite3.Connection) -> Rows:
    found = db.execute("SELECT attempt, outcome, answered, again, tries FROM rows ORDER BY row")
    return tuple(Row(*one) for one in found)


class Both:
    """A journal and the rows of the search, which go through the same changes."""

    def __init__(self) -> None:
        self.db, self.rows = opened(PARTS)
        self.numbers = [*PARTS]
        # `above`: the attempt whose rows it has; None for a part or a retry
        self.sent: set[int] = set()
        self.above: dict[int, int | None] = dict.fromkeys(PARTS)

    def plan(self, chance: random.Random, *, retry: bool) -> str:
        above = chance.choice(self.numbers)
        if retry:
            stored = _rows.waiting(self.db, 100)
            chosen = plain.waiting(self.rows)
        else:
            stored = _rows.unanswered(self.db, above)
            chosen = plain.unanswered(self.rows, above)
        assert tuple(one.row for one in stored) == chosen
        if not chosen:
            return "nothing to plan"
        number = max(self.numbers) + 1
        self.numbers.append(number)
        self.above[number] = None if retry else above
        self.db.execute("INSERT INTO attempts (number, kept) VALUES (?, '[]')", (number,))
        _rows.assign(self.db, number, [Stored(row, 0, 1) for row in chosen], retry=retry)
        self.rows = plain.assign(self.rows, number, chosen, retry=retry)
        return f"plan {number} with {chosen}"

    def answer(self, chance: random.Random) -> str:
        number = chance.choice(self.numbers)
        self.sent.add(number)
        # a part has the same rows in every life of a folder
        first, last = PARTS.get(number, (0, len(self.rows) - 1))
        chosen = [row for row in range(first, last + 1) if chance.random() < 0.6]
        answers = [(row, chance.choice((1, 2, 4)), chance.random() < 0.5) for row in chosen]
        answers = [(row, what, again and what != 1) for row, what, again in answers]
        plain_ones = [row for row, what, _ in answers if what == SUCCEEDED]
        others = [Answer(*one) for one in answers if one[1] != SUCCEEDED]
        twice = _rows.check_in(self.db, number, Answers(plain_ones, others), MOST)
        self.rows, expected = plain.check_in(self.rows, number, tuple(answers), MOST)
        assert twice == expected
        assert _rows.lacking(self.db, number) == plain.lacking(self.rows, number)
        return f"check in {answers} of {number}"

    def lose(self, chance: random.Random) -> str:
        number, again = chance.choice(self.numbers), chance.random() < 0.5
        _rows.lose(self.db, number, _rows.MISSING, again=again, most=MOST)
        self.rows = plain.lose(self.rows, number, _rows.MISSING, again=again, most=MOST)
        return f"lose {number}"

    def give_up(self, chance: random.Random) -> str:
        number = chance.choice(self.numbers)
        _rows.release(self.db, number)
        self.rows = plain.release(self.rows, number)
        return f"give up {number}"

    def drop(self, chance: random.Random) -> str:
        unsent = [number for number in self.numbers if number not in self.sent]
        if not unsent:
            return "nothing to drop"
        number = chance.choice(unsent)
        above = self.above[number]
        if above is None:
            _rows.hold_up(self.db, number)
            self.rows = plain.hold_up(self.rows, number)
            return f"drop {number}"
        _rows.hand_back(self.db, number, above)
        self.rows = plain.hand_back(self.rows, number, above)
        return f"hand {number} back to {above}"

    def change(self, chance: random.Random) -> str:
        kind = chance.randrange(6)
        if kind == 0:
            return self.plan(chance, retry=True)
        if kind == 1:
            return self.plan(chance, retry=False)
        return [self.answer, self.lose, self.give_up, self.drop][kind - 2](chance)


@pytest.mark.parametrize("seed", range(60))
def test_rows_of_the_search_and_of_the_journal_stay_equal(seed: int) -> None:
    chance, both = random.Random(seed), Both()
    done: list[str] = []
    for _ in range(25):
        done.append(both.change(chance))
        assert both.rows == in_journal(both.db), done
        for number in both.numbers:
            assert len(plain.held(both.rows, number)) == _rows.count_held(both.db, number), done
    both.db.close()


def mirrors(setting: Setting) -> set[tuple[Line, ...]]:
    """Return the mirrors of all directories that *setting* can come to."""
    found: set[tuple[Line, ...]] = set()
    whole = model(setting)

    def fault(world: World) -> None:
        found.add(world.disk.mirror)

    explore(whole._replace(fault=fault))
    return found


def as_written(line: Line) -> dict[str, Any]:
    if isinstance(line, Intent):
        rows = None if line.rows is None else [*_mirror.ranges(line.rows)]
        facts = {"attempt": line.number, "size": line.size, "at": line.at, "rows": rows}
        return {"what": "intent", **facts, "instead_of": line.instead_of}
    if isinstance(line, Found):
        return {"what": "batch", "attempt": line.number, "wire": line.wire, "batch": line.batch}
    return {"what": "give_up", "attempt": line.number, "at": line.at}


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param(Setting(budget=Budget(lost=1, crash=1)), id="successors"),
        pytest.param(
            Setting(parts=(2,), outcomes=(OK, EXPIRED), hidden=(0,), budget=Budget(crash=1)),
            id="retries",
        ),
        pytest.param(Setting(budget=Budget(lost=1), late=(5,), beyond=True), id="late batches"),
    ],
)
def test_a_mirror_is_read_by_the_search_as_by_the_journal(setting: Setting) -> None:
    ends = [sum(setting.parts[:number]) for number in range(1, len(setting.parts) + 1)]
    parts = {
        number: (end - size, end - 1)
        for number, (end, size) in enumerate(zip(ends, setting.parts), 1)
    }
    found = mirrors(setting)
    assert len(found) > 5
    for mirror in found:
        db, _ = opened(parts)
        job = begun(setting)
        view = _rebuild.rebuilt(db, job.view, [{"what": "job"}, *map(as_written, mirror)])
        expected = journal.rebuilt(job, mirror)
        assert (expected.view, expected.rows) == (view, in_journal(db))
        db.close()
