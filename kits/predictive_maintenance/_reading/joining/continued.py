"""Files that continue one machine's record → one series, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kits.predictive_maintenance._reading.columns.one_unit import in_one_unit
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Series, runs

_FEWEST = 3
_PAUSE = 5.0
"""Periods: of two loggers neither ends where the other one begins."""


def continued(found: Sequence[Series], notes: Notes) -> list[Series]:
    """Series of one asset and the same channels become one; those without absolute times stay apart."""
    by_asset: dict[tuple[str, tuple[str, ...], object], list[Series]] = {}
    for one in found:
        by_asset.setdefault((one.asset, one.names, one.split), []).append(one)
    joined: list[Series] = []
    for parts in by_asset.values():
        timed = [p for p in parts if p.seconds is not None and p.absolute and p.seconds.size]
        if len(timed) < 2 or len(timed) < len(parts):
            joined += parts
            continue
        timed.sort(key=_start)
        for whole in in_one_unit(timed, notes):
            joined.append(_concatenated(whole, notes))
            notes.say("asset", f"{len(whole)} files continue the record of {whole[0].asset}")
    return joined


def say_machines(found: Sequence[Series], notes: Notes) -> None:
    """Which machines there are, and whether files look as parts of one record that nothing says belong together."""
    assets = list(dict.fromkeys(one.asset for one in found))
    if len(assets) < _FEWEST:
        return
    for asset in assets:
        notes.say("machines", "machines with recordings", asset)
    timed = sorted((one for one in found if one.absolute and one.rows), key=_start)
    if len(timed) == len(assets) and all(map(_follows, timed, timed[1:])):
        notes.warn(
            "asset",
            "files that follow each other without a break are taken for a machine each",
            f"{timed[0].source} … {timed[-1].source}",
            "are they one machine's record? state asset: folder in machines.yaml",
        )


def _follows(one: Series, two: Series) -> bool:
    """Whether a record goes on where another one with the same channels ends."""
    assert one.seconds is not None
    pause = _start(two) - float(one.seconds[-1])
    return one.names == two.names and 0 < pause <= _PAUSE * one.period_s


def _start(series: Series) -> float:
    assert series.seconds is not None
    return float(series.seconds[0])


def _concatenated(parts: Sequence[Series], notes: Notes) -> Series:
    seconds = np.concatenate([p.seconds for p in parts if p.seconds is not None])
    offsets = np.cumsum([0, *[p.rows for p in parts]])
    labels = np.full(int(offsets[-1]), "", dtype=object)
    for part, offset in zip(parts, offsets):
        for start, end, label in part.faults:
            labels[offset + start : offset + end] = label
    values = np.concatenate([p.values for p in parts], axis=1)
    order = np.argsort(seconds, kind="stable")
    fresh = np.concatenate([[True], np.diff(seconds[order]) > 0])
    _say_again(values[:, order], fresh, parts[0].asset, notes)
    order = order[fresh]
    return replace(
        parts[0],
        source=parts[0].asset,
        values=values[:, order],
        seconds=seconds[order],
        faults=runs(labels[order]),
        stated=any(p.stated for p in parts),
    )


def _say_again(values: np.ndarray, fresh: np.ndarray, asset: str, notes: Notes) -> None:
    """Rows of a time that an earlier file has: the same once more, or others."""
    again = int((~fresh).sum())
    if not again:
        return
    first = np.maximum.accumulate(np.where(fresh, np.arange(fresh.size), 0))
    differ = ~np.all(
        np.isclose(values, values[:, first], rtol=1e-6, atol=0, equal_nan=True), axis=0
    )
    if not differ.any():
        text = "files of one record repeat rows of each other: each is kept once"
        notes.say("double-times", text, f"{asset}: {again} rows")
        return
    notes.warn(
        "double-times",
        "files of one record have other readings at the same times: those of the file that begins first are kept",
        f"{asset}: {int(differ.sum())} rows",
        "put the files of each machine into a folder of its own; state asset: file where each file is a machine",
    )
