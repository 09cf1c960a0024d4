"""What tables of a folder are called: the same next month, when their files bear another date."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.lead_scoring._reading.tables.names import without_stamp
from tests.lead_scoring.reading.lead_files import put, read, table


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("hubspot-crm-exports-all-companies-2025-01-02", "hubspot-crm-exports-all-companies"),
        ("Accounts_2025_01_02", "Accounts"),
        ("accounts_20250102T101500Z", "accounts"),
        ("Accounts 2025-01-02T10-15-00", "Accounts"),
        ("activities 02.01.25", "activities"),
        ("deals-13027839-97", "deals"),
        ("report1735812345678", "report"),
        ("Kunden Januar 2025", "Kunden"),
        ("Firmen_2025-Q1", "Firmen"),
        ("2025-01-02 Firmen", "Firmen"),
        ("companies (1)", "companies"),
        ("Firmen - Kopie (2)", "Firmen"),
    ],
)
def test_a_name_says_nothing_of_its_export(name: str, left: str) -> None:
    assert without_stamp(name) == left


@pytest.mark.parametrize(
    "name",
    ["companies", "visits_30", "survey_2", "top100", "mail2", "x_v2", "census2010", "May", "visits in May", "2025-01-02", "(2)", "", "Konten 2. Halbjahr"],
)  # fmt: skip
def test_what_is_no_date_stays(name: str) -> None:
    assert without_stamp(name) == name


def _export(folder: Path, deals_file: str, firms_file: str) -> list[str]:
    deals = [
        [900 + n, f"Deal {n}", "Won" if n % 3 else "Lost", "2025-02-01 10:00", 70 + n % 20]
        for n in range(60)
    ]
    names = ["Record ID", "Deal Name", "Deal Stage", "Create Date", "Associated Company IDs"]
    put(folder / f"{deals_file}.csv", table(names, deals))
    firms = [[70 + n, f"Firm {n}", f"trade{n % 3}"] for n in range(20)]
    names = ["Record ID", "Company name", "Industry"]
    put(folder / f"{firms_file}.csv", table(names, firms))
    return [name for name in read(folder).leads[0].fields if name.endswith("Industry")]


@pytest.mark.parametrize(
    ("months", "label"),
    [
        ([("all-deals-2025-01-02", "all-companies-2025-01-02"), ("all-deals-2025-02-03", "all-companies-2025-02-03")], "all-companies"),
        ([("report1735812345678", "report1735812349999"), ("report1738812345678", "report1738812349999")], "report"),
        ([("Export (1)", "Export (2)"), ("Export (3)", "Export (4)")], "Export"),
    ],
)  # fmt: skip
def test_columns_of_a_joined_table_have_the_same_names_next_month(
    tmp_path: Path, months: list[tuple[str, str]], label: str
) -> None:
    for number, files in enumerate(months):
        assert _export(tmp_path / str(number), *files) == [f"{label}.Industry"]
