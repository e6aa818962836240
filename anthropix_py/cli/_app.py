"""The group of commands, each in a module of its own that is imported when it is used.

`anthropix --help` needs none of these modules: it prints the summaries in this file.
"""

from __future__ import annotations

from importlib import import_module

import click

from .._version import __version__

# The summary of each command. The module of a command has its name, with an underscore in front;
# the command in it is called `command`.
COMMANDS = {
    "emulator": "Serve the Message Batches API on this machine.",
}


class _LazyGroup(click.Group):
    """A group that imports the module of a command only to run it or to print its own help."""

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


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="anthropix")
def cli() -> None:
    """Anthropic's Message Batches API on the command line."""
