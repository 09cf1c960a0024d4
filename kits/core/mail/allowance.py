"""How often one correspondent may be answered: the last guard against two programs that answer each other.

A policy in bounded memory; the clock is passed in. Headers that tell of a program are `automatic.py`'s
business; who keeps count over a restart is the agent's.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from kits.core.mail.automatic import plain_address
from kits.core.mail.threads import bare_subject

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many answers are allowed.

    Attributes:
        per_sender: answers to one address in `window_s`.
        per_subject: answers to one domain about one subject (numbers apart) in `window_s`; programs
            that change their address with each mail keep their subject.
        window_s: seconds.
        max_known: correspondents that are remembered; the longest unseen is forgotten.
    """

    per_sender: int = 5
    per_subject: int = 3
    window_s: float = 3 * 3600.0
    max_known: int = 10_000


@dataclass(slots=True)
class Allowance:
    """Counts answers and says when it is enough."""

    limits: Limits = field(default_factory=Limits)
    _given: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict, repr=False)

    def why_not(self, address: str, subject: str, now_s: float) -> str:
        """Why there is to be no further answer; empty when there may be one. Counts nothing."""
        sender, about = _keys(address, subject)
        hours = f"{self.limits.window_s / 3600:g} h"
        if self._count(sender, now_s) >= self.limits.per_sender:
            return f"{self.limits.per_sender} answers to {address} within {hours} are enough"
        if self._count(about, now_s) >= self.limits.per_subject:
            return f"{self.limits.per_subject} answers about this subject within {hours} are enough"
        return ""

    def record(self, address: str, subject: str, now_s: float) -> None:
        """Counts an answer that was given at `now_s` (seconds of any clock that never goes back)."""
        for key, most in zip(
            _keys(address, subject), (self.limits.per_sender, self.limits.per_subject)
        ):
            times = self._given.setdefault(key, deque())
            times.append(now_s)
            while len(times) > most:
                times.popleft()
            self._given.move_to_end(key)
        while len(self._given) > 2 * self.limits.max_known:
            self._given.popitem(last=False)

    def _count(self, key: str, now_s: float) -> int:
        return sum(now_s - at < self.limits.window_s for at in self._given.get(key, ()))


def _keys(address: str, subject: str) -> tuple[str, str]:
    plain = plain_address(address)
    about = _DIGITS.sub("#", bare_subject(subject).lower())
    return f"to {plain}", f"about {plain.rpartition('@')[2]} {about}"
