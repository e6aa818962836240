"""Import what a first call needs so that an interrupt cannot happen during the import.

Ctrl-C raises a KeyboardInterrupt wherever the main thread is, and some imports do not bear it. A
module written in C can stay half-initialised: a second import seems to succeed, and using it ends
the process with a segmentation fault (seen with orjson). In a `from ... import` whose name is
missing, as ssl has one, CPython makes a TypeError of the interrupt, which then looks like a bug of
the caller. Python runs signal handlers only in the main thread. So the import runs in another
thread, and an interrupt ends the wait for it but not the import itself.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def uninterrupted(load: Callable[[], T]) -> T:
    """Return what *load* returns, which imports something; raise what it raises."""
    found: list[T] = []
    running = _thread.allocate_lock()
    running.acquire()
    try:
        # Not `threading.Thread`: an interrupt inside its `start` can leave a lock taken for ever.
        _thread.start_new_thread(_load_into, (load, found, running))
    except RuntimeError:
        # This system has no threads, or the interpreter is shutting down.
        return load()
    # An interrupt cannot happen between entering and leaving: each is a single step.
    with running:
        pass
    if found:
        return found[0]
    # It failed, and is repeated here, so that the caller gets its exception.
    return load()


def _load_into(load: Callable[[], T], found: list[T], running: Any) -> None:
    try:
        found.append(load())
    finally:
        running.release()
