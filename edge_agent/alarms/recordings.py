"""Raw signals around an alarm: which stretch of the ring is kept, in pieces that a row can carry.

What lies before an alarm is taken at once, so that a power cut a second later does not take it; what comes
after follows when its time is over. Who pays for the bytes is the selection's business.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import JsonValue

from kits.core.events import DecisionBody
from kits.core.hub_api import MAX_WINDOW_REQUESTS, WindowRequest
from kits.core.sample import new_sample_id
from kits.core.window import MEDIA_TYPE, Window

_MAX_WAITING = 200


class Ring(Protocol):
    """Raw readings of the last minutes."""

    def stretch(self, asset: str, start_s: float, end_s: float) -> Iterator[Window]:
        """What is known of an asset in that time, in pieces of bounded size; nothing when nothing is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stretch that is to be kept.

    Attributes:
        start_s, end_s: on the source's clock, seconds.
        why: into the row's meta: `case` or `request`.
    """

    asset: str
    start_s: float
    end_s: float
    verdict: str
    reason: str
    why: Mapping[str, JsonValue]
    source: str = ""
    bundle: str = ""
    kept_for: str = "act"


class Recordings:
    """Takes stretches from a ring when their time is over.

    Attributes:
        refused: stretches not wanted any more because too many waited.
        empty: stretches of which the ring knew nothing.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._waiting: list[Wanted] = []
        self._asked: deque[WindowRequest] = deque(maxlen=MAX_WINDOW_REQUESTS)
        self.refused = 0
        self.empty = 0

    def want(self, wanted: Wanted) -> None:
        """Will keep a stretch; the ones that wait already go first."""
        if len(self._waiting) >= _MAX_WAITING:
            self.refused += 1
            return
        self._waiting.append(wanted)

    def ask(self, request: WindowRequest) -> None:
        """Will keep the last minutes of an asset, from the next window on; from any thread."""
        self._asked.append(request)

    def due(self, now_s: float, *, at_end: bool = False) -> Iterator[tuple[Wanted, Window | None]]:
        """Pieces of the stretches that are over at `now_s` on the source's clock; at the end, all.

        After the last piece of a stretch comes None.
        """
        while self._asked and math.isfinite(now_s):
            self.want(_wanted(self._asked.popleft(), now_s))
        ready = [one for one in self._waiting if at_end or one.end_s <= now_s]
        self._waiting = [one for one in self._waiting if one not in ready]
        for one in ready:
            pieces = 0
            for window in self._ring.stretch(one.asset, one.start_s, min(one.end_s, now_s)):
                pieces += 1
                yield one, window
            self.empty += not pieces
            yield one, None


def _wanted(request: WindowRequest, now_s: float) -> Wanted:
    return Wanted(
        request.asset, now_s - 60 * request.minutes, now_s, "review",
        f"{request.minutes:g} minutes asked for by a person", {"request": request.id},
        kept_for="request",
    )  # fmt: skip


def window_meta(window: Window) -> dict[str, JsonValue]:
    """What a dataset needs to know of a window that was kept, beside its bytes."""
    first = window.channels[0]
    return {
        "channels": len(window.channels),
        "readings": int(first.readings.size),
        "rate_hz": window.rate_of(first),
        "started_at": window.started_at.isoformat() if window.started_at is not None else "",
    }


def row_of(wanted: Wanted, window: Window, at: datetime) -> DecisionBody:
    """The row beside the bytes: nobody judged them, so it has no score.

    Args:
        at: the moment of its first reading, on the clock of captures.
    """
    why = next(iter(wanted.why.values()), "")
    return DecisionBody.model_validate(
        {
            "sample_id": new_sample_id(at),
            "captured_at": at,
            "source": wanted.source,
            "group": wanted.asset,
            "media_type": MEDIA_TYPE,
            "bundle": wanted.bundle,
            "verdict": wanted.verdict,
            "score": None,
            "reason": wanted.reason,
            "kept_for": wanted.kept_for,
            "meta": {
                "asset": wanted.asset, "recording": f"{wanted.asset}/{why}",
                **window_meta(window), **wanted.why,
            },
        }
    )  # fmt: skip
