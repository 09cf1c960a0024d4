"""The loop that looks after mails: the promises of bundles, and what comes late of who was erased."""

from __future__ import annotations

from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.mails.answers import give_up
from cloud_sync.mails.erasure import again
from cloud_sync.mails.gates import GateWatch
from kits.core.sample import utc_now

LOOK_S = 60.0
SOON_S = 2.0


class MailKeeper(Looping):
    """The loop.

    Args:
        hub: whose mails.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._gates = GateWatch(hub)
        self._loop = Loop(
            "mails", self._turn, hub.metrics, after_fault=always(LOOK_S), first_s=SOON_S
        )

    def _turn(self) -> float:
        self.look()
        return LOOK_S

    def look(self) -> None:
        """One look at everything; gates first, for they protect."""
        self._gates.step()
        again(self._hub, utc_now())
        with self._hub.database.transaction() as session:
            give_up(session, self._hub.config.notify, utc_now())
