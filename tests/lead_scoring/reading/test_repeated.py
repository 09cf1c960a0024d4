"""Leads that come twice in what is brought, and rows that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lead_scoring.reading.lead_files import put, read, source, table

HEADER = ["Deal ID", "Created", "Status", "Size"]


def deals(first: int, last: int, status: str) -> list[list[object]]:
    return [[f"D{n}", f"2025-01-{1 + n % 28:02}", status, n] for n in range(first, last)]


def test_exports_that_overlap_bring_each_lead_once_in_its_newest_state(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", table(HEADER, deals(0, 30, "Lost") + deals(30, 40, "Won")))
    put(tmp_path / "b.csv", table(HEADER, deals(25, 30, "Open") + deals(30, 60, "Won")))
    found = read(tmp_path)
    assert len(found.leads) == 60 and found.by_id.keys() == {f"D{n}" for n in range(60)}
    assert found.labels.count("lost") == 30 and "30 won, 30 lost, 0 open" in found.told("outcome")
    told = found.told("repeated-ids")
    assert "15 rows repeat the id of another row (Deal ID)" in told and "by Created; of 15" in told
    assert "a decided one goes before an open one" in told and not found.told("no-id")


def test_a_lead_that_was_opened_again_is_one_and_counted_once(tmp_path: Path) -> None:
    header = ["Record ID", "Email", "Created at", "Last modified", "Status"]
    rows = [[n, f"p{n}@x.example", "2025-01-01", "2025-02-01", "Lost"] for n in range(500, 540)]
    again = [[n, f"p{n}@x.example", "2025-01-01", "2025-05-01", "Won"] for n in range(500, 510)]
    found = read(put(tmp_path / "e.csv", table(header, again + rows)))
    assert len(found.leads) == 40 and "10 won, 30 lost" in found.told("outcome")
    assert found.told("repeated-ids").endswith("by Last modified")
    assert not found.told("same-person")


def test_ids_that_count_the_rows_of_each_file_are_not_those_of_the_same_leads(
    tmp_path: Path,
) -> None:
    for year in (2024, 2025):
        rows = [[n, f"{year}-03-01", "Won" if n % 2 else "Lost", n % 7] for n in range(1, 31)]
        put(tmp_path / f"{year}.csv", table(["Lead No", *HEADER[1:]], rows))
    assert len(read(tmp_path).leads) == 60


def test_customers_with_several_leads_are_no_leads_that_repeat(tmp_path: Path) -> None:
    rows = [[f"C{n // 2 * 2}", "2025-03-01", "Won" if n % 2 else "Lost", n] for n in range(30)]
    rows += [[f"C{n}", "2025-03-01", "Won", n] for n in range(30, 60)]
    path = put(tmp_path / "e.csv", table(["Customer ID", *HEADER[1:]], rows))
    assert len(read(path).leads) == 60
    assert len(read(path, source(id="Customer ID")).leads) == 45


def test_names_that_stand_again_totals_and_headings_are_no_leads_and_told(tmp_path: Path) -> None:
    header = ["Nr", "Firma", "Eingang", "Betrag", "Ergebnis", "Ort"]
    rows: list[list[object]] = [
        [n, f"F{n}", "2025-03-01", n * 10, "ja" if n % 3 else "nein", ""] for n in range(1, 41)
    ]
    rows[20:20] = [["Jahr 2025"], header, ["", "Zwischensumme", "", "1.250,00 €"]]
    rows += [["Summe:", "", "", "8200"], ["", "Anzahl", "40"]]
    padded = [[*row, *[""] * (6 - len(row))] for row in rows]
    found = read(put(tmp_path / "e.csv", table(header, padded, ";")))
    assert len(found.leads) == 40 and "27 won, 13 lost, 0 open" in found.told("outcome")
    [told] = [one for one in found.findings if one.check == "no-leads"]
    assert told.text.startswith("5 rows are no leads and were left out: a heading (1), the names")
    assert told.evidence[0] == "e.csv, row 21: a heading"


@pytest.mark.parametrize("word", ["Celkem", "Kopā"])
def test_a_last_row_that_adds_up_is_no_lead_in_whatever_language(tmp_path: Path, word: str) -> None:
    rows: list[list[object]] = [
        [n, "2025-03-01", n * 10, "Won" if n % 3 else "Lost", "web"] for n in range(1, 41)
    ]
    rows += [["neuvedeno", "2025-03-01", "", "Won", ""], [word, "", "8200", "", ""]]
    found = read(
        put(tmp_path / "e.csv", table(["Nr", "Datum", "Hodnota", "Status", "Zdroj"], rows))
    )
    assert len(found.leads) == 41
    assert "a total" in found.told("no-leads")


def test_rows_of_leads_of_which_little_is_known_stay(tmp_path: Path) -> None:
    rows = [[f"Ann Lee{n}", "web", 5, "Won" if n % 2 else "Lost"] for n in range(40)]
    rows[7:7] = [["Bob Total", "", "", ""], ["Total Energies", "", 7, ""]]
    found = read(put(tmp_path / "e.csv", table(["Name", "source", "size", "status"], rows)))
    assert len(found.leads) == 42 and not found.told("no-leads")


def test_columns_that_may_be_the_id_are_named_where_none_is(tmp_path: Path) -> None:
    rows = [
        [f"Z/2025/{n // 2:03}", f"06-{n // 2:08}", n % 7, "web", "Won" if n % 4 < 2 else "Lost"]
        for n in range(60)
    ]
    header = ["Sygnatura", "Phone", "visits", "source", "status"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    [told] = [one for one in found.findings if one.check == "no-id"]
    assert told.evidence == ("Sygnatura: 30 values in 60 rows",)


def test_a_last_row_of_what_the_others_come_to_is_no_lead_whatever_it_is_called(
    tmp_path: Path,
) -> None:
    rows = [[f"AJ-{n}", "web", n, f"{1000 + 10 * n},50"] for n in range(30)]
    header = ["No", "Source", "Visits", "Value"]
    last = ["Guztira", "", 435, "34365,00"]
    found = read(put(tmp_path / "a.csv", table(header, [*rows, last], ";")))
    assert len(found.leads) == 30 and "a total (1)" in found.told("no-leads")
    lead = ["Guztira", "", 12, "34365,00"]
    assert len(read(put(tmp_path / "b.csv", table(header, [*rows, lead], ";"))).leads) == 31
