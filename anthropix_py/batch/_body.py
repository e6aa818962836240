"""The body of a create: checked and encoded request by request, kept on disk, not in memory.

A batch may be 256 MB, must be checked to its end before its first byte is sent, and may have to
be sent again although its requests came from a generator: so it is written to a temporary file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType

from .._problem import Problem
from ..errors import FileError, InvalidRequest
from ..limits import Limits
from ..validate import Checker, iterate

_PIECE = 64 * 1024  # bytes; each must go out within the read timeout
_IN_MEMORY = 1 << 20  # bytes; a smaller body needs no file
_AT_ONCE = 256 * 1024  # bytes written to the file at a time
_NAMED = 10  # warnings kept of possibly very many


class Spool:
    """The JSON body of a create, complete and correct; a context that gives its file up at the end.

    `total`: the number of requests. `length`: bytes. `warned`: how many requests will probably
    come back as errored rows; `warnings`: the first few reasons.
    """

    def __init__(self, requests: Iterable[Mapping[str, object]], limits: Limits) -> None:
        """Read *requests* to their end. Raises `InvalidRequest` with every fault found, `FileError` for a full disk."""
        import tempfile

        self.warned = 0
        self.warnings: list[Problem] = []
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        try:
            self.total, self.length = self._fill(iterate(requests), limits)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def _fill(self, requests: Iterator[Mapping[str, object]], limits: Limits) -> tuple[int, int]:
        checker = Checker(limits)
        errors: list[Problem] = []
        encoded: list[bytes] = []
        size = 0  # of what is encoded and not yet written
        before = b'{"requests":['
        for request in requests:
            json, problems = checker.feed(request)
            if problems:
                errors += [problem for problem in problems if problem.severity == "error"]
                self._warn([problem for problem in problems if problem.severity == "warning"])
            if checker.full:
                break
            encoded.append(json)
            size += len(json)
            if size > _AT_ONCE:
                if not errors:
                    self._write(before + b",".join(encoded))
                encoded.clear()
                size, before = 0, b","
        errors += checker.finish()
        if errors:
            raise InvalidRequest(errors)
        self._write((before + b",".join(encoded) if encoded else b"") + b"]}")
        return checker.count, self._file.tell()

    def _write(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
        except OSError as error:
            raise FileError(
                error.filename or "a temporary file", error.strerror or str(error)
            ) from None

    def _warn(self, problems: list[Problem]) -> None:
        self.warned += bool(problems)
        self.warnings += problems[: _NAMED - len(self.warnings)]
