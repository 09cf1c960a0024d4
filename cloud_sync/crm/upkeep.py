"""What is looked after for all leads every few seconds: releases take effect and withdrawn bundles end, wrong times go.

It is done for every project, whether a CRM is connected to it or not: the live API scores with the same bundles.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from cloud_sync.crm import breaker
from cloud_sync.crm.models import LeadModels, try_look
from cloud_sync.crm.projects import projects
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now

NAME = "leads-upkeep"
LOOK_S = 10.0
_TIMES = (CrmLead.due_at, CrmLead.write_at)


class LeadUpkeep(Looping):
    """The loop.

    Args:
        hub: whose leads.
        models: which bundles score them.
    """

    def __init__(self, hub: Hub, models: LeadModels) -> None:
        self._hub = hub
        self._models = models
        self._loop = Loop(NAME, self._turn, hub.metrics, after_fault=always(LOOK_S), first_s=1.0)

    def _turn(self) -> float:
        self.look(utc_now())
        return LOOK_S

    def look(self, now: datetime) -> None:
        """One look at each project and at the leads' times."""
        with self._hub.database.session() as session:
            names = projects(session)
        for name in names:
            try_look(self._models, name)
        bring_back(self._hub, now)


def bring_back(hub: Hub, now: datetime) -> int:
    """Makes due now what a clock that was wrong put off for days; how many times were wrong.

    No pause is as long as that. Leads of which no event comes would wait until the clock gets there.
    """
    with hub.database.session() as session:
        names = session.scalars(select(CrmConnection.name).order_by(CrmConnection.name)).all()
    return sum(_bring_back(hub, name, column, now) for name in names for column in _TIMES)


def _bring_back(
    hub: Hub, connection: str, column: InstrumentedAttribute[datetime | None], now: datetime
) -> int:
    wrong = CrmLead.connection == connection, column > now + breaker.LONGEST
    with hub.database.session() as session:
        if session.scalar(select(CrmLead.object_id).where(*wrong).limit(1)) is None:
            return 0
    with hub.database.transaction() as session:
        done = session.execute(update(CrmLead).where(*wrong).values({column: now}))
        return changed_by(done)
