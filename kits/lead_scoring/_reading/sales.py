"""A table of sales (closed deals, orders, customers) beside leads that do not tell their outcome: who has a row is won.

The first row of a lead counts. What else the table says is known only afterwards and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from kits.core.kit import Finding
from kits.lead_scoring._reading.names import plain
from kits.lead_scoring._reading.relations import Link, find_link
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

WON, WON_AT = "(has a sale)", "(first sale)"
"""Columns that the leads get; no export names its own so."""
_NAMES = re.compile(
    r"(?:^|_)(?:closed_deals?|won|won_deals?|sales?|orders?|purchases?|customers?|invoices?|conversions?|subscriptions?|contracts?|"
    r"kunden|auftraege|bestellungen|rechnungen|vertraege|clients|commandes|ventes|clientes|pedidos|ventas|ordini|vendite)(?:_|$)"
)
_ALL = 0.98
"""Where so many leads have a row, it says nothing."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Sold:
    """The leads with two more columns, and a configuration that takes them for the outcome and its time."""

    leads: Sheet
    source: SourceConfig
    said: Finding


def named_like_sales(sheet: Sheet) -> bool:
    """Whether the name of a file or a sheet says that its rows are sales or customers."""
    return bool(_NAMES.search(plain(sheet.called)))


def telling_sales(leads: Sheet, named: Sequence[Sheet]) -> list[Sheet]:
    """Of tables that are named like sales those by which leads were won: an order names its offer, a list of customers has all.

    Where one names the leads themselves, those that share a customer with them do not count.
    """
    links = [(sheet, find_link(leads, sheet)) for sheet in named]
    some = [
        (sheet, link) for sheet, link in links if link is None or link.leads < _ALL * len(leads)
    ]
    own = [sheet for sheet, link in some if link is not None and link.lead_unique]
    return own or [sheet for sheet, _ in some]


def join_sales(
    leads: Sheet,
    other: Sheet,
    link: Link,
    time: tuple[str, Sequence[float | None]],
    source: SourceConfig,
) -> Sold:
    """Leads that have a sale are won, at its time where the table tells one."""
    name, seconds = time
    first: dict[str, float | None] = {}
    for row, cell in enumerate(other.cells[link.column]):
        key = link.key(cell)
        if key:
            at = seconds[row] if name else None
            known = first.get(key)
            first[key] = at if known is None else known if at is None else min(known, at)
    keys = [link.key(cell) for cell in leads.cells[link.lead_column]]
    won = ["yes" if key and key in first else "" for key in keys]
    cells = {**leads.cells, WON: won}
    stated = {"outcome": WON, "won": ("yes",), "lost": ()}
    if name:
        times = [first.get(key) if key else None for key in keys]
        cells[WON_AT] = [
            "" if at is None else (_EPOCH + timedelta(seconds=at)).isoformat() for at in times
        ]
        stated["outcome_at"] = WON_AT
    lone = len(first) - len({key for key in keys if key in first})
    told = (
        f"{other.name} joined {link.said()}: {won.count('yes')} of {len(leads)} leads have a row and count as won"
        f"{f', at {name}' if name else ''}; {lone} of its {len(first)} belong to no lead"
    )
    said = Finding(
        "sales",
        "warn",
        told,
        fix="if a row is no sale: role: ignore or accounts in model.source.tables",
    )
    return Sold(replace(leads, cells=cells), source.model_copy(update=stated), said)
