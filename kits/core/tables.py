"""Files of rows → named cells, streamed: CSV with any delimiter, quoting and encoding, and JSON lines.

A row that cannot be read is told, never a crash. What a column is *for* is the question of each kit's reader. Shared
by the kits whose data are rows of texts.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mode
from typing import ClassVar

from pydantic import JsonValue

from kits.core.answers.wrapping import keyed_rows
from kits.core.codepages import code_page
from kits.core.errors import DataError
from kits.core.table_heads import codes_above, is_chat, is_header, is_rule, is_titled, rows_above

SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".txt", ".psv", ".jsonl", ".ndjson", ".json"})
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
MAX_FILE_BYTES = 8 << 30
MAX_DOCUMENT_BYTES = 256 << 20
"""A `.json` file that is one document must be held in memory."""
MAX_CELL = 4 << 20
MAX_COLUMNS = 2_000
DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_BYTES = 256 << 10
_SNIFFED_ROWS = 60
_DEEPEST = 3
"""So deep the rows of a document may lie within its keys (`_embedded.conversations`)."""
_SEPARATOR = re.compile(r"sep=([,;|\t])\r?\n", re.IGNORECASE)
"""A first line by which spreadsheets tell each other the delimiter."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is refused; `line` counts rows from 1, the header not among them."""

    line: int
    why: str


@dataclass(frozen=True)
class TableFile:
    """A file of rows whose form is known.

    Attributes:
        columns: names; `c1`, `c2`, … where the file names none.
        form: how it was read, for people: `delimiter ';', cp1252`.
        skipped: rows above the names: a title, `sep=;`.
    """

    path: Path
    columns: tuple[str, ...]
    form: str
    encoding: str
    delimiter: str
    header: bool
    kind: str
    skipped: int = 0
    numeric: ClassVar[frozenset[str]] = frozenset()
    cuts_rows: ClassVar[bool] = True

    def rows(self) -> Iterator[tuple[int, Row] | BadRow]:
        """Rows with their number, in the file's order."""
        if self.kind != "csv":
            yield from _json_rows(self.path, self.kind, self.encoding)
            return
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as stream:
            yield from self._cells(_reader(stream, self.delimiter))

    def head(self, most: int) -> list[Row]:
        """The first rows that can be read."""
        good = (found[1] for found in self.rows() if not isinstance(found, BadRow))
        return list(islice(good, most))

    def _cells(self, reader: Iterator[list[str]]) -> Iterator[tuple[int, Row] | BadRow]:
        number = 0
        above = self.skipped + self.header
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(number, str(error))
                continue
            if above or not any(cell.strip() for cell in cells) or is_rule(cells):
                above -= bool(above) and any(c.strip() for c in cells) and not is_rule(cells)
                number -= 1
                continue
            if len(cells) > len(self.columns) and any(
                c.strip() for c in cells[len(self.columns) :]
            ):
                yield BadRow(number, f"{len(cells)} cells where {len(self.columns)} are named")
                continue
            yield number, dict(zip(self.columns, cells))


def open_table(path: Path, *, named: bool = False) -> TableFile:
    """Finds out how a file is written; reads its beginning only.

    Args:
        named: the columns have names, however these look; lines of a title may stand above them.

    Raises:
        DataError: too large, empty, or no rows and columns in it.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise DataError(f"{size >> 30} GiB in one file", where=path.name, fix="split it by year")
    with path.open("rb") as stream:
        start = stream.read(_SNIFFED_BYTES)
    if not start.strip():
        raise DataError("an empty file", where=path.name, fix="export it again, or leave it out")
    encoding = encoding_of(start)
    kind = json_kind(path, start, encoding)
    if kind:
        return _open_json(path, kind, encoding)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(start)
    if is_chat(text):
        raise DataError(
            "a chat of WhatsApp, no table",
            where=path.name,
            fix="copy each message that counts into a row of its own, or leave the file out",
        )
    said = _SEPARATOR.match(text)
    known = "\t" if path.suffix.lower() in (".tsv", ".tab") else ""
    delimiter = said[1] if said else known or _delimiter(text, named)
    first = _first_rows(text, delimiter)
    skipped = int(bool(said))
    if first and (named or is_titled(first)):
        skipped = rows_above(first)
    skipped += codes_above(first[skipped:])
    first = first[skipped:]
    if not first:
        raise DataError(
            "no rows in it",
            where=path.name,
            fix="export it again with its rows: one line of names, then one for each thing",
        )
    header = named or is_header(first)
    columns = column_names(first[0]) if header else tuple(f"c{n + 1}" for n in range(len(first[0])))
    if len(columns) > MAX_COLUMNS:
        raise DataError(f"{len(columns)} columns in one file", where=path.name)
    shown = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
    form = f"delimiter {shown}, {encoding}" + ("" if header else ", no header")
    return TableFile(path, columns, form, encoding, delimiter, header, "csv", skipped)


def bytes_of_rows(table: TableFile, most: int) -> tuple[int, int]:
    """How many rows of texts a file begins with, up to `most`, and about how many bytes they take."""
    with table.path.open("rb") as raw:
        stream = io.TextIOWrapper(raw, table.encoding, "replace", newline="")
        try:
            rows = sum(1 for _ in islice(_reader(stream, table.delimiter), most))
        except csv.Error:
            return 0, 0
        return rows, raw.tell()


# -- how it is written ----------------------------------------------------------------------------


def encoding_of(start: bytes) -> str:
    """How a text is written, by its first bytes."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name
    if start[1:2] == b"\0" and start[3:4] == b"\0":
        return "utf-16-le"
    try:
        # the last character may be cut in two
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return code_page(start)
    return "utf-8"


def _delimiter(text: str, named: bool) -> str:
    """The one that cuts the first rows into the most equal pieces; as many as the names, where these come first."""
    best, most = ",", (0.0, 0)
    for candidate in DELIMITERS:
        widths = [len(row) for row in _first_rows(text, candidate)]
        pieces = (mode(widths) if named else widths[0]) if widths else 0
        if pieces < 2:
            continue
        equal = sum(width == pieces for width in widths) / len(widths)
        if (equal, pieces) > most:
            best, most = candidate, (equal, pieces)
    return best


def _first_rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = _reader(io.StringIO(text, newline=""), delimiter)
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not is_rule(row):
                rows.append(row)
            if len(rows) > _SNIFFED_ROWS:
                return rows
    except csv.Error:
        return rows
    # the last row may be cut off
    return rows[:-1] if len(rows) > 2 and len(text) >= _SNIFFED_BYTES // 4 else rows


def _reader(stream: io.TextIOBase | io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    # the limit is the process's; mails with long quotes are larger than its default of 128 KiB
    csv.field_size_limit(MAX_CELL)
    clean = (line.replace("\0", "") for line in stream)
    return csv.reader(clean, delimiter=delimiter, doublequote=True)


def column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Column names; empty and repeated ones get a number."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = cell.strip() or f"c{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return tuple(names)


# -- JSON -----------------------------------------------------------------------------------------


def json_kind(path: Path, start: bytes, encoding: str) -> str:
    """`lines`, `document`, or empty when it is no JSON."""
    if path.suffix.lower() not in JSON_SUFFIXES:
        return ""
    text = start.decode(encoding, errors="replace").lstrip()
    first, _, rest = text.partition("\n")
    if path.suffix.lower() == ".json" and not (rest.strip() and _is_object(first)):
        return "document"
    return "lines"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _open_json(path: Path, kind: str, encoding: str) -> TableFile:
    columns: dict[str, None] = {}
    for found in islice(_json_rows(path, kind, encoding), _SNIFFED_ROWS * 4):
        if not isinstance(found, BadRow):
            columns |= dict.fromkeys(found[1])
    if not columns:
        raise DataError(
            "no JSON objects with texts in it",
            where=path.name,
            fix="one object for each row, with its cells by name",
        )
    form = "JSON lines" if kind == "lines" else "JSON"
    return TableFile(path, tuple(columns)[:MAX_COLUMNS], form, encoding, "", True, kind)


def _json_rows(path: Path, kind: str, encoding: str) -> Iterator[tuple[int, Row] | BadRow]:
    for number, value in _json_values(path, kind, encoding):
        if isinstance(value, dict):
            yield number, {str(name): cell_of(entry) for name, entry in value.items()}
        else:
            yield BadRow(number, "not a JSON object")


def _json_values(path: Path, kind: str, encoding: str) -> Iterator[tuple[int, JsonValue]]:
    if kind == "document":
        yield from enumerate(_document(path, encoding), start=1)
        return
    with path.open(encoding=encoding, errors="replace") as stream:
        number = 0
        for line in stream:
            if not line.strip():
                continue
            number += 1
            try:
                yield number, json.loads(line) if len(line) <= 4 * MAX_CELL else None
            except (ValueError, RecursionError):
                yield number, None


def _document(path: Path, encoding: str) -> list[JsonValue]:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise DataError("one JSON document of this size", where=path.name, fix="write JSON lines")
    try:
        value = json.loads(path.read_text(encoding=encoding, errors="replace"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {error}", where=path.name) from error
    if isinstance(value, dict):
        # an export wraps its rows in one key as often as not
        value = _rows_within(value, _DEEPEST) or [*keyed_rows(value)] or [value]
    return value if isinstance(value, list) else []


def _rows_within(value: dict[str, JsonValue], depth: int) -> list[JsonValue]:
    """The first list of objects under its keys, else the only one that lies deeper; empty where there is none."""
    found = next((one for one in value.values() if _are_objects(one)), None)
    if isinstance(found, list):
        return found
    inner = [one for one in value.values() if isinstance(one, dict)] if depth else []
    lists = [rows for one in inner if (rows := _rows_within(one, depth - 1))]
    return lists[0] if len(lists) == 1 else []


def _are_objects(value: JsonValue) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def cell_of(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return repr(value)  # as JSON writes it, in a fifth of the time
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return "|".join(str(entry) for entry in value)
    return json.dumps(value, ensure_ascii=False)
