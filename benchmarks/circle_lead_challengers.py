"""Challengers of leads while the market moves: what is told of them, what comes, and which take over.

`python -m benchmarks.circle_lead_challengers [--firms 12] [--seed 0] [--leads 4.1]`. Made-up firms whose won deals take 40 days and lost
ones 110; on day 570 nothing happens, half or twice as many buy, or a column turns its meaning round; or the level wanders all the
time. A champion is learned on day 540, a challenger each 60 days from what was known by then, both as `kit train` does (without trees, which
take most of its time). They are
compared on the challenger's test leads as `kit compare` does but for money: log-loss lower beyond chance, and no more than 2 % of
the AUC lost beyond chance; one that passes takes over. Truth is the probabilities that leads of the next 60 days truly have, and
of log-loss what is to be expected of it. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.lead_exports_made import Choices
from benchmarks.machines_run import header, table
from kits.core.dataset import Split
from kits.core.ranked import Ranked
from kits.core.resampling import estimates
from kits.core.stats import Floats, proportion
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import FEW_LEADS, FEW_WON, candidates
from kits.lead_scoring._learning.delays import Delays
from kits.lead_scoring._learning.folds import Clock, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import ModelSpec
from kits.lead_scoring.config import Config

FIRST, ROUND, ROUNDS, NEXT, CHANGED = 540.0, 60.0, 6, 60.0, 570.0
WON_DAYS, LOST_DAYS = 40.0, 110.0
MARKETS = ("stands", "half as many buy", "twice as many buy", "a column turns", "wanders")
LABELS: Choices = {"Inbound": (0.3, 0.5), "Cold call": (0.3, -0.8), "Referral": (0.15, 1.2), "Trade fair": (0.25, 0.0)}  # fmt: skip
COUNTRIES: Choices = {"DE": (0.4, 0.3), "AT": (0.2, 0.0), "CH": (0.2, 0.4), "PL": (0.2, -0.6)}
BASE, DOUBLED_FROM, WANDERS = -1.5, -2.2, 0.25
MOST_LOST, CLEAR = 0.02, 0.002
"""Share of the AUC that may be lost; log-loss by which one is said to be better or worse in truth."""
_DAY = 86_400.0
_CONFIG = Config()
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Firm:
    """Leads in order of time.

    Attributes:
        at, known: (leads,) days when they came and when their outcomes were known.
        chance: (leads,) how likely each truly buys.
    """

    leads: tuple[Lead, ...]
    at: Floats
    known: Floats
    chance: Floats
    won: Floats


@dataclass(frozen=True)
class Bundle:
    """What one training made.

    Attributes:
        backtest: lead → probability by a model that had not seen it.
        test, each: leads of its test split, and how many each stands for.
    """

    scorer: Scorer
    backtest: Mapping[int, float]
    test: Rows
    each: Floats

    def said(self, firm: Firm, leads: Rows) -> Floats:
        """Probabilities, of leads that it learned from by its backtest."""
        found = np.array([self.backtest.get(n, np.nan) for n in leads.tolist()])
        asked = np.isnan(found)
        if asked.any():
            found[asked] = self.fresh(firm, leads[asked])
        return found

    def fresh(self, firm: Firm, leads: Rows) -> Floats:
        """Probabilities by the model that ships."""
        return np.asarray(self.scorer.probabilities([firm.leads[n] for n in leads.tolist()]))


@dataclass(frozen=True)
class Round:
    """One challenger.

    Attributes:
        told, came: log-loss less that of the import's champion, on test leads and in truth.
        better: the same less that of the champion in force, in truth.
        truth, in_force, challenger: mean probability of the next leads: true, said by the champion, by the challenger.
        excess: what the one in force has more log-loss than the true probabilities have.
    """

    told: float
    came: float
    better: float
    passed: bool
    truth: float
    in_force: float
    challenger: float
    excess: float


def make_firm(market: str, leads_a_day: float, rng: np.random.Generator) -> Firm:
    """A firm with so much of a change."""
    days = FIRST + ROUNDS * ROUND + NEXT
    count = int(leads_a_day * days)
    at = np.sort(rng.uniform(0, days, count))
    late = at >= CHANGED
    label, by_label = _choice(LABELS, rng, count)
    country, by_country = _choice(COUNTRIES, rng, count)
    value, people = rng.lognormal(8, 1, count), rng.lognormal(3, 1.2, count)
    logits = np.full(count, DOUBLED_FROM if market == "twice as many buy" else BASE) + by_country
    logits += np.where(late, -1.0, 1.0) * by_label if market == "a column turns" else by_label
    logits += 0.3 * (np.log(people + 1) - 3) - 0.35 * (np.log(value + 10) - 8)
    moved = {"half as many buy": -math.log(2), "twice as many buy": math.log(2)}
    logits += np.where(late, moved.get(market, 0.0), 0.0)
    if market == "wanders":
        levels = rng.normal(0, WANDERS, int(days / ROUND) + 1).cumsum()
        logits += levels[(at / ROUND).astype(int)]
    chance = 1 / (1 + np.exp(-logits))
    won = (rng.random(count) < chance).astype(np.float64)
    takes = rng.gamma(2, np.where(won > 0, WON_DAYS, LOST_DAYS) / 2)
    leads = tuple(
        Lead(str(n), {"label": label[n], "country": country[n], "value": float(value[n]), "people": float(people[n])})
        for n in range(count)
    )  # fmt: skip
    return Firm(leads, at, at + takes, chance, won)


def _choice(choices: Choices, rng: np.random.Generator, count: int) -> tuple[list[str], Floats]:
    names, shares = list(choices), np.array([share for share, _ in choices.values()])
    drawn = rng.choice(len(names), count, p=shares / shares.sum())
    return [names[n] for n in drawn], np.array([more for _, more in choices.values()])[drawn]


def train(firm: Firm, day: float) -> Bundle:
    """Learns from what was known by a day, as `kit train`."""
    held = np.flatnonzero(firm.known <= day)
    won, order, settled = firm.won[held], firm.at[held] * _DAY, firm.known[held] * _DAY
    splits = _splits(len(held))
    sheet = Sheet([firm.leads[n] for n in held])
    kinds = kinds_of(sheet, np.arange(len(held)), sheet.names, _CONFIG.columns)
    delays = Delays(order, settled, won, day * _DAY)
    learner = Learner(sheet, won, kinds, frozenset(), _CONFIG, 0, settled=settled, delays=delays)
    steps = origins(
        splits, [""] * len(held), _CONFIG.folds, in_time=True, seed=0, clock=Clock(order, settled), won=won
    )  # fmt: skip
    few = bool(len(held) < FEW_LEADS or won.sum() < FEW_WON)
    every = candidates(_CONFIG, few=few, in_time=True, drifting=())
    tried = tuple(one for one in every if not one.has_trees)
    backtest = run_backtest(learner, steps, tried, in_time=True)
    fitted = learner.fit(np.arange(len(held)), backtest.shipped.candidate)
    spec = ModelSpec(
        approach=fitted.candidate.name, additive=fitted.additive, trees=fitted.trees is not None, season=fitted.season,
        calibrator=backtest.shipped.calibrator,
    )  # fmt: skip
    test = np.flatnonzero(np.array(splits) == "test")
    each = delays.stands_for(order[test], won[test] > 0)
    return Bundle(
        Scorer(spec, Encoder(fitted.encoder), fitted.trees),
        {int(held[row]): chance for row, chance in backtest.unseen.items()},
        held[test][each > 0],
        each[each > 0],
    )


def _splits(count: int) -> list[Split]:
    return ["train" if n < 0.6 * count else "val" if n < 0.8 * count else "test" for n in range(count)]  # fmt: skip


def year(firm: Firm) -> list[Round]:
    """All challengers of a firm."""
    first = champion = train(firm, FIRST)
    found = []
    for number in range(ROUNDS):
        day = FIRST + (number + 1) * ROUND
        challenger = train(firm, day)
        told, _ = _compared(firm, first, challenger)
        _, passed = _compared(firm, champion, challenger)
        coming = np.flatnonzero((firm.at >= day) & (firm.at < day + NEXT))
        truth = firm.chance[coming]
        said = [one.fresh(firm, coming) for one in (first, champion, challenger)]
        loss = [float(_losses(one, truth).mean()) for one in said]
        least = float(_losses(truth, truth).mean())
        found.append(
            Round(
                told, loss[2] - loss[0], loss[2] - loss[1], passed,
                float(truth.mean()), float(said[1].mean()), float(said[2].mean()), loss[1] - least,
            )
        )  # fmt: skip
        champion = challenger if passed else champion
    return found


def _compared(firm: Firm, champion: Bundle, challenger: Bundle) -> tuple[float, bool]:
    """What a challenger has more log-loss on its test leads, and whether it passes."""
    leads, won = challenger.test, firm.won[challenger.test]
    both = [one.said(firm, leads) for one in (champion, challenger)]
    apart = _losses(both[1], won) - _losses(both[0], won)
    old, new = (Ranked(one, won > 0) for one in both)
    found = estimates(
        {
            "log_loss": lambda w: float(w @ apart / w.sum()),
            "auc": lambda w: new.tally(w).auc() / old.tally(w).auc(),
        },
        [str(n) for n in leads],
        seed=0,
        rounds=300,
        each=challenger.each,
    )
    lost = found["auc"].value < 1 - MOST_LOST and found["auc"].high < 1
    return found["log_loss"].value, bool(found["log_loss"].high < 0 and not lost)


def _losses(said: Floats, truth: Floats) -> Floats:
    found: Floats = -(truth * np.log(said) + (1 - truth) * np.log1p(-said))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=12, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leads", type=float, default=4.1, help="that come in a day")
    options = parser.parse_args()
    print(header("Challengers of leads while the market moves"))
    print(
        f"{options.firms} firms of each kind, {options.leads:g} leads a day, seed {options.seed}, means over firms\n"
    )
    by_day, by_market = [], []
    for number, market in enumerate(MARKETS):
        years = [
            year(make_firm(market, options.leads, np.random.default_rng((options.seed, number, n))))
            for n in range(options.firms)
        ]
        by_day += [
            _day_row(market, FIRST + (n + 1) * ROUND, [one[n] for one in years])
            for n in range(ROUNDS)
        ]
        by_market.append(_market_row(market, [one for every in years for one in every]))
    print(table(_DAYS, by_day))
    print(table(_MARKETS, by_market))


_DAYS = (
    "market", "day", "true of the next", "mean probability: in force", "challenger", "log-loss less the import's: told", "came",
    "in force, excess log-loss", "passed",
)  # fmt: skip
_MARKETS = ("market", "better by 0.002 or more, passed", "worse by as much, passed", "the others, passed", "told less came")  # fmt: skip


def _day_row(market: str, day: float, rounds: Sequence[Round]) -> list[str]:
    def mean(name: str, form: str) -> str:
        return format(float(np.mean([getattr(one, name) for one in rounds])), form)

    return [
        market, f"{day:.0f}", mean("truth", ".3f"), mean("in_force", ".3f"), mean("challenger", ".3f"), mean("told", "+.4f"),
        mean("came", "+.4f"), mean("excess", ".4f"), f"{sum(one.passed for one in rounds)} of {len(rounds)}",
    ]  # fmt: skip


def _market_row(market: str, rounds: Sequence[Round]) -> list[str]:
    better = [one for one in rounds if one.better <= -CLEAR]
    worse = [one for one in rounds if one.better >= CLEAR]
    others = [one for one in rounds if abs(one.better) < CLEAR]
    off = float(np.mean([one.told - one.came for one in rounds]))
    return [market, *map(_passed, (better, worse, others)), f"{off:+.4f}"]


def _passed(rounds: Sequence[Round]) -> str:
    if not rounds:
        return "none"
    passed = sum(one.passed for one in rounds)
    found = proportion(passed, len(rounds))
    return f"{passed} of {len(rounds)} [{found.low:.0%}, {found.high:.0%}]"


if __name__ == "__main__":
    main()
