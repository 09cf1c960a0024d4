"""Failures from single rows on AI4I 2020, without the flags that give them away: area under precision and recall.

`python -m benchmarks.machines_snapshots --data FOLDER [--seeds 3]`. Five stratified folds for each seed, every way the kit
compares, through the device's graph. What `kit check` says of the flags is printed: they are kept out at import.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, new_project, table, workplace
from kits.core.dataset import Dataset
from kits.core.runtime import cpu_session
from kits.core.stats import Estimate, bootstrap
from kits.predictive_maintenance import KIT
from kits.predictive_maintenance._device.faults import FaultJudge, FaultSpec
from kits.predictive_maintenance._judging.scores import average_precision
from kits.predictive_maintenance._learning.faults import _Work, label_of
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config
from kits.toolchain.project import Project

FOLDS, NORMAL = 5, "normal"
CONFIG = Config()


@dataclass(frozen=True)
class Ranking:
    """What one way said of every row, by models that had not seen it."""

    way: str
    seed: int
    score: NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with workplace(options.data) as (root, data):
        dataset = Project.open(new_project(root, data)).dataset()
        everything = load(dataset, dataset.items)
        refused = _refused(dataset)
    failed = np.array([label_of(one) != NORMAL for one in everything])
    print(header("AI4I 2020 without its flags"))
    print(f"dataset `{dataset.id[:12]}`; {failed.size} rows, {int(failed.sum())} failures\n")
    found = [one for seed in range(options.seeds) for one in ranked(everything, failed, seed)]
    print(_table(found, failed))
    print(refused)


def ranked(everything: Sequence[Recording], failed: NDArray[np.bool_], seed: int) -> list[Ranking]:
    """Out-of-fold scores of every way."""
    fold = _folds(failed, seed)
    scores: dict[str, NDArray[np.float64]] = {}
    for number in range(FOLDS):
        learnt = [one for one, f in zip(everything, fold) if f != number]
        rows, _ = choose_rows(learnt, CONFIG, products=True)
        names = tuple(sorted({label_of(one) for one in learnt}))
        work = _Work(learnt, rows, names, CONFIG, seed, "cpu")
        for spec in work.ways():
            kept = scores.setdefault(spec.method, np.zeros(failed.size))
            asked = np.flatnonzero(fold == number)
            kept[asked] = _asked(work, spec, [everything[i] for i in asked.tolist()])
    return [Ranking(way, seed, score) for way, score in scores.items()]


def _asked(work: _Work, spec: FaultSpec, asked: Sequence[Recording]) -> NDArray[np.float64]:
    filled = work.filled(spec)
    judge = FaultJudge(filled, cpu_session(work.fitted(filled)))
    return np.array([judge.trace(one.window).score[-1] for one in asked])


def _folds(failed: NDArray[np.bool_], seed: int) -> NDArray[np.intp]:
    rng = np.random.default_rng(seed)
    fold = np.zeros(failed.size, np.intp)
    for kind in (True, False):
        rows = rng.permutation(np.flatnonzero(failed == kind))
        fold[rows] = np.arange(rows.size) % FOLDS
    return fold


def _table(found: Sequence[Ranking], failed: NDArray[np.bool_]) -> str:
    units = [str(i) for i in range(failed.size)]
    rows = []
    for one in sorted(found, key=lambda r: (r.way, r.seed)):
        rows.append([one.way, str(one.seed), _area(one.score, failed, units).text()])
    rows.append(["random", "", f"{failed.mean():.3f}"])
    return table(["way", "seed", "area under precision and recall [95 %]"], rows)


def _area(score: NDArray[np.float64], failed: NDArray[np.bool_], units: list[str]) -> Estimate:
    return bootstrap(
        lambda rows: average_precision(failed[rows], score[rows]), units, seed=0, rounds=200
    )


def _refused(dataset: Dataset) -> str:
    """What `kit check` refuses the data for."""
    told = [f for f in KIT.data.check(dataset, CONFIG) if f.level == "fail"]
    return "\n".join(f"- kit check, {f.check}: {f.text}: {'; '.join(f.evidence)}" for f in told)


if __name__ == "__main__":
    main()
