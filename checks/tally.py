"""What the calls of one case came to, and what all cases share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from anthropix_py import Client, UnknownOutcome, batch, unwrap

KEY = "sk-ant-api03-the-key-that-must-go-nowhere-else"
ROWS = 40  # requests of a batch


class Tally:
    """Outcomes with their numbers; what was lost and doubled; anything else that must not be."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.lost = 0
        self.doubled = 0
        self.wrong = 0

    def create(self, client: Client, result: tuple[str, object], made: set[str]) -> None:
        """Count the result of a create, after which the batches *made* are there.

        Lost is a batch that is reported and does not exist, or exists while the error rules it out,
        or is not among the candidates.
        """
        self.doubled += max(0, len(made) - 1)
        match result:
            case "ok", dict(created):
                self.outcomes["ok"] += 1
                self.lost += created["id"] not in made
            case "error", UnknownOutcome() as unknown:
                self.outcomes["UnknownOutcome"] += 1
                self.candidates(client, unknown, made)
            case _, error:
                self.outcomes[type(error).__name__] += 1
                self.lost += len(made)

    def candidates(self, client: Client, unknown: UnknownOutcome, made: set[str]) -> None:
        """Compare the candidates with the batch that was made, if one was.

        Batches that were made in the same minutes could be it, too. If none was made there are
        none.
        """
        found = {one["id"] for one in unwrap(batch.candidates(client, unknown))}
        missing = made - found
        self.lost += len(missing)
        right = not missing if made else not found
        self.wrong += not right
        self.outcomes["candidates right" if right else "candidates WRONG"] += 1

    def rows(self, ids: list[str], error: BaseException | None) -> None:
        """Count the rows of one reading: without an error all must be there, and each once."""
        self.doubled += len(ids) - len(set(ids))
        if error is None:
            self.lost += ROWS - len(set(ids))
        self.outcomes["ok" if error is None else type(error).__name__] += 1


class Case(NamedTuple):
    """A case: the call, what is injected, and what runs it so many times."""

    call: str
    injected: str
    run: Callable[[int], Tally]

    @property
    def unit(self) -> str:
        """Return what is lost or doubled, if anything is."""
        return "rows" if self.call in ("results", "download") else "batches"


def requests(text: str = "") -> Iterator[dict[str, object]]:
    """Yield the requests of one batch; *text* is a part of each."""
    for number in range(ROWS):
        messages = [{"role": "user", "content": f"What is {number} squared? ü\u2028{text}"}]
        params = {"model": "m", "max_tokens": 9, "messages": messages}
        yield {"custom_id": f"r{number}", "params": params}
