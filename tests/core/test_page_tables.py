"""Web pages that programs name `.xls`: read like the spreadsheets they are taken for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.page_tables import PageTable, is_page, open_page
from kits.core.row_sources import open_rows, open_sheets

HEAD = "<tr><th>ID</th><th>Stage</th><th>Amount</th></tr>"
ROWS = "<tr><td>7</td><td>Deal won</td><td>1500</td></tr><tr><td>8</td><td>M&uuml;ller &amp; Co</td><td></td></tr>"
META = '<meta http-equiv="Content-type" content="text/html;charset=UTF-8" /> '


def made(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "export.xls"
    path.write_bytes(text.encode(encoding))
    return path


def table(folder: Path, text: str, encoding: str = "utf-8", **how: bool) -> PageTable:
    return open_page(made(folder, text, encoding), **how)


@pytest.mark.parametrize(
    "around",
    [
        META + '<table border="1">{}</table>',
        "<!DOCTYPE html><html><head><title>Deals</title><style>td {{mso-number-format:\\@;}}</style></head>"
        "<body><table><thead></thead><tbody>{}</tbody></table></body></html>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body><table>{}</table></body></html>",
        "\ufeff<TABLE>{}</TABLE>",
        # as some programs leave it
        "<html><table>{}",
        "<table><tr><td>nav</td></tr></table><table>{}</table><script>'<table>'</script>",
    ],
)
def test_its_largest_table_is_read(tmp_path: Path, around: str) -> None:
    path = made(tmp_path, around.format(HEAD + ROWS))
    assert is_page(path)
    (source,) = open_rows(path, path.name).sources
    assert source.rows.columns == ("ID", "Stage", "Amount") and source.rows.form.startswith("web page, utf-8")  # fmt: skip
    assert list(source.rows.rows()) == [
        (2, {"ID": "7", "Stage": "Deal won", "Amount": "1500"}),
        (3, {"ID": "8", "Stage": "M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller & Co", "Amount": ""}),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-8", "koi8-r"])
def test_it_is_read_as_it_says_that_it_is_written(tmp_path: Path, encoding: str) -> None:
    page = f"<html><head><meta charset={encoding}></head><table>{HEAD}<tr><td>7</td><td>Успешно</td><td>1</td></tr></table>"
    assert table(tmp_path, page, encoding).head(1)[0]["Stage"] == "Успешно"


def test_a_byte_order_mark_counts_more_than_what_it_says(tmp_path: Path) -> None:
    page = f"\ufeff<meta charset=windows-1252><table>{HEAD}<tr><td>7</td><td>Größe</td><td>1</td></tr></table>"
    assert table(tmp_path, page, "utf-16-le").head(1)[0]["Stage"] == "Größe"


@pytest.mark.parametrize(
    "said", ["x-none", "hex", "rot13", "undefined", "idna", "utf-16", "unicode"]
)
def test_a_charset_that_is_none_does_no_harm(tmp_path: Path, said: str) -> None:
    page = f"<meta charset={said}><table>{HEAD}<tr><td>7</td><td>Größe</td><td>1</td></tr></table>"
    assert table(tmp_path, page).head(1)[0]["Stage"] == "Größe"


def test_lines_and_tables_within_a_cell(tmp_path: Path) -> None:
    cell = "one<br>two<div>three</div><table><tr><td>within</td></tr></table> four"
    page = f"<table>{HEAD}<tr><td>7</td><td>{cell}</td><td>1</td></tr>{ROWS}</table>"
    assert table(tmp_path, page).head(1)[0] == {"ID": "7", "Stage": "one two three four", "Amount": "1"}  # fmt: skip


def test_a_cell_over_several_has_its_text_in_the_first(tmp_path: Path) -> None:
    page = (
        f"<table>{HEAD}<tr><td rowspan=2>7</td><td colspan=2>wide</td></tr><tr><td>b</td><td>c</td></tr>"
        "<tr><td rowspan=3>8</td></tr><tr><td>d</td></tr><tr></tr><tr><td>9</td><td>e</td><td>f</td></tr></table>"
    )
    assert [tuple(row.values()) for row in table(tmp_path, page).head(9)] == [
        ("7", "wide", ""), ("", "b", "c"), ("8",), ("", "d"), ("9", "e", "f"),
    ]  # fmt: skip


def test_a_title_may_stand_above_the_names(tmp_path: Path) -> None:
    page = f"<table><tr><td colspan=1>All deals</td></tr><tr></tr>{HEAD}{ROWS}</table>"
    found = table(tmp_path, page, named=True)
    assert found.columns == ("ID", "Stage", "Amount")
    assert [number for number, _ in found.rows()] == [4, 5]


def test_a_table_without_names_has_numbers_for_them(tmp_path: Path) -> None:
    found = table(tmp_path, "<table><tr><td>7</td><td>8</td></tr><tr><td>7</td><td>9</td></tr></table>")  # fmt: skip
    assert found.columns == ("c1", "c2") and len(found.head(9)) == 2


@pytest.mark.parametrize("page", ["<html><p>Please sign in</p>", "<table></table>", META])
def test_a_page_without_a_table_is_told(tmp_path: Path, page: str) -> None:
    with pytest.raises(DataError, match="without a table"):
        open_rows(made(tmp_path, page), "export.xls")


def test_spans_and_endings_of_bad_will_are_bounded(tmp_path: Path) -> None:
    page = f"<table>{HEAD}<tr><td colspan=99999999999>a</td></tr></table>" + "</table>" * 50
    assert len(table(tmp_path, page).columns) == 2000
    wider = f"<table>{HEAD}<tr>{'<td colspan=2000>a</td>' * 3}</tr></table>"
    with pytest.raises(DataError, match="6000 columns"):
        table(tmp_path, wider)
    for span in ("1234567x", "9" * 5000, "\N{SUPERSCRIPT TWO}"):
        page = f"<table>{HEAD}<tr><td colspan={span}>a</td></tr></table>"
        assert len(table(tmp_path, page).columns) in (3, 2000)
    odd = f"<table>{HEAD}<tr><td colspan=-1 rowspan=x>7</td><td rowspan=999999>a</td></tr>{ROWS}</table>"
    assert len(table(tmp_path, odd).head(9)) == 3


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("<?xml version='1.0'?><Workbook xmlns:html='x'><Table/></Workbook>", False),
        ("id;name\n<table>;1\n", False),
        ("<deal><id>1</id></deal>", False),
    ],
)
def test_what_is_none_is_not_read_as_one(tmp_path: Path, text: str, page: bool) -> None:
    assert is_page(made(tmp_path, text)) == page


def test_who_wants_sheets_of_a_spreadsheet_is_told(tmp_path: Path) -> None:
    path = made(tmp_path, f"{META}<table>{HEAD}{ROWS}</table>")
    with pytest.raises(DataError, match="a web page or XML that is named as a spreadsheet"):
        open_sheets(path, path.name, None, lambda _: None, "")


def test_a_page_of_too_many_cells_is_refused_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kits.core.page_tables.MAX_CELLS", 5000)
    page = f"<table>{HEAD}{'<tr><td colspan=2000>a</td></tr>' * 3}</table>"
    with pytest.raises(DataError, match="more than 5,000 cells"):
        table(tmp_path, page)
