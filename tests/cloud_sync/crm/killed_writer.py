"""Writing scores back as a process of its own, for tests that kill it."""

from __future__ import annotations

import time
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.hub import Hub


def main(folder: Path) -> None:
    """Writes until it is killed."""
    hub = Hub.open(load(folder))
    WriteBack(hub, Opener(hub)).start()
    time.sleep(600)
