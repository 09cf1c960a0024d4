"""The loop that looks after cases: labels for samples that came late, answers of the CMMS."""

from __future__ import annotations

import time

from cloud_sync.cases.labels import state_late
from cloud_sync.cmms.inbound import forget_old
from cloud_sync.cmms.poll import CmmsPoll
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping
from kits.core.sample import utc_now

LOOK_S = 60.0
SOON_S = 1.0


class CaseKeeper(Looping):
    """The loop.

    Args:
        hub: whose cases.
        poll: asks the CMMS; None: there is none to ask.
    """

    def __init__(self, hub: Hub, poll: CmmsPoll | None = None) -> None:
        self._hub = hub
        self._poll = poll
        self._look_at = self._ask_at = 0.0
        self._loop = Loop(
            "cases", self._turn, hub.metrics, after_fault=self._pause_s, first_s=SOON_S
        )

    def _turn(self) -> float:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_S
            self.look()
        if now >= self._ask_at:
            self._ask_at = now + LOOK_S
            self._ask_at = now + self.ask()
        return self._pause_s()

    def _pause_s(self, _faults: int = 0) -> float:
        return max(0.1, min(self._look_at, self._ask_at) - time.monotonic())

    def look(self) -> None:
        """States causes of samples that came late, and forgets old messages."""
        with self._hub.database.transaction() as session:
            state_late(session)
            forget_old(session, utc_now())

    def ask(self) -> float:
        """Asks the CMMS; seconds until it is to be asked again."""
        if self._poll is None:
            return LOOK_S
        self._poll.turn()
        return self._poll.pause_s
