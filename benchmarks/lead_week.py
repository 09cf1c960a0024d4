"""How often the time of the week is learned where it tells who buys and where it does not, and what that does to leads to come.

Made-up firms: leads come for a year, most of them in office hours, and at all others too. Their share won stands, rises,
wanders from week to week, is nought for lists that were imported in five nights, goes with a column that itself goes with the
hour, or with the day or the hour by as much as is said. Beside it a number and a source tell of each lead.

Second table: leads that come in the half year after. AUC of what a training ships, with the time of the week and by the same
training with `model.week: false`, beside that of the true probabilities.

Intervals: exact, of shares of firms; of means, firms drawn again. Nothing is chosen here.

Usage: python -m benchmarks.lead_week [--firms 100] [--trained 12] [--seed 0]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from benchmarks.lead_steps import shipped
from benchmarks.machines_run import header, table
from kits.core.stats import Floats, auroc, bootstrap, proportion
from kits.lead_scoring._features.arrivals import times_of_arrival
from kits.lead_scoring._features.week import hours_of
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.week import week_of
from kits.lead_scoring.config import Config

SIZES, TRAINED = (1_000, 4_000, 20_000), (1_000, 4_000)
"""Leads of a year."""
KINDS = (
    "stands", "rises", "wanders", "lists in five nights", "goes with a column", "office hours +0.35", "office hours +0.7",
    "weekends -0.5", "weekends -1",
)  # fmt: skip
_MONDAY = datetime(2025, 1, 6, tzinfo=timezone.utc).timestamp()
_WEEK, _DAY, _HOUR = 7 * 86_400.0, 86_400.0, 3_600.0
_WEEKS, _LATER = 52, 26
_OF_DAY = (1, 1, 0.5, 0.5, 0.5, 0.5, 1, 2, 5, 8, 9, 9, 7, 8, 8, 8, 7, 5, 4, 4, 4, 3, 2, 2)
_OF_WEEK = (1, 1, 1, 1, 0.9, 0.4, 0.4)
"""How often leads come, by hour and by day."""


@dataclass(frozen=True)
class Firm:
    """Leads in order of time; `known` of them are learned from."""

    at: Floats
    leads: tuple[Lead, ...]
    chance: Floats
    won: Floats
    known: int


def firm_of(kind: str, leads: int, rng: np.random.Generator) -> Firm:
    """So many leads of a year, and half as many that come after."""
    count = leads * (_WEEKS + _LATER) // _WEEKS
    often = np.outer(_OF_WEEK, _OF_DAY).ravel()
    hour = rng.choice(often.size, count, p=often / often.sum())
    weeks = rng.integers(0, _WEEKS + _LATER, count)
    at: Floats = _MONDAY + weeks * _WEEK + hour * _HOUR + rng.uniform(0, _HOUR, count)
    lists = np.zeros(count, dtype=bool)
    if kind == "lists in five nights":
        lists = (rng.random(count) < 0.2) & (weeks < _WEEKS)
        at[lists] = _MONDAY + rng.choice([3, 14, 25, 33, 46], int(lists.sum())) * _WEEK + 2 * _HOUR
    order = np.argsort(at, kind="stable")
    at, lists = at[order], lists[order]
    number, form = rng.normal(size=count), rng.random(count)
    day, own = hours_of(at) // 24, hours_of(at) % 24
    office = (day < 5) & (own >= 8) & (own < 18)
    odds = -2.0 + 0.6 * number
    source = np.where(form < 0.5, "form", "fair")
    if kind == "goes with a column":
        source = np.where(form < np.where(office, 0.2, 0.8), "form", "fair")
        odds += 0.8 * (source == "fair")
    elif kind == "rises":
        odds += 1.5 * np.linspace(0, 1, count)
    elif kind == "wanders":
        level = np.cumsum(rng.normal(0, 0.15, _WEEKS + _LATER + 1))
        odds += level[((at - _MONDAY) // _WEEK).astype(int)]
    elif kind.startswith(("office", "weekends")):
        odds += float(kind.rsplit(maxsplit=1)[-1]) * (
            office if kind.startswith("office") else day >= 5
        )
    odds[lists] = -20.0
    chance = 1 / (1 + np.exp(-odds))
    won = (rng.random(count) < chance).astype(np.float64)
    made = tuple(
        Lead(
            str(n), {"number": float(x), "source": str(s)}, datetime.fromtimestamp(t, timezone.utc)
        )
        for n, (x, s, t) in enumerate(zip(number, source, at))
    )
    return Firm(at, made, chance, won, int((at < _MONDAY + _WEEKS * _WEEK).sum()))


def told(firm: Firm) -> bool:
    """Whether the time of the week is learned from all that is known."""
    known = slice(firm.known)
    return week_of(times_of_arrival(firm.at)[known], firm.won[known]) is not None


def judged(firm: Firm) -> tuple[float, float, float]:
    """AUC of the leads after: without the time of the week, with it, and of the true probabilities."""
    later = firm.leads[firm.known :]
    won = firm.won[firm.known :] > 0
    known = firm.leads[: firm.known], firm.won[: firm.known]
    without, beside = (
        auroc(shipped(*known, Config(week=one)).probabilities(later), won) for one in (False, True)
    )
    return without, beside, auroc(firm.chance[firm.known :], won)


def _told_rows(count: int, seed: int) -> Iterator[list[str]]:
    for number, kind in enumerate(KINDS):
        row = [kind]
        for place, leads in enumerate(SIZES):
            rng = np.random.default_rng((seed, number, place))
            share = proportion(sum(told(firm_of(kind, leads, rng)) for _ in range(count)), count)
            row.append(f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]")
        yield row


def _trained_rows(count: int, seed: int) -> Iterator[list[str]]:
    for number, kind in enumerate(KINDS):
        for place, leads in enumerate(TRAINED):
            rng = np.random.default_rng((seed, 100 + number, place))
            found = np.array([judged(firm_of(kind, leads, rng)) for _ in range(count)])
            gain = _mean(found[:, 1] - found[:, 0], seed)
            without, beside, truth = (f"{one:.3f}" for one in found.mean(axis=0))
            yield [kind, f"{leads:,}", without, beside, gain, truth]


def _mean(values: Floats, seed: int) -> str:
    one = bootstrap(
        lambda rows: float(values[rows].mean()), [str(n) for n in range(len(values))], seed=seed
    )
    return f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=100, help="of each kind and size, first table")
    parser.add_argument("--trained", type=int, default=12, help="the same, second table")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(header("Leads: the time of the week"))
    print(f"{options.firms} firms of each kind and size, seed {options.seed}\n")
    columns = ("share won", *(f"{n:,} leads" for n in SIZES))
    print(table(columns, list(_told_rows(options.firms, options.seed))))
    print(f"\nThe half year after: {options.trained} firms of each kind and size\n")
    columns = ("share won", "leads", "AUC without it", "AUC", "gain", "truth")
    print(table(columns, list(_trained_rows(options.trained, options.seed))))


if __name__ == "__main__":
    main()
