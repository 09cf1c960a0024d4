"""Judging approaches `condition` and `physics`: onsets against marked faults, and the tolerated rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import AlarmRule
from kits.core.dataset import Dataset
from kits.core.kit import EvaluateTask, ItemResult
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device import physics
from kits.predictive_maintenance._device.condition import ConditionSpec
from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._judging import onsets
from kits.predictive_maintenance._judging.certainty import order_in_time, share_of_time
from kits.predictive_maintenance._judging.judged import ROUNDS, Judged, plain, result, verdict_of
from kits.predictive_maintenance._judging.onsets import Course
from kits.predictive_maintenance._judging.scores import average_precision
from kits.predictive_maintenance._judging.unseen import told_of_unseen, unseen_of
from kits.predictive_maintenance._learning.methods import FEW_ROWS
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime

_WARN_RATIO = 30.0
"""A warning may come by chance this many times as often as an alarm: once a day for one a month."""
_REACH = 50.0
"""A level is carried on no further than this many times the normal running it was learned on."""
_ON_ROWS, _OFF_ROWS = 10, 30
_FEW = 3
_WEEK, _MONTH = 7, 30
_MOST_OF_A_YEAR = 300
_BEFORE = 14
"""Days before a marked fault: as `kit replay` has them."""


def choose(
    task: EvaluateTask, runtime: MachineRuntime, config: Config, recordings: Sequence[Recording]
) -> OperatingPoint:
    """Levels from the tolerated false alarms per machine-month; physics has the ends of its zones."""
    traced = _traced(runtime, recordings)
    if runtime.spec.condition is None:
        band = Band(act_at=physics.ALARM, review_from=physics.WARN)
        rule = AlarmRule(
            on_delay_s=max(config.alarm.on_delay_s, 0.0),
            off_delay_s=max(config.alarm.off_delay_s, 0.0),
            deadband=config.alarm.deadband,
        )
        method, promise = (
            "ends of zones B and C of ISO 20816-3; bearing evidence on the same scale",
            "",
        )
    else:
        rate = reachable_rate(runtime.spec.condition, config.false_alarms_per_month)
        band = band_for(rate)
        rule = alarm_rule(runtime.spec.condition.rows, config)
        days = _normal_days(traced, _period_s(runtime))
        method = (
            f"peaks over threshold on {days:.3g} days of normal running that were not learned from, carried on "
            f"to {rate:.3g} false alarm(s) per machine-month"
        )
        promise = (
            f"about {rate:.3g} false alarm(s) per machine and month, a warning {_WARN_RATIO:g} times as often; from "
            f"{days:.3g} days of running, so measured is only that much"
        )
        promise += _of_seasons(task.dataset)
        if rate > config.false_alarms_per_month:
            promise += (
                f"; asked for were {config.false_alarms_per_month:g} a month, which so little time cannot carry: "
                "record longer and train again"
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
    if runtime.spec.condition is not None and runtime.spec.condition.method == FEW_ROWS:
        # these recordings were learned from in the end: what they say of rates is no measurement
        return point
    rates, _ = _event_figures(
        [h.course for h in _heard(traced, point, _period_s(runtime))], task.seed
    )
    return point.model_copy(update={"rates": rates})


def _of_seasons(dataset: Dataset) -> str:
    """What of the year was learned from, where it was not most of one: warmth and demand of other months are not known."""
    begun, ended = [], []
    for item in (*dataset.of("train"), *dataset.of("val")):
        started, rate = item.sample.meta.get("started_at"), item.sample.meta.get("rate_hz")
        if not isinstance(started, str) or not isinstance(rate, int | float) or rate <= 0:
            return ""
        readings = item.sample.meta.get("readings")
        begun.append(datetime.fromisoformat(started))
        length_s = readings / rate if isinstance(readings, int | float) else 0.0
        ended.append(begun[-1] + timedelta(seconds=length_s))
    if not begun or (max(ended) - min(begun)).days >= _MOST_OF_A_YEAR:
        return ""
    return f"; only {min(begun):%Y-%m-%d} to {max(ended):%Y-%m-%d} is known, so in other seasons they may come more often"


def reachable_rate(spec: ConditionSpec, wanted: float) -> float:
    """The tolerated rate, or the lowest that the time of normal running can carry.

    A level for one false alarm a month, drawn from minutes, lies so high that no fault reaches it: silence is no
    rate that anybody wants. So no level is carried on further than fifty times what was seen.
    """
    own = [model.tail.months for model in spec.models if model.asset]
    months = float(np.median(own or [model.tail.months for model in spec.models]))
    return max(wanted, 1 / (_REACH * months))


def band_for(rate: float) -> Band:
    """Levels of the rarity score for so many false alarms per machine-month."""
    return Band(act_at=math.log10(1 / rate), review_from=math.log10(1 / (rate * _WARN_RATIO)))


def alarm_rule(rows: RowSpec, config: Config) -> AlarmRule:
    """Delays in seconds; the default counts rows, because a minute is long for one machine and short for another.

    Three windows or captures in a row; half of one is left to captures that come a little early.
    """
    given = config.alarm
    period_s = 1 / rows.rate_hz if rows.rate_hz else 1.0
    on_rows, off_rows = float(_FEW - 1), float(_FEW)
    if rows.rate_hz and rows.kind == "readings":
        on_rows, off_rows = _ON_ROWS, _OFF_ROWS
    elif rows.rate_hz:
        on_rows, off_rows = on_rows - 0.5, off_rows - 0.5
    return AlarmRule(
        on_delay_s=given.on_delay_s if given.on_delay_s >= 0 else on_rows * period_s,
        off_delay_s=given.off_delay_s if given.off_delay_s >= 0 else off_rows * period_s,
        deadband=given.deadband,
    )


def judge(task: EvaluateTask, runtime: MachineRuntime, recordings: Sequence[Recording]) -> Judged:
    """Figures of condition monitoring on recordings with or without marked faults."""
    point = task.operating_point
    assert point is not None
    traced = _traced(runtime, recordings)
    heard = _heard(traced, point, _period_s(runtime))
    courses, scores = [h.course for h in heard], [h.trace.score for h in heard]
    metrics, notes = _event_figures(courses, task.seed)
    if runtime.spec.condition is not None:
        notes += told_of_promise(point, metrics.get("false_onsets_per_day"))
        notes += told_of_unseen((one.recording.asset, unseen_of(one.trace)) for one in traced)
    if any(r.life is not None for r in recordings):
        notes.append(
            "machines that ran to failure: the second half of their life counts as the fault"
        )
    faulty = np.concatenate([c.faulty for c in courses])
    joined = np.concatenate(scores)
    known = np.isfinite(joined)
    if faulty[known].any() and not faulty[known].all():
        metrics["pr_auc"] = _ranking(courses, scores, task.seed)
    results = tuple(
        _result(task, runtime, point, recording, faulty=bool(truth.any()), alarm=alarm)
        for one in heard
        for recording, truth, alarm in one.members
    )
    asked = sum(one.verdict == "review" for one in results)
    metrics["review_rate"] = proportion(asked, len(results))
    return Judged(metrics, _beside(courses, task.seed), results, tuple(notes))


def _beside(courses: Sequence[Course], seed: int) -> dict[str, dict[str, Estimate]]:
    """What luck gives, and what leaderboards count."""
    control = onsets.random_control(courses, seed)
    rows = sum(len(c.faulty) for c in courses)
    return {
        "as many alarms at random moments": {
            name: plain(control[name], len(courses), "200 draws")
            for name in ("event_recall", "false_onsets")
        },
        "by row, not by event (flattering; as leaderboards have it)": {
            name: plain(value, rows) for name, value in onsets.point_wise(courses).items()
        },
    }


@dataclass(frozen=True)
class _Traced:
    """A recording with what the runtime says of it, and what was true: (readings,)."""

    recording: Recording
    trace: Trace
    truth: NDArray[np.bool_]


@dataclass(frozen=True)
class _Heard:
    """One stretch of one machine: a recording, or its captures one after the other.

    Attributes:
        members: recordings with their truth, and whether an alarm began in each.
    """

    course: Course
    trace: Trace
    members: tuple[tuple[Recording, NDArray[np.bool_], bool], ...]


def _traced(runtime: MachineRuntime, recordings: Sequence[Recording]) -> list[_Traced]:
    found = []
    for recording in recordings:
        truth = recording.faulty() | ~recording.early()
        if not recording.spans and not recording.is_normal():
            truth[:] = True
        found.append(_Traced(recording, runtime.judge.trace(recording.window), truth))
    return found


def _period_s(runtime: MachineRuntime) -> float:
    """Seconds from row to row; an hour where rows are not in time."""
    spec = runtime.spec.condition
    return 1 / spec.rows.rate_hz if spec is not None and spec.rows.rate_hz else 3600.0


def _normal_days(traced: Sequence[_Traced], period_s: float) -> float:
    rows = sum(
        float((~one.truth).mean()) * len(one.trace) for one in traced if one.recording.is_normal()
    )
    return rows * period_s / onsets.DAY_S


def _heard(traced: Sequence[_Traced], point: OperatingPoint, period_s: float) -> list[_Heard]:
    """Courses over time: what a machine's device would have seen one after the other is one course.

    Captures are too short for an alarm by themselves; a recording that a silence cut in two holds one fault, not two.
    """
    captures = max((len(one.trace) for one in traced), default=0) <= _FEW
    strings: dict[tuple[str, str, str], list[_Traced]] = {}
    for one in traced:
        recording = one.recording
        alone = "" if captures or _goes_on(recording) else recording.item.sample.id
        strings.setdefault((recording.asset, recording.group, alone), []).append(one)
    return [_strung(string, point, period_s) for string in strings.values()]


def _goes_on(recording: Recording) -> bool:
    """Whether it may be a part of a longer record: it was imported, and is in time."""
    in_time = recording.rate_hz > 0 and recording.window.started_at is not None
    return in_time and not recording.item.sample.device


def _strung(string: Sequence[_Traced], point: OperatingPoint, period_s: float) -> _Heard:
    first = string[0]
    trace, truth = first.trace, first.truth
    if len(string) > 1:
        readings = np.cumsum([0, *(one.truth.size for one in string[:-1])])
        trace = Trace(
            at_s=_moments(string, period_s),
            ends=np.concatenate([o.trace.ends + n for o, n in zip(string, readings)]),
            score=np.concatenate([o.trace.score for o in string]),
        )
        truth = np.concatenate([one.truth for one in string])
    course = onsets.course_of(trace, truth, point, first.recording.group)
    members, row = [], 0
    for one in string:
        begun = any(row <= onset < row + len(one.trace) for onset in course.onsets)
        members.append((one.recording, one.truth, begun))
        row += len(one.trace)
    return _Heard(course, trace, tuple(members))


def _moments(string: Sequence[_Traced], period_s: float) -> NDArray[np.float64]:
    """Seconds of the rows of recordings that follow each other; captures count as one after the other."""
    if not _goes_on(string[0].recording) or max(len(one.trace) for one in string) <= _FEW:
        rows = sum(len(one.trace) for one in string)
        return period_s * np.arange(1, rows + 1, dtype=np.float64)
    started = [one.recording.window.started_at for one in string]
    since = [(at - started[0]).total_seconds() if at and started[0] else 0.0 for at in started]
    return np.concatenate([one.trace.at_s + s for one, s in zip(string, since)])


def _event_figures(courses: Sequence[Course], seed: int) -> tuple[dict[str, Estimate], list[str]]:
    counted = onsets.tally(courses)
    notes: list[str] = []
    metrics: dict[str, Estimate] = {}
    if counted.found:
        metrics["event_recall"] = proportion(sum(counted.found), len(counted.found))
        notes += told_of_marks(courses, counted)
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


def told_of_promise(point: OperatingPoint, measured: Estimate | None) -> list[str]:
    """That false alarms came more often than the level was set for, where chance does not explain it."""
    rate = 10**-point.default.act_at
    if measured is None or measured.low * _MONTH <= rate:
        return []
    low, value, high = (_MONTH * x for x in (measured.low, measured.value, measured.high))
    return [
        f"false alarms came more often than the level promises: {value:.3g} [{low:.3g}, {high:.3g}] a machine and month "
        f"beside {rate:.3g}: here the machine ran otherwise than in the time that was learned from"
    ]


def told_of_marks(courses: Sequence[Course], counted: onsets.Tally) -> list[str]:
    """What marks that begin when the machine stood make of these figures, where an alarm began before one and recordings are of
    a week or more.
    """
    days = sum(float(course.durations_s.sum()) for course in courses) / onsets.DAY_S
    if days < _WEEK:
        return []
    before = onsets.warned_before(courses, _BEFORE * onsets.DAY_S)
    if not before:
        return []
    return [
        f"event_recall counts alarms that begin while a fault is marked; of {len(counted.found)} faults {before} had "
        f"one begin in the {_BEFORE} days before, counted as false. Marks that begin when the machine stood make a "
        "warning false and an alarm of the standstill right: then state labels.before_h in machines.yaml, or more hours where it "
        "is stated, and import again, or judge by kit replay --failures"
    ]


def _time_in_alarm(courses: Sequence[Course], seed: int) -> Estimate:
    normal = np.array([float(c.durations_s[~c.faulty].sum()) for c in courses])
    alarm = np.array([float(c.durations_s[~c.faulty & c.alarm].sum()) for c in courses])

    def share(rows: NDArray[np.intp]) -> float:
        total = float(normal[rows].sum())
        return float(alarm[rows].sum()) / total if total else float("nan")

    found = bootstrap(share, [c.group for c in courses], seed=seed, rounds=ROUNDS)
    return share_of_time(found, [c.group for c, length in zip(courses, normal) if length > 0])


def _ranking(
    courses: Sequence[Course], scores: Sequence[NDArray[np.float64]], seed: int
) -> Estimate:
    """Precision and recall over rows, resampled by recording."""

    def area(rows: NDArray[np.intp]) -> float:
        truth = np.concatenate([courses[i].faulty for i in rows])
        score = np.concatenate([scores[i] for i in rows])
        known = np.isfinite(score)
        return average_precision(truth[known], score[known])

    found = bootstrap(area, [c.group for c in courses], seed=seed, rounds=100)
    return order_in_time(found, courses)


def _result(
    task: EvaluateTask,
    runtime: MachineRuntime,
    point: OperatingPoint,
    recording: Recording,
    *,
    faulty: bool,
    alarm: bool,
) -> ItemResult:
    prediction = runtime.predict([recording.window])[0]
    # a recording was acted on when an alarm began in it; its end alone says less
    verdict = "act" if alarm else verdict_of(point, prediction)
    if verdict == "act" and not alarm:
        verdict = "review"
    truth = recording.label or ("anomaly" if faulty else "normal")
    if recording.spans and faulty:
        truth = recording.spans[0].label
    return result(recording, prediction, verdict, truth, faulty=faulty, costs=task.costs)
