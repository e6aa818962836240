"""Which custom_ids have come, in some 20 bytes each and not the 120 that a set of them takes. No I/O.

An id is remembered by Python's own hash: 64 bits, with a key of the process's own. That any two of
100,000 ids share one has a chance of 3 in 10^10; then a row would be held for one that came before,
and be missed in the count.
"""

from __future__ import annotations

from array import array

_MOST = 1 << 18  # slots, 8 bytes each: enough for a batch of 100,000, and for more a fair share of them
_BUCKETS = 1 << 14


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
        key = hash(id) or 1
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
        which = (key >> 18) % _BUCKETS
        bucket = self._crowded[which]
        packed = key.to_bytes(8, "little", signed=True)
        if bucket.find(packed) >= 0 and any(bucket[at : at + 8] == packed for at in range(0, len(bucket), 8)):
            return False
        self._crowded[which] = bucket + packed
        self.count += 1
        return True
