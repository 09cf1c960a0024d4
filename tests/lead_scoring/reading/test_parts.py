"""Lists below a lead in its table: further rows of them are no leads, and rows that lack all that leads have are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, table

DAY = date(2024, 3, 1)
OWN = ["ID", "Customer", "Status", "Created On"]


def quotes(parts: Sequence[str], *, more: int) -> str:
    """Forty quotes, each with a row and some more for its items."""
    rows: list[list[object]] = []
    for n in range(40):
        status = ("Won", "Lost", "Draft")[n % 3]
        rows.append(
            [f"Q-{n}", f"Firm {n}", status, DAY + timedelta(n), f"row{n}", "Chair", n % 7 + 1]
        )
        rows += [["", "", "", "", f"row{n}-{k}", "Desk", 7] for k in range(more)]
    return table([*OWN, *parts], rows)


@pytest.mark.parametrize(
    "parts",
    [
        ["ID (Items)", "Item Code (Items)", "Quantity (Items)"],
        ["Order Lines/ID", "Order Lines/Product", "Order Lines/Quantity"],
    ],
)
def test_further_items_of_a_quote_are_no_leads(tmp_path: Path, parts: list[str]) -> None:
    found = read(put(tmp_path / "q.csv", quotes(parts, more=2)))
    assert [found.labels.count(one) for one in ("won", "lost", "")] == [14, 13, 13]
    assert "id=ID, decided_at=Created On" in found.told("columns")
    assert "80 rows are no leads and were left out: a part of the row above (80)" in found.told(
        "no-leads"
    )
    assert found.column(parts[2])[:2] == [1.0, 2.0]


def test_a_lead_of_which_only_a_note_in_brackets_is_known_is_one(tmp_path: Path) -> None:
    rows = [[f"L{n}" if n % 5 else "", "Won" if n % 2 else "Lost", "x"] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["Lead ID", "Status", "Source (web)"], rows)))
    assert len(found.leads) == 40 and not found.told("no-leads")


def test_rows_without_all_that_others_have_are_told(tmp_path: Path) -> None:
    found = read(put(tmp_path / "q.csv", quotes(["Row", "Product", "Pieces"], more=1)))
    assert len(found.leads) == 80
    [told] = [one for one in found.findings if one.check == "rows-without"]
    assert told.level == "warn" and told.text.startswith(
        "40 of 80 rows have nothing in ID, Customer, Status, Created On, which all others have"
    )
    assert told.evidence[0] == "q.csv, row 2"
    assert not read(put(tmp_path / "p.csv", quotes(["Row", "Product", "Pieces"], more=0))).told(
        "rows-without"
    )
