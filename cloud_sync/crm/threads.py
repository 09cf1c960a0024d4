"""A thread per CRM connection, so that a slow CRM holds up nobody but itself; connections come and go.

What such a thread does is said by `ConnectionLoops`' heirs: polling, sweeping, scoring, writing.
"""

from __future__ import annotations

import logging
import random
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeAlias

from sqlalchemy import select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.effects.lives import Life, take_over
from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always, doubling
from cloud_sync.store.models import CrmConnection
from kits.core.sample import utc_now

Opener: TypeAlias = Callable[[CrmConnection], Crm]

log = logging.getLogger(__name__)

LEAVE_S = 5.0
"""So long turns at hand have when the process is to end."""
LOOK_S = 2.0
"""So often it is looked whether a connection was added, paused or removed."""


class PerConnection(Looping):
    """Threads that begin and end with the connections.

    Args:
        hub: whose connections.
        name: of the loop, in metrics and log.
        serve: one turn for the connection of a name; seconds until its next one.
        first_s: seconds before the first look.
    """

    def __init__(
        self, hub: Hub, name: str, serve: Callable[[str], float], *, first_s: float = 0.1
    ) -> None:
        self._hub = hub
        self._name = name
        self._serve = serve
        self._loops: dict[str, Loop] = {}
        self._loop = Loop(
            name, self._look, hub.metrics, after_fault=always(LOOK_S), first_s=first_s
        )

    def stop(self) -> None:
        """Ends after the turns at hand; those that take long are left behind, as if the process had died.

        A CRM may take a minute for each answer, and meanwhile nobody takes the messages of the others.
        """
        super().stop()
        for loop in self._loops.values():
            loop.stopping.set()
        until = time.monotonic() + LEAVE_S
        left = [
            name
            for name, loop in self._loops.items()
            if not loop.stop(max(0.0, until - time.monotonic()))
        ]
        if left:  # what they hold has leases, which end
            log.warning(
                "event=turns_left_behind loop=%s connections=%s", self._name, ",".join(left)
            )

    def _look(self) -> float:
        with self._hub.database.session() as session:
            query = select(CrmConnection.name).where(CrmConnection.paused_at.is_(None))
            wanted = set(session.scalars(query))
        for name in self._loops.keys() - wanted:
            self._loops.pop(name).stopping.set()
        for name in sorted(wanted - self._loops.keys()):
            self._loops[name] = loop = Loop(
                self._name, partial(self._serve, name), self._hub.metrics,
                after_fault=doubling(1.0, 60.0), traceback=True, thread=f"{self._name}-{name}",
            )  # fmt: skip
            loop.start()
        return LOOK_S


class ConnectionLoops(ABC):
    """Loops, one per connection. Any number of processes may run them.

    Args:
        hub: whose connections.
        opener: gives a connection's CRM. Raises ConfigError while a person has to do something first.
        now: UTC.
        rng: for jitter and lots.
    """

    name: ClassVar[str]
    """Of the loops, in metrics and log."""

    def __init__(
        self,
        hub: Hub,
        opener: Opener,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        self._hub = hub
        self._opener = opener
        self._now = now
        self._rng = rng or random.Random()  # noqa: S311  (jitter and lots)
        self._owner = secrets.token_hex(8)  # in leases
        self._threads = PerConnection(hub, self.name, lambda name: self.serve(name)[1])

    def start(self) -> None:
        """Starts the threads."""
        self._threads.start()

    def stop(self) -> None:
        """Ends after the turns at hand."""
        self._threads.stop()

    def step(self) -> int:
        """One turn of each connection, one after the other; how much was done."""
        with self._hub.database.session() as session:
            names = session.scalars(select(CrmConnection.name).order_by(CrmConnection.name)).all()
        return sum(self.serve(name)[0] for name in names)

    def awake(self, name: str) -> CrmConnection | None:
        """The connection, if something may be asked of its CRM now: it is there, not paused, and not left alone."""
        with self._hub.database.session() as session:
            row = session.get(CrmConnection, name)
        if row is None or row.paused_at is not None or breaker.rests(row, self._now()):
            return None
        return row

    @abstractmethod
    def serve(self, name: str) -> tuple[int, float]:
        """One turn of a connection: how much was done, and seconds until the next one."""


class LeasingLoops(ConnectionLoops):
    """Loops whose turns hold leases: those of a process that died end when the next one starts (`effects/lives.py`).

    Args:
        lives: folder by which all of a kind know who is dead.
    """

    def __init__(
        self,
        hub: Hub,
        opener: Opener,
        lives: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(hub, opener, now=now, rng=rng)
        self._lives = lives
        self._life = Life(lives, self._owner)

    def start(self) -> None:
        """Takes over from the dead, and starts the threads."""
        self._life.begin()
        take_over(self._lives, self._end_leases)
        super().start()

    def stop(self) -> None:
        """Ends after the turns at hand."""
        super().stop()
        self._life.end()

    @abstractmethod
    def _end_leases(self, dead: Sequence[str]) -> int:
        """Ends the leases of these; how many."""
