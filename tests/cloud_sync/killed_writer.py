"""Writing scores back as a process of its own, for tests that kill it: `python killed_writer.py FOLDER`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.crm.opening import Opener
from cloud_sync.crm.writeback import WriteBack
from cloud_sync.hub import Hub

if __name__ == "__main__":
    hub = Hub.open(load(Path(sys.argv[1])))
    WriteBack(hub, Opener(hub)).start()
    time.sleep(600)
