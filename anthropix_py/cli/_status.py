"""The command `anthropix status`."""

from __future__ import annotations

import time
from shlex import quote

import click

from .. import job
from ..result import unwrap
from . import _job, _retry
from ._client import Server
from ._command import printing, talking
from ._events import event
from ._output import Output

_NAMES = ("attempt", "requests", "state", "batch")


@click.command("status")
@click.argument("folder", metavar="DIR")
@click.option(
    "--refresh",
    is_flag=True,
    help="Do first what can be done now: poll, collect, create what the job has planned.",
)
@printing()
@talking(only_with=("refresh",), ask=True)
def command(out: Output, server: Server | None, folder: str, refresh: bool) -> None:
    """Print where the job in the folder DIR stands.

    Only reads, also while the job runs in another terminal, and needs no network and no key. With
    --refresh it does what a job that runs would do now, without waiting; for cron.
    """
    del refresh
    if server is not None:
        out.say(server.line)
        found = unwrap(job.step(server.client, folder))
    else:
        found = unwrap(job.status(folder))
    retry = _retry.links("", folder)[-1].folder
    if retry != folder:
        out.say("The failed requests were sent again:", f"anthropix status {quote(retry)}")
    if not out.as_table:
        details = {**_job.described(found), "next_at": found.next_at}
        attempts = [one._asdict() for one in found.batches]
        out.data(event("status", **details, attempts=attempts))
        return
    out.record(_fields(found))
    if found.batches:
        out.lines([""])
        rows = [[*one[:2], _job.in_words(one.state), one.batch] for one in found.batches]
        out.table(_NAMES, rows)


def _fields(found: job.Progress) -> dict[str, object]:
    failed = ", ".join(f"{count:,} {kind}" for kind, count in found.failed.items()) or "0"
    next_at = "finished"
    if found.next_at is not None:
        next_at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.next_at))
    return {
        "requests": found.total,
        "succeeded": found.succeeded,
        "failed": failed,
        "waiting": found.waiting,
        "next poll": next_at,
    }
