"""Who may use a pretended CRM's API, what for, and how often: tokens that end, rights, and a budget of requests."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass


class Tokens:
    """Access tokens: one that is given for ever, and those that were handed out and end.

    Args:
        fixed: a key that never ends; empty: there is none.
        life_s: how long a token that is handed out is good.
        clock: seconds, only ever rising.
    """

    def __init__(self, fixed: str, life_s: float, clock: Callable[[], float], prefix: str) -> None:
        self.life_s = life_s
        self._fixed = fixed
        self._clock = clock
        self._prefix = prefix
        self._until: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self.revoked = False

    def grant(self) -> str:
        """A new token."""
        token = f"{self._prefix}{next(self._numbers)}"
        self._until[token] = self._clock() + self.life_s
        return token

    def good(self, token: str) -> bool:
        """Whether it is let in now."""
        if self._fixed and token == self._fixed:
            return not self.revoked
        return self._until.get(token, 0) > self._clock()

    def known(self, token: str) -> bool:
        """Whether it was good once."""
        return token in self._until or token == self._fixed

    def expire(self) -> None:
        """Ends all that were handed out."""
        self._until = dict.fromkeys(self._until, 0.0)


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a window. `wait_s` is 0 when the request is let in."""

    limit: int
    left: int
    window_s: float
    wait_s: float


class Limiter:
    """At most `limit` requests in a window that moves with time; 0: as many as anybody likes."""

    def __init__(self, limit: int, window_s: float, clock: Callable[[], float]) -> None:
        self.limit = limit
        self.window_s = window_s
        self.refused = 0
        self._clock = clock
        self._at: deque[float] = deque()
        self._lock = threading.Lock()

    def left(self) -> int:
        """How many more the window takes."""
        with self._lock:
            since = self._clock() - self.window_s
            return max(0, self.limit - sum(at > since for at in self._at))

    def take(self) -> Budget:
        """Counts one request, or says how long it has to wait."""
        if not self.limit:
            return Budget(0, 0, self.window_s, 0)
        with self._lock:
            now = self._clock()
            while self._at and self._at[0] <= now - self.window_s:
                self._at.popleft()
            if len(self._at) >= self.limit:
                self.refused += 1
                return Budget(self.limit, 0, self.window_s, self._at[0] + self.window_s - now)
            self._at.append(now)
            return Budget(self.limit, self.limit - len(self._at), self.window_s, 0)


class Day:
    """Tokens that all programs of an account share in a day; 0: as many as anybody likes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = limit
        self._lock = threading.Lock()

    def take(self, cost: int) -> bool:
        """Whether there were enough."""
        with self._lock:
            if self.limit and self.left < cost:
                return False
            self.left -= cost
            return True

    def renew(self) -> None:
        """Another day begins."""
        with self._lock:
            self.left = self.limit


class Rights:
    """What the hub's user may do; a test or a person takes some away."""

    def __init__(self, every: Iterable[str]) -> None:
        self.every = frozenset(every)
        self.held = set(self.every)

    def keep(self, names: Iterable[str]) -> list[str]:
        """From now on only these. Raises KeyError for one that is none."""
        wanted = set(names)
        unknown = wanted - self.every
        if unknown:
            raise KeyError(sorted(unknown)[0])
        self.held = wanted
        return sorted(self.held)

    def __contains__(self, name: str) -> bool:
        return name in self.held
