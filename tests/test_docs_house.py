"""The picture of the house shows the wings that the imports are checked against."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree

import test_imports

DOCS = Path(__file__).parent.parent / "docs"
PICTURE = ElementTree.parse(DOCS / "house.svg")


def test_the_picture_shows_every_wing_from_the_top_to_the_ground() -> None:
    """Against a wing that is added, and a picture that is not drawn again: run `make docs`."""
    shown = [one.text for one in PICTURE.iter() if one.get("class") == "name"]
    assert shown == [*reversed(test_imports.WINGS)]


def test_the_script_reads_the_wings_and_explains_no_other() -> None:
    spec = importlib.util.spec_from_file_location("house", DOCS / "house.py")
    assert spec is not None
    assert spec.loader is not None
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    assert set(house.WINGS) <= set(test_imports.WINGS)
    assert house.wings() == {
        name: sorted(modules) for name, modules in reversed(test_imports.WINGS.items())
    }


def test_the_modules_named_in_the_page_exist() -> None:
    page = (DOCS / "how-it-is-built.md").read_text(encoding="utf-8")
    package = DOCS.parent / "anthropix_py"
    named = set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", page))
    assert named
    assert {name for name in named if not (package / name).is_file()} == set()
