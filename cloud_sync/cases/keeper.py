"""The loop that looks after cases: labels for samples that came late, answers of the CMMS."""

from __future__ import annotations

import logging
import threading
import time

from cloud_sync.cases.labels import state_late
from cloud_sync.cmms.inbound import forget_old
from cloud_sync.cmms.poll import CmmsPoll
from cloud_sync.hub import Hub
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

LOOK_S = 60.0
SOON_S = 1.0


class CaseKeeper:
    """The thread.

    Args:
        hub: whose cases.
        poll: asks the CMMS; None: there is none to ask.
    """

    def __init__(self, hub: Hub, poll: CmmsPoll | None = None) -> None:
        self._hub = hub
        self._poll = poll
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cases", daemon=True)

    def start(self) -> None:
        """Starts it."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the turn at hand."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        look_at = ask_at = time.monotonic() + SOON_S
        while not self._stop.wait(max(0.1, min(look_at, ask_at) - time.monotonic())):
            try:
                now = time.monotonic()
                if now >= look_at:
                    look_at = now + LOOK_S
                    self.look()
                if now >= ask_at:
                    ask_at = now + LOOK_S
                    ask_at = now + self.ask()
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self._hub.metrics.loop_errors.labels("cases").inc()
                log.error("event=cases_failed error=%r", str(error)[:300])

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
