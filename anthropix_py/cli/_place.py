"""The file that a command writes results to: complete or not there."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator

from ..errors import FileError
from ._errors import wrong_use
from ._output import Output

_BLOCK = 1 << 20  # bytes


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


def deliver(out: Output, results: str, path: str, *, replace: bool) -> None:
    """Copy the file *results* to *path*, or to stdout."""
    if os.path.isdir(results):
        raise wrong_use(f"the results of a folder are in {results}", "leave -o out")
    if path == "-":
        out.stream(_blocks(results))
        return
    if os.path.exists(path) and not replace:
        if not filecmp.cmp(results, path, shallow=False):
            raise _exists(path)
    else:
        _copy(results, path)
    out.say(f"Results: {path}")


def _copy(results: str, path: str) -> None:
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(results, "rb") as source, open(part, "xb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
            target.flush()
            os.fsync(target.fileno())
        os.replace(part, path)
    except OSError as error:
        _remove(part)
        raise FileError(path, error.strerror or str(error)) from None
    except BaseException:
        _remove(part)
        raise


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)


def _blocks(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _exists(path: str) -> Exception:
    return wrong_use(f"{path} is there already", "choose another name, or add --replace")
