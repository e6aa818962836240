"""The command `anthropix cancel`."""

from __future__ import annotations

import click

from .. import batch
from ..result import unwrap
from ._client import Server
from ._command import printing, talking, words
from ._errors import wrong_use
from ._output import Output
from ._show import print_one


@click.command("cancel")
@click.argument("id", required=False)
@click.option("--job", "folder", metavar="DIR", help="Cancel the job in this folder instead.")
@printing()
@talking()
def command(out: Output, server: Server, id: str | None, folder: str | None) -> int:
    """Cancel a batch, or with --job all batches of a job.

    Requests that are being processed are finished, and billed; the batch ends soon after. With
    --job what was done is collected. Only batches proven to be of that job are canceled.
    """
    if (id is None) == (folder is None):
        raise wrong_use("pass the ID of a batch, or --job DIR", "anthropix list shows the ids")
    out.say(server.line)
    if folder is not None:
        return _cancel_job(out, server, folder)
    canceled = unwrap(batch.cancel(server.client, id or ""))
    print_one(out, canceled)
    return 0


def _cancel_job(out: Output, server: Server, folder: str) -> int:
    from .. import job
    from . import _retry
    from ._job import JobWatch, finished
    from ._progress import shown

    # a retry of the job, if that is what runs
    folder = _retry.links("", folder)[-1].folder
    # Only the last one can have batches that run: a retry begins when what was before it has ended.
    folder = _retry.begun(_retry.links("", folder))[-1].folder
    out.has_events = True
    out.goes_on = lambda: [("The job is being canceled. Continue:", words())]
    with shown(out, server.pace) as progress:
        watch = JobWatch(out, server.pace, progress, folder)
        server.pace.on_wait = watch.waiting
        done = unwrap(job.cancel(server.client, folder, on_event=watch.happened))
        watch.end()
    finished(out, done)
    out.say(f"Results: {done.results}")
    return 0
