"""How many notices may wait for one receiver, and whose: no device takes the room of the others.

A tenth of the room is the most that one device gets, and another tenth is kept for the hub's own
alerts, which tell of just such devices. Counting is for one transaction; what is waited for is
written by `outbox.py`.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.store.models import Effect

OWN = ""
"""In place of a device's name: the hub itself."""
FULL = "more effects than notify.max_waiting wait for this receiver"
OVER_SHARE = "more effects of this device wait than a tenth of notify.max_waiting"
_PARTS = 10


class Waiting:
    """What waits for one receiver: read once, and no further than the bound.

    Args:
        limit: how many effects may wait for it.
    """

    def __init__(self, session: Session, target: str, limit: int) -> None:
        self._limit = limit
        self.share = max(1, limit // _PARTS)
        device = Effect.body["device"].as_string().label("device")
        some = select(device).where(Effect.state == "waiting", Effect.target == target)
        bounded = some.limit(limit).subquery()
        query = select(bounded.c.device, func.count()).group_by(bounded.c.device)
        self._devices = Counter({name or OWN: count for name, count in session.execute(query)})
        self._total = self._devices.total()

    def take(self, device: str) -> str:
        """Takes a place for an effect of a device, or of the hub; why there is none, or empty."""
        kept_free = 0 if device == OWN else self._limit // _PARTS
        if self._total >= self._limit - kept_free:
            return FULL
        if device != OWN and self._devices[device] >= self.share:
            return OVER_SHARE
        self._devices[device] += 1
        self._total += 1
        return ""

    def give_back(self, device: str) -> None:
        """The effect was there already."""
        self._devices[device] -= 1
        self._total -= 1
