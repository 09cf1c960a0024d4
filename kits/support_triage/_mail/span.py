"""From when to when mails came, whatever single ones say of themselves: clocks are wrong, and spam claims any year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

_FAR = timedelta(days=365)
_FEW = 50
"""Strays are at most one mail of so many at either end, or a single one."""


def without_strays(moments: Sequence[datetime]) -> list[datetime]:
    """Moments in their order without the few at either end that lie a year or more apart from all others."""
    kept = list(moments)
    few = min(max(1, len(kept) // _FEW), (len(kept) - 1) // 2)
    first = next((k for k in range(few, 0, -1) if kept[k] - kept[k - 1] >= _FAR), 0)
    last = next((k for k in range(few, 0, -1) if kept[-k] - kept[-k - 1] >= _FAR), 0)
    return kept[first : len(kept) - last]
