"""A column of Arrow → numbers, texts or times, with its unit; numbers stand among words and with their units, too."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._reading.columns.names import split_unit
from kits.predictive_maintenance._reading.formats.table import Column
from kits.predictive_maintenance._reading.formats.text import (
    BAD_WORDS,
    NO_READING,
    Layout,
    cell_number,
)

_ENOUGH_NUMBERS = 0.8
_MEASURED = re.compile(
    r"([-+]?\d+(?:[.,]\d+){0,9})(?: ([^\W\d_]{1,6}(?:[/·*][^\W_]{1,6})?)| ?([°%‰µΩ][^\W\d_]{0,6}(?:/[^\W_]{1,6})?))"
)
"""A number and its unit: `2.1 mm/s`, `62,7 °C`, `40%`."""
_FEW_LEVELS = 20
"""Of so few a text may be a class or a setting: `1 hp`."""


def typed_column(header: str, found: Any, layout: Layout | None = None) -> Column:
    """A column of Arrow as ours.

    Raises:
        DataError: it holds neither numbers nor texts nor times.
    """
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
            raise DataError(
                f"the column {name!r} holds {kind}, no numbers or texts",
                fix="export it as numbers or text, one value in each cell, or leave the column out",
            ) from error
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
