"""Channels that only count: hours run, strokes, energy. Whatever the machine does, they never come back to what was learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kits.predictive_maintenance._learning.recordings import Recording

_RISES = 50
"""A set point that was raised now and then counts nothing."""


def counting(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Names of channels that never fall, and rise again and again, in the course of each machine.

    Args:
        recordings: of each machine in the order of time.
    """
    courses: dict[tuple[str, str], list[np.ndarray]] = {}
    for one in recordings:
        for channel in one.window.channels:
            courses.setdefault((channel.name, one.asset), []).append(channel.readings)
    rises: dict[str, int] = {}
    falling = set()
    for (name, _), parts in courses.items():
        steps = np.diff(np.concatenate([part[np.isfinite(part)] for part in parts]))
        rises[name] = max(rises.get(name, 0), int((steps > 0).sum()))
        if (steps < 0).any():
            falling.add(name)
    return tuple(name for name, count in rises.items() if count >= _RISES and name not in falling)


def told_of(counters: Sequence[str]) -> str:
    """Why they are left out, in words."""
    return (
        f"left out, as they only count and never come back to what was learned from: {', '.join(counters[:10])}; "
        "what a machine does shows in how fast they rise"
    )
