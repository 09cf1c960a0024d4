"""A dispatcher as a process of its own, for tests that kill it: `python stuck_dispatcher.py FOLDER` says when it is at it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.effects.targets import Delivery
from cloud_sync.hub import Hub


class Stuck:
    """A receiver that does not answer."""

    name = "webhook"
    batch = 1

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        sys.stdout.write(deliveries[0].key + "\n")
        sys.stdout.flush()
        time.sleep(600)


if __name__ == "__main__":
    Dispatcher(Hub.open(load(Path(sys.argv[1]))), [Stuck()]).start()
    time.sleep(600)
