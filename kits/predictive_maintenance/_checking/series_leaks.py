"""Flags and codes among the channels of labelled recordings that are the label once more.

A column that is set in most of every fault and hardly elsewhere was written by whoever labelled the data, or by a
controller that had noticed. It is kept out of all recordings and named; `kit check` refuses it until a person has looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._checking.leaks import FEWEST, Leak, find_leaks
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._reading.sidecar import Sidecar

_COVERS = 0.5
"""Rows of a fault are alike, so a few hits prove nothing: it has to cover this share of them."""
_MOST_CODES = 32
_USUAL = 0.9
"""A code has one value in this share of the rows without a fault."""
_CODE_PRECISE = 0.9
"""Of the other values' rows in faults: a status stands until somebody acknowledges it, so for a while after."""


def without_leaks(found: Sequence[Series], sidecar: Sidecar, notes: Notes) -> list[Series]:
    """The series without channels that repeat their label."""
    labelled = [one for one in found if one.faults]
    kept = {name.lower() for name in sidecar.keep}
    names = {name for one in labelled for name in one.names if name.lower() not in kept}
    leaks = [leak for name in sorted(names) if (leak := _leak(name, labelled)) is not None]
    if not leaks:
        return list(found)
    listed = ", ".join(leak.column for leak in leaks)
    for leak in leaks:
        notes.warn(
            "leakage-columns",
            "columns that give the answer away were kept out",
            leak.text(),
            f"state `ignore: [{listed}]` in machines.yaml and import again; if it is measured "
            "before the fault, state it under `keep`",
        )
    told = {leak.column for leak in leaks}
    return [_without(one, told, tuple(leak.text() for leak in leaks)) for one in found]


def _leak(name: str, labelled: Sequence[Series]) -> Leak | None:
    values, failed = [], []
    for one in labelled:
        if name not in one.names:
            continue
        row = one.values[one.names.index(name)]
        if np.unique(row[np.isfinite(row)][:4096]).size > _MOST_CODES:
            return None
        inside = np.zeros(one.rows, bool)
        for start, end, _ in one.faults:
            inside[start:end] = True
        values.append(row)
        failed.append(inside)
    column, faulty = np.concatenate(values), np.concatenate(failed)
    found = find_leaks({name: column}, faulty)
    flag = next((leak for leak in found if leak.flag and leak.recall >= _COVERS), None)
    return flag or _code(name, column, faulty)


def _code(name: str, column: NDArray[np.float64], faulty: NDArray[np.bool_]) -> Leak | None:
    """A status whose values but the usual one stand in faults nearly alone."""
    known = np.isfinite(column)
    levels, counts = np.unique(column[known & ~faulty], return_counts=True)
    if not levels.size or np.unique(column[known]).size > _MOST_CODES:
        return None
    usual, often = float(levels[counts.argmax()]), int(counts.max())
    unusual = known & (column != usual)
    rows, hits = int(unusual.sum()), int((unusual & faulty).sum())
    if often < _USUAL * counts.sum() or rows < FEWEST or hits < _CODE_PRECISE * rows:
        return None
    leak = Leak(name, rows, hits / rows, hits / int(faulty.sum()),
                f"other than its usual {usual:g} hardly but in faults")  # fmt: skip
    return leak if leak.recall >= _COVERS else None


def _without(series: Series, told: set[str], texts: tuple[str, ...]) -> Series:
    rows = [i for i, name in enumerate(series.names) if name not in told]
    if not rows or len(rows) == len(series.names):
        return series
    return replace(
        series,
        names=tuple(series.names[i] for i in rows),
        units=tuple(series.units[i] for i in rows),
        values=series.values[rows],
        leaks=texts,
    )
