"""How often `kit check` tells of a season where there is one, and where the share won moves otherwise.

Made-up firms: their share won swings with the year, or stands, rises throughout, jumps once, has one hump, or wanders from
month to month (a random walk, and one that is drawn back to its mean).

Intervals: exact, of shares of firms. Nothing is chosen here.

Usage: python -m benchmarks.lead_seasons [--firms 200] [--seed 0]
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.machines_run import header, table
from kits.core.stats import Floats, proportion
from kits.lead_scoring._checking.seasons import season_of

SIZES = ((1_500, 2.05), (4_000, 2.05), (4_000, 3.05), (20_000, 3.05), (20_000, 5.05))
"""Leads and years."""
SWINGS = (0.2, 0.4)
"""In log-odds, to either side."""
LEVEL, SPREAD = -1.2, 0.6
_YEAR = 365.2425 * 86_400.0
_START = 1.6e9
_MONTHLY = 0.15

KINDS = ("stands", "rises", "jumps once", "one hump", "wanders", "wanders about a mean")
"""Of firms without a season."""


def moves(kind: str, place: Floats, years: float, rng: np.random.Generator) -> Floats:
    """(rows,) what is added to the log-odds of a firm of this kind.

    Args:
        place: (rows,) places in time from 0 to 1.
    """
    added: Floats = np.zeros(len(place))
    if kind == "rises":
        added += 1.5 * (place - 0.5)
    elif kind == "jumps once":
        added += 0.7 * (place > rng.uniform(0.2, 0.8))
    elif kind == "one hump":
        added += 0.6 * np.exp(-(((place - rng.uniform(0.2, 0.8)) / 0.1) ** 2))
    elif kind in ("wanders", "wanders about a mean"):
        added += _wanders(place, years, 1.0 if kind == "wanders" else 0.8, rng)
    return added


def _wanders(place: Floats, years: float, kept: float, rng: np.random.Generator) -> Floats:
    months = max(round(years * 12), 1)
    level = np.zeros(months)
    for month in range(1, months):
        level[month] = kept * level[month - 1] + rng.normal(0, _MONTHLY)
    return np.asarray(level[np.minimum((place * months).astype(int), months - 1)])


def told(leads: int, years: float, kind: str, swing: float, rng: np.random.Generator) -> bool:
    """Whether a firm hears of a season."""
    place = np.sort(rng.uniform(size=leads))
    odds = LEVEL + rng.normal(0, SPREAD, leads) + moves(kind, place, years, rng)
    odds += swing * np.cos(2 * np.pi * (place * years - rng.uniform()))
    won = (rng.random(leads) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return season_of(_START + place * years * _YEAR, won) is not None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=200, help="of each kind and size")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: seasons that are told"))
    print(f"{options.firms} firms of each kind and size, seed {options.seed}\n")
    firms = [(kind, kind, 0.0) for kind in KINDS]
    firms += [(f"season of ±{swing}", "stands", swing) for swing in SWINGS]
    rows = []
    for number, (name, kind, swing) in enumerate(firms):
        row = [name]
        for place, (leads, years) in enumerate(SIZES):
            rng = np.random.default_rng((options.seed, number, place))
            found = sum(told(leads, years, kind, swing, rng) for _ in range(options.firms))
            share = proportion(found, options.firms)
            row.append(f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]")
        rows.append(row)
    print(table(("share won", *(f"{n:,} leads, {years:.0f} years" for n, years in SIZES)), rows))


if __name__ == "__main__":
    main()
