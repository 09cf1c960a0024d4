"""How often `kit check` tells of a season where there is one, and what a training that learns it makes of the year after.

Made-up firms: their share won swings with the year, or stands, rises throughout, jumps once, has one hump, or wanders from
month to month (a random walk, and one that is drawn back to its mean).

Second table: of each firm leads come for a year more. Off by: how far the mean probability of a quarter lies from the mean of
the true ones, mean over its quarters; with the time of year learned, and by the same training without.

Intervals: exact, of shares of firms; of means, firms drawn again. Nothing is chosen here.

Usage: python -m benchmarks.lead_seasons [--firms 200] [--trained 30] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from benchmarks.lead_steps import shipped
from benchmarks.machines_run import header, table
from kits.core.stats import Floats, bootstrap, proportion
from kits.lead_scoring._checking.seasons import season_of
from kits.lead_scoring._lead import Lead
from kits.lead_scoring.config import Config

SIZES = ((1_500, 2.05), (4_000, 2.05), (4_000, 3.05), (20_000, 3.05), (20_000, 5.05))
"""Leads and years."""
SWINGS = (0.2, 0.4)
"""In log-odds, to either side."""
LEVEL, SPREAD = -1.2, 0.6
_YEAR = 365.2425 * 86_400.0
_START = 1.6e9
_MONTHLY = 0.15
_CONFIG = Config.model_validate({"approach": "logistic"})
_QUARTERS = 4

KINDS = ("stands", "rises", "jumps once", "one hump", "wanders", "wanders about a mean")
"""Of firms without a season."""


@dataclass(frozen=True)
class Firm:
    """Leads in order of time.

    Attributes:
        years: (leads,) when each came.
        x: (leads,) what a column tells of it.
        odds: (leads,) log-odds of its being won.
        learned: how many of them are learned from; the others come in the year after.
    """

    years: Floats
    x: Floats
    odds: Floats
    won: Floats
    learned: int


@dataclass(frozen=True)
class Judged:
    """Off by, with the time of year learned and without; and whether it was."""

    learned: bool
    off: float
    off_without: float


def moves(kind: str, years: Floats, span: float, rng: np.random.Generator) -> Floats:
    """(rows,) what is added to the log-odds of a firm of this kind.

    Args:
        years: (rows,) when leads came.
        span: years that are learned from.
    """
    place = years / span
    added: Floats = np.zeros(len(place))
    if kind == "rises":
        added += 1.5 * (place - 0.5)
    elif kind == "jumps once":
        added += 0.7 * (place > rng.uniform(0.2, 0.8))
    elif kind == "one hump":
        added += 0.6 * np.exp(-(((place - rng.uniform(0.2, 0.8)) / 0.1) ** 2))
    elif kind in ("wanders", "wanders about a mean"):
        added += _wanders(years, 1.0 if kind == "wanders" else 0.8, rng)
    return added


def _wanders(years: Floats, kept: float, rng: np.random.Generator) -> Floats:
    months = round(float(years.max()) * 12) + 1
    level = np.zeros(months)
    for month in range(1, months):
        level[month] = kept * level[month - 1] + rng.normal(0, _MONTHLY)
    return np.asarray(level[(years * 12).astype(int)])


def firm_of(leads: int, span: float, kind: str, swing: float, rng: np.random.Generator) -> Firm:
    """So many leads in so many years, and as many a year in the one after."""
    years = np.sort(rng.uniform(0, span + 1, round(leads * (1 + 1 / span))))
    x = rng.normal(size=len(years))
    odds = LEVEL + SPREAD * x + moves(kind, years, span, rng)
    odds += swing * np.cos(2 * np.pi * (years - rng.uniform()))
    won = (rng.random(len(years)) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return Firm(years, x, odds, won, int((years < span).sum()))


def told(firm: Firm) -> bool:
    """Whether a firm hears of a season."""
    known = slice(firm.learned)
    return season_of(_START + firm.years[known] * _YEAR, firm.won[known]) is not None


def judged(firm: Firm) -> Judged:
    """Learns from a firm's leads as `kit train` does, and looks at the year after."""
    leads = [
        Lead(str(n), {"x": float(x)}, datetime.fromtimestamp(_START + year * _YEAR, timezone.utc))
        for n, (x, year) in enumerate(zip(firm.x, firm.years))
    ]
    known, won = leads[: firm.learned], firm.won[: firm.learned]
    made = [
        shipped(known, won, _CONFIG.model_copy(update={"seasons": one})) for one in (True, False)
    ]
    found = [one.probabilities(leads[firm.learned :]) for one in made]
    true = 1 / (1 + np.exp(-firm.odds[firm.learned :]))
    quarter = ((firm.years[firm.learned :] % 1) * _QUARTERS).astype(int)
    off = [
        float(np.mean([abs((p - true)[quarter == n].mean()) for n in range(_QUARTERS)]))
        for p in found
    ]
    return Judged(made[0].spec.season is not None, off[0], off[1])


def _mean(values: list[float], seed: int) -> str:
    found = np.array(values)
    one = bootstrap(
        lambda rows: float(found[rows].mean()), [str(n) for n in range(len(found))], seed=seed
    )
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def _told_rows(firms: list[tuple[str, str, float]], count: int, seed: int) -> Iterator[list[str]]:
    for number, (name, kind, swing) in enumerate(firms):
        row = [name]
        for place, (leads, span) in enumerate(SIZES):
            rng = np.random.default_rng((seed, number, place))
            share = proportion(
                sum(told(firm_of(leads, span, kind, swing, rng)) for _ in range(count)), count
            )
            row.append(f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]")
        yield row


def _trained_rows(
    firms: list[tuple[str, str, float]], count: int, seed: int
) -> Iterator[list[str]]:
    for number, (name, kind, swing) in enumerate(firms):
        for place, (leads, span) in enumerate(SIZES):
            rng = np.random.default_rng((seed, 100 + number, place))
            found = [judged(firm_of(leads, span, kind, swing, rng)) for _ in range(count)]
            share = proportion(sum(one.learned for one in found), count)
            yield [
                name, f"{leads:,} in {span:.0f} years", f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]",
                _mean([one.off_without for one in found], seed), _mean([one.off for one in found], seed),
                _mean([one.off_without - one.off for one in found], seed),
            ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=200, help="of each kind and size, first table")
    parser.add_argument("--trained", type=int, default=30, help="the same, second table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    firms = [(kind, kind, 0.0) for kind in KINDS]
    firms += [(f"season of ±{swing}", "stands", swing) for swing in SWINGS]
    if options.firms:
        print(header("Leads: seasons that are told"))
        print(f"{options.firms} firms of each kind and size, seed {options.seed}\n")
        columns = ("share won", *(f"{n:,} leads, {years:.0f} years" for n, years in SIZES))
        print(table(columns, list(_told_rows(firms, options.firms, options.seed))))
    if options.trained:
        print(header("Leads: the time of year learned, and the year after"))
        print(f"{options.trained} firms of each kind and size, seed {options.seed}\n")
        columns = ("share won", "leads", "learned by", "off by without it", "off by", "gain")
        print(table(columns, list(_trained_rows(firms, options.trained, options.seed))))


if __name__ == "__main__":
    main()
