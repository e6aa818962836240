"""Split any number of requests into lists that fit one batch each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from ._problem import Problem
from .errors import InvalidRequest
from .limits import Limits, check_limits
from .validate import ENVELOPE, encode, iterate

__all__ = ["Limits", "chunks"]

R = TypeVar("R", bound=Mapping[str, object])


def chunks(requests: Iterable[R], limits: Limits = Limits()) -> Iterator[list[R]]:
    """Yield *requests*, in their order, as lists that hold as much as one batch may.

    Measures the exact bytes that `batch.create` sends. Holds one list in memory, so that the
    iterable may be endless. Raises `InvalidRequest`, with the index counted over all requests,
    for one that cannot be JSON or is larger than a whole batch may be; every other fault is left
    to `validate.problems` and `batch.create`.
    """
    check_limits("limits", limits)
    return _chunks(iterate(requests), limits)


def _chunks(requests: Iterator[R], limits: Limits) -> Iterator[list[R]]:
    chunk: list[R] = []
    size = ENVELOPE
    for index, request in enumerate(requests):
        length = _length(index, request, limits)
        comma = 1 if chunk else 0
        if len(chunk) == limits.requests or size + comma + length > limits.bytes:
            yield chunk
            chunk, size, comma = [], ENVELOPE, 0
        chunk.append(request)
        size += comma + length
    if chunk:
        yield chunk


def _length(index: int, request: Mapping[str, object], limits: Limits) -> int:
    encoded, faults = encode(request)
    if ENVELOPE + len(encoded) > limits.bytes:
        faults = [
            (
                "",
                f"{len(encoded):,} bytes",
                f"a request that fits a batch of {limits.bytes:,} bytes",
            )
        ]
    if faults:
        raise InvalidRequest([Problem(index, None, *fault) for fault in faults])
    return len(encoded)
