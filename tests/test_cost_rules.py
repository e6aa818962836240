"""The table of rules: the documents show it as it is."""

from __future__ import annotations

from pathlib import Path

from anthropix_py.cost import RULES
from anthropix_py.cost._rules import markdown

PAGE = Path(__file__).parent.parent / "docs" / "money.md"


def test_the_table_in_the_documents_is_current() -> None:
    assert f"\n{markdown()}\n" in PAGE.read_text(encoding="utf-8")


def test_every_rule_has_a_name_of_its_own_and_a_source() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {mark for rule in RULES for mark in rule.source.split(", ")} <= {"D", "M", "A"}
