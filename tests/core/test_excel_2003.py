"""XML of Excel 2003: what it says beside its values, and what no program should write."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.row_sources import Opened, open_rows
from kits.core.spreadsheets import marks
from tests.sheets import excel_2003

HEADER = (
    '<Row><Cell><Data ss:Type="String">id</Data></Cell><Cell><Data ss:Type="String">a</Data></Cell>'
    '<Cell><Data ss:Type="String">b</Data></Cell></Row>'
)


def data(text: str, kind: str = "String") -> str:
    return f'<Data ss:Type="{kind}">{text}</Data>'


def read(path: Path) -> Opened:
    return open_rows(path, path.name, named=True)


def rows_of(path: Path) -> list[tuple[int, dict[str, str]]]:
    (source,) = read(path).sources
    return [row for row in source.rows.rows() if isinstance(row, tuple)]


def told(path: Path, check: str) -> str:
    found = [one for one in read(path).findings if one.check == check]
    return "\n".join(f"{one.text} | {', '.join(one.evidence)}" for one in found)


def of_cells(
    tmp_path: Path, *cells: str, styles: str = "", before: str = ""
) -> list[dict[str, str]]:
    """Rows with an id and further cells, as they are read."""
    rows = "".join(f"<Row><Cell>{data(str(n))}</Cell>{cell}</Row>" for n, cell in enumerate(cells))
    made = excel_2003(tmp_path / "a.xls", {"Export": before + HEADER + rows}, styles)
    return [row for _, row in rows_of(made)]


def test_places_that_are_stated_leave_gaps(tmp_path: Path) -> None:
    rows = (
        f'{HEADER}<Row ss:Span="1"/><Row><Cell>{data("x")}</Cell><Cell ss:Index="3">{data("y")}</Cell></Row>'
        f'<Row ss:Index="9"><Cell ss:MergeAcross="1">{data("z")}</Cell><Cell>{data("w")}</Cell></Row>'
    )
    made = excel_2003(tmp_path / "a.xls", {"Export": rows})
    assert rows_of(made) == [
        (4, {"id": "x", "a": "", "b": "y"}),
        (9, {"id": "z", "a": "", "b": "w"}),
    ]


def test_values_are_of_the_stated_type_where_they_can_be(tmp_path: Path) -> None:
    cells = {
        "12.5": "Number", "1.2e3": "Number", "1,5": "Number", "1e999": "Number", "nan": "Number", "0049": "String",
        "1": "Boolean", "2025-03-04T00:00:00.000": "DateTime", "2025-03-04T08:30:00.000": "DateTime",
        "1899-12-31T08:30:00.000": "DateTime", "9999-12-31T23:59:59.9999": "DateTime", "soon": "DateTime",
    }  # fmt: skip
    found = of_cells(
        tmp_path, *(f"<Cell>{data(text, kind)}</Cell>" for text, kind in cells.items())
    )
    assert [row["a"] for row in found] == [
        "12.5", "1200", "1.5", "1e999", "nan", "0049",
        "true", "2025-03-04", "2025-03-04T08:30:00",
        "08:30:00", "9999-12-31T23:59:59.9999", "soon",
    ]  # fmt: skip


def test_numbers_are_no_question_of_decimal_signs(tmp_path: Path) -> None:
    made = excel_2003(tmp_path / "a.xls", {"S": [["id", "value"], ["a", 1.5], ["b", 2.25]]})
    assert read(made).sources[0].rows.numeric == {"value"}


@pytest.mark.parametrize(
    ("cell", "column", "row"), [("p", "", ""), ("", "p", ""), ("", "", "p"), ("", "plain", "p")]
)
def test_percentages_are_what_is_shown(tmp_path: Path, cell: str, column: str, row: str) -> None:
    styles = (
        '<Style ss:ID="plain"><NumberFormat ss:Format="General"/></Style>'
        '<Style ss:ID="base"><NumberFormat ss:Format="0.0%"/></Style><Style ss:ID="p" ss:Parent="base"/>'
    )
    styled = {
        name: f' ss:StyleID="{style}"' if style else ""
        for name, style in (("c", cell), ("k", column), ("r", row))
    }
    rows = (
        f"<Column/><Column{styled['k']}/>{HEADER}"
        f"<Row{styled['r']}><Cell>{data('x')}</Cell><Cell{styled['c']}>{data('0.125', 'Number')}</Cell></Row>"
    )
    assert rows_of(excel_2003(tmp_path / "a.xls", {"S": rows}, styles))[0][1]["a"] == "12.5%"


def test_comments_are_no_values_and_marked_words_are(tmp_path: Path) -> None:
    comment = f'<Comment ss:Author="M.">{data("<B>M.:</B> call him")}</Comment>'
    found = of_cells(tmp_path, f"<Cell>{data('<B>ten</B> parts &amp; more')}{comment}</Cell>", f"<Cell>{comment}</Cell><Cell>{data('z')}</Cell>")  # fmt: skip
    assert found == [{"id": "0", "a": "ten parts & more"}, {"id": "1", "a": "", "b": "z"}]


def test_errors_and_formulas_without_a_result_are_told_and_empty(tmp_path: Path) -> None:
    formula = '<Cell ss:Formula="=RC[-1]"'
    of_cells(tmp_path, f"{formula}>{data('#N/A', 'Error')}</Cell>", f"{formula}/>", f"{formula}>{data('7', 'Number')}</Cell>")  # fmt: skip
    made = tmp_path / "a.xls"
    assert [row.get("a", "") for _, row in rows_of(made)] == ["", "", "7"]
    assert "1 cell holds an error (1 #N/A)" in told(made, "sheet-errors")
    assert "B2: #N/A" in told(made, "sheet-errors")
    assert told(made, "sheet-uncalculated").endswith("| B3")
    assert not told(made, "sheet-old")


def test_merged_cells_hold_for_each_of_their_rows(tmp_path: Path) -> None:
    rows = (
        f'{HEADER}<Row><Cell ss:MergeDown="1">{data("x")}</Cell><Cell>{data("1")}</Cell></Row>'
        f'<Row><Cell ss:Index="2">{data("2")}</Cell></Row>'
    )
    made = excel_2003(tmp_path / "a.xls", {"S": rows})
    assert [row["id"] for _, row in rows_of(made)] == ["x", "x"]


def test_hidden_rows_columns_and_sheets_are_told(tmp_path: Path) -> None:
    rows = f'<Column ss:Hidden="1" ss:Span="1"/>{HEADER}<Row ss:Hidden="1"><Cell>{data("x")}</Cell></Row>'
    hidden = (
        f"{HEADER}<Row><Cell>{data('y')}</Cell></Row></Table><WorksheetOptions xmlns='urn:schemas-microsoft-com:office:excel'>"
        "<Visible>SheetHidden</Visible></WorksheetOptions><Table>"
    )
    made = excel_2003(tmp_path / "a.xls", {"S": rows, "Lists": hidden})
    assert [source.sheet for source in read(made).sources] == ["S"]
    assert "1 row and 2 columns are hidden" in told(made, "sheet-hidden")
    assert 'sheet "Lists" was passed over: it is hidden' in told(made, "file-passed-over")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_any_encoding_that_is_declared_is_read(tmp_path: Path, encoding: str) -> None:
    made = excel_2003(tmp_path / "a.xls", {"Blätter": [["id", "Größe"], ["ü", 1], ["ö", 2]]})
    text = made.read_text(encoding="utf-8")
    if encoding.startswith("windows"):
        text = text.replace('version="1.0"', f'version="1.0" encoding="{encoding}"', 1)
    made.write_bytes(text.encode(encoding))
    assert [row for _, row in rows_of(made)] == [
        {"id": "ü", "Größe": "1"},
        {"id": "ö", "Größe": "2"},
    ]


def test_a_line_break_before_the_declaration_and_prefixes_do_no_harm(tmp_path: Path) -> None:
    made = excel_2003(
        tmp_path / "a.xls",
        {"S": [["id", "a"], ["x", 1], ["y", datetime.fromisoformat("2025-01-02T03:00")]]},
    )
    text = made.read_text()
    for name in ("Workbook", "Styles", "Worksheet", "Table", "Row", "Cell", "Data"):
        text = text.replace(f"<{name}", f"<ss:{name}").replace(f"</{name}>", f"</ss:{name}>")
    made.write_text("\r\n" + text)
    assert [row["a"] for _, row in rows_of(made)] == ["1", "2025-01-02T03:00:00"]


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "rows",
    [
        f'<Row><Cell ss:Index="0">{data("x")}</Cell></Row>',
        f'<Row><Cell ss:Index="-2">{data("x")}</Cell></Row>',
        f'<Row><Cell ss:Index="{"9" * 5000}">{data("x")}</Cell></Row>',
        f'<Row><Cell ss:Index="3">{data("x")}</Cell><Cell ss:Index="2">{data("y")}</Cell></Row>',
        f'<Row ss:Index="2"><Cell>{data("x")}</Cell></Row><Row ss:Index="2"><Cell>{data("y")}</Cell></Row>',
        f'<Row><Cell ss:MergeDown="many">{data("x")}</Cell></Row>',
        f"<Row><Cell>{data('x')}{data('y')}</Cell></Row>",
        f"<Cell>{data('x')}</Cell>",
        "<Row><Cell>",
    ],
)
def test_places_that_no_sheet_has_are_refused(tmp_path: Path, rows: str) -> None:
    assert "a damaged spreadsheet" in refused(excel_2003(tmp_path / "a.xls", {"S": rows}))


def test_entities_and_encodings_that_nobody_knows_are_refused(tmp_path: Path) -> None:
    made = excel_2003(tmp_path / "a.xls", {"S": [["id", "a"], ["x", 1]]})
    text = made.read_text()
    made.write_text(text.replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook', 1))
    assert "document type" in refused(made)
    made.write_text(text.replace('version="1.0"', 'version="1.0" encoding="x-none"', 1))
    assert "a damaged spreadsheet" in refused(made)


def test_a_stray_cell_far_away_is_named(tmp_path: Path) -> None:
    far = f'<Row><Cell>{data("x")}</Cell></Row><Row ss:Index="1000000"><Cell ss:Index="16000">{data("y")}</Cell></Row>'
    said = refused(excel_2003(tmp_path / "a.xls", {"S": far}))
    assert "A1 to WQJ1000000" in said and 'sheet "S"' in said


def test_sheets_that_are_too_large_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_CELLS", 7)
    made = excel_2003(tmp_path / "a.xls", {n: [["id", "a"], ["x", 1]] for n in ("S", "T")})
    assert "sheets of 8 cells together" in refused(made)


def test_a_damaged_file_ends_in_rows_or_in_an_answer(tmp_path: Path) -> None:
    row = '<Row ss:Index="{}"><Cell ss:Index="1" ss:MergeDown="1" ss:StyleID="s1">{}</Cell></Row>'
    rows = [row.format(n, data("1", kind)) for n, kind in ((3, "Number"), (7, "DateTime"))]
    style = '<Style ss:ID="s1" ss:Parent="s0"><NumberFormat ss:Format="0%"/></Style>'
    made = excel_2003(tmp_path / "a.xls", {"S": "".join([HEADER, *rows])}, style)
    content, chance, ended = made.read_bytes(), random.Random(3), Counter[str]()
    signs = b"0123456789-+.%ax "
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(damaged))
            if damaged[at] in signs:
                damaged[at] = chance.choice(signs)
            else:
                damaged[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
        made.write_bytes(damaged)
        try:
            for source in read(made).sources:
                ended["rows"] += bool(list(source.rows.rows()))
        except DataError:
            ended["an answer"] += 1
    assert min(ended["rows"], ended["an answer"]) > 50, ended
