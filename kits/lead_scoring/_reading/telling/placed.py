"""Which leads are learned from and which judge, where the data itself says it, and which stay together, in sentences.

It decides nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from kits.core.column_names import plain
from kits.core.dataset import SPLITS
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.names import names_for
from kits.lead_scoring._reading.columns.roles import NO_GROUP
from kits.lead_scoring._reading.columns.stated_splits import NO_SPLIT
from kits.lead_scoring._reading.leads.returning import by_lot, customers
from kits.lead_scoring._reading.leads.together import groups_of
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import Config, SourceConfig

_MANY = 0.01
_OFTEN = 20
"""Leads of an address, on the average, from which on it is one of who works on them."""


def tell_splits(known: Known, source: SourceConfig) -> Iterator[Finding]:
    """What names the splits, and how to overrule it where nobody stated it."""
    counts = Counter(known.splits)
    leads = ", ".join(f"{split}: {counts[split]} leads" for split in SPLITS if counts[split])
    name = known.roles.split
    if not leads:
        return
    if not name:
        yield Finding(
            "split", "pass", f"the names of the files say which leads are learned from and which judge ({leads})",
            fix=f"nothing to do, unless they mean something else: model.source.split: {NO_SPLIT}",
        )  # fmt: skip
    elif source.split:
        yield Finding("split", "pass", f"{name} says which leads are learned from and which judge, as stated ({leads})")  # fmt: skip
    elif _called_split(name):
        yield Finding(
            "split", "pass", f"{name} says which leads are learned from and which judge ({leads})",
            fix=f"nothing to do, unless it means something else: model.source.split: {NO_SPLIT}",
        )  # fmt: skip
    else:
        yield Finding(
            "split", "warn",
            f"{name} was taken for what says which leads are learned from and which judge ({leads}), by its cells alone: it is not "
            "learned from",
            fix=f"if it means something else: model.source.split: {NO_SPLIT}; if it means this: model.source.split: {name}",
        )  # fmt: skip


def tell_customers(known: Known, config: Config) -> Iterator[Finding]:
    """Columns that name who asked, and what follows of it."""
    names, source = known.roles.customers, config.source
    if not names:
        return
    leads = Counter(filter(None, customers(known.sheet, names)))
    several = sum(n > 1 for n in leads.values())
    kept = [name for name in names if name in config.columns.keep]
    learned = f"{' and '.join(kept)} learned from, as stated" if kept else "not learned from"
    lot = by_lot(known.order, known.won)
    apart = f", and model.source.group: {NO_GROUP}" if lot and not source.group else ""
    yield Finding(
        "customers", "pass",
        f"{' and '.join(names)} {'names' if len(names) == 1 else 'name'} who asked, {several} of {len(leads)} more than once: {learned}; "
        + _placed(known, source, lot=lot),
        fix="" if kept
        else f"nothing to do, unless these are kinds of leads: model.columns.keep: [{', '.join(names)}]{apart}; model.source.group names "
        "another column whose leads stay together",
    )  # fmt: skip


def tell_persons(known: Known, source: SourceConfig) -> Iterator[Finding]:
    """Addresses that come more than once, with different outcomes."""
    together = set(known.roles.customers) if groups_of(known, source) else set()
    for one in known.personal:
        if one.what != "e-mail address":
            continue
        outcomes: dict[str, set[bool]] = defaultdict(set)
        leads: Counter[str] = Counter()
        for cell, won in zip(known.sheet.cells[one.column], known.won):
            if not is_missing(cell):
                person = cell.strip().casefold()
                leads[person] += 1
                if won is not None:
                    outcomes[person].add(won)
        if len(leads) * _OFTEN < leads.total():
            continue  # of whoever works on the leads
        twice = sum(n > 1 for n in leads.values())
        both = sum(len(found) > 1 for found in outcomes.values())
        if twice:
            apart = both and one.column not in together
            yield Finding(
                "same-person", "warn" if apart and both > _MANY * len(leads) else "pass",
                f"{twice} addresses of {one.column} belong to several leads, {both} of them were won and lost",
                fix="keep a person's leads together (model.source.group) or bring one row each person" if apart else "",
            )  # fmt: skip


def _placed(known: Known, source: SourceConfig, *, lot: bool) -> str:
    """How the leads of one customer lie in the splits."""
    if known.roles.group:
        return f"leads with the same {known.roles.group} stay in one split, as stated"
    if not lot:
        return "leads are split by time, whoever asked"
    together = bool(groups_of(known, source))
    return f"leads of one customer {'stay in one split' if together else 'may be in several splits, as stated'}"


def _called_split(name: str) -> bool:
    return not set(plain(name).split("_")).isdisjoint(names_for("split_words"))
