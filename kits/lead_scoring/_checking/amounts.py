"""Rules about amounts: enough leads, enough of them won, and how many are still open.

They count; whether columns tell anything is the court's question.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kits.core.kit import Finding
from kits.lead_scoring._judging.capacity import STATE, everyone, terms_of
from kits.lead_scoring._learning.delays import delays_of
from kits.lead_scoring._learning.still_open import staying
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

ENOUGH_LEADS = 1_000
ENOUGH_WON = 120
"""What Salesforce Einstein asks for before it learns from a firm's own leads (1,000 leads, 120 of them converted)."""
_LEAST = 20
"""Leads of the rarer outcome under which nothing can be judged."""
_PERIODS = 5
_MOST_OPEN = 0.5
_FEW_FORGOTTEN, _SOME_FORGOTTEN = 40, 0.05
"""Leads that lie open though others of their age are closed, at least, and for each of the decided ones."""
_LOW_CEILING = 2.0
"""A best possible lift below it: most leads are won, and whom to call first matters little."""


def enough(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Whether there is enough to learn from, and the base rate with its course."""
    decided = table.decided
    won = int(decided.won.sum())
    rarer = min(won, len(decided) - won)
    if not len(decided):
        yield no_outcomes(len(table))
        return
    told = f"{len(decided)} leads with an outcome, {won} of them won ({won / len(decided):.1%})"
    if rarer < _LEAST:
        yield Finding(
            "too-few-leads", "fail", f"{told}: of the rarer outcome it takes at least {_LEAST} to judge anything",
            fix=_more(won, rarer),
        )  # fmt: skip
        return
    if len(decided) < ENOUGH_LEADS or won < ENOUGH_WON:
        yield Finding(
            "too-few-leads", "warn",
            f"{told}; below {ENOUGH_LEADS} leads or {ENOUGH_WON} won a small model with wide intervals is learned",
            _course(decided),
            "bring older leads too; until then believe the order of the list more than its figures",
        )  # fmt: skip
        return
    yield Finding("enough-leads", "pass", told, _course(decided))


def no_outcomes(leads: int) -> Finding:
    """What is said where no lead has an outcome."""
    return Finding(
        "no-outcomes", "fail", f"none of {leads} leads has an outcome: nothing can be learned, and nothing more of them was checked",
        fix="name the column that tells what became of them in kit.yaml: model.source.outcome; import again with --replace",
    )  # fmt: skip


def lift_ceiling(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Whether so many leads are won that no order of them is much better than another by lift."""
    decided = table.decided
    rate = float(decided.won.mean()) if len(decided) else 0.0
    if rate and 1 / rate < _LOW_CEILING:
        yield Finding(
            "lift-ceiling", "warn",
            f"{rate:.1%} of the leads were won, so that even a perfect order has a lift of {1 / rate:.2f}, and none a higher one",
            fix="judge by auc, money_per_month or ece (metric.name in kit.yaml); or let what is rare count as won: "
            "model.source.won, model.source.lost",
        )  # fmt: skip


def _more(won: int, rarer: int) -> str:
    """What to bring where there is too little of one outcome."""
    cells = "check which cells mean won and lost: model.source.won, model.source.lost"
    if rarer:
        return f"bring older leads too, or {cells}"
    missing = "were lost, who is no customer" if won else "were won"
    return f"bring those that {missing}, too: one outcome alone teaches nothing; or {cells}"


def _course(decided: LeadTable) -> tuple[str, ...]:
    """The share won in fifths of the time."""
    if not decided.timed:
        return ()
    parts = [part for part in np.array_split(decided.won, _PERIODS) if len(part)]
    return tuple(
        f"{part.mean():.1%} won of {len(part)} leads, part {n} of {len(parts)} in time"
        for n, part in enumerate(parts, start=1)
    )


def in_a_month(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether anything tells how many leads come in a month: how many are hot, and all sums, follow from that."""
    clocked = any(lead.at is not None for lead in table.leads)
    terms = terms_of(config.team, table.items, clocked)
    if terms.guessed:
        yield Finding(
            "leads-a-month", "warn",
            f"nothing tells how many leads come in a month: all {len(table):,} count as one month's, {terms.per_month:,.0f} of them "
            f"({terms.share:.1%}) would be hot, and what is called a sum of a month is one of all of them",
            fix="say how many come in a month in kit.yaml: model.team.incoming_per_month",
        )  # fmt: skip


def all_called(table: LeadTable, config: Config) -> Iterator[Finding]:
    """Whether the team can call everyone, so that no order of leads earns anything."""
    clocked = any(lead.at is not None for lead in table.leads)
    said = everyone(terms_of(config.team, table.items, clocked))
    if said:
        yield Finding("all-called", "warn", said, fix=STATE)


def still_open(table: LeadTable, config: Config) -> Iterator[Finding]:
    """How many leads have no outcome yet, and whether they will ever have one."""
    still = int(np.isnan(table.won).sum())
    if not still or still == len(table):
        return
    share = still / len(table)
    forgotten = _forgotten(table, config)
    if forgotten is not None:
        yield forgotten
    elif share <= _MOST_OPEN:
        yield Finding(
            "open-leads",
            "pass",
            f"{still} leads ({share:.0%}) are still open: scored, not learned from",
        )
    else:
        fix = "say what means lost: model.source.lost, or how long a lead may take: model.source.lost_after_days"
        yield Finding(
            "open-leads", "warn",
            f"{still} leads ({share:.0%}) have no outcome: if those that were given up are never marked lost, only the others teach",
            fix="nothing to do if they are all new" if config.source.lost_after_days else fix,
        )  # fmt: skip


def forgotten_note(table: LeadTable, config: Config) -> tuple[str, ...]:
    """The same for a run, where leads lie open that nobody will close: who reads shares of won reads it beside them."""
    found = _forgotten(table, config)
    return () if found is None else (f"open leads: {found.text}; {found.fix}",)


def _forgotten(table: LeadTable, config: Config) -> Finding | None:
    """Leads that lie open though nearly all outcomes of their age are known."""
    if config.source.lost_after_days:
        return None
    delays = delays_of(table.items, table.order, table.won, config.source.open_for_days)
    stays = staying(delays, table.order, table.won, table.items)
    if stays is None or stays.forgotten < _FEW_FORGOTTEN:
        return None
    decided, won = stays.old_won
    if not decided or stays.forgotten < _SOME_FORGOTTEN * decided:
        return None
    days = stays.done_days
    return Finding(
        "open-leads", "warn",
        f"{stays.forgotten} leads are older than {days} days, by which nine in ten outcomes are known, and still open: as nobody has "
        f"closed them they are not learned from, nor counted; of leads so old {won / decided:.1%} of the decided ones are won, and "
        f"{won / (decided + stays.forgotten):.1%} of all",
        fix=f"if they are lost, say so: model.source.lost_after_days: {days}, and import again with --replace",
    )  # fmt: skip
