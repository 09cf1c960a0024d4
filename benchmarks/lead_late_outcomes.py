"""What outcomes that came late do to a training: counted since their lead came, or since they were known.

Made-up firms over 730 days, of which an export on day 600 holds what was known by then; lost leads take longer than won
ones. The level stands, or moves with the year. Each is learned from three times, by steps of the backtest that count every
outcome at once, by steps that know what was known, and as `kit train` does it, which reckons with how long outcomes take,
too; with young leads kept open (`open_for_days`) or not. All judge the same leads of `test`, and what ships is judged by all leads of the 60 days after the export, whose outcomes it could
not know.

Intervals: firms drawn again. Nothing is chosen here.

Usage: python -m benchmarks.lead_late_outcomes [--firms 40] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.machines_run import header, table
from kits.core.dataset import Split
from kits.core.stats import Floats, bootstrap
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.folds import Clock, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Fitted, Learner
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import CalibratorSpec, ModelSpec
from kits.lead_scoring.config import Config

LEADS, DAYS, EXPORTED, AFTER = 5_000, 730.0, 600.0, 60.0
WON_DAYS, LOST_DAYS = 40.0, 110.0
"""Mean times until an outcome is known."""
LEVEL, NUMBERS = -1.6, (0.9, -0.5, 0.0, 0.0)
SOURCES = {"fair": 0.7, "search": 0.3, "partner": 0.0, "list": -0.2, "paper": -0.6}
MOVES = {"stands": 0.0, "moves with the year": 0.8}
OPEN_DAYS = (0, 150)
_DAY = 86_400.0
_CONFIG = Config.model_validate({"approach": "logistic"})


@dataclass(frozen=True)
class Firm:
    """Leads in order of time.

    Attributes:
        at, known: (leads,) days when they came and when their outcomes were known.
    """

    leads: tuple[Lead, ...]
    won: Floats
    at: Floats
    known: Floats


@dataclass(frozen=True)
class Found:
    """How a training did.

    Attributes:
        won, told: share won on `test`, and log-loss, as its report says.
        came: log-loss of what ships on the leads after the export.
        off: expected less won share of these.
    """

    won: float
    told: float
    came: float
    off: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=40, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: outcomes that come late"))
    print(
        f"{options.firms} firms of each kind, seed {options.seed}, means with 95 % intervals over firms\n"
    )
    rows = [row for level in MOVES for row in _rows(level, options.firms, options.seed)]
    print(
        table(
            (
                "level",
                "kept open",
                "outcomes count",
                "won, told",
                "log-loss told",
                "log-loss that came",
                "off by",
            ),
            rows,
        )
    )


def _rows(level: str, count: int, seed: int) -> Iterator[list[str]]:
    firms = [make_firm(MOVES[level], np.random.default_rng((seed, n))) for n in range(count)]
    for days in OPEN_DAYS:
        both = {
            "since the lead came": [train(firm, days, as_known=False) for firm in firms],
            "since they were known": [train(firm, days, as_known=True) for firm in firms],
            "beside how long they take": [
                train(firm, days, as_known=True, lean=True) for firm in firms
            ],
        }
        all_of = list(both.values())
        for name, found in both.items():
            columns = (
                [one.won for one in found],
                [one.told for one in found],
                [one.came for one in found],
                [one.off for one in found],
            )
            yield [level, f"{days} days", name, *(_mean(np.array(one), seed) for one in columns)]
        for word, before, after in zip([*both][1:], all_of, all_of[1:]):
            gains = [old.came - new.came for old, new in zip(before, after)]
            yield [
                level,
                f"{days} days",
                f"gain by “{word}”",
                "",
                "",
                _mean(np.array(gains), seed),
                "",
            ]


def make_firm(moves: float, rng: np.random.Generator) -> Firm:
    """A firm whose level of log-odds moves by so much with the year."""
    at = np.sort(rng.uniform(0, DAYS, LEADS))
    numbers = rng.normal(size=(LEADS, len(NUMBERS)))
    sources = rng.choice(list(SOURCES), LEADS)
    logits = LEVEL + numbers @ np.array(NUMBERS) + np.array([SOURCES[one] for one in sources])
    logits += moves * np.sin(2 * np.pi * at / 365)
    won = (rng.random(LEADS) < 1 / (1 + np.exp(-logits))).astype(np.float64)
    takes = rng.gamma(2.0, np.where(won > 0, WON_DAYS, LOST_DAYS) / 2)
    leads = tuple(
        Lead(str(n), {**{f"x{k}": float(one) for k, one in enumerate(row)}, "source": str(source)})
        for n, (row, source) in enumerate(zip(numbers, sources))
    )
    return Firm(leads, won, at, at + takes)


def train(firm: Firm, open_days: int, *, as_known: bool, lean: bool = False) -> Found:
    """Learns from what an export holds, as `kit train`; judges what it told and what came."""
    held = np.flatnonzero((firm.known <= EXPORTED) & (firm.at <= EXPORTED - open_days))
    leads, won = [firm.leads[n] for n in held], firm.won[held]
    order = firm.at[held] * _DAY
    settled = np.fmax(firm.known[held], firm.at[held] + open_days) * _DAY if as_known else None
    clock = Clock(order, settled) if settled is not None else None
    splits = _splits(len(held))
    sheet = Sheet(leads)
    kinds = kinds_of(sheet, np.arange(len(held)), sheet.names, _CONFIG.columns)
    delays = Delays(order, settled, won, EXPORTED * _DAY) if lean and settled is not None else None
    learner = Learner(sheet, won, kinds, frozenset(), _CONFIG, 0, settled=settled, delays=delays)
    steps = origins(splits, [""] * len(held), _CONFIG.folds, in_time=True, seed=0, clock=clock)
    tried = candidates(_CONFIG, few=False, in_time=True, drifting=())
    backtest = run_backtest(learner, steps, tried, in_time=True)
    fitted = learner.fit(np.arange(len(held)), backtest.shipped.candidate)
    coming = np.flatnonzero((firm.at >= EXPORTED) & (firm.at < EXPORTED + AFTER))
    chances = _scores(fitted, backtest.shipped.calibrator, [firm.leads[n] for n in coming])
    judged = [row for row, split in enumerate(splits) if split == "test"]
    told = np.array([backtest.unseen[row] for row in judged])
    each = np.ones(len(judged))
    if delays is not None:
        each = delays.stands_for(order[judged], won[judged] > 0)
    truth = firm.won[coming]
    return Found(
        won=float(np.average(won[judged], weights=each)),
        told=_loss(told, won[judged], each),
        came=_loss(chances, truth, np.ones(len(truth))),
        off=float(chances.mean() - truth.mean()),
    )


def _splits(count: int) -> list[Split]:
    return [
        "train" if n < 0.7 * count else "val" if n < 0.85 * count else "test" for n in range(count)
    ]


def _scores(fitted: Fitted, calibrator: CalibratorSpec, leads: list[Lead]) -> Floats:
    spec = ModelSpec(
        approach=fitted.candidate.name, additive=fitted.additive, trees=False, calibrator=calibrator
    )
    return np.asarray(Scorer(spec, Encoder(fitted.encoder), fitted.trees).probabilities(leads))


def _loss(chances: Floats, won: Floats, each: Floats) -> float:
    losses = -(won * np.log(chances) + (1 - won) * np.log(1 - chances))
    return float(np.average(losses, weights=each))


def _mean(values: Floats, seed: int) -> str:
    groups = [str(n) for n in range(len(values))]
    found = bootstrap(lambda rows: float(values[rows].mean()), groups, seed=seed)
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


if __name__ == "__main__":
    main()
