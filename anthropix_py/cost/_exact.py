"""A decimal context in which nothing is rounded."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import Context, localcontext

# More digits than any sum of dollars has; the caller's own context may have very few.
_EXACT = Context(prec=400)


def exactly() -> AbstractContextManager[Context]:
    """Return a context manager in which Decimals are computed without rounding."""
    return localcontext(_EXACT)
