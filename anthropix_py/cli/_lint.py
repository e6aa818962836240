"""The command `anthropix lint`."""

from __future__ import annotations

from typing import Any

import click

from .. import validate
from ..result import unwrap
from . import _exits, _reading
from ._client import Server
from ._command import printing, talking
from ._errors import wrong_use
from ._output import Output
from ._words import plural

_NAMES = ("model", "requests", "counted", "tokens of one", "input tokens")
_TRIALS = ("outcome", "requests", "custom_id", "what it says")


@click.command("lint")
@click.argument("file")
@click.option("--strict", is_flag=True, help="End with 2 for warnings, too.")
@click.option(
    "--count-tokens",
    is_flag=True,
    help="Count input tokens with the server: one free call for each shape of request.",
)
@click.option(
    "--canary",
    is_flag=True,
    help="Try one request of each shape as a small real batch, and wait for it. Costs money.",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the canary.")
@printing(events=True)
@talking(only_with=("count_tokens", "canary"), check=_reading.check)
def command(
    out: Output, server: Server | None, file: str, strict: bool, yes: bool, **asked: bool
) -> int:
    """Check a file of requests, and say what is wrong with it.

    FILE has one request a line, and may be compressed with gzip and of any size. An error prevents
    a batch; the server would process a request with a warning, and probably report it as failed.
    For anthropix run a custom_id may be any text; here it must be one that a batch can hold. Needs
    no network and no key, unless it counts tokens or tries a canary.

    Ends with 2 if there are errors, and with 3 if the canary had failures.
    """
    report = unwrap(validate.file(file))
    _print(out, report)
    if not report.requests:
        raise wrong_use(f"{file} holds no requests")
    if report.errors or (strict and report.warned):
        return _exits.WRONG_USE
    if server is None:
        return _exits.DONE
    return _ask(out, server, file, yes=yes, **asked)


def _print(out: Output, report: validate.Report) -> None:
    for group in report.groups:
        places = [place._asdict() for place in group.places]
        fields = ("severity", "pointer", "found", "expected", "count")
        details = {name: getattr(group, name) for name in fields}
        out.event("problem", **details, places=places)
    names = ("requests", "bytes", "errors", "warned", "models", "max_tokens", "largest")
    out.summary |= {name: getattr(report, name) for name in names}
    if not out.is_json:
        out.text(str(report))


def _ask(
    out: Output, server: Server, file: str, *, yes: bool, count_tokens: bool, canary: bool
) -> int:
    """Ask the server to count and to try the requests, and return the exit code."""
    from .. import preflight

    out.say(server.line)
    shapes = preflight.shapes(_reading.requests(file))
    if count_tokens:
        _count(out, server, shapes)
    if not canary:
        return _exits.DONE
    number = len(shapes.samples)
    question = f"Create a batch of {plural(number, 'request')}, one of each shape? It costs money."
    if not yes:
        if not out.can_ask:
            raise wrong_use("nobody can be asked about the canary, which costs money", "add --yes")
        if not out.ask(question):
            out.say("Nothing was created.")
            return _exits.UNFINISHED
    return _try(out, server, shapes)


def _count(out: Output, server: Server, shapes: Any) -> None:
    from .. import preflight

    counted = unwrap(preflight.count(server.client, shapes))
    out.summary["input_tokens"] = counted.input_tokens
    for shape in counted.shapes:
        out.event("shape", **shape._asdict())
    if not out.is_json:
        rows = [
            [one.model, one.requests, one.custom_id, one.sample_tokens, one.input_tokens]
            for one in counted.shapes
        ]
        out.table(_NAMES, rows)
        out.lines([f"about {counted.input_tokens:,} input tokens"])


def _try(out: Output, server: Server, shapes: Any) -> int:
    from .. import preflight
    from ._progress import shown
    from ._wait import Watch

    with shown(out, server.pace) as progress:
        watch = Watch(out, server, "canary", progress)
        server.pace.on_wait = watch.waiting
        found = unwrap(preflight.canary(server.client, shapes, on_update=watch.update))
    out.summary["failed_shapes"] = len(found.failed)
    for trial in found.trials:
        out.event("trial", **trial._asdict())
    if not out.is_json:
        rows = [[one.outcome, one.requests, one.custom_id, one.message] for one in found.trials]
        out.table(_TRIALS, rows)
    if found.failed:
        return _exits.SOME_FAILED
    return _exits.DONE
