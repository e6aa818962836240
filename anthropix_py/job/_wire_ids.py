"""The ids that a job writes into its batches: TAG-ATTEMPT-ROW, of fixed width.

They prove whose batch it is, and to which request a row belongs, whatever the user's ids are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TAG = 13  # characters of 5 bits: 65 bits
_ATTEMPT = 6  # digits

ROW_AT = _TAG + 1 + _ATTEMPT + 1
"""Where the number of the row begins in an id."""

ROW_DIGITS = 9

WIDTH = ROW_AT + ROW_DIGITS
"""The length of an id."""

_FORM = re.compile(rf"([{_ALPHABET}]{{{_TAG}}})-([0-9]{{{_ATTEMPT}}})-([0-9]{{{ROW_DIGITS}}})")


def new_tag(random_bytes: Callable[[int], bytes]) -> str:
    """Return a tag that no other job has."""
    return "".join(_ALPHABET[byte % 32] for byte in random_bytes(_TAG))


def wire_id(tag: str, attempt: int, row: int) -> str:
    """Return the id of a row in an attempt."""
    return f"{tag}-{attempt:0{_ATTEMPT}d}-{row:0{ROW_DIGITS}d}"


def parse(id: str, tag: str) -> tuple[int, int] | None:
    """Return (attempt, row) of an id of the job with that tag; None for any other id."""
    parts = _FORM.fullmatch(id)
    if parts is None or parts[1] != tag:
        return None
    return int(parts[2]), int(parts[3])
