"""The group of commands, each in a module of its own that is imported when it is used.

`anthropix --help` needs none of these modules: it prints the summaries in this file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from .._version import __version__

# The summary of each command. The module of a command has its name, with an underscore in front;
# the command in it is called `command`.
COMMANDS = {
    "build": "Make a file of requests from the rows of a table.",
    "cancel": "Cancel a batch, or with --job all batches of a job.",
    "cost": "Price results, or what requests will cost at most.",
    "create": "Create a batch of the requests in FILE, and print it.",
    "delete": "Delete ended batches and their results. This cannot be undone.",
    "emulator": "Serve the Message Batches API on this machine.",
    "lint": "Check a file of requests, and say what is wrong with it.",
    "list": "List batches, newest first.",
    "results": "Print the rows of an ended batch, or write them to a file.",
    "run": "Run a file of requests as a job: any number, any crash, paid once.",
    "show": "Print the batch ID as it is now.",
    "status": "Print where the job in the folder DIR stands.",
    "usage": "Add up the tokens that results used, by model and kind.",
    "wait": "Wait until the batch ID has ended, and print it.",
}


class _LazyGroup(click.Group):
    """A group that imports the module of a command only to run it or to print its own help."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run the command line and exit."""
        extra = {**extra, "standalone_mode": False, "prog_name": "anthropix"}
        words = sys.argv[1:]
        if args is not None:
            words = list(args)
        try:
            code = super().main(words, **extra)
        except click.ClickException as error:
            _show(error, words)
            code = error.exit_code
        except click.Abort:
            # Ctrl-C before the command has begun
            click.echo("Nothing was done.", err=True)
            code = 130
        sys.exit(code)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        words = list(args)
        ctx = super().make_context(info_name, args, parent, **extra)
        ctx.meta["anthropix.words"] = words
        return ctx

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"._{cmd_name}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


def _show(error: click.ClickException, words: list[str]) -> None:
    """Print what is wrong with the command line, as JSON if that was asked for."""
    if "--json" not in words:
        error.show()
        return
    from ._errors import Failure
    from ._events import described, event

    failure = Failure(error.exit_code, "wrong_use", error.format_message())
    line = event("error", **described(failure), exit=failure.exit)
    import json

    click.echo(json.dumps(line), err=True)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anthropix")
def cli() -> None:
    """Anthropic's Message Batches API on the command line.

    The key comes from ANTHROPIC_API_KEY, the server from ANTHROPIC_BASE_URL. Data go to stdout,
    everything else to stderr. To rehearse without a key and without a bill: anthropix emulator.
    """
