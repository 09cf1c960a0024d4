"""A parquet file → a table of Arrow, within bounds. Needs pyarrow, imported when it is used.

A text that comes again is stored once in such a file, so that a few kilobytes hold gigabytes: texts stay apart from
where they stand until it is known how much they are. What the columns mean is the callers' question.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kits.core.errors import DataError, MachineError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_CELLS_AT_ONCE = 4_000_000
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Bounds:
    """How much is read of one file.

    Attributes:
        cells: entries of lists count each.
        text_bytes: of texts and other bytes, each as often as it stands there.
        fix: what to do with a larger file.
    """

    cells: int
    columns: int
    text_bytes: int
    fix: str


def read_parquet(path: Path, bounds: Bounds, max_rows: int | None = None) -> pa.Table:
    """The file's rows; columns of texts are dictionaries of Arrow.

    Args:
        max_rows: only the first rows.

    Raises:
        DataError: no parquet, damaged, or larger than is read.
        MachineError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MachineError(
            "parquet needs pyarrow", where=path.name, fix="pip install 'kitwright[train]'"
        ) from None
    try:
        metadata = pq.read_metadata(path)
        _check(metadata, bounds, path.name)
        file = pq.ParquetFile(path, read_dictionary=_texts(metadata))
        table = pa.Table.from_batches(
            _batches(file, bounds, path.name, max_rows), file.schema_arrow
        )
        table.validate(full=True)  # texts that are none would end whoever reads them
        str(table.schema)  # and so would names
        return table
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise DataError(
            f"no parquet file: {said[0][:200]}", where=path.name, fix="export it again"
        ) from error


def _batches(
    file: pq.ParquetFile, bounds: Bounds, where: str, max_rows: int | None
) -> list[pa.RecordBatch]:
    rows = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // max(1, file.metadata.num_columns)))
    left = file.metadata.num_rows if max_rows is None else max_rows
    found: list[pa.RecordBatch] = []
    size = 0
    for batch in file.iter_batches(batch_size=min(rows, max(1, left))):
        size += sum(map(_size, batch.columns))
        if size > bounds.text_bytes:
            raise _too_much_text(bounds, where)
        found.append(batch.slice(0, left))
        left -= found[-1].num_rows
        if left <= 0:
            break
    return found


def _check(metadata: pq.FileMetaData, bounds: Bounds, where: str) -> None:
    """Refuses what the file itself says is too large."""
    rows, columns = metadata.num_rows, metadata.num_columns
    if columns > bounds.columns:
        raise DataError(f"{columns:,} columns are too many", where=where, fix=bounds.fix)
    cells = [0] * columns
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in range(columns):
            cells[column] += group.column(column).num_values
    if max(sum(cells), rows * columns) > bounds.cells:
        raise DataError(
            f"more than {bounds.cells:,} cells in one file", where=where, fix=bounds.fix
        )
    # of fixed length, they are no texts that could stay apart
    if sum(n * metadata.schema.column(i).length for i, n in enumerate(cells)) > bounds.text_bytes:
        raise _too_much_text(bounds, where)


def _texts(metadata: pq.FileMetaData) -> list[str]:
    columns = [metadata.schema.column(i) for i in range(metadata.num_columns)]
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _size(array: pa.Array) -> int:
    """Bytes of an array's texts, of a dictionary as often as they stand there; numbers are counted as cells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind) and not pa.types.is_primitive(kind.value_type):
        lengths = pc.binary_length(array.dictionary)
        return int(pc.sum(pc.take(lengths, array.indices)).as_py() or 0)
    if pa.types.is_map(kind):
        return _size(array.keys) + _size(array.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _size(array.flatten())
    if pa.types.is_struct(kind):
        return sum(map(_size, array.flatten()))
    return 0 if pa.types.is_primitive(kind) else int(array.nbytes)


def _too_much_text(bounds: Bounds, where: str) -> DataError:
    return DataError(
        f"its texts are more than {bounds.text_bytes >> 20:,} MiB", where=where, fix=bounds.fix
    )
