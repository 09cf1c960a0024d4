"""Names of the organisations that Pipedrive's records belong to: a record has a number, where an export has the name.

There may be very many, so only those of the records that are read are asked for, and each is known for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final

from cloud_sync.crm.base import Met
from cloud_sync.crm.http import CrmHttp, CrmRefusedError, is_closed, rows_in, text
from cloud_sync.crm.labels import mostly_labels, reads_label
from cloud_sync.crm.looked import KEPT_S
from cloud_sync.crm.shown import is_number

KEYS: Final = ("org_id", "organization_id")
"""Of a record of API v2, and of a lead."""
PATH: Final = "/api/v2/organizations"
MOST: Final = 100
"""Organisations of one request, its limit."""
SOME: Final = 200
"""By so many it is told what a bundle met."""


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
        self._closed = False

    def readings(self, column: str, ids: Iterable[str], met: Met) -> Mapping[str, str]:
        """Number → name, of those that a bundle is to read by their names. Raises DeliveryError.

        A column of the API's own name was learned from its numbers, one of an export from names, if it met neither.
        """
        wanted = list(ids)
        names = self.names(wanted)
        some = dict(islice(names.items(), SOME))
        first = mostly_labels(column, some, met, otherwise=column not in KEYS)
        return {
            one: names[one]
            for one in wanted
            if one in names and reads_label(column, one, names[one], met, first=first)
        }

    def names(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Number → name; one that the user may not see has none. Raises DeliveryError."""
        if self._clock() - self._since >= KEPT_S:
            self._known, self._since, self._closed = {}, self._clock(), False
        missing = sorted({name for name in ids if is_number(name)} - self._known.keys())
        for first in range(0, len(missing), MOST):
            if self._closed:
                break
            some = missing[first : first + MOST]
            self._known |= dict.fromkeys(some, "") | self._asked(some)
        return {name: said for name, said in self._known.items() if said}

    def _asked(self, ids: list[str]) -> dict[str, str]:
        try:
            query = {"ids": ",".join(ids), "limit": str(len(ids))}
            rows = rows_in(self._http.call("GET", PATH, query=query), "data", self._http.name)
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            self._closed = True  # the same of all others: each question would cost the day's tokens
            return {}  # numbers stay numbers, which `crm test` tells
        return {text(row.get("id")): text(row.get("name")) for row in rows}
