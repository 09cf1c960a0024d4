"""How often a CRM may be asked: our own share per ten seconds, and what the server says is left. No network here.

One budget per connection, used by all loops of this process; of several processes each has its share (`connection/sharing.py`). It
waits when the wait is short, and says no when it is long, so that a loop can do something else.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud_sync.effects.targets import DeliveryError

WINDOW_S = 10.0
LONGEST_WAIT_S = 10.0
"""A loop waits so long by itself; beyond that it is told to come back."""
RESERVE = 0.05
"""Share of the day's requests that is left to the firm's other programs, unless the settings say otherwise."""
SPARE = 0.25
"""Below this share what can wait is neither read nor written: the rest of the day is for leads that something happens to."""
DAILY_PAUSE_S = 900.0
"""So long what was said of the day holds; then one request asks anew."""
_MAX_PAUSE_S = 3600.0
_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")


class ThrottledError(DeliveryError):
    """Not asked, because too much was asked already: nothing is wrong with the CRM."""

    def __init__(self, what: str, *, where: str, after_s: float) -> None:
        super().__init__(what, where=where, retry=True, after_s=after_s)


@dataclass(frozen=True, slots=True)
class _Window:
    """Headers that say how much of a short window is left, and how long the rest of it takes."""

    left: str
    rest: str
    unit_s: float = 1.0


@dataclass(frozen=True, slots=True)
class _Day:
    left: str
    limit: str


_WINDOWS = (
    # https://developers.hubspot.com/docs/guides/apps/api-usage/usage-details
    _Window("x-hubspot-ratelimit-remaining", "x-hubspot-ratelimit-interval-milliseconds", 0.001),
    # https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting; many others do the same
    _Window("x-ratelimit-remaining", "x-ratelimit-reset"),
    _Window("ratelimit-remaining", "ratelimit-reset"),
)
_DAYS = (
    _Day("x-hubspot-ratelimit-daily-remaining", "x-hubspot-ratelimit-daily"),
    _Day("x-daily-ratelimit-token-remaining", "x-daily-ratelimit-token-limit"),
)


class Budget:
    """A token bucket that also heeds the server.

    Args:
        per_10s: requests in ten seconds.
        where: the connection, for errors.
        share: of them that are this process's, above 0 and up to 1.
        burst: so many may go at once; None: a fifth of those of ten seconds.
        leave: share of the day's requests that is left to others.
        clock: monotonic seconds.
        sleep: waits.
    """

    def __init__(
        self,
        per_10s: float,
        *,
        where: str,
        share: Callable[[], float] = lambda: 1.0,
        burst: float | None = None,
        leave: float = RESERVE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_10s = per_10s
        self._share = share
        self._burst = burst
        self._leave = leave
        # share of the day that is left, and when it was said
        self._left: tuple[float, float] | None = None
        self._tokens = math.inf  # as many as a burst holds
        self._where = where
        self._clock = clock
        self._sleep = sleep
        self._filled_at = clock()
        self._closed_until = 0.0
        self._why = ""
        self._lock = threading.Lock()

    def take(self) -> None:
        """Takes one request; waits a little when there is none.

        Raises:
            ThrottledError: the wait is long.
        """
        wait = self._reserve()
        if wait > LONGEST_WAIT_S:
            raise ThrottledError(self._why or "asked often enough", where=self._where, after_s=wait)
        if wait > 0:
            self._sleep(wait)

    def _reserve(self) -> float:
        """Seconds until the request may go; beyond `LONGEST_WAIT_S` it has taken nothing."""
        with self._lock:
            now, per_10s = self._clock(), self._per_10s * self._share()
            rate = per_10s / WINDOW_S
            # a burst of a fifth, so that two windows next to each other hold no more than 1.2 shares
            size = max(1.0, per_10s / 5) if self._burst is None else self._burst
            grown = self._tokens + (now - self._filled_at) * rate
            self._tokens, self._filled_at = min(size, grown), now
            wait = max((1.0 - self._tokens) / rate, self._closed_until - now, 0.0)
            if wait <= LONGEST_WAIT_S:
                self._tokens -= 1.0
            return wait

    def heed(self, headers: Mapping[str, str]) -> None:
        """Takes the server's word for what is left; headers with names in lower case."""
        for window in _WINDOWS:
            left, rest = _number(headers, window.left), _number(headers, window.rest)
            if left is not None and left < 1 and rest is not None:
                self._close(rest * window.unit_s, "the CRM's limit of requests is reached")
        shares = [left / limit for left, limit in self._days(headers) if limit > 0]
        if shares:
            self._day(min(shares), "the day's requests of the CRM are nearly used up")

    def use_up(self, why: str) -> None:
        """The CRM says that nothing is left of the day."""
        self._day(0.0, why)

    def _day(self, left: float, why: str) -> None:
        with self._lock:
            self._left = left, self._clock()
        if self._is_too_little(left):
            self._close(DAILY_PAUSE_S, why)

    def _is_too_little(self, left: float) -> bool:
        return left <= 0 or left < self._leave

    def left_of_day(self) -> float | None:
        """Share of the day's requests that is left; None: the CRM has not said so lately."""
        with self._lock:
            if self._left is None or self._clock() >= self._left[1] + DAILY_PAUSE_S:
                return None
            return self._left[0]

    def has_spare(self) -> bool:
        """Whether what can wait may go now."""
        left = self.left_of_day()
        return left is None or left >= max(SPARE, self._leave)

    def is_used_up(self) -> bool | None:
        """Whether only what is left to others is left of the day.

        None: the CRM has not said so lately, or it is near: who is told of it is not told to and fro. Where the day is any
        24 hours, as of Salesforce, what is left comes and goes.
        """
        left = self.left_of_day()
        if left is None:
            return None
        if self._is_too_little(left):
            return True
        return False if left >= min(2 * self._leave, (1 + self._leave) / 2) else None

    def close(self, seconds: float, why: str) -> None:
        """Asks nothing for so long (`Retry-After`)."""
        self._close(seconds, why)

    def _close(self, seconds: float, why: str) -> None:
        with self._lock:
            until = self._clock() + min(max(seconds, 0.0), _MAX_PAUSE_S)
            if until > self._closed_until:
                self._closed_until, self._why = until, why

    @staticmethod
    def _days(headers: Mapping[str, str]) -> list[tuple[float, float]]:
        found = []
        for day in _DAYS:
            left, limit = _number(headers, day.left), _number(headers, day.limit)
            if left is not None and limit is not None:
                found.append((left, limit))
        used = _USAGE.search(headers.get("sforce-limit-info", "")[:200])
        if used:
            found.append((float(used[2]) - float(used[1]), float(used[2])))
        return found


def _number(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
