"""What of a recording is learnt from, calibrated on and judged: cuts in time, never at random.

Rows that were recorded one after the other resemble each other; a random cut would judge a model
on what it has seen. Only positions are decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import Part, Series
from kits.predictive_maintenance._reading.sidecar import Learn

BEFORE_FAULT = 0.7
"""Share of the rows before the first fault that is learnt from: a fault begins before it is noted."""
AT_MOST = 0.6
FEWEST_ROWS = 16
"""A learn part shorter than this teaches nothing."""


def cut_all(series: Sequence[Series], learn: Learn, notes: Notes) -> list[tuple[Series, Part]]:
    """Parts of each series, in order.

    A data set of several conditions, each recording wholly of one, is left whole: its recordings are
    placed by asset. Otherwise each recording is cut in time.
    """
    if _wholly_labelled(series) and learn.rows is None and learn.share is None:
        notes.say(
            "split-in-time", "each recording has one label: none is cut, assets are kept together"
        )
        return [(one, Part(0, one.rows, one.split)) for one in series]
    return [(one, part) for one in series for part in cut(one, learn, notes)]


def _wholly_labelled(series: Sequence[Series]) -> bool:
    labels = {one.whole_label() for one in series}
    return "" not in labels and len(labels) > 1


def cut(series: Series, learn: Learn, notes: Notes) -> list[Part]:
    """Learn, calibrate and judge parts of one series."""
    rows = series.rows
    if series.split is not None:
        return [Part(0, rows, series.split)]
    if series.whole_label() not in ("", "normal"):
        notes.say("split-in-time", "recordings that are faulty from end to end are only judged on",
                  series.source)  # fmt: skip
        return [Part(0, rows, "test")]
    stop = _learnt_rows(series, learn)
    if stop < FEWEST_ROWS:
        notes.warn(
            "split-in-time",
            f"fewer than {FEWEST_ROWS} rows before the first fault: only judged on",
            series.source,
            "record a longer stretch of normal running",
        )
        return [Part(0, rows, "test")]
    middle = max(1, round(stop * (1 - learn.calibrate)))
    if not series.faults and learn.rows is None and learn.share is None:
        middle, stop = round(0.6 * rows), round(0.8 * rows)
    share = "as stated in machines.yaml" if learn.rows or learn.share else _RULE
    notes.say("split-in-time", f"recordings are cut in time: {share}", series.source)
    return [
        Part(0, middle, "train", "learn"),
        Part(middle, stop, "val", "calibrate"),
        Part(stop, rows, "test", "judge"),
    ]


_RULE = (
    "learnt from the first 70 % of what lies before the first fault (at most 60 % of the recording; "
    "without a fault 80 %), thresholds from the end of that, the rest is judged on"
)


def _learnt_rows(series: Series, learn: Learn) -> int:
    rows = series.rows
    if learn.rows is not None:
        return min(learn.rows, rows - 1)
    if learn.share is not None:
        return min(int(learn.share * rows), rows - 1)
    if not series.faults:
        return round(0.8 * rows)
    return int(min(BEFORE_FAULT * series.faults[0][0], AT_MOST * rows))


VAL_SHARE = 0.15
"""Of the units that a data set gives for learning: thresholds are chosen on them."""


def held_out(names: Sequence[str]) -> set[str]:
    """Units of a train part that thresholds are chosen on; none when there are hardly any.

    By hash of the name, so that more units do not move those that were there.
    """
    if len(names) < 4:
        return set()
    order = sorted(names, key=lambda n: hashlib.sha256(n.encode()).digest())
    return set(order[: max(1, round(VAL_SHARE * len(names)))])
