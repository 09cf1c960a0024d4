"""A table of sales (closed deals, orders, customers) beside leads that do not tell their outcome: who has a row is won.

The first row of a lead since it came counts, but for those that were called off. What else the table says is known only afterwards and is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from kits.core.column_names import plain
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.columns.role_times import decided_at, seconds_of
from kits.lead_scoring._reading.joining.called_off import called_off
from kits.lead_scoring._reading.joining.events import find_time
from kits.lead_scoring._reading.joining.relations import Link, find_link
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

WON, WON_AT = "(has a sale)", "(first sale)"
"""Columns that the leads get; no export names its own so."""
_NAMES = re.compile(
    r"(?:^|_)(?:closed_deals?|won|won_deals?|sales?|orders?|purchases?|payments?|transactions?|customers?|invoices?|conversions?|subscriptions?|contracts?|bookings?|enroll?ments?|admissions?|"
    r"einschreibungen|buchungen|inscriptions|inscripciones|matriculas|iscrizioni|prenotazioni|"
    r"kunden|auftraege|zahlungen|zahlungseingaenge|paiements|encaissements|pagos|pagamenti|pagamentos|betalingen|betalinger|betalningar|platnosci|platby|oplaty|"
    r"bestellungen|rechnungen|vertraege|clients|commandes|ventes|clientes|pedidos|ventas|ordini|vendite|fatture|clienti|fatturato|"
    r"ordrer|ordrar|ordre|kunder|fakturaer|fakturor|salg|foersaeljning|klanten|bestellingen|facturen|factures|facturas|encomendas|vendas|faturas|"
    r"klienci|zamowienia|sprzedaz|faktury|zakaznici|objednavky|prodeje|siparisler|satislar|muesteriler)(?:_|$)"
)
ALL = 0.98
"""Where so many leads have a row, it says nothing."""
_DAY = 86_400.0
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
    some = [(sheet, link) for sheet, link in links if link is None or link.leads < ALL * len(leads)]
    own = [sheet for sheet, link in some if link is not None and link.lead_unique]
    return own or [sheet for sheet, _ in some]


def time_of_sales(sheet: Sheet, stated: str) -> tuple[str, Sequence[float | None]]:
    """The column that says when each was sold, and its times: the stated one, one called so (of a list of customers the first), else the only date there is,
    else when the row was made, as shops tell of an order."""
    name, seconds = find_time(sheet, "", "first_sale") if not stated else ("", ())
    if not name:
        name, seconds = find_time(sheet, stated, "outcome_at")
    dates = [] if name else [one for one in sheet.columns if sheet.typed(one).kind == "date"]
    if len(dates) == 1:
        return find_time(sheet, dates[0])
    return (name, seconds) if name or stated else find_time(sheet, "", "decided_at")


def _came(leads: Sheet, source: SourceConfig) -> Sequence[float | None]:
    """(rows,) when each lead came; empty where nothing tells it."""
    typed = {name: leads.typed(name) for name in leads.columns}
    crm = find_mapping(leads.columns, source.mapping)
    name, _ = decided_at(leads, typed, source, crm, leads.columns)
    return seconds_of(leads, name) if name else ()


def _first_after(
    keys: Sequence[str],
    sales: Mapping[str, Sequence[float | None]],
    came: Sequence[float | None],
) -> tuple[list[tuple[bool, float | None]], int]:
    """For each lead whether it has a sale, and the first since it came; and how many have earlier ones alone.

    Where most have only earlier ones, the time is none of sales: then all count.
    """
    found: list[tuple[bool, float | None]] = []
    late: list[tuple[bool, float | None]] = []
    for row, key in enumerate(keys):
        times = sales.get(key, ()) if key else ()
        at = came[row] if came else None
        known = [one for one in times if one is not None]
        since = [one for one in known if at is None or one >= at - _DAY]
        found.append((bool(times), min(known, default=None)))
        late.append((bool(since) or len(known) < len(times), min(since, default=None)))
    earlier = sum(one and not other for (one, _), (other, _) in zip(found, late))
    return (found, 0) if 2 * earlier > sum(one for one, _ in found) else (late, earlier)


def join_sales(
    leads: Sheet,
    other: Sheet,
    link: Link,
    time: tuple[str, Sequence[float | None]],
    source: SourceConfig,
) -> Sold:
    """Leads that have a sale are won, at its time where the table tells one."""
    name, seconds = time
    sales: defaultdict[str, list[float | None]] = defaultdict(list)
    sold = [link.key(cell) for cell in other.cells[link.column]]
    off = called_off(other, sold, seconds)
    for row, key in enumerate(sold):
        if key and row not in off:
            sales[key].append(seconds[row] if name else None)
    keys = [link.key(cell) for cell in leads.cells[link.lead_column]]
    first, earlier = _first_after(keys, sales, _came(leads, source) if name else ())
    won = ["yes" if found else "" for found, _ in first]
    cells = {**leads.cells, WON: won}
    stated = {"outcome": WON, "won": ("yes",), "lost": ()}
    if name:
        cells[WON_AT] = [
            "" if at is None else (_EPOCH + timedelta(seconds=at)).isoformat() for _, at in first
        ]
        stated["outcome_at"] = WON_AT
    lone = len(sales) - len({key for key in keys if key in sales})
    told = (
        f"{other.name} joined {link.said()}: {won.count('yes')} of {len(leads)} leads have a row and count as won"
        f"{f', at {name}' if name else ', whenever that was'}; {lone} of its {len(sales)} belong to no lead"
        f"{f'; {earlier} bought before they came and not since: not won by that' if earlier else ''}"
        f"{f'; {len(off)} rows were called off and count as none' if off else ''}"
    )
    fix = "if a row is no sale: role: ignore or accounts in model.source.tables"
    if not name:
        fix += "; to know when each was sold, and which were before a lead came: at, with the column of the date"
    said = Finding("sales", "warn", told, fix=fix)
    return Sold(replace(leads, cells=cells), source.model_copy(update=stated), said)
