"""What becomes of money and rows when things go wrong: every case many times, over real sockets.

Prints a table: what was injected, how often, what came out, and what was lost, doubled or leaked.
"""

from __future__ import annotations

import argparse
import random
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from anthropix_py import (
    AnthropixError,
    Client,
    Policy,
    UnknownOutcome,
    batch,
    emulator,
    init,
    unwrap,
)
from anthropix_py.emulator import Fault, Faults, ManualClock, Store

KEY = "sk-ant-api03-the-key-that-must-go-nowhere-else"
ROWS = 40

CREATE = {
    "500, 502, 504, 520 in turn": [
        Fault("create", "status", status) for status in (500, 502, 504, 520)
    ],
    "408, 409 in turn": [Fault("create", "status", status) for status in (408, 409)],
    "a proxy's page, 502": [Fault("create", "html", 502)],
    "a proxy's page, 200": [Fault("create", "html", 200)],
    "done, answer lost by reset": [Fault("create", "lose", "reset")],
    "done, answer lost by close": [Fault("create", "lose", "close")],
    "done, answer lost by silence": [Fault("create", "lose", "stall")],
    "done, reset in the head": [Fault("create", "cut_head", -1)],
    "done, closed in the body": [Fault("create", "cut", -1)],
    "done, silence in the body": [Fault("create", "stall", -1)],
    "not done, reset": [Fault("create", "refuse", "reset")],
    "429, 503, 529 in turn": [Fault("create", "status", status) for status in (429, 503, 529)],
    "429 for a spend cap": [
        Fault(
            "create",
            "status",
            429,
            body={"error": {"details": {"error_code": "enforced_spend_limit_reached"}}},
        )
    ],
    "a redirect": [Fault("create", "redirect", "ELSEWHERE")],
}
RESULTS = {
    "closed in the body, twice": [Fault("results", "cut", -1, times=2)],
    "reset in the body, twice": [Fault("results", "reset", -1, times=2)],
    "silence in the body": [Fault("results", "stall", -1)],
    "reset in the head": [Fault("results", "cut_head", -1)],
    "gzip without its end": [Fault("results", "broken_gzip", -1)],
    "a body in single bytes": [Fault("results", "chunks", 1)],
    "CRLF, blank lines": [Fault("results", "crlf"), Fault("results", "blank_lines")],
    "no final newline": [Fault("results", "no_newline")],
    "rows doubled": [Fault("results", "double_rows", 7)],
    "rows missing, then whole": [Fault("results", "drop_rows", 7)],
    "rows missing for good": [Fault("results", "drop_rows", 7, times=None)],
    "a proxy's page, 200": [Fault("results", "html", 200)],
    "503, then whole": [Fault("results", "status", 503)],
    "a redirect": [Fault("results", "redirect", "ELSEWHERE")],
    "a foreign results_url": [Fault("show", "foreign_url", "ELSEWHERE", times=None)],
}


def requests() -> Iterator[dict[str, object]]:
    """Yield the requests of one batch."""
    for number in range(ROWS):
        messages = [{"role": "user", "content": f"What is {number} squared? ü\u2028"}]
        yield {
            "custom_id": f"r{number}",
            "params": {"model": "m", "max_tokens": 9, "messages": messages},
        }


class Recorder:
    """A foreign server: it answers nothing and keeps whatever it is sent."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            connection.settimeout(1)
            with connection:
                self.received += connection.recv(65536)


class Setting:
    """One emulator, one client of it, and the foreign server."""

    def __init__(self, client: Client, store: Store, faults: Faults, elsewhere: Recorder) -> None:
        self.client = client
        self.store = store
        self.faults = faults
        self.elsewhere = elsewhere

    def inject(self, faults: list[Fault], number: int, chance: random.Random) -> None:
        """Set one of the alternatives in *faults*, or all where they belong together; -1 is a place of chance."""
        self.faults.clear()
        alternatives = len({fault.kind for fault in faults}) == 1
        for fault in [faults[number % len(faults)]] if alternatives else faults:
            value = fault.value
            if value == -1:
                value = (
                    chance.randrange(1, 200)
                    if fault.on == "create"
                    else chance.randrange(1, 12_000)
                )
                value = value % 150 + 1 if fault.kind in ("cut_head", "broken_gzip") else value
            self.faults.add(
                fault._replace(value=self.elsewhere.url if value == "ELSEWHERE" else value)
            )


@contextmanager
def setting(elsewhere: Recorder) -> Iterator[Setting]:
    """Serve an emulator; the client waits on a clock of its own, and gives silence a moment only."""
    store, faults = Store(), Faults()
    with emulator.serve(store, faults=faults) as url:
        client = init(
            KEY, base_url=url, timeout=0.15, retry=Policy(max_retries=3), clock=ManualClock()
        )
        yield Setting(client, store, faults, elsewhere)


def create_case(case: Setting, faults: list[Fault], times: int) -> tuple[Counter[str], int]:
    """Create *times* batches under *faults*; give the outcomes, and how many batches there were too many."""
    outcomes: Counter[str] = Counter()
    doubled = 0
    chance = random.Random(1)
    for number in range(times):
        before = {one.id for one in case.store.newest_first()}
        case.inject(faults, number, chance)
        tag, value = batch.create(case.client, requests())
        case.faults.clear()
        made = {one.id for one in case.store.newest_first()} - before
        doubled += max(0, len(made) - 1)
        outcomes[type(value).__name__ if tag == "error" else "ok"] += 1
        if isinstance(value, UnknownOutcome):
            found = {one["id"] for one in unwrap(batch.candidates(case.client, value))}
            right = (
                made <= found if made else not found
            )  # those of the same seconds could be it, too
            outcomes["candidates right" if right else "candidates WRONG"] += 1
    return outcomes, doubled


def results_case(case: Setting, faults: list[Fault], times: int) -> tuple[Counter[str], int, int]:
    """Read the results *times* under *faults*; give the outcomes, the rows lost in silence, the rows doubled."""
    outcomes: Counter[str] = Counter()
    lost = doubled = 0
    chance = random.Random(2)
    created = unwrap(batch.create(case.client, requests()))
    for number in range(times):
        case.inject(faults, number, chance)
        ended = unwrap(batch.wait(case.client, created))
        rows: list[str] = []
        tag, value = batch.results(case.client, ended, stream=True)
        outcome = "ok"
        try:
            if tag == "error":
                raise value  # type: ignore[misc]
            for row in value:  # type: ignore[union-attr]
                rows.append(row["custom_id"])
        except AnthropixError as error:
            outcome = type(error).__name__
        outcomes[outcome] += 1
        lost += ROWS - len(set(rows)) if outcome == "ok" else 0
        doubled += len(rows) - len(set(rows))
        case.faults.clear()
    return outcomes, lost, doubled


def main() -> None:
    """Run every case and print the table; end with 1 if anything was lost, doubled or leaked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=25, help="runs of each case (%(default)s)")
    times = parser.parse_args().times
    elsewhere = Recorder()
    table = Table("call", "injected", "times", "came out", "lost", "doubled")
    wrong = 0
    for name, faults in CREATE.items():
        with setting(elsewhere) as case:
            outcomes, doubled = create_case(case, faults, times)
        wrong += doubled + outcomes["candidates WRONG"]
        table.add_row("create", name, str(times), _shown(outcomes), "-", f"{doubled} batches")
    for name, faults in RESULTS.items():
        with setting(elsewhere) as case:
            outcomes, lost, doubled = results_case(case, faults, times)
        wrong += lost + doubled
        table.add_row(
            "results", name, str(times), _shown(outcomes), f"{lost} rows", f"{doubled} rows"
        )
    leaked = elsewhere.received.count(KEY.encode())
    console = Console(width=150)
    console.print(table)
    console.print(
        f"bytes that reached the foreign server: {len(elsewhere.received)}, of the key: {leaked * len(KEY)}"
    )
    sys.exit(1 if wrong or leaked else 0)


def _shown(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())


if __name__ == "__main__":
    main()
