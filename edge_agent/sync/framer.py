"""Frames from outbox rows: as many rows as fit 200 rows and the broker's packets. It sends nothing.

The rows are JSON text already and are joined as they are: a model for each row would cost more than
everything else on the way to the hub.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.sync.entry import Row, shortened
from kits.core.frames import MAX_FRAME_BYTES, MAX_ROWS, FrameEncoder

_MAX_TEXT = 2 << 20
"""Characters before compression; a hub unpacks four times as much."""


class Framer:
    """Builds frames; for one thread, because it keeps a compressor."""

    def __init__(self) -> None:
        self._encoder = FrameEncoder()

    def build(
        self, epoch: str, rows: Sequence[Row], limit: int = MAX_FRAME_BYTES
    ) -> tuple[bytes, tuple[Row, ...]]:
        """The payload and the rows it holds: a prefix of `rows` that fits the limits.

        One row alone always fits 256 KiB: the outbox bounds rows when it takes them. A smaller limit may
        cost a decision its details; a payload that is larger even so holds one row that cannot be sent.
        """
        limit = min(limit, MAX_FRAME_BYTES)
        taken, size = 0, 0
        for row in rows[:MAX_ROWS]:
            size += len(row.text)
            if taken and size > _MAX_TEXT:
                break
            taken += 1
        while True:
            payload = self._encoder.encode(epoch, [row.text for row in rows[:taken]])
            if len(payload) <= limit:
                return payload, tuple(rows[:taken])
            if taken == 1:
                short = shortened(rows[0])
                return self._encoder.encode(epoch, [short.text]), (short,)
            taken //= 2
