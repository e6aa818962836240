"""One trial: one contestant against one fault, with an emulator of its own.

A program of its own, `trial.py NAME CASE FOLDER SECONDS`, so that the emulator is another process
than the contestant. Prints what was counted, as JSON, within SECONDS.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from cases import CASES, OnceFaults
from contestants import CONTESTANTS
from work import ROWS, Replies, answer, row_of, write_requests

from anthropix_py import emulator
from anthropix_py.emulator import Store

STARTS = 3  # how often a contestant is started at most
_RUN_TIMEOUT = 60.0  # seconds of one start at most
_TICK = 0.02  # seconds between polls of a contestant's process
_TAKES = 0.5  # seconds until a batch ends
# Requests that leave this machine fail at once, because nothing listens there.
_NOWHERE = "http://127.0.0.1:9"


class Found(NamedTuple):
    """What one trial came to.

    *finished*: `yes`, `by hand` or `no`. *starts*: of the contestant. *batches*: made in all.
    *batches_doubled*: those with a row billed that an earlier batch had billed. *rows_paid_twice*:
    payments too many. *rows_lost*: rows without their own answer in the output; *rows_reported*:
    how many of these the output reports as failed. *rows_doubled*: rows too many in the output.
    *happened*: whether the fault did. *said*: the last line of the last failure.
    """

    contestant: str
    case: str
    finished: str
    starts: int
    batches: int
    batches_doubled: int
    rows_paid_twice: int
    rows_lost: int
    rows_reported: int
    rows_doubled: int
    happened: bool
    seconds: float
    said: str

    @property
    def is_clean(self) -> bool:
        """Return whether it finished with nothing lost, doubled or paid twice."""
        wrong = self.batches_doubled + self.rows_paid_twice + self.rows_lost + self.rows_doubled
        return self.finished == "yes" and self.happened and not wrong


class Client:
    """The contestant's process, and all processes that it starts."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._command = command
        self._environment = environment
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def run(self, timeout: float) -> int | None:
        """Run it to its end and return its exit code, None after *timeout* seconds."""
        with (self._folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._process = process
            try:
                has_ended = _ends(process, timeout)
            finally:
                self.kill()
                with self._lock:
                    process.wait()
        if not has_ended:
            return None
        return process.returncode

    def kill(self) -> None:
        """Kill all its processes with SIGKILL.

        Its number is that of its group. Once it is reaped, something else may have that number.
        """
        with self._lock:
            if self._process is not None and self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def last_line(self) -> str:
        """Return the last line that it wrote."""
        lines = (self._folder / "output.txt").read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _ends(process: subprocess.Popen[bytes], timeout: float) -> bool:
    """Return whether a process ends within *timeout* seconds. It is not reaped yet."""
    until = time.monotonic() + timeout
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while time.monotonic() < until:
        if os.waitid(os.P_PID, process.pid, flags) is not None:
            return True
        time.sleep(_TICK)
    return False


def trial(name: str, case_name: str, folder: Path, seconds: float) -> Found:
    """Run the contestant *name* until it is finished, three times at most, and count.

    Raises TimeoutError if that takes longer than *seconds*.
    """
    [contestant] = [one for one in CONTESTANTS if one.name == name]
    case = CASES[case_name]
    folder.mkdir(parents=True)
    requests = folder / "requests.jsonl"
    write_requests(requests)
    store = Store(takes=_TAKES, reply=Replies(failing=case.failing))
    environment = _environment(folder)
    command = [str(contestant.python), str(contestant.driver), str(requests), str(folder)]
    client = Client(command, environment, folder)
    faults = OnceFaults(case, client.kill)
    began = time.monotonic()
    code: int | None = None
    starts = 0
    said = ""
    with emulator.serve(store, faults=faults) as url:
        environment["ANTHROPIC_BASE_URL"] = url
        while starts < STARTS and code != 0:
            starts += 1
            left = began + seconds - time.monotonic()
            code = client.run(min(left, _RUN_TIMEOUT))
            if code is None and left < _RUN_TIMEOUT:
                raise TimeoutError("no time was left")
            if code != 0:
                said = _why(code, client.last_line)
    took = time.monotonic() - began
    # so that batches that nobody waits for end as well
    time.sleep(_TAKES)
    finished = "no"
    if code == 0:
        finished = "yes"
        if (folder / "by-hand.txt").exists():
            finished = "by hand"
    return Found(
        contestant=name,
        case=case_name,
        finished=finished,
        starts=starts,
        **_paid(store),
        **_delivered(folder / "rows.jsonl"),
        happened=faults.happened or case.change is None,
        seconds=round(took, 1),
        said=said,
    )


def _why(code: int | None, last_line: str) -> str:
    if code is None:
        return f"not finished in {_RUN_TIMEOUT:.0f} s: {last_line}"
    if code == -signal.SIGKILL:
        return "killed"
    return last_line


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ANTHROPIC_API_KEY": "any-key",
        "HTTP_PROXY": _NOWHERE,
        "HTTPS_PROXY": _NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
        # batchlane's litellm would fetch a table of prices from the network
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _paid(store: Store) -> dict[str, int]:
    """Count the batches, and what was billed: the rows that succeeded, by their prompts."""
    billed: Counter[int] = Counter()
    batches = store.newest_first()[::-1]
    doubled = 0
    for batch in batches:
        rows = _billed(batch)
        doubled += any(billed[row] for row in rows)
        billed.update(rows)
    too_many = sum(billed.values()) - len(billed)
    return {"batches": len(batches), "batches_doubled": doubled, "rows_paid_twice": too_many}


def _billed(batch: Any) -> list[int]:
    """Return the rows of a batch that succeeded."""
    rows = {}
    for index in range(len(batch.requests)):
        request = batch.requests[index].decode()
        rows[json.loads(request)["custom_id"]] = row_of(request)
    found = []
    for index in range(len(batch.results)):
        entry = json.loads(batch.results[index])
        if entry["result"]["type"] == "succeeded":
            found.append(rows[entry["custom_id"]])
    return found


def _delivered(path: Path) -> dict[str, int]:
    """Count the rows in the output; one with the answer of another is lost."""
    entries: list[dict[str, Any]] = []
    if path.exists():
        # a line that a kill has cut is not a row
        lines = [line for line in path.read_text().splitlines(keepends=True) if line[-1] == "\n"]
        entries = [json.loads(line) for line in lines]
    ids = Counter(entry["custom_id"] for entry in entries)
    texts = {entry["custom_id"]: entry["text"] for entry in entries if entry["text"] is not None}
    expected = {f"r{row:03d}": answer(row) for row in range(ROWS)}
    lost = {id for id, text in expected.items() if texts.get(id) != text}
    return {
        "rows_lost": len(lost),
        "rows_reported": sum(id in ids and id not in texts for id in lost),
        "rows_doubled": ids.total() - len(ids),
    }


def main() -> None:
    """Run the trial that the arguments name."""
    name, case, folder, seconds = sys.argv[1:]
    found = trial(name, case, Path(folder).absolute(), float(seconds))
    print(json.dumps(found._asdict()))


if __name__ == "__main__":
    main()
