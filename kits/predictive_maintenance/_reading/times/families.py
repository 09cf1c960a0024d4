"""Periods in names that hold in one file and not in another that is called alike: `Press 2024` beside `Press 2025`, both of 2024.

Then they are names of machines, as they are where files that would become one record tell of the same time in other words. A file's
own times do not show that (`periods.py`); only the files beside it do.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kits.predictive_maintenance._reading.files import asset_of, stem_of
from kits.predictive_maintenance._reading.recording import Series
from kits.predictive_maintenance._reading.sidecar import Sidecar
from kits.predictive_maintenance._reading.times.periods import possible_rests

_OFTEN = 0.9
"""Share of the files called alike in which the period holds: of thirty loggers' files one may have had no clock."""
_SHARED = 0.05
"""Share of a record's rows in the time of another one; days' files begin with the evening before."""
_BY_FOLDER = ("file", "folder")


@dataclass(frozen=True)
class _File:
    """What a recording's file is called with its period, and without."""

    series: Series
    whole: str
    could: frozenset[str]

    @property
    def is_cut(self) -> bool:
        return self.series.asset != self.whole and self.series.asset in self.could


def with_agreeing_periods(
    found: Sequence[Series], root: Path, sidecar: Sidecar, owned: Container[str] = ()
) -> list[Series]:
    """Recordings, with the whole name of their file where those beside them say that its period is none.

    Args:
        owned: files in which a column names the machine.
    """
    if sidecar.asset in _BY_FOLDER or not root.is_dir():
        return list(found)
    files = [
        _File(one, one.asset, frozenset()) if one.source in owned else _called(one, root, sidecar)
        for one in found
    ]
    by_asset: dict[str, list[_File]] = {}
    for file in files:
        by_asset.setdefault(file.series.asset, []).append(file)
    could: dict[str, list[_File]] = {}
    for file in files:
        for name in file.could:
            could.setdefault(name, []).append(file)
    doubted: set[str] = set()
    for asset, own in by_asset.items():
        cut = [file for file in own if file.is_cut]
        others = [file for file in could.get(asset, ()) if file.series.asset != asset]
        if cut and (len(cut) < _OFTEN * (len(cut) + len(others)) or _tell_two_stories(own)):
            doubted |= {file.series.source for file in (*cut, *others) if file.is_cut}
    return [
        replace(file.series, asset=file.whole) if file.is_cut and file.series.source in doubted else file.series
        for file in files
    ]  # fmt: skip


def _called(series: Series, root: Path, sidecar: Sidecar) -> _File:
    file = root / series.source
    whole = asset_of(file, root, sidecar)
    could = {asset_of(file, root, sidecar, rest=rest) for rest in possible_rests(stem_of(file))}
    return _File(series, whole, frozenset(could - {whole}))


def _tell_two_stories(files: Sequence[_File]) -> bool:
    """Whether two of them that would be one record have other readings in the same time."""
    by_names: dict[object, list[Series]] = {}
    for file in files:
        if file.series.seconds is not None and file.series.rows:
            by_names.setdefault((file.series.names, file.series.split), []).append(file.series)
    for own in by_names.values():
        own.sort(key=lambda one: float(_seconds(one)[0]))
        last = own[0]
        for one in own[1:]:
            if _differ(last, one):
                return True
            last = max(last, one, key=lambda other: float(_seconds(other)[-1]))
    return False


def _differ(one: Series, two: Series) -> bool:
    first, second = _seconds(one), _seconds(two)
    within = int(np.searchsorted(second, first[-1], "right"))
    if within <= _SHARED * min(first.size, second.size):
        return False
    times, at, other = np.intersect1d(first, second[:within], return_indices=True)
    if times.size < within / 2:
        return True
    same = np.isclose(one.values[:, at], two.values[:, other], rtol=1e-6, atol=0, equal_nan=True)
    return bool((~same.all(axis=0)).mean() > _SHARED)


def _seconds(series: Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    assert series.seconds is not None
    return series.seconds
