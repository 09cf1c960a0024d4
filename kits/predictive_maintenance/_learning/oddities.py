"""Normal running that is unlike the rest: what nobody labelled may have been a fault.

A fault in the time that calibrates the levels makes a model blind to it, silently. So the longest stretch that stands
out there is told with its time and its channel, for a person to label; nothing is left out by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.condition import ConditionJudge
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._learning.recordings import Recording

_LEAST_ROWS, _LEAST_STRETCH = 500, 50
_HIGH = 0.99
"""A row is high from half-way between the usual score and this quantile on."""
_SHARE = 0.5
"""One stretch holds more than this share of all high rows: chance spreads them."""
_APART = 1.0
"""… and is so much rarer than the usual row, as a logarithm of the score."""
_GAP = 30
_MOST_TOLD = 5


@dataclass(frozen=True)
class _Stretch:
    recording: Recording
    trace: Trace
    first: int
    last: int
    high: int

    @property
    def scores(self) -> NDArray[np.float64]:
        return self.trace.score[self.first : self.last + 1]

    def words(self) -> str:
        asset = self.recording.asset or self.recording.group
        row = self.first + int(np.nanargmax(self.scores))
        reasons = self.trace.reasons(row)
        why = f" ({reasons[0].text})" if reasons else ""
        return (
            f"{asset} ran unlike its other normal running {self._when()}{why}: if something was wrong, label it and "
            "train again, or nothing like it will raise an alarm"
        )

    def _when(self) -> str:
        started = self.recording.window.started_at
        if started is None:
            ends = self.trace.ends
            return f"in readings {ends[self.first]} to {ends[self.last]} of {self.recording.group}"
        begin, end = (
            started + timedelta(seconds=float(self.trace.at_s[row]))
            for row in (self.first, self.last)
        )
        return f"from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def oddities(judge: ConditionJudge, held: Sequence[Recording]) -> tuple[str, ...]:
    """A sentence for each asset whose calibration has one stretch that stands out.

    Args:
        held: the recordings of normal running that the levels were calibrated on.
    """
    by_asset: dict[str, list[tuple[Recording, Trace]]] = {}
    for recording in held:
        trace = judge.trace(recording.window)
        trace.score[recording.faulty()[np.maximum(trace.ends, 1) - 1]] = np.nan
        by_asset.setdefault(recording.asset, []).append((recording, trace))
    found = [stretch.words() for stretch in _outstanding(by_asset)]
    more = len(found) - _MOST_TOLD
    return (*found[:_MOST_TOLD], *((f"and {more} more machines like that",) if more > 0 else ()))


def _outstanding(
    by_asset: Mapping[str, Sequence[tuple[Recording, Trace]]],
) -> Iterator[_Stretch]:
    for mine in by_asset.values():
        scores = np.concatenate([trace.score for _, trace in mine])
        scores = scores[np.isfinite(scores)]
        if scores.size < _LEAST_ROWS:
            continue
        usual, high = map(float, np.quantile(scores, [0.5, _HIGH]))
        limit = (usual + high) / 2
        stretches = [s for recording, trace in mine for s in _high(recording, trace, limit)]
        largest = max(stretches, key=lambda stretch: stretch.high, default=None)
        if largest is None or largest.high < _LEAST_STRETCH:
            continue
        enough = largest.high > _SHARE * sum(stretch.high for stretch in stretches)
        if enough and float(np.nanmedian(largest.scores)) - usual > _APART:
            yield largest


def _high(recording: Recording, trace: Trace, limit: float) -> Iterator[_Stretch]:
    """Runs of high rows; a short dip does not end one."""
    with np.errstate(invalid="ignore"):
        places = np.flatnonzero(trace.score > limit)
    for run in np.split(places, np.flatnonzero(np.diff(places) > _GAP) + 1):
        if run.size:
            yield _Stretch(recording, trace, int(run[0]), int(run[-1]), run.size)
