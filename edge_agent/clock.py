"""Clocks of the device: stamps for events. It trusts no clock; it says how far to trust it."""

from __future__ import annotations

import secrets
import time
from functools import lru_cache
from pathlib import Path

from kits.core.events import ClockTrust, Stamp
from kits.core.sample import utc_now

_OLDEST_PLAUSIBLE_YEAR = 2025


def stamp() -> Stamp:
    """Now, by wall and monotonic clock."""
    return Stamp(wall=utc_now(), mono_ns=time.monotonic_ns(), boot=boot_id(), trust=clock_trust())


@lru_cache(maxsize=1)
def boot_id() -> str:
    """The kernel's id of this boot; a random one per process where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)


def clock_trust() -> ClockTrust:
    """`ntp` once systemd has synchronised, `rtc` for a plausible year, else `none`."""
    if Path("/run/systemd/timesync/synchronized").exists():
        return "ntp"
    return "rtc" if utc_now().year >= _OLDEST_PLAUSIBLE_YEAR else "none"
