"""Judging approach `remaining-life`: error, asymmetric score and coverage of the interval, unit by unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import AlarmRule
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._judging.judged import ROUNDS, Judged, result, verdict_of
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning.recordings import LIFE, Recording
from kits.predictive_maintenance._learning.warning_time import IN_A_ROW, first_run
from kits.predictive_maintenance.config import Config
from kits.predictive_maintenance.runtime import MachineRuntime

Floats = NDArray[np.float64]
_WARN_RATIO = 1.5
"""A warning comes with half as much again left."""


@dataclass(frozen=True)
class _Points:
    """Predictions of one recording where the truth is known."""

    recording: Recording
    truth: Floats
    said: Floats
    low: Floats
    high: Floats
    to_failure: bool


def choose(task: EvaluateTask, runtime: MachineRuntime, config: Config) -> OperatingPoint:
    """The warning time that training found on units left out; rates are measured on the items given."""
    spec = runtime.spec.remaining
    assert spec is not None
    lead = spec.lead
    rule = AlarmRule(
        on_delay_s=config.alarm.on_delay_s if config.alarm.on_delay_s >= 0 else IN_A_ROW - 1,
        off_delay_s=config.alarm.off_delay_s if config.alarm.off_delay_s >= 0 else IN_A_ROW,
        deadband=config.alarm.deadband,
    )
    if not spec.history:
        rule = rule.model_copy(update={"on_delay_s": 0.0, "off_delay_s": 0.0})
    return OperatingPoint(
        default=Band(act_at=-lead, review_from=-min(lead * _WARN_RATIO, 0.95 * spec.cap)),
        action="warn",
        alarm=rule,
        costs=task.costs,
        guarantee=spec.lead_text,
        method="warning time of least cost on machines left out in training",
        dataset=task.dataset.id,
        seed=task.seed,
    )


def judge(task: EvaluateTask, runtime: MachineRuntime, recordings: Sequence[Recording]) -> Judged:
    """Figures of remaining life.

    Raises:
        DataError: no recording whose remaining life is known.
    """
    spec = runtime.spec.remaining
    assert spec is not None
    points = [p for r in recordings if (p := _points(runtime, r)) is not None]
    if not points:
        raise DataError(
            "no recording whose remaining life is known",
            fix="give the life left at the end of each, see docs: machines.yaml",
        )
    notes: list[str] = []
    if len(points) < len(recordings):
        notes.append(f"{len(recordings) - len(points)} recordings without known life were left out")
    metrics = _figures(points, spec.cap, task.seed)
    notes.append(f"true life counted up to {spec.cap:g} {spec.unit}, as in training")
    slices = {"true life not capped": _figures(points, np.inf, task.seed)}
    slices |= _by_life(points, spec.cap, task.seed)
    metrics |= _alarms(points, task.operating_point, notes)
    results = []
    for one in points:
        prediction = runtime.predict([one.recording.window])[0]
        faulty = bool(one.truth[-1] <= spec.lead)
        results.append(
            result(
                one.recording,
                prediction,
                verdict_of(task.operating_point, prediction),
                f"{one.truth[-1]:g} {spec.unit}",
                faulty=faulty,
                costs=task.costs,
            )
        )
    return Judged(metrics, slices, tuple(results), tuple(notes))


def _points(runtime: MachineRuntime, recording: Recording) -> _Points | None:
    """Every row of a run to failure; the end alone of one that was cut off, as its life is stated there."""
    if recording.life is None:
        return None
    trace = runtime.judge.trace(recording.window)
    measured = trace.quantities[LIFE]
    assert measured.low is not None
    assert measured.high is not None
    count = len(trace)
    spec = runtime.spec.remaining
    assert spec is not None
    left = recording.life.value + np.arange(count - 1, -1, -1.0) * spec.per_row
    to_failure = recording.life.value == 0 and count > 1
    kept = np.isfinite(measured.value)
    if not to_failure:
        kept &= np.arange(count) == count - 1
    if not kept.any():
        return None
    return _Points(
        recording,
        left[kept],
        measured.value[kept],
        measured.low[kept],
        measured.high[kept],
        to_failure,
    )


def _figures(points: Sequence[_Points], cap: float, seed: int) -> dict[str, Estimate]:
    errors = [one.said - np.minimum(one.truth, cap) for one in points]
    inside = [
        (np.minimum(one.truth, cap) >= one.low - 1e-9)
        & (np.minimum(one.truth, cap) <= one.high + 1e-9)
        for one in points
    ]
    groups = [one.recording.group for one in points]

    def rmse(rows: NDArray[np.intp]) -> float:
        # every machine counts as one, however long its history is
        return float(np.sqrt(np.mean([(errors[i] ** 2).mean() for i in rows])))

    def score(rows: NDArray[np.intp]) -> float:
        return float(sum(nasa_score(errors[i]) / len(errors[i]) for i in rows))

    def covered(rows: NDArray[np.intp]) -> float:
        return float(np.mean([inside[i].mean() for i in rows]))

    found = {
        "rmse": bootstrap(rmse, groups, seed=seed, rounds=ROUNDS),
        "nasa_score": bootstrap(score, groups, seed=seed, rounds=ROUNDS),
        "coverage": bootstrap(covered, groups, seed=seed, rounds=ROUNDS),
    }
    if all(len(one) == 1 for one in inside):
        # one statement per machine: an exact interval
        found["coverage"] = proportion(int(sum(one[0] for one in inside)), len(inside))
    return found


def _by_life(points: Sequence[_Points], cap: float, seed: int) -> dict[str, dict[str, Estimate]]:
    slices = {}
    for name, low, high in (
        ("near the end", -1.0, cap / 4),
        ("in between", cap / 4, 0.75 * cap),
        ("far from the end", 0.75 * cap, np.inf),
    ):
        cut = []
        for one in points:
            mine = (one.truth > low) & (one.truth <= high)
            if mine.any():
                cut.append(
                    _Points(
                        one.recording,
                        one.truth[mine],
                        one.said[mine],
                        one.low[mine],
                        one.high[mine],
                        one.to_failure,
                    )
                )
        if len(cut) >= 5:
            slices[name] = _figures(cut, cap, seed)
    return slices


def _alarms(
    points: Sequence[_Points], point: OperatingPoint | None, notes: list[str]
) -> dict[str, Estimate]:
    """Whether an alarm came in time, where a run went on to failure."""
    runs = [one for one in points if one.to_failure]
    if not runs or point is None:
        notes.append("event_recall left out: no recording here goes on to failure")
        return {}
    places = [first_run(-one.said >= point.default.act_at, IN_A_ROW) for one in runs]
    leads = [float(one.truth[place]) for one, place in zip(runs, places) if place is not None]
    if leads:
        low, middle, high = np.quantile(leads, [0.05, 0.5, 0.95])
        notes.append(f"warning time: median {middle:.0f}, 5 % under {low:.0f}, 5 % over {high:.0f}")
    return {"event_recall": proportion(len(leads), len(runs))}
