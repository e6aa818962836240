"""The module msgspec, if it is installed.

It is imported when it is first needed, because not every program that imports this package reads or
writes JSON, and because an interrupt in the middle of an import does harm: see `_importing`.
"""

from __future__ import annotations

from typing import Any

from .._importing import uninterrupted

__all__ = ["import_msgspec"]


def import_msgspec() -> Any:
    """Return the module msgspec, None if it is not installed."""
    return uninterrupted(_import)


def _import() -> Any:
    try:
        import msgspec.json
    except ImportError:
        return None
    return msgspec
