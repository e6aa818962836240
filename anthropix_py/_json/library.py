"""The module orjson, if it is installed.

It is imported when it is first needed, because importing it together with this package would take
9 ms, and would not make an interrupt in the middle of it less harmful: see `_importing`.
"""

from __future__ import annotations

from typing import Any

from .._importing import uninterrupted

__all__ = ["import_orjson"]


def import_orjson() -> Any:
    """Return the module orjson, None if it is not installed."""
    return uninterrupted(_import)


def _import() -> Any:
    try:
        import orjson
    except ImportError:
        return None
    return orjson
