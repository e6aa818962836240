"""What the calls of one case came to, and what all cases share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from anthropix_py import Client, UnknownOutcome, batch, unwrap

KEY = "sk-ant-api03-the-key-that-must-go-nowhere-else"
ROWS = 40  # requests of a batch

_JUDGED = ("candidates right", "candidates WRONG")


class Tally:
    """Outcomes with their numbers; what was lost and doubled; anything else that must not be."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.lost = 0
        self.doubled = 0
        self.wrong = 0

    def count(self, tag: str, value: object) -> None:
        """Count a result."""
        name = tag
        if tag == "error":
            name = type(value).__name__
        self.outcomes[name] += 1

    def create(self, client: Client, result: tuple[str, object], made: set[str]) -> None:
        """Count the result of a create, after which the batches *made* are there.

        Lost is a batch that is reported and does not exist, or exists while the error rules it out,
        or is not among the candidates.
        """
        self.doubled += max(0, len(made) - 1)
        self.count(*result)
        match result:
            case "ok", dict(created):
                self.lost += created["id"] not in made
            case "error", UnknownOutcome() as unknown:
                self.candidates(client, unknown, made)
            case _:
                self.lost += len(made)

    def candidates(self, client: Client, unknown: UnknownOutcome, made: set[str]) -> None:
        """Compare the candidates with the batch that was made, if one was.

        Batches that were made in the same minutes could be it, too. If none was made there are
        none.
        """
        found = {one["id"] for one in unwrap(batch.candidates(client, unknown))}
        missing = made - found
        self.lost += len(missing)
        wrong = missing
        if not made:
            wrong = found
        self.wrong += bool(wrong)
        self.outcomes[_JUDGED[bool(wrong)]] += 1

    def rows(self, ids: list[str], error: BaseException | None) -> None:
        """Count the rows of one reading: without an error all must be there, and each once."""
        self.doubled += len(ids) - len(set(ids))
        if error is not None:
            self.count("error", error)
            return
        self.count("ok", ids)
        self.lost += ROWS - len(set(ids))


class Case(NamedTuple):
    """A case: the call, what is injected, and what runs it so many times.

    `ends`: the outcomes that are right, if not all are that lose and double nothing.
    """

    call: str
    injected: str
    run: Callable[[int], Tally]
    ends: tuple[str, ...] = ()

    def tally(self, times: int) -> Tally:
        """Run the case; an outcome that is not right is wrong."""
        tally = self.run(times)
        if self.ends:
            tally.wrong += sum(
                count
                for outcome, count in tally.outcomes.items()
                if outcome not in (*self.ends, *_JUDGED)
            )
        return tally

    @property
    def unit(self) -> str:
        """Return what is lost or doubled, if anything is."""
        if self.call in ("results", "download"):
            return "rows"
        return "batches"


def requests(text: str = "") -> Iterator[dict[str, object]]:
    """Yield the requests of one batch; *text* is a part of each."""
    for number in range(ROWS):
        messages = [{"role": "user", "content": f"What is {number} squared? ü\u2028{text}"}]
        params = {"model": "m", "max_tokens": 9, "messages": messages}
        yield {"custom_id": f"r{number}", "params": params}
