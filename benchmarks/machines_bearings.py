"""Named faults on CWRU (12 kHz, drive end): every way the kit compares, on one bearing per fault left out.

`python -m benchmarks.machines_bearings --data FOLDER [--seeds 3] [--bands kurtogram]`. One fault size is one physical bearing: a fold leaves
out one size of each fault. Whole recordings and windows of 4,096 readings; the figure of windows drawn at random stands
beside as a warning. Three classes: there is one normal recording, which nobody can leave out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, new_project, table, workplace
from kits.core.runtime import cpu_session
from kits.core.stats import bootstrap
from kits.core.window import Window
from kits.predictive_maintenance._device.faults import FaultJudge
from kits.predictive_maintenance._judging.scores import macro_f1
from kits.predictive_maintenance._learning.faults import _Work, label_of
from kits.predictive_maintenance._learning.recordings import Recording, load
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config
from kits.toolchain.project import Project

BEARING, WINDOW, NORMAL = "6205", 4096, "normal"


@dataclass(frozen=True)
class Said:
    """One opinion: of a whole recording or of one window."""

    way: str
    bearing: str
    whole: bool
    truth: str
    said: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3, help="of the trees; the folds are given")
    parser.add_argument(
        "--bands", choices=("fixed", "kurtogram"), default="fixed", help="`model.envelope_bands`"
    )
    options = parser.parse_args()
    config = Config(bearings=(BEARING,), envelope_bands=options.bands)
    with workplace(options.data) as (root, data):
        dataset = Project.open(new_project(root, data)).dataset()
        everything = load(dataset, dataset.items)
    faulty = [one for one in everything if label_of(one) != NORMAL]
    print(header("CWRU, one bearing of each fault left out, three classes"))
    print(
        f"dataset `{dataset.id[:12]}`; {len(faulty)} recordings of {len({o.group for o in faulty})} bearings\n"
    )
    opinions = [one for seed in range(options.seeds) for one in left_out(faulty, config, seed)]
    print(_table(opinions, random_windows(faulty, config)))


def left_out(faulty: Sequence[Recording], config: Config, seed: int) -> Iterator[Said]:
    """Every way, fitted without one size, asked about it; through the device's graph."""
    for size in sorted({_size(one) for one in faulty}):
        work = _work([one for one in faulty if _size(one) != size], config, seed)
        asked = [one for one in faulty if _size(one) == size]
        for way in work.ways():
            spec = way if way.method == "rule" else work.filled(way)
            session = None if way.method == "rule" else cpu_session(work.fitted(spec))
            judge = FaultJudge(spec, session)
            name = _name(way.method, len(way.columns), work)
            for one in asked:
                yield Said(name, one.group, True, label_of(one), _label(judge, one.window))
                for window in windows(one.window):
                    yield Said(name, one.group, False, label_of(one), _label(judge, window))


def _label(judge: FaultJudge, window: Window) -> str:
    return judge.trace(window).labels[-1]


def random_windows(faulty: Sequence[Recording], config: Config) -> dict[str, float]:
    """What the same ways seem to do where windows are drawn at random: 30 % of them."""
    work = _work(faulty, config, 0)
    return {
        _name(spec.method, len(spec.columns), work): work.judged(spec).random_accuracy
        for spec in work.ways()
        if spec.method != "rule"
    }


def _work(known: Sequence[Recording], config: Config, seed: int) -> _Work:
    rows, _ = choose_rows(known, config)
    names = tuple(sorted({label_of(one) for one in known}))
    return _Work(known, rows, names, config, seed, "cpu")


def _name(method: str, columns: int, work: _Work) -> str:
    return (
        "linear, bearing orders"
        if method == "linear" and columns < len(work.rows.names)
        else method
    )


def _size(one: Recording) -> str:
    return one.group.rsplit("/", 1)[-1]


def windows(window: Window) -> Iterator[Window]:
    """Windows of 4,096 readings, each a recording of its own."""
    for start in range(0, window.channels[0].readings.size - WINDOW + 1, WINDOW):
        parts = tuple(
            replace(c, readings=c.readings[start : start + WINDOW]) for c in window.channels
        )
        yield replace(window, channels=parts)


def _table(opinions: Sequence[Said], random: dict[str, float]) -> str:
    rows = []
    for way in dict.fromkeys(one.way for one in opinions):
        mine = [one for one in opinions if one.way == way]
        cells = [way]
        for whole in (True, False):
            some = [one for one in mine if one.whole == whole]
            cells += list(_figures(some))
        rows.append([*cells, f"{random[way]:.3f}" if way in random else "–"])
    columns = [
        "way", "accuracy, recordings [95 %]", "macro F1", "accuracy, windows of 4,096", "macro F1",
        "windows at random: a warning",
    ]  # fmt: skip
    return table(columns, rows)


def _figures(some: Sequence[Said]) -> Iterator[str]:
    """Accuracy with an interval over bearings, and macro F1."""
    names = sorted({one.truth for one in some})
    truth = np.array([names.index(one.truth) for one in some])
    said = np.array([names.index(one.said) for one in some])

    def accuracy(rows: NDArray[np.intp]) -> float:
        return float((truth[rows] == said[rows]).mean())

    yield bootstrap(accuracy, [one.bearing for one in some], seed=0, rounds=1000).text()
    yield f"{macro_f1(truth, said, len(names)):.3f}"


if __name__ == "__main__":
    main()
