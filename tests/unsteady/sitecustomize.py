"""Delays threads by chance where they call our own functions, in whatever Python finds this file on its path.

A race between two threads of one process shows only if one of them is late at the wrong place. Load makes all of them
late alike; here each is late by itself. `make test-unsteady` runs the suites of hub and agent so, and every program that
they start. What fails then either takes a machine for fast, which is a fault of the test, or has a race.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from types import CodeType, FrameType

WHO = os.environ.get("KITWRIGHT_UNSTEADY", "")
"""`others`: all threads but the first of a process; `first`: that one, while there are others; empty: none."""
OFTEN = 0.01
"""Share of calls and returns that are delayed."""
LONGEST_S = 0.4
SHARE = 0.3
"""Of its time a thread is delayed at most."""
GRACE_S = 1.0
OURS = "/cloud_sync/", "/edge_agent/", "/kits/core/"
NOT_OURS = "/tests/", "/site-packages/"


class Delays:
    """What `threading.setprofile` calls."""

    def __init__(self, first: bool) -> None:
        self._first = first
        self._rng = random.Random()
        os.register_at_fork(after_in_child=self._rng.seed)  # each forked program has its own chance
        self._known: dict[CodeType, bool] = {}
        self._thread = threading.local()

    def __call__(self, frame: FrameType, event: str, _said: object) -> None:
        """Sleeps now and then."""
        if event not in ("call", "return") or not self._is_ours(frame.f_code):
            return
        if self._rng.random() > OFTEN or (self._first and threading.active_count() < 2):
            return
        now, mine = time.monotonic(), self._thread
        since = mine.__dict__.setdefault("since", now)
        slept = mine.__dict__.get("slept", 0.0)
        if slept < SHARE * (now - since) + GRACE_S:
            pause_s = self._rng.random() ** 2 * LONGEST_S
            mine.slept = slept + pause_s
            time.sleep(pause_s)

    def _is_ours(self, code: CodeType) -> bool:
        known = self._known.get(code)
        if known is None:
            path = code.co_filename
            known = any(one in path for one in OURS) and not any(one in path for one in NOT_OURS)
            self._known[code] = known
        return known


if WHO == "others":
    threading.setprofile(Delays(first=False))
elif WHO == "first":
    sys.setprofile(Delays(first=True))
elif WHO:
    sys.exit(f"KITWRIGHT_UNSTEADY: others or first, not {WHO!r}")
