"""What people said of a lead that was merged into another one goes on with that one: who objected is not scored under its number.

In the transaction that stores the events. What the CRM's own fields say of opting out is for the CRM's merge to keep. Whom
a CRM wants forgotten is forgotten with the records that it made one with theirs: it has only the one that is left, and
names no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.kinds.base import CrmEvent as Event
from cloud_sync.crm.leads import leads
from cloud_sync.crm.scoring import storing
from cloud_sync.hub import audit
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import CrmEvent, CrmLead
from cloud_sync.store.models.crm import ERASURE
from kits.core.sample import utc_now

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
        if left is None:
            continue
        if lead.override:
            _say(session, lead, left)
        if leads.is_erased(left) or _to_be_forgotten(session, left):
            have_forgotten(session, lead.connection, [lead.object_id])


def untold(session: Session, connection: str, events: Sequence[Event]) -> list[Event]:
    """Events without the merges that are known: a CRM that is asked tells of each with every change of the record that is
    left, for ever, and again of the one that this one goes into; what people said since counts."""
    told = {(event.object_id, event.into) for event in events if event.into}
    if not told:
        return [*events]
    query = select(CrmLead.object_id, CrmLead.merged_into)
    gone = CrmLead.state == storing.GONE, CrmLead.object_id.in_([lost for lost, _ in told])
    went = {
        lost: into
        for lost, into in session.execute(query.where(CrmLead.connection == connection, *gone))
        if into
    }
    known = {(lost, left) for lost, left in told if went.get(lost) == left or (went.get(lost), left) in told}  # fmt: skip
    # nor is the one that is left written anew for those
    old = {left for _, left in known} - {left for _, left in told - known}
    return [
        event
        for event in events
        if (event.object_id, event.into) not in known
        and not (event.what == "joined" and event.object_id in old)
    ]


def joined(session: Session, connection: str, names: Collection[str]) -> list[str]:
    """Ids of other leads that the CRM merged with these, however often, and that were not erased."""
    pairs = [set(pair) for pair in _merged(session, connection)]
    found = set(names)
    while near := set().union(*(pair for pair in pairs if pair & found)) - found:
        found |= near
    return _not_erased(session, connection, found.difference(names))


def went_into(session: Session, connection: str, names: Collection[str]) -> list[str]:
    """The same of those only that went into these, over however many others; not what these went into."""
    pairs = _merged(session, connection)
    found = set(names)
    while near := {lost for lost, left in pairs if left in found} - found:
        found |= near
    return _not_erased(session, connection, found.difference(names))


def have_forgotten(session: Session, connection: str, names: Iterable[str]) -> None:
    """Has leads forgotten as those that a CRM names (`erasure/erasing.py`): it is noted, and done even if the hub stops now."""
    now = utc_now()
    rows = [
        {
            "connection": connection, "event_id": f"merged-and-erased-{name}", "object_id": name,
            "what": "erased", "at": now, "body": {}, "received_at": now,
        }
        for name in names
    ]  # fmt: skip
    if rows:
        insert_once(session, CrmEvent, rows)


def _merged(session: Session, connection: str) -> list[tuple[str, str]]:
    """Each lead that went into another one, and that one."""
    merged = select(CrmLead.object_id, CrmLead.merged_into)
    found = session.execute(merged.where(CrmLead.connection == connection, CrmLead.merged_into != ""))  # fmt: skip
    return [(lost, left) for lost, left in found]


def _not_erased(session: Session, connection: str, names: Iterable[str]) -> list[str]:
    found = [session.get(CrmLead, (connection, name)) for name in sorted(names)]
    return [lead.object_id for lead in found if lead is not None and not leads.is_erased(lead)]


def _to_be_forgotten(session: Session, lead: CrmLead) -> bool:
    """Whether the CRM has named it, and it was not forgotten yet."""
    mine = CrmEvent.connection == lead.connection, CrmEvent.object_id == lead.object_id
    query = select(CrmEvent.event_id).where(ERASURE, CrmEvent.skipped == "", *mine)
    return session.scalar(query.limit(1)) is not None


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
