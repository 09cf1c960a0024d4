"""How what runs here stands in the signed list, looked up again and again, without being asked.

A hub that hides a withdrawal, or everything, is found out when what it shows has expired. The line
stops for nothing that is found: a person is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edge_agent.errors import HubUnreachableError, MetadataError
from edge_agent.log import log
from edge_agent.sources.base import Alerts
from edge_agent.update.slots import Slots
from edge_agent.update.trust import Trust

LOOK_EVERY_S = 3600.0


class Standing:
    """Looks once an hour.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self,
        slots: Slots,
        trust: Trust,
        alerts: Alerts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slots = slots
        self._trust = trust
        self._alerts = alerts
        self._clock = clock
        self._looked_at = float("-inf")

    def look(self) -> None:
        """Does nothing between two looks; a hub that does not answer is asked again next time."""
        state, now = self._slots.state, self._clock()
        ever_signed = state.active and self._slots.highest(state.project).release
        if not ever_signed or now - self._looked_at < LOOK_EVERY_S:
            return
        try:
            why = self._trust.withdrawal(state.project, state.active)
        except HubUnreachableError as error:
            log("standing_unknown", error=error.what)
            return
        except MetadataError as error:
            self._alerts("metadata-refused", "error", error.what)
        else:
            self._alerts("metadata-refused", "info", "the hub's signed metadata is believed again")
            self._tell(state.active, why)
        self._looked_at = now

    def _tell(self, bundle: str, why: str) -> None:
        if why:
            text = f"what runs here ({bundle[:12]}) was withdrawn: {why}; it goes on"
            self._alerts("release-withdrawn", "warning", text)
        else:
            self._alerts("release-withdrawn", "info", "what runs here is in force")
