"""Files of rows and columns → `Table`: numbers, texts and times, whatever the export looks like.

Knows delimiters, decimal commas, encodings, headers and missing values. What a column is *for* is
decided by the readers; here a cell is only a number, a text or a time.
"""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.parquet import Bounds, read_parquet
from kits.core.spreadsheets import workbook
from kits.core.window import MAX_NAME
from kits.predictive_maintenance._reading.formats.arrays import SUFFIXES as ARRAYS
from kits.predictive_maintenance._reading.formats.arrays import read_arrays
from kits.predictive_maintenance._reading.formats.cut_lines import without_cut_line
from kits.predictive_maintenance._reading.formats.hdf5 import SUFFIXES as HDF5
from kits.predictive_maintenance._reading.formats.hdf5 import is_hdf5, read_hdf5
from kits.predictive_maintenance._reading.formats.one_length import left_out, with_most
from kits.predictive_maintenance._reading.formats.rates import with_single_numbers
from kits.predictive_maintenance._reading.formats.records import SUFFIXES as RECORDS
from kits.predictive_maintenance._reading.formats.records import text_of_records
from kits.predictive_maintenance._reading.formats.sentinels import say_none
from kits.predictive_maintenance._reading.formats.sheets import text_of_sheet
from kits.predictive_maintenance._reading.formats.table import Column, Table, told_apart
from kits.predictive_maintenance._reading.formats.tdms import SUFFIXES as TDMS
from kits.predictive_maintenance._reading.formats.tdms import read_tdms
from kits.predictive_maintenance._reading.formats.text import BAD_WORDS, Layout, decoded, sniff
from kits.predictive_maintenance._reading.formats.typed_columns import typed_column

MAX_FILE_BYTES = 1 << 30
MAX_COLUMNS = 20_000
MAX_CELLS = 400_000_000
MAX_ARRAY_BYTES = 8 * MAX_CELLS
"""Of the arrays of one file, once they are unpacked."""
SUFFIXES = workbook.SUFFIXES | {
    ".csv", ".tsv", ".tab", ".txt", ".dat", ".asc", ".lvm", ".parquet", ".pq", *ARRAYS, *HDF5, *TDMS, *RECORDS,
}  # fmt: skip
_FIX = "cut the file"
_PARQUET = Bounds(cells=MAX_CELLS, columns=MAX_COLUMNS, text_bytes=MAX_FILE_BYTES, fix=_FIX)


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
        fix = "give whoever imports the right to read it"
        raise DataError(f"cannot be read: {error.strerror}", where=str(path), fix=fix) from error
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
        raise DataError(
            "no rows in it",
            where=path.name,
            fix="export it again with its readings: one line of names, then one for each moment",
        )
    long = sum(len(column.name) > MAX_NAME for column in table.columns)
    said = (f"names of more than {MAX_NAME} signs cut to their end",) if long else ()
    return replace(
        table,
        columns=told_apart(tuple(map(_without_sentinels, table.columns))),
        remarks=(*table.remarks, *said),
    )


def _without_sentinels(column: Column) -> Column:
    none = say_none(column.values) if column.kind == "number" else np.zeros(1, bool)
    if not none.any():
        return column
    values = np.where(none, np.nan, column.values)
    return replace(column, values=values, bad=column.bad + int(none.sum()))


def _read_parquet(path: Path, max_rows: int | None) -> Table:
    found = read_parquet(path, _PARQUET, max_rows)
    keep = [
        n for n in found.column_names if not n.startswith("__index_level_") or _is_time(found, n)
    ]
    return Table(tuple(typed_column(name, found[name]) for name in keep))


def _is_time(found: Any, name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(found.schema.field(name).type))


def _read_hdf5(path: Path, max_rows: int | None) -> Table:
    return read_hdf5(path, MAX_ARRAY_BYTES, max_rows)


def _read_tdms(path: Path, max_rows: int | None) -> Table:
    return read_tdms(path, MAX_CELLS, max_rows)


def _read_arrays(path: Path, max_rows: int | None) -> Table:
    if path.suffix.lower() == ".mat" and is_hdf5(path):  # from Matlab 7.3 on
        return _read_hdf5(path, max_rows)
    arrays = read_arrays(path, MAX_ARRAY_BYTES)
    _bounded(sum(array.size for array in arrays.values()), 1, path.name)
    single = {n: float(a.reshape(-1)[0]) for n, a in arrays.items() if a.size == 1 and _counts(a)}
    shaped = {n: _as_columns(a) for n, a in arrays.items() if _counts(a) and n not in single}
    if not shaped:
        raise DataError(
            "no array of numbers with one or two dimensions",
            where=path.name,
            fix="save readings as an array of (moments,) or (moments, channels)",
        )
    length = with_most((matrix.shape[1], len(matrix)) for matrix in shaped.values())
    taken = {name: matrix for name, matrix in shaped.items() if matrix.shape[1] == length}
    _bounded(length, sum(map(len, taken.values())), path.name)
    columns: list[Column] = []
    for name, matrix in taken.items():
        for number, row in enumerate(matrix[:, :max_rows], start=1):
            label = name if name and len(matrix) == 1 else f"{name or 'c'}{number}"
            columns.append(Column(label, "", "number", row.astype(np.float64)))
    made = with_single_numbers(columns, single)
    others = [name for name in arrays if name not in taken and name not in single]
    header = path.suffix.lower() != ".npy"
    return Table(told_apart(made), header=header, findings=left_out(others, length))


def _counts(array: NDArray[Any]) -> bool:
    return array.dtype.kind in "fiub" and array.ndim < 3 and array.size > 0


def _as_columns(array: NDArray[Any]) -> NDArray[Any]:
    """(columns, rows)."""
    lying = array.ndim == 2 and array.shape[0] < array.shape[1]
    return np.atleast_2d(array if lying or array.ndim == 1 else array.T)


_BINARY = {
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    **dict.fromkeys(ARRAYS, _read_arrays),
    **dict.fromkeys(HDF5, _read_hdf5),
    **dict.fromkeys(TDMS, _read_tdms),
}


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
    return replace(table, columns=columns, findings=(*found.findings, *table.findings))


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
        fix = f"export at most {MAX_COLUMNS} columns into a file, a row for each time"
        raise DataError(f"{len(layout.names)} columns are too many", where=where, fix=fix)
    skipped: list[str] = []
    rows, cut = without_cut_line(layout.body(content), layout.delimiter, len(layout.names))

    def skip(row: Any) -> str:
        skipped.append(row.text or "")
        return "skip"

    try:
        found = csv.read_csv(
            io.BytesIO(rows),
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
        fix = "a line for each row, the same columns in each, one separator"
        raise DataError(f"no table: {_first_line(error)}", where=where, fix=fix) from error
    _bounded(found.num_rows, found.num_columns, where)
    columns = tuple(
        typed_column(header, found.column(i), layout)
        for i, header in enumerate(layout.headers)
        if header or found.column(i).null_count < found.num_rows
    )
    found_cut = (cut,) if cut is not None else ()
    return Table(columns, layout.header, _remarks(layout, encoding, skipped), found_cut)


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


def _bounded(rows: int, columns: int, where: str) -> None:
    if columns > MAX_COLUMNS or rows * columns > MAX_CELLS:
        raise DataError(f"{rows} rows of {columns} columns are too many", where=where, fix=_FIX)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
