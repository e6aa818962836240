"""Find the faults in requests before they cost anything.

An `error` is what the server refuses at create: the whole batch fails at once. A `warning` is
what it looks at only while processing: the request comes back as an errored row, hours later.
What the server knows better (models, ceilings, the inside of messages) is left to it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from . import _json
from ._problem import Fault, Problem, shown, step
from ._seen import Seen, key_of
from .limits import Limits

__all__ = ["Problem", "problems"]

R = TypeVar("R")

ENVELOPE = len(b'{"requests":[]}')

_MANY_BITS = 2000  # of an integer that may have more digits than Python prints
_SPLIT = "; split.chunks makes batches that fit"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_REQUIRED: dict[str, tuple[Callable[[object], bool], str]] = {
    "model": (lambda value: isinstance(value, str) and value != "", "a model's name"),
    "max_tokens": (_is_count, "an integer of at least 1"),
    "messages": (
        lambda value: isinstance(value, (list, tuple)) and len(value) > 0,
        "a list of at least 1 message",
    ),
}
_ROLES = ("user", "assistant", "system")
_CONTENT = (str, list)
_UNSUPPORTED = (
    "speed",
    "store",
    "cache_hint",
    "context_hint",
    "fallbacks",
    "previous_thread_event_id",
)
_MISPLACED = {
    "betas": "betas for the whole batch: with_options(client, beta=...)",
    "extra_headers": "headers of the create call: with_options(client, headers=...)",
    "extra_query": "the query of the create call: with_options(client, query=...)",
    "extra_body": "its content as keys of params",
    "timeout": "the timeout of the create call: with_options(client, timeout=...)",
}


_UNENCODABLE = (TypeError, ValueError, RecursionError)
_UNUSUAL = frozenset(("stream", *_UNSUPPORTED, *_MISPLACED))


def problems(requests: Iterable[Mapping[str, object]], limits: Limits = Limits()) -> list[Problem]:
    """List every fault of *requests*, errors and warnings, in the order of the requests.

    Reads the iterable to its end, or to the first request beyond the limits. An empty list means
    that nothing known here speaks against the batch or any of its rows.
    """
    checker = Checker(limits)
    found: list[Problem] = []
    for request in iterate(requests):
        found += checker.feed(request)[1]
        if checker.full:
            break
    return found + checker.finish()


def iterate(requests: Iterable[R]) -> Iterator[R]:
    """Iterate over *requests*; refuse at once what is no list of requests at all."""
    if isinstance(requests, (Mapping, str, bytes)) or not isinstance(requests, Iterable):
        raise TypeError(f"requests must be an iterable of mappings, not {type(requests).__name__}")
    return iter(requests)


class Checker:
    """One pass over the requests of one batch: `feed` each, then `finish`.

    `count` and `size` say what the batch holds so far (requests, and bytes of body); `full` is
    set once it holds more than the limits allow: nothing more need be fed.
    """

    def __init__(self, limits: Limits) -> None:
        self.count = 0
        self.size = ENVELOPE - 1  # every request but the first has a comma before it
        self.full = False
        self._limits = limits
        self._fits = re.compile(limits.custom_id).search
        self._ids = _Ids()

    def feed(self, request: object) -> tuple[bytes, Sequence[Problem]]:
        """Give the request's JSON (empty where it has none) and its faults."""
        if not _is_sound(request) or self.count >= self._limits.requests:
            return self._feed_doubtful(request)
        try:
            encoded = _json.dumps(request)
        except _UNENCODABLE:
            return self._feed_doubtful(request)
        size = self.size + len(encoded) + 1
        custom_id = request["custom_id"]  # type: ignore[index]
        if (
            size > self._limits.bytes
            or not self._names(custom_id)
            or not self._ids.add(custom_id, self.count)
        ):
            return self._feed_doubtful(request)
        self.count += 1
        self.size = size
        return encoded, ()

    def _feed_doubtful(self, request: object) -> tuple[bytes, list[Problem]]:
        index = self.count
        self.count += 1
        if self.count > self._limits.requests:
            self.full = True
            return b"", [
                Problem(
                    index,
                    None,
                    "",
                    "one more",
                    f"at most {self._limits.requests:,} requests{_SPLIT}",
                )
            ]
        if not isinstance(request, Mapping):
            return b"", [
                Problem(index, None, "", shown(request), "an object with custom_id and params")
            ]
        custom_id = request.get("custom_id")
        name = custom_id if isinstance(custom_id, str) else None
        encoded, unencodable = encode(request)
        places = {
            pointer for pointer, _, _ in unencodable
        }  # a place is named once, for its worst fault
        faults = [fault for fault in self._faults(request, index) if fault[0] not in places]
        doubts = [
            fault for fault in _params_faults(request.get("params")) if fault[0] not in places
        ]
        found = [Problem(index, name, *fault) for fault in (*faults, *unencodable)]
        found += [Problem(index, name, *fault, "warning") for fault in doubts]
        self.size += len(encoded) + 1
        if self.size > self._limits.bytes:
            self.full = True
            expected = f"at most {self._limits.bytes:,} bytes of body{_SPLIT}"
            found.append(Problem(index, name, "", f"{self.size:,} bytes up to here", expected))
        return encoded, found

    def finish(self) -> list[Problem]:
        """Give the faults of the batch as a whole."""
        found = "none (an iterator that has been used up gives none)"
        return [] if self.count else [Problem(None, None, "requests", found, "at least 1 request")]

    def _names(self, custom_id: str) -> bool:
        # Python's $ matches before a final newline too, the server's does not
        return self._fits(custom_id) is not None and custom_id[-1:] != "\n"

    def _faults(self, request: Mapping[str, object], index: int) -> Iterator[Fault]:
        custom_id = request.get("custom_id")
        if "custom_id" not in request:
            yield "/custom_id", "no such key", f"a string that matches {self._limits.custom_id}"
        elif not isinstance(custom_id, str) or not self._names(custom_id):
            yield "/custom_id", shown(custom_id), f"a string that matches {self._limits.custom_id}"
        elif not self._ids.add(str.__str__(custom_id), index):
            first = self._ids.first_use(str.__str__(custom_id))
            yield (
                "/custom_id",
                f"{custom_id!r}, used before in requests[{first}]",
                "an id that is unique in its batch",
            )
        if "params" not in request:
            yield "/params", "no such key", "an object"
        elif not isinstance(request["params"], Mapping):
            yield "/params", shown(request["params"]), "an object"
        for key in request:
            if key not in ("custom_id", "params") and (
                isinstance(key, (str, int, float)) or key is None
            ):
                yield (
                    step(key),
                    "a key that the API does not know",
                    "custom_id and params, nothing else",
                )


class _Ids:
    """The custom_ids used so far, and where: told apart by hash, as in `_seen`."""

    def __init__(self) -> None:
        self._seen = Seen()
        self._keys = array("q")
        self._indices = array("L")
        self._where: dict[int, int] = {}  # of the first of them, as they are asked for

    def add(self, id: str, index: int) -> bool:
        """Take note of *id* in request *index*; tell whether it is new."""
        if not self._seen.add(id):
            return False
        self._keys.append(key_of(id) or 1)
        self._indices.append(index)
        return True

    def first_use(self, id: str) -> int:
        """Give the index of the request that *id* came in first."""
        for known in range(len(self._where), len(self._keys)):
            self._where[self._keys[known]] = self._indices[known]
        return self._where[key_of(id) or 1]


def _is_sound(request: object) -> bool:
    """Whether *request* is of the usual kind and `_faults` and `_params_faults` surely find nothing but by its id.

    Cheaper to say than to look for faults, one by one.
    """
    if type(request) is not dict or len(request) != 2:
        return False
    params = request.get("params")
    if (
        type(request.get("custom_id")) is not str
        or type(params) is not dict
        or not _UNUSUAL.isdisjoint(params)
    ):
        return False
    model, max_tokens, messages = (
        params.get("model"),
        params.get("max_tokens"),
        params.get("messages"),
    )
    if type(model) is not str or not model or type(max_tokens) is not int or max_tokens < 1:
        return False
    if type(messages) is not list or not messages:
        return False
    for message in messages:
        if type(message) is not dict or message.get("role") not in _ROLES:
            return False
        if type(message.get("content")) not in _CONTENT:
            return False
    return True


def _params_faults(params: object) -> Iterator[Fault]:
    if not isinstance(params, Mapping):
        return
    for key, (fits, expected) in _REQUIRED.items():
        if key not in params:
            yield f"/params/{key}", "no such key", expected
        elif not fits(params[key]):
            yield f"/params/{key}", shown(params[key]), expected
    if params.get("stream"):
        yield "/params/stream", shown(params["stream"]), "no streaming in a batch"
    for key in _UNSUPPORTED:
        if key in params:
            yield f"/params/{key}", shown(params[key]), "a key that batches support"
    for key, expected in _MISPLACED.items():
        if key in params:
            yield f"/params/{key}", "an SDK's argument that is no parameter", expected
    if isinstance(params.get("messages"), (list, tuple)):
        yield from _message_faults(params["messages"])


def _message_faults(messages: Iterable[object]) -> Iterator[Fault]:
    for index, message in enumerate(messages):
        where = f"/params/messages/{index}"
        if not isinstance(message, Mapping):
            yield where, shown(message), "an object with role and content"
            continue
        if message.get("role") not in _ROLES:
            yield f"{where}/role", shown(message.get("role")), f"one of {', '.join(_ROLES)}"
        if not isinstance(message.get("content"), (str, list, tuple)):
            yield f"{where}/content", shown(message.get("content")), "text or a list of blocks"


def encode(request: object) -> tuple[bytes, list[Fault]]:
    """Give *request* as JSON and no faults, or no bytes and the places that cannot be JSON."""
    try:
        return _json.dumps(request), []
    except _UNENCODABLE as error:
        return b"", list(_json_faults(request)) or [("", str(error), "a value that can be JSON")]


def _json_faults(value: object) -> Iterator[Fault]:
    # A stack of its own, not recursion, and pointers only where they are needed: what stands here
    # may be nested without end.
    stack: list[_Node | int] = [_Node(None, None, value)]
    inside: set[int] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, int):
            inside.remove(node)
            continue
        value = node.value
        if isinstance(value, (Mapping, list, tuple)):
            if id(value) in inside:
                yield (
                    node.pointer(),
                    "a cycle: a value that contains itself",
                    "a value that can be JSON",
                )
                continue
            inside.add(id(value))
            stack.append(id(value))
            items = list(value.items() if isinstance(value, Mapping) else enumerate(value))
            stack += [_Node(node, key, item) for key, item in reversed(items)]
            for key in value if isinstance(value, Mapping) else ():
                if not (isinstance(key, (str, int, float)) or key is None) or _is_no_number(key):
                    yield node.pointer(), f"the key {shown(key)}", "keys that are strings"
        elif _is_no_number(value):
            expected = "a finite number" if isinstance(value, float) else "a number of fewer digits"
            yield node.pointer(), shown(value), expected
        elif not isinstance(value, (str, int, float)) and value is not None:
            yield node.pointer(), shown(value), "a value that can be JSON"


class _Node(NamedTuple):
    """A place in a value: the step that leads there, from which node."""

    above: _Node | None
    key: object
    value: object

    def pointer(self) -> str:
        """Give the steps from the top as a JSON pointer."""
        steps: list[str] = []
        node = self
        while node.above is not None:
            steps.append(step(node.key))
            node = node.above
        return "".join(reversed(steps))


def _is_no_number(value: object) -> bool:
    """Whether *value* is a number that JSON or Python's encoder cannot write."""
    if isinstance(value, float):
        return not -float("inf") < value < float("inf")
    if not isinstance(value, int) or value.bit_length() < _MANY_BITS:
        return False
    try:
        return not str(value)
    except ValueError:  # more digits than sys.set_int_max_str_digits allows
        return True
