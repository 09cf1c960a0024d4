"""Persons whom a CRM wants forgotten: its event stays until all that is known of them is gone, and goes with it.

What forgetting is stands in `forgetting.py`; a person asks for it by `leads erase`.
"""

from __future__ import annotations

import logging

from sqlalchemy import select

from cloud_sync.crm.forgetting import forget
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent
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
    for connection, lead in found:
        forget(hub, connection, lead, by=f"crm:{connection}")
    if found:
        log.info("event=leads_forgotten n=%d", len(found))
    return len(found)
