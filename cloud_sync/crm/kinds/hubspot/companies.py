"""What HubSpot has of the company that a record belongs to first: exports of both, joined in a folder of tables, have its columns.

`all-companies.Industry` is a property of the company whose number stands in the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.beside import Beside
from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, is_closed, one, rows_in, text
from cloud_sync.crm.client.labels import Read, labels_of, names_of, naming
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.kinds.base import Access
from cloud_sync.crm.kinds.hubspot.owners import Owners
from cloud_sync.crm.kinds.hubspot.paths import Paths
from cloud_sync.crm.kinds.hubspot.properties import Properties

COMPANIES: Final = "companies"
KEYS: Final = ("associatedcompanyid", "hs_primary_associated_company", "hs_primary_company_id")
"""Of a contact, of a deal, of a ticket or lead: the number of its first company."""
_WORDS: Final = re.compile(
    r"(?:^|[\W_])(?:compan(?:y|ies)|firm(?:a|en|s)?|unternehmen|entreprises?|empresas?|aziend[ae]|bedrij(?:f|ven))(?:[\W_]|$)",
    re.IGNORECASE,
)


_ITSELF: Final = re.compile(
    r"associated compan(?:y|ies)(?P<id> ids?)?(?: \(primary\))?", re.IGNORECASE
)
"""Titles in exports of what a record belongs to: the number of its company, or its name."""
_NAME: Final = "name"


class Companies:
    """The companies of one account.

    Args:
        paths: of companies.
        owners: of the account.
        access: settings with the columns to be read, and what the bundle met.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        http: CrmHttp,
        paths: Paths,
        owners: Owners,
        access: Access,
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self._paths = paths
        self._settings = access.settings
        self._met = access.met
        self._properties = Properties(http, COMPANIES, paths.properties)
        self._owners = owners
        own = {
            c: c.rpartition(".")
            for c in access.settings.columns
            if access.settings.object != COMPANIES
        }
        self.columns = {c: label for c, (table, _, label) in own.items() if _WORDS.search(table)}
        """Those that a bundle learned from → their labels."""
        titles = [c for c in access.settings.columns if _ITSELF.fullmatch(c)]
        self._by_number = [c for c in titles if _ITSELF.sub(r"\g<id>", c)]
        self._by_name = [c for c in titles if c not in self._by_number]
        self._read = Looked(self._look, clock)
        self._seen: Beside[Mapping[str, JsonValue]] = Beside(self._asked, {}, clock)

    def has(self, column: str) -> bool:
        """Whether a column looks like one of a company."""
        return column in self.columns

    def keys(self, there: Container[str]) -> list[str]:
        """The properties to be read of a record that say which company is its. `there`: those that its object has."""
        wanted = self.columns or self._by_number or self._by_name
        return [key for key in KEYS if key in there] if wanted else []

    def rights(self) -> list[tuple[str, str]]:
        """Scopes that are needed, and what each is needed for; none where no bundle learned from companies."""
        needed = [
            (f"crm.objects.{COMPANIES}.read", self._paths.objects),
            (f"crm.schemas.{COMPANIES}.read", self._paths.properties),
        ]
        return needed if self.columns else needed[:1] if self._by_name else []

    def reads_owners(self) -> bool:
        """Whether the bundle learned from whom a company belongs to, by name. Raises DeliveryError."""
        names = self._read().naming.names if self.columns else {}
        owned = self._properties.of_owners.intersection(names)
        return any(self.columns[names[name]] != name for name in owned)

    def values(
        self, said: Sequence[Mapping[str, JsonValue]], keys: Sequence[str]
    ) -> list[Mapping[str, JsonValue]]:
        """For the properties of each record, values of its company by column: empty ones where it has none, and no columns
        where it may not be seen.

        Args:
            keys: as `keys` gives them.

        Raises:
            DeliveryError: HubSpot does not do as asked.
        """
        if not keys:
            return [{}] * len(said)
        ids = [next((found for key in keys if (found := text(row.get(key)))), "") for row in said]
        seen = self._seen.of(ids) if self.columns or self._by_name else {}
        also = [*self._by_number, *self._by_name]
        none = {**(self._read().nothing() if self.columns else {}), **dict.fromkeys(also)}
        return [
            {**dict.fromkeys(self._by_number, name), **seen.get(name, {})} if name else none
            for name in ids
        ]

    def _asked(self, ids: list[str]) -> dict[str, Mapping[str, JsonValue]]:
        found = self._read() if self.columns else Read()
        names = dict.fromkeys([*found.naming.names, *([_NAME] if self._by_name else [])])
        if not names:
            return {}
        body: JsonValue = {"properties": [*names], "inputs": [{"id": name} for name in ids]}
        answer = self._http.call("POST", f"{self._paths.objects}/batch/read", body)
        rows = rows_in(answer, "results", self._http.name)
        return {text(row.get("id")): {**self._called(row), **_told(row, found)} for row in rows}

    def _called(self, row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Its name, under the titles that exports of what belongs to it have."""
        return dict.fromkeys(self._by_name, one(row.get("properties")).get(_NAME))

    def _look(self) -> Read:
        try:
            there = self._properties.described()
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            return Read()  # the scope is missing, which `crm test` tells
        labels = labels_of(there)
        names: dict[str, str] = {}
        also: dict[str, str] = {}
        for column, label in self.columns.items():
            for name in names_of([label], labels):
                first = names.setdefault(name, column)
                also |= {column: first} if first != column else {}
        if owned := self._properties.of_owners.intersection(names):
            people = self._owners.names()
            there |= {name: replace(there[name], options=people) for name in owned}
        return Read(naming(names, there, self._settings, self._met), also)


def _told(row: Mapping[str, JsonValue], read: Read) -> Mapping[str, JsonValue]:
    said = one(row.get("properties"))
    return read.doubled(read.naming.told({name: said.get(name) for name in read.naming.names}))
