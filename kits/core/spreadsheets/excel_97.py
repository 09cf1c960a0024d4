"""What an XLS file (BIFF8, Excel 97 to 2003) says beside its values. One pass over each sheet's records, as [MS-XLS] has them.

Percentages, errors, and what is hidden. Whether a formula was calculated no XLS tells: who writes one has to put in a result.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kits.core.spreadsheets.marks import Marks
from kits.core.spreadsheets.office_xml import BUILT_IN_PERCENTS, shows_percent

_STREAM = "Workbook"
"""Older ones call it `Book`, and have other records."""
_BOF, _EOF, _SHEET, _FORMAT, _XF = 0x0809, 0x000A, 0x0085, 0x041E, 0x00E0
_BIFF8, _OF_CELLS = 0x0600, 0
_NUMBER, _RK, _MULRK, _FORMULA, _BOOLERR = 0x0203, 0x027E, 0x00BD, 0x0006, 0x0205
_TEXTS = frozenset({0x00FD, 0x0204, 0x00D6})
_ROW, _COLUMNS = 0x0208, 0x007D
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}  # fmt: skip
_LAST_COLUMN = 255


@dataclass
class _Sheet:
    """What its records said so far."""

    percents: frozenset[int]
    marks: Marks = field(default_factory=Marks)
    hidden: set[int] = field(default_factory=set)
    filled: set[int] = field(default_factory=set)

    def number(self, row: int, column: int, style: int) -> None:
        """A cell with a number."""
        self.filled.add(row)
        if style in self.percents:
            self.marks.percent(row, column)

    def error(self, row: int, column: int, code: int) -> None:
        """A cell whose formula failed."""
        self.filled.add(row)
        self.marks.error(row, column, _ERRORS.get(code, "#ERR"))

    def done(self) -> Marks:
        """All of it."""
        self.marks.hidden_rows = len(self.hidden & self.filled)
        return self.marks


def marks_of(path: Path, wanted: Callable[[str], bool]) -> dict[str, Marks]:
    """Sheet → what stands beside its values; of one that is no BIFF8, or contradicts itself, nothing.

    Args:
        wanted: whether a sheet is to be read, by its title.
    """
    try:
        content = _stream(path)
        formats, sheets, styles = set(BUILT_IN_PERCENTS), [], []
        for kind, at, size in _records(content, 0):
            body = content[at : at + size]
            if kind == _FORMAT and shows_percent(_text(body[2:], "<H")):
                formats.add(_whole(body, 0))
            elif kind == _XF:
                styles.append(_whole(body, 2))
            elif kind == _SHEET and body[5] == _OF_CELLS:
                sheets.append((_text(body[6:], "<B"), struct.unpack_from("<I", body)[0]))
        percents = frozenset(number for number, one in enumerate(styles) if one in formats)
        return {name: _read(content, begin, percents) for name, begin in sheets if wanted(name)}
    except (OSError, ValueError, LookupError, struct.error):
        return {}  # who reads the values says what is wrong with it


def _stream(path: Path) -> bytes:
    from olefile import OleFileIO

    with OleFileIO(str(path)) as compound:
        content: bytes = compound.openstream(_STREAM).read()
    return content


def _records(content: bytes, begin: int) -> Iterator[tuple[int, int, int]]:
    """(kind, place, length) of each record of a part, which begins and ends with one of its own. Raises ValueError for another version."""
    at, depth = begin, 0
    while at + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, at)
        at += 4
        if kind == _BOF:
            depth += 1  # a chart in a sheet is a part in it
            if _whole(content, at) != _BIFF8:
                raise ValueError("another version")
        elif depth == 1:
            yield kind, at, size
        if kind == _EOF:
            depth -= 1
        if depth <= 0:
            return
        at += size


def _read(content: bytes, begin: int, percents: frozenset[int]) -> Marks:
    sheet = _Sheet(percents)
    for kind, at, size in _records(content, begin):
        if kind in _TEXTS:
            sheet.filled.add(_whole(content, at))
        elif kind in (_NUMBER, _RK):
            sheet.number(*struct.unpack_from("<HHH", content, at))
        elif kind == _MULRK:
            row, first = struct.unpack_from("<HH", content, at)
            for place in range((size - 6) // 6):
                sheet.number(row, first + place, _whole(content, at + 4 + 6 * place))
        elif kind == _FORMULA:
            _formula(sheet, content, at)
        elif kind == _BOOLERR:
            row, column, _, code, failed = struct.unpack_from("<HHHBB", content, at)
            sheet.filled.add(row)
            if failed:
                sheet.error(row, column, code)
        elif kind == _ROW and _whole(content, at + 12) & 0x20:
            sheet.hidden.add(_whole(content, at))
        elif kind == _COLUMNS and _whole(content, at + 8) & 0x01:
            first, last = struct.unpack_from("<HH", content, at)
            # all columns to the right are hidden where a sheet is made narrow
            sheet.marks.hidden_columns += max(0, last - first + 1) if last < _LAST_COLUMN else 0
    return sheet.done()


def _formula(sheet: _Sheet, content: bytes, at: int) -> None:
    row, column, style = struct.unpack_from("<HHH", content, at)
    kind, code, no_number = content[at + 6], content[at + 8], _whole(content, at + 12) == 0xFFFF
    if not no_number:
        sheet.number(row, column, style)
    elif kind == 2:
        sheet.error(row, column, code)
    elif kind != 3:
        sheet.filled.add(row)


def _whole(content: bytes, at: int) -> int:
    found: int = struct.unpack_from("<H", content, at)[0]
    return found


def _text(body: bytes, length: str) -> str:
    """A text behind its length in characters and a sign of whether each has one byte or two."""
    size = struct.calcsize(length)
    characters = struct.unpack_from(length, body)[0]
    wide = body[size] & 1
    content = body[size + 1 : size + 1 + characters * (2 if wide else 1)]
    return content.decode("utf-16-le" if wide else "latin-1")
