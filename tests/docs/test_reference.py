"""The generated reference says what the programs say."""

from __future__ import annotations

from pathlib import Path

from kits.toolchain.reference import outdated

ROOT = Path(__file__).parents[2]


def test_the_reference_is_up_to_date() -> None:
    assert [path.name for path in outdated(ROOT)] == [], "run `make docs`"
