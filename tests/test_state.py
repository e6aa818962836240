"""What the dict of a batch says of its size."""

from __future__ import annotations

from typing import Any

from samples import counts, table

from anthropix_py.batch import _state

# (request_counts, the total, whether the batch may have 7 requests)
COUNTS: dict[str, tuple[Any, int | None, bool]] = {
    "all in one": (counts(7), 7, True),
    "all in five": (counts(1, succeeded=2, errored=1, canceled=2, expired=1), 7, True),
    "one more": (counts(7, expired=1), 8, False),
    "some of the five": ({"succeeded": 6}, 6, False),
    "none yet": (counts(0), None, True),
    "empty": ({}, None, True),
    "null": (None, None, True),
    "a list": ([7], None, True),
    "text": ({"succeeded": "7"}, None, True),
    # against a sixth number, of a kind of its own or the total, that is added, or left out
    "a kind of its own": ({**counts(3), "paused": 4}, None, True),
    "the total": ({**counts(7), "total": 7}, None, True),
    "a sixth of 0": ({**counts(7), "paused": 0}, 7, True),
    "an object": ({**counts(7), "by_model": {"m": 7}}, None, True),
}


@table("request_counts, total, may_be_7", COUNTS)
def test_the_size_of_a_batch(request_counts: Any, total: int | None, may_be_7: bool) -> None:
    batch = {"request_counts": request_counts}
    assert _state.total(batch) == total
    assert _state.may_have(batch, 7) is may_be_7


def test_a_batch_without_counts_may_be_of_any_size() -> None:
    assert _state.total({}) is None
    assert _state.may_have({}, 7)
