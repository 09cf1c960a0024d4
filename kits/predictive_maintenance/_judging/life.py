"""Judging approach `remaining-life`: error, asymmetric score and coverage of the interval, unit by unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kits.core.alarm import AlarmRule
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, OperatingPoint
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device.remaining import RemainingSpec
from kits.predictive_maintenance._judging.by_machine import mean_share, root_mean_square
from kits.predictive_maintenance._judging.judged import ROUNDS, Judged, result, verdict_of
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning.recordings import LIFE, Recording
from kits.predictive_maintenance._learning.warning_time import (
    HOURS,
    first_run,
    rows_below,
    spread_of,
)
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
    return OperatingPoint(
        default=band_for(lead, spec.cap),
        action="warn",
        alarm=_rule(spec, config),
        costs=task.costs,
        guarantee=spec.lead_text,
        method="warning time of least cost on machines left out in training",
        dataset=task.dataset.id,
        seed=task.seed,
    )


def _rule(spec: RemainingSpec, config: Config) -> AlarmRule:
    """Delays in seconds. Captures come now a little early, now a little late: half an interval is left to them."""
    given, rows = config.alarm, rows_below(spec)
    hourly = not spec.history and spec.unit == HOURS
    period_s = 3600 * spec.per_row if hourly else 1.0
    slack = 0.5 if hourly else 0.0
    return AlarmRule(
        on_delay_s=given.on_delay_s
        if given.on_delay_s >= 0
        else max(rows - 1 - slack, 0) * period_s,
        off_delay_s=given.off_delay_s
        if given.off_delay_s >= 0
        else (rows - slack) * period_s * (rows > 1),
        deadband=given.deadband,
    )


def band_for(lead: float, cap: float) -> Band:
    """Levels for an alarm with so much life left; life is never said to be more than `cap`."""
    return Band(act_at=-lead, review_from=-max(min(lead * _WARN_RATIO, 0.95 * cap), lead))


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
    figures = partial(_figures, cycles=spec.unit == "cycles", seed=task.seed)
    metrics = figures(points, spec.cap)
    notes.append(f"true life counted up to {spec.cap:g} {spec.unit}, as in training")
    slices = {"true life not capped": figures(points, np.inf)}
    slices |= _by_life(points, spec.cap, figures)
    metrics |= _alarms(_runs(points, spec), spec, task.operating_point, notes)
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


def _figures(
    points: Sequence[_Points], cap: float, *, cycles: bool, seed: int
) -> dict[str, Estimate]:
    errors = [one.said - np.minimum(one.truth, cap) for one in points]
    inside = [
        (np.minimum(one.truth, cap) >= one.low - 1e-9)
        & (np.minimum(one.truth, cap) <= one.high + 1e-9)
        for one in points
    ]
    groups = [one.recording.group for one in points]

    def score(rows: NDArray[np.intp]) -> float:
        return float(sum(nasa_score(errors[i]) / len(errors[i]) for i in rows))

    found = {
        "rmse": root_mean_square([float((own**2).mean()) for own in errors], groups, seed),
        "coverage": mean_share([float(one.mean()) for one in inside], groups),
    }
    if cycles:
        # its penalties are per cycle: of hours it would say nothing
        found["nasa_score"] = bootstrap(score, groups, seed=seed, rounds=ROUNDS)
    return found


def _by_life(
    points: Sequence[_Points],
    cap: float,
    figures: Callable[[Sequence[_Points], float], dict[str, Estimate]],
) -> dict[str, dict[str, Estimate]]:
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
            slices[name] = figures(cut, cap)
    return slices


def _runs(points: Sequence[_Points], spec: RemainingSpec) -> list[tuple[Floats, Floats]]:
    """(true life, predicted life) of each machine that went on to failure, in time."""
    if spec.history:
        return [(one.truth, one.said) for one in points if one.to_failure]
    runs = []
    for asset in sorted({one.recording.asset for one in points}):
        own = [one for one in points if one.recording.asset == asset]
        truth, said = (np.concatenate(part) for part in zip(*((o.truth, o.said) for o in own)))
        order = np.argsort(-truth, kind="stable")
        if truth.size > rows_below(spec) and truth.min() < 1.5 * spec.per_row:
            runs.append((truth[order], said[order]))
    return runs


def _alarms(
    runs: Sequence[tuple[Floats, Floats]],
    spec: RemainingSpec,
    point: OperatingPoint | None,
    notes: list[str],
) -> dict[str, Estimate]:
    """Whether an alarm came in time, where a run went on to failure."""
    if not runs or point is None:
        notes.append("event_recall left out: no recording here goes on to failure")
        return {}
    places = [first_run(-said >= point.default.act_at, rows_below(spec)) for _, said in runs]
    leads = [float(truth[place]) for (truth, _), place in zip(runs, places) if place is not None]
    if leads:
        middle, spread = spread_of(leads)
        notes.append(f"warning time: median {middle} {spec.unit}, {spread}")
    return {"event_recall": proportion(len(leads), len(runs))}
