"""The same lead more than once in a version, and leads that are equal in every column.

Rows with equal content under different ids are different leads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.lead_scoring._lead import Lead, decode_lead
from kits.lead_scoring._roles import roles_of
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

_SOME = 0.02
_NEARLY_ALL, _LEAST = 0.98, 5
_SHOWN = 10
_ABOVE = 100
"""Lines that a file may have above its first lead."""


def near_duplicates(contents: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Pairs of samples that are states of one lead, by its id; each with the first of its kind.

    A number that may count the rows of a file is another lead's in the next one: joined to the customers of both, such pairs
    would chain all leads together.
    """
    ids: list[tuple[str, str]] = []
    for sample, content in contents:
        try:
            ids.append((sample, decode_lead(content).id))
        except DataError:
            continue  # told by the check, which reads it again
    first: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for sample, identity in ids:
        if not identity or _may_count(identity, len(ids)):
            continue
        known = first.setdefault(identity, sample)
        if known != sample:
            pairs.append((known, sample))
    return pairs


def _may_count(identity: str, leads: int) -> bool:
    number = identity.removeprefix("row ")
    return number.isdecimal() and int(number) <= leads + _ABOVE


def same_lead(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Leads imported again after they had changed."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, lead in enumerate(table.leads):
        rows[lead.id].append(row)
    twice = {identity: found for identity, found in rows.items() if identity and len(found) > 1}
    if not twice:
        return
    decided = [found for found in twice.values() if np.isfinite(table.won[found]).sum() > 1]
    yield Finding(
        "same-lead", "warn" if decided else "pass",
        f"{len(twice)} leads are there in several states, {len(decided)} of them with several outcomes: each counts as a lead",
        tuple(", ".join(table.items[row].sample.source for row in found[:3]) for found in list(twice.values())[:_SHOWN]),
        "state who they are (model.source.id) and import the exports anew, the oldest first with --replace" if decided else "",
    )  # fmt: skip


def same_customer(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Leads of customers who asked more than once: whether they stay together is the import's matter."""
    names = roles_of(table.items).customers
    if not names:
        return
    leads = Counter(item.sample.group for item in table.items if item.sample.group)
    several = [n for n in leads.values() if n > 1]
    stays = (
        f"; the {sum(several)} leads of {len(several)} of them are not torn apart by splits"
        if several
        else ""
    )
    yield Finding(
        "customers", "pass",
        f"{' and '.join(names)} {'names' if len(names) == 1 else 'name'} who asked, some of them more than once{stays}",
        fix=f"nothing to do, unless these are kinds of leads: model.columns.keep: [{', '.join(names)}]"
        f"{' and model.source.group: none' if several else ''}; then import again with --replace",
    )  # fmt: skip


def same_content(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Leads that no column tells apart, and how often their outcomes differ: no model can be right about both."""
    decided = table.decided
    groups: dict[frozenset[tuple[str, object]], list[int]] = defaultdict(list)
    for row, lead in enumerate(decided.leads):
        groups[frozenset(lead.fields.items())].append(row)
    equal = [rows for rows in groups.values() if len(rows) > 1]
    n = sum(map(len, equal))
    if n < max(2, _SOME * len(decided)):
        return
    split = [rows for rows in equal if 0 < decided.won[rows].mean() < 1]
    yield Finding(
        "equal-leads", "pass",
        f"{n} leads equal another one in every column ({len(equal)} groups); in {len(split)} groups some are won and some lost, "
        "which no model can tell apart",
    )  # fmt: skip


def states_left_open(table: LeadTable, _: Config) -> Iterator[Finding]:
    """Open leads that are earlier states of decided ones, where no id says so and hardly two leads are equal: a list that is carried on
    from month to month. By age they would count as lost."""
    decided = table.decided
    ended = {_content(lead) for lead in decided.leads}
    if len(ended) < _NEARLY_ALL * len(decided):
        return
    left = [
        row
        for row, lead in enumerate(table.leads)
        if not np.isfinite(table.won[row]) and _content(lead) in ended
    ]
    if len(left) < max(_LEAST, _SOME * len(decided)):
        return
    yield Finding(
        "states-left-open", "warn",
        f"{len(left)} open leads equal a decided one in every column, and came at the same time: earlier states of it, it seems",
        tuple(table.items[row].sample.source for row in left[:_SHOWN]),
        "give each lead a number that stands in all of its rows (model.source.id), and import again with --replace; until then, no "
        "model.source.lost_after_days: they would count as lost",
    )  # fmt: skip


def _content(lead: Lead) -> tuple[object, frozenset[tuple[str, object]]]:
    return lead.at, frozenset(lead.fields.items())
