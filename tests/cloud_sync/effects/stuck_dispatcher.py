"""A dispatcher as a process of its own, for tests that kill it; it says when it is at it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.targets import Delivery
from cloud_sync.hub import Hub


class Stuck:
    """A receiver that does not answer."""

    name = "webhook"
    batch = 1

    def __init__(self, said: Connection) -> None:
        self._said = said

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        self._said.send(deliveries[0].key)
        time.sleep(600)


def main(folder: Path, said: Connection) -> None:
    """Dispatches until it is killed; `said` gets the key of what it delivers."""
    Dispatcher(Hub.open(load(folder)), [Stuck(said)]).start()
    time.sleep(600)
