"""Split any number of requests into lists that fit one batch each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from ._arguments import check_limits
from ._problem import Problem
from .errors import InvalidRequest
from .limits import Limits
from .validate._checker import ENVELOPE, iterate, too_large_alone
from .validate._encoding import encode

__all__ = ["Limits", "chunks"]

R = TypeVar("R", bound=Mapping[str, object])


def chunks(requests: Iterable[R], limits: Limits = Limits()) -> Iterator[list[R]]:
    """Yield *requests*, in their order, as lists that each fit one batch, as long as possible.

    Measures the exact bytes that `batch.create` sends. Keeps one list in memory, so the iterable
    may be endless. Raises `InvalidRequest` for a request that cannot be JSON, or that alone is too
    large for a batch; its index counts all requests, not those of one list. Other faults are found
    by `validate.problems` and `batch.create`.
    """
    check_limits("limits", limits)
    return _chunks(iterate(requests), limits)


def _chunks(requests: Iterator[R], limits: Limits) -> Iterator[list[R]]:
    # Each request counts with a comma before it, which the first of a batch does not have.
    empty = ENVELOPE - 1
    chunk: list[R] = []
    size = empty
    for index, request in enumerate(requests):
        length = 1 + _length(index, request, limits)
        if len(chunk) == limits.requests or size + length > limits.bytes:
            yield chunk
            chunk, size = [], empty
        chunk.append(request)
        size += length
    if chunk:
        yield chunk


def _length(index: int, request: Mapping[str, object], limits: Limits) -> int:
    encoded, faults = encode(request)
    if not faults and ENVELOPE + len(encoded) <= limits.bytes:
        return len(encoded)
    faults = faults or too_large_alone(len(encoded), limits)
    raise InvalidRequest([Problem(index, None, *fault) for fault in faults])
