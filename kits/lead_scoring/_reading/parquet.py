"""A parquet file → columns of texts, as a CSV export would write them. Needs pyarrow, imported when it is used."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from kits.core.errors import DataError, MachineError

MAX_CELLS = 100_000_000


def parquet_columns(path: Path) -> dict[str, list[str]]:
    """Column → texts.

    Raises:
        DataError: no parquet, damaged, or too large.
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
        file = pq.ParquetFile(path)
        if file.metadata.num_rows * max(1, file.metadata.num_columns) > MAX_CELLS:
            raise DataError(f"more than {MAX_CELLS:,} cells in one file", where=path.name)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"not parquet: {str(error).splitlines()[0]}", where=path.name) from error
    return {
        str(name): [_text(value) for value in column.to_pylist()]
        for name, column in zip(table.column_names, table.columns)
    }


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, list):
        return ";".join(_text(entry) for entry in value)
    return str(value)
