"""Names of the organisations that Pipedrive's records belong to: a record has a number, where an export has the name.

There may be very many, so only those of the records that are read are asked for, and each is known for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from cloud_sync.crm.http import CrmHttp, CrmRefusedError, rows_in, text
from cloud_sync.crm.looked import KEPT_S
from cloud_sync.crm.shown import is_number
from cloud_sync.crm.singly import GONE

KEYS: Final = ("org_id", "organization_id")
"""Of a record of API v2, and of a lead."""
PATH: Final = "/api/v2/organizations"
MOST: Final = 100
"""Organisations of one request, its limit."""
FORBIDDEN: Final = 403


class Firms:
    """Those of one account.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, http: CrmHttp, clock: Callable[[], float]) -> None:
        self._http = http
        self._clock = clock
        self._since = clock()
        self._known: dict[str, str] = {}

    def names(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Number → name; one that the user may not see has none. Raises DeliveryError."""
        if self._clock() - self._since >= KEPT_S:
            self._known, self._since = {}, self._clock()
        missing = sorted({name for name in ids if is_number(name)} - self._known.keys())
        for first in range(0, len(missing), MOST):
            some = missing[first : first + MOST]
            self._known |= dict.fromkeys(some, "") | self._asked(some)
        return {name: said for name, said in self._known.items() if said}

    def _asked(self, ids: list[str]) -> dict[str, str]:
        try:
            query = {"ids": ",".join(ids), "limit": str(len(ids))}
            rows = rows_in(self._http.call("GET", PATH, query=query), "data", self._http.name)
        except CrmRefusedError as error:
            if error.status not in (FORBIDDEN, *GONE):
                raise
            return {}  # numbers stay numbers, which `crm test` tells
        return {text(row.get("id")): text(row.get("name")) for row in rows}
