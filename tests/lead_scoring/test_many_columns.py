"""What is said of tables with as many columns as a CRM exports: each column that was left out is named somewhere."""

from __future__ import annotations

from pathlib import Path

from kits.lead_scoring._checking import columns
from kits.lead_scoring.config import Config
from tests.lead_scoring.checked_leads import leads, only
from tests.lead_scoring.reading.lead_files import put, read, table

MANY = 45


def test_all_columns_that_a_crm_fills_in_later_are_named(tmp_path: Path) -> None:
    later = [f"hs_v2_date_entered_{n}" for n in range(MANY)]
    header = ["hs_object_id", "dealname", "createdate", "hs_is_closed_won", "hs_is_closed", *later]
    rows = [
        [n, f"Deal {n}", "2025-01-01T10:00:00Z", "true" if n % 2 else "false", "true"]
        + ["2025-03-01T10:00:00Z"] * MANY
        for n in range(1, 5)
    ]
    found = read(put(tmp_path / "deals.csv", table(header, rows)))
    assert f"{MANY} columns are filled in" in found.told("known-later")
    named = {e for f in found.findings if f.check == "known-later" for e in f.evidence}
    assert named == set(later)


def test_all_columns_that_name_persons_are_named(tmp_path: Path) -> None:
    mails = [f"E-mail {n}" for n in range(MANY)]
    header = ["id", *mails, "converted"]
    rows = [[n, *[f"a{n}.{m}@b.example" for m in range(MANY)], n % 2] for n in range(6)]
    found = read(put(tmp_path / "leads.csv", table(header, rows)))
    named = [e for f in found.findings if f.check == "personal" for e in f.evidence]
    assert len(named) == MANY


def test_all_columns_that_are_mostly_empty_are_named(tmp_path: Path) -> None:
    names = [f"field {n}" for n in range(MANY)]
    rows = [[n, *["x" if n == 0 else ""] * MANY, n % 2] for n in range(6)]
    found = only(
        list(columns.missing(leads(tmp_path, ["id", *names, "converted"], rows), Config()))
    )
    assert len(found.evidence) == MANY
