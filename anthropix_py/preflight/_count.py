"""Count tokens: one call for each shape, extrapolated to all its requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .. import _json
from .._problem import Problem
from ..batch import _call
from ..client import Client
from ..errors import APIError, DecodeError, InvalidRequest
from ._shapes import Sample, Shapes
from ._structure import COUNTED

_PATH = "/v1/messages/count_tokens"
_TAKEN = (*COUNTED, "cache_control")
# Arguments of the official SDK that only count under a beta header.
_BETA = ("compaction", "context_management", "mcp_servers", "output_format")
_REFUSED = (400, 404, 413, 422)  # statuses that say that the params are at fault


class Shape(NamedTuple):
    """The tokens of one shape.

    `requests`: how many requests have it. `max_tokens`: the sum over them. `custom_id`: of the
    request that was counted. `sample_tokens`: its input tokens, by the server. `input_tokens`:
    those of all requests of the shape, extrapolated by the size of their texts.
    """

    model: str
    requests: int
    max_tokens: int
    custom_id: str
    sample_tokens: int
    input_tokens: int


class Counted(NamedTuple):
    """The input tokens of all requests. `input_tokens`: the sum over the shapes."""

    requests: int
    input_tokens: int
    shapes: tuple[Shape, ...]


def count(client: Client, found: Shapes) -> Counted:
    """Return the tokens of all shapes.

    Raises `InvalidRequest`, with a problem for every shape whose request the server refused.
    """
    shapes: list[Shape] = []
    problems: list[Problem] = []
    for sample in found.samples:
        try:
            shapes.append(_extrapolated(sample, _tokens(client, sample)))
        except APIError as error:
            if error.status not in _REFUSED:
                raise
            problems.append(_problem(sample, error))
    if problems:
        raise InvalidRequest(problems)
    return Counted(found.requests, sum(shape.input_tokens for shape in shapes), tuple(shapes))


def _tokens(client: Client, sample: Sample) -> int:
    """Return the input tokens of the request kept, by the server."""
    body = _Bytes(_json.dumps(_countable(client, sample)))
    # free and without any effect, so it may be repeated
    reply = _call.ask(client, _call.Call("POST", _PATH, body=body))
    tokens = reply.value.get("input_tokens")
    if not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 0:
        detail = "the response is not a count of tokens: it has no input_tokens"
        raise DecodeError(detail, request_id=reply.headers.get("request-id"))
    return tokens


def _countable(client: Client, sample: Sample) -> dict[str, Any]:
    """Return the params that count_tokens accepts."""
    taken: tuple[str, ...] = _TAKEN
    if client.beta:
        taken += _BETA
    return {key: value for key, value in sample.request["params"].items() if key in taken}


def _extrapolated(sample: Sample, tokens: int) -> Shape:
    # rounded to the nearest integer, without floats, which are inexact beyond 2^53
    total = (2 * tokens * sample.size + sample.request_size) // (2 * sample.request_size)
    return Shape(sample.model, sample.requests, sample.max_tokens, sample.custom_id, tokens, total)


def _problem(sample: Sample, error: APIError) -> Problem:
    like = ""
    if sample.requests > 1:
        like = f" ({sample.requests:,} requests have this shape)"
    expected = f"params that count_tokens accepts{like}"
    return Problem(sample.position, sample.custom_id, "/params", str(error), expected)


class _Bytes:
    """A small body, held in memory."""

    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._content,))
