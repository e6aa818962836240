"""The exit codes of every command, and the signals that end one."""

from __future__ import annotations

DONE = 0
FAILED = 1
WRONG_USE = 2
SOME_FAILED = 3
NOT_ALLOWED = 4
UNFINISHED = 5
IN_DOUBT = 6
INTERRUPTED = 130
TERMINATED = 143

MEANINGS = {
    DONE: "done; every row succeeded (a refusal and a text that was cut off count as successes)",
    FAILED: "failed; safe to run again",
    WRONG_USE: "wrong use, or wrong content of a file; nothing was sent",
    SOME_FAILED: "finished, but some rows failed",
    NOT_ALLOWED: "no valid credentials, or no permission",
    UNFINISHED: "unfinished by design (a timeout, a limit of cost, another runner); run it again",
    IN_DOUBT: "a batch may have been created; look before you run it again",
    INTERRUPTED: "interrupted by Ctrl-C; batches go on at the server",
    TERMINATED: "ended by SIGTERM; batches go on at the server",
}
"""Every exit code, and what it means."""


class Stop(KeyboardInterrupt):
    """Ends a command wherever it is, as Ctrl-C does, but with another exit code."""

    code = INTERRUPTED


class Terminated(Stop):
    """The process was asked to end by SIGTERM."""

    code = TERMINATED


class TimeIsUp(Stop):
    """The time that the caller gave has passed."""

    code = UNFINISHED


class PipeClosed(Stop):
    """Nobody reads the output any more."""

    code = FAILED
