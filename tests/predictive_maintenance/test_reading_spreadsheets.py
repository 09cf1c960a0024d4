"""Machine logs in spreadsheets: one table each, read as the CSV of it would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.kit import RawSample
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.formats.tables import read_table
from tests.predictive_maintenance.reading import (
    START,
    channel,
    faults_of,
    put,
    read_all,
    texts,
    wave,
    window,
)
from tests.sheets import rewritten, xls, xlsx

pytest.importorskip("python_calamine")
N = 400
HEADER = ["Zeit", "Temp [°C]", "Druck [bar]", "fault"]
ROWS = [
    # across a midnight, which spreadsheets write as a day
    [START.replace(hour=20) + timedelta(minutes=n), 40 + n % 7 + 0.125, 3.5, "normal" if n < 300 else "leak"]
    for n in range(N)
]  # fmt: skip


def as_csv(path: Path, columns: int = 4) -> Path:
    lines = [",".join(map(str, row[:columns])) for row in (HEADER, *ROWS)]
    return put(path, "\n".join(lines))


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_sheet_is_read_as_its_csv(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "sheet" / f"pump.{kind}"
    path.parent.mkdir()
    rows = [["Pumpe 7, Woche 23"], [], HEADER, *ROWS]
    if kind == "xlsx":
        xlsx(path, {"Daten": rows, "Hinweise": [["Einheit", "°C"], ["Ort", "Halle 3"]]})
    else:
        days = [[str(row[0]), *row[1:]] for row in ROWS]
        xls(path, {"Daten": [HEADER, *days]})
    plain = as_csv(tmp_path / "csv" / "pump.csv")
    assert data.detect_format(path) == data.detect_format(plain) == "table"
    sheet, findings = read_all(path)
    expected, _ = read_all(plain)
    labels = [s.annotation.label if s.annotation else "" for s in expected]
    assert [s.annotation.label if s.annotation else "" for s in sheet] == labels
    assert set(labels) == {"normal", "leak"}
    for mine, other in zip(sheet, expected):
        for name in ("Temp", "Druck"):
            assert np.array_equal(channel(mine, name).readings, channel(other, name).readings)
            assert channel(mine, name).unit == channel(other, name).unit
    if kind == "xlsx":
        assert "the sheet 'Daten' is read, not 'Hinweise'" in texts(findings, "table")


def test_a_second_row_of_names_with_units_is_understood(tmp_path: Path) -> None:
    rows = [["t", "Temp", "Druck"], ["", "°C", "bar"], *(row[:3] for row in ROWS)]
    table = read_table(xlsx(tmp_path / "a.xlsx", rows))
    assert [(c.name, c.unit) for c in table.columns] == [
        ("t", ""),
        ("Temp", "°C"),
        ("Druck", "bar"),
    ]


def test_percentages_are_numbers_with_their_unit(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    sheet = book.add_worksheet()
    percent = book.add_format({"num_format": "0%"})
    sheet.write_row(0, 0, ["n", "load"])
    for row in range(1, 20):
        sheet.write_row(row, 0, [row])
        sheet.write_number(row, 1, row / 40, percent)
    book.close()
    load = read_table(tmp_path / "a.xlsx").column("load")
    assert load is not None and load.kind == "number" and load.unit == "%"
    assert load.values.tolist() == [2.5 * n for n in range(1, 20)]


def test_two_sheets_that_may_be_it_are_named_with_the_key(tmp_path: Path) -> None:
    other = [*HEADER[:2], "Strom [A]", "fault"]
    path = xlsx(tmp_path / "a.xlsx", {"Pumpe 1": [HEADER, *ROWS], "Pumpe 2": [other, *ROWS[:350]]})
    with pytest.raises(DataError, match="2 sheets may be the table: 'Pumpe 1', 'Pumpe 2'") as error:
        read_table(path)
    assert "machines.yaml: sheet: Pumpe 1" in error.value.fix
    _, findings = read_all(path, "table")
    assert "2 sheets may be the table" in texts(findings, "unreadable-file")
    put(tmp_path / "machines.yaml", "sheet: Pumpe 2\n")
    samples, _ = read_all(path)
    assert sum(channel(s, "Temp").readings.size for s in samples) == 350
    put(tmp_path / "machines.yaml", "sheet: Pumpe 3\n")
    _, findings = read_all(path, "table")
    assert "'Pumpe 1' is not stated" in texts(findings, "unreadable-file")


def sizes(samples: Iterable[RawSample]) -> dict[object, int]:
    """Machine → readings of each of its channels."""
    found: Counter[object] = Counter()
    for one in samples:
        found[window(one).attributes["asset"]] += window(one).channels[0].readings.size
    return dict(found)


def test_sheets_with_the_same_columns_are_the_machines_of_their_titles(tmp_path: Path) -> None:
    units = ["", "°C", "bar"]
    header, rows = ["Zeit", "Temp", "Druck"], [[row[0], v, 3.5] for row, v in zip(ROWS, wave(N))]
    others = [[row[0], v, 3.5] for row, v in zip(ROWS[:350], wave(350, seed=1))]
    sheets = {"Pumpe 1": [header, units, *rows], "Legende": [["Temp", "°C"], ["Druck", "bar"]], "Leer": [], "Pumpe 2": [header, units, *others]}  # fmt: skip
    xlsx(tmp_path / "a.xlsx", sheets)
    start = START.replace(hour=20)
    listed = f"machine,start,end,fault\nPumpe 2,{start + timedelta(minutes=300)},{start + timedelta(minutes=320)},leak\n"
    put(tmp_path / "faults.csv", listed)
    samples, findings = read_all(tmp_path)
    assert sizes(samples) == {"Pumpe 1": N, "Pumpe 2": 350}
    assert {(c.name, c.unit) for s in samples for c in window(s).channels} == {("Temp", "°C"), ("Druck", "bar")}  # fmt: skip
    marked = {window(s).attributes["asset"] for s in samples if faults_of([s])}
    assert marked == {"Pumpe 2"}
    assert "same columns are taken for machines: 'Pumpe 1', 'Pumpe 2'" in texts(findings, "asset")
    assert "2 sheets are read, not 'Legende'" in texts(findings, "table")
    assert "rows-without-time" not in {one.check for one in findings}


@pytest.mark.parametrize("titles", [("Mar 2024", "2024-03"), ("Tabelle1", "Tabelle2")])
def test_sheets_of_periods_and_those_that_go_on_are_one_record(
    tmp_path: Path, titles: tuple[str, str]
) -> None:
    sheets = {titles[0]: [HEADER, *ROWS[:200]], titles[1]: [HEADER, *ROWS[200:]]}
    samples, findings = read_all(xlsx(tmp_path / "pump.xlsx", sheets))
    assert sizes(samples) == {"pump": N}
    assert "2 sheets of pump.xlsx are read one after the other" in texts(findings, "table")


def test_a_title_that_could_be_a_period_is_a_machine_where_times_do_not_lie_in_it(
    tmp_path: Path,
) -> None:
    sheets = {"W1": [HEADER, *ROWS], "W2": [HEADER, *ROWS]}
    samples, _ = read_all(xlsx(tmp_path / "park.xlsx", sheets))
    assert sizes(samples) == {"W1": N, "W2": N}


def test_sheets_in_which_a_column_names_the_machine_are_one_table(tmp_path: Path) -> None:
    header = [*HEADER[:3], "Maschine"]
    sheets = {
        title: [header, *([*row[:3], machine] for row in rows for machine in ("A", "B"))]
        for title, rows in (("Halle", ROWS[:200]), ("Hof", ROWS[200:]))
    }
    samples, _ = read_all(xlsx(tmp_path / "a.xlsx", sheets))
    assert sizes(samples) == {"A": N, "B": N}


def test_a_sheet_that_lists_faults_beside_the_recording_is_told(tmp_path: Path) -> None:
    listed = [["Beginn", "Ende", "Störung"], [START, START + timedelta(hours=1), "Lager"]]
    sheets = {"Daten": [HEADER[:3], *(row[:3] for row in ROWS)], "Störungen": listed, "Info": listed}  # fmt: skip
    xlsx(tmp_path / "a.xlsx", sheets)
    _, findings = read_all(tmp_path)
    (told,) = [one for one in findings if "lists of faults" in one.text]
    assert told.level == "warn" and "the sheet 'Störungen'" in told.text
    assert "a file of its own" in told.fix


def test_errors_in_a_sheet_are_missing_readings_that_are_told(tmp_path: Path) -> None:
    rows = [[*row[:2], "=NA()" if n == 5 else row[2], row[3]] for n, row in enumerate(ROWS)]
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *rows])
    rewritten(
        path, "xl/worksheets/sheet1.xml", '<c r="C7"><f>NA()</f><v>0</v></c>',
        '<c r="C7" t="e"><f>NA()</f><v>#N/A</v></c>',
    )  # fmt: skip
    samples, findings = read_all(path)
    missing = sum(int(np.isnan(channel(s, "Druck").readings).sum()) for s in samples)
    assert missing == 1 and "C7: #N/A" in texts(findings, "sheet-errors")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS])
    assert read_table(path).rows == N
    xlsx(path, [HEADER, *ROWS[:50]])
    assert read_table(path).rows == 50
    assert read_table(path, 10).rows <= 11


def test_a_list_of_stoppages_may_be_a_spreadsheet(tmp_path: Path) -> None:
    as_csv(tmp_path / "pump.csv", 3)
    start = START.replace(hour=20)
    xlsx(
        tmp_path / "events.xlsx",
        [
            ["start", "end", "fault"],
            [start + timedelta(minutes=100), start + timedelta(minutes=140), "blocked"],
        ],
    )
    samples, findings = read_all(tmp_path)
    assert "times of faults taken from events.xlsx" in texts(findings, "labels")
    assert any("blocked" in str(s.annotation) for s in samples)


def test_a_damaged_spreadsheet_costs_only_itself(tmp_path: Path) -> None:
    as_csv(tmp_path / "pump.csv")
    put(tmp_path / "broken.xlsx", b"PK\x03\x04 and no more")
    put(tmp_path / "~$pump.xlsx", b"M")
    samples, findings = read_all(tmp_path)
    assert samples and "a damaged spreadsheet" in texts(findings, "unreadable-file")
    assert "~$" not in texts(findings)


def test_the_window_of_a_sheet_has_its_own_times(tmp_path: Path) -> None:
    samples, _ = read_all(xlsx(tmp_path / "a.xlsx", [HEADER, *ROWS]))
    assert window(samples[0]).rate_hz == pytest.approx(1 / 60)
