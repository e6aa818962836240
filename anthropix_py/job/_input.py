"""The requests of a job, wherever they come from, each with its place in the user's terms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .. import _files
from .._files import as_file_errors
from .._problem import Problem, shown
from ..errors import FileError, InvalidRequest
from ..validate._checker import iterate
from ._json_lines import reader

_ENDS = (".jsonl", ".jsonl.gz")

Requests = Iterable[Mapping[str, object]] | str | os.PathLike[str]


class Item(NamedTuple):
    """One request, still to be checked. `place`: where it stands; `problem`: why it has none."""

    place: str
    request: object
    problem: Problem | None = None


class Source(NamedTuple):
    """One file of requests, or an iterable. `name`: of the file that gets its results."""

    name: str
    path: str | None
    size: int | None
    modified: int | None
    requests: Iterable[Mapping[str, object]] | None = None

    @property
    def label(self) -> str:
        """Return the name of the file for errors; empty for an iterable."""
        return os.path.basename(self.path or "")

    @property
    def mark(self) -> list[Any]:
        """Return what shows, without reading it, that a file has not changed."""
        return [self.name, self.size, self.modified]

    def items(self) -> Iterator[Item]:
        """Yield the requests with their places."""
        if self.path is not None:
            return _lines(self.path)
        return _given(iter(self.requests or ()))


def sources(requests: Requests) -> tuple[list[Source], bool]:
    """Return the sources of *requests*, and whether they are the files of a folder.

    Raises `FileError` for a path without files, TypeError for what cannot be requests.
    """
    if not isinstance(requests, (str, os.PathLike)):
        return [Source("results.jsonl", None, None, None, iterate(requests))], False
    path = os.fspath(requests)
    if not os.path.isdir(path):
        return [_file(path, "results.jsonl")], False
    with as_file_errors(path):
        names = sorted(name for name in os.listdir(path) if name.endswith(_ENDS))
    if not names:
        raise FileError(path, "holds no .jsonl and no .jsonl.gz file")
    files = [_file(os.path.join(path, name), name.removesuffix(".gz")) for name in names]
    doubled = {one.name for one in files if sum(other.name == one.name for other in files) > 1}
    if doubled:
        detail = f"has {min(doubled)} and {min(doubled)}.gz, whose results would be one file"
        raise FileError(path, detail)
    return files, True


def _file(path: str, name: str) -> Source:
    with as_file_errors(path):
        found = os.stat(path)
    return Source(name, path, found.st_size, found.st_mtime_ns)


def _given(requests: Iterator[Mapping[str, object]]) -> Iterator[Item]:
    return (Item(f"requests[{index}]", one) for index, one in enumerate(requests))


def _lines(path: str) -> Iterator[Item]:
    name = os.path.basename(path)
    read = reader()
    for number, line in enumerate(_files.lines(path), 1):
        place = f"{name} line {number}"
        if not line.strip():
            continue
        try:
            yield Item(place, read(line))
        except ValueError as error:
            problem = Problem(None, None, place, f"not JSON ({error})", "a request, as JSON")
            yield Item(place, None, problem)


def checked_id(item: Item) -> str | Problem:
    """Return the custom_id of a request, or what is wrong with it; any text will do."""
    if item.problem is not None:
        return item.problem
    if not isinstance(item.request, Mapping):
        expected = "an object with custom_id and params"
        return Problem(None, None, item.place, shown(item.request), expected)
    if "custom_id" not in item.request:
        return Problem(None, None, f"{item.place}/custom_id", "no such key", "a string")
    id = item.request["custom_id"]
    if not isinstance(id, str):
        return Problem(None, None, f"{item.place}/custom_id", shown(id), "a string")
    return str.__str__(id)


def refused(problems: list[Problem], more: int) -> InvalidRequest:
    """Return the error for *problems*, of which *more* than these were found."""
    if more:
        problems = [*problems, Problem(None, None, "requests", f"{more:,} more problems", "none")]
    return InvalidRequest(problems)
