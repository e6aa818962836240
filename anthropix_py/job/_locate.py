"""Where one request of a job is."""

from __future__ import annotations

from .. import _json
from ._journal import Journal
from ._rows import OUTCOMES
from ._values import Place
from ._view import Attempt, Rules
from ._wire_ids import parse, wire_id


def places(journal: Journal, id: str) -> list[Place]:
    """Return where the request is whose custom_id, the user's or ours, is *id*."""
    tag = journal.get("tag")
    ours = parse(id, tag)
    column: str = "id"
    value: bytes | int = _json.dumps(id)
    if ours is not None:
        column, value = "row", ours[1]
    found = journal.db.execute(
        f"SELECT row, id, attempt, outcome, answered FROM rows WHERE {column} = ?",  # noqa: S608
        (value,),
    ).fetchone()
    if found is None:
        return []
    row, own, attempt, outcome, answered = found
    view = journal.load(Rules())
    numbers = sorted({answered, attempt} - {None, 0})
    found_at = [
        _place(one, row, _json.loads(own), tag)
        for number in numbers
        if (one := view.get(number)) is not None
    ]
    return [
        one._replace(outcome=OUTCOMES[outcome]) if one.attempt == answered else one
        for one in found_at
    ]


def _place(one: Attempt, row: int, own: str, tag: str) -> Place:
    return Place(row, own, wire_id(tag, one.wire, row), one.number, one.batch, None)
