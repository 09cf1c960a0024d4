"""Tickets in spreadsheets: each sheet a table, legends passed over, rows named as the spreadsheet counts them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.support_triage import data
from kits.support_triage._mail.reading import read_mail
from tests.sheets import xls, xlsx
from tests.support_triage.triage import label_of, put, read_all, told

pytest.importorskip("python_calamine")
HEADER = ["Ticket", "Betreff", "Text", "Kategorie", "Eingang"]
ROWS = [
    [n, f"Ticket {n}", f"Mein Paket {n} ist nicht da.\nBitte helfen Sie.", "Lieferung" if n % 2 else "Rechnung", date(2025, 1, n)]
    for n in range(1, 13)
]  # fmt: skip


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_tickets_are_read_from_a_sheet(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"tickets.{kind}"
    if kind == "xlsx":
        xlsx(path, {"Export": [["Tickets 2025"], [], HEADER, *ROWS]})
    else:
        xls(path, {"Export": [["Tickets 2025"], [], HEADER, *ROWS]})
    assert data.detect_format(path) == data.detect_format(tmp_path) == "csv"
    samples, findings = read_all(path)
    assert [label_of(s) for s in samples[:2]] == ["Lieferung", "Rechnung"]
    mail = read_mail(samples[0].content)
    assert mail.subject == "Ticket 1" and mail.body.startswith("Mein Paket 1 ist nicht da.\n")
    assert samples[0].source == f'tickets.{kind}, sheet "Export":4'
    assert "text=Text, subject=Betreff, label=Kategorie" in told(findings, "columns")


def test_a_legend_beside_the_tickets_is_passed_over(tmp_path: Path) -> None:
    legend = [
        ["Kürzel", "Beschreibung"],
        *([f"K{n}", f"Eine längere Beschreibung, Nummer {n}."] for n in range(9)),
    ]
    path = xlsx(tmp_path / "t.xlsx", {"Tickets": [HEADER, *ROWS], "Legende": legend})
    samples, findings = read_all(path)
    assert len(samples) == len(ROWS)
    assert 't.xlsx, sheet "Legende" was passed over' in told(findings, "file-passed-over")


def test_sheets_name_splits_and_are_chosen_by_their_titles(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "t.xlsx", {"Train": [HEADER, *ROWS[:8]], "Test": [HEADER, *ROWS[8:]]})
    samples, _ = read_all(path)
    assert [s.split for s in samples] == ["test"] * 4 + ["train"] * 8
    put(tmp_path / "mails.yaml", "sheets: [Test]\n")
    assert len(read_all(path)[0]) == 4
    put(tmp_path / "mails.yaml", "sheets: [Tset]\n")
    with pytest.raises(DataError, match="'Train' is not stated, 'Test' is not stated"):
        read_all(path)


def test_a_row_without_a_text_is_named_as_the_spreadsheet_counts_it(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "t.xlsx", [HEADER, *ROWS, [99, None, None, "Lieferung", None]])
    _, findings = read_all(path)
    (empty,) = [one for one in findings if one.check == "rows-without-text"]
    assert empty.evidence == ('t.xlsx, sheet "Export":14',)


def test_a_damaged_spreadsheet_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a damaged spreadsheet"):
        read_all(put(tmp_path / "t.xlsx", b"PK\x03\x04 and no more"))
