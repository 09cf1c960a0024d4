"""Persons to be forgotten without anybody asking here: those a CRM names, and those a dataset version brings back.

The CRM's event stays until all that is known of them is gone, and goes with it. What forgetting is stands in
`forgetting.py`; a person asks for it by `leads erase`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.forgetting import ERASED_WORDS, forget
from cloud_sync.crm.outcomes import key_of_lead
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.learning import datasets
from cloud_sync.mails.traces import clear_jobs
from cloud_sync.mails.versions import projects_of
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from cloud_sync.store.models import Dataset as DatasetRow
from cloud_sync.store.models.crm import ERASURE
from kits.core.sample import key_of

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
    for connection, lead in found:
        forget(hub, connection, lead, by=f"crm:{connection}")
    if found:
        log.info("event=leads_forgotten n=%d", len(found))
    return len(found)


def forget_again(hub: Hub, since: datetime | None) -> int:
    """Forgets those again whom a project that was published since still had; how many.

    Args:
        since: versions that came before were looked at; None: none was.

    Raises:
        UnreachableError: the storage cannot be used; they are forgotten later.
    """
    with hub.database.session() as session:
        erased = {key: lead for lead, key in _erased(session) if key}
        fresh = select(DatasetRow.id).where(DatasetRow.successor == "")
        versions = session.scalars(
            fresh if since is None else fresh.where(DatasetRow.created_at >= since)
        ).all()
    met = set[str]()
    for version in versions if erased else ():
        with contextlib.suppress(NotFoundError):  # the file is gone, and nothing can be in it
            met |= {key_of(item.sample) for item in datasets.read(hub.storage, version).items}
    found = [erased[key] for key in sorted(met & erased.keys())]
    for connection, lead in found:
        forget(hub, connection, lead, by="hub")
    if found:
        log.info("event=leads_forgotten_again n=%d", len(found))
    return len(found)


def _erased(session: Session) -> Iterator[tuple[tuple[str, str], str]]:
    """Leads that were erased, each with the key that imports know it by."""
    word = CrmLead.override["who"].as_string(), CrmLead.override["why"].as_string()
    rows = session.execute(
        select(CrmLead.connection, CrmLead.object_id, CrmConnection.settings)
        .join(CrmConnection, CrmConnection.name == CrmLead.connection)
        .where(*(one == ERASED_WORDS for one in word))
    )
    for connection, lead, settings in rows:
        yield (connection, lead), key_of_lead(CrmSettings.model_validate(settings), lead)


def clear_late(hub: Hub) -> None:
    """Removes what jobs left that ran when somebody was erased."""
    clear_jobs(hub, projects_of(hub))
