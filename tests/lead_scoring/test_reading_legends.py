"""A legend beside a table has the words for its outcomes, and lists nobody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from kits.core.errors import DataError
from tests.lead_scoring.lead_files import Read, read
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
