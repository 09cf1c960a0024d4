"""How often the bounds that a bundle of pictures states are broken, by drawn scores whose true rates are known.

Thresholds of least cost from so many good and defective parts (normal scores, spread 1 and 1.5): each bound may be broken in 5 of
100 draws. Thresholds from good parts alone, of days and lots of four days that differ, in some whole weeks of 34: the same of the
one bound, with days known and without. The program's own `_thresholds` choose; nothing is chosen here.

Usage: python -m benchmarks.picture_bounds [--draws 200] [--seed 0]
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from benchmarks.machines_run import header, table
from kits.core.operating_point import Costs
from kits.core.sample import week_of
from kits.core.stats import proportion
from kits.visual_inspection._thresholds import Scores, by_conformal, by_cost

_SPREAD, _RATE = 1.5, 0.01
_DAYS = [str(date(2025, 1, 1) + timedelta(days=day)) for day in range(240)]
_WEEKS = [week_of(day) for day in _DAYS]
_VAL_WEEKS, _LOT_DAYS = 5, 4
_STATED = re.compile(r"≤ ([\d.]+)%")
_ROUNDED = 5e-4
"""Bounds are stated to a tenth of a percent."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Pictures: bounds by drawn scores"))
    cases = ((40, 12, 1.5), (100, 20, 1.5), (100, 60, 1.5), (300, 100, 3.0))
    print(table(("good, defective, apart", "escapes above the bound", "false rejects above", "bounds stated", "true"), [_of_cost(options, *case) for case in cases]))  # fmt: skip
    print()
    spread = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
    print(table(("lots, days differ by; parts a day", "above, days unknown", "above, days known", "bound: unknown", "known", "came"), [_of_days(options, *one, per) for one in spread for per in (2, 10)]))  # fmt: skip


def _stated(guarantee: str) -> list[float]:
    return [float(found) / 100 for found in _STATED.findall(guarantee)]


def _of_cost(options: argparse.Namespace, good: int, bad: int, apart: float) -> list[str]:
    bounds, rates = [], []
    for draw in range(options.draws):
        rng = np.random.default_rng((options.seed, draw))
        sides = rng.normal(0, 1, good), rng.normal(apart, _SPREAD, bad)
        one, two = (Scores(side, list(map(str, range(len(side))))) for side in sides)
        chosen = by_cost(one, two, Costs())
        bounds.append(_stated(chosen.guarantee)[:2])
        rates.append(
            (_below((chosen.band.review_from - apart) / _SPREAD), 1 - _below(chosen.band.act_at))
        )
    said, came = np.array(bounds), np.array(rates)
    broken = (came > said + _ROUNDED).sum(axis=0)
    means = [", ".join(f"{100 * value:.1f} %" for value in side.mean(axis=0)) for side in (said, came)]  # fmt: skip
    return [f"{good}, {bad}, {apart:g}", *(_of(int(n), options.draws) for n in broken), *means]


def _of_days(options: argparse.Namespace, lots: float, days: float, per: int) -> list[str]:
    said: dict[bool, list[float]] = {False: [], True: []}
    broken = {False: 0, True: 0}
    rates: list[float] = []
    for draw in range(options.draws):
        rng = np.random.default_rng((options.seed, draw))
        lot = lots * rng.normal(size=len(_DAYS) // _LOT_DAYS)
        day = days * rng.normal(size=len(_DAYS))
        chosen = set(rng.permutation(sorted(set(_WEEKS)))[:_VAL_WEEKS])
        rows = [d for d in range(len(_DAYS)) if _WEEKS[d] in chosen for _ in range(per)]
        values = np.array([lot[d // _LOT_DAYS] + day[d] for d in rows]) + rng.normal(size=len(rows))
        for known in (False, True):
            names: Sequence[str] = [_DAYS[d] for d in rows] if known else ()
            made = by_conformal(Scores(values, list(map(str, range(len(rows)))), names), _RATE)
            came = 1 - _below(made.band.act_at / math.sqrt(1 + lots**2 + days**2))
            bound = _stated(made.guarantee)[-1]
            said[known].append(bound)
            broken[known] += came > bound + _ROUNDED
        rates.append(came)
    return [
        f"{lots:g}, {days:g}; {per}",
        *(_of(broken[known], options.draws) for known in (False, True)),
        *(f"{100 * float(np.mean(said[known])):.1f} %" for known in (False, True)),
        f"{100 * float(np.mean(rates)):.1f} %",
    ]


def _below(value: float) -> float:
    return 0.5 * (1 + math.erf(value / math.sqrt(2)))


def _of(n: int, total: int) -> str:
    rate = proportion(n, total)
    return f"{n} of {total} [{rate.low:.2f}, {rate.high:.2f}]"


if __name__ == "__main__":
    main()
