"""A job, a server in this process and a clock, ready to be used by a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from samples import error_in

from anthropix_py import Client, Policy, emulator, init, job
from anthropix_py._wire import Request, Response, Timeout
from anthropix_py.emulator import Fault, Faults, ManualClock, Store
from anthropix_py.job import JobError

KEY = "sk-ant-api03-the-secret-of-the-tests"


def request(index: int, **params: Any) -> dict[str, Any]:
    """Return a request whose custom_id no batch could have."""
    message = {"role": "user", "content": f"question {index}"}
    fields = {"model": "m", "max_tokens": 9, "messages": [message], **params}
    return {"custom_id": f"id {index}", "params": fields}


def requests(count: int) -> list[dict[str, Any]]:
    return [request(index) for index in range(count)]


def text(values: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


class Desk:
    """A folder for a job, and the server. *outcomes*: what becomes of a question, by its text.

    An outcome is used up: the next time the question succeeds.
    """

    def __init__(
        self, folder: Path, outcomes: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.clock = ManualClock()
        self.path = str(folder / "a.job")
        self.outcomes = dict(outcomes or {})
        self.store = Store(clock=self.clock, outcomes=self._outcome, seed=1, **options)
        self.faults = Faults()
        self.always = "succeeded"
        self.calls: list[str] = []
        self.headers: dict[str, str | None] = {}
        self.before: Callable[[Request], None] = lambda request: None
        self._send = emulator.transport(self.store, self.faults)

    def _outcome(self, request: dict[str, Any]) -> str:
        return self.outcomes.pop(request["params"]["messages"][0]["content"], self.always)

    def __call__(self, request: Request, timeout: Timeout) -> Response:
        self.calls.append(request.method)
        self.before(request)
        response = self._send(request, timeout)
        headers = {**response.headers, **self.headers}
        kept = {name: value for name, value in headers.items() if value is not None}
        return response._replace(headers=kept)

    @property
    def client(self) -> Client:
        return init(KEY, transport=self, clock=self.clock, retry=Policy(max_retries=0))

    def fault(self, *texts: str) -> None:
        self.faults.add(*map(Fault.parse, texts))

    def run(self, given: Any, **options: Any) -> Any:
        policy = job.Policy(**{"requests_per_batch": 2, "interval": 60.0, **options})
        return job.run(self.client, given, self.path, policy=policy)

    @property
    def creates(self) -> int:
        return self.calls.count("POST")

    def file(self, name: str) -> list[dict[str, Any]]:
        lines = Path(self.path, name).read_bytes().split(b"\n")
        return [json.loads(line) for line in lines if line]

    def ids(self, name: str = "results.jsonl") -> list[str]:
        return [row["custom_id"] for row in self.file(name)]


def stopped(result: Any, reason: str, words: str = "") -> JobError:
    error = error_in(result, JobError, words)
    assert error.reason == reason
    return error


def stop_at(method: str, number: int) -> Callable[[Request], None]:
    """Return what raises Ctrl-C before the request of that number with that method."""
    left = [number]

    def before(request: Request) -> None:
        left[0] -= request.method == method
        if not left[0]:
            raise KeyboardInterrupt

    return before
