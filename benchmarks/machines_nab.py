"""Condition monitoring of single metrics on NAB's known causes (6 series), by NAB's own score.

`python -m benchmarks.machines_nab --data FOLDER [--seed 0]`. Ours learns from the first 15 % of each series and then
stands still; NAB's windowed Gaussian and a random cut forest learn on. Each is scored twice: by row, as NAB does, and by
the onsets of its alarms with our delays, because a row that repeats an alarm is no news but costs in NAB.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from benchmarks.nab_detectors import random_cut_forest, windowed_gaussian
from benchmarks.nab_score import PROBATION, PROFILES, Series, corpus_score, swept
from kits.core.alarm import AlarmRule
from kits.core.operating_point import Band, OperatingPoint
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._judging.onsets import course_of

Floats = NDArray[np.float64]
STATEMENT = f"learn: {{share: {PROBATION}}}\n"
_PERIOD_S = 300.0
_LEVELS = 60


@dataclass(frozen=True)
class Metric:
    """One series of the corpus with its readings."""

    name: str
    values: Floats
    series: Series


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], help="override of kit.yaml: k=v")
    options = parser.parse_args()
    corpus = list(read(options.data))
    with workplace(options.data, STATEMENT) as (root, data):
        run = train(new_project(root, data), options.set, options.seed)
        print(header("NAB, known causes (6 series)"))
        print(f"{run.words()}; {sum(len(one.series.windows) for one in corpus)} windows\n")
        found = {
            "ours": [ours(run, one) for one in corpus],
            "windowed Gaussian": [windowed_gaussian(one.values) for one in corpus],
            "random cut forest": [random_cut_forest(one.values, options.seed) for one in corpus],
            "random": [
                np.random.default_rng(options.seed + i).random(one.values.size)
                for i, one in enumerate(corpus)
            ],
        }
    rows = []
    for name, scores in found.items():
        rows.append([f"{name}, by row", *_by_row(corpus, scores)])
        rows.append([f"{name}, by onset", *_by_onset(corpus, scores)])
    stated = [_onsets(one, score, 0.0) for one, score in zip(corpus, found["ours"])]
    rows.append(
        ["ours, by onset, at the stated 1 a month, nothing chosen", *_scored(corpus, stated)]
    )
    print(table(["", *PROFILES], rows))


def read(folder: Path) -> Iterable[Metric]:
    """The series whose windows are stated, rows in the order of the file."""
    marked = json.loads((folder / "anomaly_windows.json").read_text())
    for file in sorted(folder.glob("*.csv")):
        with file.open(newline="") as text:
            rows = list(csv.DictReader(text))
        times = [row["timestamp"][:19] for row in rows]
        key = next(name for name in marked if name.endswith(file.name))
        windows = tuple(
            (times.index(start[:19]), len(times) - 1 - times[::-1].index(end[:19]))
            for start, end in marked[key]
        )
        values = np.array([float(row["value"]) for row in rows])
        learnt = Series(len(rows), ()).probation
        # a window that has passed while everyone still learns can be found by no one
        late = tuple(window for window in windows if window[1] >= learnt)
        yield Metric(file.stem, values, Series(len(rows), late))


def ours(run: Run, one: Metric) -> Floats:
    """The rarity of each row, log10 of months; −9 where it was not judged."""
    spec = run.runtime.spec.condition
    assert spec is not None
    channel = Channel(spec.rows.channels[0], spec.rows.units[0], one.values.astype(np.float32))
    window = Window((channel,), 1 / _PERIOD_S, None, {"asset": one.name})
    trace = run.runtime.judge.trace(window)
    return np.where(np.isfinite(trace.score), trace.score, -9.0)


def _by_row(corpus: Sequence[Metric], scores: Sequence[Floats]) -> list[str]:
    return [f"{swept([one.series for one in corpus], scores, p)[0]:.1f}" for p in PROFILES.values()]


def _by_onset(corpus: Sequence[Metric], scores: Sequence[Floats]) -> list[str]:
    """The best over levels of the onsets of alarms."""
    joined = np.concatenate([s[one.series.probation :] for one, s in zip(corpus, scores)])
    shares = 1 - np.geomspace(1e-5, 0.5, _LEVELS)
    best: Mapping[str, float] = dict.fromkeys(PROFILES, 0.0)
    for level in np.unique(np.quantile(joined, shares)):
        found = [_onsets(one, score, float(level)) for one, score in zip(corpus, scores)]
        reached = dict(zip(PROFILES, map(float, _scored(corpus, found))))
        best = {name: max(value, reached[name]) for name, value in best.items()}
    return [f"{value:.1f}" for value in best.values()]


def _onsets(one: Metric, score: Floats, level: float) -> NDArray[np.intp]:
    """Rows at which a case opens, with the delays that the kit gives a table of readings."""
    point = OperatingPoint(
        default=Band(act_at=level, review_from=level),
        action="warn",
        alarm=AlarmRule(on_delay_s=10 * _PERIOD_S, off_delay_s=30 * _PERIOD_S),
        method="swept",
        dataset="",
        seed=0,
    )
    kept = np.arange(score.size) >= one.series.probation
    at_s = np.arange(score.size, dtype=np.float64) * _PERIOD_S
    judged = np.asarray(np.where(kept, score, math.nan), np.float64)
    trace = Trace(at_s, np.arange(1, score.size + 1), judged)
    course = course_of(trace, np.zeros(score.size, np.bool_), point, one.name)
    return np.array(course.onsets, np.intp)


def _scored(corpus: Sequence[Metric], found: Sequence[NDArray[np.intp]]) -> list[str]:
    series = [one.series for one in corpus]
    return [f"{corpus_score(series, found, profile):.1f}" for profile in PROFILES.values()]


if __name__ == "__main__":
    main()
