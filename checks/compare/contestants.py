"""Who is compared: what is installed, with which settings, and how each is started again."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

_DRIVERS = Path(__file__).parent / "drivers"
_ENVIRONMENTS = Path(".venv/compare")
_INSTALL_TIMEOUT = 600  # seconds


class Contestant(NamedTuple):
    """One contestant.

    *requirement*: what pip installs, None for this package. *package*: whose version is shown.
    *settings*: what the driver passes, where it is not the default. *again*: how its documents say
    that it is started again. *limits*: what could not be done, or had to be done from outside.
    """

    name: str
    requirement: str | None
    package: str
    settings: str
    again: str
    limits: str = ""

    @property
    def driver(self) -> Path:
        """Return the program that runs the job with it."""
        return _DRIVERS / f"run_{self.name}.py"

    @property
    def python(self) -> Path:
        """Return the interpreter that has it."""
        if self.requirement is None:
            return Path(sys.executable)
        return _ENVIRONMENTS.absolute() / self.name / "bin" / "python"

    @property
    def version(self) -> str:
        """Return the version that is installed."""
        if self.requirement is None:
            return importlib.metadata.version(self.package)
        paths = list((_ENVIRONMENTS / self.name / "lib").glob("python*/site-packages"))
        context = importlib.metadata.DistributionFinder.Context(
            name=self.package, path=[str(path) for path in paths]
        )
        for found in importlib.metadata.MetadataPathFinder.find_distributions(context):
            return found.version
        return "unknown"

    def install(self) -> str | None:
        """Install it unless that was done; return pip's last line if it cannot be installed."""
        if self.requirement is None:
            return None
        folder = _ENVIRONMENTS / self.name
        marker = folder / "installed"
        if marker.exists() and marker.read_text() == self.requirement:
            return None
        venv.create(folder, clear=True, with_pip=True)
        command = [
            str(self.python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        try:
            done = subprocess.run(
                [*command, self.requirement],
                capture_output=True,
                text=True,
                timeout=_INSTALL_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"pip took longer than {_INSTALL_TIMEOUT} s"
        if done.returncode != 0:
            return _last_line(done.stderr)
        marker.write_text(self.requirement)
        return None


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines or ["pip failed and said nothing"])[-1]


OURS = "anthropix_py"

CONTESTANTS = (
    Contestant(
        OURS,
        None,
        "anthropix_py",
        "job.run on the file of requests; Policy(requests_per_batch=13, interval=0.2, settle=4.0). "
        "Its batches differ in size by design: 4 or 5 of them. settle is 600 s by default; less "
        "saves time and makes a double payment likelier. It is enough here because the emulator "
        "lists a batch at once",
        "the same call again",
    ),
    Contestant(
        "steadybatch",
        "steadybatch[anthropic]==0.2.1",
        "steadybatch",
        "Runner(AnthropicBatch(), response_schema=..., checkpoint=..., batch_size=10, "
        "poll_every=0.2)",
        "the same script again with the same checkpoint (its guide, step 6)",
    ),
    Contestant(
        "batchlane",
        "batchlane==0.2.0",
        "batchlane",
        "submit_all(checkpoint=..., max_requests_per_batch=10), wait(poll_interval=0.2), results",
        "the identical call again with the same checkpoint (its readme, Resume submitted jobs)",
        "no setting for a base URL (batchlane/adapters/anthropic.py: the constant BASE_URL); the "
        "driver replaces this constant. Rows that failed are reported, and not sent again",
    ),
    Contestant(
        "pydantic_ai",
        "pydantic-ai-slim[anthropic]",
        "pydantic-ai-slim",
        "model_request_batch(max_requests=10, poll_interval=0.2 s, max_poll_interval=0.5 s)",
        "the same script again: the function keeps nothing between processes (its docstring points "
        "to the batch_* methods of a model for collecting in another process)",
    ),
    Contestant(
        "batchwizard",
        "batchwizard==0.5.0",
        "batchwizard",
        "submit --provider anthropic (four files), then watch --check-interval 1",
        "watch again; what was submitted with an unknown outcome is identified by a person with "
        "list-jobs and attached with reconcile INTENT --batch-id (its readme, Durable jobs)",
        "the driver plays this person: it reads the batches that no job has, attaches each to the "
        "file whose custom_ids it holds, discards the other intents and submits their files again. "
        "Rows that failed are reported, and not sent again",
    ),
    Contestant(
        "official_sdk",
        "anthropic",
        "anthropic",
        "Anthropic() with its two retries; create, ids in a list, poll every 0.2 s, results as a "
        "stream, failed rows in a further round",
        "the same script again",
    ),
)
