"""Judging approaches `condition` and `physics`: onsets against marked faults, and the tolerated rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import AlarmRule
from kits.core.kit import EvaluateTask, ItemResult
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device import physics
from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance._judging import onsets
from kits.predictive_maintenance._judging.judged import ROUNDS, Judged, plain, result, verdict_of
from kits.predictive_maintenance._judging.onsets import Course
from kits.predictive_maintenance._judging.scores import average_precision
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime

_WARN_RATIO = 30.0
"""A warning may come by chance this many times as often as an alarm: once a day for one a month."""
_ON_ROWS, _OFF_ROWS = 10, 30
_FEW = 3


def choose(
    task: EvaluateTask, runtime: MachineRuntime, config: Config, recordings: Sequence[Recording]
) -> OperatingPoint:
    """Levels from the tolerated false alarms per machine-month; physics has the ends of its zones."""
    if runtime.spec.condition is None:
        band = Band(act_at=physics.ALARM, review_from=physics.WARN)
        rule = AlarmRule(deadband=config.alarm.deadband)
        method, promise = (
            "ends of zones B and C of ISO 20816-3; bearing evidence on the same scale",
            "",
        )
    else:
        rate = config.false_alarms_per_month
        band = Band(act_at=math.log10(1 / rate), review_from=math.log10(1 / (rate * _WARN_RATIO)))
        rule = alarm_rule(runtime.spec.condition.rows, config)
        months = _normal_months(recordings)
        method = (
            f"peaks over threshold on {30 * months:.3g} days of normal running that were not learned from, carried on "
            f"to {rate:g} false alarm(s) per machine-month"
        )
        promise = (
            f"about {rate:g} false alarm(s) per machine and month, a warning {_WARN_RATIO:g} times as often; from "
            f"{30 * months:.3g} days of running, so measured is only that much"
        )
    point = OperatingPoint(
        default=band,
        action="warn",
        alarm=rule,
        costs=task.costs,
        guarantee=promise,
        method=method,
        dataset=task.dataset.id,
        seed=task.seed,
    )
    rates, _ = _event_figures(_courses(runtime, recordings, point)[0], task.seed)
    return point.model_copy(update={"rates": rates})


def alarm_rule(rows: RowSpec, config: Config) -> AlarmRule:
    """Delays in seconds; the default counts rows, because a minute is long for one machine and short for another."""
    given = config.alarm
    period_s = 1 / rows.rate_hz if rows.rate_hz else 1.0
    on_rows, off_rows = (_ON_ROWS, _OFF_ROWS) if rows.kind == "readings" else (_FEW - 1, _FEW)
    if not rows.rate_hz:
        on_rows, off_rows = _FEW - 1, _FEW
    return AlarmRule(
        on_delay_s=given.on_delay_s if given.on_delay_s >= 0 else on_rows * period_s,
        off_delay_s=given.off_delay_s if given.off_delay_s >= 0 else off_rows * period_s,
        deadband=given.deadband,
    )


def _normal_months(recordings: Sequence[Recording]) -> float:
    seconds = sum(
        (~r.faulty()).sum() / (r.rate_hz or 1 / 3600) for r in recordings if r.is_normal()
    )
    return float(seconds) / (30 * onsets.DAY_S)


def judge(task: EvaluateTask, runtime: MachineRuntime, recordings: Sequence[Recording]) -> Judged:
    """Figures of condition monitoring on recordings with or without marked faults."""
    point = task.operating_point
    assert point is not None
    courses, scores = _courses(runtime, recordings, point)
    metrics, notes = _event_figures(courses, task.seed)
    faulty = np.concatenate([c.faulty for c in courses])
    joined = np.concatenate(scores)
    known = np.isfinite(joined)
    if faulty[known].any() and not faulty[known].all():
        metrics["pr_auc"] = _ranking(courses, scores, task.seed)
    control = onsets.random_control(courses, task.seed)
    slices = {
        "as many alarms at random moments": {
            "event_recall": plain(control["event_recall"], len(courses), "200 draws"),
            "false_onsets": plain(control["false_onsets"], len(courses), "200 draws"),
        },
        "by row, not by event (flattering; as leaderboards have it)": {
            name: plain(value, int(faulty.size))
            for name, value in onsets.point_wise(courses).items()
        },
    }
    results = tuple(
        _result(task, runtime, point, recording, course)
        for recording, course in zip(recordings, courses)
    )
    return Judged(metrics, slices, results, tuple(notes))


def _courses(
    runtime: MachineRuntime, recordings: Sequence[Recording], point: OperatingPoint
) -> tuple[list[Course], list[NDArray[np.float64]]]:
    courses, scores = [], []
    for recording in recordings:
        trace = runtime.judge.trace(recording.window)
        truth = recording.faulty()
        if not recording.spans and not recording.is_normal():
            truth[:] = True
        courses.append(onsets.course_of(trace, truth, point, recording.group))
        scores.append(trace.score)
    return courses, scores


def _event_figures(courses: Sequence[Course], seed: int) -> tuple[dict[str, Estimate], list[str]]:
    counted = onsets.tally(courses)
    notes: list[str] = []
    metrics: dict[str, Estimate] = {}
    if counted.found:
        metrics["event_recall"] = proportion(sum(counted.found), len(counted.found))
    else:
        notes.append("event_recall left out: no fault is marked in these recordings")
    if counted.normal_s > 0:
        metrics["false_onsets_per_day"] = onsets.rate_per_day(
            counted.false_onsets, counted.normal_s
        )
        metrics["time_in_alarm"] = _time_in_alarm(courses, seed)
    if counted.delays_s:
        delays = np.array(counted.delays_s)
        metrics["delay_s"] = bootstrap(
            lambda rows: float(np.median(delays[rows])),
            [str(i) for i in range(len(delays))],
            seed=seed,
            rounds=ROUNDS,
        )
    return metrics, notes


def _time_in_alarm(courses: Sequence[Course], seed: int) -> Estimate:
    normal = np.array([float(c.durations_s[~c.faulty].sum()) for c in courses])
    alarm = np.array([float(c.durations_s[~c.faulty & c.alarm].sum()) for c in courses])

    def share(rows: NDArray[np.intp]) -> float:
        total = float(normal[rows].sum())
        return float(alarm[rows].sum()) / total if total else float("nan")

    return bootstrap(share, [c.group for c in courses], seed=seed, rounds=ROUNDS)


def _ranking(
    courses: Sequence[Course], scores: Sequence[NDArray[np.float64]], seed: int
) -> Estimate:
    """Precision and recall over rows, resampled by recording."""

    def area(rows: NDArray[np.intp]) -> float:
        truth = np.concatenate([courses[i].faulty for i in rows])
        score = np.concatenate([scores[i] for i in rows])
        known = np.isfinite(score)
        return average_precision(truth[known], score[known])

    return bootstrap(area, [c.group for c in courses], seed=seed, rounds=100)


def _result(
    task: EvaluateTask,
    runtime: MachineRuntime,
    point: OperatingPoint,
    recording: Recording,
    course: Course,
) -> ItemResult:
    prediction = runtime.predict([recording.window])[0]
    faulty = bool(course.faulty.any())
    # a recording was acted on when an alarm began in it; its end alone says less
    verdict = "act" if course.onsets else verdict_of(point, prediction)
    if verdict == "act" and not course.onsets:
        verdict = "review"
    truth = recording.label or ("anomaly" if faulty else "normal")
    if recording.spans and faulty:
        truth = recording.spans[0].label
    return result(recording, prediction, verdict, truth, faulty=faulty, costs=task.costs)
