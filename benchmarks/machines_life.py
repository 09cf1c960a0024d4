"""Remaining life on C-MAPSS FD001, official test: trained on 100 engines to their end, judged on 100 others.

`python -m benchmarks.machines_life --data FOLDER [--seeds 3]`. For each seed: RMSE and NASA score with the truth
capped at 125 and not capped, coverage of the 90 % interval, the alarm policy on engines left out. Beside it, on the same
engines: always saying the mean life, and a small network on the same windows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import Run, header, new_project, table, train, workplace
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device.remaining import life_columns
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._judging.scores import nasa_score
from kits.predictive_maintenance._learning.recordings import LIFE, Recording

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
            told = list(_judged(run, seed))
            rows += told if not seed else told[:1]
            notes.append(f"- {run.words()}: {_alarm_words(run)}")
        print(
            table(
                ["", "RMSE", "NASA", "coverage of 90 %", "RMSE, not capped", "NASA, not capped"],
                rows,
            )
        )
        print("\n".join(notes))


def _judged(run: Run, seed: int) -> list[list[str]]:
    """Ours, then what it is measured against."""
    test = run.recordings("test")
    truth = np.array([_life(one) for one in test])
    ours = run.runtime.predict([one.window for one in test])
    said = [next(q for q in one.quantities if q.name == LIFE) for one in ours]
    inside = sum(
        (q.low or 0.0) <= min(left, CAP) <= (q.high or 0.0) for q, left in zip(said, truth)
    )
    rows = [
        _row(
            f"ours, seed {seed}",
            np.array([q.value for q in said]),
            truth,
            proportion(inside, len(said)),
        )
    ]
    if seed:
        return rows
    known = run.recordings("train", "val")
    inputs, left, owner = _learnt(run, known)
    given = np.stack([_columns(run, one)[-1] for one in test])
    rows.append(_row("always the mean life", np.full(len(test), left.mean()), truth))
    rows.append(_row("ridge on the same columns", _ridge(inputs, left)(given), truth))
    rows.append(
        _row(
            "network 64–32 on the same columns, mean of 3",
            _network(inputs, left, owner)(given),
            truth,
        )
    )
    return rows


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
    spec = run.runtime.spec.remaining
    assert spec is not None
    return life_columns(spec.scaled(rows_of(one.window, spec.rows).values), spec.window, 0.0)


def _learnt(run: Run, known: list[Recording]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Every third row of the engines that ran to their end: columns, life left up to the cap, number of the engine."""
    inputs = [_columns(run, one)[2::3] for one in known]
    left = [np.minimum(np.arange(one.readings - 1, -1, -1.0), CAP)[2::3] for one in known]
    owner = [np.full(len(part), number) for number, part in enumerate(inputs)]
    return np.vstack(inputs), np.concatenate(left), np.concatenate(owner)


Predictor = Callable[[Floats], Floats]


def _ridge(inputs: Floats, left: Floats) -> Predictor:
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    z = (inputs - mean) / scale
    weights = np.linalg.solve(
        z.T @ z + len(z) * 0.01 * np.eye(z.shape[1]), z.T @ (left - left.mean())
    )
    return lambda rows: np.clip((rows - mean) / scale @ weights + left.mean(), 0, CAP)


def _network(inputs: Floats, left: Floats, owner: NDArray[np.intp]) -> Predictor:
    """Two hidden layers; stopped early on a tenth of the engines, three starts."""
    import torch

    torch.set_num_threads(1)
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    nets = []
    for seed in range(3):
        held = np.isin(owner, np.random.default_rng(seed).permutation(owner.max() + 1)[::10])
        nets.append(_fitted((inputs - mean) / scale, left / CAP, held, seed))

    def predict(rows: Floats) -> Floats:
        with torch.no_grad():
            z = torch.tensor((rows - mean) / scale, dtype=torch.float32)
            found = np.mean([net(z).numpy()[:, 0] for net in nets], axis=0)
        scaled: Floats = np.clip(np.asarray(found, np.float64) * CAP, 0, CAP)
        return scaled

    return predict


def _fitted(z: Floats, target: Floats, held: NDArray[np.bool_], seed: int) -> Any:
    """A torch network, with the weights that were best on the units held out."""
    import torch

    torch.manual_seed(seed)
    x, y = torch.tensor(z, dtype=torch.float32), torch.tensor(target, dtype=torch.float32)[:, None]
    learn, check = torch.tensor(np.flatnonzero(~held)), torch.tensor(np.flatnonzero(held))
    layers = [torch.nn.Linear(z.shape[1], 64), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(64, 32),
              torch.nn.ReLU(), torch.nn.Linear(32, 1)]  # fmt: skip
    net = torch.nn.Sequential(*layers)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
    best, kept = float("inf"), net.state_dict()
    for _ in range(60):
        net.train()
        for batch in torch.randperm(learn.numel()).split(256):
            rows = learn[batch]
            loss = torch.nn.functional.mse_loss(net(x[rows]), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        net.eval()
        with torch.no_grad():
            error = float(torch.nn.functional.mse_loss(net(x[check]), y[check]))
        if error < best:
            best, kept = error, {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    return net.eval()


def _alarm_words(run: Run) -> str:
    spec = run.runtime.spec.remaining
    assert spec is not None
    return spec.lead_text


if __name__ == "__main__":
    main()
