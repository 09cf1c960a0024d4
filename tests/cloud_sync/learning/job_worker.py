"""A worker as a process of its own, for tests that kill it: `python job_worker.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from cloud_sync.config import parse
from cloud_sync.hub import Hub
from cloud_sync.learning.processes import run_command
from cloud_sync.learning.runner import JobContext, Runner


def sleep_long(context: JobContext) -> dict[str, int]:
    """Starts a child that notes its number and sleeps."""
    code = "import os, pathlib, time; pathlib.Path('child').write_text(str(os.getpid())); time.sleep(600)"
    done = run_command(
        [sys.executable, "-c", code],
        folder=context.folder,
        cwd=context.folder,
        log=context.log,
        limit_s=600,
        still_wanted=context.still_wanted,
    )
    return {"exit_code": done.exit_code}


if __name__ == "__main__":
    hub = Hub.open(parse({}, Path(sys.argv[1])))
    Runner(hub, {"sleep": sleep_long}).run_one()
