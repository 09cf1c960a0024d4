"""Records that leads belong to, such as their firms: there may be very many, so those of the leads that are read are asked for,
and each is known for a while.

One that the CRM refuses costs what is known of it, and of no other: those of its request are asked for in halves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Generic, TypeVar

from cloud_sync.crm.client.http import FORBIDDEN, NO_TOKEN, is_closed
from cloud_sync.crm.client.looked import KEPT_S
from cloud_sync.crm.client.parting import TRIES
from cloud_sync.crm.client.shown import is_number
from cloud_sync.effects.json_http import RefusedError

log = logging.getLogger(__name__)
Found = TypeVar("Found")

MOST: Final = 100
"""Records of one request: the limit of HubSpot and of Pipedrive, and what an address has room for at Dynamics."""
PARTS: Final = 50
"""Requests for the parts of one that was refused, at most."""
DOUBTED: Final = 1000
"""Records that were refused alone and are asked for alone from then on, at most."""


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
        self._doubted: set[str] = set()
        """Refused alone, when they were asked for last: their request would be refused again, and cost its parts."""
        self._begin()

    def _begin(self) -> None:
        self._since = self._clock()
        self._known: dict[str, Found] = {}
        self._closed = False
        self._alone = 0
        """Refused one by one since the last yes."""
        self._parts: list[list[str]] = []
        """Of a request that was refused, those that were not asked for yet."""
        self._left = 0
        """Requests for them."""
        self._proved = False
        """One of these was taken: it is records that are refused, and no right to all."""

    def of(self, ids: Iterable[str]) -> Mapping[str, Found]:
        """Those with these ids, and others that are known.

        A refusal of the right is the same of all others for a while, and so is one of `TRIES` records after each other: each
        question would cost of the day's requests. Who is told to wait in the middle of a request's parts goes on from there; who
        asks for others does not wait for them.

        Raises:
            DeliveryError: the CRM does not do as asked.
        """
        if self._clock() - self._since >= KEPT_S:
            self._begin()
        wanted = {name for name in ids if self._is_id(name)}
        self._ask_parts(wanted)
        missing = wanted - self._known.keys()
        doubted = sorted(missing & self._doubted)
        some = sorted(missing - self._doubted)
        for first in range(0, len(some), MOST):
            if self._closed:
                break
            self._ask_all(some[first : first + MOST])
        self._ask_alone(doubted)
        return self._known

    def _ask_alone(self, doubted: list[str]) -> None:
        """That these are refused again says nothing of all."""
        for name in doubted[:PARTS]:
            if self._closed:
                break
            self._refusal([name], counts=False)
        self._note(doubted, {})

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
            self._ask_parts({*ids})
        self._note(ids, {})

    def _ask_parts(self, wanted: Collection[str]) -> None:
        """Those with some that are wanted, and these of them alone: over others the CRM may fail for long."""
        while self._left and not self._closed:
            place = next((n for n, part in enumerate(self._parts) if any(i in wanted for i in part)), None)  # fmt: skip
            if place is None:
                return
            some = [name for name in self._parts[place] if name in wanted]
            others = [name for name in self._parts[place] if name not in wanted]
            self._parts[place : place + 1] = [some, *([others] if others else [])]
            refused = self._refusal(some) is not None
            middle = len(some) // 2
            halves = [some[:middle], some[middle:]] if refused and middle else []
            self._parts[place : place + 1] = halves
            self._left -= 1
            if self._proved:
                self._alone = 0
        for part in self._parts:
            self._note(part, {})
        self._parts.clear()

    def _refusal(self, ids: list[str], *, counts: bool = True) -> RefusedError | None:
        """Notes what is said of them; else why the CRM refuses them for good. Raises DeliveryError.

        Args:
            counts: as one more that is refused alone.
        """
        try:
            self._note(ids, self._ask(ids))
        except RefusedError as error:
            if not is_closed(error):
                raise
            if len(ids) == 1:
                self._note(ids, {})
                self._alone += counts
                self._doubted |= {*ids} if len(self._doubted) < DOUBTED else set()
            self._closed = error.status in (NO_TOKEN, FORBIDDEN) or self._alone >= TRIES
            if self._closed:
                self._doubted.clear()  # all are refused: it was none of these
            return error
        self._alone, self._proved = 0, True
        self._doubted.difference_update(ids)
        return None

    def _note(self, ids: list[str], found: Mapping[str, Found]) -> None:
        """What is found of those that nothing is known of; an answer that names others is believed of none of them."""
        self._known |= {n: found.get(n, self._nothing) for n in ids if n not in self._known}
