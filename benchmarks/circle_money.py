"""Does a retraining that is proposed pay, and is the money that is named near what comes? The truth is known.

`python -m benchmarks.circle_money [--rounds 200] [--first-seed 5000]`. Made-up lines whose rates of mistakes and
share of defects are known; a test split of 60 defects and 240 good parts was measured before. Some audits are drawn, and the hub's
own `retraining_worth` names a gain over three months and says whether it pays, beside what the same assumption of learning
(mistakes fall with the number of samples to the power of 0 to -0.5) gives at the true rates. *Audits alone* is the same under a
Jeffreys prior over escapes, overkill, reviews and right decisions, as it was before.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from benchmarks.machines_run import header, table
from cloud_sync.learning.audits import AuditCounts
from cloud_sync.learning.costs import DRAWS, LEARNING_EXPONENT, Measured, retraining_worth
from cloud_sync.sections import Prices
from kits.core.operating_point import Costs
from kits.core.stats import Floats, proportion

COSTS, PRICES = Costs(), Prices()
AUDITS = (30, 300, 3000)


@dataclass(frozen=True)
class Firm:
    """A line: its champion's rates (of defects, of good parts, of all), decisions a month, samples before and after."""

    name: str
    escapes: float
    overkills: float
    reviews: float
    decisions: int
    before: int
    after: int

    @property
    def saved(self) -> Floats:
        """Draws of the share of mistakes that more samples spare."""
        exponents = np.random.default_rng(1).uniform(*LEARNING_EXPONENT, size=DRAWS)
        found: Floats = 1 - (self.before / self.after) ** exponents
        return found

    @property
    def gains(self) -> Floats:
        """At the true rates, over the months that are counted."""
        share = COSTS.prevalence
        each = share * self.escapes * COSTS.escape + (1 - share) * self.overkills * COSTS.overkill
        found: Floats = (
            (each + self.reviews * COSTS.review) * self.decisions * PRICES.months * self.saved
        )
        return found


FIRMS = (
    Firm("a small shop, few mistakes", 0.01, 0.002, 0.03, 3_000, 300, 330),
    Firm("a fast line, hardly any", 0.001, 0.0005, 0.01, 100_000, 2_000, 2_020),
    Firm("a line that errs", 0.1, 0.01, 0.1, 10_000, 500, 700),
)


def named(firm: Firm, n: int, seed: int) -> tuple[float, bool, float, bool]:
    """Gain and whether it pays: as the hub says, and by the audits alone."""
    rng = np.random.default_rng(seed)
    bad = int(rng.binomial(n, COSTS.prevalence))
    counts = AuditCounts(
        n, bad, int(rng.binomial(bad, firm.escapes)), int(rng.binomial(n - bad, firm.overkills)),
        int(rng.binomial(n, firm.reviews)),
    )  # fmt: skip
    before = Measured(
        COSTS.prevalence,
        proportion(int(rng.binomial(60, firm.escapes)), 60),
        proportion(int(rng.binomial(240, firm.overkills)), 240),
    )
    worth = retraining_worth(
        counts, COSTS, PRICES, decisions_per_month=firm.decisions,
        labels_before=firm.before, labels_after=firm.after, before=before, seed=seed,
    )  # fmt: skip
    outcomes = np.array([counts.escapes, counts.overkills, counts.reviews], dtype=float)
    alpha = np.append(outcomes, n - outcomes.sum()) + 0.5
    prices = np.array([COSTS.escape, COSTS.overkill, COSTS.review, 0.0])
    alone = rng.dirichlet(alpha, size=DRAWS) @ prices * firm.decisions * PRICES.months * firm.saved
    pays = float((alone > worth.cost).mean()) >= 0.5
    return worth.gain.value, worth.chance >= 0.5, float(alone.mean()), pays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=5000)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.rounds)
    print(header("What a retraining is said to be worth"))
    rows = []
    for firm in FIRMS:
        true = firm.gains
        cost = PRICES.compute_hour * PRICES.compute_hours + PRICES.rollout
        truly = f"{true.mean():.0f}, {'pays' if float((true > cost).mean()) >= 0.5 else 'does not'}"
        for n in AUDITS:
            found = [named(firm, n, seed) for seed in seeds]
            for way, gain, pays in (("audits alone", 2, 3), ("ours", 0, 1)):
                yes = proportion(sum(bool(one[pays]) for one in found), len(found))
                money = float(np.mean([one[gain] for one in found]))
                rows.append([firm.name, truly, f"{n:,}", way, f"{money:.0f}", yes.text(2)])
    names = ("line", "true gain, EUR", "audits", "way", "gain named, mean", "said to pay")
    print(table(names, rows))


if __name__ == "__main__":
    main()
