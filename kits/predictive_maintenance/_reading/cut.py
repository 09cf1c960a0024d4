"""What of a recording is learnt from, calibrated on and judged: cuts in time, never at random.

Rows that were recorded one after the other resemble each other; a random cut would judge a model
on what it has seen. Only positions are decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from kits.core.harmless import readable
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import PASSED_OVER, Part, Series
from kits.predictive_maintenance._reading.sidecar import Learn

BEFORE_FAULT = 0.7
"""Share of the rows before the first fault that is learnt from: a fault begins before it is noted."""
AFTER_FAULT = 0.1
"""Share of the rows between two faults that is passed over after the first: it may end later than is noted."""
AT_MOST = 0.6
AT_LEAST = 0.3
"""Where less of a recording lies before its first fault, normal running between its faults is learnt from, too."""
FEWEST_ROWS = 16
"""A learn part shorter than this teaches nothing."""
_FEW_TRAIN = 4
"""From so many recordings on some of them are held out whole."""
Rows = tuple[int, int]
"""First row, row after the last."""


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
    splits = [one.split for one in series]
    if "train" in splits and "val" not in splits and splits.count("train") < _FEW_TRAIN:
        notes.say("split-in-time", _GIVEN)
        return [(one, p) for one in series for p in (_given(one) if one.split else cut(one, learn, notes))]  # fmt: skip
    return [(one, part) for one in series for part in cut(one, learn, notes)]


def _given(series: Series) -> list[Part]:
    """The parts of a recording whose split is given, with thresholds from the end of what is to be learnt from."""
    rows = series.rows
    if series.split != "train" or rows < FEWEST_ROWS:
        return [Part(0, rows, series.split)]
    middle = round((1 - VAL_SHARE) * rows)
    return [Part(0, middle, "train", "learn"), Part(middle, rows, "val", "calibrate")]


def _wholly_labelled(series: Sequence[Series]) -> bool:
    labels = {one.whole_label() for one in series}
    return "" not in labels and len(labels) > 1


def cut(series: Series, learn: Learn, notes: Notes) -> list[Part]:
    """Learn, calibrate and judge parts of one series; faults in the time that is learnt from are parts of their own."""
    rows = series.rows
    if series.split is not None:
        return [Part(0, rows, series.split)]
    if series.whole_label() not in ("", "normal"):
        notes.say("split-in-time", "recordings that are faulty from end to end are only judged on",
                  series.source)  # fmt: skip
        return [Part(0, rows, "test")]
    stated = learn.rows is not None or learn.share is not None
    stop = _learnt_rows(series, learn)
    usual = _between_faults(series, stop, stated=stated)
    stop = max((end for _, end in usual), default=0) if not stated else stop
    if not usual:
        notes.warn(
            "split-in-time",
            f"fewer than {FEWEST_ROWS} rows before the first fault: only judged on",
            series.source,
            "record a longer stretch of normal running",
        )
        return [Part(0, rows, "test")]
    middle = _at_share(usual, 1 - learn.calibrate)
    if not series.faults and not stated:
        middle, stop = round(0.6 * rows), round(0.8 * rows)
    whole = max(1, round(stop * (1 - learn.calibrate)))
    if stated and not any(start < whole for start, _, _ in series.faults):
        # no fault in what is learnt from: the cut is kept to the letter
        usual, middle = [(0, stop)], whole
    share = "as stated in machines.yaml" if stated else _RULE
    notes.say("split-in-time", f"recordings are cut in time: {share}", series.source)
    passed = sum(start < stop for start, _, _ in series.faults)
    if passed:
        notes.say("split-in-time", _PASSED, f"{series.source}: {passed} of {len(series.faults)}")
    return [*_learnt(usual, middle, stop), Part(stop, rows, "test", "judge")]


_RULE = (
    "learnt from the first 70 % of what lies before the first fault (at most 60 % of the recording; "
    "without a fault 80 %), thresholds from the end of that, the rest is judged on"
)
_GIVEN = "what to learn from and to judge on is given: thresholds from the last 15 % of what is learnt from"
_PASSED = (
    "faults in the time that is learnt from are not judged on; normal running between them is learnt from, without what "
    "lies close to them"
)


def _learnt(usual: Sequence[Rows], middle: int, stop: int) -> Iterator[Part]:
    """Stretches of normal running, to learn from and to calibrate on, and what is passed over between them."""
    free = 0
    for start, end in (*usual, (stop, stop)):
        if free < start:
            yield Part(free, start, "train" if start <= middle else "val", PASSED_OVER)
        if start < min(middle, end):
            yield Part(start, min(middle, end), "train", "learn")
        if max(start, middle) < end:
            yield Part(max(start, middle), end, "val", "calibrate")
        free = end


def _at_share(usual: Sequence[Rows], share: float) -> int:
    """The row before which so much of some stretches lies; at least one row is before it."""
    left = max(1, round(share * sum(end - start for start, end in usual)))
    for start, end in usual:
        if left <= end - start:
            return start + left
        left -= end - start
    return usual[-1][1]


def _between_faults(series: Series, stop: int, *, stated: bool) -> list[Rows]:
    """Stretches of normal running before a row, away from faults; those that are too short for anything left out."""
    found, free = [], 0
    for start, end, _ in (*series.faults, (series.rows, series.rows, "")):
        whole, last = start - free, start == series.rows
        since = free + int(AFTER_FAULT * whole) if free else 0
        until = start if last or (stated and start >= stop) else free + int(BEFORE_FAULT * whole)
        found.append((since, min(until, stop)))
        free = end
        if start >= stop:
            break
    return [(since, until) for since, until in found if until - since >= FEWEST_ROWS]


def _learnt_rows(series: Series, learn: Learn) -> int:
    """How far a recording is learnt from; what lies close to its faults is not taken off yet."""
    rows, faults = series.rows, series.faults
    if learn.rows is not None:
        return min(learn.rows, rows - 1)
    if learn.share is not None:
        return min(int(learn.share * rows), rows - 1)
    if not faults:
        return round(0.8 * rows)
    first = int(min(BEFORE_FAULT * faults[0][0], AT_MOST * rows))
    if first >= AT_LEAST * rows:
        return first
    # at least half of the faults are left to judge on
    later = faults[len(faults) // 2][0]
    return max(first, int(min(later, AT_MOST * rows)))


VAL_SHARE = 0.15
"""Of the units that a data set gives for learning: thresholds are chosen on them."""


def held_out(names: Sequence[str]) -> set[str]:
    """Units of a train part that thresholds are chosen on; none when there are hardly any.

    By hash of the name, so that more units do not move those that were there.
    """
    if len(names) < 4:
        return set()
    order = sorted(names, key=lambda n: hashlib.sha256(readable(n).encode()).digest())
    return set(order[: max(1, round(VAL_SHARE * len(names)))])
