"""A simulated world for jobs: one seed is one job, with its faults, crashes and strangers.

Time, chance, disk and server are all in this process. A crash may come at any write, commit or
request; what was not synced is lost then.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from typing import Any

from job_faults import Crash, Crashes, Faults, Server, SimulatedDisk, Skewed

from anthropix_py import Client, Policy, init, job
from anthropix_py.emulator import ManualClock, Store
from anthropix_py.errors import AnthropixError, APIError, TransportError
from anthropix_py.job._disk import Disk

BASE = "/dev/shm" if os.path.isdir("/dev/shm") else None


def requests(count: int) -> list[dict[str, Any]]:
    """Return *count* requests with ids that no batch could have."""
    return [
        {
            "custom_id": f"row {index} é",
            "params": {
                "model": "m",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": str(index)}],
            },
        }
        for index in range(count)
    ]


class World:
    """One job from its beginning to its end. `run` plays it; `faults_found` says what is wrong."""

    def __init__(self, seed: int, *, restores: bool = True) -> None:
        self.seed = seed
        self.chance = random.Random(f"job {seed}")
        self.clock = ManualClock()
        self.count = self.chance.randint(1, 7)
        self.lives = 0
        self.restores = restores
        self.policy = job.Policy(
            requests_per_batch=self.chance.randint(1, 4),
            batches_in_flight=self.chance.randint(1, 3),
            max_attempts=self.chance.randint(1, 4),
            interval=self.chance.choice((120.0, 900.0)),
        )
        self.troubled = self.chance.choice((0.0, 0.3))
        self.stranger_share = self.chance.choice((0.0, 0.3))
        self._first_outcomes: dict[str, str] = {}
        self.store = Store(
            clock=self.clock,
            takes=self.chance.choice((0.0, 60.0, 4000.0)),
            outcomes=self._outcome,
            reply=self._reply,
            seed=seed,
        )
        self.server = Server(self.store, self.clock, self.chance, Faults(self.chance))
        self.folder = tempfile.mkdtemp(prefix="job-", dir=BASE)
        self.directory = os.path.join(self.folder, "job")
        self.requests = requests(self.count)
        self.summary: job.Summary | None = None
        self.error: AnthropixError | None = None

    def _outcome(self, request: dict[str, Any]) -> str:
        if self.chance.random() < self.troubled:
            return self.chance.choice(("expired", "errored"))
        return "succeeded"

    def _reply(self, request: dict[str, Any]) -> str:
        return f"answer {request['params']['messages'][0]['content']}"

    def client(self) -> Client:
        clock = Skewed(self.clock, self.chance.choice((0.0, -7200.0, 5e5)), self.chance)
        return init(
            "sk-ant-simulated", transport=self.server, clock=clock, retry=Policy(max_retries=0)
        )

    def stranger(self) -> None:
        """Let somebody else create a batch of a size that may be ours."""
        size = self.chance.randint(1, 4)
        rows = [json.dumps({**one, "custom_id": f"x{i}"}) for i, one in enumerate(requests(size))]
        self.store.add(rows)

    def run(self, most_lives: int = 60) -> None:
        """Play the job, life after life, until it is finished."""
        backup: str | None = None
        while self.lives < most_lives:
            self.lives += 1
            crash_at = None
            if self.chance.random() < 0.8 and self.lives < 12:
                crash_at = self.chance.randint(1, self.chance.choice((60, 300)))
            if self.chance.random() < self.stranger_share:
                self.stranger()
            if self.live(crash_at):
                return
            self.clock.advance(self.chance.choice((1.0, 300.0, 5000.0)))
            draw = self.chance.random()
            if draw < 0.05:
                self._lose_journal()
            elif self.restores and draw < 0.1 and backup is None and self.chance.random() < 0.5:
                backup = self._backup()
            elif self.restores and draw > 0.95 and backup is not None:
                # what the other life sent last is in `list` by now
                self.clock.advance(self.policy.settle)
                shutil.rmtree(self.directory)
                shutil.copytree(backup, self.directory)
        raise AssertionError(f"not finished after {most_lives} lives: {self.error}")

    def live(self, crash_at: int | None) -> bool:
        """Run one process; return whether it finished the job."""
        crashes = Crashes(crash_at)
        disk = SimulatedDisk(crashes, self.chance)
        self.server.crashes = crashes
        job._disk = lambda: disk
        self.error = None
        try:
            result = job.run(self.client(), self.requests, self.directory, policy=self.policy)
        except Crash:
            self.server.crashes = Crashes()
            disk.fail_power()
            return False
        if result[0] == "ok":
            self.summary = result[1]
            return True
        self.error = result[1]
        if isinstance(self.error, (TransportError, APIError)):
            return False
        raise AssertionError(f"stopped: {self.error}")

    def _backup(self) -> str | None:
        """Return a copy of the folder; None as long as it holds no job to be restored."""
        path = os.path.join(self.directory, "journal.sqlite")
        if not os.path.exists(path):
            return None
        with closing(sqlite3.connect(path)) as journal:
            if not journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return None
            if not journal.execute("SELECT 1 FROM meta WHERE name = 'tag'").fetchone():
                return None
        return shutil.copytree(self.directory, os.path.join(self.folder, "backup"))

    def _lose_journal(self) -> None:
        for end in ("", "-wal", "-shm"):
            path = os.path.join(self.directory, f"journal.sqlite{end}")
            if os.path.exists(path):
                os.unlink(path)

    def faults_found(self) -> list[str]:
        """Return every promise that was not kept."""
        found = []
        self.server.settle()
        billed = self._billed()
        twice = [index for index, count in billed.items() if count > 1]
        orphans = [] if self.summary is None else self.summary.orphans
        if twice and not self.server.replays:
            found.append(f"rows billed twice: {twice}")
        if bool(twice) != bool(orphans):
            found.append(f"billed twice: {twice}; reported: {orphans}")
        rows = self._delivered("results.jsonl")
        failed = self._delivered("failures.jsonl")
        places = [row["custom_id"] for row in rows]
        everything = sorted(places + [row["custom_id"] for row in failed])
        ids = [one["custom_id"] for one in self.requests]
        if everything != sorted(ids):
            found.append(f"rows lost or doubled: {everything}")
        if places != [id for id in ids if id in set(places)]:
            found.append(f"out of order: {places}")
        for row in rows:
            text = row["result"]["message"]["content"][0]["text"]
            if text != "answer " + row["custom_id"].split()[1]:
                found.append(f"not its own answer: {row['custom_id']!r} {text!r}")
        succeeded = {index for index in billed if billed[index]}
        if len(succeeded) != len(rows):
            found.append(f"paid and not delivered: {len(succeeded)} and {len(rows)}")
        return found

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        job._disk = Disk

    def _delivered(self, name: str) -> list[dict[str, Any]]:
        with open(os.path.join(self.directory, name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def _billed(self) -> dict[int, int]:
        """Return how often each row succeeded in a batch of this job."""
        billed = dict.fromkeys(range(self.count), 0)
        for batch in self.store.newest_first():
            if batch.ended is None:
                self.store.clock.advance(90_000)  # type: ignore[attr-defined]
                self.store.newest_first()
            for index in range(len(batch.results)):
                row = json.loads(batch.results[index])
                if row["custom_id"].startswith("x") and len(row["custom_id"]) < 5:
                    break
                if row["result"]["type"] == "succeeded":
                    billed[int(row["custom_id"].rsplit("-", 1)[1])] += 1
        return billed


def play(seed: int, **options: Any) -> list[str]:
    """Return what is wrong with the job of a seed."""
    world = World(seed, **options)
    try:
        world.run()
        return world.faults_found()
    except AssertionError as error:
        return [str(error)]
    finally:
        world.close()
