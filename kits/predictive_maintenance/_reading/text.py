"""How a text file is laid out: encoding, delimiter, decimal sign, header, units, lines to skip.

Looks at the first lines only and decides nothing about meaning. Values are parsed in `_reading/tables.py`.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kits.core.errors import DataError

BAD_WORDS: tuple[str, ...] = (
    "", "NaN", "nan", "NAN", "-nan", "NA", "N/A", "n/a", "#N/A", "#NV", "null", "NULL", "None",
    "none", "-", "--", "---", "?", "Bad", "bad", "BAD", "Bad Input", "No Data", "No Good Data",
    "I/O Timeout", "Error", "ERROR", "error", "#VALUE!", "#DIV/0!", "#REF!", "Invalid", "invalid",
    "Comm Fail", "Pt Created", "Not Connect", "Configure", "inf", "-inf", "Infinity", "-Infinity",
)  # fmt: skip
"""What exports write where there is no reading."""

_LINES = 60
_ANNOTATIONS = ("#group,", "#datatype,", "#default,")
"""What InfluxDB says of the columns, above their names."""
_DELIMITERS = (";", "\t", "|", ",")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+(?:[eE][-+]?\d+)?")
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

    def body(self, content: bytes) -> bytes:
        """The rows, with one tab between cells where blanks separate them."""
        rows = content[self.start :]
        if self.squeeze:
            # first to one tab: a run of blanks that no line ends with was looked for from each of them
            rows = re.sub(rb"[ \t]+", b"\t", rows)
            rows = re.sub(rb"(?m)^\t|\t(?=\r?$)", b"", rows)
        elif self.headers and self.headers[-1] == "" and len(self.headers) > 1:
            # a delimiter at the end of each row makes an empty last cell; that is fine
            return rows
        return rows


def decoded(raw: bytes, where: str) -> tuple[bytes, str]:
    """The content as UTF-8 without a byte order mark, and what it was in.

    Raises:
        DataError: not text.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").encode(), "utf-16"
    if b"\0" in raw[:4096]:
        raise DataError("not a text file", where=where)
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
        return raw.decode("cp1252", errors="replace").encode(), "windows-1252"
    return raw, "utf-8"


def cell_number(text: str, decimal: str = ".") -> float:
    """A cell as a number; NaN when it is none. Takes thousands separators and a decimal comma."""
    cleaned = text.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if decimal == "," and _COMMA_NUMBER.fullmatch(cleaned):
        cleaned = cleaned.replace(".", "").replace(",", ".")
    elif not _NUMBER.fullmatch(cleaned):
        return math.nan
    return float(cleaned)


def sniff(content: bytes, where: str) -> Layout:
    """The layout of a file from its first lines.

    Raises:
        DataError: no rows with the same number of cells.
    """
    lines = _first_lines(content)
    if not lines:
        raise DataError("an empty file", where=where)
    delimiter, width = _delimiter([text for _, text in lines])
    cells = [(offset, _cells(text, delimiter)) for offset, text in lines]
    first = next(i for i, (_, row) in enumerate(cells) if len(row) == width)
    body = [row for _, row in cells[first:] if len(row) == width]
    decimal = _decimal(body, delimiter)
    header = is_header(body, decimal)
    headers = tuple(cell.strip().lstrip("#").strip() for cell in body[0]) if header else ()
    rows_from = first + (1 if header else 0)
    units: dict[str, str] = {}
    if header and len(body) > 2 and _is_units(body[1], body[2], decimal):
        units = {h: u.strip(" []()") for h, u in zip(headers, body[1])}
        rows_from += 1
    start = cells[rows_from][0] if rows_from < len(cells) else len(content)
    headers = headers or tuple(f"c{i + 1}" for i in range(width))
    squeeze = delimiter == " "
    return Layout(
        delimiter="\t" if squeeze else delimiter,
        decimal=decimal,
        header=header,
        headers=headers,
        names=tuple(f"{i}:{h}" for i, h in enumerate(headers)),
        start=start,
        skipped=first,
        squeeze=squeeze,
        units=units,
    )


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
        return line.split()
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a stray line end or an endless cell: the parser will count it as a bad row
        return line.split(delimiter)


def _delimiter(lines: Sequence[str]) -> tuple[str, int]:
    """The delimiter that cuts most lines into the same number of cells, and that number."""
    best, best_rank = ("\x1f", 1), (0.0, 0)
    tail = lines[len(lines) // 3 :]
    for delimiter in (*_DELIMITERS, " "):
        widths = Counter(len(_cells(line, delimiter)) for line in tail)
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        if width < 2:
            continue
        # blanks inside times and decimal commas also cut evenly: they win only when alone
        weak = delimiter == " " and not _only_numbers(tail)
        rank = (count / len(tail) - (0.6 if weak else 0.0), -len(best_rank))
        if rank[0] > best_rank[0] + 1e-9 and rank[0] > 0.4:
            best, best_rank = (delimiter, width), rank
    return best


def _only_numbers(lines: Sequence[str]) -> bool:
    words = [word for line in lines for word in line.split()]
    return bool(words) and sum(bool(_NUMBER.fullmatch(w)) for w in words) >= 0.8 * len(words)


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


def _is_units(row: Sequence[str], below: Sequence[str], decimal: str) -> bool:
    """A second row of units: no value where the row below has one, more than once."""
    odd = [
        cell not in BAD_WORDS and not _is_value(cell, decimal) and _is_value(under, decimal)
        for cell, under in zip(row, below)
    ]
    return sum(odd) >= 2 and not any(_is_value(cell, decimal) for cell in row)
