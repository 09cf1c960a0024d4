"""Remaining life on C-MAPSS FD001, official test: trained on 100 engines to their end, judged on 100 others.

`python -m benchmarks.machines_life --data FOLDER [--seeds 3]`. For each seed: RMSE and NASA score with the truth
capped at 125 and not capped, coverage of the 90 % interval, the alarm policy on engines left out. Beside it, on the same
engines: the trees alone, the network alone, a ridge on the trees' columns, always saying the mean life.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from kits.core.kit import NoProgress
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device.life_columns import life_width
from kits.predictive_maintenance._device.remaining import RemainingSpec
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning.life_choice import choose
from kits.predictive_maintenance._learning.life_models import DRAWS, Fit
from kits.predictive_maintenance._learning.life_table import LifeTable
from kits.predictive_maintenance._learning.recordings import LIFE, Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
CAP = 125.0
ROUNDS = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    print(header("C-MAPSS FD001, official test"))
    with workplace(options.data) as (root, data):
        place = new_project(root, data)
        rows, notes = [], []
        for seed in range(options.seeds):
            run = train(place, (), seed)
            alone = train(place, ("model.life.network=never",), seed)
            rows += [_shipped(f"ours, seed {seed}", run), _shipped("trees alone", alone)]
            rows += _beside(run, seed)
            notes.append(f"- {run.words()}: {_told(run)}")
        print(
            table(
                ["", "RMSE", "NASA", "coverage of 90 %", "RMSE, not capped", "NASA, not capped"],
                rows,
            )
        )
        print("\n".join(notes))


def _shipped(name: str, run: Run) -> list[str]:
    """What a bundle says, through the device's runtime."""
    test = run.recordings("test")
    truth = np.array([_life(one) for one in test])
    found = run.runtime.predict([one.window for one in test])
    said = [next(q for q in one.quantities if q.name == LIFE) for one in found]
    inside = sum(
        (q.low or 0.0) <= min(left, CAP) <= (q.high or 0.0) for q, left in zip(said, truth)
    )
    return _row(name, np.array([q.value for q in said]), truth, proportion(inside, len(said)))


def _beside(run: Run, seed: int) -> list[list[str]]:
    """What it is measured against; with the first seed also what has none."""
    test, known = run.recordings("test"), run.recordings("train", "val")
    truth = np.array([_life(one) for one in test])
    given = np.stack([_columns(run, one)[-1] for one in test])
    rows = [_row("network alone", _network_alone(known, seed)(given), truth)]
    if seed:
        return rows
    inputs, left = _learnt(run, known)
    plain = life_width(len(_spec(run).rows.names))
    rows.append(
        _row(
            "ridge on the trees' columns", _ridge(inputs[:, :plain], left)(given[:, :plain]), truth
        )
    )
    rows.append(_row("always the mean life", np.full(len(test), left.mean()), truth))
    return rows


def _spec(run: Run) -> RemainingSpec:
    spec = run.runtime.spec.remaining
    assert spec is not None
    return spec


def _life(one: Recording) -> float:
    assert one.life is not None
    return one.life.value


def _row(name: str, said: Floats, truth: Floats, coverage: Estimate | None = None) -> list[str]:
    cells = [name]
    for cap in (CAP, np.inf):
        error = said - np.minimum(truth, cap)
        cells += [estimate.text(2) for estimate in _figures(error).values()]
    cells.insert(3, coverage.text() if coverage else "–")
    return cells


def _figures(error: Floats) -> Mapping[str, Estimate]:
    units = [str(i) for i in range(error.size)]
    return {
        "rmse": bootstrap(
            lambda i: float(np.sqrt((error[i] ** 2).mean())), units, seed=0, rounds=ROUNDS
        ),
        "nasa": bootstrap(lambda i: nasa_score(error[i]), units, seed=0, rounds=ROUNDS),
    }


def _columns(run: Run, one: Recording) -> Floats:
    """With those of a network, whatever ships."""
    spec = _spec(run).model_copy(update={"method": "both"})
    return spec.columns(spec.scaled(rows_of(one.window, spec.rows).values))


def _learnt(run: Run, known: list[Recording]) -> tuple[Floats, Floats]:
    """Every third row of the engines that ran to their end: columns, life left up to the cap."""
    inputs = [_columns(run, one)[2::3] for one in known]
    left = [np.minimum(np.arange(one.readings - 1, -1, -1.0), CAP)[2::3] for one in known]
    return np.vstack(inputs), np.concatenate(left)


Predictor = Callable[[Floats], Floats]


def _ridge(inputs: Floats, left: Floats) -> Predictor:
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    z = (inputs - mean) / scale
    weights = np.linalg.solve(
        z.T @ z + len(z) * 0.01 * np.eye(z.shape[1]), z.T @ (left - left.mean())
    )
    return lambda rows: np.clip((rows - mean) / scale @ weights + left.mean(), 0, CAP)


def _network_alone(known: list[Recording], seed: int) -> Predictor:
    """The network that is half of what ships, with the caution it would have by itself."""
    config = Config()
    table = LifeTable.of(known, choose_rows(known, config)[0], config, seed, history=True)
    lives, cap = table.lives(known, "network")
    fit = Fit(config, seed, "cpu", cap, len(table.rows.names))
    caution = choose(fit.out_of_fold(lives, ("network",), NoProgress()), cap).chosen.caution
    models = fit.ensemble(lives, "network", draws=DRAWS)
    return lambda rows: np.clip(models.predict(rows) - caution, 0, cap)


def _told(run: Run) -> str:
    """Which of the models ships, and when it warns."""
    spec = _spec(run)
    return f"{spec.method}; {spec.lead_text}"


if __name__ == "__main__":
    main()
