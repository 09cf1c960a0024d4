"""A thread per CRM connection, so that a slow CRM holds up nobody but itself; connections come and go.

What such a thread does is its owner's business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always, doubling
from cloud_sync.store.models import CrmConnection

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
        """Ends after the turns at hand."""
        super().stop()
        for loop in self._loops.values():
            loop.stopping.set()
        for loop in self._loops.values():
            loop.stop()

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
