"""A CRM whose requests of the day are used up: what is to be read and written waits until it counts anew. Said until then.

Nothing is wrong with the CRM or with us, so the breaker knows nothing of it: it may be the firm's other programs.
"""

from __future__ import annotations

from cloud_sync.crm.client.budget import Budget
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.hub import Hub

USED_UP = "crm-day-used-up"
_TEXT = (
    "the requests that {name} allows in a day are used up, but for what is left to your other programs;"
    " leads wait until it counts anew, and nothing is lost"
)


class UsedUp:
    """What one loop says of its connections."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: dict[str, bool] = {}

    def look(self, name: str, budget: Budget) -> None:
        """After it was asked, or could not be."""
        used_up = budget.is_used_up()
        if used_up is None or self._told.get(name) is used_up:
            return
        # that it is over is said the first time as well: who raised it may have ended
        self._told[name] = used_up
        with self._hub.database.transaction() as session:
            if used_up:
                text = _TEXT.format(name=name)
                raise_alert(session, self._hub.config.notify, USED_UP, "warning", text, where=name)
            else:
                close_alert(session, USED_UP, where=name)
