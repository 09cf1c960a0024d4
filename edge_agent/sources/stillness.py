"""A camera that froze: it goes on giving one picture, to the last bit, and each part gets the verdict of the first.

No sensor gives the same twice, even of a line that stands still: its noise differs. In the dark it may, so a picture
without contrast is none that froze.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from edge_agent.log import warn
from edge_agent.sources.base import Alerts
from kits.core.runtime import Array

FROZEN_S: Final = 60.0
"""Longer than any stream takes from one whole picture to the next: between them, what stands still may be left out."""
_EVERY: Final = 8
_CONTRAST: Final = 4.0
"""Grey levels of 255, as a standard deviation."""


class Stillness:
    """Of one source; used by one thread."""

    def __init__(self, name: str, alerts: Alerts) -> None:
        self._name = name
        self._alerts = alerts
        self._last: Array | None = None
        self._since_mono = 0.0
        self._told = False

    def look(self, frame: Array, now_mono: float) -> None:
        """Takes the next picture, (height, width) or (height, width, channels)."""
        seen = frame[::_EVERY, ::_EVERY]
        if self._last is None or not np.array_equal(self._last, seen):
            self._last, self._since_mono = seen.copy(), now_mono
            if self._told:
                self._told = False
                self._alerts("picture-frozen", "info", f"{self._name}: the pictures differ again")
            return
        still_s = now_mono - self._since_mono
        if self._told or still_s < FROZEN_S or float(seen.std()) < _CONTRAST:
            return
        self._told = True
        warn("picture_frozen", source=self._name, still_s=round(still_s))
        text = f"the same picture to the last bit for {still_s:.0f} s: the camera froze, or it is no camera"
        self._alerts("picture-frozen", "error", f"{self._name}: {text}")
