"""Files of rows and columns → `Table`: numbers, texts and times, whatever the export looks like.

Knows delimiters, decimal commas, encodings, headers and missing values. What a column is *for* is
decided by the readers; here a cell is only a number, a text or a time.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.parquet import Bounds, read_parquet
from kits.core.spreadsheets import workbook
from kits.predictive_maintenance._reading.arrays import SUFFIXES as ARRAYS
from kits.predictive_maintenance._reading.arrays import read_arrays
from kits.predictive_maintenance._reading.columns import split_unit
from kits.predictive_maintenance._reading.records import SUFFIXES as RECORDS
from kits.predictive_maintenance._reading.records import text_of_records
from kits.predictive_maintenance._reading.sentinels import say_none
from kits.predictive_maintenance._reading.sheets import text_of_sheet
from kits.predictive_maintenance._reading.text import (
    BAD_WORDS,
    NO_READING,
    Layout,
    cell_number,
    decoded,
    sniff,
)

MAX_FILE_BYTES = 1 << 30
MAX_COLUMNS = 20_000
MAX_CELLS = 400_000_000
MAX_ARRAY_BYTES = 8 * MAX_CELLS
"""Of the arrays of one file, once they are unpacked."""
SUFFIXES = workbook.SUFFIXES | {
    ".csv", ".tsv", ".tab", ".txt", ".dat", ".asc", ".lvm", ".parquet", ".pq", *ARRAYS, *RECORDS,
}  # fmt: skip
_FIX = "cut the file"
_PARQUET = Bounds(cells=MAX_CELLS, columns=MAX_COLUMNS, text_bytes=MAX_FILE_BYTES, fix=_FIX)
_ENOUGH_NUMBERS = 0.8
_MEASURED = re.compile(
    r"([-+]?\d+(?:[.,]\d+){0,9})(?: ([^\W\d_]{1,6}(?:[/·*][^\W_]{1,6})?)| ?([°%‰µΩ][^\W\d_]{0,6}(?:/[^\W_]{1,6})?))"
)
"""A number and its unit: `2.1 mm/s`, `62,7 °C`, `40%`."""
_FEW_LEVELS = 20
"""Of so few a text may be a class or a setting: `1 hp`."""

Kind = Literal["number", "text", "time"]
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        values: float64 for numbers (NaN: missing) and times (seconds since 1970), else text.
        naive: a time that names no zone.
        bad: cells that held something else than a number.
    """

    name: str
    unit: str
    kind: Kind
    values: NDArray[Any]
    naive: bool = False
    bad: int = 0


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        header: whether the file named its columns; else they are called `c1`, `c2`, ….
        remarks: what was odd about the file, for people.
        findings: what a spreadsheet has to say of itself.
    """

    columns: tuple[Column, ...]
    header: bool = True
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        return int(self.columns[0].values.shape[0]) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """By its name, with or without the unit; upper and lower case are the same."""
        wanted = name.strip().lower()
        bare = split_unit(name)[0].lower()
        return next((c for c in self.columns if c.name.lower() in (wanted, bare)), None)

    def without(self, names: set[str]) -> Table:
        """The table without some columns."""
        return replace(self, columns=tuple(c for c in self.columns if c.name not in names))

    def take(self, rows: NDArray[Any] | slice) -> Table:
        """Some rows, by index, mask or slice."""
        kept = tuple(replace(c, values=c.values[rows]) for c in self.columns)
        return replace(self, columns=kept)


def read_table(path: Path, max_rows: int | None = None, *, sheet: str = "") -> Table:
    """Reads one file.

    Args:
        max_rows: only the first rows, to find out what the file is.
        sheet: of a spreadsheet, as it is stated; empty: found out.

    Raises:
        DataError: too large, empty, or no rows and columns in it.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if size > MAX_FILE_BYTES:
        raise DataError(
            f"{size >> 20} MiB are more than {MAX_FILE_BYTES >> 20}",
            where=path.name,
            fix="export it in several files, for example one per month",
        )
    reader = _BINARY.get(path.suffix.lower())
    if reader:
        table = reader(path, max_rows)
    else:
        table = _read_sheet(path, max_rows, sheet) or _read_text(path, max_rows)
    if not table.columns or not table.rows:
        raise DataError("no rows in it", where=path.name)
    return replace(table, columns=told_apart(tuple(map(_without_sentinels, table.columns))))


def _without_sentinels(column: Column) -> Column:
    none = say_none(column.values) if column.kind == "number" else np.zeros(1, bool)
    if not none.any():
        return column
    values = np.where(none, np.nan, column.values)
    return replace(column, values=values, bad=column.bad + int(none.sum()))


def told_apart(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns of which no two have one name: `Pressure (in)` and `Pressure (out)` differ by what was taken for their units."""
    counts = Counter(column.name for column in columns)
    taken = {name for name, times in counts.items() if times == 1}
    again: Counter[str] = Counter()
    found: list[Column] = []
    for column in columns:
        name = column.name
        if name and counts[name] > 1:
            name = own = f"{name} [{column.unit}]" if column.unit else name
            while name in taken:
                again[own] += 1
                name = f"{own} {again[own] + 1}"
            taken.add(name)
        found.append(replace(column, name=name))
    return tuple(found)


def _read_parquet(path: Path, max_rows: int | None) -> Table:
    found = read_parquet(path, _PARQUET, max_rows)
    keep = [
        n for n in found.column_names if not n.startswith("__index_level_") or _is_time(found, n)
    ]
    return Table(tuple(_column(name, found[name]) for name in keep))


def _is_time(found: Any, name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(found.schema.field(name).type))


def _read_arrays(path: Path, max_rows: int | None) -> Table:
    arrays = read_arrays(path, MAX_ARRAY_BYTES)
    _bounded(sum(array.size for array in arrays.values()), 1, path.name)
    columns: list[Column] = []
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or not array.size:
            raise DataError("not an array of numbers with one or two dimensions", where=path.name)
        lying = array.ndim == 2 and array.shape[0] < array.shape[1]
        matrix = np.atleast_2d(array if lying or array.ndim == 1 else array.T)
        _bounded(matrix.shape[1], matrix.shape[0], path.name)
        for number, row in enumerate(matrix[:, :max_rows], start=1):
            label = name if name and len(matrix) == 1 else f"{name or 'c'}{number}"
            columns.append(Column(label, "", "number", row.astype(np.float64)))
    if len({c.values.size for c in columns}) > 1:
        raise DataError("arrays of different lengths", where=path.name)
    return Table(tuple(columns), header=path.suffix.lower() != ".npy")


_BINARY = {".parquet": _read_parquet, ".pq": _read_parquet, **dict.fromkeys(ARRAYS, _read_arrays)}


def _read_sheet(path: Path, max_rows: int | None, sheet: str) -> Table | None:
    """The table of a spreadsheet; None where the file is none."""
    found = text_of_sheet(path, sheet)
    if found is None:
        return None
    content = found.content
    if max_rows is not None:
        content = b"".join(islice(io.BytesIO(content), max_rows + 2))
    table = _parsed(content, "utf-8", found.where)
    columns = tuple(
        replace(c, unit=c.unit or "%") if c.name in found.percents else c for c in table.columns
    )
    return replace(table, columns=columns, findings=found.findings)


def _read_text(path: Path, max_rows: int | None) -> Table:
    records = text_of_records(path, max_rows)
    if records is not None:
        return _parsed(records, "utf-8", path.name, "\t")
    raw = path.read_bytes() if max_rows is None else _head(path, max_rows)
    content, encoding = decoded(raw, path.name)
    return _parsed(content, encoding, path.name)


def _parsed(content: bytes, encoding: str, where: str, delimiter: str = "") -> Table:
    """A text as a table.

    Args:
        content: in UTF-8.
        encoding: what it was in.
        delimiter: between cells; empty: found out.
    """
    import pyarrow as pa
    from pyarrow import csv

    layout = sniff(content, where, delimiter)
    if len(layout.names) > MAX_COLUMNS:
        raise DataError(f"{len(layout.names)} columns are too many", where=where)
    skipped: list[str] = []

    def skip(row: Any) -> str:
        skipped.append(row.text or "")
        return "skip"

    try:
        found = csv.read_csv(
            io.BytesIO(layout.body(content)),
            read_options=csv.ReadOptions(
                column_names=list(layout.names), block_size=_block(layout, content)
            ),
            parse_options=csv.ParseOptions(
                delimiter=layout.delimiter, invalid_row_handler=skip, ignore_empty_lines=True
            ),
            convert_options=csv.ConvertOptions(
                null_values=list(BAD_WORDS), decimal_point=layout.decimal, strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise DataError(f"no table: {_first_line(error)}", where=where) from error
    _bounded(found.num_rows, found.num_columns, where)
    columns = tuple(
        _column(header, found.column(i), layout)
        for i, header in enumerate(layout.headers)
        if header or found.column(i).null_count < found.num_rows
    )
    return Table(columns, layout.header, _remarks(layout, encoding, skipped))


def _head(path: Path, max_rows: int) -> bytes:
    """About `max_rows` lines; the last, which may be cut, is left away."""
    with path.open("rb") as file:
        raw = file.read(1 << 20)
        if len(raw) < 1 << 20:
            return raw
        if b"\n" not in raw:  # very wide rows
            raw += file.read(16 << 20)
    lines = raw.splitlines(keepends=True)
    return b"".join(lines[: min(max_rows + 20, max(1, len(lines) - 1))])


def _block(layout: Layout, content: bytes) -> int:
    # a row must fit into a block; wide rows (6,000 readings) do not fit into the usual one
    return max(1 << 20, min(len(content), 64 * len(layout.names) * 64))


def _remarks(layout: Layout, encoding: str, skipped: list[str]) -> tuple[str, ...]:
    remarks = []
    if skipped:
        remarks.append(f"{len(skipped)} rows with another number of cells left out")
    if layout.decimal == ",":
        remarks.append("decimal commas")
    if encoding not in ("utf-8", "ascii"):
        remarks.append(f"text in {encoding}")
    if layout.skipped:
        remarks.append(f"{layout.skipped} lines before the table left out")
    return tuple(remarks)


def _column(header: str, found: Any, layout: Layout | None = None) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    name, unit = split_unit(header)
    if layout is not None and layout.units.get(header):
        unit = layout.units[header]
    kind = found.type
    if pa.types.is_dictionary(kind):
        found = found.cast(kind.value_type)
        kind = found.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        micros = found.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        whole = micros.cast(pa.int64())
        seconds = whole.to_numpy(zero_copy_only=False).astype(np.float64) / 1e6
        return Column(name, unit, "time", seconds, naive=getattr(kind, "tz", None) is None)
    if pa.types.is_boolean(kind):
        found, kind = found.cast(pa.int8()), pa.int8()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = found.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return Column(name, unit, "number", np.asarray(values, np.float64))
    if pa.types.is_null(kind):
        return Column(name, unit, "number", np.full(len(found), np.nan))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        try:
            found = found.cast(pa.string())
        except pa.ArrowException as error:
            raise DataError(f"the column {name!r} holds {kind}, no numbers or texts") from error
    return _text_column(name, unit, pc.fill_null(found, ""), layout)


def _text_column(name: str, unit: str, found: Any, layout: Layout | None) -> Column:
    """Text; numbers when most cells are numbers beside words such as `ERR 5`."""
    coded = found.combine_chunks().dictionary_encode()
    if hasattr(coded, "combine_chunks"):
        coded = coded.combine_chunks()
    levels = [str(v).strip() for v in coded.dictionary.to_pylist()]
    indices = coded.indices.to_numpy(zero_copy_only=False)
    decimal = layout.decimal if layout is not None else "."
    parsed = np.array([cell_number(level, decimal) for level in levels], np.float64)
    counts = np.bincount(indices, minlength=len(levels))
    empty = np.array([level in NO_READING for level in levels], bool)
    silent = np.array([level in BAD_WORDS for level in levels], bool)
    numbers = int(counts[~np.isnan(parsed)].sum())
    if numbers and numbers >= _ENOUGH_NUMBERS * max(1, int(counts[~empty].sum())):
        bad = int(counts[np.isnan(parsed) & ~silent].sum())
        return Column(name, unit, "number", parsed[indices], bad=bad)
    return _with_units(name, unit, levels, indices, decimal) or Column(
        name, unit, "text", np.array(levels, dtype=object)[indices]
    )


def _with_units(
    name: str, unit: str, levels: list[str], indices: NDArray[Any], decimal: str
) -> Column | None:
    """Numbers with the same unit behind each of them (`62.7 °C`); None where they are something else."""
    parts = [_MEASURED.fullmatch(level) for level in levels]
    if len(levels) <= _FEW_LEVELS:
        return None
    units = {match[2] or match[3] for match in parts if match}
    told = [m is not None or level in NO_READING for m, level in zip(parts, levels)]
    if len(units) != 1 or not all(told):
        return None
    said = units.pop()
    signs = ("," if any(m and "," in m[1] for m in parts) else ".") if decimal == "." else decimal
    numbers = [cell_number(m[1], signs) if m else np.nan for m in parts]
    return Column(name, unit or said, "number", np.array(numbers, np.float64)[indices])


def _bounded(rows: int, columns: int, where: str) -> None:
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise DataError(f"{rows} rows of {columns} columns are too many", where=where, fix=_FIX)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
