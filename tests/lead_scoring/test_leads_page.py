"""The reference page of leads names every setting, CRM and check there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kits.lead_scoring import _checking
from kits.lead_scoring._reading.columns.mapping import known_mappings, load_mappings
from kits.lead_scoring.config import SourceConfig, TableConfig

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "leads.md").read_text()
HOW_TO = (ROOT / "docs" / "how-to" / "bring-your-leads.md").read_text()


@pytest.mark.parametrize("key", [*SourceConfig.model_fields, *TableConfig.model_fields])
def test_every_setting_of_the_data_is_explained(key: str) -> None:
    assert re.search(rf"^\|[^|]*`{key}`", PAGE, re.MULTILINE)


@pytest.mark.parametrize("crm", known_mappings())
def test_every_crm_is_listed_with_its_records(crm: str) -> None:
    for one in load_mappings(crm):
        (row,) = re.findall(rf"^\| {one.title} \|.*$", PAGE, re.MULTILINE)
        assert one.object in row


def test_every_check_is_explained() -> None:
    folder = Path(_checking.__file__).parent
    names = {
        name
        for file in folder.glob("*.py")
        for name in re.findall(r'Finding\(\s*"([a-z-]+)"', file.read_text())
    }
    assert len(names) > 8
    assert not {name for name in names - {"enough-leads"} if f"`{name}`" not in HOW_TO}
