"""What stands in a sheet beside the leads, between them or below them: legends, sums, a second table. It lists nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.files.loading import load_sheets
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import SourceConfig
from tests.lead_scoring.reading.lead_files import Read, put, read, table
from tests.sheets import xlsx

_LEGEND = [("Legende", ""), ("Gewonnen", "unterschrieben"), ("Verloren", "Absage"), ("Offen", "in Arbeit")]  # fmt: skip
_ROWS = 200


def _read(tmp_path: Path, beside: list[tuple[str, str]], heading: str = "") -> Read:
    words = ("Gewonnen", "Verloren", "Offen")
    rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Status", *([None, heading] if heading else [])]]  # fmt: skip
    for n in range(_ROWS):
        lead: list[object] = [
            f"A{7 * n}", f"2025-{1 + n % 12:02}-{1 + n % 27:02}", "Messe", words[n % 3], None
        ]  # fmt: skip
        rows.append([*lead, *(beside[n] if n < len(beside) else ())])
    return read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))


def test_a_legend_beside_the_table_tells_no_outcome(tmp_path: Path) -> None:
    found = _read(tmp_path, _LEGEND)
    assert Counter(found.labels) == {"won": 67, "lost": 67, "": 66}
    assert "Status (won: Gewonnen" in found.told("outcome")


def test_a_column_of_many_cells_without_a_name_is_asked_about(tmp_path: Path) -> None:
    other = [("Verloren" if n % 2 else "Gewonnen", "") for n in range(_ROWS)]
    with pytest.raises(DataError, match="contradict each other"):
        _read(tmp_path, other)


def test_a_few_cells_without_a_name_that_repeat_each_other_explain_no_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contradict each other"):
        _read(tmp_path, [("Verloren", ""), ("Gewonnen", "")] * 4)


def test_a_few_cells_that_have_a_name_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contradict each other"):
        _read(tmp_path, [("Verloren", ""), ("Gewonnen", "")] * 2, "Ergebnis")


def test_a_table_beside_the_leads_is_told_and_not_learned_from(tmp_path: Path) -> None:
    sums = [(f"{month}/25", 100 + month) for month in range(1, 13)]
    words = ("Gewonnen", "Verloren", "Offen")
    rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Status", None, "Monat", "Ziel", None, "Legende:", None]]  # fmt: skip
    for n in range(_ROWS):
        lead: list[object] = [f"A{7 * n}", f"2025-{1 + n % 12:02}-{1 + n % 27:02}", "Messe", words[n % 3], None]  # fmt: skip
        rows.append([*lead, *(sums[n] if n < 12 else (None, None)), None, *(_LEGEND[n + 1] if n < 3 else ())])  # fmt: skip
    text = table(rows[0], [["" if cell is None else cell for cell in row] for row in rows[1:]], ";")
    for path in (xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}), put(tmp_path / "crm.csv", text)):
        found = read(path)
        assert Counter(found.labels) == {"won": 67, "lost": 67, "": 66}
        assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
        assert "columns Monat, Ziel was passed over" in found.told("file-passed-over")
        assert "columns Legende:" in found.told("file-passed-over")


def test_tables_below_each_other_beside_the_leads_are_no_columns_of_theirs(tmp_path: Path) -> None:
    sources: list[list[object]] = [["Messe", 90, 0.4], ["Web", 110, 0.3], ["Gesamt", 200, 0.35]]
    products: list[list[object]] = [["Produkt", "Anzahl", "Quote"], ["Wartung", 80, 0.4], ["Gesamt", 200, 0.35]]  # fmt: skip
    for gap in (1, 2):
        beside = [*sources, *[[]] * gap, *products]
        rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Status", None, "Kanal", "Anzahl", "Quote"]]  # fmt: skip
        for n in range(_ROWS):
            lead = [f"A{7 * n}", f"2025-{1 + n % 12:02}-{1 + n % 27:02}", "Messe", ("Gewonnen", "Verloren")[n % 2], None]  # fmt: skip
            rows.append([*lead, *(beside[n] if n < len(beside) else ())])
        found = read(xlsx(tmp_path / f"{gap}.xlsx", {"Anfragen": rows}))
        assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
        assert "columns Kanal, Anzahl, Quote was passed over" in found.told("file-passed-over")


def test_a_second_list_beside_the_first_is_told_and_no_part_of_its_leads(tmp_path: Path) -> None:
    words = ("Gewonnen", "Verloren")
    names = ["Nr", "Eingang", "Quelle", "Status"]
    rows: list[list[object]] = [[*names, None, *names]]
    for n in range(60):
        rows.append([f"A{7 * n}", f"2024-03-{1 + n % 27:02}", "Messe", words[n % 2], None, f"B{7 * n}", f"2025-03-{1 + n % 27:02}", "Web", words[n % 3 % 2]])  # fmt: skip
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert {lead.fields["Quelle"] for lead in found.leads} == {"Messe"}
    assert "a second list beside the leads" in found.told("file-passed-over")


def _loaded(tmp_path: Path, rows: list[list[object]]) -> Sheet:
    names, *cells = [["" if cell is None else cell for cell in row] for row in rows]
    path = put(tmp_path / "crm.csv", table([str(name) for name in names], cells, ";"))
    return load_sheets(path, "crm.csv", SourceConfig()).sheets[0]


def test_a_column_of_the_leads_behind_an_empty_one_stays(tmp_path: Path) -> None:
    now_and_then = [f"Notiz {n}" if n in (3, 17, 30) else "" for n in range(_ROWS)]
    comes_again = [f"Aktion {n % 3}" if n < 20 else "" for n in range(_ROWS)]
    for_most = [f"Notiz {n}" if n < 150 else "" for n in range(_ROWS)]
    stretches = [f"Notiz {n}" if n < 40 and n % 5 > 1 else "" for n in range(_ROWS)]
    for cells in (now_and_then, comes_again, for_most, stretches):
        rows: list[list[object]] = [["Nr", "Eingang", "Status", "", "Bemerkung"]]
        rows += [[f"A{n}", "11.03.2025", "Gewonnen", "", cell] for n, cell in enumerate(cells)]
        assert _loaded(tmp_path, rows).cells["Bemerkung"] == cells


def test_columns_behind_an_empty_one_that_a_person_vouches_for_stay(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Nr", "Eingang", "Status", None, "Umfrage", "Punkte"]]
    for n in range(_ROWS):
        new = [f"U{n}", n % 7] if n < 30 else [None, None]
        rows.append([f"A{7 * n}", f"2025-{12 - n // 20:02}-11", ("Gewonnen", "Verloren")[n % 2], None, *new])  # fmt: skip
    path = xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows})
    assert not any("Punkte" in lead.fields for lead in read(path).leads)
    kept = read(path, {"columns": {"keep": ["Punkte"]}}).leads
    assert sum("Punkte" in lead.fields for lead in kept) == 30


_SUMS: list[list[object]] = [["Quelle", "Anzahl", "Summe"], ["Messe", 40, 4000.5], ["Web", 41, 4001.5]]  # fmt: skip


def _rows_with(tmp_path: Path, below: list[list[object]]) -> int:
    rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Wert", "Status"]]
    for n in range(60):
        rows.append([f"A{7 * n + 50}", f"2025-{1 + n // 20:02}-11", ("Messe", "Web")[n % 2], 10 + n, ("Gewonnen", "Verloren")[n % 2]])  # fmt: skip
    return len(_loaded(tmp_path, [*rows, *below]))


def test_a_table_below_the_leads_lists_none(tmp_path: Path) -> None:
    parts: list[list[object]] = [["Auswertung"], ["Gewonnen", 100], ["Verloren", 100], ["Quote", 0.5]]  # fmt: skip
    counts: list[list[object]] = [["", "", "", "Gewonnen", 59], ["", "", "", "Verloren", 60]]
    assert [_rows_with(tmp_path, below) for below in ([[], *_SUMS], parts, counts)] == [60] * 3


def test_the_last_leads_stay_though_little_is_known_of_them(tmp_path: Path) -> None:
    no_day: list[list[object]] = [["A1", "offen", "Messe", 10, "Gewonnen"], ["A2", "KW 3", "Web", 20, "Verloren"]]  # fmt: skip
    hardly: list[list[object]] = [["A1", "", "Messe", "", ""], ["A2", "", "Web", 7, ""]]
    dated: list[list[object]] = [*_SUMS, ["A1", "2025-12-01", "Web", 7, "Gewonnen"]]
    hasty: list[list[object]] = [["A1", "", "Empfehlung", "ca. 50", "Gewonnen"], ["A2", "", "Anruf", "?", "Offen"]]  # fmt: skip
    found = [_rows_with(tmp_path, below) for below in (no_day, hardly, dated, hasty)]
    assert found == [62, 62, 64, 62]


@pytest.mark.parametrize("told", ["Summe 03/2025", "Summe März 2025", "Zwischensumme KW 12", "Total: March", "Summe Q1"])  # fmt: skip
def test_sums_of_months_between_the_leads_are_no_leads(tmp_path: Path, told: str) -> None:
    rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Wert", "Status"]]
    for n in range(_ROWS):
        rows.append([f"A{7 * n}", f"2025-{1 + n // 20:02}-11", "Messe", 10 + n, ("Gewonnen", "Verloren")[n % 2]])  # fmt: skip
        if n % 20 == 19:
            rows.append([told, None, None, 1_000 + 400 * n])
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert len(found.samples) == _ROWS
    assert "a total (10)" in found.told("no-leads")


@pytest.mark.parametrize("name", ["Summe Immobilien", "Total Energies", "Märzhase 2025"])
def test_leads_of_which_a_number_and_an_amount_alone_are_known_stay(
    tmp_path: Path, name: str
) -> None:
    rows: list[list[object]] = [["Firma", "Eingang", "Quelle", "Wert", "Status"]]
    for n in range(_ROWS):
        rows.append([f"Firma {7 * n}", f"2025-{1 + n // 20:02}-11", "Messe", 10 + n, ("Gewonnen", "Verloren")[n % 2]])  # fmt: skip
    rows.insert(90, [name, None, None, 1_000])
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert len(found.samples) == _ROWS + 1


@pytest.mark.parametrize(("more", "left"), [(0, _ROWS), (1, _ROWS + 10)])
def test_sums_of_groups_are_no_leads_where_they_are_what_their_rows_come_to(
    tmp_path: Path, more: int, left: int
) -> None:
    rows: list[list[object]] = [["Firma", "Eingang", "Quelle", "Wert", "Status"]]
    for n in range(_ROWS):
        rows.append([f"Firma {7 * n}", f"2025-{1 + n // 20:02}-11", "Messe", 10 + n, ("Gewonnen", "Verloren")[n % 2]])  # fmt: skip
        if n % 20 == 19:
            whole = sum(10 + one for one in range(n - 19, n + 1))
            rows.append([f"Summe Gebiet {'abcdefghij'[n // 20]}", None, None, whole + more])
    rows.append(["Firma zuletzt", "2025-12-11", "Messe", 5, "Verloren"])
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert len(found.samples) == left + 1


@pytest.mark.parametrize(
    ("others", "read_as", "ends"),
    [(100, 120, "121 and 101"), (150, 150, "121 and 151")],
    ids=["fewer", "more"],
)
def test_a_long_table_beside_the_leads_is_asked_about(
    tmp_path: Path, others: int, read_as: int, ends: str
) -> None:
    found = _beside_120(tmp_path, [[f"P{7 * n}", n * 3.5] for n in range(others)])
    assert len(found.samples) == read_as
    assert found.levels("tables-beside") == {"warn"}
    assert "Nr, Eingang, Status and, behind an empty one, Artikel, Preis" in found.told("tables-beside")  # fmt: skip
    assert f"end in rows {ends}" in found.told("tables-beside")


@pytest.mark.parametrize(
    ("others", "keep"),
    [
        ([[f"P{7 * n}", n * 3.5] for n in range(120)], []),
        ([[f"P{7 * n}", n * 3.5] if n % 9 else [None, None] for n in range(100)], []),
        ([["Messe", n * 3.5] for n in range(100)], []),
        ([[f"P{7 * n}", n * 3.5] for n in range(100)], ["Preis", "Status"]),
    ],
    ids=["each row", "gaps", "repeated", "named"],
)
def test_columns_of_leads_behind_an_empty_one_are_not(
    tmp_path: Path, others: list[list[object]], keep: list[str]
) -> None:
    found = _beside_120(tmp_path, others, keep)
    assert found.leads[1].fields["Preis"] == 3.5
    assert not found.told("tables-beside") and not found.told("file-passed-over")


def test_a_long_table_is_asked_about_beside_a_legend_that_reaches_over_a_gap_of_the_leads(
    tmp_path: Path,
) -> None:
    rows: list[list[object]] = [
        ["Nr", "Eingang", "Status", None, "Legende", None, "Artikel", "Preis"]
    ]
    for n in range(120):
        lead = [f"A{7 * n}", f"2025-03-{1 + n % 27:02}", ("Gewonnen", "Verloren")[n % 2]]
        legend = [f"Stufe {n}" if n < 4 or 50 <= n < 54 else None]
        article = [f"P{7 * n}", n * 3.5] if n < 40 else []
        rows.append([*([None] * 3 if n == 50 else lead), None, *legend, None, *article])
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert len(found.samples) == 119
    assert "end in rows 121 and 41" in found.told("tables-beside")


def _beside_120(tmp_path: Path, others: list[list[object]], keep: Sequence[str] = ()) -> Read:
    rows: list[list[object]] = [["Nr", "Eingang", "Status", None, "Artikel", "Preis"]]
    for n in range(max(120, len(others))):
        lead = [f"A{7 * n}", f"2025-03-{1 + n % 27:02}", ("Gewonnen", "Verloren")[n % 2]]
        rows.append([*(lead if n < 120 else [None] * 3), None, *(others[n] if n < len(others) else ())])  # fmt: skip
    return read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}), {"columns": {"keep": list(keep)}})


def _list_above(second: list[list[object]]) -> list[list[object]]:
    rows: list[list[object]] = [["Nr", "Eingang", "Quelle", "Status"]]
    for n in range(40):
        rows.append([f"A{7 * n}", f"2025-03-{1 + n % 27:02}", "Messe", ("Gewonnen", "Verloren")[n % 2]])  # fmt: skip
    return [*rows, *second]


def test_a_list_below_the_leads_with_names_of_its_own_is_told_and_not_read_under_theirs(
    tmp_path: Path,
) -> None:
    older = [[f"B{7 * n}", f"2019-03-{1 + n % 27:02}", ("Gewonnen", "Verloren")[n % 2], "Web"] for n in range(70)]  # fmt: skip
    rows = _list_above([[], ["Archiv"], ["Anfrage", "Datum", "Ergebnis", "Kanal"], *older])
    found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
    assert Counter(found.labels) == {"won": 20, "lost": 20}
    assert "rows 43 to 114 was passed over" in found.told("file-passed-over")
    assert "row 44 has other names of columns" in found.told("file-passed-over")


def test_leads_below_their_names_once_more_or_one_whose_day_is_a_word_stay(tmp_path: Path) -> None:
    later = [[f"B{7 * n}", f"2025-06-{1 + n % 27:02}", "Web", ("Gewonnen", "Verloren")[n % 2]] for n in range(20)]  # fmt: skip
    for between in (["Nr", "Eingang", "Kanal", "Status"], ["Huber", "offen", "Web", "Verloren"]):
        rows = _list_above([between, *later])
        found = read(xlsx(tmp_path / "crm.xlsx", {"Anfragen": rows}))
        assert found.labels.count("won") == 30
        assert not found.told("file-passed-over")
