"""From scores over time to levels, alarms and cases, by the device's own state machine.

A case opens with an alarm and closes when its asset has been normal for a while; one per asset at a time, and nothing
is shelved. Whether an alarm was right is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import LEVELS, AlarmRule, AlarmState
from kits.core.operating_point import Band
from kits.core.replay import Track

Floats = NDArray[np.float64]
CLOSE_AFTER_S = 24 * 3600.0
"""As `alarms.close_after_h` of the agent has it by default."""
_ALARM = LEVELS.index("alarm")
_MARGIN = 1e-6
_LONGEST_STEP = 10
"""A gap in the data counts as so many usual steps at most."""


@dataclass(frozen=True, slots=True)
class Rise:
    """An alarm or a warning: the asset was normal, and is not any more."""

    row: int
    at_s: float
    since_s: float


@dataclass(frozen=True)
class Case:
    """What a person would have had on the table.

    Attributes:
        closed_s: None: it was open at the end of the data.
        alarms: the first one opened it.
    """

    asset: str
    alarms: tuple[Rise, ...]
    closed_s: float | None

    @property
    def opened_s(self) -> float:
        return self.alarms[0].at_s


@dataclass(frozen=True)
class Course:
    """One asset under one band.

    Attributes:
        scores: (rows,) as the levels were made of; not a number where a row changed nothing.
        levels: (rows,) number of the level in `LEVELS`.
        warnings: those that did not become an alarm before the asset was normal again.
    """

    track: Track
    band: Band
    scores: Floats
    levels: NDArray[np.int8]
    alarms: tuple[Rise, ...]
    warnings: tuple[Rise, ...]
    cases: tuple[Case, ...]

    @property
    def in_alarm(self) -> NDArray[np.bool_]:
        """(rows,)"""
        inside: NDArray[np.bool_] = self.levels == _ALARM
        return inside


def course_of(
    track: Track, band: Band, rule: AlarmRule, close_after_s: float = CLOSE_AFTER_S
) -> Course:
    """Runs the alarm state over a track."""
    state = AlarmState(band, rule)
    scores = track.score.copy()
    scores[track.doubtful] = doubtful_score(band)
    levels = np.zeros(len(scores), np.int8)
    alarms: list[Rise] = []
    warnings: list[Rise] = []
    desk = _Desk(track.asset, close_after_s)
    standing, warned, alarmed = 0, False, False
    for row, (at_s, score) in enumerate(zip(track.at_s.tolist(), scores.tolist())):
        changed = state.step(at_s, score)
        if changed is not None:
            standing = LEVELS.index(changed.new)
            rise = Rise(row, at_s, changed.since_s)
            if standing == _ALARM:
                if warned and not alarmed:
                    warnings.pop()  # the alarm speaks for it
                if not alarmed:
                    alarms.append(rise)
                    desk.alarm(rise)
                alarmed = True
            elif standing and not (warned or alarmed):
                warnings.append(rise)
                warned = True
            if not standing:
                warned = alarmed = False
        desk.pass_time(at_s, normal=not standing)
        levels[row] = standing
    return Course(track, band, scores, levels, tuple(alarms), tuple(warnings), desk.end())


def doubtful_score(band: Band) -> float:
    """What a runtime says of what nobody can judge: a score in the review band, below the alarm."""
    below = band.act_at - _MARGIN * max(1.0, abs(band.act_at))
    return float(np.clip((band.review_from + below) / 2, -1e6, 1e6))


class _Desk:
    """The cases of one asset as its rows go by."""

    def __init__(self, asset: str, close_after_s: float) -> None:
        self._asset = asset
        self._close_after_s = close_after_s
        self._open: list[Rise] = []
        self._normal_since: float | None = None
        self._cases: list[Case] = []

    def alarm(self, rise: Rise) -> None:
        self._open.append(rise)

    def pass_time(self, at_s: float, *, normal: bool) -> None:
        if not normal or not self._open:
            self._normal_since = None
            return
        self._normal_since = at_s if self._normal_since is None else self._normal_since
        if at_s - self._normal_since >= self._close_after_s:
            self._close(at_s)

    def _close(self, at_s: float | None) -> None:
        self._cases.append(Case(self._asset, tuple(self._open), at_s))
        self._open, self._normal_since = [], None

    def end(self) -> tuple[Case, ...]:
        if self._open:
            self._close(None)
        return tuple(self._cases)


def durations(at_s: Floats) -> Floats:
    """(rows,) time that each row stands for; a gap counts as ten usual steps at most."""
    if len(at_s) < 2:
        return np.ones(len(at_s))
    steps = np.diff(at_s)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    joined: Floats = np.minimum(np.concatenate([[usual], steps]), _LONGEST_STEP * usual)
    return joined


def within(track: Track, from_s: float, to_s: float) -> Track | None:
    """The track between two moments, the end exclusive; None when nothing of it is there."""
    first, last = (int(v) for v in np.searchsorted(track.at_s, [from_s, to_s]))
    if first == last:
        return None
    rows = slice(first, last)
    whole = track.predict
    return Track(
        asset=track.asset,
        at_s=track.at_s[rows],
        score=track.score[rows],
        doubtful=track.doubtful[rows],
        sensor_fault=track.sensor_fault[rows],
        predict=lambda row: whole(row + first),
        failures=tuple(
            replace(f, beyond=f.beyond or f.at_s >= to_s)
            for f in track.failures
            if from_s <= f.at_s
        ),
    )


def courses_of(tracks: Sequence[Track], band: Band, rule: AlarmRule) -> list[Course]:
    """One course per track."""
    return [course_of(track, band, rule) for track in tracks]
