"""The errors of reading rows: a line of a file that is not a row, an answer that does not fit."""

from __future__ import annotations

from typing import Any

from ..errors import AnthropixError, DecodeError


class RowError(DecodeError):
    """A line of a file is not a row.

    `path`: the path of that file. `detail`: what is wrong. `line`: counted from 1. `offset`: where
    that line begins, in bytes from the start of the file, decompressed. `excerpt`: its beginning.
    """

    def __init__(
        self,
        path: str,
        detail: str,
        line: int | None = None,
        offset: int | None = None,
        excerpt: str = "",
    ) -> None:
        super().__init__(detail, line, offset, excerpt)
        self.args: tuple[Any, ...] = (path, detail, line, offset, excerpt)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {super().__str__()}"


class AnswerError(AnthropixError):
    """A row does not hold the JSON value that was expected.

    `custom_id`: of the row. `detail`: what was found and what was expected. `pointer`: an RFC 6901
    JSON pointer to the place in the value; empty if all of it is meant, None if there is no value.
    """

    def __init__(self, custom_id: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(custom_id, detail, pointer)
        self.custom_id = custom_id
        self.detail = detail
        self.pointer = pointer

    def __str__(self) -> str:
        where = ""
        if self.pointer:
            where = f" at {self.pointer}"
        return f"the answer of {self.custom_id!r}{where}: {self.detail}"
