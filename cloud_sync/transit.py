"""How many bytes of bodies may be on their way at the same time, of senders who have proven nothing yet.

How long one body may be, and how slow, is `limits.py`'s business, which also counts. Who sends one is known by its
handler, who says with `let_go` that it keeps nothing of it.
"""

from __future__ import annotations

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
_PLACE: Final = "kitwright.weight"


class Transit:
    """The bytes of many bodies.

    Args:
        most: bytes at the same time.
        refused: called for each body that is not read on.
    """

    def __init__(self, most: int, refused: Callable[[], None] = lambda: None) -> None:
        self.most = most
        self.held = 0
        self.refused = refused


class Weight:
    """One body's part of them."""

    def __init__(self, transit: Transit) -> None:
        self._transit = transit
        self._held = 0
        self._kept = True

    def reaches(self, taken: int) -> bool:
        """Counts so many bytes of this body; whether there is room for them.

        One that is let go is judged as if it were kept: a stranger is not told by the difference that nobody reads it.
        """
        weight = max(0, taken - FREE_BYTES)
        if weight and self._transit.held - self._held + weight > self._transit.most:
            self._transit.refused()
            return False
        if self._kept:
            self._transit.held += weight - self._held
            self._held = weight
        return True

    def drop(self) -> None:
        """Nothing of it is kept any more, nor will be."""
        self._kept = False
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
