"""What the package logs, as lines of the command."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ._output import Output


class _Lines(logging.Handler):
    """Prints what is logged."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        self._out = out

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self._out.warn(record.getMessage())
        elif self._out.debug:
            self._out.trace(record.getMessage())


@contextmanager
def logged(out: Output) -> Iterator[None]:
    """Print what the package logs while the block runs."""
    logger = logging.getLogger("anthropix_py")
    handler = _Lines(out)
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    if out.debug:
        logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
