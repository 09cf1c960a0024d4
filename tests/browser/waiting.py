"""Waiting for what a page's handlers find: they are called only while the page is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
PAUSE_MS = 10
TURNS = 3000


def found_by(page: Any, look: Callable[[], T]) -> T:  # Any: playwright may not be installed
    """What `look` finds, once it finds something."""
    for _ in range(TURNS):
        if found := look():
            return found
        page.wait_for_timeout(PAUSE_MS)
    raise AssertionError("this did not happen in time")
