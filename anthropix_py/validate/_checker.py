"""Check, encode and count the requests of a batch in one pass."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from .. import _json
from .._arguments import check_is_not_a_result
from .._problem import Fault, Problem, shown, step
from .._seen import Seen, key_of
from ..limits import Limits
from ._encoding import UNENCODABLE, encode
from ._look import NEWER, PLAIN, Setting
from ._plain import is_plainly_sound
from ._walk import hits

R = TypeVar("R")

ENVELOPE = len(b'{"requests":[]}')
"""Bytes of a body with no requests in it."""

_SPLIT = "; split.chunks makes batches that fit"


def iterate(requests: Iterable[R]) -> Iterator[R]:
    """Return an iterator over *requests*.

    Raises TypeError for a single request, for a text, and for a result that was not unwrapped.
    """
    check_is_not_a_result(requests, "requests")
    if isinstance(requests, (Mapping, str, bytes)) or not isinstance(requests, Iterable):
        kind = type(requests).__name__
        raise TypeError(f"requests must be an iterable of mappings, such as a list, not {kind}")
    return iter(requests)


def too_large_alone(length: int, limits: Limits) -> list[Fault]:
    """Return the fault of a request that does not fit even an empty batch; no faults if it fits."""
    if ENVELOPE + length <= limits.bytes:
        return []
    return [("", f"{length:,} bytes", f"a request that fits a batch of {limits.bytes:,} bytes")]


class Checker:
    """The check of one batch: `feed` it each request, then call `finish`.

    *setting*: what the create call decides. `count`, `size`: the number of requests fed so far, and
    the bytes of their body. `full`: True once that is more than the limits allow, and feeding more
    is useless.
    """

    def __init__(self, limits: Limits, setting: Setting = PLAIN, ids: Ids | None = None) -> None:
        self.count: int = 0
        # Each request is counted with a comma before it, which the first one does not have.
        self.size: int = ENVELOPE - 1
        self.full: bool = False
        self._limits = limits
        self._setting = setting
        # The newer API version has rules for what is plain with the older one.
        self._is_newer = setting.api_version == NEWER
        self._search = re.compile(limits.custom_id).search
        self._ids = ids or IdsWithUses()

    def feed(self, request: object) -> tuple[bytes, Sequence[Problem]]:
        """Return the request's JSON, empty if it cannot be JSON, and the request's problems."""
        if not is_plainly_sound(request) or self.count >= self._limits.requests:
            return self._check_slowly(request)
        if self._is_newer and "temperature" in request["params"]:
            return self._check_slowly(request)
        try:
            encoded = _json.dumps(request)
        except UNENCODABLE:
            return self._check_slowly(request)
        size = self.size + len(encoded) + 1
        custom_id = request["custom_id"]
        if size > self._limits.bytes or not self._matches(custom_id):
            return self._check_slowly(request)
        if not self._ids.add(custom_id, self.count):
            return self._check_slowly(request)
        self.count += 1
        self.size = size
        return encoded, ()

    def finish(self) -> list[Problem]:
        """Return the problem of a batch that has no requests; no problems for any other batch."""
        if self.count:
            return []
        found = "none (an iterator can be read only once)"
        return [Problem(None, None, "requests", found, "at least 1 request")]

    def _check_slowly(self, request: object) -> tuple[bytes, list[Problem]]:
        index = self.count
        self.count += 1
        if self.count > self._limits.requests:
            self.full = True
            expected = f"at most {self._limits.requests:,} requests{_SPLIT}"
            return b"", [Problem(index, None, "", "one more", expected)]
        if not isinstance(request, Mapping):
            expected = "an object with custom_id and params"
            return b"", [Problem(index, None, "", shown(request), expected)]
        encoded, unencodable = encode(request)
        # Only the worst fault of each place is reported.
        places = {pointer for pointer, _, _ in unencodable}
        errors = [fault for fault in self._faults(request, index) if fault[0] not in places]
        errors += unencodable + self._size_faults(len(encoded))
        warnings = [fault for fault in self._warnings(request) if fault[0] not in places]
        name = _name(request)
        problems = [Problem(index, name, *fault) for fault in errors]
        problems += [Problem(index, name, *fault, "warning") for fault in warnings]
        return encoded, problems

    def _warnings(self, request: Mapping[str, object]) -> Iterator[Fault]:
        params = request.get("params")
        if isinstance(params, Mapping):
            for hit in hits(params, self._setting):
                yield hit.fault

    def _size_faults(self, length: int) -> list[Fault]:
        """Add a request of *length* bytes to the size; return the fault if it is too much."""
        self.size += length + 1
        if self.size <= self._limits.bytes:
            return []
        self.full = True
        expected = f"at most {self._limits.bytes:,} bytes of body{_SPLIT}"
        too_many = [("", f"{self.size:,} bytes up to here", expected)]
        return too_large_alone(length, self._limits) or too_many

    def _matches(self, custom_id: str) -> bool:
        # Unlike the server's, Python's $ matches before a final newline too.
        return self._search(custom_id) is not None and custom_id[-1:] != "\n"

    def _faults(self, request: Mapping[str, object], index: int) -> Iterator[Fault]:
        if "custom_id" in request:
            yield from self._id_faults(request["custom_id"], index)
        else:
            yield "/custom_id", "no such key", f"a string that matches {self._limits.custom_id}"
        if "params" not in request:
            yield "/params", "no such key", "an object"
        elif not isinstance(request["params"], Mapping):
            yield "/params", shown(request["params"]), "an object"
        for key in request:
            known = key in ("custom_id", "params")
            if not known and (isinstance(key, (str, int, float)) or key is None):
                found = "a key that the API does not know"
                yield step(key), found, "custom_id and params, nothing else"

    def _id_faults(self, custom_id: object, index: int) -> Iterator[Fault]:
        if not isinstance(custom_id, str) or not self._matches(custom_id):
            expected = f"a string that matches {self._limits.custom_id}"
            yield "/custom_id", shown(custom_id), expected
            return
        # A subclass of str may print as something else; this is its plain text.
        id = str.__str__(custom_id)
        if not self._ids.add(id, index):
            found = f"{custom_id!r}, used before{self._ids.first_use(id)}"
            yield "/custom_id", found, "an id that is unique in its batch"


def _name(request: Mapping[str, object]) -> str | None:
    custom_id = request.get("custom_id")
    return custom_id if isinstance(custom_id, str) else None


class Ids:
    """The custom_ids used so far, recognized by their hash (see `_seen`)."""

    def __init__(self) -> None:
        self._seen = Seen()

    def add(self, id: str, index: int) -> bool:  # noqa: ARG002
        """Remember that request *index* uses *id*; return whether the id is new."""
        return self._seen.add(id)

    def first_use(self, id: str) -> str:  # noqa: ARG002
        """Return the words that say which request used *id* first, empty if that is not known."""
        return ""


class IdsWithUses(Ids):
    """The custom_ids used so far, and who used them: 16 bytes more for each."""

    def __init__(self) -> None:
        super().__init__()
        self._keys = array("q")
        self._indices = array("L")
        # The index of each key, for the first keys: filled only as far as `first_use` needs it.
        self._where: dict[int, int] = {}

    def add(self, id: str, index: int) -> bool:
        """Remember that request *index* uses *id*; return whether the id is new."""
        if not self._seen.add(id):
            return False
        self._keys.append(key_of(id))
        self._indices.append(index)
        return True

    def first_use(self, id: str) -> str:
        """Return the words that say which request used *id* first."""
        for known in range(len(self._where), len(self._keys)):
            self._where[self._keys[known]] = self._indices[known]
        return f" in requests[{self._where[key_of(id)]}]"
