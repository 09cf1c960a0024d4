"""Columns that tell how good readings are, as historians write them beside the values; bad readings become missing.

OPC's codes and words, flags of panels and clouds. A column is one by its name and by what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._reading.columns.names import plain, role_of, value_text
from kits.predictive_maintenance._reading.formats.table import Column, Table
from kits.predictive_maintenance._reading.notes import Notes

_WORDS: Final = re.compile(
    r"(?:good|bad|gut|schlecht|unsicher|uncertain|questionable|stale|ok|invalid|spont|not_?connected)(?:[ ,_(/:-].*)?"
)
_GOOD: Final = re.compile(r"(?:good|gut|ok|spont)(?:[ ,_(/:-].*)?|192|true|")
_SURE: Final = ("good", "gut", "bad", "invalid", "spont")
_OPC: Final = frozenset({0, 4, 8, 12, 16, 20, 24, 28, 64, 68, 80, 84, 88, *range(192, 220)})
_OPC_GOOD: Final = 192
_PANEL: Final = frozenset({"U", "E", "D", "S"})
"""Uninitialised, error, disabled, stale; nothing where a reading is good."""
_FLAGS: Final[Mapping[str, Callable[[float], bool]]] = {
    "qc": lambda value: value == 0, "validity": lambda value: value != 0, "good": lambda value: value != 0,
    "valid": lambda value: value != 0, "confidence": lambda value: value > 0, "questionable": lambda value: value == 0,
    "substituted": lambda value: value == 0,
}  # fmt: skip
"""Last word of a name → whether a number means a good reading."""
_FLAG_VALUES: Final[Mapping[str, frozenset[float]]] = {
    "qc": frozenset({0, 1, 2, 3}), "confidence": frozenset(range(101)),
}  # fmt: skip
_BARE: Final = frozenset({"good", "valid", "questionable", "substituted", "confidence"})
_ON_OFF: Final = frozenset({0.0, 1.0, 2.0})
_TAIL: Final = re.compile(r"[ _.:/-]*(?:opc_?)?(?:qualit(?:y|ät|é|a)(?:_?(?:detail|code|flag))?|status(?:_?code)?|qc|validity|good|valid|confidence)$")  # fmt: skip
_MOSTLY = 0.5


def is_quality(column: Column, *, single_readings: bool) -> bool:
    """Whether the values are an historian's words, codes or flags for good and bad readings.

    Args:
        single_readings: a row is of one reading, so that `good` alone may be a flag of it.
    """
    bare = plain(column.name) in _BARE
    if role_of(column.name) != "quality" or (bare and not single_readings):
        return False
    if column.kind == "number":
        return _flag(column) is not None or _is_opc(column)
    words = {value_text(v) for v in column.values.tolist()} - {""}
    if words and words <= _PANEL:
        return bool(np.mean(column.values == "") > _MOSTLY)
    found = {word.lower() for word in words}
    return bool(found) and all(_WORDS.fullmatch(w) or w in ("0", "192") for w in found) and any(
        word.startswith(_SURE) or word == "192" for word in found
    )  # fmt: skip


def _is_opc(column: Column) -> bool:
    finite = column.values[np.isfinite(column.values)]
    return finite.size > 0 and set(finite.tolist()) <= _OPC and float(np.mean(finite >= _OPC_GOOD)) > _MOSTLY  # fmt: skip


def _flag(column: Column) -> Callable[[float], bool] | None:
    word = plain(column.name).rsplit("_", 1)[-1]
    finite = column.values[np.isfinite(column.values)]
    allowed = _FLAG_VALUES.get(word, _ON_OFF)
    return _FLAGS.get(word) if finite.size and set(finite.tolist()) <= allowed else None


def _bad_rows(column: Column) -> NDArray[np.bool_]:
    if column.kind != "number":
        values = column.values.tolist()
        bad = {v: not _GOOD.fullmatch(value_text(v).lower()) for v in set(values)}
        return np.array([bad[v] for v in values])
    good = _flag(column) or (lambda value: value >= _OPC_GOOD)
    levels, places = np.unique(column.values, return_inverse=True)
    return np.array([np.isfinite(v) and not good(v) for v in levels.tolist()])[places]


def without_bad_quality(
    table: Table, qualities: Sequence[str], special: Collection[str], notes: Notes, name: str
) -> Table:
    """Readings beside a quality that is not good become missing.

    Args:
        qualities: names of the columns.
        special: names of those that hold no readings.
        name: of the file.
    """
    beside = {quality: _beside(quality, table) for quality in qualities}
    alone = not any(beside.values())
    for quality in qualities:
        column = table.column(quality)
        bad = _bad_rows(column) if column is not None else np.zeros(table.rows, bool)
        hit = beside[quality] or ({c.name for c in table.columns} - {*special} if alone else set())
        if not bad.any() or not hit:
            continue
        which = f"{name}, {quality}: {int(bad.sum())} rows"
        notes.warn("quality", "readings of bad quality blanked", which)
        columns = tuple(
            replace(c, values=np.where(bad, np.nan, c.values)) if c.name in hit and c.kind == "number" else c
            for c in table.columns
        )  # fmt: skip
        table = replace(table, columns=columns)
    return table


def _beside(quality: str, table: Table) -> set[str]:
    """The channel that a quality is of: `temp` of `temp_qc`, `TI101.Value` of `TI101.Quality`."""
    base = _TAIL.sub("", quality.lower())
    if not base:
        return set()
    found = (c.name for c in table.columns if c.kind == "number" and c.name != quality)
    return {n for n in found if re.sub(r"[ _.:/-]*value$", "", n.lower()) == base}
