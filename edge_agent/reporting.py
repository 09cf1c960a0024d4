"""What the device says of itself to the hub: each report numbered, and sent on both ways.

Within a boot the higher number is the newer report, so that a hub which hears them twice or out of
order is not misled. When something is worth a report is decided in `update/`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from edge_agent.clock import boot_id
from kits import __version__
from kits.core.hub_api import Reported

_FIGURES = ("verdict", "latency")


class Reporter:
    """Completes reports and hands them on, in one order for all threads.

    Args:
        figures: the agent's metrics now.
        ways: each is given every report.
    """

    def __init__(
        self, figures: Callable[[], Mapping[str, float]], ways: Sequence[Callable[[Reported], None]]
    ) -> None:
        self._figures = figures
        self._ways = ways
        self._lock = threading.Lock()

    def report(self, reported: Reported) -> None:
        """Tells the hub."""
        figures = {k: v for k, v in self._figures().items() if k.startswith(_FIGURES)}
        with self._lock:
            full = reported.model_copy(
                update={
                    "agent": __version__,
                    "figures": figures,
                    "boot": boot_id(),
                    # rises over restarts of the agent too; begins anew with the boot
                    "sequence": time.monotonic_ns(),
                }
            )
            for way in self._ways:
                way(full)
