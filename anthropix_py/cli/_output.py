"""What a command prints: data on stdout; all else, for people, on stderr."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

import click

from .. import _json
from . import _table
from ._errors import Failure
from ._events import described, event
from ._exits import PipeClosed

Form = Literal["auto", "json", "table"]

_LONGEST = 300  # characters of a warning
_NO_TERMINAL = (200, 24)  # columns and lines, where there is no terminal


class Display(Protocol):
    """A display that is redrawn in place; lines printed meanwhile stand above it."""

    def print(self, text: str) -> None:
        """Print a line above the display."""
        ...


class Output:
    """The streams of one command, and in which form it prints.

    `form`: `json` and `table` are forced, `auto` is a table on a terminal and JSON Lines elsewhere.
    `has_events`: whether the command ends its JSON with a summary. `summary`: the fields of that,
    which the command fills in. `goes_on`: returns what to tell a person after an interrupt, each
    with a command; the first one continues. `display`: what is being redrawn at the moment.
    """

    def __init__(
        self, form: Form, *, quiet: bool, may_ask: bool, debug: bool, has_events: bool
    ) -> None:
        self.form = form
        self.quiet = quiet
        self.debug = debug
        self.has_events = has_events
        self.summary: dict[str, Any] = {}
        self.goes_on: Callable[[], list[tuple[str, str]]] = list
        self.display: Display | None = None
        self._may_ask = may_ask

    @property
    def is_json(self) -> bool:
        """Whether programs read everything: no lines for people then."""
        return self.form == "json"

    @property
    def as_table(self) -> bool:
        """Whether data are printed for people."""
        return self.form == "table" or (self.form == "auto" and _is_terminal("stdout"))

    @property
    def is_live(self) -> bool:
        """Whether progress can be redrawn in place."""
        if self.quiet or self.is_json or os.environ.get("TERM") == "dumb":
            return False
        return _is_terminal("stderr")

    @property
    def can_ask(self) -> bool:
        """Whether somebody can answer a question."""
        if self.is_json or not self._may_ask:
            return False
        return _is_terminal("stdin") and _is_terminal("stderr")

    @property
    def width(self) -> int:
        """The columns of the terminal."""
        return shutil.get_terminal_size(_NO_TERMINAL).columns

    def data(self, value: object) -> None:
        """Print a value as one line of JSON."""
        _write(_json.dumps(value) + b"\n")

    def stream(self, blocks: Iterable[bytes]) -> None:
        """Print blocks of bytes as they are."""
        stdout = sys.stdout.buffer
        try:
            for block in blocks:
                stdout.write(block)
            stdout.flush()
        except BrokenPipeError:
            raise PipeClosed from None

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            _write(line + "\n")

    def text(self, text: str) -> None:
        """Print a text for people, in lines that fit the terminal."""
        width = 0
        if _is_terminal("stdout"):
            width = self.width
        self.lines(fitted(self.clean(text), None, width))

    def table(self, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table, as wide as the terminal."""
        self.lines(_table.lines(names, rows, self.width))

    def record(self, fields: dict[str, object]) -> None:
        """Print names and values below each other."""
        self.lines(_table.records(list(fields), [list(fields.values())]))

    def event(self, name: str, **fields: object) -> None:
        """Print an event, if programs read the output."""
        if self.is_json:
            self.data(event(name, **fields))

    def say(self, text: str, command: str | None = None) -> None:
        """Print a line for people; a *command* to be typed stands at its end, or below it."""
        if not self.quiet and not self.is_json:
            self._note(text, command)

    def warn(self, text: str) -> None:
        """Print a warning, or an event."""
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}..."
        if self.is_json and self.has_events:
            self.event("warning", message=text)
        elif not self.quiet:
            self._note(f"Warning: {text}")

    def trace(self, text: str) -> None:
        """Print a line of `--debug`."""
        self._note(text)

    def fail(self, failure: Failure) -> None:
        """Print why the command failed, and what to do."""
        if not self.is_json:
            self._note(f"Error: {failure.message}")
            if failure.next is not None:
                self._note(f"Next: {failure.next}")
        elif not self.has_events:
            error = event("error", **described(failure), exit=failure.exit)
            _write(_json.dumps(error) + b"\n", err=True)

    def end(self, code: int, failure: Failure | None) -> None:
        """Print the summary, the last line of a command with events."""
        if not self.has_events:
            return
        error = None
        if failure is not None:
            error = described(failure)
        self.event("summary", **self.summary, error=error, exit=code)

    def ask(self, question: str) -> bool:
        """Return whether a person says yes; nothing typed means no."""
        # Not click.confirm: in `input` an interrupt is lost that arrives after the question was
        # written and before reading begins. Here Python looks for it in between.
        _write(f"{question} [y/N]: ", err=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def clean(self, text: str) -> str:
        """Return *text* without what could control a terminal."""
        return "\n".join(map(_table.printable, text.splitlines()))

    def _note(self, text: str, command: str | None = None) -> None:
        width = 0
        if _is_terminal("stderr"):
            width = self.width
        for line in fitted(self.clean(text), command, width):
            if self.display is not None:
                self.display.print(line)
            else:
                _write(line + "\n", err=True)


def fitted(text: str, command: str | None, width: int) -> list[str]:
    """Return *text* as lines of at most *width* columns, 0 for any; a command is never broken."""
    if command is not None:
        line = f"{text}  {command}"
        if not width or len(line) <= width:
            return [line]
        return [*fitted(text, None, width), f"  {command}"]
    if not width:
        return text.splitlines()
    wrapper = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    return [part for line in text.splitlines() for part in wrapper.wrap(line) or [""]]


def _write(text: str | bytes, *, err: bool = False) -> None:
    try:
        click.echo(text, nl=False, err=err)
    except BrokenPipeError:
        raise PipeClosed from None
    except UnicodeEncodeError:
        # a terminal or a file that is not for UTF-8
        click.echo(str(text).encode("ascii", "backslashreplace"), nl=False, err=err)


def _is_terminal(name: Literal["stdin", "stdout", "stderr"]) -> bool:
    stream = getattr(sys, name)
    return bool(stream is not None and not stream.closed and stream.isatty())
