"""The command `anthropix emulator`: the options of the emulator's store and of its server."""

from __future__ import annotations

import queue
import signal
from pathlib import Path
from typing import IO, Any

import click

from .. import emulator
from ..emulator import KINDS, OUTCOMES, Fault, Reply

_TICK = 1.0  # seconds
_CALLS = "create, list, show, cancel, delete, results, count_tokens or *"
_WIDTH = max(map(len, KINDS)) + 2
_FAULTS = "\n".join(f"  {kind:<{_WIDTH}}{text}" for kind, text in KINDS.items())


class _BadFile(click.ClickException):
    """A file with wrong content: reported in one line, with the exit code of a wrong option."""

    exit_code = 2


def _faults(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[Fault, ...]:
    try:
        return tuple(map(Fault.parse, texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _shares(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, float]:
    pairs = [text.partition("=") for text in texts]
    try:
        return {outcome: float(share) for outcome, _, share in pairs}
    except ValueError:
        raise click.BadParameter("expected OUTCOME=SHARE, such as errored=0.1") from None


def _reply(text: str | None, file: IO[bytes] | None) -> Reply | None:
    """Return the reply that the two options describe, None without them."""

    def always(_: object) -> str:
        return text or ""

    default: Reply | None = always
    if text is None:
        default = None
    if file is None:
        return default
    try:
        with file:
            return emulator.read_replies(file, default)
    except ValueError as error:
        raise _BadFile(f"{file.name}, {error}") from None


@click.command(
    "emulator",
    epilog=f"\b\nCALL is {_CALLS}.\nKINDs of faults, with the default of VALUE in brackets:\n"
    f"{_FAULTS}",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="Port; by default a free one."
)
@click.option("--takes", default=0.0, type=click.FloatRange(0), help="Seconds until a batch ends.")
@click.option(
    "--looks",
    default=0,
    type=click.IntRange(0),
    help="Number of `show` calls before a batch ends.",
)
@click.option(
    "--cancel-takes",
    default=0.0,
    type=click.FloatRange(0),
    help="Seconds until a canceled batch ends.",
)
@click.option(
    "--progressive", is_flag=True, help="Change the counts while a batch runs, not only at its end."
)
@click.option(
    "--reply", metavar="TEXT", help="Reply to every request; by default a quote of its prompt."
)
@click.option(
    "--reply-file",
    type=click.File("rb"),
    help='JSON Lines of {"custom_id": ..., "reply": ...}: the replies to these requests. '
    "A reply is text, fields of a message, or a complete result.",
)
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    callback=_shares,
    metavar="OUTCOME=SHARE",
    help=f"Share of requests with this outcome, such as errored=0.1; may be repeated. Outcomes: "
    f"{', '.join(OUTCOMES)}.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A model that exists; may be repeated. By default any model exists.",
)
@click.option(
    "--api-key",
    "api_keys",
    multiple=True,
    help="A key to accept; may be repeated. By default any key is accepted.",
)
@click.option(
    "--calls-per-minute",
    type=click.IntRange(1),
    help="Respond with 429 above this many calls a minute.",
)
@click.option(
    "--queue",
    type=click.IntRange(1),
    help="Respond with 429 above this many requests in processing.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=_faults,
    metavar="CALL:KIND[=VALUE][,skip=N][,times=N|all]",
    help="A fault to inject, see below; may be repeated.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps the batches across restarts.",
)
@click.option("--seed", type=int, help="Seed for ids and outcomes; random by default.")
def command(
    host: str,
    port: int,
    reply: str | None,
    reply_file: IO[bytes] | None,
    models: tuple[str, ...],
    api_keys: tuple[str, ...],
    faults: tuple[Fault, ...],
    **options: Any,
) -> None:
    """Serve the Message Batches API on this machine.

    Runs until Ctrl-C, and prints the base URL and the two environment variables that clients
    read. Needs no real key and costs nothing, because no model is called.

    A fault is CALL:KIND[=VALUE]. It leaves the first N calls alone (skip=N; 0 by default) and
    affects the next N calls (times=N; 1 by default). Example: results:cut=10000,skip=1.
    """
    try:
        store = emulator.Store(
            reply=_reply(reply, reply_file),
            models=models or None,
            api_keys=api_keys or None,
            **options,
        )
        _serve(store, host, port, faults, next(iter(api_keys), "any-key"))
    except (ValueError, OSError, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from None


def _serve(
    store: emulator.Store, host: str, port: int, faults: tuple[Fault, ...], api_key: str
) -> None:
    # Not an Event: a handler that sets one waits for ever if the signal comes just as the main
    # thread begins to wait. A SimpleQueue is made for such calls.
    stopped: queue.SimpleQueue[None] = queue.SimpleQueue()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopped.put(None))
    with emulator.serve(store, host=host, port=port, faults=faults) as url:
        click.echo(f"The Message Batches API is emulated at {url}; Ctrl-C stops it.")
        click.echo(f"export ANTHROPIC_BASE_URL={url}")
        click.echo(f"export ANTHROPIC_API_KEY={api_key}")
        _wait_for(stopped)


def _wait_for(stopped: queue.SimpleQueue[None]) -> None:
    while True:
        try:
            stopped.get(timeout=_TICK)
            return
        except queue.Empty:
            # Windows runs no handler while the main thread waits.
            continue
