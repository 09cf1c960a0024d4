"""Which way to measure "unusual" sees a small shift: the kit's quadratic forms beside an isolation forest and an autoencoder.

Each stretch of normal running is cut at 60 %: learned from before, moved after it. A method's figure is the share of
moved rows above the 99 % quantile of the unmoved ones, over every channel and both directions. The forest and the
autoencoder live here only: the decision is in `docs/adr/0021-trees-and-tables.md`.

Usage: python -m benchmarks.condition_methods [PROJECT …]; without a project, on four synthetic machines.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.condition import lagged
from kits.predictive_maintenance._device.regimes import rolling_median
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._learning.methods import METHODS
from kits.predictive_maintenance._learning.recordings import load
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance._simulated.machines import make_pump, pump_history
from kits.predictive_maintenance.config import Config
from kits.toolchain.project import Project

Floats = NDArray[np.float64]
Index: TypeAlias = Callable[[Floats], Floats]
Tree: TypeAlias = "float | tuple[int, float, Tree, Tree]"
LAGS, MEDIAN, SHIFT, SHARE, LEAST_ROWS, MOST = 10, 3, 2.0, 0.6, 200, 8
TREES, SAMPLE = 100, 256


def forest(z: Floats, rng: np.random.Generator) -> Index:
    """Isolation forest (Liu, Ting & Zhou 2008)."""
    trees = [
        _grown(z[rng.choice(len(z), min(SAMPLE, len(z)), replace=False)], 0, rng)
        for _ in range(TREES)
    ]

    def index(rows: Floats) -> Floats:
        mean: Floats = np.mean([_depths(tree, rows) for tree in trees], axis=0)
        return np.exp2(-mean / _usual_depth(SAMPLE))

    return index


def _usual_depth(rows: int) -> float:
    if rows < 3:
        return float(rows == 2)
    return float(2 * (np.log(rows - 1) + np.euler_gamma) - 2 * (rows - 1) / rows)


def _grown(rows: Floats, depth: int, rng: np.random.Generator) -> Tree:
    wide = np.flatnonzero(np.ptp(rows, axis=0) > 0) if len(rows) > 1 else np.empty(0, np.intp)
    if depth >= np.log2(SAMPLE) or not wide.size:
        return depth + _usual_depth(len(rows))
    column = int(rng.choice(wide))
    cut = float(rng.uniform(rows[:, column].min(), rows[:, column].max()))
    left = rows[:, column] < cut
    return column, cut, _grown(rows[left], depth + 1, rng), _grown(rows[~left], depth + 1, rng)


def _depths(tree: Tree, rows: Floats) -> Floats:
    if not isinstance(tree, tuple):
        return np.full(len(rows), tree)
    column, cut, below, above = tree
    left = rows[:, column] < cut
    found = np.empty(len(rows))
    found[left], found[~left] = _depths(below, rows[left]), _depths(above, rows[~left])
    return found


def autoencoder(z: Floats) -> Index:
    """Squared error of a small net that must tell a row by a third as many numbers."""
    import torch

    torch.manual_seed(0)
    width, neck = z.shape[1], max(z.shape[1] // 3, 2)
    sizes = (width, 2 * neck, neck, 2 * neck, width)
    layers: list[torch.nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.Tanh()]
    net = torch.nn.Sequential(*layers[:-1])
    given = torch.tensor(z, dtype=torch.float32)
    solver = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(300):
        solver.zero_grad()
        ((net(given) - given) ** 2).mean().backward()
        solver.step()

    def index(rows: Floats) -> Floats:
        with torch.no_grad():
            said = net(torch.tensor(rows, dtype=torch.float32)).numpy()
        return np.asarray(((said - rows) ** 2).mean(axis=1), np.float64)

    return index


def seen(stretch: Floats) -> dict[str, float]:
    """Method → share of moved rows that it sees in one stretch of (rows, channels)."""
    rows = lagged(stretch, LAGS)[LAGS - 1 :]
    rows = rows[np.isfinite(rows).all(axis=1)]
    cut, width = int(SHARE * len(rows)), stretch.shape[1]
    mean, spread = rows[:cut].mean(axis=0), np.maximum(rows[:cut].std(axis=0), 1e-6)
    learned, after = np.clip((rows[:cut] - mean) / spread, -8, 8), (rows[cut:] - mean) / spread
    found: dict[str, Index] = {
        name: _quadratic(make(learned, width, 0.9)) for name, make in METHODS.items()
    }
    found["isolation forest"] = forest(learned, np.random.default_rng(0))
    found["autoencoder"] = autoencoder(learned)
    return {name: _share(index, after, width) for name, index in found.items()}


def _quadratic(matrix: Floats) -> Index:
    return lambda rows: np.einsum("ij,ij->i", rows @ matrix, rows)


def _share(index: Index, rows: Floats, width: int) -> float:
    def smooth(given: Floats) -> Floats:
        return rolling_median(index(given), MEDIAN)[MEDIAN:]

    limit = np.quantile(smooth(rows), 0.99)
    shares = []
    for column in range(width):
        for sign in (-1, 1):
            moved = rows.copy()
            moved[:, column::width] += sign * SHIFT
            shares.append(float((smooth(moved) > limit).mean()))
    return float(np.mean(shares))


def stretches(project: Path | None) -> Iterator[Floats]:
    """Normal running: of a project's train split, or of synthetic pumps."""
    if project is None:
        for seed in range(4):
            rng = np.random.default_rng(seed)
            window, _ = pump_history(rng, make_pump(rng, "p"), hours=48, rate_hz=1 / 60)
            turning = window.channels[-1].readings > 1000
            yield window.matrix()[:-1, turning].T.astype(np.float64)
        return
    data = Project.open(project).dataset()
    usual = [r for r in load(data, data.of("train")) if r.is_normal()]
    spec, _ = choose_rows(usual, Config())
    for recording in usual:
        rows = rows_of(recording.window, spec).values
        if len(rows) >= LEAST_ROWS:
            yield rows


def main(arguments: list[str]) -> None:
    """Prints a line per data set."""
    projects: list[Path | None] = [Path(one) for one in arguments]
    for project in projects or [None]:
        chosen = [one for one, _ in zip(stretches(project), range(MOST))]
        figures = [seen(one) for one in chosen]
        told = ", ".join(f"{name} {np.mean([f[name] for f in figures]):.2f}" for name in figures[0])
        print(
            f"{project.name if project is not None else 'synthetic pumps'} ({len(figures)} stretches): {told}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
