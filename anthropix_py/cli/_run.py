"""The command `anthropix run`."""

from __future__ import annotations

import os
from shlex import quote
from typing import Any

import click

from .. import job
from ..result import unwrap
from . import _exits, _job, _place, _plan, _reading, _retry
from ._client import Server
from ._command import printing, talking, words
from ._errors import wrong_use
from ._numbers import DOLLARS, INTERVAL, TIMEOUT
from ._output import Output
from ._progress import shown
from ._words import plural


def _check(file: str) -> None:
    if file == "-":
        raise wrong_use("run needs a file", "the same command must find the requests again")
    _reading.check(file)


@click.command("run")
@click.argument("file")
@click.option("-o", "--output", metavar="FILE", help="Where the results go; - is stdout.")
@click.option("-d", "--dir", "folder", metavar="DIR", help="The job's folder; FILE.job by default.")
@click.option("--replace", is_flag=True, help="Replace the file of results if it is there.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, and do not price the job first.")
@click.option(
    "--max-cost",
    type=DOLLARS,
    metavar="DOLLARS",
    help="Create no batch that might lead beyond it; then end with 5. Needs the extra [cost].",
)
@click.option("--dry-run", is_flag=True, help="Print the plan, and create nothing.")
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Send the failed requests of a finished job again, as they are in FILE now.",
)
@click.option(
    "--timeout",
    type=TIMEOUT,
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
    type=INTERVAL,
    metavar="SECONDS",
    help="Between polls of a batch; by default what the server asks for.",
)
@click.option(
    "--same-workspace",
    is_flag=True,
    help="Vouch for it that the key is of the workspace in which the job began.",
)
@printing(events=True)
@talking(ask=True, check=_check)
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
    after a crash, Ctrl-C, or a full disk, and no request is paid twice because of that. A
    custom_id may be any text that is used once.

    On a terminal it says first what it will cost, and asks. Without a terminal it needs --yes.
    """
    server.pace.end_after(timeout)
    folder = folder or file.rstrip("/") + ".job"
    return _Run(out, server, file, folder, **options).run()


class _Run:
    """One run of a job, or of a retry of it."""

    def __init__(self, out: Output, server: Server, file: str, folder: str, **options: Any) -> None:
        self._out = out
        self._server = server
        self._links = _retry.begun(_retry.links(file, folder))
        self._options = options

    @property
    def _job(self) -> _retry.Link:
        """The job to be run."""
        return self._links[-1]

    def run(self) -> int:
        """Say what is planned, do it, and return the exit code."""
        out = self._out
        out.say(self._server.line)
        is_known = self._job.is_known
        self._check_output(is_known=is_known)
        if self._options["retry_failed"]:
            self._links = _retry.with_failed(self._links)
            is_known = self._job.is_known
        file, folder = self._job
        out.event("start", server=self._server.described(), file=file, job=folder)
        if is_known:
            out.say(f"The job in {folder} goes on.")
        if not self._may_begin(is_known=is_known):
            return self._not_begun()
        done = self._done()
        self._deliver(done)
        code = _job.finished(out, done, again=self._again())
        if len(self._links) > 1:
            out.say(_retry.in_all(self._links))
        left = _retry.left(self._links)
        if code == _exits.DONE and left:
            # they were not in FILE when the others were sent again
            out.warn(f"not sent again, because FILE lacks them: {plural(left, 'failed request')}")
            return _exits.SOME_FAILED
        return code

    def _not_begun(self) -> int:
        if self._options["dry_run"]:
            return _exits.DONE
        self._out.say("Nothing was created.")
        return _exits.UNFINISHED

    def _check_output(self, *, is_known: bool) -> None:
        output = self._options["output"]
        if output is None:
            return
        if os.path.isdir(self._links[0].file):
            folder = os.path.join(self._links[0].folder, "results")
            raise wrong_use(f"the results of a folder will be in {folder}", "leave -o out")
        if os.path.exists(output) and os.path.samefile(output, self._links[0].file):
            raise wrong_use(f"{output} is the file of the requests", "choose another -o")
        # what is there may be what an earlier call has written
        _place.check(output, self._out, replace=self._options["replace"] or is_known)

    def _may_begin(self, *, is_known: bool) -> bool:
        """Say what is planned; return whether to go on."""
        out, options, file = self._out, self._options, self._job.file
        if not options["dry_run"] and (options["yes"] or is_known):
            return True
        plan = _plan.of(self._server.client, file, options["batch_size"])
        out.say(plan.line)
        if plan.unpriced is not None:
            out.say(f"The price is not known: {plan.unpriced}")
        out.event("plan", **plan.described())
        if plan.errors:
            faults = plural(plan.errors, "fault")
            raise wrong_use(f"{faults} that no batch can hold", f"anthropix lint {quote(file)}")
        if plan.warned:
            requests = plural(plan.warned, "request")
            out.warn(f"{requests} will probably fail: anthropix lint {quote(file)}")
        return not options["dry_run"] and _plan.agreed(out, plan)

    def _max_cost(self) -> float | None:
        """Return the limit of this call; without one, that of the call before, which is named."""
        given: float | None = self._options["max_cost"]
        if given is not None or not self._job.is_known:
            return given
        known = job.policy(self._job.folder)
        kept = known[1].max_cost if known[0] == "ok" else None
        if kept is not None:
            self._out.say(f"The limit of the last call holds: --max-cost {kept:g}")
        return kept

    def _done(self) -> job.Summary:
        options, server, folder = self._options, self._server, self._job.folder
        policy = job.Policy(
            requests_per_batch=options["batch_size"],
            interval=options["interval"],
            max_cost=self._max_cost(),
        )
        self._out.goes_on = self._goes_on
        with shown(self._out, server.pace) as progress:
            watch = _job.JobWatch(self._out, server.pace, progress, folder)
            watch.begin()
            server.pace.on_wait = watch.waiting
            done = unwrap(
                job.run(
                    server.client,
                    self._job.file,
                    folder,
                    policy=policy,
                    same_workspace=options["same_workspace"],
                    on_event=watch.happened,
                )
            )
            watch.end()
            return done

    def _deliver(self, done: job.Summary) -> None:
        output, replace = self._options["output"], self._options["replace"]
        if output is None:
            folders = ", ".join(link.folder for link in self._links[:-1])
            if folders:
                folders = f" (and in {folders}; -o FILE puts all in one file)"
            self._out.say(f"Results: {done.results}{folders}")
            return
        if output != "-" and len(self._links) > 1:
            # what an earlier call has written, before this retry
            replace = replace or _place.holds(output, _retry.lines(self._links[:-1]))
        _place.deliver(self._out, _retry.lines(self._links), output, replace=replace)

    def _again(self) -> str | None:
        """Return the command that sends the failed requests again."""
        if os.path.isdir(self._links[0].file):
            return None
        typed = words()
        if self._options["retry_failed"]:
            return typed
        return f"{typed} --retry-failed"

    def _goes_on(self) -> list[tuple[str, str]]:
        count = _job.running(self._job.folder)
        state = "No batch is at work."
        if count:
            batches = plural(count, "batch")
            state = f"Still at work at {self._server.host}, and in the journal: {batches}."
        continued = (f"{state} Continue:", words())
        if not count:
            return [continued]
        cancel = f"anthropix cancel --job {quote(self._job.folder)}"
        return [continued, ("Stop and keep what is done:", cancel)]
