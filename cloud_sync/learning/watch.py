"""Looks at every project's drift once in a while, and whether a retraining pays, from a thread of the hub; alerts are rows."""

from __future__ import annotations

import logging

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.learning.planning import propose, watch_drift
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.store.models import Project
from kits.core.errors import KitwrightError

PERIOD_S = 3600.0
PROPOSE_EVERY = 24
"""Looks: a plan reads all that was reviewed, and reviews take days."""

_log = logging.getLogger(__name__)


class DriftWatch(Looping):
    """The loop.

    Args:
        period_s: time between two looks.
        propose_every: looks between two questions whether a retraining pays; the first look asks.
    """

    def __init__(
        self, hub: Hub, *, period_s: float = PERIOD_S, propose_every: int = PROPOSE_EVERY
    ) -> None:
        self._hub = hub
        self._period_s = period_s
        self._propose_every = propose_every
        self._looks = 0
        self._loop = Loop(
            "drift", self._turn, hub.metrics,
            after_fault=always(period_s), first_s=period_s, traceback=True,
        )  # fmt: skip

    def step(self) -> int:
        """One look at all projects; number of alerts written."""
        with self._hub.database.session() as session:
            projects = list(session.scalars(select(Project.name)))
        told = sum(len(watch_drift(self._hub, project)) for project in projects)
        if self._looks % self._propose_every == 0:
            told += sum(self._proposed(project) for project in projects)
        self._looks += 1
        return told

    def _proposed(self, project: str) -> bool:
        try:
            return propose(self._hub, project) is not None
        except KitwrightError as error:
            # what is wrong with one project keeps no other one from being looked at
            _log.warning("event=plan_not_made project=%s error=%r", project, error.what)
            return False

    def _turn(self) -> float:
        _log.info("event=drift_watched alerts=%d", self.step())
        return self._period_s
