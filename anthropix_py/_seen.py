"""Which custom_ids have come, in some 27 bytes each and not the 110 that a set of them takes. No I/O.

An id is remembered by 64 bits, Python's own hash where that has as many. That any two of 100,000 ids
share them has a chance of 3 in 10^10; then a row would be held for one that came before, and be
missed in the count.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable

_MOST = (
    1 << 18
)  # slots, 8 bytes each: enough for a batch of 100,000, and for more a fair share of them
_BUCKETS = 1 << 14
_PACKED = 7  # bytes of a hash that its bucket does not tell


def _digest(id: str) -> int:
    from hashlib import blake2b

    return int.from_bytes(
        blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little", signed=True
    )


key_of: Callable[[str], int] = hash if sys.hash_info.width >= 64 else _digest
"""The 64 bits that stand for an id."""


class Seen:
    """The custom_ids that have come. *expected*: how many there will be, None where it is not known.

    `slots`: a hash each, at the place that its last bits (`mask`) name, 0 where none has come;
    they are open so that a loop over many rows can do the work of `add` without its call.
    """

    def __init__(self, expected: int | None = None) -> None:
        self.count = 0
        self.mask = min(_MOST, 1 << (2 * (expected or _MOST)).bit_length()) - 1
        self.slots = array("q", [0]) * (self.mask + 1)
        self._crowded: list[bytes] = []  # buckets of hashes whose slots were taken

    def __len__(self) -> int:
        return self.count

    def add(self, id: str) -> bool:
        """Take note of *id*; tell whether it is new."""
        key = key_of(id) or 1
        slot = key & self.mask
        known = self.slots[slot]
        if not known:
            self.slots[slot] = key
            self.count += 1
        return not known or (known != key and self.add_crowded(key))

    def add_crowded(self, key: int) -> bool:
        """Take note of an id by its hash where another has its slot; tell whether it is new."""
        if not self._crowded:
            self._crowded = [b""] * _BUCKETS
        which = key % _BUCKETS
        bucket = self._crowded[which]
        packed = (key // _BUCKETS).to_bytes(_PACKED, "little", signed=True)
        at = bucket.find(packed)
        while at >= 0 and at % _PACKED:  # not one hash, but parts of two
            at = bucket.find(packed, at + 1)
        if at >= 0:
            return False
        self._crowded[which] = bucket + packed
        self.count += 1
        return True
