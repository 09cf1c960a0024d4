"""The reference page of CRMs has what the programs have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud_sync.crm.connection.adding import API_OPTIONS, OPTIONS
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.table import KINDS

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "reference" / "crm.md").read_text(encoding="utf-8")


def options_in_code() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "cloud_sync" / "crm").rglob("*.py"):
        found |= set(
            re.findall(r"options\.get\(\s*[\"'](\w+)[\"']", path.read_text(encoding="utf-8"))
        )
    return found


def test_there_are_options_to_look_for() -> None:
    assert {"events", "api", "version", "authority"} <= options_in_code()


def test_an_option_that_is_read_is_not_refused_as_misspelt() -> None:
    known = {*OPTIONS, *(option for options in API_OPTIONS.values() for option in options)}
    assert options_in_code() - known == set()


@pytest.mark.parametrize("option", sorted(options_in_code()))
def test_each_option_is_on_the_page(option: str) -> None:
    assert f"`{option}`" in PAGE


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_on_the_page_with_its_object_and_its_secrets(kind: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` | `"))
    assert f"`{KINDS[kind].object}`" in row and f"`{KINDS[kind].scheme}`" in row
    assert all(f"`{secret.name}`" in row for secret in KINDS[kind].secrets)


@pytest.mark.parametrize("key", sorted(CrmSettings.model_fields))
def test_each_setting_is_on_the_page(key: str) -> None:
    assert f"| `{key}` |" in PAGE
