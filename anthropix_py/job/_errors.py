"""Why a job stops."""

from __future__ import annotations

from typing import Literal

from ..errors import AnthropixError

JobReason = Literal[
    "another_input",
    "incomplete_input",
    "another_workspace",
    "running_elsewhere",
    "unsettled",
    "canceled_elsewhere",
    "corrupt",
    "network_file_system",
    "over_budget",
]
"""Why a job stopped; `JobError` explains each."""


class JobError(AnthropixError):
    """A job cannot go on; nothing is lost, and calling it again continues it.

    `reason`: `another_input` (the folder holds a job over other requests), `incomplete_input` (the
    input was not read to its end: call `run`), `another_workspace` (the server does not show the
    batches of this job), `running_elsewhere` (another process runs it: `pid`), `unsettled` (nobody
    can know if a batch was created), `canceled_elsewhere` (somebody canceled batches of this job),
    `corrupt` (a file of the folder is damaged), `network_file_system` (the folder lies on one) or
    `over_budget`. `detail`: what was found and what a person can do. `pid`: None if not known.
    """

    def __init__(self, reason: JobReason, detail: str, pid: int | None = None) -> None:
        super().__init__(reason, detail, pid)
        self.reason: JobReason = reason
        self.detail = detail
        self.pid = pid

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
