"""What makes a live source last: whatever gives its samples is used again and again, with growing pauses.

One alert says that the source is lost, one that it is back. What is used, a camera or a machine's driver, and
what it gives is the source's business.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from edge_agent.errors import SourceError
from edge_agent.log import log, warn
from edge_agent.sources.base import Alerts, SourceHealth
from kits.core.errors import ConfigError

_LONGEST_PAUSE_S = 30.0


class Lasting:
    """Keeps one source going.

    Args:
        arrive: what is said when it is back, as in `frames arrive again`.
        first_pause_s: before it is used again for the first time, seconds.
        failed: an error in the words of the alert.

    Attributes:
        lost_mono: since when the source is lost, monotonic seconds; None: it is not.
    """

    def __init__(
        self,
        name: str,
        health: SourceHealth,
        alerts: Alerts,
        *,
        arrive: str,
        first_pause_s: float,
        failed: Callable[[Exception], str],
    ) -> None:
        self._name = name
        self._health = health
        self._alerts = alerts
        self._arrive = arrive
        self._first_pause_s = first_pause_s
        self._failed = failed
        self._hopeless: ConfigError | None = None
        self.lost_mono: float | None = None

    def check(self) -> None:
        """Raises SourceError when what is configured can never work."""
        if self._hopeless is not None:
            error = self._hopeless
            raise SourceError(error.what, where=error.where, fix=error.fix)

    def run(self, use: Callable[[], str], closed: threading.Event, came: Callable[[], int]) -> None:
        """Uses the device until the source is closed, or it is clear that it can never work.

        Args:
            use: gives samples until it cannot; why it ended. It may raise anything; a ConfigError
                says that what is configured can never work.
            came: how much came so far: what gave something is used again soon.
        """
        pause_s = self._first_pause_s
        while not closed.is_set():
            before = came()
            try:
                why = use()
            except ConfigError as error:
                self._hopeless = error
                return
            except Exception as error:  # noqa: BLE001  top of a supervised loop: a driver may raise anything
                self._health.failures += 1
                warn("source_failed", source=self._name, error=repr(error))
                why = self._failed(error)
            if came() > before:
                pause_s = self._first_pause_s
            if closed.is_set():
                return
            self.lost(why)
            self._health.reconnects += 1
            self._health.capture.wait(closed, pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def lost(self, why: str) -> None:
        """Nothing comes any more."""
        self._health.up = False
        if self.lost_mono is None:
            self.lost_mono = time.monotonic()
            warn("source_lost", source=self._name, why=why)
            self._alerts("source-lost", "error", f"{self._name}: {why}; trying again")

    def back(self) -> None:
        """Something comes."""
        self._health.up = True
        if self.lost_mono is not None:
            self.lost_mono = None
            log("source_back", source=self._name)
            self._alerts("source-lost", "info", f"{self._name}: {self._arrive} again")
