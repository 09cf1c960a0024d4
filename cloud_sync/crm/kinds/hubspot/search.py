"""HubSpot's search among the records of one object, walked by id: what there is, and what was changed in a span of time.

Source: https://developers.hubspot.com/docs/api/crm/search. A search shows 10,000 records at most,
so each page is a search of its own beyond the last id, and there is no end. What was changed is found some seconds later
only, as the index lags behind: far less than the 90 seconds by which spans overlap (`window.OVERLAP`). A merge makes a new
record, and the ids of those it was made of stand in it: no search finds them any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.budget import Budget
from cloud_sync.crm.client.http import CrmHttp, one, rows_in, text
from cloud_sync.crm.client.shown import is_number
from cloud_sync.crm.client.window import Window, event_of
from cloud_sync.crm.kinds.base import CrmEvent
from cloud_sync.crm.kinds.hubspot.objects import object_of

LISTED: Final = 200
"""Records of one answer, its limit."""
PER_10S: Final = 25.0
"""Half of the searches that one account is allowed (five in a second): others search there, too. No header tells what is
left."""
MOST_MERGED: Final = 100
"""Records that one record was made of and that are told of it."""
_ID: Final = "hs_object_id"
_MERGED: Final = "hs_merged_object_ids"
"""Of a record that others were merged into: their ids with `;` between, of each merge that ever was."""

Rows = list[Mapping[str, JsonValue]]


class Search:
    """The search of one object.

    Args:
        http: requests to HubSpot.
        path: of the object's records.
        thing: the object.
        budget: of searches, beside that of all requests.
    """

    def __init__(self, http: CrmHttp, path: str, thing: str, budget: Budget) -> None:
        self._http = http
        self._path = f"{path}/search"
        self._modified = object_of(thing).modified
        self._budget = budget

    def listed(self, cursor: str, since: datetime | None, wanted: Sequence[str]) -> Rows:
        """A page of all records, the newest first.

        Args:
            cursor: the last id of the page before; empty: the first page.
            since: only what was changed then or later; None: everything.
            wanted: properties to be told.

        Raises:
            DeliveryError: HubSpot does not do as asked.
        """
        filters = [_filter(_ID, "LT", cursor)] if cursor else []
        if since is not None:
            filters.append(self._by_time("GTE", since))
        return self._page(filters, "DESCENDING", wanted)

    def changed(self, window: Window) -> tuple[Rows, tuple[CrmEvent, ...]]:
        """A page of what was changed in a span of time, by id, and what that tells. Raises DeliveryError."""
        filters = [self._by_time("GTE", window.since), self._by_time("LT", window.until)]
        if window.after:
            filters.append(_filter(_ID, "GT", window.after))
        rows = self._page(filters, "ASCENDING", [self._modified, _MERGED])
        return rows, tuple(event for row in rows for event in self._events(row, window.until))

    def _events(self, row: Mapping[str, JsonValue], fallback: datetime) -> Iterator[CrmEvent]:
        name, said = text(row.get("id")), one(row.get("properties"))
        at = said.get(self._modified) or row.get("updatedAt")
        event = event_of(name, at, row.get("createdAt"), fallback)
        yield event
        gone = [part.strip() for part in text(said.get(_MERGED)).split(";")][-MOST_MERGED:]
        for lost in dict.fromkeys(part for part in gone if is_number(part) and part != name):
            # when that was is not said: each is one event, however often the record is changed after it
            yield CrmEvent(f"{lost}>{name}", lost, "merged", event.at, into=name)
            # which has the score of one of them in its fields
            yield CrmEvent(f"{lost}>{name}+", name, "joined", event.at)

    def _by_time(self, operator: str, at: datetime) -> JsonValue:
        return _filter(self._modified, operator, str(int(at.timestamp() * 1000)))

    def _page(self, filters: list[JsonValue], direction: str, wanted: Sequence[str]) -> Rows:
        body: dict[str, JsonValue] = {
            "limit": LISTED, "properties": [*wanted],
            "sorts": [{"propertyName": _ID, "direction": direction}],
            "filterGroups": [{"filters": filters}] if filters else [],
        }  # fmt: skip
        self._budget.take()
        rows = rows_in(self._http.call("POST", self._path, body), "results", self._http.name)
        return [row for row in rows if text(row.get("id")).isdecimal()]


def _filter(name: str, operator: str, value: str) -> JsonValue:
    return {"propertyName": name, "operator": operator, "value": value}
