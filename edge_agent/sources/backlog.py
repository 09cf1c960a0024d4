"""Frames of a stream that had waited before they were asked for: parts that have passed by.

While a stream is opened its first seconds are looked through and then given all at once, and after a silence a decoder
gives what it held from before. The stream's own clock tells: of frames that waited it runs faster than ours. Pure: times in, yes or no out.
"""

from __future__ import annotations

from typing import Final

_AT_ONCE: Final = 0.75
"""A frame had waited when it came after less than this share of what the stream's clock says lies between it and the last one."""
_TOLERANCE_S: Final = 0.1
_MOST_UNTOLD: Final = 5
"""A stream tells no time of its first frame or two; who never tells one loses no more than so many."""


class Backlog:
    """Of one opened stream.

    Args:
        began_mono: when it began to be opened, monotonic seconds: what waits is no older.
        silence_s: after so long without a frame the next is of before it, unless the stream's clock went on.
    """

    def __init__(self, began_mono: float, silence_s: float) -> None:
        self._began_mono = self._last_mono = began_mono
        self._silence_s = silence_s
        self._position_s: float | None = None
        self._behind_s: float | None = None
        self._is_catching_up = True
        self._was_silent = False
        self._untold = 0

    def holds(self, asked_mono: float, came_mono: float, position_s: float | None) -> bool:
        """Whether a frame had waited.

        Args:
            asked_mono, came_mono: when it was asked for and came, monotonic seconds.
            position_s: of the frame on the stream's own clock; None: it has none, so nobody can know.
        """
        if position_s is None:
            return False
        waited_s = came_mono - self._last_mono
        apart_s = position_s - self._position_s if self._position_s is not None else 0.0
        self._last_mono, self._position_s = came_mono, position_s
        silent = came_mono - asked_mono > self._silence_s and apart_s < _AT_ONCE * waited_s
        was_silent, self._was_silent = self._was_silent, silent
        if self._behind_s is None:
            self._behind_s = asked_mono - self._began_mono
        elif silent and not was_silent:  # a camera that is always so slow is no silence
            self._behind_s, self._is_catching_up, self._untold = waited_s, True, 0
            return True
        if self._is_catching_up:
            self._is_catching_up = self._had_waited(waited_s, apart_s)
        return self._is_catching_up

    def _had_waited(self, waited_s: float, apart_s: float) -> bool:
        behind_s = self._behind_s or 0.0
        if apart_s <= 0:
            self._untold += 1
            return behind_s > _TOLERANCE_S and self._untold <= _MOST_UNTOLD
        self._behind_s = behind_s - max(apart_s - waited_s, 0.0)
        return waited_s < _AT_ONCE * apart_s and self._behind_s > _TOLERANCE_S
