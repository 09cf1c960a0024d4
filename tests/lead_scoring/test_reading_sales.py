"""Sales beside leads: by which sale a lead is won, and which are none of this lead."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from tests.lead_scoring.lead_files import Read, put, read, table

DAY = date(2024, 3, 1)


def orders(folder: Path, sold: list[list[object]], dated: str = "Ordredato") -> Read:
    """Sixty contacts, one a day, with these orders."""
    contacts = [[f"K{n}", f"a{n}@f{n}.dk", DAY + timedelta(n), "web"] for n in range(60)]
    put(folder / "kontakter.csv", table(["Kontakt-ID", "E-mail", "Oprettet", "Kilde"], contacts))
    header = ["Ordrenummer", "Kundens e-mail", dated, "Status"]
    rows = [[100 + n, *row] for n, row in enumerate(sold)]
    put(folder / "ordrer.csv", table(header, rows))
    return read(folder)


def sale(n: int, days: int, status: str = "Gennemført") -> list[object]:
    """An order of contact `n`, so many days after it came."""
    return [f"A{n}@F{n}.dk", DAY + timedelta(n + days), status]


def won(found: Read) -> list[str]:
    cells = zip(found.leads, found.labels)
    return [lead.id for lead, label in cells if label == "won"]


def test_what_was_bought_before_a_lead_came_wins_it_not(tmp_path: Path) -> None:
    since = [sale(n, 10) for n in range(20)]
    # the first of these bought again, the others are customers who asked for something else
    before = [sale(n, -50) for n in (0, 20, 21, 22)]
    found = orders(tmp_path, [*before, *since])
    told = found.told("sales")
    assert "20 of 60 leads have a row and count as won, at Ordredato" in told
    assert "3 bought before they came and not since" in told
    assert not {"K20", "K21", "K22"} & set(won(found))


def test_dates_that_lie_before_most_leads_are_none_of_sales(tmp_path: Path) -> None:
    found = orders(tmp_path, [sale(n, -50) for n in range(20)], "Kunde siden")
    assert "20 of 60 leads have a row and count as won" in found.told("sales")
    assert "before they came" not in found.told("sales")


def test_orders_that_were_called_off_are_no_sales(tmp_path: Path) -> None:
    done = [sale(n, 10) for n in range(20)]
    off = [sale(30, 5, "Annulleret"), sale(31, 5, "Refunded"), sale(1, 2, "Annulleret")]
    found = orders(tmp_path, [*done, *off])
    told = found.told("sales")
    assert "20 of 60 leads have a row" in told and "3 rows were called off" in told
    assert not {"K30", "K31"} & set(won(found))
