"""Exports of a CRM's different records in one folder: deals, firms, persons. Each numbers its own rows from one on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import put, read, source, table

DEALS = 60


def pipedrive(folder: Path) -> None:
    """Deals that name their firm and person; firm 1 is not deal 1."""
    firms = [[n + 1, f"Firm {n}", f"town{n % 3}", n % 4] for n in range(30)]
    names = ["Organization - ID", "Organization - Name", "Organization - City"]
    put(folder / "organizations.csv", table([*names, "Organization - Won deals"], firms))
    people = [[n + 1, f"Ann {n}", f"Firm {n % 30}", f"job{n % 5}"] for n in range(90)]
    names = ["Person - ID", "Person - Name", "Person - Organization", "Person - Job title"]
    put(folder / "people.csv", table(names, people))
    deals = [
        [n + 1, f"Deal {n}", "Won" if n % 3 else "Lost", f"Firm {29 - n % 30}", f"Ann {89 - n}", "2025-02-01 10:00"]
        for n in range(DEALS)
    ]  # fmt: skip
    names = ["ID", "Title", "Status", "Organization", "Contact person", "Deal created"]
    put(folder / "deals.csv", table([f"Deal - {name}" for name in names], deals))


def test_deals_find_their_firm_and_person_by_name_and_not_by_equal_numbers(tmp_path: Path) -> None:
    pipedrive(tmp_path)
    found = read(tmp_path)
    told = found.told("joined")
    assert "organizations.csv joined by Organization - Name = Deal - Organization: 60 of 60" in told
    assert "people.csv joined by Person - Name = Deal - Contact person: 60 of 60" in told
    assert found.column("organizations.Organization - City")[:3] == ["town2", "town1", "town0"]
    assert found.column("people.Person - Job title")[:2] == ["job4", "job3"]
    # how many deals a firm has won today says what became of this one
    assert not any("Won deals" in name for name in found.leads[0].fields)


def test_a_number_of_the_firm_goes_before_the_firm_with_the_deals_own_number(
    tmp_path: Path,
) -> None:
    deals = [
        {"id": n + 1, "org_id": 40 - n, "status": "won" if n % 3 else "lost", "add_time": "2025-02-01 10:00:00"}
        for n in range(40)
    ]  # fmt: skip
    put(tmp_path / "deals.json", {"data": deals})
    firms = [{"id": n + 1, "town": f"town{n}"} for n in range(40)]
    put(tmp_path / "organizations.json", {"data": firms})
    assert read(tmp_path).column("organizations.town")[:2] == ["town39", "town38"]


@pytest.mark.parametrize("key", ["", "id"])
def test_equal_numbers_of_deals_and_firms_alone_join_nothing_unless_stated(
    tmp_path: Path, key: str
) -> None:
    deals = [[n + 1, "2025-02-01", "Won" if n % 3 else "Lost"] for n in range(40)]
    put(tmp_path / "deals.csv", table(["id", "created_at", "status"], deals))
    put(tmp_path / "companies.csv", table(["id", "town"], [[n + 1, f"t{n}"] for n in range(40)]))
    tables = [{"file": "companies.csv", "role": "accounts", "key": key, "of": key}] if key else []
    found = read(tmp_path, source(tables=tables))
    assert ("companies.csv was passed over" in found.told("table-unrelated")) == (not key)
    assert ("companies.town" in found.leads[0].fields) == bool(key)
