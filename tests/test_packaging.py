"""What is installed: the complete package, and nothing beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = (
    "setup.py",
    "setup.cfg",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "SECURITY.md",
    "MANIFEST.in",
    "Makefile",
    "CONTRIBUTING.md",
    "CITATION.cff",
    ".ruff.toml",
    "pyrightconfig.json",
    "_anthropix_py_pytest.py",
    "anthropix_py",
)
# In the source distribution, and not in the wheel.
APART = ("tests", "examples", "benchmarks", "checks", "docs")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of both distributions, built from a copy of the checkout."""
    copy = tmp_path_factory.mktemp("source")
    for name in (*SOURCES, *APART):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(copy / "dist")]
    done = subprocess.run([*build, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "dist"


def modules() -> set[str]:
    package = ROOT / "anthropix_py"
    return {"_anthropix_py_pytest.py"} | {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.suffix in (".py", ".typed", ".json")
    }


def test_the_wheel_contains_the_package_and_nothing_else(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == modules()
    assert any(name.endswith("LICENSE") for name in names)


def test_the_wheel_requires_urllib3_and_nothing_else(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    [metadata] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    lines = archive.read(metadata).decode().splitlines()
    needed = [
        line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert [line.split()[1].split("<")[0].split(">")[0] for line in needed] == ["urllib3"]
    assert "Requires-Python: >=3.11" in lines
    assert "License-Expression: MIT" in lines


def test_the_sdist_contains_all_that_it_takes_to_test_and_document_it(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert modules() <= names
    assert {name for name in SOURCES if (ROOT / name).is_file()} <= names
    apart = {
        path.relative_to(ROOT).as_posix()
        for folder in APART
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert apart <= names
    assert {name for name in names if name.startswith(".")} == {".ruff.toml"}


TESTS = """
import sys

def test_before():
    assert sys.modules["_anthropix_py_pytest"].__file__.startswith({folder!r})
    assert [name for name in sys.modules if name.startswith("anthropix_py")] == []

def test_use(message_batches):
    assert sys.modules["anthropix_py"].__file__.startswith({folder!r})
"""


def test_pytest_finds_the_plugin_and_imports_the_package_only_for_the_fixture(
    dist: Path, tmp_path: Path
) -> None:
    """Against a package that every pytest run on the machine imports."""
    [wheel] = dist.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    tests = tmp_path / "test_plugin.py"
    tests.write_text(TESTS.format(folder=str(installed)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    removed = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")
    environment = {name: text for name, text in os.environ.items() if name not in removed}
    environment["PYTHONPATH"] = str(installed)
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
