"""The size of a live source's pictures: another one than before, or than was asked for, is told.

What was learned is of one size: in smaller pictures small defects are gone. A camera takes the next size it has
when it is asked for one that it lacks, or when its bus is too slow, and says nothing.
"""

from __future__ import annotations

from edge_agent.log import warn
from edge_agent.sources.base import Alerts


class PictureSize:
    """Of one source; used by one thread.

    Args:
        asked: width and height, pixels; None: as the first picture has it.
    """

    def __init__(self, name: str, asked: tuple[int | None, int | None], alerts: Alerts) -> None:
        self._name = name
        self._asked = asked
        self._alerts = alerts
        self._usual: tuple[int, int] | None = None
        self._last: tuple[int, int] | None = None

    def look(self, width: int, height: int) -> None:
        """Takes the size of the next picture."""
        if self._usual is None:
            self._usual = (self._asked[0] or width, self._asked[1] or height)
        found, before = (width, height), self._last or self._usual
        if found == before:
            return
        self._last = found
        usual = "{}×{}".format(*self._usual)
        if found == self._usual:
            self._alerts(
                "picture-size", "info", f"{self._name}: pictures have {usual} pixels again"
            )
            return
        warn("picture_size", source=self._name, pixels=f"{width}×{height}", usual=usual)
        text = f"pictures have {width}×{height} pixels, not {usual}: defects look otherwise in them"
        self._alerts("picture-size", "warning", f"{self._name}: {text}")
