"""Look before a batch costs anything: count its tokens, and try one request of each shape.

    found = preflight.shapes(requests)                    # pure: nothing is sent
    print(len(found.samples), "shapes in", found.requests, "requests")
    counted = unwrap(preflight.count(client, found))      # one free call for each shape
    print(counted.input_tokens)
    canary = unwrap(preflight.canary(client, found))      # one paid request for each shape
    for trial in canary.failed:
        print(trial)

Requests have the same shape if their params have the same structure: the model, the keys, the
roles, the types of blocks, the schemas of tools. Texts and numbers do not count. A fault in the
structure hits every request of its shape, so one request of each finds it. A fault in one request
alone, such as an image that cannot be reached, is not found.

Requests are read once, and one of each shape is kept. `count` and `canary` take the requests
themselves, or the `Shapes` that `shapes` found in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Union

from .._arguments import check_is_not_a_result, wrong_type
from .._door import door
from ..client import Client
from ..types import MessageBatch, Row
from . import _canary, _count
from ._canary import Canary, Trial
from ._count import Counted, Shape
from ._shapes import Sample, Shapes, shapes_of

__all__ = [
    "Canary",
    "Counted",
    "Sample",
    "Shape",
    "Shapes",
    "Trial",
    "canary",
    "count",
    "report",
    "shapes",
]

Requests = Union[Iterable[Mapping[str, object]], Shapes]
OnShapes = Callable[[Shapes], object]

MOST = 100
"""The most shapes, unless `max_shapes` says otherwise."""


def shapes(requests: Iterable[Mapping[str, object]], *, max_shapes: int = MOST) -> Shapes:
    """Return the shapes of *requests*, and one request of each; nothing is sent.

    The request of a shape is drawn by lot, in proportion to its size, and is the same in each run.

    Raises `InvalidRequest` for what is not a request, and if there are more than *max_shapes*
    shapes, because each costs a call or a request.
    """
    return shapes_of(requests, max_shapes)


@door
def count(
    client: Client,
    requests: Requests,
    *,
    max_shapes: int = MOST,
    on_shapes: OnShapes | None = None,
) -> Counted:
    """Return the input tokens of *requests*, from one call of count_tokens for each shape.

    The call is free, has a rate limit of its own, and is retried like a GET. Only the params that
    the endpoint accepts are sent; beta headers of the client are sent as always. The tokens of the
    other requests are extrapolated by the size of their texts, so the sum is an estimate; it is
    exact if each shape has one request.

    *requests*: requests or `Shapes`. *on_shapes*: called with the `Shapes` before anything is sent;
    what it raises stops the call.

    Errors: `InvalidRequest`, as from `shapes`, or with a problem for each shape that count_tokens
    refused; those of `batch`.
    """
    return _count.count(client, _found(requests, max_shapes, on_shapes))


@door
def canary(
    client: Client,
    requests: Requests,
    *,
    max_shapes: int = MOST,
    on_shapes: OnShapes | None = None,
    timeout: float | None = None,
    interval: float | None = None,
    on_update: Callable[[MessageBatch], object] | None = None,
) -> Canary:
    """Create a batch of one of *requests* for each shape, wait for it, and report what failed.

    It costs what these few requests cost. The batch stays on the server, with its results.

    *requests*, *on_shapes*: as for `count`. *timeout*, *interval*: as for `batch.wait`.
    *on_update*: called with the batch when it has been created, and after each poll.

    Errors: those of `shapes`, `batch.create`, `batch.wait` and `batch.results`. The create is not
    blindly repeated: `UnknownOutcome` says that the batch may exist. After a `WaitTimeout`, wait
    for its batch, and pass the rows to `report`.
    """
    found = _found(requests, max_shapes, on_shapes)
    return _canary.run(client, found, timeout, interval, on_update)


def report(shapes: Shapes, rows: Iterable[Row]) -> Canary:
    """Return what `canary` returns, from the *rows* of a batch of one request of each shape."""
    check_is_not_a_result(rows, "rows")
    if not isinstance(shapes, Shapes):
        raise wrong_type("shapes", "the Shapes that preflight.shapes returned", shapes)
    return _canary.report(shapes, rows)


def _found(requests: Requests, max_shapes: int, on_shapes: OnShapes | None) -> Shapes:
    if on_shapes is not None and not callable(on_shapes):
        raise wrong_type("on_shapes", "callable", on_shapes)
    found = shapes_of(requests, max_shapes)
    if on_shapes is not None:
        on_shapes(found)
    return found
