"""Looks at every project's drift once in a while, from a thread of the hub; alerts are rows."""

from __future__ import annotations

import logging

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.learning.planning import watch_drift
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.store.models import Project

PERIOD_S = 3600.0

_log = logging.getLogger(__name__)


class DriftWatch(Looping):
    """The loop.

    Args:
        period_s: time between two looks.
    """

    def __init__(self, hub: Hub, *, period_s: float = PERIOD_S) -> None:
        self._hub = hub
        self._period_s = period_s
        self._loop = Loop(
            "drift", self._turn, hub.metrics,
            after_fault=always(period_s), first_s=period_s, traceback=True,
        )  # fmt: skip

    def step(self) -> int:
        """One look at all projects; number of alerts written."""
        with self._hub.database.session() as session:
            projects = list(session.scalars(select(Project.name)))
        return sum(len(watch_drift(self._hub, project)) for project in projects)

    def _turn(self) -> float:
        _log.info("event=drift_watched alerts=%d", self.step())
        return self._period_s
