"""Lists that a small firm keeps by hand: one for each year, offers beside orders and customers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table
from tests.sheets import xlsx

NAMES = ["Nr", "Eingang", "Ort", "Summe", "Ergebnis"]
YEARS = ("2023", "2024")


def yearly(folder: Path, *, more: list[str]) -> Path:
    """A list for each year, both numbered from one on; the second has more columns."""
    for year, extra in zip(YEARS, ([], more)):
        rows = [
            [n + 1, f"{n % 28 + 1:02}.03.{year}", f"{year}-{n % 7}", n * 10 + int(year), "gewonnen" if n % 3 else "verloren", *extra]
            for n in range(30)
        ]  # fmt: skip
        put(folder / f"Anfragen {year}.csv", table([*NAMES, *extra], rows, ";"))
    return folder


@pytest.mark.parametrize("more", [[], ["Quelle", "Räume"]])
def test_lists_of_several_years_are_one_table_though_one_has_more_columns(
    tmp_path: Path, more: list[str]
) -> None:
    found = read(yearly(tmp_path, more=more))
    assert [found.labels.count(one) for one in ("won", "lost")] == [40, 20]
    assert found.column("Ort")[0] == "2023-0" and found.column("Ort")[-1] == "2024-1"
    # the place in its list is neither who a lead is nor what it is like
    assert "Nr" not in found.leads[0].fields and len({lead.id for lead in found.leads}) == 60
    assert ("list the same kind of leads" in found.told("one-table")) == bool(more)


@pytest.mark.parametrize(
    ("more", "level"), [(["Quelle"], "pass"), (["Quelle", "Räume", "Etage"], "warn")]
)
def test_lists_that_differ_in_many_columns_are_worth_a_question(
    tmp_path: Path, more: list[str], level: str
) -> None:
    found = read(yearly(tmp_path, more=more))
    said = next(f for f in found.findings if f.check == "one-table")
    assert said.level == level and said.evidence == tuple(more)
    assert ("file: Anfragen 2024.csv, role: ignore" in said.fix) == (level == "warn")


def test_lists_that_are_too_different_are_not_joined_by_the_place_of_their_rows(
    tmp_path: Path,
) -> None:
    more = [f"K{n}" for n in range(8)]
    found = read(yearly(tmp_path, more=more))
    assert "was passed over" in found.told("table-unrelated")
    assert len(found.leads) == 30 and "K1" not in str(found.leads[0].fields)


def test_two_exports_of_the_same_leads_are_joined_as_before(tmp_path: Path) -> None:
    rows = [
        [n + 1, "2025-02-01", f"t{n % 7}", 2 * n, "Won" if n % 3 else "Lost", n % 2]
        for n in range(30)
    ]
    names = ["id", "created", "town", "size", "status", "visits"]
    put(tmp_path / "a.csv", table(names[:5], [row[:5] for row in rows]))
    put(tmp_path / "b.csv", table([*names[:3], "status", "visits"], [[*r[:3], *r[4:]] for r in rows]))  # fmt: skip
    found = read(tmp_path)
    assert len(found.leads) == 30 and not found.told("one-table")
    assert found.column("b.visits")[:2] == [0.0, 1.0] and found.column("size")[1] == 2.0


def test_an_order_of_the_offer_wins_it_and_a_list_of_customers_does_not(tmp_path: Path) -> None:
    offers = [[f"AN-{n}", "2024-01-05", 100 + n % 20, "Bad"] for n in range(60)]
    orders = [[f"AU-{n}", f"AN-{n}", 100 + n % 20, "2024-02-05"] for n in range(0, 60, 3)]
    customers = [[100 + n, "privat" if n % 2 else "Firma"] for n in range(20)]
    sheets = {
        "Kunden": [["KdNr", "Art"], *customers],
        "Angebote": [["Angebotsnr", "Datum", "KdNr", "Gewerk"], *offers],
        "Aufträge": [["Auftragsnr", "Angebotsnr", "KdNr", "Datum"], *orders],
    }
    stated = source(lost_after_days=30)
    found = read(xlsx(tmp_path / "handwerk.xlsx", sheets), stated)
    assert found.labels.count("won") == 20
    assert 'sheet "Aufträge" joined by Angebotsnr: 20 of 60' in found.told("sales")
    assert found.column("Kunden.Art")[:2] == ["Firma", "privat"]


@pytest.mark.parametrize(
    ("names", "won", "lost"),
    [
        (("Auftrag am", "Absage am"), "03.04.2024", "05.04.2024"),
        (("Gewonnen", "Verloren"), "x", "x"),
        (("Won", "Lost"), "yes", "yes"),
        (("Gagné le", "Perdu le"), "03/04/2024", "25/04/2024"),
    ],
)
def test_two_columns_say_who_was_won_and_who_was_lost(
    tmp_path: Path, names: tuple[str, str], won: str, lost: str
) -> None:
    rows = [
        [f"L{n}", "01.03.2024", n % 5, won if n % 3 == 0 else "", lost if n % 3 == 1 else ""]
        for n in range(30)
    ]
    found = read(put(tmp_path / "e.csv", table(["ID", "Eingang", "Räume", *names], rows, ";")))
    assert found.labels[:3] == ["won", "lost", ""]
    assert set(found.leads[0].fields) == {"Räume"}


def test_two_columns_that_are_filled_in_together_are_no_outcome(tmp_path: Path) -> None:
    rows = [[f"L{n}", "2024-03-01", "x", "x" if n % 3 else ""] for n in range(30)]
    found = read(put(tmp_path / "e.csv", table(["ID", "Created", "Won", "Lost"], rows)))
    assert "filled in" not in found.told("outcome")


@pytest.mark.parametrize("cell", ["1.200,-", "1.200,--", "1.200,– €", "€ 1.200,-", "1.200.–"])
def test_a_price_without_cents_is_a_number(tmp_path: Path, cell: str) -> None:
    rows = [
        [f"L{n}", "01.03.2024", cell if n % 2 else "950,-", "gewonnen" if n % 3 else "verloren"]
        for n in range(20)
    ]
    found = read(put(tmp_path / "e.csv", table(["ID", "Eingang", "Preis", "Status"], rows, ";")))
    assert found.column("Preis")[:2] == [950.0, 1200.0]


def test_a_sheet_that_explains_codes_is_not_the_table_of_leads(tmp_path: Path) -> None:
    rows = [[f"L{n}", "2025-02-01", n % 7, "WLO"[n % 3]] for n in range(60)]
    legend = [["W", "gewonnen"], ["L", "verloren"], ["O", "offen"]]
    sheets = {
        "Leads": [["Lead ID", "Created", "Rooms", "Status"], *rows],
        "Legende": [["Code", "Bedeutung"], *legend],
    }
    path = xlsx(tmp_path / "crm.xlsx", sheets)
    found = read(path)
    assert len(found.leads) == 60 and "Status: W, L, O" in str(found.findings)
    stated = read(path, source(outcome="Status", won=["W"], lost=["L"]))
    assert stated.labels[:3] == ["won", "lost", ""]


def test_few_leads_beside_very_many_events_are_the_leads(tmp_path: Path) -> None:
    leads = [[f"L{n}", "2025-06-01", n, "Won" if n % 2 else "Lost"] for n in range(10)]
    put(tmp_path / "leads.csv", table(["lead_id", "created_at", "rooms", "status"], leads))
    visits = [[f"L{n % 10}", f"2025-05-{n % 28 + 1:02} 10:00", "visit"] for n in range(600)]
    put(tmp_path / "visits.csv", table(["lead_id", "timestamp", "type"], visits))
    found = read(tmp_path)
    assert len(found.leads) == 10 and found.labels.count("won") == 5
    assert found.column("visits: count")[0] == 60.0


def test_a_date_that_all_rows_share_is_not_when_leads_came(tmp_path: Path) -> None:
    rows = [
        [f"L{n}", "2026-01-05", f"2025-02-{n % 28 + 1:02}", "won" if n % 3 else "lost"]
        for n in range(40)
    ]
    path = put(tmp_path / "e.csv", table(["Ref", "Date", "Received", "Status"], rows))
    found = read(path)
    assert "decided_at=Received" in found.told("columns")
    assert "Date is the same in all rows" in found.told("assumed")
    few = put(tmp_path / "few.csv", table(["Ref", "Date", "Received", "Status"], rows[:1]))
    assert "same in all rows" not in read(few).told("assumed")
