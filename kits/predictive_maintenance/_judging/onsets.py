"""Strict scoring of alarms over time: an event counts as found only by an alarm that begins in it.

Recall, false onsets per day, delay and the share of normal time in alarm belong together; the same figures for as many
alarms at random moments stand beside them. Never point-adjusted: that makes noise look like the state of the art.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import AlarmRule, AlarmState, Level
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate, rare_rate
from kits.predictive_maintenance._device.trace import Trace

Floats = NDArray[np.float64]
DAY_S = 86_400.0
_TOLERANCE_ROWS = 5
"""An alarm so many rows before the marked start still counts: starts are marked by hand."""
_RANDOM_ROUNDS = 200


@dataclass(frozen=True)
class Course:
    """The levels of one recording over time, and what was true.

    Attributes:
        at_s: (rows,) seconds.
        faulty: (rows,) whether the machine was in a marked fault.
        alarm: (rows,) whether the level was alarm.
        onsets: rows at which a case was opened: the alarm began and none stood open.
    """

    group: str
    at_s: Floats
    faulty: NDArray[np.bool_]
    alarm: NDArray[np.bool_]
    onsets: tuple[int, ...]

    @property
    def events(self) -> list[tuple[int, int]]:
        """Rows of the marked faults, end exclusive."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self.faulty.astype(np.int8), [0]])))
        return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]

    @property
    def durations_s(self) -> Floats:
        """(rows,) seconds that each row stands for."""
        if len(self.at_s) < 2:
            # one row stands for the whole recording
            return np.maximum(self.at_s, 1e-9)
        steps = np.diff(self.at_s)
        usual = float(np.median(steps))
        joined: Floats = np.minimum(np.concatenate([[usual], steps]), 10 * max(usual, 1e-9))
        return joined


def course_of(
    trace: Trace, faulty_readings: NDArray[np.bool_], point: OperatingPoint, group: str
) -> Course:
    """Runs the alarm state over a trace; a case stays open until the level is normal again.

    Args:
        faulty_readings: (readings,) truth, by reading of the recording.
    """
    state = AlarmState(point.default, point.alarm or AlarmRule())
    levels: list[Level] = []
    onsets: list[int] = []
    is_open = False
    for row, (at_s, score) in enumerate(zip(trace.at_s.tolist(), trace.score.tolist())):
        changed = state.step(at_s, score)
        if state.level == "normal":
            is_open = False
        if changed is not None and changed.new == "alarm" and not is_open:
            onsets.append(row)
            is_open = True
        levels.append(state.level)
    last = np.clip(trace.ends - 1, 0, max(len(faulty_readings) - 1, 0))
    return Course(
        group,
        trace.at_s,
        faulty_readings[last],
        np.array([level == "alarm" for level in levels]),
        tuple(onsets),
    )


@dataclass(frozen=True)
class Tally:
    """What came of the events and the alarms."""

    found: tuple[bool, ...]
    delays_s: tuple[float, ...]
    false_onsets: int
    normal_s: float
    normal_alarm_s: float


def tally(courses: Sequence[Course]) -> Tally:
    """Strict counts over recordings."""
    found: list[bool] = []
    delays: list[float] = []
    false, normal_s, alarm_s = 0, 0.0, 0.0
    for course in courses:
        events, lengths = course.events, course.durations_s
        for start, end in events:
            hits = [o for o in course.onsets if start - _TOLERANCE_ROWS <= o < end]
            found.append(bool(hits))
            if hits:
                delays.append(max(float(course.at_s[hits[0]] - course.at_s[start]), 0.0))
        false += sum(
            not any(start - _TOLERANCE_ROWS <= o < end for start, end in events)
            for o in course.onsets
        )
        normal_s += float(lengths[~course.faulty].sum())
        alarm_s += float(lengths[~course.faulty & course.alarm].sum())
    return Tally(tuple(found), tuple(delays), false, normal_s, alarm_s)


def warned_before(courses: Sequence[Course], within_s: float) -> int:
    """Events with an onset so long before their marked start, and after the event before; none of these finds one."""
    warned = 0
    for course in courses:
        last = -np.inf
        for start, end in course.events:
            opens = max(float(course.at_s[start]) - within_s, last)
            warned += any(
                opens < course.at_s[o] and o < start - _TOLERANCE_ROWS for o in course.onsets
            )
            last = float(course.at_s[end - 1])
    return warned


def random_control(courses: Sequence[Course], seed: int) -> dict[str, float]:
    """Recall and false onsets of as many alarms at random moments: what the events' length alone gives."""
    rng = np.random.default_rng(seed)
    total = sum(len(c.onsets) for c in courses)
    sizes = np.array([len(c.at_s) for c in courses])
    if not total or not sizes.sum():
        return {"event_recall": 0.0, "false_onsets": 0.0}
    hits, false = [], []
    for _ in range(_RANDOM_ROUNDS):
        owners = rng.choice(len(courses), size=total, p=sizes / sizes.sum())
        drawn = [
            Course(c.group, c.at_s, c.faulty, c.alarm, tuple(sorted(rng.integers(0, sizes[i], int((owners == i).sum())).tolist())))
            for i, c in enumerate(courses)
        ]  # fmt: skip
        counted = tally(drawn)
        hits.append(float(np.mean(counted.found)) if counted.found else 0.0)
        false.append(float(counted.false_onsets))
    return {"event_recall": float(np.mean(hits)), "false_onsets": float(np.mean(false))}


def point_wise(courses: Sequence[Course]) -> dict[str, float]:
    """F1, false alarm rate and missed alarm rate by row, as SKAB's leaderboard has them. Flattering; for comparison."""
    faulty = np.concatenate([c.faulty for c in courses])
    alarm = np.concatenate([c.alarm for c in courses])
    hit = float((faulty & alarm).sum())
    whole = float(faulty.sum() + alarm.sum())
    return {
        "f1": 2 * hit / whole if whole else 0.0,
        "false_alarm_rate": float((~faulty & alarm).sum()) / max(float((~faulty).sum()), 1.0),
        "missed_alarm_rate": float((faulty & ~alarm).sum()) / max(float(faulty.sum()), 1.0),
    }


def rate_per_day(count: int, seconds: float, confidence: float = 0.95) -> Estimate:
    """Events per day with their exact interval."""
    return rare_rate(count, max(seconds / DAY_S, 1e-9), confidence)
