"""Whether leads come as those were that the bundle in force learned from: a column that nobody fills in before it is scored
teaches what never comes true.

The latest leads are compared as they were when their scores were first asked for, whatever became of them; outcomes are
not waited for. What is unlike is the kit's to say.
"""

from __future__ import annotations

from datetime import datetime
from heapq import nlargest

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from cloud_sync.crm.outcomes.outcomes import content_of
from cloud_sync.crm.scoring.scored import MEDIA_TYPE
from cloud_sync.effects.alerts import close_alert, raise_lasting
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel
from cloud_sync.store.models.crm import ASKED
from kits.core.errors import DataError
from kits.core.ready import ReadyBundle
from kits.core.runtime import Compares, Payload, Skew

SKEW = "lead-skew"
LATELY = 1000
"""So many leads are compared."""
_NAMED = 3
"""Columns that an alert tells of; of the others it says how many they are."""


def look(hub: Hub, project: str, ready: ReadyBundle) -> tuple[Skew, ...]:
    """One look at the latest leads of a project: an alert stands as long as they are unlike those learned from.

    Args:
        ready: the bundle in force.
    """
    runtime = ready.runtime
    if not isinstance(runtime, Compares):
        return ()
    with hub.database.session() as session:
        contents = [content_of(lead) for lead in latest(session, project, ready.id)]
    payloads: list[Payload] = []
    for content in contents:
        try:
            payloads.append(runtime.decode(content, MEDIA_TYPE))
        except DataError:
            # kept by another version of the kit: the others tell enough
            continue
    found = runtime.skews(payloads)
    with hub.database.transaction() as session:
        in_force = session.get(LeadModel, project, with_for_update=True)
        if in_force is None or in_force.bundle != ready.id:
            return found  # another one took its place meanwhile: nothing is known of that
        if found:
            text, since = told(project, found), in_force.at
            raise_lasting(
                session, hub.config.notify, SKEW, "warning", text, where=project, since=since
            )
        else:
            close_alert(session, SKEW, where=project)
    return found


def latest(session: Session, project: str, bundle: str) -> list[CrmLead]:
    """Leads of which a bundle was asked first, open and decided ones, the latest; test leads are none."""
    names = session.scalars(select(CrmConnection.name).where(CrmConnection.project == project))
    found: list[CrmLead] = []
    for name in names:
        query = (
            select(CrmLead)
            .options(load_only(CrmLead.asked, CrmLead.asked_at))
            .where(ASKED, CrmLead.connection == name, CrmLead.asked_of == bundle)
            .where(CrmLead.trial == "")
            .order_by(CrmLead.asked_at.desc())
            .limit(LATELY)
        )
        found += session.scalars(query)
    return nlargest(LATELY, found, key=_asked_at)


def _asked_at(lead: CrmLead) -> datetime:
    assert lead.asked_at is not None
    return lead.asked_at


def told(project: str, found: tuple[Skew, ...]) -> str:
    """The text of the alert."""
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{project}: {'; '.join(one.text for one in found[:_NAMED])}{more}"
