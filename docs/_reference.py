"""Writes the reference: every name in the `__all__` of every public module, from its docstring.

A page asks for the modules that no other page has with the line `{{ modules }}`, and for one module
with `{{ modules: anthropix_py.types }}`. A public name without a docstring is a warning, which
fails the build.
"""

from __future__ import annotations

import fnmatch
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

import anthropix_py

_LINE = re.compile(r"^\{\{ modules(?:: (?P<names>[\w. ]+))? \}\}$", re.MULTILINE)
_PATTERN = re.compile(r"^[\w/-]+\*$", re.MULTILINE)
# on a page of their own
_APART = ("anthropix_py.types",)
# Not for use from Python: it is the command.
_NOT_HERE = ("cli", "__main__")
_SECTION = """
## {title}

```{{eval-rst}}
{rst}```
"""
# classes that users do not call
_NOT_BY_HAND = ("anthropix_py.client.Client",)
_ALIASES = [
    (
        re.compile(
            r"tuple\[~typing\.Literal\['ok'\], (.*)\] \| "
            r"tuple\[~typing\.Literal\['error'\], ~anthropix_py\.errors\.AnthropixError\]"
        ),
        r"~anthropix_py.result.Result[\1]",
    ),
    (
        re.compile(r"str \| ~collections\.abc\.Mapping\[str, object\]"),
        "~anthropix_py.types.BatchRef",
    ),
]
_log = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the parts with Sphinx."""
    app.connect("source-read", _fill)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _with_short_types)
    return {"parallel_read_safe": True}


def modules() -> Iterator[str]:
    """Yield the names of the public modules: those with an `__all__` and no underscore."""
    yield "anthropix_py"
    for found in pkgutil.walk_packages(anthropix_py.__path__, "anthropix_py."):
        if "._" in found.name or found.name.split(".")[1] in _NOT_HERE:
            continue
        if hasattr(importlib.import_module(found.name), "__all__"):
            yield found.name


def _fill(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = _LINE.sub(_sections, source[0])
    if page == app.config.root_doc:
        source[0] = _PATTERN.sub(lambda found: _if_any(app, found[0]), source[0])


def _if_any(app: Sphinx, pattern: str) -> str:
    """Return a pattern of the table of contents, or nothing if no page matches it."""
    return pattern if fnmatch.filter(app.env.found_docs, pattern) else ""


def _sections(found: re.Match[str]) -> str:
    names = (found["names"] or "").split() or [name for name in modules() if name not in _APART]
    return "".join(map(_section, names))


def _section(name: str) -> str:
    # What the package only passes on is explained where it is defined.
    if name == "anthropix_py":
        return _SECTION.format(title=f"`{name}`", rst=f".. automodule:: {name}\n")
    values = _values(name)
    members = ", ".join(public for public in _members(name) if public not in values)
    rst = f".. automodule:: {name}\n   :members: {members}\n   :undoc-members:\n"
    for public, lines in values.items():
        rst += f"\n.. py:data:: {public}\n   :module: {name}\n\n"
        rst += "".join(f"   {line}\n" for line in lines)
    return _SECTION.format(title=f"`{name}`", rst=rst)


def _members(name: str) -> list[str]:
    """Return the public names of a module, without those that another public module defines."""
    module = importlib.import_module(name)
    others = {*modules()} - {name}
    return [
        public
        for public in module.__all__
        if getattr(getattr(module, public), "__module__", name) not in others
    ]


def _values(name: str) -> dict[str, list[str]]:
    """Return the docstrings of constants and aliases that a module passes on from a private one.

    autodoc finds a docstring below an assignment only in the module that has the assignment.
    """
    module = importlib.import_module(name)
    own = ModuleAnalyzer.for_module(name).find_attr_docs()
    found: dict[str, list[str]] = {}
    for public in _members(name):
        value = getattr(module, public)
        if isinstance(value, (type, FunctionType)) or ("", public) in own:
            continue
        lines = _docstring_elsewhere(public, value)
        if not lines:
            _log.warning("the public name %s.%s has no docstring", name, public)
        found[public] = lines
    return found


def _docstring_elsewhere(public: str, value: object) -> list[str]:
    for other, module in sorted(sys.modules.items()):
        if other.startswith("anthropix_py.") and vars(module).get(public) is value:
            lines = ModuleAnalyzer.for_module(other).find_attr_docs().get(("", public))
            if lines:
                return lines
    # a function that a decorator has made an object of another kind
    function = getattr(value, "__wrapped__", None)
    return [] if function is None else (inspect.getdoc(function) or "").splitlines()


def _skip(
    _app: Sphinx, what: str, _name: str, member: object, _skip: bool, _options: dict[str, Any]
) -> bool | None:
    # The fields of a record are explained in its docstring.
    if what == "class" and _is_a_field(member):
        return True
    return None


def _is_a_field(member: object) -> bool:
    return type(member).__name__ == "_tuplegetter"


def _process(
    _app: Sphinx, what: str, name: str, _member: object, _options: object, lines: list[str]
) -> None:
    if not any(lines) and what != "attribute":
        _log.warning("the public name %s has no docstring", name)
    # reStructuredText wants a space after the end of code, unless it is escaped
    spaced = [re.sub(r"(`[^`]+`)(?=\w)", r"\1\\ ", line) for line in lines]
    lines[:] = _with_code_blocks(spaced)


def _with_short_types(
    _app: Sphinx,
    _what: str,
    name: str,
    _member: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    """Write aliases by their names again, because annotations show what they stand for."""
    if name in _NOT_BY_HAND:
        return "", None
    parts = [signature, returns]
    for pattern, alias in _ALIASES:
        parts = [part and pattern.sub(alias, part) for part in parts]
    return parts[0], parts[1]


def _with_code_blocks(lines: list[str]) -> list[str]:
    """Return the lines of a docstring, with indented ones marked as code for reStructuredText."""
    made: list[str] = []
    inside = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not inside and (not made or not made[-1]):
            made += [".. code-block:: python", ""]
        if line:
            inside = indented
        made.append(line)
    return made
