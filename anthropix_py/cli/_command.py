"""What all commands share: their common options, and how they end."""

from __future__ import annotations

import functools
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from ..errors import AnthropixError
from . import _exits
from ._client import Options, Surroundings, connect
from ._errors import CommandError, Failure, failure_of
from ._exits import PipeClosed, Stop, Terminated, TimeIsUp
from ._log import logged
from ._numbers import INTERVAL
from ._output import Form, Output

Function = Callable[..., Any]

WORDS = "anthropix.words"
"""Where the context of a command has the words of its command line."""

_EXPECTED = (AnthropixError, CommandError, OSError, ModuleNotFoundError)


def printing(*, events: bool = False) -> Callable[[Function], Function]:
    """Pass a command its `Output` first, add the options for that, and end it as people expect.

    *events*: whether its JSON consists of events, of which the last is a summary.
    """

    def decorate(function: Function) -> Function:
        @click.option("--json", "form", flag_value="json", help=_help_of_json(events=events))
        @click.option("--table", "form", flag_value="table", help="Print a table in any case.")
        @click.option("-q", "--quiet", is_flag=True, help="Print errors only, beside the data.")
        @click.option("--no-input", is_flag=True, help="Ask nothing; a question counts as no.")
        @click.option("--debug", is_flag=True, help="Show every request and response.")
        @functools.wraps(function)
        def call(
            form: Form | None,
            quiet: bool,
            no_input: bool,
            debug: bool,
            **options: Any,
        ) -> None:
            out = Output(
                form or "auto", quiet=quiet, may_ask=not no_input, debug=debug, has_events=events
            )
            click.get_current_context().exit(
                ended(out, functools.partial(function, out, **options))
            )

        return call

    return decorate


def _help_of_json(*, events: bool) -> str:
    if events:
        return "Print events as JSON Lines, a summary last."
    return "Print JSON Lines in any case."


def talking(
    *,
    ask: bool = False,
    only_with: tuple[str, ...] = (),
    check: Callable[[str], object] | None = None,
) -> Callable[[Function], Function]:
    """Pass a command its `Server` second, and add the options for that; below `printing`.

    *ask*: make a call that proves the key first, because what follows costs money. *only_with*:
    options; without any of them the command talks to nobody, and gets None. *check*: called with
    FILE before anything is sent, and before a key is missed.
    """

    def decorate(function: Function) -> Function:
        @click.option("--base-url", metavar="URL", help="The server; ANTHROPIC_BASE_URL.")
        @click.option("--beta", multiple=True, metavar="NAME", help="A beta to use; repeatable.")
        @click.option(
            "--read-timeout",
            default=600.0,
            show_default=True,
            type=INTERVAL,
            metavar="SECONDS",
            help="Silence after which a connection is given up.",
        )
        @click.option(
            "--ca-bundle", metavar="FILE", help="Authorities to trust instead of the system's."
        )
        @functools.wraps(function)
        def call(
            out: Output,
            base_url: str | None,
            beta: tuple[str, ...],
            read_timeout: float,
            ca_bundle: str | None,
            **options: Any,
        ) -> object:
            if check is not None:
                check(options["file"])
            if only_with and not any(options[name] for name in only_with):
                return function(out, None, **options)
            given = Options(base_url, beta, read_timeout, ca_bundle)
            surroundings = click.get_current_context().find_root().obj or Surroundings()
            try:
                server = connect(out, given, surroundings, ask=ask)
            except ValueError as error:
                # an option or a variable that init refuses
                raise CommandError(failure_of(error)) from None
            return function(out, server, **options)

        return call

    return decorate


def words() -> str:
    """Return the command line as it was typed, to be typed again."""
    typed: list[str] = click.get_current_context().meta[WORDS]
    return shlex.join(["anthropix", *typed])


def ended(out: Output, run: Callable[[], int | None]) -> int:
    """Run a command, print what it ended with, and return its exit code."""
    failure = None
    try:
        with _terminable(), logged(out):
            code = run() or _exits.DONE
    except PipeClosed as stop:
        _silence()
        return stop.code
    except KeyboardInterrupt as stop:
        failure = _stopped(out, stop)
        code = failure.exit
    except _EXPECTED as error:
        failure = failure_of(error)
        code = failure.exit
        out.fail(failure)
    return _finished(out, code, failure)


def _finished(out: Output, code: int, failure: Failure | None) -> int:
    try:
        out.end(code, failure)
        sys.stdout.flush()
    except (PipeClosed, BrokenPipeError):
        _silence()
    except OSError as error:
        # a full disk behind stdout
        full = failure_of(error)
        _silence()
        out.fail(full)
        return full.exit
    return code


def _stopped(out: Output, stop: KeyboardInterrupt) -> Failure:
    """Return the failure of an interrupt, after printing what goes on."""
    kinds: dict[type, tuple[str, str]] = {
        TimeIsUp: ("timeout", "The time is up."),
        Terminated: ("terminated", "Terminated."),
    }
    name, message = kinds.get(type(stop), ("interrupted", "Interrupted."))
    code = _exits.INTERRUPTED
    if isinstance(stop, Stop):
        code = stop.code
    next = None
    for text, command in out.goes_on():
        out.say(text, command)
        next = next or command
    if next is None:
        out.say(message)
    return Failure(code, name, message, next)


@contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM end the block as Ctrl-C does."""

    def stop(_: int, __: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _silence() -> None:
    """Discard what is still written to stdout: Python would complain when it exits."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        # not a stream of the system
        pass
