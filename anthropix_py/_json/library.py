"""Import orjson so that an interrupt cannot happen during the import.

An exception in the middle of that import, such as the KeyboardInterrupt of Ctrl-C, leaves orjson
half-initialised: a second import seems to succeed, and using it ends the process with a
segmentation fault. Python runs signal handlers only in the main thread. So the import runs in
another thread, and an interrupt ends the wait for it but not the import itself. Importing orjson
together with this package would not remove the danger, and takes 9 ms.
"""

from __future__ import annotations

import _thread
from typing import Any

__all__ = ["import_orjson"]


def import_orjson() -> Any:
    """Return the module orjson, None if it is not installed."""
    found: list[Any] = []
    running = _thread.allocate_lock()
    running.acquire()
    try:
        # Not `threading.Thread`: an interrupt inside its `start` can leave a lock taken for ever.
        _thread.start_new_thread(_import_into, (found, running))
    except RuntimeError:
        # This system has no threads, or the interpreter is shutting down.
        return _import()
    # An interrupt cannot happen between entering and leaving: each is a single step.
    with running:
        pass
    # If the import failed, it is repeated here, so that the caller gets its exception.
    return found[0] if found else _import()


def _import_into(found: list[Any], running: Any) -> None:
    try:
        found.append(_import())
    finally:
        running.release()


def _import() -> Any:
    try:
        import orjson
    except ImportError:
        return None
    return orjson
