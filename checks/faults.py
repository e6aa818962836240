"""What happens to money and rows when things go wrong: every case many times, over real sockets.

Prints a table: what was injected, how often, what the call returned, and what was lost or doubled.
Then what reached a foreign server. Ends with 1 if anything was lost, doubled, altered or leaked.
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading
from collections import Counter

import creating
import injected
import reading
import tunnel
from rich.console import Console
from rich.table import Table
from tally import KEY, Case


class Recorder:
    """A foreign server: it responds to nothing and keeps whatever it is sent."""

    def __init__(self) -> None:
        self.received = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Accept connections until the process ends."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            connection.settimeout(1)
            with connection:
                self.received += connection.recv(65536)


def all_cases(elsewhere: str) -> list[Case]:
    """Return the cases of all files."""
    own = injected.cases(elsewhere)
    return [*own, *creating.cases(), *tunnel.cases(), *reading.cases()]


def main() -> int:
    """Run every case and print the table; return 1 if anything happened that must not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=25, help="runs of each case (%(default)s)")
    times = parser.parse_args().times
    elsewhere = Recorder()
    elsewhere.start()
    table = Table("call", "injected", "times", "outcome", "lost", "doubled", "wrong")
    totals: Counter[str] = Counter()
    for case in all_cases(elsewhere.url):
        tally = case.tally(times)
        counts = {f"lost {case.unit}": tally.lost, f"doubled {case.unit}": tally.doubled}
        counts["other faults"] = tally.wrong
        totals.update(counts)
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items())
        table.add_row(case.call, case.injected, str(times), outcomes, *map(str, counts.values()))
    totals["bytes of the key abroad"] = len(KEY) * elsewhere.received.count(KEY.encode())
    console = Console(width=150)
    console.print(table)
    console.print(f"the foreign server received {len(elsewhere.received)} bytes")
    console.print(", ".join(f"{count} {what}" for what, count in totals.items()))
    return int(any(totals.values()))


if __name__ == "__main__":
    sys.exit(main())
