"""How a text file is laid out: encoding, delimiter, decimal sign, header, units, lines to skip.

Looks at the first lines only and decides nothing about meaning. Values are parsed in `typed_columns.py`.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kits.core.codepages import code_page
from kits.core.errors import DataError
from kits.core.tables import encoding_of
from kits.predictive_maintenance._reading.formats.header import Header, find_header, judge

BAD_WORDS: tuple[str, ...] = (
    "", "NaN", "nan", "NAN", "-nan", "NA", "N/A", "n/a", "#N/A", "#NV", "null", "NULL", "None",
    "none", "-", "--", "---", "?", "Bad", "bad", "BAD", "Bad Input", "No Data", "No Good Data",
    "I/O Timeout", "Error", "ERROR", "error", "#VALUE!", "#DIV/0!", "#REF!", "Invalid", "invalid",
    "- - -", "-----", "###", "*****", "(null)", "\\N", "<NA>", "na",
    "Comm Fail", "Pt Created", "Not Connect", "Configure", "inf", "-inf", "Infinity", "-Infinity",
)  # fmt: skip
"""What exports write where there is no reading."""
TROUBLE: frozenset[str] = frozenset({
    "unavailable", "unknown", "UNAVAILABLE", "OL", "OVLD", "OVER", "+OVER", "-OVER", "BURNOUT", "I/O TIMEOUT", "Out of Service",
    "Scan Off", "OFFLINE", "offline",
})  # fmt: skip
"""What they write where a sensor could not tell; it is counted."""
NO_READING = frozenset(BAD_WORDS) | TROUBLE

_LINES = 60
_SNIFFED_BYTES = 256 << 10
_ANNOTATIONS = ("#group,", "#datatype,", "#default,")
"""What InfluxDB says of the columns, above their names."""
_MARKS = tuple(mark.encode() for mark in _ANNOTATIONS)
_DELIMITERS = (";", "\t", "|", ",")
_QUOTED = re.compile(rb'("[^"\n]*")|[ \t]+')
_CUT = re.compile(r"[;\t|]|,(?!\d)")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+\.\d+")
"""Without digits behind a point it may be a decimal comma."""
_APOSTROPHES = re.compile(r"[-+]?\d{1,3}(?:['’]\d{3})+(?:[.,]\d+)?")
_TIME = re.compile(r"\d{1,4}[-./:]\d{1,2}[-./:]\d{1,4}.*|\d{1,2}:\d{2}.*")


@dataclass(frozen=True)
class Layout:
    """How to read a text file.

    Attributes:
        headers: as written; empty texts where the header has none.
        names: unique, for the parser.
        start: offset of the first row's first byte.
        squeeze: runs of blanks are one delimiter.
        units: header → unit, when a line below the header names units.
        header_line: the line of names, as it is written.
    """

    delimiter: str
    decimal: str
    header: bool
    headers: tuple[str, ...]
    names: tuple[str, ...]
    start: int
    skipped: int = 0
    squeeze: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    header_line: str = ""

    def body(self, content: bytes) -> bytes:
        """The rows, with one tab between cells where blanks separate them."""
        rows = self._once(content[self.start :])
        if self.squeeze:
            # first to one tab: a run of blanks that no line ends with was looked for from each of them
            rows = _QUOTED.sub(_tab, rows) if b'"' in rows else re.sub(rb"[ \t]+", b"\t", rows)
            rows = re.sub(rb"(?m)^\t|\t(?=\r?$)", b"", rows)
        return rows

    def _once(self, rows: bytes) -> bytes:
        """Without names and remarks that come again: of several tables in one file, or each time a logger is switched on."""
        line = self.header_line.encode()
        if any(mark.encode() in rows for mark in _ANNOTATIONS) or (line and b"\n" + line in rows):
            kept = (one for one in rows.splitlines(keepends=True) if not one.startswith(_MARKS))
            rows = b"".join(one for one in kept if not line or one.rstrip(b"\r\n") != line)
        return rows


def _tab(match: re.Match[bytes]) -> bytes:
    return match[1] or b"\t"


def decoded(raw: bytes, where: str) -> tuple[bytes, str]:
    """The content as UTF-8 without a byte order mark, and what it was in.

    Raises:
        DataError: not text.
    """
    encoding = encoding_of(raw[:_SNIFFED_BYTES])
    if encoding.startswith("utf-16"):
        return raw.decode(encoding, errors="replace").encode(), "utf-16"
    if b"\0" in raw[:4096]:
        raise DataError(
            "not a text file", where=where, fix="export it as CSV in UTF-8, or leave it out"
        )
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        # the end of a file that was only opened may cut a character in two
        if error.start >= len(raw) - 3:
            return raw[: error.start], "utf-8"
        near = raw[max(0, error.start - _SNIFFED_BYTES // 2) :][:_SNIFFED_BYTES]
        page = code_page(near) if encoding.startswith("utf-8") else encoding
        shown = {"cp1252": "windows-1252"}.get(page, page)
        return raw.decode(page, errors="replace").encode(), shown
    return raw, "utf-8"


def cell_number(text: str, decimal: str = ".") -> float:
    """A cell as a number; NaN when it is none. Takes thousands separators and a decimal comma."""
    cleaned = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if _APOSTROPHES.fullmatch(cleaned):
        cleaned = cleaned.replace("'", "").replace("’", "")
    if decimal == "," and _COMMA_NUMBER.fullmatch(cleaned):
        cleaned = cleaned.replace(".", "").replace(",", ".")
    elif decimal == "." and _THOUSANDS.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    elif not _NUMBER.fullmatch(cleaned):
        return math.nan
    return float(cleaned)


def sniff(content: bytes, where: str, delimiter: str = "") -> Layout:
    """The layout of a file from its first lines.

    Args:
        delimiter: between cells; empty: found out.

    Raises:
        DataError: no rows with the same number of cells.
    """
    lines = _first_lines(content)
    if not lines:
        raise DataError("an empty file", where=where, fix="export it again, or leave it out")
    texts = [text for _, text in lines]
    delimiter, width = (
        (delimiter, len(_cells(texts[0], delimiter))) if delimiter else _delimiter(texts)
    )
    cells = [_cells(text, delimiter) for _, text in lines]
    body = [row for row in cells if len(row) == width]
    decimal = _decimal(body, delimiter)
    told = judge(body, lambda cell: _is_value(cell, decimal), NO_READING.__contains__)
    found = find_header(cells, width, told) or _plain_header(cells, width, decimal)
    headers = found.names or tuple(f"c{i + 1}" for i in range(width))
    squeeze = delimiter == " "
    rows_from = found.rows_from
    return Layout(
        delimiter="\t" if squeeze else delimiter,
        decimal=decimal,
        header=bool(found.names),
        headers=headers,
        names=tuple(f"{i}:{h}" for i, h in enumerate(headers)),
        start=lines[rows_from][0] if rows_from < len(lines) else len(content),
        skipped=found.first,
        squeeze=squeeze,
        units=found.units,
        header_line=lines[found.first][1] if found.names else "",
    )


def _plain_header(cells: Sequence[Sequence[str]], width: int, decimal: str) -> Header:
    """The first row of the width, where it holds names."""
    first = next(i for i, row in enumerate(cells) if len(row) == width)
    body = [row for row in cells[first:] if len(row) == width]
    if not is_header(body, decimal):
        return Header((), first, first)
    names = tuple(cell.strip().lstrip("#").strip() for cell in body[0])
    return Header(names, first, first + 1)


def is_header(body: Sequence[Sequence[str]], decimal: str) -> bool:
    """A first row whose cells are names, or numbered names above rows that hold other things.

    Args:
        body: the first rows' cells.
        decimal: the sign in numbers.
    """
    first = body[0]
    values = [_is_value(cell, decimal) for cell in first]
    if not any(values):
        return any(cell.strip() for cell in first)
    named = [cell for cell, value in zip(first, values) if not value and cell.strip()]
    if not named or len(body) < 2:
        return False
    # `time;1;2;3`: a name stands where the rows below hold values
    below = body[1]
    return any(
        not value and cell.strip() and cell not in BAD_WORDS and _is_value(under, decimal)
        for cell, value, under in zip(first, values, below)
    )


def _first_lines(content: bytes) -> list[tuple[int, str]]:
    """(offset, text) of the first lines that are not empty."""
    found: list[tuple[int, str]] = []
    offset = 0
    while offset < len(content) and len(found) < _LINES:
        end = content.find(b"\n", offset)
        end = len(content) if end < 0 else end
        text = content[offset:end].decode("utf-8", errors="replace").rstrip("\r")
        if text.strip() and not text.startswith(_ANNOTATIONS):
            found.append((offset, text))
        offset = end + 1
    return found


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        return line.split() if '"' not in line else re.findall(r'"[^"]*"|[^\s"]+', line)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a stray line end or an endless cell: the parser will count it as a bad row
        return line.split(delimiter)


def _delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """The delimiter that cuts most lines into the same number of cells, and that number.

    Where several cut evenly, the one whose cells are readings: decimal commas and names such as `ns=2;s=Press` are cut too.
    """
    best, best_rank = ("\x1f", 1), (0.0, 0.0)
    tail = lines[len(lines) // 3 :]
    for delimiter in (*_DELIMITERS, " "):
        rows = [_cells(line, delimiter) for line in tail]
        widths = Counter(map(len, rows))
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        if width < 2:
            continue
        # blanks inside times and decimal commas also cut evenly: they win only when alone
        weak = delimiter == " " and not _only_values(tail)
        share = count / len(tail) - (0.6 if weak else 0.0)
        values = 0.0 if delimiter == " " else _values_in(rows, width)
        rank = (round(share, 9), values)
        if rank > best_rank and share > 0.4:
            best, best_rank = (delimiter, width), rank
    return best


def _values_in(rows: Sequence[Sequence[str]], width: int) -> float:
    """How many cells of a row are numbers or times, whatever the decimal sign."""
    full = [row for row in rows if len(row) == width]
    cells = (cell for row in full for cell in row if not _CUT.search(cell))
    return sum(_is_value(cell, ".") or _is_value(cell, ",") for cell in cells) / len(full)


def _only_values(lines: Sequence[str]) -> bool:
    words = [word for line in lines for word in line.split()]
    values = sum(_is_value(word, ".") or _is_value(word, ",") or word in NO_READING for word in words)  # fmt: skip
    return bool(words) and values >= 0.6 * len(words)


def _decimal(body: Sequence[Sequence[str]], delimiter: str) -> str:
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in body for cell in row]
    commas = sum(bool(_COMMA_NUMBER.fullmatch(cell)) for cell in cells)
    points = sum(bool(_NUMBER.fullmatch(cell)) and "." in cell for cell in cells)
    return "," if commas > points else "."


def _is_value(cell: str, decimal: str) -> bool:
    text = cell.strip()
    return not math.isnan(cell_number(text, decimal)) or bool(_TIME.fullmatch(text))
