"""Which rows of parts with times are learnt from, calibrated on and judged: the earlier ones teach, the latest judge.

Parts that were made one after the other resemble each other (a worn tool, a batch of raw material): drawn at random, a model
would be judged on the neighbours of what it has seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Split
from kits.predictive_maintenance._reading.columns.names import NORMAL
from kits.predictive_maintenance._reading.formats.table import Floats, Texts
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.sidecar import Learn

_LEARNT, _BEFORE_JUDGED = 0.7, 0.85
_NEARLY_ALL = 0.95
_FEWEST = 3
"""Faulty and good rows, without which a split can tell nothing."""
_SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Rows:
    """Of one table.

    Attributes:
        times: (rows,) seconds; NaN where none is told.
        labels: (rows,) `normal`, a fault, or empty.
    """

    times: Floats
    labels: Texts


def splits_in_time(
    tables: Sequence[Rows], learn: Learn, notes: Notes, name: str
) -> list[Sequence[Split | None]]:
    """The split of each row of each table; nothing where time does not part them well.

    Args:
        name: of the table, or how many there are, for what is said.
    """
    if not tables:
        return []
    times = np.concatenate([one.times for one in tables])
    timed = np.isfinite(times)
    left = f"{name}: {int((~timed).sum())} rows"
    if timed.mean() < _NEARLY_ALL:
        text = "many rows have no time: all are split by lot, and figures may flatter"
        notes.warn("split-in-time", text, left, "correct the time column")
        return []
    if not timed.all():
        notes.warn(
            "split-in-time",
            "rows without a time are learnt from, none of them judges",
            left,
            "correct the time column",
        )
    edges = _edges(times[timed], learn)
    stated = learn.rows is not None or learn.share is not None
    parts = [
        np.searchsorted(edges, np.nan_to_num(one.times, nan=-np.inf), side="right")
        for one in tables
    ]
    if not stated and not _told(
        np.concatenate(parts), np.concatenate([one.labels for one in tables])
    ):
        text = "too few faults or good rows early or late to learn and judge in the order of time: split by lot, figures may flatter"
        notes.warn("split-in-time", text, name, "bring rows of a longer time")
        return []
    how = "as stated in machines.yaml" if stated else "70, 15 and 15 %"
    text = f"rows are split in the order of their times, the latest judge: {how}"
    notes.say("split-in-time", text, name)
    return [[_SPLITS[at] for at in part.tolist()] for part in parts]


def _edges(times: Floats, learn: Learn) -> Floats:
    """The times at which calibrating and judging begin: rows of one time stay together."""
    middle, stop = round(_LEARNT * times.size), round(_BEFORE_JUDGED * times.size)
    if learn.rows or learn.share:
        stop = learn.rows or round((learn.share or 0.0) * times.size)
        middle = round(stop * (1 - learn.calibrate))
    last = times.size - 1
    edges: Floats = np.sort(times)[[min(middle, last), min(stop, last)]]
    return edges


def _told(part: NDArray[np.intp], labels: Texts) -> bool:
    """Whether there are faulty and good rows enough in each part; rows without any label need none."""
    faulty = np.asarray((labels != NORMAL) & (labels != ""))
    if not faulty.any():
        return all(bool((part == one).any()) for one in range(3))
    return all(
        min(int((part == one)[faulty].sum()), int((part == one)[~faulty].sum())) >= _FEWEST
        for one in range(3)
    )
