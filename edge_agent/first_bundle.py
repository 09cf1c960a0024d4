"""The first bundle of a device: the one that `agent.yaml` names, or the one that the hub sends.

Until there is one the safe side decides. How later ones take over is `update/`.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from edge_agent.errors import EngineError
from edge_agent.line import Line
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.update.install import Installer
from kits.core.bundle import open_file
from kits.core.errors import BundleError

_LOOK_S = 0.05


def adopt(path: Path, installer: Installer, alerts: Alerts) -> None:
    """Takes over a bundle from a file; one that cannot be used is told."""
    try:
        bundle = open_file(path)
        installer.adopt(bundle, path.read_bytes())
    except (BundleError, EngineError) as error:
        alerts("bundle-unusable", "error", f"{path.name}: {error.what}")
    except OSError as error:
        text = f"{path.name}: the disk does not take it: {error.strerror}"
        alerts("bundle-unusable", "error", text)


def await_bundle(line: Line, limit_s: float, stop: threading.Event, alerts: Alerts) -> None:
    """Waits until a bundle decides, or a person stops the agent, or it is told that none came in time."""
    end = time.monotonic() + limit_s
    log("waiting_for_first_bundle", limit_s=limit_s)
    while not (line.has_bundle() or stop.is_set()):
        if time.monotonic() >= end:
            text = f"no bundle arrived within {limit_s:g} s: the safe side decides"
            alerts("first-bundle-late", "warning", text)
            return
        stop.wait(_LOOK_S)
