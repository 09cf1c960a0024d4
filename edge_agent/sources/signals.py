"""A source of machine signals: a driver in a thread of its own fills the feed, windows come out of it.

What the machine speaks is the driver's business. A driver that fails or ends is started again with growing
pauses; one alert says that the source is lost, one that it is back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Protocol

from edge_agent.errors import SourceError
from edge_agent.log import log, warn
from edge_agent.pulse import Pulse
from edge_agent.signals.config import Windowing
from edge_agent.signals.cutting import Cut
from edge_agent.signals.feed import Feed
from edge_agent.signals.ring import Ring
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from kits.core.errors import ConfigError

_TURN_S = 0.25
_BACKOFF_MAX_S = 30.0


class SignalDriver(Protocol):
    """Speaks with one machine, gateway or broker."""

    def run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        """Connects and fills the feed until it is closed or the other side is gone; why it ended.

        Raises:
            Exception: of any kind; it is started again.
            ConfigError: what is configured can never work.
        """


class SignalSource:
    """A `Source` of windows from a live machine.

    Args:
        backoff_s: first pause before the driver is started again, seconds.
    """

    def __init__(
        self,
        config: Windowing,
        driver: SignalDriver,
        alerts: Alerts,
        *,
        name: str,
        backoff_s: float = 0.5,
    ) -> None:
        self._config = config
        self._driver = driver
        self._alerts = alerts
        self._name = name
        self._backoff_s = backoff_s
        self._closed = threading.Event()
        self._lost_mono: float | None = None
        self._hopeless: ConfigError | None = None
        self.live = True
        self.health = SourceHealth(up=False)
        self.feed = Feed(config, alerts, name=name)

    @property
    def ring(self) -> Ring:
        """The newest minutes of all signals."""
        return self.feed.ring

    def samples(self) -> Iterator[Captured]:
        self.health.capture.beat()
        driving = threading.Thread(target=self._drive, name="driver", daemon=True)
        self.feed.heard_mono = time.monotonic()
        driving.start()
        try:
            while not self._closed.is_set():
                self.health.supply.beat()
                self.feed.wait(_TURN_S)
                self._look_whether_it_lives()
                for cut in self.feed.due():
                    self.health.captured += 1
                    self.health.supply.rest()
                    yield captured_of(cut, self._name)
                    if self._closed.is_set():
                        break
                self.health.dropped = self.feed.cutter.skipped
                if self._hopeless is not None:
                    error = self._hopeless
                    raise SourceError(error.what, where=error.where, fix=error.fix)
        finally:
            self._closed.set()
            driving.join(2.0)
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _drive(self) -> None:
        pause_s = self._backoff_s
        while not self._closed.is_set():
            before = self.feed.figures.readings
            try:
                self.health.capture.beat()
                why = self._driver.run(self.feed, self._closed, self.health.capture)
            except ConfigError as error:
                self._hopeless = error
                return
            except Exception as error:  # noqa: BLE001  top of a supervised loop: a driver may raise anything
                self.health.failures += 1
                warn("source_failed", source=self._name, error=repr(error))
                why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            if self.feed.figures.readings > before:
                pause_s = self._backoff_s
            if self._closed.is_set():
                return
            self._raise_lost(why)
            self.health.reconnects += 1
            self.health.capture.wait(self._closed, pause_s)
            pause_s = min(pause_s * 2, _BACKOFF_MAX_S)

    def _look_whether_it_lives(self) -> None:
        silent_s = time.monotonic() - self.feed.heard_mono
        if silent_s > self._config.stale_s:
            self._raise_lost(f"no reading for {self._config.stale_s:g} s")
        elif self.feed.figures.readings and self.feed.heard_mono > (self._lost_mono or 0.0):
            self._clear_lost()

    def _raise_lost(self, why: str) -> None:
        self.health.up = False
        if self._lost_mono is None:
            self._lost_mono = time.monotonic()
            warn("source_lost", source=self._name, why=why)
            self._alerts("source-lost", "error", f"{self._name}: {why}; trying again")

    def _clear_lost(self) -> None:
        self.health.up = True
        if self._lost_mono is not None:
            self._lost_mono = None
            log("source_back", source=self._name)
            self._alerts("source-lost", "info", f"{self._name}: readings arrive again")


def captured_of(cut: Cut, source: str, *, recorded: bool = False) -> Captured:
    """A window as a sample.

    Args:
        recorded: it is of another time than now, and keeps it.
    """
    at = datetime.fromtimestamp(cut.end_s, timezone.utc)
    meta: dict[str, str] = {"asset": cut.asset}
    if recorded:
        return Captured(
            cut.window, "", source, group=cut.asset, meta={**meta}, captured_at=at,
            clock_s=cut.end_s,
        )  # fmt: skip
    return Captured(cut.window, "", source, group=cut.asset, meta={**meta}, clock_s=cut.end_s)
