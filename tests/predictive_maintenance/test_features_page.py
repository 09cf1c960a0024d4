"""The page of features says what the code computes."""

from __future__ import annotations

from pathlib import Path

from kits.predictive_maintenance._signals.groups import GROUPS
from kits.predictive_maintenance._signals.reference import render

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "features.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_every_group_has_its_unit_and_source() -> None:
    text = render()
    for group in GROUPS:
        section = text.split(f"## `{group}`\n")[1].split("\n## ")[0]
        assert "Source: " in section
        assert "| figure | unit |" in section
