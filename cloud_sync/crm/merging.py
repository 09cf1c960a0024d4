"""What people said of a lead that was merged into another one goes on with that one: who objected is not scored under its number.

In the transaction that stores the events. What the CRM's own fields say of opting out is for the CRM's merge to keep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm import leads, storing
from cloud_sync.hub import audit
from cloud_sync.store.models import CrmLead

_BY = "hub"


@dataclass(frozen=True, slots=True)
class Merge:
    """A lead that went into another one of its connection."""

    connection: str
    object_id: str
    into: str


def carry_over(session: Session, merges: Iterable[Merge]) -> None:
    """Notes where leads went, and has what people said of them hold there; what was said there itself counts more."""
    for merge in merges:
        lead = leads.held(session, merge.connection, merge.object_id)
        if lead is None or merge.into == merge.object_id:
            continue
        lead.merged_into = merge.into
        left = leads.left_of(session, lead)
        if left is not None and lead.override:
            _say(session, lead, left)


def joined(session: Session, connection: str, names: Collection[str]) -> list[str]:
    """Ids of other leads that the CRM merged with these, however often, and of which something is held still."""
    mine = CrmLead.connection == connection
    merged = select(CrmLead.object_id, CrmLead.merged_into).where(mine, CrmLead.merged_into != "")
    pairs = [set(pair) for pair in session.execute(merged)]
    found = set(names)
    while near := set().union(*(pair for pair in pairs if pair & found)) - found:
        found |= near
    others = [session.get(CrmLead, (connection, name)) for name in sorted(found.difference(names))]
    return [lead.object_id for lead in others if lead is not None and lead.fields]


def _say(session: Session, lead: CrmLead, left: CrmLead) -> None:
    """Of the one that is left what was said of the other."""
    objects = storing.is_muted(lead)
    if storing.is_muted(left) or (left.override and not objects):
        return
    why = "erased" if leads.is_erased(lead) else leads.said_why(lead.override)
    said = {
        **lead.override, "who": _BY if leads.is_erased(lead) else lead.override.get("who", ""),
        "why": f"{why} (said of {lead.object_id}, which was merged into this one)"[: leads.MAX_WHY],
    }  # fmt: skip
    if objects:
        leads.mute(session, left, said)
    else:
        leads.put_in_place(session, left, said)
    audit(
        session, _BY, "leads.opt-out" if objects else "leads.override",
        f"{left.connection}/{left.object_id}", why=leads.said_why(said), band=str(said.get("band", "")),
    )  # fmt: skip
