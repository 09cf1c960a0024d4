"""Spreadsheets made by real writers, and by hand where none writes what must be read: old, damaged and hostile ones."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

Cell = object
Rows = Sequence[Sequence[Cell]]
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def xlsx(path: Path, sheets: Mapping[str, Rows] | Rows, *, epoch_1904: bool = False) -> Path:
    """An XLSX with values, dates formatted as dates; `=…` is a formula with 0 as its result."""
    import xlsxwriter

    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path), {"date_1904": epoch_1904, "strings_to_urls": False})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
    for title, rows in (sheets if isinstance(sheets, Mapping) else {"Export": sheets}).items():
        sheet = book.add_worksheet(title)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(r, c, cell, moment)
                elif isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, day)
                elif isinstance(cell, str) and not cell.startswith("="):
                    sheet.write_string(r, c, cell)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    return path


def xls(path: Path, sheets: Mapping[str, Rows]) -> Path:
    """An old XLS."""
    import xlwt

    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for title, rows in sheets.items():
        sheet = book.add_sheet(title)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write(r, c, cell, day)
                elif cell is not None:
                    sheet.write(r, c, cell)
    book.save(str(path))
    return path


def ods(path: Path, sheets: Mapping[str, Sequence[str]], styles: str = "") -> Path:
    """An ODS of rows in its own XML: see `ods_row`."""
    tables = "".join(
        f"<table:table table:name={quoteattr(title)}>{''.join(rows)}</table:table>"
        for title, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    spaces += ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    calc = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    content = (
        f"<office:document-content {spaces} {calc}><office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", _ODS)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


def ods_row(cells: Iterable[Cell], attributes: str = "") -> str:
    """A row of ODS; a text that begins with `<` is a cell's own XML."""
    return f"<table:table-row {attributes}>{''.join(map(_ods_cell, cells))}</table:table-row>"


def _ods_cell(cell: Cell) -> str:
    if isinstance(cell, str) and cell.startswith("<"):
        return cell
    if isinstance(cell, date):
        return (
            f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}">'
            f"<text:p>{cell}</text:p></table:table-cell>"
        )
    if isinstance(cell, int | float):
        return (
            f'<table:table-cell office:value-type="float" office:value="{cell}">'
            f"<text:p>{cell}</text:p></table:table-cell>"
        )
    if cell is None:
        return "<table:table-cell/>"
    return (
        '<table:table-cell office:value-type="string">'
        f"<text:p>{escape(str(cell))}</text:p></table:table-cell>"
    )


_EXCEL_2003 = "urn:schemas-microsoft-com:office:spreadsheet"


def excel_2003(path: Path, sheets: Mapping[str, Rows | str], styles: str = "") -> Path:
    """XML of Excel 2003; rows that are a text are their own XML."""
    tables = "".join(
        f"<Worksheet ss:Name={quoteattr(title)}><Table>"
        + (rows if isinstance(rows, str) else "".join(map(_row_2003, rows)))
        + "</Table></Worksheet>"
        for title, rows in sheets.items()
    )
    path.write_text(
        '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{_EXCEL_2003}" xmlns:ss="{_EXCEL_2003}"><Styles>{styles}</Styles>{tables}</Workbook>',
        encoding="utf-8",
    )
    return path


def _row_2003(cells: Sequence[Cell]) -> str:
    return f"<Row>{''.join(map(_cell_2003, cells))}</Row>"


def _cell_2003(cell: Cell) -> str:
    if cell is None:
        return "<Cell/>"
    kind, text = "String", str(cell)
    if isinstance(cell, date):
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
        kind, text = "DateTime", moment.isoformat(timespec="milliseconds")
    elif isinstance(cell, bool):
        kind, text = "Boolean", str(int(cell))
    elif isinstance(cell, int | float):
        kind = "Number"
    return f'<Cell><Data ss:Type="{kind}">{escape(text)}</Data></Cell>'


def with_part(path: Path, name: str, content: bytes | None, *, packed: bool = True) -> Path:
    """The same ZIP with a part put in, in place of another of that name, or taken out."""
    with zipfile.ZipFile(path) as package:
        parts = {info.filename: package.read(info) for info in package.infolist()}
    parts.pop(name, None)
    if content is not None:
        parts[name] = content
    with zipfile.ZipFile(path, "w") as package:
        for part, stored in parts.items():
            package.writestr(part, stored, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    return path


def part(path: Path, name: str) -> bytes:
    """A part of a ZIP."""
    with zipfile.ZipFile(path) as package:
        return package.read(name)


def rewritten(path: Path, name: str, old: str, new: str) -> Path:
    """The same ZIP with something of a part replaced, which must be there."""
    content = part(path, name).decode()
    assert old in content, content[:2000]
    return with_part(path, name, content.replace(old, new).encode())
