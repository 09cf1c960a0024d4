"""Frames from outbox rows: as many rows as fit 200 rows and 256 KiB. It sends nothing."""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.events import Event
from kits.core.frames import MAX_FRAME_BYTES, MAX_ROWS, Frame, encode_frame


def build_frame(epoch: str, rows: Sequence[Event]) -> tuple[bytes, tuple[Event, ...]]:
    """The payload and the rows it holds: a prefix of `rows` that fits the limits.

    One row alone always fits: the outbox bounds rows when it takes them.
    """
    taken = tuple(rows[:MAX_ROWS])
    while True:
        payload = encode_frame(Frame(epoch=epoch, rows=taken))
        if len(payload) <= MAX_FRAME_BYTES or len(taken) == 1:
            return payload, taken
        taken = taken[: len(taken) // 2]
