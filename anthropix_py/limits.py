"""The server's limits, as one record that a user can replace when the server changes them."""

from __future__ import annotations

import re
from typing import NamedTuple


class Limits(NamedTuple):
    """What one batch may hold, and what one page may.

    `requests`: the most requests in a batch. `bytes`: the most bytes of a create's body (256 MB;
    whether that is 10^6 or 2^20 is not documented, so the smaller). `custom_id`: the pattern of
    an id. `page`: the most batches on a page of `list`. Source: Anthropic's documentation of
    Message Batches, 2026-11.
    """

    requests: int = 100_000
    bytes: int = 256_000_000
    custom_id: str = r"^[a-zA-Z0-9_-]{1,64}$"
    page: int = 1000


def check_limits(name: str, limits: Limits) -> None:
    """Refuse limits that cannot be. Raises TypeError or ValueError."""
    for field in ("requests", "bytes", "page"):
        value = getattr(limits, field)
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name}.{field} must be an integer, not {type(value).__name__}")
        if value < 1:
            raise ValueError(f"{name}.{field} must be at least 1, not {value}")
    try:
        re.compile(limits.custom_id)
    except (re.error, TypeError) as error:
        raise ValueError(f"{name}.custom_id must be a regular expression: {error}") from None
