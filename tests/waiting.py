"""Waiting for what other threads and programs do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

LOOKS_EVERY_S = float(os.environ.get("KITWRIGHT_LOOKS_EVERY_S", "0"))
"""Seconds between two looks, and before the first: who looks seldom misses a moment, and a test that needs one fails."""

PATIENCE_S = 60.0
"""A machine that four workers share may stand still for longer than the few seconds that one alone needs."""


def wait_for(
    condition: Callable[[], bool],
    timeout_s: float = PATIENCE_S,
    *,
    otherwise: Callable[[], str] = lambda: "",
) -> float:
    """Until it holds; the seconds that took. Fails the test when it does not, and says what is `otherwise`.

    What takes long is looked at less often: whoever asks a program all the time keeps it from working.
    """
    started, pause_s = time.monotonic(), 0.01
    time.sleep(LOOKS_EVERY_S)
    while not condition():
        took_s = time.monotonic() - started
        assert took_s < timeout_s, f"it did not come true in {timeout_s:.0f} s {otherwise()}"
        time.sleep(max(pause_s, LOOKS_EVERY_S))
        pause_s = min(1.2 * pause_s, 0.1)
    return time.monotonic() - started
