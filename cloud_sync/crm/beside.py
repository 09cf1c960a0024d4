"""Records that leads belong to, such as their firms: there may be very many, so those of the leads that are read are asked for,
and each is known for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Generic, TypeVar

from cloud_sync.crm.http import is_closed
from cloud_sync.crm.looked import KEPT_S
from cloud_sync.crm.shown import is_number
from cloud_sync.effects.json_http import RefusedError

Found = TypeVar("Found")

MOST: Final = 100
"""Records of one request: the limit of HubSpot and of Pipedrive, and what an address has room for at Dynamics."""


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

    def of(self, ids: Iterable[str]) -> Mapping[str, Found]:
        """Those with these ids, and others that are known.

        One refusal for good is the same of all others for a while: each question would cost of the day's requests.

        Raises:
            DeliveryError: the CRM does not do as asked.
        """
        if self._clock() - self._since >= KEPT_S:
            self._known, self._since, self._closed = {}, self._clock(), False
        missing = sorted({name for name in ids if self._is_id(name)} - self._known.keys())
        for first in range(0, len(missing), MOST):
            if self._closed:
                break
            some = missing[first : first + MOST]
            self._known |= dict.fromkeys(some, self._nothing) | self._asked(some)
        return self._known

    def _asked(self, ids: list[str]) -> dict[str, Found]:
        try:
            return {**self._ask(ids)}
        except RefusedError as error:
            if not is_closed(error):
                raise
            self._closed = True
            return {}  # what is not known of them `crm test` tells
