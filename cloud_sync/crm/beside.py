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
        self._since = clock()
        self._known: dict[str, Found] = {}
        self._closed = False
        self._alone = 0
        """Refused one by one since the last yes."""
        self._why: RefusedError | None = None

    def of(self, ids: Iterable[str]) -> Mapping[str, Found]:
        """Those with these ids, and others that are known.

        A refusal of the right is the same of all others for a while, and so is one of `TRIES` records after each other: each
        question would cost of the day's requests.

        Raises:
            DeliveryError: the CRM does not do as asked.
        """
        if self._clock() - self._since >= KEPT_S:
            self._known, self._since, self._closed, self._alone = {}, self._clock(), False, 0
        missing = sorted({name for name in ids if self._is_id(name)} - self._known.keys())
        for first in range(0, len(missing), MOST):
            if self._closed:
                break
            some = missing[first : first + MOST]
            found = self._asked(some)
            # an answer that names others is believed of none of them
            self._known |= {name: found.get(name, self._nothing) for name in some}
        return self._known

    def _asked(self, ids: list[str]) -> dict[str, Found]:
        found, refused = self._taken(ids), 1
        if found is None and len(ids) > 1 and not self._closed:
            found, refused = self._in_parts(ids)
        if self._why is not None:
            # what a lead lacks by it stands with its score; of a right, `crm test` says what is to be done
            log.warning(
                "event=crm_beside_refused connection=%s refused=%d closed=%s error=%r",
                self._why.where, refused, self._closed, self._why.what,
            )  # fmt: skip
            self._why = None
        return found or {}

    def _taken(self, ids: list[str]) -> dict[str, Found] | None:
        """What is said of them; None: the CRM refuses them for good."""
        try:
            found = {**self._ask(ids)}
        except RefusedError as error:
            if not is_closed(error):
                raise
            self._why = error
            self._alone += len(ids) == 1
            self._closed = error.status in (NO_TOKEN, FORBIDDEN) or self._alone >= TRIES
            return None
        self._alone = 0
        return found

    def _in_parts(self, ids: list[str]) -> tuple[dict[str, Found], int]:
        """What is said of those that can be asked for, and how many cannot.

        Some alone first, wide apart: where each of these is refused, all are.
        """
        alone = ids[:: -(-len(ids) // TRIES)]
        rest = [name for name in ids if name not in alone]
        waiting = deque([*([name] for name in alone), *([rest] if rest else [])])
        found: dict[str, Found] = {}
        refused = 0
        taken = False
        for _ in range(PARTS):
            if not waiting or self._closed:
                break
            some = waiting.popleft()
            said = self._taken(some)
            if said is not None:
                found |= said
                taken = True
            elif len(some) > 1:
                middle = len(some) // 2
                waiting.extendleft((some[middle:], some[:middle]))
            else:
                refused += 1
            if taken:
                self._alone = 0  # it is these records that are refused, and no right to all
        return found, refused + sum(map(len, waiting))
