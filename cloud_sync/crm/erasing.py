"""Persons to be forgotten without anybody asking here: those a CRM names, and those a dataset version brings back.

The CRM's event stays until all that is known of them is gone, and goes with it. What forgetting is stands in
`forgetting.py`; a person asks for it by `leads erase`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from sqlalchemy import String, cast, select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.forgetting import forget_all
from cloud_sync.crm.leads import ERASED_WORDS
from cloud_sync.crm.outcomes import key_of_lead
from cloud_sync.crm.persons import keys_in
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.mails.traces import clear_jobs, overwriting
from cloud_sync.mails.versions import projects_of
from cloud_sync.store.db import changed_by, insert_once
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.crm import ERASURE

log = logging.getLogger(__name__)

AT_ONCE = 100


def forget_asked(hub: Hub) -> int:
    """Forgets those a CRM has named; how many.

    Raises:
        UnreachableError: the storage cannot be used; they are forgotten later.
    """
    with hub.database.session() as session:
        query = select(CrmEvent.connection, CrmEvent.object_id).where(
            ERASURE, CrmEvent.skipped == ""
        )
        found = [tuple(row) for row in session.execute(query.distinct().limit(AT_ONCE))]
    for connection in sorted({connection for connection, _ in found}):
        mine = [(name, lead) for name, lead in found if name == connection]
        with hub.database.transaction() as session:
            # one of which nothing is known but this may have gone (`retention/unknown.py`): imports may have it
            rows = [{"connection": name, "object_id": lead} for name, lead in mine]
            insert_once(session, CrmLead, rows)
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


_ERASED = tuple(CrmLead.override[key].as_string() == ERASED_WORDS for key in ("who", "why"))
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
    its_lead = (CrmLead.connection == CrmEvent.connection) & (
        CrmLead.object_id == CrmEvent.object_id
    )
    erased = select(CrmLead.object_id).where(its_lead, *_ERASED).exists()
    telling = erased, cast(CrmEvent.body, String) != "{}"
    with hub.database.session() as session:
        if session.scalar(select(CrmEvent.event_id).where(*telling).limit(1)) is None:
            return 0
    with overwriting(hub) as session:
        done = session.execute(update(CrmEvent).where(*telling).values(body={}))
    return changed_by(done)
