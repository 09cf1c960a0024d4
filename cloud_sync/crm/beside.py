"""Records that leads belong to, such as their firms: there may be very many, so those of the leads that are read are asked for,
and each is known for a while.

One that the CRM refuses costs what is known of it, and of no other: those of its request are asked for in halves.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from cloud_sync.crm.http import FORBIDDEN, NO_TOKEN, is_closed
from cloud_sync.crm.looked import KEPT_S
from cloud_sync.crm.parting import TRIES
from cloud_sync.crm.shown import is_number
from cloud_sync.effects.json_http import RefusedError

log = logging.getLogger(__name__)
Found = TypeVar("Found")

MOST: Final = 100
"""Records of one request: the limit of HubSpot and of Pipedrive, and what an address has room for at Dynamics."""
PARTS: Final = 50
"""Requests for the parts of one that was refused, at most."""


class Beside(Generic[Found]):
    """Those of one kind, by their ids.

    Args:
        ask: what there is of those with these ids, `MOST` at most; raises DeliveryError.
        nothing: of one that the user may not see.
        clock: monotonic seconds.
        is_id: whether a text may be an id there; numbers are by default.
    """

    def __init__(
        self,
        ask: Callable[[list[str]], Mapping[str, Found]],
        nothing: Found,
        clock: Callable[[], float],
        is_id: Callable[[str], bool] = is_number,
    ) -> None:
        self._ask = ask
        self._is_id = is_id
        self._nothing = nothing
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._since = self._clock()
        self._known: dict[str, Found] = {}
        self._closed = False
        self._alone = 0
        """Refused one by one since the last yes."""
        self._parts: deque[list[str]] = deque()
        """Of a request that was refused, those that were not asked for yet."""
        self._left = 0
        """Requests for them."""
        self._proved = False
        """One of these was taken: it is records that are refused, and no right to all."""

    def of(self, ids: Iterable[str]) -> Mapping[str, Found]:
        """Those with these ids, and others that are known.

        A refusal of the right is the same of all others for a while, and so is one of `TRIES` records after each other: each
        question would cost of the day's requests. Who is told to wait in the middle of a request's parts goes on from there.

        Raises:
            DeliveryError: the CRM does not do as asked.
        """
        if self._clock() - self._since >= KEPT_S:
            self._begin()
        self._ask_parts()
        missing = sorted({name for name in ids if self._is_id(name)} - self._known.keys())
        for first in range(0, len(missing), MOST):
            if self._closed:
                break
            self._ask_all(missing[first : first + MOST])
        return self._known

    def _ask_all(self, ids: list[str]) -> None:
        error = self._refusal(ids)
        if error is None:
            return
        # what a lead lacks by it stands with its score; of a right, `crm test` says what is to be done
        log.warning(
            "event=crm_beside_refused connection=%s n=%d closed=%s error=%r",
            error.where, len(ids), self._closed, error.what,
        )  # fmt: skip
        if len(ids) > 1 and not self._closed:
            # some alone first, wide apart: where each of these is refused, all are
            alone = ids[:: -(-len(ids) // TRIES)]
            rest = [name for name in ids if name not in alone]
            self._parts.extend([*([name] for name in alone), *([rest] if rest else [])])
            self._left, self._proved = PARTS, False
            self._ask_parts()
        self._note(ids, {})

    def _ask_parts(self) -> None:
        while self._parts and self._left and not self._closed:
            some = self._parts[0]
            refused = self._refusal(some) is not None
            self._parts.popleft()
            self._left -= 1
            if refused and len(some) > 1:
                middle = len(some) // 2
                self._parts.extendleft((some[middle:], some[:middle]))
            if self._proved:
                self._alone = 0
        for some in self._parts:
            self._note(some, {})
        self._parts.clear()

    def _refusal(self, ids: list[str]) -> RefusedError | None:
        """Notes what is said of them; else why the CRM refuses them for good. Raises DeliveryError."""
        try:
            self._note(ids, self._ask(ids))
        except RefusedError as error:
            if not is_closed(error):
                raise
            if len(ids) == 1:
                self._note(ids, {})
                self._alone += 1
            self._closed = error.status in (NO_TOKEN, FORBIDDEN) or self._alone >= TRIES
            return error
        self._alone, self._proved = 0, True
        return None

    def _note(self, ids: list[str], found: Mapping[str, Found]) -> None:
        """What is found of those that nothing is known of; an answer that names others is believed of none of them."""
        self._known |= {n: found.get(n, self._nothing) for n in ids if n not in self._known}
