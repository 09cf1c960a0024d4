"""Bundles made ready for the line, and better engines built for what runs already.

The ladder chooses; this tells a person of every step down, and climbs again in a thread of its own
while the line decides on a lower rung. Which bundle runs is decided in `update/`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable

from edge_agent.engine.ladder import Ladder, Loaded
from edge_agent.errors import EngineError
from edge_agent.line import Line
from edge_agent.log import log, warn
from edge_agent.process import NativeThread
from edge_agent.sources.base import Alerts
from kits.core.bundle import Bundle
from kits.core.errors import BundleError

_ABSENT = (
    "no NVIDIA driver",
    "not installed",
    "without CUDA",
    "only on x86",
    "no engine is kept",
)
"""Words about a rung that was never there: a machine without a GPU has lost nothing."""


class Engines:
    """Loads bundles for one line.

    Args:
        on_exchange: called when the line runs the same bundle on a better engine.
    """

    def __init__(
        self, ladder: Ladder, line: Line, alerts: Alerts, on_exchange: Callable[[], None]
    ) -> None:
        self.ladder = ladder
        self._line = line
        self._alerts = alerts
        self._on_exchange = on_exchange
        # weak, so that what was left frees its memory
        self._climbed: weakref.ref[Loaded] | None = None
        self._told: weakref.ref[Loaded] | None = None
        self._closed = False

    def close(self) -> None:
        """What is still being built changes nothing any more."""
        self._closed = True

    def load(self, bundle: Bundle, *, build: bool = True) -> Loaded:
        """As `Ladder.load`."""
        loaded = self.ladder.load(bundle, build=build)
        for waited_for in ("no-bundle", "first-bundle-late"):
            self._alerts(waited_for, "info", "a bundle is active")
        return loaded

    def look(self) -> None:
        """Says on which rung what decides runs, and climbs, once, where it only lacks an engine that
        had to be built.
        """
        active = self._line.active
        if active is not None and (self._told is None or self._told() is not active):
            self._tell(active)
        tried = self._climbed() if self._climbed is not None else None
        if active is None or not active.waits_for_engine or active is tried:
            return
        self._climbed = weakref.ref(active)
        NativeThread("engine", lambda: self._climb(active)).start()

    def _tell(self, active: Loaded) -> None:
        """What is only tried, and refused, says nothing about what decides."""
        self._told = weakref.ref(active)
        lost = [note for note in active.downgrades if not any(word in note for word in _ABSENT)]
        if lost:
            text = f"running on {active.provider}; {'; '.join(lost)}"
            self._alerts("engine-downgrade", "warning", text)
        else:
            self._alerts("engine-downgrade", "info", f"running on {active.provider}")

    def _climb(self, running: Loaded) -> None:
        try:
            better = self.load(running.ready.bundle)
        except (BundleError, EngineError) as error:
            warn("engine_not_built", bundle=running.id[:12], error=error.what)
            return
        if not self._closed and self._line.exchange(running, better):
            self._line.tally.forget_latencies()
            log("engine_exchanged", bundle=better.id[:12], provider=better.provider)
            self._on_exchange()
