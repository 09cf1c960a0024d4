"""The loop that looks after leads once in a while: whom a CRM wants forgotten, whose samples are, whether scores still say what
happens and when, leads still come as those were that were learned from, and which count as lost by their age."""

from __future__ import annotations

from cloud_sync.crm.erasure import erasing
from cloud_sync.crm.outcomes import by_age, keyless, pace, skew, watching
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.scoring.projects import projects
from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from kits.core.errors import BundleError
from kits.core.sample import utc_now

LOOK_S = 3600.0
SOON_S = 30.0


class LeadKeeper(Looping):
    """The loop.

    Args:
        hub: whose leads.
        models: which bundles score them.
    """

    def __init__(self, hub: Hub, models: LeadModels) -> None:
        self._hub = hub
        self._models = models
        self._known: set[str] = set()  # dataset versions that were looked at
        self._loop = Loop(
            "leads", self._turn, hub.metrics, after_fault=always(LOOK_S), first_s=SOON_S
        )

    def _turn(self) -> float:
        if erasing.forget_asked(self._hub) == erasing.AT_ONCE:
            return SOON_S  # more wait, and nothing is as urgent
        keyless.give_keys(self._hub)
        erasing.forget_again(self._hub, self._known)
        erasing.clear_late(self._hub)
        self.look()
        return LOOK_S

    def look(self) -> None:
        """One look at each project."""
        with self._hub.database.session() as session:
            names = projects(session)
        for name in names:
            watching.look(self._hub, name, utc_now())
        # these need the bundle, which a storage that does not answer keeps back
        for name in names:
            try:
                ready = self._models.current(name)
            except (NotFoundError, BundleError):
                # none is in force, or it is told that it cannot be loaded
                continue
            skew.look(self._hub, name, ready)
            by_age.look(self._hub, name, ready, utc_now())
            pace.look(self._hub, name, ready, utc_now())
