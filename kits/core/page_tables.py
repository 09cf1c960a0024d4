"""A web page that is named as a spreadsheet → its largest table, as rows of texts.

Programs export such `.xls`, which spreadsheets open: Bitrix24, Salesforce Classic's reports, many older ones. A cell over
several columns or rows has its text in the first of them, as in a spreadsheet.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import islice
from pathlib import Path
from typing import ClassVar

from kits.core import table_heads, tables
from kits.core.errors import DataError
from kits.core.spreadsheets.package import is_xml_workbook
from kits.core.tables import Row

MAX_BYTES = 256 << 20
MAX_CELLS = 50_000_000
"""Of all tables; a few letters say that a cell lies over thousands."""
_BEGIN = 64 << 10
_CHARSET = re.compile(r"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
_PAGE = re.compile(r"<(?:html|table|meta|body|style|head)\b", re.IGNORECASE)
_SILENT = frozenset({"script", "style", "title", "template"})
_APART = frozenset({"br", "p", "div", "li"})
_Cells = list[str]


@dataclass(frozen=True)
class PageTable:
    """The table, in memory.

    Attributes:
        start: so many rows stand above the first that is one.
    """

    columns: tuple[str, ...]
    form: str
    found: list[_Cells]
    start: int
    numeric: ClassVar[frozenset[str]] = frozenset()
    cuts_rows: ClassVar[bool] = False

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Rows with the number that a spreadsheet shows beside them."""
        for number, cells in enumerate(self.found[self.start :], start=self.start + 1):
            if any(cells):
                yield number, dict(zip(self.columns, cells))

    def head(self, most: int) -> list[Row]:
        """The first rows."""
        return [row for _, row in islice(self.rows(), most)]


def is_page(path: Path) -> bool:
    """Whether a file's beginning is a web page's."""
    with path.open("rb") as stream:
        start = stream.read(_BEGIN)
    if is_xml_workbook(start):
        return False
    text = start.decode(tables.encoding_of(start), errors="replace").lstrip("\ufeff \t\r\n")
    return text.startswith("<") and _PAGE.search(text) is not None and "<Workbook" not in text


def open_page(path: Path, *, named: bool = False) -> PageTable:
    """The table with the most cells.

    Args:
        named: the columns have names, however these look; lines of a title may stand above them.

    Raises:
        DataError: too large, or no table in it.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError(
            f"a web page of more than {MAX_BYTES >> 20} MiB", where=path.name, fix="save it as CSV"
        )
    text, encoding = _decoded(path.read_bytes())
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except _TooManyError:
        raise DataError(
            f"a table of more than {MAX_CELLS:,} cells", where=path.name, fix="save it as CSV"
        ) from None
    rows = max(reader.tables, key=lambda table: sum(len(row) for row in table), default=[])
    filled = [row for row in rows if any(row)]
    if not filled:
        raise DataError(
            "a web page that is named as a spreadsheet, without a table", where=path.name,
            fix="export it once more, or save it as .xlsx or CSV",
        )  # fmt: skip
    width = max(map(len, filled))
    if width > tables.MAX_COLUMNS:
        raise DataError(f"{width} columns in one file", where=path.name)
    above = table_heads.rows_above(filled) if named else 0
    header = named or table_heads.is_header(filled[:60])
    names = filled[above] if header else [""] * width
    columns = tables.column_names([*names, *[""] * (width - len(names))])
    start = rows.index(filled[above]) + header
    form = f"web page, {encoding}" + ("" if header else ", no header")
    return PageTable(columns, form, rows, start)


def _decoded(content: bytes) -> tuple[str, str]:
    """A page's text, and how it is written: by its byte order mark, then by what it says, else by what its bytes look like."""
    found = tables.encoding_of(content[:_BEGIN])
    said = _CHARSET.search(content[:_BEGIN].decode("ascii", errors="replace"))
    # who can be read as ASCII is no UTF-16, whatever it says
    if said and not found.startswith(("utf-16", "utf-8-sig")) and "16" not in said[1]:
        try:
            return content.decode(said[1], errors="replace"), codecs.lookup(said[1]).name
        except (LookupError, UnicodeError):  # no charset, or one of no texts
            return content.decode(found, errors="replace"), found
    return content.decode(found, errors="replace"), found


class _TooManyError(Exception):
    """More cells than are held."""


class _Reader(HTMLParser):
    """Collects the tables of a page; one within a cell is a table of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[_Cells]] = []
        self._open: list[_Open] = []
        self._silent = 0
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._open.append(_Open())
            self.tables.append(self._open[-1].rows)
        elif self._open and tag == "tr":
            self._open[-1].begin_row()
        elif self._open and tag in ("td", "th"):
            given = dict(attrs)
            wide = _span(given.get("colspan"))
            self._cells += wide
            if self._cells > MAX_CELLS:
                raise _TooManyError
            self._open[-1].begin_cell(wide, _span(given.get("rowspan")))
        elif self._open and tag in _APART:
            self._open[-1].say(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif self._open and tag in ("td", "th", "tr"):
            self._open[-1].end_cell()
        elif self._open and tag == "table":
            self._open.pop().end_cell()

    def handle_data(self, data: str) -> None:
        if self._open and not self._silent:
            self._open[-1].say(data)

    def close(self) -> None:
        super().close()
        for table in self._open:
            table.end_cell()


class _Open:
    """A table that is being read."""

    def __init__(self) -> None:
        self.rows: list[_Cells] = []
        self._said: list[str] | None = None
        self._wide = 1
        self._below: dict[int, int] = {}  # place of a cell over several rows → so many more

    def begin_row(self) -> None:
        self.end_cell()
        passed = len(self.rows[-1]) if self.rows else 0
        for place in [one for one, more in self._below.items() if one >= passed and more]:
            self._below[place] -= 1  # the row before ended ahead of it
        self.rows.append([])

    def begin_cell(self, wide: int, high: int) -> None:
        self.end_cell()
        if not self.rows:
            self.rows.append([])
        row = self.rows[-1]
        while self._below.get(len(row), 0):
            self._below[len(row)] -= 1
            row.append("")
        if high > 1:
            self._below |= dict.fromkeys(range(len(row), len(row) + wide), high - 1)
        self._said, self._wide = [], wide

    def say(self, text: str) -> None:
        if self._said is not None:
            self._said.append(text)

    def end_cell(self) -> None:
        if self._said is not None:
            self.rows[-1] += [" ".join("".join(self._said).split()), *[""] * (self._wide - 1)]
        self._said = None


def _span(value: str | None) -> int:
    first = (value or "").strip()[:6]
    return min(max(int(first), 1), tables.MAX_COLUMNS) if first.isascii() and first.isdigit() else 1
