"""How often the hub's drift alarms in a year in which nothing changes, and how late when something does.

`python -m benchmarks.circle_drift [--years 40] [--first-seed 5000]`. Made-up scores, some decisions a day, of a line
that is one thing all year; the hub's own reading (`drift.py`: first seven days, last seven, young bundles by halves)
looks every twelve hours. *At a rate for one look* is the same with the threshold that 1 % of single looks exceed, and days taken
for no more than their decisions, which it was before. Then scores move by a known amount on a day in the third week.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import numpy as np

from benchmarks.machines_run import header, table
from cloud_sync.learning import drift
from cloud_sync.learning.drift import Series, dependence_block, halves, ks_distance
from kits.core.stats import Floats, proportion

SPAN = 7.0
EVERY = 0.5
YEAR = 365
KINDS = {
    "independent": (0.0, 1.0),
    "orders of 5 hours": (0.5, 0.2),
    "orders of 17 hours": (0.5, 0.7),
    "batches of 5 days": (0.3, 5.0),
}
"""Standard deviation between stretches (1 within them), and their length in days."""


@dataclass
class Line:
    """A year of scores, and thresholds by the size of the window that were simulated already."""

    at: Floats
    scores: Floats
    singly: bool
    _known: dict[tuple[int, int, int], float] = field(default_factory=dict)

    def sides(self, now: float) -> tuple[Series, Series] | None:
        """What is compared at a moment; None: too early."""
        first = float(self.at[0])
        if now <= first + SPAN:
            early = self._series(first, now, 0.25)
            return halves(early) if self.singly or now - first >= 2 else None
        begins = max(first + SPAN, now - SPAN)
        if now - begins < 1 and not self.singly:
            return None
        return self._series(first, first + SPAN, 1.0), self._series(begins, now, 1.0)

    def alarms(self, now: float) -> bool:
        """Whether a look at this moment finds drift."""
        sides = self.sides(now)
        if sides is None:
            return False
        first, last = sides
        if len(first) < drift.MIN_BASELINE or len(last) < drift.MIN_WINDOW:
            return False
        return ks_distance(first.scores, last.scores) > self._threshold(first, last)

    def _series(self, begins: float, ends: float, cell: float) -> Series:
        a, z = np.searchsorted(self.at, [begins, ends])
        cells = ((self.at[a:z] - begins) // cell).astype(np.intp)
        return Series(self.scores[a:z], cells).thinned()

    def _threshold(self, first: Series, last: Series) -> float:
        rate = drift.FALSE_ALARM_RATE / drift.LOOKS
        further = float(np.sqrt(np.log(2 / rate) / np.log(2 / drift.SIMULATED)))
        block = self._block(first)
        blocks = self._simulated(first, len(last), block)
        if self.singly:
            return blocks
        return further * max(
            blocks, drift.unlikeness(first, last, rate) * self._simulated(first, len(last), 1)
        )

    def _block(self, first: Series) -> int:
        """Of one baseline it is measured once."""
        key = (len(first), int(first.cells.max()), -1)
        if key not in self._known:
            self._known[key] = dependence_block(first.scores)
        return int(self._known[key])

    def _simulated(self, first: Series, n: int, block: int) -> float:
        """Of windows of nearly the same size the one threshold."""
        key = len(first), int(np.log(n) / 0.05), block
        if key not in self._known:
            self._known[key] = drift.calibrated_threshold(first.scores, n, block=block, rounds=300)
        return self._known[key]


def line(seed: int, kind: str, per_day: int, *, shift: float = 0.0, singly: bool) -> Line:
    """A made-up year; from day 20 on scores are higher by `shift`."""
    spread, length = KINDS[kind]
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, YEAR, per_day * YEAR))
    stretch = (at / length).astype(int)
    scores = rng.normal(size=len(at)) + rng.normal(0, spread, int(stretch.max()) + 1)[stretch]
    return Line(at, scores + shift * (at >= 20), singly)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=40)
    parser.add_argument("--first-seed", type=int, default=5000)
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.years)
    print(header("Drift over a year"))
    rows = []
    for kind in KINDS:
        for singly in (True, False):
            found = [_year(line(seed, kind, 60, singly=singly)) for seed in seeds]
            some = proportion(sum(n > 0 for n in found), len(found))
            way = "at a rate for one look" if singly else "ours"
            rows.append([kind, way, some.text(2), f"{np.mean(found):.1f}"])
    print(
        table(("decisions", "threshold", "years with an alarm", "days with an alarm"), rows),
        flush=True,
    )
    rows = []
    for kind in ("independent", "orders of 17 hours"):
        for shift in (0.3, 0.5, 1.0):
            for singly in (True, False):
                late = [_found(line(seed, kind, 60, shift=shift, singly=singly)) for seed in seeds]
                known = [days for days in late if days is not None]
                within = proportion(len(known), len(late))
                way = "at a rate for one look" if singly else "ours"
                half = f"{np.median(known):.1f}" if known else "-"
                rows.append([kind, f"{shift:g}", way, within.text(2), half])
    print(table(("decisions", "shift, sd", "threshold", "found in 30 days", "days, median"), rows))


def _year(one: Line) -> int:
    """Days on which a look alarms."""
    return len({int(now) for now in np.arange(1, YEAR, EVERY) if one.alarms(float(now))})


def _found(one: Line) -> float | None:
    moments = np.arange(20, 50, EVERY)
    return next((float(now) - 20 for now in moments if one.alarms(float(now))), None)


if __name__ == "__main__":
    main()
