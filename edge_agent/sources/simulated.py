"""A machine that is none, for trials: a level with a rhythm, noise and a fault that grows. No physics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from edge_agent.signals.feed import Feed
from edge_agent.signals.ring import Ring
from edge_agent.sources.base import Alerts, Captured, SourceHealth
from edge_agent.sources.machine_config import SimulatedSignal, SimulatedSourceConfig
from edge_agent.sources.signals import captured_of


class SimulatedSource:
    """A `Source` whose readings follow from seed and age alone; its life goes on second by second."""

    def __init__(self, config: SimulatedSourceConfig, alerts: Alerts) -> None:
        self._config = config
        self._closed = threading.Event()
        self.live = False
        self.health = SourceHealth()
        self.feed = Feed(config, alerts, name=config.name, live=False)

    @property
    def ring(self) -> Ring:
        """The newest minutes of all signals."""
        return self.feed.ring

    def samples(self) -> Iterator[Captured]:
        config = self._config
        draws = [np.random.default_rng((config.seed, n)) for n in range(len(config.signals))]
        wall_s, started, age = time.time(), time.monotonic(), 0
        try:
            while not config.seconds or age < config.seconds:
                for number, signal in enumerate(config.signals):
                    self._live_on(number, signal, wall_s, age, draws[number])
                age += 1
                yield from self._due(at_end=False)
                due = started + age / config.speed if config.speed else 0.0
                if self.health.capture.wait(self._closed, due - time.monotonic()):
                    return
            yield from self._due(at_end=True)
        finally:
            self.health.end()

    def close(self) -> None:
        self._closed.set()

    def _due(self, *, at_end: bool) -> Iterator[Captured]:
        for cut in self.feed.due(at_end=at_end):
            self.health.captured += 1
            self.health.capture.rest()
            yield captured_of(cut, self._config.name)

    def _live_on(
        self,
        number: int,
        signal: SimulatedSignal,
        wall_s: float,
        age: int,
        draw: np.random.Generator,
    ) -> None:
        """One second of one signal."""
        rate_hz = signal.rate_hz or 1.0
        times = age + np.arange(max(1, round(rate_hz))) / rate_hz
        worn_h = np.clip(times - self._config.fault_at_s, 0, None) / 3600
        readings = (
            signal.level
            + signal.swing * np.sin(2 * np.pi * signal.swing_hz * times)
            + signal.noise * draw.standard_normal(times.size)
            + signal.fault_gain * worn_h
        )
        if signal.rate_hz:
            self.feed.put_block(number, readings, wall_s + age, at_end=False)
        else:
            self.feed.put(number, float(readings[0]), wall_s + age)
