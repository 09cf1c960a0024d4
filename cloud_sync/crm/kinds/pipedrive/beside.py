"""What Pipedrive has of the organisation and the person of a record: it has their numbers, where an export has their fields.

`Organization - Industry` stands in a row of the deals' export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.beside import Beside
from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, is_closed, rows_in, text
from cloud_sync.crm.client.labels import (
    Naming,
    labels_of,
    mostly_labels,
    names_of,
    naming,
    reads_label,
)
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.kinds.base import Access, Met
from cloud_sync.crm.kinds.pipedrive.fields import AccountFields, Known
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError

SOME: Final = 200
"""By so many it is told what a bundle met."""
_COLUMN: Final = re.compile(r"(?:.*\.)?(\w[\w ]{0,40}) - (\S.*)\Z")
"""A column of an export, in a folder of tables with the table's name before it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record that others belong to.

    Attributes:
        keys: of a record of API v2 and of one of v1 that belongs to it.
        starts: how it is called in exports, by its beginning, in small letters.
    """

    path: str
    fields: str
    keys: tuple[str, ...]
    starts: tuple[str, ...]


ORGANIZATIONS: Final = Kind(
    "/api/v2/organizations", "/api/v2/organizationFields", ("org_id", "organization_id"),
    ("organi", "kuruluş"),
)  # fmt: skip
PERSONS: Final = Kind(
    "/api/v2/persons", "/api/v2/personFields", ("person_id",), ("person", "persoon", "pessoa", "osoba", "kişi"),
)  # fmt: skip


def is_related(column: str) -> bool:
    """Whether a column looks like one of an organisation or a person: `Organization - Industry`."""
    found = _COLUMN.match(column)
    return found is not None and found[1].casefold().startswith((*ORGANIZATIONS.starts, *PERSONS.starts))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """One of them: its name, and its values by the columns that the bundle learned from."""

    name: str = ""
    values: Mapping[str, JsonValue] = field(default_factory=dict)


_UNSEEN: Final = Seen()


class Belonging:
    """Those of one kind and account.

    Args:
        access: settings with the columns to be read, and what the bundle met.
        clock: monotonic seconds.
    """

    def __init__(
        self, http: CrmHttp, kind: Kind, access: Access, clock: Callable[[], float]
    ) -> None:
        self._http = http
        self._kind = kind
        self._settings = access.settings
        self._met = access.met
        self._seen = Beside(self._asked, _UNSEEN, clock)
        self._fields = AccountFields(http, kind.fields, clock)
        self._known = Looked(self._look, clock)
        found = {column: _COLUMN.match(column) for column in self._settings.columns}
        own = {c: m for c, m in found.items() if m and m[1].casefold().startswith(kind.starts)}
        self._columns: dict[str, str] = {}
        self._also: dict[str, str] = {}
        """Column → the one that has the same label, where an export of deals and one of organisations were learned from."""
        for column, match in own.items():
            first = self._columns.setdefault(match[2], column)
            self._also |= {column: first} if column != first else {}
        self._naming: tuple[Known, tuple[str, ...], Naming] | None = None

    def key_of(self, row: Mapping[str, JsonValue]) -> str:
        """Under which key a record has the number of the one that it belongs to; empty: under none."""
        return next((key for key in self._kind.keys if key in row), "")

    def values(self, rows: Sequence[Mapping[str, JsonValue]]) -> list[Mapping[str, JsonValue]]:
        """Values by columns, of what each record belongs to: empty ones where it belongs to none, and no columns where that may
        not be seen. Raises DeliveryError.
        """
        keys = [self.key_of(row) for row in rows] if self._columns else []
        if not any(keys):
            return [{}] * len(rows)
        numbers = [text(row.get(key)) for row, key in zip(rows, keys)]
        seen = self._seen.of(numbers)
        there = names_of(self._columns, labels_of(self._known().there)).values()
        none = self._doubled(dict.fromkeys(self._columns[label] for label in there))
        return [seen.get(number, _UNSEEN).values if number else none for number in numbers]

    def checks(self) -> list[Check]:
        """Whether the user may see them, where a bundle learned from what they say."""
        if not self._columns:
            return []
        name = f"right to read {self._kind.path.rpartition('/')[2]}"
        try:
            self._http.call("GET", self._kind.path, query={"limit": "1"})
            self._http.call("GET", self._kind.fields, query={"limit": "1"})
        except DeliveryError as error:
            fix = (
                "let the user's permission set see them, and the token have the scope contacts:read"
            )
            return [Check(name, False, error.what, remedy(error, fix))]
        return [Check(name, True, "granted")]

    def readings(self, column: str, ids: Iterable[str], met: Met) -> Mapping[str, str]:
        """Number → name, of those that a bundle is to read by their names. Raises DeliveryError.

        A column of the API's own name was learned from its numbers, one of an export from names, if it met neither.
        """
        wanted = list(ids)
        names = {number: one.name for number, one in self._seen.of(wanted).items() if one.name}
        some = dict(islice(names.items(), SOME))
        first = mostly_labels(column, some, met, otherwise=column not in self._kind.keys)
        return {
            one: names[one]
            for one in wanted
            if one in names and reads_label(column, one, names[one], met, first=first)
        }

    def _asked(self, ids: list[str]) -> dict[str, Seen]:
        query = {"ids": ",".join(ids), "limit": str(len(ids))}
        answer = self._http.call("GET", self._kind.path, query=query)
        rows = rows_in(answer, "data", self._http.name)
        known = self._known() if self._columns else Known()
        return {
            text(row.get("id")): Seen(text(row.get("name")), self._told(row, known)) for row in rows
        }

    def _look(self) -> Known:
        try:
            return self._fields.known()
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            return Known()  # the user may not see them, which `crm test` tells

    def _told(self, row: Mapping[str, JsonValue], known: Known) -> Mapping[str, JsonValue]:
        if not self._columns:
            return {}
        flat = known.flat(row)
        naming = self._named(known, tuple(flat))
        return self._doubled(
            naming.told({key: known.plain(key, flat[key]) for key in naming.names})
        )

    def _doubled(self, values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        return {
            **values,
            **{c: values[first] for c, first in self._also.items() if first in values},
        }

    def _named(self, known: Known, keys: tuple[str, ...]) -> Naming:
        if self._naming is not None and self._naming[:2] == (known, keys):
            return self._naming[2]
        there = {key: known.of(key) for key in keys}
        labels = names_of(self._columns, labels_of(there))
        names = {key: self._columns[label] for key, label in labels.items()}
        there |= {key: self._fields.described(known, key) for key in names}
        found = naming(names, there, self._settings, self._met, labels_first=True)
        self._naming = known, keys, found
        return found
