"""The commands, by click."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from .. import __version__, emulator
from ..emulator import KINDS, Fault
from ..emulator._faults import parse
from ..emulator._rows import OUTCOMES


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anthropix")
def cli() -> None:
    """Anthropic's Message Batches API on the command line."""


def _faults(
    _ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> tuple[Fault, ...]:
    try:
        return tuple(map(parse, texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _shares(
    _ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]
) -> dict[str, float]:
    pairs = [text.partition("=") for text in texts]
    try:
        return {outcome: float(share) for outcome, _, share in pairs}
    except ValueError:
        raise click.BadParameter("expected OUTCOME=SHARE, such as errored=0.1") from None


_FAULTS = "\n".join(f"  {kind:<13}{what}" for kind, what in KINDS.items())


@cli.command(
    "emulator",
    epilog=f"\b\nKinds of faults (CALL is create, list, show, cancel, delete, results, count_tokens or *):\n{_FAULTS}",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="The port; 0, the default, takes any."
)
@click.option("--takes", default=0.0, type=click.FloatRange(0), help="Seconds until a batch ends.")
@click.option("--looks", default=0, type=click.IntRange(0), help="Looks that a batch outlasts.")
@click.option(
    "--cancel-takes",
    default=0.0,
    type=click.FloatRange(0),
    help="Seconds until a canceled batch ends.",
)
@click.option("--progressive", is_flag=True, help="Let the counts move as time goes on.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    callback=_shares,
    metavar="OUTCOME=SHARE",
    help="Of " + ", ".join(OUTCOMES) + "; may be repeated.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    help="A model that exists; may be repeated. By default all do.",
)
@click.option("--calls-per-minute", type=click.IntRange(1), help="Answer 429 past so many.")
@click.option("--queue", type=click.IntRange(1), help="The most requests in processing.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    callback=_faults,
    metavar="CALL:KIND[=VALUE][,skip=N][,times=N|all]",
    help="See below; may be repeated.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder that keeps the batches.",
)
@click.option("--seed", type=int, help="Decides ids and outcomes; by default others each time.")
def emulate(
    host: str,
    port: int,
    takes: float,
    looks: int,
    cancel_takes: float,
    progressive: bool,
    outcomes: dict[str, float],
    models: tuple[str, ...],
    calls_per_minute: int | None,
    queue: int | None,
    faults: tuple[Fault, ...],
    state: Path | None,
    seed: int | None,
) -> None:
    """Serve the Message Batches API on this machine, until Ctrl-C.

    Prints the base URL and two lines of environment to paste. Without models, a key or a bill.
    """
    try:
        store = emulator.Store(
            takes=takes,
            looks=looks,
            cancel_takes=cancel_takes,
            progressive=progressive,
            outcomes=outcomes,
            models=models or None,
            calls_per_minute=calls_per_minute,
            queue=queue,
            state=state,
            seed=seed,
        )
        _serve(store, host, port, faults)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        raise click.ClickException(str(error)) from None


def _serve(store: emulator.Store, host: str, port: int, faults: tuple[Fault, ...]) -> None:
    ended = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: ended.set())
    with emulator.serve(store, host=host, port=port, faults=faults) as url:
        click.echo(f"The Message Batches API is emulated at {url}; Ctrl-C ends it.")
        click.echo(f"export ANTHROPIC_BASE_URL={url}")
        click.echo("export ANTHROPIC_API_KEY=any-key")
        while not ended.wait(3600):
            pass
