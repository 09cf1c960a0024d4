"""When a window of an asset is due: all its signals have come so far, or the time to wait is over.

A machine that sends nothing gives no windows. One that is behind skips the oldest ones and counts them. Pure:
the present moment is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.signals.ring import Ring, is_empty
from kits.core.window import Window


@dataclass(frozen=True, slots=True)
class Cut:
    """A window and its end on the source's clock, seconds."""

    asset: str
    end_s: float
    window: Window


class Cutter:
    """Cuts windows out of a ring.

    Args:
        live: a source that does not wait: at most `queue` windows per asset are made up for.

    Attributes:
        skipped: windows not made because the line was behind.
    """

    def __init__(self, ring: Ring, *, live: bool) -> None:
        self._ring = ring
        self._live = live
        self._end_s: dict[str, float] = {}
        self.skipped = 0

    def open_from_s(self, asset: str) -> float:
        """Where the next window begins: what comes from before is too late for any."""
        end_s = self._end_s.get(asset)
        return -math.inf if end_s is None else end_s - self._ring.config.length_s

    def due(self, now_s: float, *, at_end: bool = False) -> Iterator[Cut]:
        """The windows that are due now.

        Args:
            at_end: nothing more comes: no window waits.
        """
        for asset in self._ring.assets:
            if self._live:
                self._skip(asset, now_s)
            while (cut := self._next(asset, now_s, at_end)) is not None:
                yield cut

    def _next(self, asset: str, now_s: float, at_end: bool) -> Cut | None:
        config, ring = self._ring.config, self._ring
        with ring.lock:
            while (end_s := self._end(asset)) is not None and self._ripe(
                asset, end_s, now_s, at_end
            ):
                start_s = end_s - config.length_s
                window = ring.window(asset, start_s, config.length_s)
                self._end_s[asset] = end_s + config.step_s
                if not is_empty(window) or ring.first_s(asset, start_s) < end_s:
                    return Cut(asset, end_s, window)
                self._rest(asset, end_s)
        return None

    def _rest(self, asset: str, end_s: float) -> None:
        """A machine that says nothing: the next window begins with what it says next."""
        next_s = self._ring.first_s(asset, end_s)
        if math.isfinite(next_s):
            self._end_s[asset] = next_s + self._ring.config.length_s
        else:
            del self._end_s[asset]
            self._ring.begin_anew(asset)

    def _end(self, asset: str) -> float | None:
        """The end of the next window; None while nothing was heard."""
        if asset not in self._end_s:
            began_s = self._ring.began_s(asset)
            if began_s is None:
                return None
            self._end_s[asset] = began_s + self._ring.config.length_s
        return self._end_s[asset]

    def _ripe(self, asset: str, end_s: float, now_s: float, at_end: bool) -> bool:
        ring = self._ring
        if all(ring.known_until_s(n) >= end_s for n in ring.channels(asset)):
            return True
        if at_end:
            return ring.known_s(asset) >= end_s
        return now_s >= end_s + ring.config.late_s

    def _skip(self, asset: str, now_s: float) -> None:
        """What lies too far back is not made up for: the line must see now, not the past."""
        config, end_s = self._ring.config, self._end(asset)
        if end_s is None:
            return
        behind = math.floor((now_s - config.late_s - end_s) / config.step_s)
        if behind >= config.queue:
            skipped = behind - config.queue + 1
            self.skipped += skipped
            self._end_s[asset] = end_s + skipped * config.step_s
