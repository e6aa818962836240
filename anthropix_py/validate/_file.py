"""Read a file of requests line by line and check each; one line is in memory at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .. import _files, _json
from .._problem import Problem
from ..limits import Limits
from ._checker import ENVELOPE, Checker, Ids, too_large_alone
from ._look import Setting
from ._report import Groups, Report

_BOUNDLESS = 1 << 62
_MARK = b"\xef\xbb\xbf"  # the byte order mark that some programs write
_MODELS = 1_000  # names that are counted; a file of garbage may have any number


def report(path: str, limits: Limits, setting: Setting) -> Report:
    """Return the report on the file at *path*. Raises `FileError`."""
    survey = _Survey(limits, setting)
    for number, line in enumerate(_files.lines(path), 1):
        if number == 1:
            line = line.removeprefix(_MARK)
        if not line.isspace() and line:
            survey.feed(number, line)
    return survey.report(path)


class _Survey:
    """The check of one file, whose requests may go into many batches."""

    def __init__(self, limits: Limits, setting: Setting) -> None:
        self._limits = limits
        boundless = limits._replace(requests=_BOUNDLESS, bytes=_BOUNDLESS)
        self._checker = Checker(boundless, setting, Ids())
        self._groups = Groups()
        self._models: Counter[str] = Counter()
        self._max_tokens = 0
        self._bytes = self._largest = self._errors = self._warned = 0
        self._batches = self._in_batch = self._batch_bytes = 0

    def feed(self, number: int, line: bytes) -> None:
        """Check the request in *line*."""
        try:
            request = _json.loads(line)
        except ValueError as error:
            self._checker.count += 1
            self._errors += 1
            expected = "a request, as JSON in one line"
            self._groups.add(number, Problem(None, None, "", f"not JSON ({error})", expected))
            return
        encoded, problems = self._checker.feed(request)
        self._measure(len(encoded))
        self._count(request)
        found = [*problems]
        for fault in too_large_alone(len(encoded), self._limits):
            found.append(Problem(None, _id_of(request), *fault))
        if found:
            is_error = any(problem.severity == "error" for problem in found)
            self._errors += is_error
            self._warned += not is_error
            for problem in found:
                self._groups.add(number, problem)

    def report(self, path: str) -> Report:
        """Return what was found."""
        return Report(
            path=path,
            requests=self._checker.count,
            bytes=self._bytes,
            errors=self._errors,
            warned=self._warned,
            groups=self._groups.collected(),
            more=self._groups.more,
            models=dict(self._models.most_common()),
            max_tokens=self._max_tokens,
            largest=self._largest,
            batches=self._batches,
        )

    def _measure(self, size: int) -> None:
        self._bytes += size
        self._largest = max(self._largest, size)
        is_full = self._in_batch == self._limits.requests
        if not self._batches or is_full or self._batch_bytes + size + 1 > self._limits.bytes:
            self._batches += 1
            self._in_batch = 0
            self._batch_bytes = ENVELOPE - 1
        self._in_batch += 1
        self._batch_bytes += size + 1

    def _count(self, request: object) -> None:
        params = request.get("params") if isinstance(request, Mapping) else None
        if not isinstance(params, Mapping):
            return
        model, max_tokens = params.get("model"), params.get("max_tokens")
        if isinstance(model, str) and (model in self._models or len(self._models) < _MODELS):
            self._models[model] += 1
        if type(max_tokens) is int:
            self._max_tokens += max_tokens


def _id_of(request: object) -> str | None:
    id = request.get("custom_id") if isinstance(request, Mapping) else None
    return id if isinstance(id, str) else None
