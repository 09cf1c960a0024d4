"""A parquet file → columns of texts, as a CSV export would write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kits.core.parquet import Bounds, read_parquet
from kits.lead_scoring._reading.files import bounds

if TYPE_CHECKING:
    import pyarrow as pa

BOUNDS = Bounds(cells=bounds.MAX_CELLS, columns=20_000, text_bytes=1 << 30, fix=bounds.FIX)


def parquet_columns(path: Path) -> dict[str, list[str]]:
    """Column → texts.

    Raises:
        DataError: no parquet, damaged, or too large.
        MachineError: pyarrow is not installed.
    """
    table = read_parquet(path, BOUNDS)
    return {
        str(name): [text for chunk in column.chunks for text in _texts(chunk)]
        for name, column in zip(table.column_names, table.columns)
    }


def _texts(chunk: pa.Array) -> Iterator[str]:
    """A text of each cell; equal ones are the same in memory."""
    import pyarrow as pa

    if pa.types.is_dictionary(chunk.type):
        words = [_text(value) for value in chunk.dictionary.to_pylist()]
        yield from ("" if at is None else words[at] for at in chunk.indices.to_pylist())
        return
    known: dict[str, str] = {}
    for value in chunk.to_pylist():
        text = _text(value)
        yield known.setdefault(text, text)


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, list):
        return ";".join(_text(entry) for entry in value)
    if isinstance(value, dict):
        # as CSV exports write objects: its entries become columns
        return json.dumps(value, ensure_ascii=False, default=_text)
    return str(value)
