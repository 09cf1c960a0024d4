"""Persons to be forgotten without anybody asking here: those a CRM names, and those a dataset version brings back.

The CRM's event stays until all that is known of them is gone, and goes with it. What forgetting is stands in
`forgetting.py`; a person asks for it by `leads erase`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from sqlalchemy import ColumnElement, String, cast, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.erasure.forgetting import forget_all
from cloud_sync.crm.erasure.persons import keys_in
from cloud_sync.crm.inbound import merging
from cloud_sync.crm.leads.leads import ERASED_WORDS
from cloud_sync.crm.order import take_whole
from cloud_sync.crm.outcomes.outcomes import key_of_lead
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import projects_of
from cloud_sync.store.db import changed_by, insert_once
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.crm import ERASURE, OPTED_OUT

log = logging.getLogger(__name__)

AT_ONCE = 100


def forget_asked(hub: Hub, only: str = "") -> int:
    """Forgets those a CRM has named, so many at once, and the records that it merged into theirs; how many it named.

    Args:
        only: of this connection; empty: of all.

    Raises:
        UnreachableError: the storage cannot be used; they are forgotten later.
    """
    with hub.database.session() as session:
        query = select(CrmEvent.connection, CrmEvent.object_id).where(
            ERASURE, CrmEvent.skipped == ""
        )
        if only:
            query = query.where(CrmEvent.connection == only)
        found = [tuple(row) for row in session.execute(query.distinct().limit(AT_ONCE))]
    for connection in sorted({connection for connection, _ in found}):
        mine = [(name, lead) for name, lead in found if name == connection]
        with hub.database.transaction() as session:
            # one of which nothing is known but this may have gone (`retention/unknown.py`): imports may have it
            take_whole(session, connection)
            rows = [{"connection": name, "object_id": lead} for name, lead in mine]
            insert_once(session, CrmLead, rows)
            away = merging.went_into(session, connection, [lead for _, lead in mine])
            merging.have_forgotten(session, connection, away)
        mine += [(connection, lead) for lead in away]
        forget_all(hub, mine, by=f"crm:{connection}")
    if found:
        log.info("event=leads_forgotten n=%d", len(found))
    return len(found)


def forget_again(hub: Hub, known: set[str]) -> int:
    """Forgets those again whom a project that was published since still had; how many.

    Args:
        known: dataset versions that were looked at, by which no clock is needed; those that are looked at now are added.

    Raises:
        UnreachableError: the storage cannot be used; they are forgotten later.
    """
    with hub.database.session() as session:
        erased = {key: lead for lead, key in _erased(session) if key}
        there = set(session.scalars(select(DatasetRow.id).where(DatasetRow.successor == "")))
    if not erased:
        return 0
    known &= there
    fresh, met = sorted(there - known), set[str]()
    for version in fresh:
        with contextlib.suppress(NotFoundError):  # the file is gone, and nothing can be in it
            met |= keys_in(hub, version, erased)
    found = [erased[key] for key in sorted(met)]
    if found:
        forget_all(hub, found, by="hub")
    known |= set(fresh)
    if found:
        log.info("event=leads_forgotten_again n=%d", len(found))
    return len(found)


_ERASED = (
    OPTED_OUT,
    *(CrmLead.override[key].as_string() == ERASED_WORDS for key in ("who", "why")),
)
"""Conditions: leads that were erased."""


def _erased(session: Session) -> Iterator[tuple[tuple[str, str], str]]:
    """Leads that were erased, each with the key that imports know it by."""
    rows = session.execute(
        select(CrmLead.connection, CrmLead.object_id, CrmConnection.settings)
        .join(CrmConnection, CrmConnection.name == CrmLead.connection)
        .where(*_ERASED)
    )
    for connection, lead, settings in rows:
        yield (connection, lead), key_of_lead(CrmSettings.model_validate(settings), lead)


def clear_late(hub: Hub) -> int:
    """Removes what came late of those who were erased: what jobs left that ran meanwhile, what events say; how many events.

    An event of an erased lead is kept without its words, so that it is known when it is sent again.
    """
    clear_jobs(hub, projects_of(hub))
    with hub.database.session() as session:
        query = select(CrmLead.connection, CrmLead.object_id).where(*_ERASED)
        erased = [(connection, lead) for connection, lead in session.execute(query)]
        telling = [key for key in erased if _tell(session, *key)]
    cleared, giving_way = 0, GivingWay()
    for first in range(0, len(telling), AT_ONCE):
        with overwriting(hub) as session:
            for connection, lead in telling[first : first + AT_ONCE]:
                late = update(CrmEvent).where(*_late(connection, lead))
                cleared += changed_by(session.execute(late.values(body={})))
        giving_way.rest()
    return cleared


def _tell(session: Session, connection: str, lead: str) -> bool:
    query = select(CrmEvent.event_id).where(*_late(connection, lead))
    return session.scalar(query.limit(1)) is not None


def _late(connection: str, lead: str) -> tuple[ColumnElement[bool], ...]:
    """Conditions: events of a lead that still say something."""
    return (
        CrmEvent.connection == connection,
        CrmEvent.object_id == lead,
        cast(CrmEvent.body, String) != "{}",
    )
