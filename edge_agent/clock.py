"""Clocks of the device: stamps for events. It trusts no clock; it says how far to trust it.

`ntp`: the kernel says that its clock is disciplined (`adjtimex`, whoever does it: timesyncd, chrony,
ntpd, PTP). `rtc`: nobody disciplines it, but the kernel set it from a battery-backed clock at boot, and it
is not before the floor. `none`: anything else. Looking costs a system call, so the answer is kept for two
seconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import time
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path

from kits.core.events import ClockTrust, Stamp
from kits.core.sample import utc_now

BUILT_AT = datetime(2026, 11, 1, tzinfo=timezone.utc)
"""No clock before this program was written can be right."""
_LOOK_AGAIN_S = 2.0
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_TIMEX_BYTES = 256  # struct timex has 208 bytes on 64-bit Linux
_STATUS_AT = 40
"""Offset of `status` in struct timex on 64-bit Linux: after modes, offset, freq, maxerror, esterror."""


class WallTrust:
    """How far the wall clock can be trusted; asks the kernel at most every two seconds.

    Args:
        floor: the clock cannot be right before this; raised by whoever learns of a later signed time.
        clocks: where the kernel lists its battery-backed clocks.
    """

    def __init__(self, floor: datetime = BUILT_AT, clocks: Path = Path("/sys/class/rtc")) -> None:
        self._floor = floor
        self._clocks = clocks
        self._known: ClockTrust = "none"
        self._until = float("-inf")

    def raise_floor(self, when: datetime) -> None:
        """From now on a clock before `when` is not trusted."""
        self._floor = max(self._floor, when)
        self._until = float("-inf")

    def now(self) -> ClockTrust:
        """The present trust."""
        if time.monotonic() >= self._until:
            self._known = self._look()
            self._until = time.monotonic() + _LOOK_AGAIN_S
        return self._known

    def _look(self) -> ClockTrust:
        if utc_now() < self._floor:
            return "none"
        if kernel_synchronised():
            return "ntp"
        return "rtc" if self._set_at_boot() else "none"

    def _set_at_boot(self) -> bool:
        """Whether a battery-backed clock set the system's: a board may have one and not use it."""
        for file in self._clocks.glob("rtc*/hctosys"):
            with contextlib.suppress(OSError):
                if file.read_text().strip() == "1":
                    return True
        return False


CLOCK_TRUST: dict[ClockTrust, float] = {"none": 0.0, "rtc": 1.0, "ntp": 2.0}
"""As a figure: higher is better."""

TRUST = WallTrust()
"""The one wall clock of this machine."""


def stamp() -> Stamp:
    """Now, by wall and monotonic clock."""
    return Stamp(wall=utc_now(), mono_ns=time.monotonic_ns(), boot=boot_id(), trust=clock_trust())


def stamp_json() -> str:
    """`stamp()` as JSON text, without the cost of a model: one is made for each row."""
    return (
        f'{{"wall":"{utc_now().isoformat()}","mono_ns":{time.monotonic_ns()},'
        f'"boot":"{boot_id()}","trust":"{TRUST.now()}"}}'
    )


@lru_cache(maxsize=1)
def boot_id() -> str:
    """The kernel's id of this boot; a random one per process where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return secrets.token_hex(16)


def clock_trust() -> ClockTrust:
    """How far the wall clock can be trusted now."""
    return TRUST.now()


def kernel_synchronised() -> bool:
    """Whether something disciplines the kernel's clock; False where the kernel cannot be asked."""
    adjtimex = _adjtimex()
    if adjtimex is None:
        return False
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)  # all zero: modes=0 only reads
    state = adjtimex(buffer)
    status = int.from_bytes(buffer.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return 0 <= state < _TIME_ERROR and not status & _STA_UNSYNC


@lru_cache(maxsize=1)
def _adjtimex() -> ctypes._NamedFuncPointer | None:
    if os.name != "posix" or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    return getattr(ctypes.CDLL(None), "adjtimex", None)
