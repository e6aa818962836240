"""Draws house.svg, the map of the package, from the wings that tests/test_imports.py checks.

`make docs` runs it first. A wing without a line here is drawn with its modules only.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent
PICTURE = DOCS / "house.svg"
TESTS = DOCS.parent / "tests" / "test_imports.py"
WIDTH, HEIGHT, GAP, LEFT = 720, 46, 8, 34


class Wing(NamedTuple):
    """What a wing is for, and what it may touch."""

    purpose: str
    touches: str = ""


WINGS = {
    "command": Wing("the command anthropix", "everything"),
    "plugin": Wing("the pytest fixture"),
    "emulator": Wing("the API on this machine", "serves HTTP, disk"),
    "front": Wing("import anthropix_py"),
    "job": Wing("any number of requests, through any crash", "disk"),
    "preflight": Wing("tokens counted, and a tiny batch tried, before the real one"),
    "rows": Wing("rows as data and as tables", "disk"),
    "batch": Wing("the nine functions and their parts", "disk"),
    "before and after": Wing("what prepares requests and reads rows"),
    "network": Wing("the transport over urllib3", "network"),
    "door": Wing("errors become values, secrets are redacted, events are sent", "log"),
    "client": Wing("the client value", "environment"),
    "wire": Wing("requests and responses as records, secrets, reading a response"),
    "errors": Wing("what can go wrong, and when to try again"),
    "ground": Wing("what all others use: types, limits, JSON, the clock"),
}
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2933 }
  .name { font-weight: 700 }
  .small { font-size: 11.5px; fill: #52606d }
  .touch { font-size: 11.5px; fill: #8a2c0d }
  .box { fill: #f5f7fa; stroke: #9aa5b1 }
  .paper { fill: #ffffff }
  .arrow { stroke: #52606d; stroke-width: 1.5; fill: none }
"""


def wings() -> dict[str, list[str]]:
    """Return the modules of each wing, from the top of the house to the ground."""
    tree = ast.parse(TESTS.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "WINGS":
            found = ast.literal_eval(ast.unparse(node).partition("=")[2].strip())
            return {name: sorted(found[name]) for name in reversed(found)}
    raise LookupError(f"{TESTS} has no WINGS")


def picture() -> str:
    """Return the picture as SVG."""
    floors = wings()
    height = len(floors) * (HEIGHT + GAP) + 2 * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'aria-label="The wings of the package, each above those that it may import">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
        f'<path class="arrow" d="M17 {GAP * 2} V{height - GAP * 2} m-5 -8 l5 8 l5 -8"/>',
    ]
    for number, (name, modules) in enumerate(floors.items()):
        parts += _floor(name, modules, GAP + number * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>", ""])


def _floor(name: str, modules: list[str], top: int) -> list[str]:
    wing = WINGS.get(name, Wing(""))
    listed = _shortened(", ".join(modules), 96)
    right = WIDTH - GAP * 2
    return [
        f'<rect class="box" x="{LEFT}" y="{top}" width="{WIDTH - LEFT - GAP}" '
        f'height="{HEIGHT}" rx="6"/>',
        f'<text x="{LEFT + 12}" y="{top + 19}"><tspan class="name">{escape(name)}</tspan>  '
        f"{escape(wing.purpose)}</text>",
        f'<text class="small" x="{LEFT + 12}" y="{top + 37}">{escape(listed)}</text>',
        f'<text class="touch" x="{right}" y="{top + 19}" text-anchor="end">'
        f"{escape(wing.touches)}</text>",
    ]


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[: text.rindex(",", 0, most)] + ", ..."


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
