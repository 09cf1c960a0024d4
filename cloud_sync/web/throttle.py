"""How often a password may be tried: per login and network, per network, per login; and how many at the same time.

An attempt counts as failed from when it begins: those that come together are not all let through by the count of before.
Values only; who signs in, and what is written of it, is `auth.py`'s business.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cloud_sync.errors import BusyError
from cloud_sync.seldom import Seldom

VERIFIED_AT_ONCE: Final = 2
"""Passwords: each takes 19 MiB and a core for a few hundredths of a second."""
WAITING: Final = 8
"""Attempts that are verified or wait for it; more would take the threads that all other requests need."""
NOTED_PER_HOUR: Final = 50
"""Failures that are written down, of logins that there are, and as many of others. `kitwright_logins` counts all."""
_HOUR_S: Final = 3600.0
_LOGINS: Final = 1_000
_NETWORKS: Final = 50
"""Of so many logins so many networks that they came from are remembered."""
_PREFIX: Final = 64

Key = tuple[str, str]


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last: float = 0.0


def network_of(address: str) -> str:
    """What one stranger has for himself: an IPv4 address, the first 64 bits of an IPv6 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(known), _PREFIX), strict=False))


class LoginThrottle:
    """Slows down guessing: per login and network, and more loosely per login and per network.

    The first `free` failures of a key cost nothing; each further one doubles the wait, up to
    `max_wait_s`. Kept in memory, at most `capacity` keys; the least recently failed is forgotten.
    The limit of a login alone holds for networks it never signed in from: strangers shut nobody out
    where that person works.

    Args:
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        free: int = 5,
        max_wait_s: float = 900.0,
        forget_after_s: float = 3600.0,
        capacity: int = 20_000,
    ) -> None:
        self._clock = clock
        self._free = free
        self._max_wait_s = max_wait_s
        self._forget_after_s = forget_after_s
        self._capacity = capacity
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()
        self._homes: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING)
        self._verified = threading.BoundedSemaphore(VERIFIED_AT_ONCE)
        self._noted = {there: Seldom(NOTED_PER_HOUR, _HOUR_S, clock) for there in (True, False)}

    def wait_s(self, login: str, address: str) -> float:
        """Seconds until the next attempt is allowed; 0 when it is now."""
        with self._lock:
            return self._wait(login, network_of(address))

    def begin(
        self, login: str, address: str, homes: Callable[[], Collection[str]] = tuple
    ) -> float:
        """Seconds until an attempt is allowed; 0: this one is, and counts as failed until `succeeded` or `undone`.

        Args:
            homes: addresses this login signed in from before this throttle was made; asked at most once for each login.
        """
        network = network_of(address)
        if self._is_to_be_asked(login, network):
            before = [network_of(home) for home in homes()]
            with self._lock:
                self._asked.add(login)
                self._remember(login, before)
        with self._lock:
            wait = self._wait(login, network)
            if not wait:
                self._count(login, network)
            return wait

    @contextmanager
    def verifying(self) -> Iterator[None]:
        """While a password is verified. Raises BusyError: too many are."""
        if not self._waiting.acquire(blocking=False):
            raise BusyError("too many sign in at once", fix="try again in a few seconds")
        try:
            with self._verified:
                yield
        finally:
            self._waiting.release()

    def succeeded(self, login: str, address: str) -> None:
        """Forgets the failures of this login at this network, and that this attempt counted as one for others."""
        network = network_of(address)
        with self._lock:
            self._take_back(login, network)
            self._failures.pop((login, network), None)
            self._remember(login, [network])

    def undone(self, login: str, address: str) -> None:
        """The attempt was not made."""
        with self._lock:
            self._take_back(login, network_of(address))

    def note(self, there: bool) -> int | None:
        """Whether a failure is to be written down: how many were not since the last one that was; None: no.

        Args:
            there: there is a person of this login.
        """
        return self._noted[there].ask()

    def _is_to_be_asked(self, login: str, network: str) -> bool:
        with self._lock:
            own = max(self._wait_of(key, free) for key, free in self._keys(login, network)[:2])
            return not own and self._wait(login, network) > 0 and login not in self._asked

    def _wait(self, login: str, network: str) -> float:
        keys = self._keys(login, network)
        if network in self._homes.get(login, ()):
            keys = keys[:2]
        return max(self._wait_of(key, free) for key, free in keys)

    def _count(self, login: str, network: str) -> None:
        now = self._clock()
        for key, _ in self._keys(login, network):
            entry = self._failures.setdefault(key, _Failures())
            if now - entry.last > self._forget_after_s:
                entry.count = 0
            entry.count += 1
            entry.last = now
            self._failures.move_to_end(key)
        while len(self._failures) > self._capacity:
            self._failures.popitem(last=False)

    def _take_back(self, login: str, network: str) -> None:
        for key, _ in self._keys(login, network):
            entry = self._failures.get(key)
            if entry is not None and entry.count:
                entry.count -= 1

    def _remember(self, login: str, networks: Collection[str]) -> None:
        homes = self._homes.setdefault(login, OrderedDict())
        self._homes.move_to_end(login)
        for network in networks:
            homes[network] = None
            homes.move_to_end(network)
        while len(homes) > _NETWORKS:
            homes.popitem(last=False)
        while len(self._homes) > _LOGINS:
            self._asked.discard(self._homes.popitem(last=False)[0])

    def _keys(self, login: str, network: str) -> tuple[tuple[Key, int], ...]:
        # the loose limits stop one network trying many logins, and many networks trying one login
        return (
            ((login, network), self._free),
            (("", network), self._free * 10),
            ((login, ""), self._free * 10),
        )

    def _wait_of(self, key: Key, free: int) -> float:
        entry = self._failures.get(key)
        if entry is None or entry.count < free:
            return 0.0
        since = self._clock() - entry.last
        if since > self._forget_after_s:
            return 0.0
        penalty = min(self._max_wait_s, 2.0 ** min(entry.count - free, 30))
        return max(0.0, penalty - since)
