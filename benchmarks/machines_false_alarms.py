"""Whether a stated rate of false alarms is kept: onsets on normal running that was not learned from, four kinds of data.

`python -m benchmarks.machines_false_alarms --skab FOLDER --nab FOLDER --cmapss FOLDER`. A rate is kept where what it
promises for the time watched lies in the exact Poisson interval of the onsets counted; `more` and `fewer` say on which
side it does not. Rows are printed whatever comes out. A pump is simulated beside, because no public set has months.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import machines_nab, machines_onsets
from benchmarks.machines_onsets import at_rate
from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from kits.core.dataset import DatasetItem
from kits.core.operating_point import Band, OperatingPoint
from kits.core.runtime import cpu_session
from kits.core.sample import Sample, utc_now
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.condition import ConditionJudge
from kits.predictive_maintenance._device.tail import MONTH_S
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._judging.condition import alarm_rule
from kits.predictive_maintenance._judging.onsets import course_of, rate_per_day
from kits.predictive_maintenance._learning.condition import learn_condition
from kits.predictive_maintenance._learning.graphs import quadratic
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._simulated.machines import make_pump, pump_history
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
RATES = {
    "3 an hour": 2160.0,
    "1 an hour": 720.0,
    "3 a day": 90.0,
    "1 a day": 30.0,
    "1 a week": 30 / 7,
    "1 a month": 1.0,
}
_HEALTHY_CYCLES = 50
_CYCLE_S = 3600.0
_PUMPS, _PUMP_HZ, _LEARNT_H, _HELD_H, _WATCHED_H = 3, 0.1, 336.0, 168.0, 720.0
_ROOM = 5.0
"""Delays' lengths between two promised alarms: what the delays forbid is not asked for."""
_AWAY = 1.0
"""Windows' lengths from a marked window: NAB's are drawn wide, but what led to one is not normal."""


@dataclass(frozen=True)
class Watched:
    """One stretch of normal running with what was said of it.

    Attributes:
        normal: (rows,) rows that count; alarms that begin elsewhere do not.
    """

    trace: Trace
    normal: NDArray[np.bool_]
    point: OperatingPoint
    row_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("skab", "nab", "cmapss"):
        parser.add_argument(f"--{name}", type=Path, help="folder of the data; left out without it")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Stated and counted false alarms on normal running"))
    rows: list[list[str]] = []
    if options.skab:
        with workplace(options.skab, machines_onsets.STATEMENT) as (root, data):
            run = train(new_project(root, data), (), options.seed)
            rows += _rows(
                "SKAB, before each fault", list(before_faults(run, data, root, options.seed))
            )
            rows += _rows("SKAB, anomaly-free", list(anomaly_free(run)))
    if options.nab:
        with workplace(options.nab, machines_nab.STATEMENT) as (root, data):
            run = train(new_project(root, data), (), options.seed)
            rows += _rows("NAB, away from windows", list(away(run, options.nab)))
    if options.cmapss:
        with workplace(options.cmapss) as (root, data):
            run = train(new_project(root, data), ["model.life.trees=20"], options.seed)
            rows += _rows(
                "C-MAPSS, first 50 cycles (1 = 1 h)", list(healthy_cycles(run, options.seed))
            )
    rows += _rows("simulated pumps, a month each", list(pumps(options.seed)))
    print(
        table(["normal running", "watched", "stated", "promised", "counted [95 %]", "kept"], rows)
    )


def _rows(name: str, watched: Sequence[Watched]) -> list[list[str]]:
    months = sum(float(one.normal.sum()) * one.row_s for one in watched) / MONTH_S
    found: list[list[str]] = []
    for said, rate in RATES.items():
        rule = watched[0].point.alarm
        assert rule is not None
        shortest_s = _ROOM * max(rule.on_delay_s + rule.off_delay_s, watched[0].row_s)
        if (rate * months < 0.5 and found) or MONTH_S / rate < shortest_s:
            continue
        count = sum(_onsets(one, rate) for one in watched)
        interval = rate_per_day(count, months * MONTH_S)
        low, high = interval.low * 30 * months, interval.high * 30 * months
        promised = rate * months
        kept = "yes" if low <= promised <= high else ("more" if promised < low else "fewer")
        watched_words = f"{30 * months:.3g} days" if months * 30 > 2 else f"{720 * months:.3g} h"
        found.append(
            [name, watched_words, said, f"{promised:.3g}", f"{count} [{low:.1f}, {high:.1f}]", kept]
        )
    return found


def _onsets(one: Watched, per_month: float) -> int:
    truth = np.zeros(int(one.trace.ends[-1]), np.bool_)
    course = course_of(one.trace, truth, at_rate(one.point, per_month), "")
    return sum(bool(one.normal[row]) for row in course.onsets)


def before_faults(run: Run, data: Path, root: Path, seed: int) -> Iterator[Watched]:
    """From the 401st row of each file to its first fault."""
    for one in machines_onsets.after_learning(data, root / "one", seed):
        trace = run.runtime.judge.trace(one.window)
        faulty = one.faulty()[trace.ends - 1]
        yield Watched(trace, ~np.logical_or.accumulate(faulty), run.point, 1.0)


def anomaly_free(run: Run) -> Iterator[Watched]:
    """The run without faults, after what was learned from."""
    for one in run.recordings("test"):
        if "anomaly-free" in one.item.sample.source:
            trace = run.runtime.judge.trace(one.window)
            yield Watched(trace, np.ones(len(trace), np.bool_), run.point, 1.0)


def away(run: Run, folder: Path) -> Iterator[Watched]:
    """Each metric after its first 15 %, further than a window's length from any marked window."""
    for metric in machines_nab.read(folder):
        score = machines_nab.ours(run, metric)
        rows = np.arange(score.size)
        normal = rows >= metric.series.probation
        for start, end in metric.series.windows:
            margin = round(_AWAY * (end - start + 1))
            normal &= (rows < start - margin) | (rows > end + margin)
        at_s = rows.astype(np.float64) * 300.0
        # alarms that stand open when a stretch begins were raised elsewhere: each stretch is watched from its start
        kept = np.asarray(np.where(normal, score, -9.0), np.float64)
        trace = Trace(at_s, rows + 1, kept)
        yield Watched(trace, normal, run.point, 300.0)


def healthy_cycles(run: Run, seed: int) -> Iterator[Watched]:
    """One model of all engines from the first 50 cycles of those of train, watched on those of test."""

    def young(one: Recording) -> Recording:
        channels = tuple(
            replace(c, readings=c.readings[:_HEALTHY_CYCLES]) for c in one.window.channels
        )
        window = replace(one.window, channels=channels, attributes={"asset": "fd001"})
        return replace(one, window=window, label="", life=None)

    learnt, held, test = ([young(r) for r in run.recordings(s)] for s in ("train", "val", "test"))
    judge, point = _learned(learnt, held, Config(), seed)
    for one in test:
        trace = judge.trace(one.window)
        yield Watched(trace, np.isfinite(trace.score), point, _CYCLE_S)


def pumps(seed: int) -> Iterator[Watched]:
    """Three pumps with their shifts: two weeks learned from, one calibrated on, a month watched."""
    rng = np.random.default_rng(seed)
    for number in range(_PUMPS):
        pump = make_pump(rng, f"pump-{number}")
        hours = _LEARNT_H + _HELD_H + _WATCHED_H
        window, _ = pump_history(rng, pump, hours=hours, rate_hz=_PUMP_HZ)
        cuts = [round(h * 3600 * _PUMP_HZ) for h in (0, _LEARNT_H, _LEARNT_H + _HELD_H, hours)]
        parts = [_recording(_cut(window, a, b)) for a, b in pairwise(cuts)]
        judge, point = _learned(parts[:1], parts[1:2], Config(), seed)
        trace = judge.trace(parts[2].window)
        yield Watched(trace, np.isfinite(trace.score), point, 1 / _PUMP_HZ)


def _cut(window: Window, start: int, end: int) -> Window:
    channels = tuple(
        Channel(c.name, c.unit, c.readings[start:end], c.rate_hz) for c in window.channels
    )
    return replace(window, channels=channels)


def _recording(window: Window) -> Recording:
    asset = str(window.attributes["asset"])
    sample = Sample(asset, "", "", 0, utc_now(), "simulated", asset)
    return Recording(DatasetItem(sample, None, "train"), window, "", (), None)


def _learned(
    learnt: Sequence[Recording], held: Sequence[Recording], config: Config, seed: int
) -> tuple[ConditionJudge, OperatingPoint]:
    made = learn_condition(learnt, held, config, seed)
    model = quadratic(made.means, made.inverse_scales, made.matrices, 1e4)
    point = OperatingPoint(
        default=Band(act_at=0.0, review_from=-math.log10(30)),
        alarm=alarm_rule(made.spec.rows, config),
        method="stated",
        dataset="",
        seed=seed,
    )
    return ConditionJudge(made.spec, cpu_session(model)), point


if __name__ == "__main__":
    main()
