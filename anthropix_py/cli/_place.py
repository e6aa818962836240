"""A file that a command writes: complete or not there."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

from .. import _json
from ..errors import FileError
from ._errors import CommandError, wrong_use
from ._output import Output

_BLOCK = 1 << 20  # bytes
_LINES = 1000  # written at a time


def check(path: str, out: Output, *, replace: bool) -> None:
    """Raise an error for a place that could not be written to at the end."""
    if path == "-":
        if out.is_json:
            raise wrong_use("--json and -o - both go to stdout", "name a file with -o")
        return
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise wrong_use(f"{path}: there is no folder {folder}", "create it, or choose another -o")
    if not os.access(folder, os.W_OK):
        raise FileError(path, "Permission denied: its folder cannot be written to")
    if os.path.isdir(path):
        raise wrong_use(f"{path} is a folder", "name a file with -o")
    if os.path.exists(path) and not replace:
        raise _exists(path)


def blocks(path: str) -> Iterator[bytes]:
    """Yield the content of a file."""
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield block


def as_lines(values: Iterable[object]) -> Iterator[bytes]:
    """Yield values as lines of JSON, in blocks."""
    block: list[bytes] = []
    for value in values:
        block.append(_json.dumps(value) + b"\n")
        if len(block) == _LINES:
            yield b"".join(block)
            block = []
    if block:
        yield b"".join(block)


def deliver(out: Output, content: Iterable[bytes], path: str, *, replace: bool) -> None:
    """Write *content* to the file at *path*, or to stdout for `-`.

    A file that is there already is left alone if it has this content; otherwise it needs *replace*.
    """
    if path == "-":
        out.stream(content)
        return
    write(path, content, replace=replace)
    out.say(f"Results: {path}")


def write(path: str, content: Iterable[bytes], *, replace: bool = False) -> int:
    """Write *content* to the file at *path*, and return the number of bytes."""
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(part, "xb") as file:
            count = sum(map(file.write, content))
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path) and not replace and not filecmp.cmp(part, path, shallow=False):
            raise _exists(path)
        os.replace(part, path)
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None
    finally:
        with suppress(OSError):
            os.unlink(part)
    return count


def holds(path: str, content: Iterable[bytes]) -> bool:
    """Return whether the file at *path* consists of *content*."""
    if not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        return all(file.read(len(block)) == block for block in content) and not file.read(1)


def _exists(path: str) -> CommandError:
    return wrong_use(f"{path} is there already", "choose another name, or add --replace")
