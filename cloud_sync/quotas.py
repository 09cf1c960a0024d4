"""How much one token may ask: requests in a minute by a bucket that refills, units in a day by a count.

Held in memory by each server process: a restart begins anew, and several processes allow as many times as much.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from kits.core.sample import utc_now

MAX_KEYS = 10_000
"""Tokens that are remembered; who asked longest ago is forgotten, which lets him begin anew."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a request.

    Attributes:
        allowed: it may go on.
        limit, remaining: requests in a minute, and how many may follow at once.
        reset_s: seconds until as many as `limit` may follow at once.
        after_s: seconds to wait, where it was refused.
        what: why it was refused.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    after_s: int = 0
    what: str = ""

    def headers(self) -> dict[str, str]:
        """As the IETF's draft on rate limits names them."""
        found = {
            "RateLimit-Limit": str(self.limit), "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }  # fmt: skip
        return found if self.allowed else {**found, "Retry-After": str(self.after_s)}


@dataclass
class _Account:
    requests: float
    at: datetime
    day: str
    units: int = 0


class Quota:
    """Safe for several threads.

    Args:
        per_min: requests in a minute, and at once.
        per_day: units in a day (UTC).
        now: UTC.
    """

    def __init__(
        self, per_min: int, per_day: int, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._per_min = per_min
        self._per_day = per_day
        self._now = now
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, key: str, units: int) -> Asked:
        """One request for so many units; what is refused counts as nothing."""
        with self._lock:
            now = self._now()
            account = self._account(key, now)
            rate = self._per_min / 60
            elapsed = max((now - account.at).total_seconds(), 0.0)
            account.requests = min(account.requests + elapsed * rate, float(self._per_min))
            account.at = now
            if account.day != _day(now):
                account.day, account.units = _day(now), 0
            if account.requests < 1:
                after = max(math.ceil((1 - account.requests) / rate), 1)
                return self._told(
                    account, after, f"{self._per_min} requests in a minute are allowed"
                )
            if account.units + units > self._per_day:
                what = f"{self._per_day:,} leads in a day are allowed"
                return self._told(account, _until_tomorrow_s(now), what)
            account.requests -= 1
            account.units += units
            return self._told(account)

    def _account(self, key: str, now: datetime) -> _Account:
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(float(self._per_min), now, _day(now))
            if len(self._accounts) > MAX_KEYS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(key)
        return account

    def _told(self, account: _Account, after_s: int = 0, what: str = "") -> Asked:
        missing = self._per_min - account.requests
        reset_s = math.ceil(missing / (self._per_min / 60))
        return Asked(not what, self._per_min, int(account.requests), reset_s, after_s, what)


def _day(at: datetime) -> str:
    return at.astimezone(timezone.utc).date().isoformat()


def _until_tomorrow_s(now: datetime) -> int:
    day = now.astimezone(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(math.ceil((day + timedelta(days=1) - now).total_seconds()), 1)
