"""Which custom_ids have been seen, in some 27 bytes each; a set of strings takes 110. No I/O.

Of each id only a 64-bit hash is kept, in one flat array; the last bits of the hash are its index.
An id whose slot is taken goes to a bucket, a run of 7-byte hashes that is searched by `bytes.find`.
What keeps it safe: no bit of a hash is lost, because its last bits are the number of the bucket. So
two ids are confused only if all 64 bits agree. The chance of that among 100,000 ids is 3 in 10^10;
then a row would be dropped as a duplicate, and the count of rows would show it.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable

# 8 bytes each: enough slots for a batch of 100,000, and for a part of the ids of a larger one
_MOST_SLOTS = 1 << 18
_BUCKETS = 1 << 14
# bytes stored per hash: the bucket implies the rest
_PACKED = 7


def key_of(id: str) -> int:
    """Return the 64 bits that stand for *id*, as a signed integer that is never 0."""
    return _hash(id) or 1


def _digest(id: str) -> int:
    """Return a 64-bit hash, for systems on which `hash` has fewer bits."""
    from hashlib import blake2b

    digest = blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


_hash: Callable[[str], int] = hash
if sys.hash_info.width < 64:
    _hash = _digest


class Seen:
    """The custom_ids seen so far. *expected*: how many there will be, None if it is not known."""

    def __init__(self, expected: int | None = None) -> None:
        self._count = 0
        self._mask = min(_MOST_SLOTS, 1 << (2 * (expected or _MOST_SLOTS)).bit_length()) - 1
        # Each key (see `key_of`) at the index given by its last bits; 0 in an empty slot.
        self._slots = array("q", [0]) * (self._mask + 1)
        # Keys whose slots were taken, by bucket; empty until the first such key.
        self._crowded: list[bytes] = []

    def __len__(self) -> int:
        return self._count

    def add(self, id: str) -> bool:
        """Remember *id*; return whether it is new."""
        # key_of, inlined: this runs once for every row.
        key = _hash(id) or 1
        slot = key & self._mask
        known = self._slots[slot]
        if not known:
            self._slots[slot] = key
            self._count += 1
            return True
        return known != key and self._add_crowded(key)

    def _add_crowded(self, key: int) -> bool:
        """Remember a key whose slot holds another; return whether it is new."""
        if not self._crowded:
            self._crowded = [b""] * _BUCKETS
        which = key % _BUCKETS
        bucket = self._crowded[which]
        packed = (key // _BUCKETS).to_bytes(_PACKED, "little", signed=True)
        at = bucket.find(packed)
        # a match that straddles two hashes
        while at >= 0 and at % _PACKED:
            at = bucket.find(packed, at + 1)
        if at >= 0:
            return False
        self._crowded[which] = bucket + packed
        self._count += 1
        return True
