"""Pure in the middle, I/O at the rim: which wing and which module may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import anthropix_py

PACKAGE = Path(anthropix_py.__file__).parent

# From the ground up. A wing is a folder, or the modules named; each may import those before it,
# none after it.
WINGS: dict[str, set[str]] = {
    "ground": {
        "_version",
        "limits",
        "types",
        "_problem",
        "_arguments",
        "_importing",
        "_json",
        "_seen",
        "_clock",
    },
    "errors": {"errors", "result", "_files", "retry"},
    "wire": {"_wire", "transport"},
    "client": {"_pairs", "_auth", "_proxies", "_options", "client"},
    "door": {"_door", "_events"},
    "network": {"_http"},
    "before and after": {"validate", "split", "usage", "_build", "build"},
    "batch": {"batch"},
    "rows": {"rows", "tables"},
    "preflight": {"preflight"},
    "money": {"cost"},
    "job": {"job"},
    "front": {"__init__"},
    "emulator": {"emulator"},
    "plugin": {"pytest_plugin"},
    "command": {"cli", "__main__"},
}

# Wings, folders and modules that compute and do no I/O: of the standard library they use what is
# in PURE.
_MODULES = """_version limits types _problem _arguments _importing _json _seen errors result retry
    _options _pairs _auth validate split usage _wire _http.chunked batch._ids batch._jsonl
    batch._lines batch._polling emulator._refusal emulator._params emulator._message
    emulator._worker emulator._parse emulator._replies emulator._checks emulator._models
    emulator._fitting"""
_LIBRARY = """__future__ _thread array codecs collections.abc datetime decimal email.utils functools
    hashlib io json json.decoder math operator msgspec.json re sys types typing urllib.parse zlib"""
PURE_MODULES: set[str] = {*_MODULES.split()}
PURE: set[str] = {*_LIBRARY.split(), "difflib"}
READ_FILES = {"validate.__init__", "validate._file"}
NETWORK = {"urllib3", "http", "http.client", "socket", "ssl", "cheroot", "cheroot.server"}
MAY_NETWORK = {"_http", "emulator._server", "emulator._gateway"}


def modules() -> list[str]:
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts) for path in paths)


def wing(module: str) -> str:
    """Return the name of the wing in which *module* lies."""
    [found] = [name for name, members in WINGS.items() if module.split(".")[0] in members]
    return found


def within(module: str, places: set[str]) -> bool:
    """Whether *module* is one of *places* or lies in one."""
    return any(module == place or module.startswith(place + ".") for place in places)


@cache
def imported(module: str, *, lazily: bool) -> tuple[set[str], set[str]]:
    """Return what *module* imports: (of this package, from elsewhere).

    With *lazily* also inside functions.
    """
    package = ("anthropix_py." + module).rsplit(".", 1)[0]
    tree = ast.parse((PACKAGE / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    inside: set[str] = set()
    outside: set[str] = set()
    for node in _nodes(tree, lazily):
        if isinstance(node, ast.Import):
            outside |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outside.add(node.module or "")
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[1 : len(package.split(".")) - node.level + 1]
            base = ".".join([*above, node.module or ""]).strip(".")
            names = [f"{base}.{name.name}".strip(".") for name in node.names]
            inside |= {_module(name) or _module(base) or "__init__" for name in names}
    return inside, outside


def _module(name: str) -> str | None:
    return next((module for module in (name, f"{name}.__init__") if module in modules()), None)


def _nodes(tree: ast.AST, lazily: bool) -> list[ast.AST]:
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        only_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if only_for_types:
            continue
        found.append(node)
        if lazily or not isinstance(node, ast.FunctionDef):
            found += _nodes(node, lazily)
    return found


def test_every_module_lies_in_one_wing() -> None:
    places = [place for members in WINGS.values() for place in members]
    assert len(places) == len(set(places))
    assert {module.split(".")[0] for module in modules()} == set(places)


@pytest.mark.parametrize("module", modules())
def test_imports_point_down_to_earlier_wings(module: str) -> None:
    order = list(WINGS)
    above = set(order[order.index(wing(module)) + 1 :])
    assert {wing(other) for other in imported(module, lazily=True)[0]} & above == set()


def test_no_imports_go_in_a_circle() -> None:
    left = {module: imported(module, lazily=True)[0] - {module} for module in modules()}
    while ready := {module for module, others in left.items() if not others}:
        left = {module: others - ready for module, others in left.items() if module not in ready}
    assert left == {}


@pytest.mark.parametrize(
    "module",
    [one for one in modules() if within(one, PURE_MODULES) and one not in READ_FILES],
)
def test_pure_modules_import_only_pure_ones(module: str) -> None:
    inside, outside = imported(module, lazily=True)
    assert outside - {"typing_extensions"} <= PURE
    assert {
        one
        for one in inside
        if not within(one, {*PURE_MODULES, "client", "_clock", "emulator._store"})
    } == set()


@pytest.mark.parametrize(
    "module", [module for module in modules() if not within(module, MAY_NETWORK)]
)
def test_only_the_rim_touches_the_network(module: str) -> None:
    assert not imported(module, lazily=True)[1] & NETWORK


def test_importing_loads_no_http_stack() -> None:
    heavy = {"urllib3", "http.client", "ssl", "socket", "logging", "email", "inspect"}
    code = f"import sys, anthropix_py; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_emulator_needs_no_server_library_without_a_server() -> None:
    servers = {"urllib3", "cheroot"}
    code = f"import sys, anthropix_py.emulator; print(*sorted({servers} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def undocumented(module: str) -> list[str]:
    tree = ast.parse((PACKAGE / (module.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    documented: dict[str, bool] = {}
    for node in _nodes(tree, lazily=False):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            documented[node.name] = (
                documented.get(node.name, False) or ast.get_docstring(node) is not None
            )
    return [name for name, has in documented.items() if not has]


@pytest.mark.parametrize(
    "module", [name for name in modules() if not name.split(".")[-1].startswith("_")]
)
def test_every_public_name_has_a_docstring(module: str) -> None:
    assert undocumented(module) == []


def test_every_name_at_the_door_has_a_docstring() -> None:
    plain = {"__version__", "Ok", "Err", "Result"}  # a string and three aliases
    assert [
        name
        for name in anthropix_py.__all__
        if not getattr(anthropix_py, name).__doc__ and name not in plain
    ] == []
