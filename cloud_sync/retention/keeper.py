"""The loop that prunes: a turn now and then, at once again while much is left."""

from __future__ import annotations

from cloud_sync.hub import Hub
from cloud_sync.loop import Loop, Looping, always
from cloud_sync.retention.pruner import Pruner

FIRST_S = 60.0
EVERY_S = 3600.0
AGAIN_S = 30.0


class RetentionKeeper(Looping):
    """The loop.

    Args:
        hub: whose tables and storage.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._loop = Loop(
            "retention", self._turn, hub.metrics, after_fault=always(EVERY_S), first_s=FIRST_S
        )

    def _turn(self) -> float:
        pruner = Pruner(self._hub)
        pruner.turn()
        return EVERY_S if pruner.finished else AGAIN_S
