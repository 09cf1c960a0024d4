"""What a person is asked about, and which table and date are taken, where a table to learn from says nothing of leads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import put, read, table


@pytest.mark.parametrize(
    "name, cells, line",
    [
        ("Loan_Status", "YN", 'model.source.outcome: Loan_Status, model.source.won: ["Y"]'),
        ("is_canceled", "10", 'model.source.outcome: is_canceled, model.source.won: ["1"]'),
        ("Churn Value", "10", 'model.source.outcome: Churn Value, model.source.won: ["1"]'),
        (
            "Attrition_Flag",
            ("Attrited Customer", "Existing one"),
            "model.source.outcome: Attrition_Flag, model.source.won: […], model.source.lost: […]",
        ),
    ],
)
def test_a_column_of_two_values_that_is_called_like_an_end_is_asked_about_before_others(
    tmp_path: Path, name: str, cells: Sequence[str], line: str
) -> None:
    header = ["id", "Gender", name, "previous_cancellations", "Married", "Marital_Status"]
    rows = [
        [k, "MF"[k % 2], cells[k % 2], k // 2 % 2, ("Yes", "No")[k // 3 % 2], "abc"[k % 3]]
        for k in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert finding.evidence[0].startswith(name)
    assert f"if {name} tells it: {line}" in finding.fix


def test_accounts_that_other_tables_name_are_the_leads_where_they_say_who_left(
    tmp_path: Path,
) -> None:
    days = [f"2024-01-{1 + k % 28:02}" for k in range(60)]
    accounts = [[f"A-{k}", days[k], "ab"[k % 2], k % 3 == 0] for k in range(40)]
    tickets = [[f"T-{k}", f"A-{k % 40}", days[k], "low"] for k in range(60)]
    put(
        tmp_path / "accounts.csv",
        table(["account_id", "signup_date", "plan", "churn_flag"], accounts),
    )
    put(
        tmp_path / "tickets.csv",
        table(["ticket_id", "account_id", "submitted_at", "priority"], tickets),
    )
    found = read(tmp_path)
    assert {one.source.partition("#")[0] for one in found.samples} == {"accounts.csv"}
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert "if churn_flag tells it" in finding.fix


def test_a_date_that_lies_years_before_the_others_is_not_when_a_lead_came(tmp_path: Path) -> None:
    rows = [
        [k, f"{1990 + k % 20}-05-01", f"2024-01-{1 + k % 28:02}", f"2024-03-{1 + k % 28:02}", k % 2]
        for k in range(60)
    ]
    header = ["id", "earliest_line", "issue_d", "settled_d", "converted"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [columns] = [one for one in found.findings if one.check == "columns"]
    assert "decided_at=issue_d" in columns.text
    assert any("but for earliest_line" in one.text for one in found.findings)


def test_where_nothing_speaks_for_one_of_several_columns_all_are_named(tmp_path: Path) -> None:
    header = ["ID", "Income", "Personal Loan", "Online", "CreditCard"]
    rows = [[k, 20 + k, k % 5 == 0, k % 2, k % 3 == 0] for k in range(40)]
    rows = [[int(cell) for cell in row] for row in rows]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [finding] = [one for one in found.findings if one.check == "outcome"]
    assert "if CreditCard tells it, or Online, Personal Loan in its place: " in finding.fix


def test_offers_in_polish_are_feminine(tmp_path: Path) -> None:
    cells = ("przyjęta", "odrzucona", "brak odpowiedzi", "w trakcie")
    rows = [[f"Z/{k}", f"2024-01-{1 + k % 28:02}", cells[k % 4]] for k in range(40)]
    found = read(put(tmp_path / "e.csv", table(["Nr zapytania", "Data", "Status oferty"], rows)))
    labels = [one.annotation.label if one.annotation else "" for one in found.samples]
    assert labels[:4] == ["won", "lost", "lost", ""]
