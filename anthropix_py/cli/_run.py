"""The command `anthropix run`."""

from __future__ import annotations

from typing import Any

import click

from .. import job
from ..result import unwrap
from . import _exits, _job, _place, _plan, _reading
from ._client import Server
from ._command import printing, talking, words
from ._errors import wrong_use
from ._output import Output
from ._progress import shown
from ._words import plural


@click.command("run")
@click.argument("file")
@click.option("-o", "--output", metavar="FILE", help="Where the results go; - is stdout.")
@click.option("-d", "--dir", "folder", metavar="DIR", help="The job's folder; FILE.job by default.")
@click.option("--replace", is_flag=True, help="Replace the file of results if it is there.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, and do not price the job first.")
@click.option("--dry-run", is_flag=True, help="Print the plan, and create nothing.")
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Stop then, with exit code 5; the batches go on.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 100_000),
    default=job.Policy().requests_per_batch,
    show_default=True,
    help="Requests in a batch at most.",
)
@click.option(
    "--interval",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Between polls of a batch; by default what the server asks for.",
)
@click.option(
    "--same-workspace",
    is_flag=True,
    help="Vouch for it that the key is of the workspace in which the job began.",
)
@printing(events=True)
@talking(ask=True)
def command(
    out: Output,
    server: Server,
    file: str,
    folder: str | None,
    timeout: float | None,
    **options: Any,
) -> int:
    """Run a file of requests as a job: any number, any crash, paid once.

    FILE has one request a line, {"custom_id": ..., "params": {...}}; it may be compressed with
    gzip, or a folder of such files. The job is kept in DIR: the same command again continues it,
    after a crash, Ctrl-C, or a full disk. Nothing is paid twice.

    On a terminal it says first what it will cost, and asks. Without a terminal it needs --yes.
    """
    if file == "-":
        raise wrong_use("run needs a file", "the same command must find the requests again")
    _reading.check(file)
    server.pace.end_after(timeout)
    folder = folder or file.rstrip("/") + ".job"
    return _Run(out, server, file, folder, **options).run()


class _Run:
    """One run of a job."""

    def __init__(self, out: Output, server: Server, file: str, folder: str, **options: Any) -> None:
        self._out = out
        self._server = server
        self._file = file
        self._folder = folder
        self._options = options

    def run(self) -> int:
        """Say what is planned, do it, and return the exit code."""
        out, output = self._out, self._options["output"]
        out.say(self._server.line)
        out.event("start", server=self._server.described(), file=self._file, job=self._folder)
        known = job.status(self._folder)
        is_known = known[0] == "ok"
        if output is not None:
            _place.check(output, out, replace=self._options["replace"] or is_known)
        if is_known:
            out.say(f"The job in {self._folder} goes on.")
        if not self._may_begin(is_known=is_known):
            return _exits.DONE
        done = self._done()
        if output is not None:
            _place.deliver(out, done.results, output, replace=self._options["replace"])
        code = _job.finished(out, done, self._folder)
        if output is None:
            out.say(f"Results: {done.results}")
        return code

    def _may_begin(self, *, is_known: bool) -> bool:
        """Say what is planned; return whether to go on."""
        out, options = self._out, self._options
        if not options["dry_run"] and (options["yes"] or is_known):
            return True
        plan = _plan.of(self._file, options["batch_size"])
        out.say(plan.line)
        out.event("plan", **plan._asdict())
        if options["dry_run"]:
            return False
        if _plan.agreed(out, plan):
            return True
        out.say("Nothing was created.")
        return False

    def _done(self) -> job.Summary:
        out, options = self._out, self._options
        policy = job.Policy(requests_per_batch=options["batch_size"], interval=options["interval"])
        out.goes_on = self._goes_on
        with shown(out, self._server.pace) as progress:
            watch = _job.JobWatch(out, self._server.pace, progress, self._folder)
            self._server.pace.on_wait = watch.waiting
            return unwrap(
                job.run(
                    self._server.client,
                    self._file,
                    self._folder,
                    policy=policy,
                    same_workspace=options["same_workspace"],
                    on_event=watch.happened,
                )
            )

    def _goes_on(self) -> list[str]:
        count = _job.running(self._folder)
        if not count:
            return [f"No batch is at work. Continue:  {words()}"]
        verb = "go"
        if count == 1:
            verb = "goes"
        batches = f"{plural(count, 'batch')} {verb} on at {self._server.host}"
        return [
            f"{batches}, and the journal knows. Continue:  {words()}",
            f"Stop and keep what is done:  anthropix cancel --job {self._folder}",
        ]
