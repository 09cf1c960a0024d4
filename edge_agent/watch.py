"""Supervision: each second a look at what must move, each `health_s` a row of figures to the hub.

It feeds the service manager's watchdog, raises alerts, and ends the process when a model hangs. It
takes no bundle back: that is `update/`.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from edge_agent import systemd
from edge_agent.process import die
from edge_agent.sync.delivery import DeliveryWatch
from edge_agent.sync.disk import Level
from edge_agent.sync.entry import Entry
from kits.core.events import HealthBody

if TYPE_CHECKING:
    from edge_agent.agent import Agent

_LAST_WORDS_S = 1.0
_WATCH_S = 1.0


class Watch:
    """Watches one agent until it stops."""

    def __init__(self, agent: Agent, stop: threading.Event) -> None:
        self._agent = agent
        self._stop = stop
        self._delivery = DeliveryWatch(agent.alerts, agent.disk, agent.writer, agent.sender)

    def start(self) -> None:
        """Begins."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        agent, every_s = self._agent, self._agent.config.sync.health_s
        due = time.monotonic() + every_s
        while not self._stop.wait(_WATCH_S):
            well = agent.vitals.look()
            if well:
                systemd.notify("WATCHDOG=1")
            agent.lives.excuse(not well and not agent.vitals.model_stands)
            agent.alerts.settle()
            self._delivery.look()
            self._check_clock()
            self._check_line()
            self._check_draining()
            agent.engines.look()
            agent.line.keep_pixels = agent.disk.level < Level.NO_BYTES
            if time.monotonic() >= due:
                due = time.monotonic() + every_s
                agent.writer.put(Entry(HealthBody(figures=dict(agent.figures())), "t"))

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
            agent.writer.flush(_LAST_WORDS_S)
            die("the model hangs")

    def _check_draining(self) -> None:
        agent, sender = self._agent, self._agent.sender
        if sender is None:
            return
        waiting = sum(c.rows for k, c in agent.outbox.counts().items() if k != "blobs")
        reached = sender.connected and not sender.hub_away and agent.updater.hub_reached is True
        agent.draining.look(waiting, sender.figures.acked_rows, reachable=reached)
