"""Rows of another table are those of the lead: what names who sells is no reason to give each lead all of a rep's rows."""

from __future__ import annotations

from pathlib import Path

from tests.lead_scoring.reading.lead_files import put, read, table


def salesforce_leads(folder: Path, n: int = 40) -> None:
    names = ["Id", "OwnerId", "AccountId", "CreatedDate", "IsConverted", "Status"]
    rows = [
        [f"00Q{i}k", f"005{i % 2}a", f"001{i % 8}a", "2025-03-10 12:00:00", i % 2, "Closed - Converted" if i % 2 else "Unqualified"]
        for i in range(n)
    ]  # fmt: skip
    put(folder / "Lead.csv", table(names, rows))


def test_tasks_are_those_of_the_lead_and_not_all_of_its_owner(tmp_path: Path) -> None:
    salesforce_leads(tmp_path)
    tasks = [
        [f"00T{i}", f"00Q{i % 40}k", f"005{i // 40 % 2}a", f"001{i % 5}a", f"2025-03-0{1 + i % 9} 09:00:00"]
        for i in range(80)
    ]  # fmt: skip
    put(tmp_path / "Task.csv", table(["Id", "WhoId", "OwnerId", "AccountId", "CreatedDate"], tasks))
    found = read(tmp_path)
    assert "Task.csv joined by WhoId = Id" in found.told("joined")
    assert set(found.column("Task: count")) == {2.0}


def test_what_only_names_who_sells_joins_nothing(tmp_path: Path) -> None:
    salesforce_leads(tmp_path)
    calls = [[f"00T{i}", f"005{i % 2}a", f"2025-03-0{1 + i % 9} 09:00:00"] for i in range(80)]
    put(tmp_path / "calls.csv", table(["Call Id", "OwnerId", "CreatedDate"], calls))
    assert "calls.csv was passed over" in read(tmp_path).told("table-unrelated")


def test_what_happened_at_an_account_joins_by_it(tmp_path: Path) -> None:
    salesforce_leads(tmp_path)
    visits = [[f"V{i}", f"001{i % 8}a", f"2025-03-0{1 + i % 9} 09:00:00"] for i in range(80)]
    put(tmp_path / "visits.csv", table(["Visit Id", "AccountId", "CreatedDate"], visits))
    found = read(tmp_path)
    assert "visits.csv joined by AccountId" in found.told("joined")
    assert set(found.column("visits: count")) == {10.0}
