"""Starts a broker, and starts it again when it dies."""

from __future__ import annotations

import logging
import threading

from cloud_sync.fleet.broker import Broker
from cloud_sync.metrics import Metrics
from kits.core.errors import KitwrightError

log = logging.getLogger(__name__)

MAX_WAIT_S = 30.0


class BrokerKeeper:
    """Waits longer after each failed start (0.5 s to 30 s); counts every death."""

    def __init__(self, broker: Broker, metrics: Metrics, *, poll_s: float = 0.5) -> None:
        self._broker = broker
        self._metrics = metrics
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="broker-keeper", daemon=True)

    def start(self) -> None:
        """Starts the broker, then watches it. Raises MachineError when the first start fails."""
        self._broker.start()
        self._thread.start()

    def stop(self) -> None:
        """Stops watching, then the broker."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._broker.stop()

    def _watch(self) -> None:
        wait_s = self._poll_s
        while not self._stop.wait(wait_s):
            if self._broker.alive():
                wait_s = self._poll_s
                continue
            self._metrics.broker_restarts.inc()
            log.error("event=broker_died next_try_s=%.1f", wait_s)
            try:
                self._broker.start()
            except (KitwrightError, OSError) as error:
                log.error("event=broker_start_failed error=%r", str(error))
                wait_s = min(wait_s * 2, MAX_WAIT_S)
