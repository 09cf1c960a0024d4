"""What the pages of leads show, computed from rows: titles, delivery, the course as a curve. No HTML, no queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.record_pages import page_of
from cloud_sync.crm.leads import leads
from cloud_sync.crm.leads.hotlist import Listed
from cloud_sync.crm.leads.leads import Delivery
from cloud_sync.crm.outbound.refusals import Refusal, refusal_of
from cloud_sync.crm.outbound.writing import DEAD
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.scored import reasons_in
from cloud_sync.store.models import CrmLead, CrmScore
from kits.core.harmless import printable
from kits.core.prediction import Reason

MAX_FIELDS = 200
SHOWN_REASONS = 3
"""In the list."""
WIDTH, HEIGHT = 600.0, 120.0


@dataclass(frozen=True, slots=True)
class LeadCard:
    """A lead in the list; `at_crm`: address of its record there, empty where none is known."""

    lead: CrmLead
    title: str
    band: str
    delivery: Delivery
    reasons: Sequence[Reason]
    by_lot: bool = False
    firm: str = ""
    at_crm: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points over time as the corners of a line, with what its ends mean."""

    corners: str
    dots: tuple[tuple[float, float, int], ...]


def card(one: Listed, settings: Mapping[str, CrmSettings]) -> LeadCard:
    """A lead for the list."""
    lead = one.lead
    return LeadCard(
        lead, leads.title_of(lead), storing.shown_band(lead),
        delivery_of(lead, settings[lead.connection])[0], reasons_in(lead.reasons[:SHOWN_REASONS]), one.lot,
        leads.firm_of(lead), page_of(settings[lead.connection], lead.object_id),
    )  # fmt: skip


def delivery_of(lead: CrmLead, settings: CrmSettings) -> tuple[Delivery, Refusal | None]:
    """Whether its CRM shows what it should, in the words of the list and its filter, and what the CRM says no to if it does not."""
    found = leads.delivery(lead, settings)
    refused = _refusal(lead, found)
    why = refused.why if refused is not None else found.why
    return replace(found, state="for a person" if lead.dead else found.state, why=why), refused


def _refusal(lead: CrmLead, found: Delivery) -> Refusal | None:
    fault = DEAD + found.why if found.state == "failing" else lead.dead
    return refusal_of(fault, lead.connection)


def fields_of(lead: CrmLead) -> Sequence[tuple[str, JsonValue]]:
    """Its columns by name, empty ones left out."""
    known = [
        (printable(name), printable(value) if isinstance(value, str) else value)
        for name, value in sorted(lead.fields.items())
        if value not in (None, "")
    ]
    return known[:MAX_FIELDS]


def curve_of(course: Sequence[CrmScore]) -> Curve | None:
    """The course of points (the newest first) as a line from left to right; None: fewer than two."""
    rows = [(row.at.timestamp(), row.points) for row in reversed(course) if row.points is not None]
    if len(rows) < 2:
        return None
    first, last = rows[0][0], rows[-1][0]
    span = max(last - first, 1e-9)
    dots = tuple(
        (round(WIDTH * (at - first) / span, 1), round(HEIGHT * (1 - points / 100), 1), points)
        for at, points in rows
    )
    return Curve(" ".join(f"{x:g},{y:g}" for x, y, _points in dots), dots)
