"""A source of machine signals: a driver in a thread of its own fills the feed, windows come out of it.

What the machine speaks is the driver's business. A driver that fails or ends is started again (`lasting.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Protocol

from edge_agent.pulse import Pulse
from edge_agent.signals.config import Windowing
from edge_agent.signals.cutting import Cut
from edge_agent.signals.feed import Feed
from edge_agent.signals.ring import Ring
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.lasting import Lasting
from kits.core.errors import KitwrightError

_TURN_S = 0.25


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
        self._name = name
        self._closed = threading.Event()
        self.live = True
        self.health = SourceHealth(up=False)
        self._lasting = Lasting(
            name,
            self.health,
            alerts,
            arrive="readings arrive",
            first_pause_s=backoff_s,
            failed=_in_words,
        )
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
                self._lasting.check()
        finally:
            self._closed.set()
            driving.join(2.0)
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _drive(self) -> None:
        self._lasting.run(self._use_driver, self._closed, lambda: self.feed.figures.readings)

    def _use_driver(self) -> str:
        self.health.capture.beat()
        return self._driver.run(self.feed, self._closed, self.health.capture)

    def _look_whether_it_lives(self) -> None:
        silent_s = time.monotonic() - self.feed.heard_mono
        if silent_s > self._config.stale_s:
            self._lasting.lost(
                f"no reading for {self._config.stale_s:g} s (source.stale_s; longer for what tells less often)"
            )
        elif self.feed.figures.readings and self.feed.heard_mono > (self._lasting.lost_mono or 0.0):
            self._lasting.back()


def _in_words(error: Exception) -> str:
    if isinstance(error, KitwrightError):
        return error.in_a_line
    name = type(error).__name__
    return f"{name}: {error}" if str(error) else name


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
