"""How many bytes of bodies may be on their way at the same time, of senders who have proven nothing yet.

How long one body may be, and how slow, is `limits.py`'s business, which also counts. Who sends one is known by its
handler, who says with `let_go` that it keeps nothing of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.types import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

FREE_BYTES: Final = 8 << 10
"""The start of each body is not counted: the number of connections bounds it, and who holds up long bodies does not hold
up the short ones that most are."""
TRANSIT_BYTES: Final = 64 << 20
"""Of bodies that came in part or are being answered; what is more is refused with 503 and may come again."""
GIVES_WAY_S: Final = 5.0
"""A body that has been coming for so long is not read on where its bytes are needed, the oldest first: a message of a CRM
comes within a second, and who sends many slowly holds up nobody."""
_PLACE: Final = "kitwright.weight"


class Transit:
    """The bytes of many bodies.

    Args:
        most: bytes at the same time.
        refused: called for each body that is not read on.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        most: int,
        refused: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self.held = 0
        self.refused = refused
        self.clock = clock
        self.coming: dict[Weight, None] = {}

    def fits(self, more: int, weight: Weight) -> bool:
        """Whether there is room for so many bytes more of one body, if need be in place of the slow ones before it."""
        latest = self.clock() - GIVES_WAY_S
        for one in tuple(self.coming):
            if self.held + more <= self.most or one.began > latest:
                break
            if one is not weight:
                one.give_way()
        return self.held + more <= self.most


class Weight:
    """One body's part of them.

    Attributes:
        began: when it was first counted, by the clock of all.
        stop: ends the waiting for its next piece; None: nobody waits.
        gave_way: it is not read on, for others are quicker.
    """

    def __init__(self, transit: Transit) -> None:
        self._transit = transit
        self._held = 0
        self._kept = True
        self.began = 0.0
        self.stop: Callable[[], None] | None = None
        self.gave_way = False

    def reaches(self, taken: int) -> bool:
        """Counts so many bytes of this body; whether there is room for them.

        One that is let go is judged as if it were kept: a stranger is not told by the difference that nobody reads it.
        """
        weight = max(0, taken - FREE_BYTES)
        if weight and not self._transit.fits(weight - self._held, self):
            self._transit.refused()
            return False
        if self._kept and weight:
            if not self._held:
                self.began = self._transit.clock()
                self._transit.coming[self] = None
            self._transit.held += weight - self._held
            self._held = weight
        return True

    def is_whole(self) -> None:
        """All of it has come: from now on it takes as long as its answer."""
        self._transit.coming.pop(self, None)

    def give_way(self) -> None:
        """It is not read on."""
        self.gave_way = True
        self._release()
        self._transit.refused()
        if self.stop is not None:
            self.stop()

    def drop(self) -> None:
        """Nothing of it is kept any more, nor will be."""
        self._kept = False
        self._release()

    def _release(self) -> None:
        self.is_whole()
        self._transit.held -= self._held
        self._held = 0

    def place(self, scope: Scope) -> None:
        """Where `let_go` finds it."""
        scope[_PLACE] = self


def let_go(request: Request) -> None:
    """Says that nothing is kept of this request's body, what has come and what will."""
    weight = request.scope.get(_PLACE)
    if isinstance(weight, Weight):
        weight.drop()


async def next_piece(request: Request) -> tuple[bytes, bool]:
    """The next piece of a body, and whether more follow. Raises ClientDisconnect.

    Unlike `Request.stream` it holds no piece while the next one is waited for: the last one of a slow body may have a
    quarter of a megabyte.
    """
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


async def discard(request: Request) -> None:
    """Reads a body to its end and keeps nothing: the answer comes when it would for one that is read."""
    let_go(request)
    while (await next_piece(request))[1]:
        pass
