"""How often the interval beside a probability holds the true share of won among leads of the next period.

Asked of steps whose outcomes are drawn (a model that is right but for the level of each step), by how many steps there
were, how many leads each has and how far levels lie from each other; and of made-up firms that are learned from as
`kit train` does, whose next leads are judged by what ships. Each period's level is drawn anew, ±0 or ±0.3 in log-odds.
The interval promises 90 %.

Nothing is chosen here: the rule is in `kits/lead_scoring/_learning/intervals.py`.

Usage: python -m benchmarks.lead_intervals [--draws 100] [--firms 30] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.machines_run import header, table
from kits.core.dataset import Split
from kits.core.stats import Floats
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.calibration import Slice, calibrate
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.folds import origins
from kits.lead_scoring._learning.intervals import interval_of
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.level import level_of, raised
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.calibrator import calibrated, probability
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import CalibratorSpec, IntervalSpec, ModelSpec
from kits.lead_scoring.config import Config

STEPS, LEADS, MOVES = (3, 4, 6), (300, 1_500), (0.0, 0.3)
FIRMS = (600, 2_000)
"""Leads of a firm, the coming ones aside."""
PERIOD = 0.15
"""Share of a firm's leads that have a level of their own: as many as `val` and `test` have."""
PARTS = 10
GRID = np.linspace(-3.0, 1.0, 30)
_CONFIG = Config.model_validate({"approach": "logistic"})


@dataclass(frozen=True)
class Judged:
    """What an interval is made of, and what it is held against.

    Attributes:
        logits: calibrated, at which the interval is asked.
        true: log-odds of the share of won there.
    """

    slices: tuple[Slice, ...]
    calibrator: CalibratorSpec
    logits: Floats
    true: Floats
    past: tuple[Floats, ...] = ()

    def inside(self, spec: IntervalSpec) -> tuple[float, float]:
        """Share of the places where the interval holds the truth, and its mean width."""
        low, high = (np.interp(self.logits, spec.knots, ends) for ends in (spec.low, spec.high))
        held = (low <= self.true) & (self.true <= high)
        return float(held.mean()), float((probability(high) - probability(low)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=100, help="of each kind")
    parser.add_argument("--firms", type=int, default=30, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: the interval beside a probability"))
    print(f"{options.draws} draws and {options.firms} firms of each kind, seed {options.seed}\n")
    drawn = list(_drawn(options.draws, options.seed))
    print(table(("levels", "steps", "leads a step", "inside", "width"), drawn), flush=True)
    print()
    firms = list(_of_firms(options.firms, options.seed))
    print(table(("levels", "leads of the firm", "inside", "width"), firms))


def _drawn(draws: int, seed: int) -> Iterator[list[str]]:
    for moves in MOVES:
        for steps in STEPS:
            for leads in LEADS:
                rng = np.random.default_rng([seed, steps, leads, round(100 * moves)])
                found = [draw(rng, steps, leads, moves) for _ in range(draws)]
                yield [f"±{moves:g}", str(steps), f"{leads:,}", *_told(found)]


def _of_firms(firms: int, seed: int) -> Iterator[list[str]]:
    for moves in MOVES:
        for leads in FIRMS:
            found = [
                firm(np.random.default_rng([seed, n, leads, round(100 * moves)]), leads, moves)
                for n in range(firms)
            ]
            yield [f"±{moves:g}", f"{leads:,}", *_told(found)]


def _told(found: list[Judged]) -> list[str]:
    held = [one.inside(interval_of(one.slices, one.calibrator, one.past)) for one in found]
    inside, width = np.array(held).mean(axis=0)
    return [f"{inside:.1%}", f"{width:.3f}"]


def draw(rng: np.random.Generator, steps: int, leads: int, moves: float) -> Judged:
    """Steps whose model is right but for their levels."""
    levels = rng.normal(0.0, moves, steps + 1)
    slices = []
    for level in levels[:-1]:
        margins = rng.normal(-1.0, 1.2, leads)
        won = (rng.random(leads) < probability(margins + level)).astype(np.float64)
        slices.append(Slice(margins, won))
    calibrator, _ = calibrate(slices, "auto")
    level = level_of(slices, calibrator)
    calibrator = raised(calibrator, level.to_come)
    logits = calibrated(GRID, calibrator)
    return Judged(tuple(slices), calibrator, logits, GRID + levels[-1], level.past)


def firm(rng: np.random.Generator, count: int, moves: float) -> Judged:
    """A firm that is learned from; its next leads by tenths of their scores."""
    coming = round(PERIOD * count)
    every = count + coming
    numbers = rng.normal(size=(every, 4))
    sources = rng.choice([0.7, 0.3, 0.0, -0.4], every)
    levels = rng.normal(0.0, moves, -(-every // coming))
    logits = -1.6 + numbers @ np.array([0.9, -0.5, 0.3, 0.0]) + sources
    # the coming leads have the last level whole, those before are counted from them
    logits += levels[(every - 1 - np.arange(every)) // coming]
    won = (rng.random(every) < probability(logits)).astype(np.float64)
    leads = [
        Lead(str(n), {**{f"x{k}": float(x) for k, x in enumerate(row)}, "source": f"s{source}"})
        for n, (row, source) in enumerate(zip(numbers, sources))
    ]
    return _learned(leads, won[:count], logits[count:])


def _learned(leads: list[Lead], won: Floats, coming: Floats) -> Judged:
    count = len(won)
    splits: list[Split] = [
        "train" if n < 0.7 * count else "val" if n < 0.85 * count else "test" for n in range(count)
    ]
    sheet, rows = Sheet(leads[:count]), np.arange(count)
    kinds = kinds_of(sheet, rows, sheet.names, _CONFIG.columns)
    learner = Learner(sheet, won, kinds, frozenset(), _CONFIG, 0)
    steps = origins(splits, [""] * count, _CONFIG.folds, in_time=True, seed=0)
    tried = candidates(_CONFIG, few=False, in_time=True, drifting=())
    backtest = run_backtest(learner, steps, tried, in_time=True)
    shipped = backtest.shipped
    fitted = learner.fit(rows, shipped.candidate)
    spec = ModelSpec(
        approach=shipped.candidate.name, additive=fitted.additive, trees=False, calibrator=shipped.calibrator
    )  # fmt: skip
    chances = np.asarray(
        Scorer(spec, Encoder(fitted.encoder), fitted.trees).probabilities(leads[count:])
    )
    parts = np.array_split(np.argsort(chances), PARTS)
    said = np.array([_log_odds(chances[part].mean()) for part in parts])
    true = np.array([_log_odds(probability(coming[part]).mean()) for part in parts])
    return Judged(backtest.slices, shipped.calibrator, said, true, shipped.level.past)


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


if __name__ == "__main__":
    main()
