"""The body of a create: checked and encoded request by request, kept on disk, not in memory.

A body may have 256 MB. All of it must be checked before its first byte is sent, and it may have to
be sent again although a generator yields its requests only once. So it is written to a temporary
file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import IO

from .._files import as_file_errors
from .._problem import Problem
from ..errors import InvalidRequest
from ..limits import Limits
from ..validate._checker import Checker, iterate
from ..validate._look import PLAIN, Setting

_BLOCK = 64 * 1024  # bytes sent at a time; each block must be sent within the read timeout
_IN_MEMORY = 1 << 20  # bytes; a smaller body needs no file
_WRITTEN = 256 * 1024  # bytes written to the file at a time
_NAMED = 10  # warnings kept, at most


class Spool:
    """The JSON body of a create, complete and checked; a context manager that closes its file.

    `total`: the number of requests. `length`: bytes. `warned`: how many requests will probably
    come back as errored rows; `warnings`: the first few reasons. `begun`: whether a transport has
    begun to read it; until then the server cannot have received any of it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.total = 0
        self.length = 0
        self.warned = 0
        self.warnings: list[Problem] = []
        self.begun = False
        self._file = file

    @classmethod
    def of(
        cls,
        requests: Iterable[Mapping[str, object]],
        limits: Limits,
        setting: Setting = PLAIN,
        *,
        strict: bool = False,
    ) -> Spool:
        """Return the body of *requests*, which are read to their end.

        *setting*: what the create call decides. With *strict*, warnings count as errors. Raises
        `InvalidRequest` with every fault found, and `FileError` if the disk is full.
        """
        import tempfile

        # closed by __exit__
        spool = cls(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
        try:
            spool._fill(iterate(requests), Checker(limits, setting), strict)
        except BaseException:
            spool._file.close()
            raise
        return spool

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
        self.begun = True
        self._file.seek(0)
        while block := self._file.read(_BLOCK):
            yield block

    def _fill(
        self, requests: Iterator[Mapping[str, object]], checker: Checker, strict: bool
    ) -> None:
        errors: list[Problem] = []
        encoded: list[bytes] = []
        size = 0  # of what is encoded and not yet written
        before = b'{"requests":['
        for request in requests:
            json, problems = checker.feed(request)
            if problems:
                refused = ("error", "warning") if strict else ("error",)
                errors += [problem for problem in problems if problem.severity in refused]
                self._warn([problem for problem in problems if problem.severity == "warning"])
            if checker.full:
                break
            encoded.append(json)
            size += len(json)
            if size > _WRITTEN:
                if not errors:
                    self._write(before + b",".join(encoded))
                encoded.clear()
                size, before = 0, b","
        errors += checker.finish()
        if errors:
            raise InvalidRequest(errors)
        if encoded:
            self._write(before + b",".join(encoded))
        self._write(b"]}")
        self.total, self.length = checker.count, self._file.tell()

    def _write(self, block: bytes) -> None:
        with as_file_errors("a temporary file"):
            self._file.write(block)

    def _warn(self, problems: list[Problem]) -> None:
        self.warned += bool(problems)
        self.warnings += problems[: _NAMED - len(self.warnings)]
