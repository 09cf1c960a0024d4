"""The page about words of reasons names every key, situation and language there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from kits.lead_scoring._learning.words import SITUATIONS, ColumnWords, FirmWords, languages
from kits.toolchain.scaffold import template_of

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "words-of-reasons.md").read_text()


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_is_explained_with_its_slots(situation: str) -> None:
    (row,) = re.findall(rf"^\|[^|]*`{situation}`[^|]*\|.*$", PAGE, re.MULTILINE)
    assert {slot for slot in SITUATIONS[situation] if f"`{{{slot}}}`" not in row} == set()


@pytest.mark.parametrize("key", ColumnWords.model_fields)
def test_every_key_of_a_column_is_explained(key: str) -> None:
    assert re.search(rf"^\|[^|]*`{key}`", PAGE, re.MULTILINE)


def test_every_language_is_named() -> None:
    assert all(f"`{code}`" in PAGE for code in languages())


def test_the_examples_are_files_that_are_taken() -> None:

    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert FirmWords.model_validate(yaml.safe_load(example)).columns["demo_requested"].actionable


def test_the_template_leads_to_the_page() -> None:
    assert (
        "docs/how-to/words-of-reasons.md"
        in (template_of("lead-scoring") / "project" / "phrases.yaml").read_text()
    )
