"""The people of a HubSpot account whose numbers stand in properties: one list for all objects. Properties are
`properties.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, is_closed, one, rows_in, text
from cloud_sync.crm.client.looked import Looked

OWNERS, PAGES = 500, 20
"""Owners of one answer, its limit, and answers that are asked for."""
_ARCHIVED: Final = ("true", "false")
"""Those who left, and those who are there: the name of the latter counts."""


class Owners:
    """All of them.

    Args:
        path: where they are.
    """

    def __init__(self, http: CrmHttp, path: str) -> None:
        self._http = http
        self._path = path
        self._names = Looked(self._look, lasts=True)

    def names(self) -> Mapping[str, str]:
        """Number → name, as exports have it, of those who left as well; none where HubSpot refuses them for good: the scope
        is missing, or the version has no owners.

        Raises:
            DeliveryError: it does not do as asked, and never did.
        """
        return self._names(anew=True)

    def _look(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for archived in _ARCHIVED:
            try:
                rows = self._owned(archived)
            except CrmRefusedError as error:
                if not is_closed(error):
                    raise
                return {}  # numbers stay numbers, which `crm test` tells
            for row in rows:
                names = (text(row.get("firstName")).strip(), text(row.get("lastName")).strip())
                found[text(row.get("id"))] = " ".join(filter(None, names)) or text(row.get("email"))
        return found

    def _owned(self, archived: str) -> list[Mapping[str, JsonValue]]:
        rows: list[Mapping[str, JsonValue]] = []
        query = {"limit": str(OWNERS), "archived": archived}
        for _ in range(PAGES):
            answer = one(self._http.call("GET", self._path, query=query))
            rows += rows_in({**answer}, "results", self._http.name)
            after = text(one(one(answer.get("paging")).get("next")).get("after"))
            if not after or after == query.get("after"):
                break
            query["after"] = after
        return rows
