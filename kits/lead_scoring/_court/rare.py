"""Columns that were the same for all leads that the court drew of a large table, and are not in the whole of it.

A flag that one lead in five hundred has is hardly met in a draw of some thousand. Whether it is too rare to learn from, all
leads say; whether it is a leak, a second court on leads of which more than usual have it: a choice by what is known
beforehand leaves it as it was how often such leads buy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._court import plain
from kits.lead_scoring._court.columns import read_column
from kits.lead_scoring._court.court import hold_court
from kits.lead_scoring._court.settings import names_with
from kits.lead_scoring._court.verdicts import Charge, Court, Verdict
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

Rows = NDArray[np.intp]
_OF_CHOSEN: frozenset[Charge] = frozenset({"leak", "identity", "protected", "proxy"})
"""Charges that leads chosen by the column itself can bring: shares and drift of it they cannot tell."""
_ENOUGH = 1_000
"""Leads by which a value is called as it is, where all have the same."""


def with_rare(court: Court, table: LeadTable, config: Config, *, seed: int) -> Court:
    """The court, with verdicts of the whole table on columns that were alike in its draw.

    Args:
        court: on leads drawn from the table.
        table: all of them, open ones too.
    """
    known = np.flatnonzero(np.isfinite(table.won))
    alike = {one.column for one in court.verdicts if _is_alike(one)}
    if court.leads >= len(known) or not alike:
        return court
    decided = table.rows(known)
    whole = {name: _in_all(name, decided, config) for name in alike}
    rare = {name: rows for name, (told, rows) in whole.items() if told is None}
    told = {name: one for name, (one, _) in whole.items() if one is not None}
    asked: Court | None = None
    if rare:
        chosen = _chosen(rare, len(decided), court.leads, seed)
        others = np.flatnonzero(~np.isfinite(table.won))
        rows = np.sort(np.concatenate([known[chosen], others]))
        asked = hold_court(table.rows(rows), config, seed=seed, everyone=table)
    verdicts = tuple(
        verdict
        for one in court.verdicts
        for verdict in (_again(one, told, rare, asked, len(decided)) if _is_alike(one) else (one,))
    )
    return replace(court, verdicts=verdicts, excluded=names_with(verdicts, "exclude"))


def _is_alike(one: Verdict) -> bool:
    return one.charge == "constant" and one.action == "exclude"


def _in_all(name: str, decided: LeadTable, config: Config) -> tuple[Verdict | None, Rows]:
    """Whether all leads but a few have the same, and the rows of those that have something else."""
    stated, values = config.columns, decided.column(name)
    same = values.count(values[0]) == len(values)
    column = read_column(
        name, values[:_ENOUGH] if same else values,
        numeric=name in stated.numeric, categorical=name in stated.categorical,
    )  # fmt: skip
    if same:
        return plain.alike(column, 0, len(values)), np.array([], dtype=np.intp)
    usual = int(np.argmax(np.bincount(column.codes, minlength=column.bins)))
    return plain.constant(column), np.flatnonzero(column.codes != usual)


def _chosen(rare: Mapping[str, Rows], rows: int, most: int, seed: int) -> Rows:
    """As many leads as the first court drew: half of them at most for being unlike the others, the rest by lot."""
    rng = np.random.default_rng([seed, 6])
    each = max(most // (2 * len(rare)), 1)
    unlike = np.unique(np.concatenate([rng.permutation(found)[:each] for found in rare.values()]))
    rest = np.setdiff1d(np.arange(rows), unlike)
    return np.concatenate([unlike, rng.permutation(rest)[: max(most - len(unlike), 0)]])


def _again(
    one: Verdict,
    told: Mapping[str, Verdict],
    rare: Mapping[str, Rows],
    asked: Court | None,
    leads: int,
) -> Iterator[Verdict]:
    """What is said of a column now."""
    if one.column in told:
        yield told[one.column]
        return
    assert asked is not None
    n = len(rare[one.column])
    said = f"{n} of all {leads} leads differ, of which the second look took more than lie in a draw"
    found = [v for v in asked.verdicts if v.column == one.column and v.finding != "cleared"]
    if any(v.charge == "constant" for v in found):
        yield replace(one, evidence=(*one.evidence, f"{n} of all {leads} differ"))
        return
    charged = [v for v in found if v.charge in _OF_CHOSEN]
    for verdict in charged:
        yield replace(verdict, evidence=(said, *verdict.evidence))
    if not charged:
        yield replace(
            one, evidence=(*one.evidence, f"{n} of all {leads} differ"),
            finding="cleared", action="keep",
        )  # fmt: skip
