"""The shapes of requests: one pass over any number of them, and one request kept of each shape.

The request kept of a shape is drawn by lot, with a chance in proportion to its size. So the tokens
of that request, divided by its size and multiplied by the size of all, are right on average: no
other choice of one request is, neither the first nor the largest. The lots are the same in each
run.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from .. import _json
from .._arguments import number
from .._problem import Problem, shown
from ..errors import InvalidRequest
from ..types import Request
from ..validate._checker import iterate
from ..validate._encoding import encode
from ._structure import Measured, described


class Sample(NamedTuple):
    """One shape, and the request kept of it.

    `structure`: the shape in words; two shapes may differ in more than it says. `model`: empty if
    the params have none. `requests`: how many have this shape. `max_tokens`: the sum over them;
    those without a valid one count as 0. `size`: the sum of their sizes in bytes (see
    `_structure`). `position`: of the request kept, from 0. `request`: a copy of it.
    `request_size`: its size.
    """

    structure: str
    model: str
    requests: int
    max_tokens: int
    size: int
    position: int
    request: Request
    request_size: int

    @property
    def custom_id(self) -> str:
        """Return the custom_id of the request kept."""
        return self.request["custom_id"]


class Shapes(NamedTuple):
    """All shapes of some requests, the one with the most requests first.

    `requests`: the number of all requests. `samples`: one for each shape, so its length is the
    number of calls that `count` makes, and of requests in the batch of `canary`.
    """

    requests: int
    samples: tuple[Sample, ...]


def shapes_of(requests: Iterable[Mapping[str, object]] | Shapes, max_shapes: int) -> Shapes:
    """Return the shapes of *requests*, which may have been found before."""
    number("max_shapes", max_shapes, least=1, integer=True)
    if isinstance(requests, Shapes):
        return requests
    import random

    chance = random.Random(0).random
    groups: dict[Hashable, _Group] = {}
    count = 0
    for request in iterate(requests):
        params = _params(count, request)
        try:
            found = Measured(params)
        except RecursionError:
            raise _unencodable(count, request) from None
        group = groups.get(found.structure)
        if group is None:
            if len(groups) == max_shapes:
                raise _too_many(count, request, max_shapes)
            group = groups[found.structure] = _Group()
        group.add(found.size, params.get("max_tokens"))
        if chance() * group.size < found.size:
            group.keep(count, request, found.size)
        count += 1
    if not count:
        none = "none (an iterator can be read only once)"
        raise InvalidRequest([Problem(None, None, "requests", none, "at least 1 request")])
    samples = sorted((group.sample() for group in groups.values()), key=_order)
    return Shapes(count, tuple(samples))


class _Group:
    """The requests of one shape, as far as they have been read."""

    def __init__(self) -> None:
        self.size = 0
        self._requests = 0
        self._max_tokens = 0
        self._kept = (0, b"", 0)

    def add(self, size: int, max_tokens: object) -> None:
        """Count a request."""
        self.size += size
        self._requests += 1
        if isinstance(max_tokens, int) and not isinstance(max_tokens, bool) and max_tokens > 0:
            self._max_tokens += max_tokens

    def keep(self, position: int, request: Mapping[str, object], size: int) -> None:
        """Keep that request, as JSON, because its owner may change it later."""
        encoded, faults = encode(request)
        if faults:
            raise _unencodable(position, request)
        self._kept = position, encoded, size

    def sample(self) -> Sample:
        """Return the shape, now that all requests have been read."""
        position, encoded, size = self._kept
        request = cast(Request, _json.loads(encoded))
        params: Mapping[str, Any] = request["params"]
        model = params.get("model")
        if not isinstance(model, str):
            model = ""
        return Sample(
            described(params),
            model,
            self._requests,
            self._max_tokens,
            self.size,
            position,
            request,
            size,
        )


def _order(sample: Sample) -> tuple[int, int]:
    return -sample.requests, sample.position


def _params(position: int, request: object) -> Mapping[str, Any]:
    """Return the params of a request. Raises `InvalidRequest` if it has none, or no custom_id."""
    if not isinstance(request, Mapping):
        found = ("", shown(request), "an object with custom_id and params")
    elif not isinstance(request.get("custom_id"), str):
        found = ("/custom_id", shown(request.get("custom_id")), "a string")
    elif not isinstance(request.get("params"), Mapping):
        found = ("/params", shown(request.get("params")), "an object")
    else:
        return cast("Mapping[str, Any]", request["params"])
    raise InvalidRequest([Problem(position, None, *found)])


def _unencodable(position: int, request: Mapping[str, object]) -> InvalidRequest:
    name = cast(str, request["custom_id"])
    faults = encode(request)[1] or [("", "deep nesting", "values nested less deeply")]
    return InvalidRequest([Problem(position, name, *fault) for fault in faults])


def _too_many(position: int, request: Mapping[str, Any], most: int) -> InvalidRequest:
    found = f"shape number {most + 1:,} ({described(request['params'])})"
    expected = f"at most {most:,} different shapes; max_shapes allows more"
    return InvalidRequest([Problem(position, request["custom_id"], "/params", found, expected)])
