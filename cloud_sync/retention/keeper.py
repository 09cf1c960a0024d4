"""The loop that prunes: a turn now and then, at once again while much is left."""

from __future__ import annotations

import logging
import threading

from cloud_sync.hub import Hub
from cloud_sync.retention.pruner import Pruner

log = logging.getLogger(__name__)

FIRST_S = 60.0
EVERY_S = 3600.0
AGAIN_S = 30.0


class RetentionKeeper:
    """The thread.

    Args:
        hub: whose tables and storage.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Starts it; the first turn is after a minute."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the turn at hand."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = FIRST_S
        while not self._stop.wait(pause_s):
            try:
                pruner = Pruner(self._hub)
                pruner.turn()
                pause_s = EVERY_S if pruner.finished else AGAIN_S
            except Exception as error:  # noqa: BLE001  (top of a supervised loop)
                self._hub.metrics.loop_errors.labels("retention").inc()
                log.error("event=retention_failed error=%r", str(error)[:300])
                pause_s = EVERY_S
