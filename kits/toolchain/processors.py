"""How many processors a training may use: those that this process was given, less what others keep busy.

Threads of one computation wait for each other, turning. On a machine whose processors are taken that costs several
times the processor time and gains none. How busy a machine is must not decide what is learned: only computations that
come out the same, bit by bit, whatever the number may ask here (trees do; networks do not, see `docs/benchmarks.md`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LOAD_S = 60.0
"""Over so long the load is a mean."""
_BEGAN_S = time.monotonic()


def granted(root: Path = Path("/")) -> int:
    """Processors this process may use: by its affinity, and its container's or unit's quota.

    Args:
        root: where `proc` and `sys` lie.
    """
    return max(1, int(min([_affinity(), *_quotas(root)])))


def free() -> int:
    """As `granted`, less those that other programs kept busy in the last minute, and no more than `OMP_NUM_THREADS` says."""
    most = min(granted(), _stated() or granted())
    try:
        load = os.getloadavg()[0]
    except OSError:  # a machine that does not say
        return most
    ours = time.process_time() / max(_LOAD_S, time.monotonic() - _BEGAN_S)
    others = max(0.0, load - ours)
    return max(1, min(most, round((os.cpu_count() or 1) - others)))


def threads_for(work: int, each: int) -> int:
    """Threads for a computation.

    Args:
        work: its size: rows, cells.
        each: how much of it is worth a thread's waiting.
    """
    return max(1, min(free(), work // each))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _stated() -> int | None:
    """The first number of `OMP_NUM_THREADS`, which may name one for each level; None: it says nothing."""
    said = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(said) if said.isdecimal() and int(said) else None


def _quotas(root: Path) -> Iterator[float]:
    """Processors by each control group this process is in, from its own to the outermost."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, kinds, place = line.split(":", 2)
        if kinds and "cpu" not in kinds.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("cpu" if kinds else "")
        inner = Path(place.lstrip("/"))
        # within a container its own group is the outermost that can be seen, whatever its place is outside
        for folder in dict.fromkeys((top / inner, *(top / up for up in inner.parents), top)):
            yield from _quota(folder)


def _quota(group: Path) -> Iterator[float]:
    with suppress(OSError, ValueError):  # no such group, or `max`: no quota
        most, span = (group / "cpu.max").read_text().split()
        yield float(most) / float(span)
    with suppress(OSError, ValueError, ZeroDivisionError):
        most_us = float((group / "cpu.cfs_quota_us").read_text())
        if most_us > 0:  # -1: no quota
            yield most_us / float((group / "cpu.cfs_period_us").read_text())
