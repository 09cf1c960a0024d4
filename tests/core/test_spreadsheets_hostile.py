"""Spreadsheets that are damaged, protected, larger than is read, or made to do harm: each is told and costs little."""

from __future__ import annotations

import random
import struct
import zipfile
from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.core.row_sources import open_rows
from kits.core.spreadsheets import marks, package
from tests.sheets import ods, ods_row, part, rewritten, with_part, xls, xlsx

pytest.importorskip("python_calamine")
SHEET = "xl/worksheets/sheet1.xml"
TABLE = [["id", "land"], ["L1", "AT"], ["L2", "CH"]]


def refused(path: Path) -> DataError:
    with pytest.raises(DataError) as error:
        open_rows(path, path.name, named=True)
    assert error.value.where and error.value.fix
    return error.value


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"a.{kind}"
    rows = [[f"L{n}", f"land {n * n}"] for n in range(400)]
    if kind == "xlsx":
        xlsx(path, [["id", "land"], *rows])
    elif kind == "xls":
        xls(path, {"S": [["id", "land"], *rows]})
    else:
        ods(path, {"S": [ods_row(row) for row in (["id", "land"], *rows)]})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert refused(path).where.startswith(path.name)


@pytest.mark.parametrize(
    "name", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"]
)
@pytest.mark.parametrize("content", [b"", b"<a", b"\x00\xff" * 40, b"<a>" * 5000, None])
def test_parts_that_are_broken_or_absent_are_told(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    made = with_part(xlsx(tmp_path / "a.xlsx", TABLE), name, content)
    refused(made)


def test_a_password_is_said_whatever_protects_by_it(tmp_path: Path) -> None:
    path = tmp_path / "secret.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )
    assert refused(path).what == "protected by a password"
    made = ods(tmp_path / "secret.ods", {"S": [ods_row(row) for row in TABLE]})
    with_part(made, "META-INF/manifest.xml", b"<manifest:encryption-data/>")
    assert refused(made).what == "protected by a password"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\x1f\x8b\x08", "an archive"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (
            b"<html><p>Please sign in</p>",
            "a web page that is named as a spreadsheet, without a table",
        ),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "a web page or XML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an Office file without a sheet"),
    ],
)
def test_what_only_is_called_a_spreadsheet_is_told(tmp_path: Path, start: bytes, said: str) -> None:
    path = tmp_path / "export.xls"
    path.write_bytes(start)
    assert refused(path).what.startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xl/workbook.bin", "a binary workbook"),
        ("Index/Tables.iwa", "a sheet of Numbers"),
        ("photos/1.jpg", "an archive"),
    ],
)
def test_other_archives_are_told_by_what_is_in_them(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"x")
    assert refused(path).what.startswith(said)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kits.core.spreadsheets.office_xml.MAX_PART_BYTES", 1 << 20)
    made = xlsx(tmp_path / "bomb.xlsx", TABLE)
    sheet = part(made, SHEET).replace(b"</sheetData>", b" " * (50 << 20) + b"</sheetData>")
    with_part(made, SHEET, sheet)
    assert made.stat().st_size < 1 << 20
    assert "unpacks to more than 1 MiB" in refused(made).what


def test_a_forged_size_does_not_hide_a_bomb(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "bomb.xlsx", TABLE)
    sheet = part(made, SHEET).replace(b"</sheetData>", b" " * (1 << 20) + b"</sheetData>")
    with_part(made, SHEET, sheet)
    raw = made.read_bytes()
    true, forged = struct.pack("<I", len(sheet)), struct.pack("<I", 800)
    assert raw.count(true) >= 2
    made.write_bytes(raw.replace(true, forged))
    assert f"has {len(sheet)} bytes where 800 are stated" in refused(made).what


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", TABLE)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    assert "two parts of the same name" in refused(made).what


@pytest.mark.parametrize(
    "name", [SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml"]
)
def test_entities_are_refused(tmp_path: Path, name: str) -> None:
    made = xlsx(tmp_path / "a.xlsx", TABLE)
    head, _, rest = part(made, name).decode().partition("?>")
    laughs = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    )
    with_part(made, name, f"{head}?>{laughs}{rest}".encode())
    assert "declares a document type" in refused(made).what


def test_a_stray_cell_far_away_is_named(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsx", TABLE)
    rewritten(
        made,
        SHEET,
        "</sheetData>",
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
    )
    error = refused(made)
    assert "from A1 to XFD1048576: 17,179,869,184 cells" in error.what
    assert error.where == 'a.xlsx, sheet "Export"' and "XFD1048576 is a stray cell" in error.fix


@pytest.mark.parametrize(
    "cell", ['<c r="B99999999"><v>1</v></c>', '<c r="ZZZZ2"><v>1</v></c>', '<c r="7"><v>1</v></c>']
)
def test_addresses_that_no_sheet_has_are_refused(tmp_path: Path, cell: str) -> None:
    made = rewritten(
        xlsx(tmp_path / "a.xlsx", TABLE),
        SHEET,
        "</sheetData>",
        f'<row r="4">{cell}</row></sheetData>',
    )
    assert refused(made).what.startswith("a damaged spreadsheet")


def test_a_cell_that_stands_for_millions_is_refused(tmp_path: Path) -> None:
    many = (
        '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16000">'
        "<text:p>1</text:p></table:table-cell>"
    )
    made = ods(
        tmp_path / "a.ods",
        {"S": [ods_row(["id", "b"]), ods_row([many], 'table:number-rows-repeated="1000000"')]},
    )
    assert "cells, of which at most" in refused(made).what


def test_sheets_that_are_too_large_together_are_refused_unless_some_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_CELLS", 900)
    rows = [["id", "land"], *([f"L{n}", "AT"] for n in range(300))]
    made = xlsx(tmp_path / "a.xlsx", {"One": rows, "Two": rows})
    assert "sheets of 1,204 cells together" in refused(made).what
    opened = open_rows(made, "a.xlsx", named=True, wanted=lambda sheet: sheet == "Two")
    assert [source.sheet for source in opened.sources] == ["Two"]
    both = ods(
        tmp_path / "a.ods", {name: [ods_row(row) for row in rows] for name in ("One", "Two")}
    )
    assert "sheets of 1,204 cells together" in refused(both).what


def test_empty_rows_to_the_end_of_the_sheet_cost_nothing(tmp_path: Path) -> None:
    rest = '<table:table-cell table:number-columns-repeated="16384"/>'
    rows = [
        *(ods_row(row) for row in TABLE),
        ods_row([rest], 'table:number-rows-repeated="1048573"'),
    ]
    (source,) = open_rows(ods(tmp_path / "a.ods", {"S": rows}), "a.ods", named=True).sources
    assert len(list(source.rows.rows())) == 2


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_one_long_text_in_many_cells_is_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_CHARACTERS", 4 << 20)
    monkeypatch.setattr("kits.core.spreadsheets.office_xml.MAX_CHARACTERS", 4 << 20)
    long = "x" * 32_000
    rows = [["id", "text"], *([f"L{n}", long] for n in range(200))]
    path = tmp_path / f"a.{kind}"
    if kind == "xlsx":
        xlsx(path, rows)
    else:
        cell = f'<table:table-cell office:value-type="string"><text:p>{long}</text:p></table:table-cell>'
        ods(
            path,
            {
                "S": [
                    ods_row(["id", "text"]),
                    ods_row(["L", cell], 'table:number-rows-repeated="200"'),
                ]
            },
        )
    assert path.stat().st_size < 100_000
    assert "texts of more than 4 MiB" in refused(path).what


def test_an_old_file_that_would_end_the_process_is_told(tmp_path: Path) -> None:
    """Its first row behind its last one: the library asks for a negative number of cells, and aborts."""
    path = xls(tmp_path / "a.xls", {"S": TABLE})
    content = bytearray(path.read_bytes())
    dimensions = content.index(b"\x00\x02\x0e\x00") + 4
    content[dimensions] = 188
    path.write_bytes(content)
    assert refused(path).what == "a damaged spreadsheet: it contradicts itself"


def test_an_old_file_of_any_bytes_ends_in_an_answer(tmp_path: Path) -> None:
    whole = xls(tmp_path / "a.xls", {"S": TABLE}).read_bytes()
    lot = random.Random(4)
    for _ in range(12):
        content = bytearray(whole)
        for _ in range(lot.choice([1, 5, 30])):
            content[lot.randrange(8, len(content))] = lot.randrange(256)
        path = tmp_path / "b.xls"
        path.write_bytes(content)
        try:
            (source,) = open_rows(path, "b.xls", named=True).sources
        except DataError as error:
            assert error.fix
        else:
            assert list(source.rows.rows())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_parts_of_any_bytes_end_in_an_answer(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "xlsx":
        xlsx(path, TABLE)
    else:
        ods(path, {"S": [ods_row(row) for row in TABLE]})
    lot = random.Random(9)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(150):
        name = lot.choice([n for n in parts if n.endswith(".xml")])
        content = bytearray(parts[name])
        for _ in range(lot.choice([1, 2, 6])):
            content[lot.randrange(len(content))] = lot.choice(b'0123456789<>"/=aXe\xff')
        with_part(path, name, bytes(content))
        try:
            opened = open_rows(path, path.name, named=True)
        except DataError as error:
            assert error.where
        else:
            assert [list(source.rows.rows()) for source in opened.sources]
        with_part(path, name, parts[name])


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_FILE_BYTES", 1000)
    assert "at most 0 are read" in refused(xlsx(tmp_path / "a.xlsx", TABLE)).what


def test_macros_and_links_are_left_alone(tmp_path: Path) -> None:
    made = xlsx(tmp_path / "a.xlsm", TABLE)
    with_part(made, "xl/vbaProject.bin", b"\x00" * 4096)
    with_part(made, "xl/externalLinks/externalLink1.xml", b"<externalLink/>")
    (source,) = open_rows(made, "a.xlsm", named=True).sources
    assert len(list(source.rows.rows())) == 2
