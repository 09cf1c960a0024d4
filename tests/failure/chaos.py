"""`kill -9` at random points: which program, when, and bringing it up again."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess

from kits.core.errors import UnreachableError
from tests.failure import driver
from tests.failure.driver import Plan
from tests.integration.hub import HubProcess

KILLED = -9


@dataclass
class Device:
    """A driver that comes back after each kill, with its next life."""

    plan: Plan
    process: BaseProcess | None = None

    def live(self) -> None:
        """The next life begins."""
        self.plan = replace(self.plan, life=self.plan.life + 1)
        self.process = driver.start(self.plan)

    def kill(self) -> None:
        """`kill -9`; fails when the driver had ended by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.join()
        assert self.process.exitcode == KILLED, f"a driver ended with {self.process.exitcode}"

    def drain(self, timeout_s: float) -> None:
        """A last life that only sends what is left."""
        process = driver.start(replace(self.plan, drain=True))
        process.join(timeout_s)
        alive = process.is_alive()
        process.kill()
        assert not alive, f"{self.plan.config.parent.name} did not drain in {timeout_s:.0f} s"


@dataclass
class Chaos:
    """Kills programs of a site, one after another.

    Args:
        hub: serving.
        devices: running.
        draw: chooses; its seed makes the order of kills repeatable (not their effect).
        pause_s: longest pause between two kills.
    """

    hub: HubProcess
    devices: list[Device]
    draw: random.Random
    pause_s: float
    kills: Counter[str] = field(default_factory=Counter)
    hub_restarts: int = 0

    def run(self, agent: int, hub: int, broker: int) -> None:
        """So many kills of each program, in random order."""
        order = ["agent"] * agent + ["hub"] * hub + ["broker"] * broker
        self.draw.shuffle(order)
        for target in order:
            time.sleep(self.draw.random() * self.pause_s)
            {"agent": self._agent, "hub": self._hub, "broker": self._broker}[target]()
            self.kills[target] += 1

    def _agent(self) -> None:
        device = self.draw.choice(self.devices)
        device.kill()
        device.live()

    def _hub(self) -> None:
        """Mostly once it serves, sometimes while it still starts."""
        if self.draw.random() < 0.8:
            self.serve()
        self.hub.kill()
        self.hub.serve(wait=False)

    def serve(self) -> None:
        """Until the hub serves. One that ended by itself is started again, as systemd would.

        It does so, and says why, when its broker is killed during the hub's own start.
        """
        for _ in range(10):
            try:
                self.hub.serve()
            except UnreachableError:
                assert self.hub.process is not None
                assert self.hub.process.poll() is not None, "the hub neither serves nor ends"
                self.hub_restarts += 1
            else:
                return
        raise AssertionError("the hub does not come up")

    def _broker(self) -> None:
        while not self.hub.kill_broker():
            self.serve()
