"""Supervision: each second a look at what must move, each `health_s` a row of figures to the hub.

It feeds the service manager's watchdog, raises alerts, and ends the process when a model hangs. A look
that fails holds up no other one. It takes no bundle back: that is `update/`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_agent import systemd
from edge_agent.log import warn
from edge_agent.process import die
from edge_agent.sync.delivery import DeliveryWatch
from edge_agent.sync.disk import Level
from edge_agent.sync.entry import Entry
from kits.core.events import HealthBody

if TYPE_CHECKING:
    from edge_agent.agent import Agent

_LAST_WORDS_S = 1.0
_WATCH_S = 1.0
_MAX_PAUSE_S = 30.0
"""A look that fails again and again is tried so often: less than the service manager's patience."""


class Watch:
    """Watches one agent until it stops.

    Attributes:
        failures: looks that failed since the start.
    """

    def __init__(self, agent: Agent, stop: threading.Event) -> None:
        self._agent = agent
        self._stop = stop
        delivery = DeliveryWatch(agent.alerts, agent.disk, agent.writer, agent.sender)
        self._health_due = time.monotonic() + agent.config.sync.health_s
        self.failures = 0
        self._looks = [
            _Look(look)
            for look in (
                self._check_vitals,
                agent.alerts.settle,
                delivery.look,
                agent.watching.desk.settle,
                agent.watching.courses.settle,
                self._take_wishes,
                self._check_clock,
                self._check_line,
                self._check_draining,
                agent.engines.look,
                self._mind_the_disk,
                self._tell_health,
            )
        ]

    def start(self) -> None:
        """Begins."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        while not self._stop.wait(_WATCH_S):
            for look in self._looks:
                self.failures += not look.took()

    def _check_vitals(self) -> None:
        agent = self._agent
        well = agent.vitals.look()
        if well:
            systemd.notify("WATCHDOG=1")
        agent.lives.excuse(not well and not agent.vitals.model_stands)

    def _take_wishes(self) -> None:
        self._agent.watching.desk.take_wishes(self._agent.config.state_dir)

    def _check_clock(self) -> None:
        floor, alerts = self._agent.time_floor, self._agent.alerts
        if floor.synced:
            alerts("clock-behind", "info", "the clock is possible again")
        else:
            text = f"the clock is wrong: it is not earlier than {floor.time:%Y-%m-%d}"
            alerts("clock-behind", "warning", text)

    def _check_line(self) -> None:
        """A model that hangs ends the process; started anew it counts as a crash of its bundle."""
        agent = self._agent
        stuck_s = agent.line.working_s
        if stuck_s > agent.config.update.hang_s:
            agent.alerts("model-hangs", "error", f"one sample has been in work for {stuck_s:.0f} s")
            agent.alerts.settle()  # the next start knows of it, and tells the end of it
            agent.writer.flush(_LAST_WORDS_S)
            die("the model hangs")

    def _check_draining(self) -> None:
        agent, sender = self._agent, self._agent.sender
        if sender is None:
            return
        waiting = sum(c.rows for k, c in agent.outbox.counts().items() if k != "blobs")
        reached = sender.connected and not sender.hub_away and agent.updater.hub_reached is True
        agent.draining.look(waiting, sender.figures.acked_rows, reachable=reached)

    def _mind_the_disk(self) -> None:
        self._agent.line.keeper.keep_pixels = self._agent.disk.level < Level.NO_BYTES

    def _tell_health(self) -> None:
        agent = self._agent
        if time.monotonic() >= self._health_due:
            self._health_due = time.monotonic() + agent.config.sync.health_s
            stored = agent.writer.put(Entry(HealthBody(figures=dict(agent.figures())), "t"))
            full = agent.disk.level >= Level.ALERTS_FIRST and not agent.writer.stuck
            if agent.sender is not None and full and not stored:
                # else a device that has nothing to decide would be held for dead
                agent.sender.say_online()


class _Look:
    """One thing that is looked at, with pauses that grow while it fails."""

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._pause_s = 0.0
        self._rests_until = float("-inf")

    def took(self) -> bool:
        """Looks, unless it rests; False when it failed."""
        if time.monotonic() < self._rests_until:
            return True
        try:
            self._look()
        except Exception as error:  # noqa: BLE001  top of a supervised loop
            self._pause_s = min(2 * self._pause_s or _WATCH_S, _MAX_PAUSE_S)
            self._rests_until = time.monotonic() + self._pause_s
            warn("watch_failed", error=repr(error), pause_s=self._pause_s)
            return False
        self._pause_s = 0.0
        return True
