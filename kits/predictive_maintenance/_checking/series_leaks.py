"""Flags among the channels of labelled recordings that are the label once more.

A column that is set in most of every fault and nowhere else was written by whoever labelled the
data. It is kept out of all recordings and named; `kit check` refuses it until a person has looked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._checking.leaks import Leak, find_leaks
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._reading.sidecar import Sidecar

_COVERS = 0.5
"""Rows of a fault are alike, so a few hits prove nothing: it has to cover this share of them."""


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
        if np.unique(row[np.isfinite(row)][:4096]).size > 2:
            return None
        inside = np.zeros(one.rows, bool)
        for start, end, _ in one.faults:
            inside[start:end] = True
        values.append(row)
        failed.append(inside)
    found = find_leaks({name: np.concatenate(values)}, np.concatenate(failed))
    return next((leak for leak in found if leak.flag and leak.recall >= _COVERS), None)


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
