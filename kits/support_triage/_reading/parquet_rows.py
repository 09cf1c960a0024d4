"""A parquet file → its rows. What numbers of a label mean is told in the file, where a hub of data sets wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from kits.core.parquet import Bounds, read_parquet
from kits.support_triage._reading.listed_rows import ListedRows

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIX = ".parquet"
FORM = "parquet"
BOUNDS = Bounds(cells=20_000_000, columns=2_000, text_bytes=1 << 30, fix="split it by year")
_FEATURES = b"huggingface"
"""The key of a file's own remarks under which the classes of its columns are named."""


def open_parquet(path: Path) -> ListedRows:
    """The file's rows.

    Raises:
        DataError: no parquet, damaged, or larger than is read.
        MachineError: pyarrow is not installed.
    """
    table = read_parquet(path, BOUNDS)
    names = _class_names(table)
    rows: list[JsonValue] = [
        {str(name): _value(cell, names.get(str(name), ())) for name, cell in row.items()}
        for batch in table.to_batches()
        for row in batch.to_pylist()
    ]
    return ListedRows.of(rows, FORM)


def _value(cell: object, names: Sequence[str]) -> JsonValue:
    if isinstance(cell, int) and not isinstance(cell, bool) and 0 <= cell < len(names):
        return names[cell]
    if isinstance(cell, list):
        return [_value(one, names) for one in cell]
    if isinstance(cell, dict):
        return {str(key): _value(one, ()) for key, one in cell.items()}
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace")
    return cell if cell is None or isinstance(cell, str | bool | int | float) else str(cell)


def _class_names(table: pa.Table) -> Mapping[str, Sequence[str]]:
    """Column → what its numbers mean, from 0."""
    try:
        told = json.loads((table.schema.metadata or {}).get(_FEATURES, b"{}"))
        features = told["info"]["features"]
        return {name: [str(one) for one in _names(feature)] for name, feature in features.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _names(feature: Mapping[str, object]) -> Sequence[object]:
    """Of a class, or of a list of classes."""
    inner = feature.get("feature")
    named = inner if isinstance(inner, dict) else feature
    names = named.get("names", ())
    return names if isinstance(names, list) else ()
