"""Starts a broker, and starts it again when it dies or hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cloud_sync.fleet.broker import Broker
from cloud_sync.metrics import Metrics
from kits.core.errors import KitwrightError

log = logging.getLogger(__name__)

MAX_WAIT_S = 30.0
PROBE_EVERY_S = 5.0
HUNG_AFTER_S = 30.0
"""Without an answer for this long a broker that runs counts as hung: a thousand handshakes at once
keep it busy for a few seconds."""
TOLD_WITHIN_S = 1.5


class BrokerKeeper:
    """Waits longer after each failed start (0.5 s to 30 s); counts every death.

    Args:
        clock: monotonic seconds.
        ending: set when the hub is told to end. The same signal may reach the broker, for example by
            Ctrl-C; while the hub finishes its requests it is not started again.
        told_within_s: a broker that has died is started again when `ending` was not set within so many
            seconds: it may have got the signal before this process came to look at its own.
    """

    def __init__(
        self,
        broker: Broker,
        metrics: Metrics,
        *,
        poll_s: float = 0.5,
        probe_every_s: float = PROBE_EVERY_S,
        hung_after_s: float = HUNG_AFTER_S,
        told_within_s: float = TOLD_WITHIN_S,
        clock: Callable[[], float] = time.monotonic,
        ending: threading.Event | None = None,
    ) -> None:
        self._broker = broker
        self._began_anew: Callable[[], None] = lambda: None
        self._metrics = metrics
        self._poll_s = poll_s
        self._probe_every_s = probe_every_s
        self._hung_after_s = hung_after_s
        self._told_within_s = told_within_s
        self._clock = clock
        self._probed_at = self._answered_at = 0.0
        self._ending = ending or threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="broker-keeper", daemon=True)

    def start(self, began_anew: Callable[[], None] = lambda: None) -> None:
        """Starts the broker, then watches it.

        Args:
            began_anew: called at each start: the broker knows of no connection that was there before.

        Raises:
            MachineError: the first start fails.
        """
        self._began_anew = began_anew
        self._broker.start()
        self._began_anew()
        self._probed_at = self._answered_at = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """Stops watching, then the broker."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._broker.stop()

    def _watch(self) -> None:
        wait_s = self._poll_s
        while not self._stop.wait(wait_s) and not self._ending.is_set():
            trouble = self._trouble()
            if not trouble:
                wait_s = self._poll_s
                continue
            if trouble == "died" and self._ending.wait(self._told_within_s):
                return
            self._metrics.broker_restarts.inc()
            log.error("event=broker_%s next_try_s=%.1f", trouble, wait_s)
            try:
                self._broker.stop()
                self._began_anew()  # before devices can come back, who say so at once
                self._broker.start()
                self._answered_at = self._clock()
            except (KitwrightError, OSError) as error:
                log.error("event=broker_start_failed error=%r", str(error))
                wait_s = min(wait_s * 2, MAX_WAIT_S)

    def _trouble(self) -> str:
        """Why it must be started again, or empty."""
        if not self._broker.alive():
            return "died"
        now = self._clock()
        if now - self._probed_at < self._probe_every_s:
            return ""
        if self._broker.responds():
            self._answered_at = now
        self._probed_at = self._clock()
        return "hung" if self._probed_at - self._answered_at > self._hung_after_s else ""
