"""Which ids have been seen: as a set would say, in a fraction of its memory."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anthropix_py._seen import Seen, _digest, key_of


class Id(str):
    """A custom_id with a hash of its own."""

    key: int

    def __new__(cls, key: int) -> Id:
        id = super().__new__(cls, key)
        id.key = key
        return id

    def __hash__(self) -> int:
        return self.key


# Hashes that differ by a multiple of it want the same slot, whatever the size
SLOT = 1 << 18
# and by this the same bucket, too.
BUCKET = 1 << 32
KEYS: dict[str, list[int]] = {
    "none": [],
    # 0 marks an empty slot
    "zero": [0, 0, 1, 0],
    "negative": [-2, -3, -2, 2, 3],
    "extremes": [-(2**63), 2**63 - 1, -(2**63), 2**63 - 1],
    "one slot": [5, 5 + SLOT, 5 + 2 * SLOT, 5 + SLOT, 5, 5 + 2 * SLOT, 5 + 3 * SLOT],
    "one bucket": [5, *(5 + n * BUCKET for n in (*range(1, 50), *range(1, 50))), 5],
}


@pytest.mark.parametrize("expected", [None, 0, 1, 3, 1000, 10**7])
@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_each_is_new_once(keys: list[int], expected: int | None) -> None:
    check(keys, expected)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 9).map(lambda n: n * BUCKET)),
    st.integers(0, 40),
)
def test_any_ids(keys: list[int], expected: int) -> None:
    check(keys, expected)


def check(keys: list[int], expected: int | None) -> None:
    seen = Seen(expected)
    known: set[int] = set()
    for key in keys:
        # an id whose hash is 0 counts as one whose hash is 1
        assert seen.add(Id(key)) is ((key or 1) not in known), key
        known.add(key or 1)
        assert len(seen) == len(known)


def test_a_hash_is_not_found_across_the_boundary_of_two_others() -> None:
    first, second = 4 << 32, 12 | 5 << 32
    # the last three of the seven bytes of the first, and the first four of the second
    across = 4 | 12 << 24
    packed = [key.to_bytes(7, "little") for key in (first, second, across)]
    assert (packed[0] + packed[1])[4:11] == packed[2]
    check([1 << 60, *(key << 14 for key in (1, first, second, across, across))], 1)


@pytest.mark.parametrize("expected", [100_000, None], ids=["known", "unknown"])
def test_a_full_batch_takes_little_memory(expected: int | None) -> None:
    ids = [f"request-{number:08d}" for number in range(100_000)]
    tracemalloc.start()
    seen = Seen(expected)
    for id in ids:
        seen.add(id)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(seen) == 100_000
    # a set of these strings takes 11 MB
    assert most < 3_500_000
    assert not any(map(seen.add, ids))


def test_a_key_is_never_0() -> None:
    assert hash("") == 0
    assert [key_of(""), key_of(Id(0)), key_of(Id(5)), key_of(Id(-7))] == [1, 1, 5, -7]


def test_where_hashes_are_shorter_keys_have_64_bits_too() -> None:
    keys = {_digest(f"{number}") for number in range(10_000)} | {_digest("\ud800"), _digest("")}
    assert len(keys) == 10_002
    assert -(2**63) <= min(keys) < -(2**62)
    assert 2**62 < max(keys) < 2**63
