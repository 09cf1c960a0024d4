"""What is looked after for all leads every few seconds: releases take effect and withdrawn bundles end, wrong times go.

Once an hour it is seen whether the API that a CRM is asked by ends soon. The rest is done for every project, whether a CRM is connected to it or not: the live API scores with the same bundles. A time
is wrong that lies further ahead than any pause is long; once the clock was set back, each that lies ahead may be.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from cloud_sync.crm.client import breaker
from cloud_sync.crm.inbound import hiding
from cloud_sync.crm.kinds.lifetimes import tell_ending
from cloud_sync.crm.order import take_every
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring.models import LeadModels, try_look
from cloud_sync.crm.scoring.projects import projects
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.spans import SLACK
from cloud_sync.store.db import changed_by
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

NAME = "leads-upkeep"
LOOK_S = 10.0
ENDS_EVERY_S = 3600.0
STEP_S = 30.0
"""A clock that went back by more was set; by less it may have been slewed."""
_Time = InstrumentedAttribute[datetime | None]
_TIMES: tuple[tuple[_Time, InstrumentedAttribute[str], timedelta], ...] = (
    (CrmLead.due_at, CrmLead.connection, timedelta(seconds=hiding.SLOWEST_S)),
    (CrmLead.write_at, CrmLead.connection, timedelta(seconds=writing.MAX_RETRY_S)),
    (CrmConnection.open_until, CrmConnection.name, breaker.LONGEST),
)
"""Until when something waits, whose row it is, and how long it waits at most."""


class LeadUpkeep(Looping):
    """The loop.

    Args:
        hub: whose leads.
        models: which bundles score them.
        clock: monotonic seconds.
    """

    def __init__(
        self, hub: Hub, models: LeadModels, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hub = hub
        self._models = models
        self._clock = clock
        self._ahead_s: float | None = None  # of the wall clock before the monotonic one
        self._ends_at_s = -math.inf  # monotonic: when ends of versions are looked for again
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
        back_s = self._set_back_by(now)
        found = bring_back(self._hub, now, any_ahead=back_s > STEP_S)
        if back_s > STEP_S:
            log.warning("event=clock_set_back by_s=%.0f due_again=%d", back_s, found)
        if self._clock() >= self._ends_at_s:
            tell_ending(self._hub, now)
            self._ends_at_s = self._clock() + ENDS_EVERY_S

    def _set_back_by(self, now: datetime) -> float:
        """By how many seconds the clock went back since the last look, negative where it leapt ahead."""
        ahead_s = now.timestamp() - self._clock()
        before_s, self._ahead_s = self._ahead_s, ahead_s
        return 0.0 if before_s is None else before_s - ahead_s


def bring_back(hub: Hub, now: datetime, *, any_ahead: bool = False) -> int:
    """Makes due now what a clock that was wrong put off; how many times were wrong.

    Leads of which no event comes would wait until the clock gets there.

    Args:
        any_ahead: the clock was set back: whatever waits, waits for a time of the clock before, as far as anybody knows;
            a pause that was meant is cut short, once.
    """
    with hub.database.session() as session:
        names = session.scalars(select(CrmConnection.name).order_by(CrmConnection.name)).all()
    return sum(
        _bring_back(
            hub, (column, owner == name), now + (timedelta() if any_ahead else longest), now
        )
        for name in names
        for column, owner, longest in _TIMES
    )


def _bring_back(hub: Hub, of: tuple[_Time, Any], latest: datetime, now: datetime) -> int:
    column, mine = of
    wrong = mine, column > latest + SLACK
    with hub.database.session() as session:
        if session.scalar(select(column).where(*wrong).limit(1)) is None:
            return 0
    with hub.database.transaction() as session:
        take_every(session)
        done = session.execute(update(column.class_).where(*wrong).values({column: now}))
        return changed_by(done)
