"""Write the page of each command from its code, or check that the pages are current.

Run it to write docs/commands/*.md; with --check it ends with 1 if a page is not current.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path

import click

from anthropix_py.cli._app import COMMANDS, cli
from anthropix_py.cli._exits import MEANINGS

FOLDER = Path(__file__).parents[1] / "docs" / "commands"


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file."""
    found = {f"{name}.md": page(name) for name in COMMANDS}
    return {"index.md": index(), **found}


def index() -> str:
    """Return the page that lists the commands, and what holds for all of them."""
    rows = [f"| [{name}]({name}.md) | {summary} |" for name, summary in COMMANDS.items()]
    codes = [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    context = click.Context(cli, info_name="anthropix")
    return "\n".join(
        [
            "# The command anthropix",
            "",
            *paragraphs(cli),
            "```text",
            cli.get_usage(context),
            "```",
            "",
            "| command | what it does |",
            "|---|---|",
            *rows,
            "",
            *COMMON.strip().splitlines(),
            "",
            "## Exit codes",
            "",
            "| code | meaning |",
            "|---|---|",
            *codes,
            "",
        ]
    )


COMMON = """
## What all commands have in common

- **Data go to stdout, everything else to stderr.** On a terminal data are a table, elsewhere JSON
  Lines; `--json` and `--table` force one of them. The rows of `results` are JSON Lines everywhere.
  A closed pipe ends a command quietly.
- **With `--json`** a command that takes long prints events, of which the last is always a
  `summary` with the exit code and, if it failed, the error with its code, message, request id and
  next step. The other commands print the API's own objects, and an error as one line of JSON on
  stderr. `anthropix_py/cli/events.schema.json` describes every line.
- **Every line about a server** names its host, whether it is an emulator, and the last four
  characters of the key. So nobody mistakes the real API for a rehearsal.
- **The key** comes from `ANTHROPIC_API_KEY` or `ANTHROPIC_AUTH_TOKEN`. There is no option for it,
  because every user of a machine can read the command lines of all processes, and shells keep them.
- **Progress is honest.** The API's counts stay at zero until a batch ends, so no bar moves for a
  request. Off a terminal there is one line for each change, and one every ten minutes without.
- **Ctrl-C and SIGTERM** leave batches running. What goes on is said, with the command to continue.
- `--quiet` prints errors and data alone, `--no-input` asks nothing, `--debug` shows every request
  and response (never their contents), and `NO_COLOR` is respected.
- **Completion** for bash: `eval "$(_ANTHROPIX_COMPLETE=bash_source anthropix)"`; for zsh and fish
  with `zsh_source` and `fish_source`. It makes no network call.
"""


def page(name: str) -> str:
    """Return the page of one command."""
    context = click.Context(cli, info_name="anthropix")
    command = cli.get_command(context, name)
    if command is None:
        raise LookupError(name)
    own = click.Context(command, info_name=name, parent=context)
    records = [one.get_help_record(own) for one in command.get_params(own)]
    rows = [f"| `{cell(one[0])}` | {cell(one[1])} |" for one in records if one and one[1]]
    lines = [
        f"# anthropix {name}",
        "",
        "```text",
        command.get_usage(own).removeprefix("Usage: "),
        "```",
        "",
        *paragraphs(command),
        "| option | meaning |",
        "|---|---|",
        *rows,
        "",
    ]
    if command.epilog:
        lines += ["```text", command.epilog.replace("\b\n", "").strip(), "```", ""]
    return "\n".join(lines)


def paragraphs(command: click.Command) -> list[str]:
    """Return the help of a command as lines of Markdown."""
    text = inspect.cleandoc(command.help or "").replace("\b\n", "")
    return [line.replace("<", "&lt;").replace("[", r"\[") for line in text.splitlines()] + [""]


def cell(text: str) -> str:
    """Return a text that a cell of a table can hold."""
    return " ".join(text.replace("|", r"\|").split())


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description="Write the page of each command.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    wanted = pages()
    if not options.check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in wanted.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | there if wanted.get(name) != there.get(name))
    for name in stale:
        print(f"docs/commands/{name} is not current: run python checks/command_pages.py")
    return min(len(stale), 1)


if __name__ == "__main__":
    sys.exit(main())
