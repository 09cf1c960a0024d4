"""How often a challenger is taken for better than the champion, by what is in the test split; the truth is known.

`python -m benchmarks.circle_challengers [--rounds 100] [--first-seed 5000]`. Made-up parts, 2 % of them defective, and two
models of a known quality (the distance of defects from good parts, in standard deviations), each at its own best thresholds at
the default costs; half of what is hard about a part is hard for both. 200 imported parts, of which 40 are
defective, are the first test split. Then the champion decides some parts: what it acts on or is unsure of is kept and reviewed,
as is 1 % at random. *All that was reviewed* puts a fifth of the kept and three fifths of the audits into the test split,
as it was before; *audits* is what the hub does. Judged as by `kit compare`: cheaper beyond chance, and no more escapes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.machines_run import header, table
from kits.core.kit import ItemResult
from kits.core.operating_point import Costs
from kits.core.stats import Floats, proportion
from kits.toolchain.pairing import Pair

COSTS = Costs()
AUDITED, SHARED = 0.01, 0.5
CHAMPION = 3.0
CHALLENGERS = (2.8, 3.0, 3.3)
PARTS = (3_000, 20_000)
BASE = np.arange(200) < 40
VERDICTS = np.array(["pass", "review", "act"])
Bools = NDArray[np.bool_]
Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class Judged:
    """Parts and what two models make of them: verdicts 0 (pass), 1 (review), 2 (act)."""

    bad: Bools
    champion: Numbers
    challenger: Numbers

    def of(self, chosen: Bools) -> Judged:
        """Some of them."""
        return Judged(self.bad[chosen], self.champion[chosen], self.challenger[chosen])

    def costs(self, verdicts: Numbers) -> Floats:
        """What each decision costs."""
        wrong = np.where(self.bad & (verdicts == 0), COSTS.escape, 0.0)
        wrong += np.where(~self.bad & (verdicts == 2), COSTS.overkill, 0.0)
        found: Floats = np.where(verdicts == 1, COSTS.review, wrong)
        return found

    def pair(self) -> Pair:
        """As the toolchain compares them."""
        return Pair(self._results(self.champion), self._results(self.challenger))

    def _results(self, verdicts: Numbers) -> tuple[ItemResult, ...]:
        rows = zip(self.bad, VERDICTS[verdicts], self.costs(verdicts))
        return tuple(
            ItemResult(str(n), "", "defect" if bad else "good", str(verdict), 0.0, float(cost))
            for n, (bad, verdict, cost) in enumerate(rows)
        )


@cache
def thresholds(quality: float) -> tuple[float, float]:
    """From where to review and to act at the least cost in production."""
    rng = np.random.default_rng(1)
    good, bad = np.sort(rng.normal(size=100_000)), np.sort(rng.normal(quality, 1, 100_000))
    grid = np.linspace(-1.5, quality + 2.5, 80)
    missed = np.searchsorted(bad, grid) / len(bad)
    over = 1 - np.searchsorted(good, grid) / len(good)
    share = COSTS.prevalence
    asked = share * (missed[None, :] - missed[:, None]) + (1 - share) * (
        over[:, None] - over[None, :]
    )
    cost = share * missed[:, None] * COSTS.escape + asked * COSTS.review
    cost = cost + (1 - share) * over[None, :] * COSTS.overkill
    cost[np.tril_indices(len(grid), -1)] = np.inf
    low, high = np.unravel_index(int(cost.argmin()), cost.shape)
    return float(grid[low]), float(grid[high])


def judge(rng: np.random.Generator, bad: Bools, quality: float) -> Judged:
    """The champion and a challenger look at the same parts."""
    hard = rng.normal(size=len(bad)) * np.sqrt(SHARED)
    said = []
    for one in (CHAMPION, quality):
        scores = one * bad + hard + rng.normal(size=len(bad)) * np.sqrt(1 - SHARED)
        said.append(np.searchsorted(np.array(thresholds(one)), scores, side="right"))
    return Judged(bad, *said)


def accepted(seed: int, quality: float, parts: int, chosen_too: bool) -> tuple[bool, float]:
    """Whether the challenger passes, and the measured change of the cost per 1,000."""
    rng = np.random.default_rng(seed)
    base = judge(rng, BASE, quality)
    came = judge(rng, rng.random(parts) < COSTS.prevalence, quality)
    audit = rng.random(parts) < AUDITED
    place = rng.random(parts)
    test = audit & (place < 0.6)
    if chosen_too:
        test |= ~audit & (came.champion > 0) & (place < 0.2)
    more = came.of(test)
    every = Judged(
        np.concatenate([base.bad, more.bad]),
        np.concatenate([base.champion, more.champion]),
        np.concatenate([base.challenger, more.challenger]),
    )
    pair = every.pair()
    difference = pair.cost_difference(COSTS, 0)
    before, after, n = pair.escapes()
    worse = (after - before) / n > 0.01 and pair.escapes_beyond_chance()
    return difference.high < 0 and not worse, 1000 * difference.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=5000)
    options = parser.parse_args()
    print(header("What a challenger is judged by"))
    rows = []
    for quality in CHALLENGERS:
        rng = np.random.default_rng(2)
        truth = judge(rng, rng.random(1_000_000) < COSTS.prevalence, quality)
        change = float((truth.costs(truth.challenger) - truth.costs(truth.champion)).mean())
        for parts in PARTS:
            for chosen_too in (True, False):
                seeds = range(options.first_seed, options.first_seed + options.rounds)
                found = [accepted(seed, quality, parts, chosen_too) for seed in seeds]
                taken = proportion(sum(ok for ok, _ in found), len(found))
                rows.append([
                    f"{1000 * change:+.1f}", f"{parts:,}", "all that was reviewed" if chosen_too else "audits",
                    f"{np.mean([measured for _, measured in found]):+.1f}", taken.text(2),
                ])  # fmt: skip
    print(
        table(("true change per 1,000, EUR", "parts", "test split", "measured", "accepted"), rows)
    )


if __name__ == "__main__":
    main()
