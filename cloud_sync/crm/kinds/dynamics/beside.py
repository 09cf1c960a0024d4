"""What Dynamics has of the records that a lead refers to, such as its account: a record has their ids, an export their columns.

`Industry (Parent Account for lead) (Account)` is a title of a view with columns of a related table, `Industry (Account)` a
shorter one; in a folder of tables the name of the table stands before it (`Active Accounts.Industry`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.beside import Beside
from cloud_sync.crm.client.http import CrmRefusedError, is_closed, one, rows_in, text
from cloud_sync.crm.client.labels import bare, labels_of, names_of
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.kinds.base import Access, Met
from cloud_sync.crm.kinds.dynamics.columns import (
    LAST,
    Attributes,
    Columns,
    Get,
    attributes,
    is_column,
    is_related,
    labelled,
    read_as,
    told,
)
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_FIRST: Final = ("parentaccountid", "parentcontactid", "customerid")
"""Lookups that people fill in, where a title names a table that several refer to."""
_INNER: Final = frozenset({"accountid", "contactid", "masterid"})
"""Lookups of a lead that are Dynamics' own, whatever they are called."""
_OF_TABLE: Final = "@Microsoft.Dynamics.CRM.lookuplogicalname"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that leads refer to: how it is asked, and what people call it, in capitals and signs of their own."""

    name: str
    path: str
    key: str
    called: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """Where a column is: in which table, as what, and under which of the lead's lookups. `shown`: only its label is meant."""

    column: str
    table: Table
    name: str
    keys: tuple[str, ...]
    shown: bool = False

    def value_in(self, row: Mapping[str, JsonValue], met: Met) -> JsonValue:
        """The column's value in a record of the table."""
        if self.shown:
            return labelled(row, self.name)
        return told(self.column, self.name, row.get(self.name), row, met)


class Related:
    """Those of one table's records.

    Args:
        get: asks the Web API.
        own: the columns of the records themselves.
        access: settings with the columns to be read, and what the bundle met.
        clock: monotonic seconds.
    """

    def __init__(self, get: Get, own: Columns, access: Access, clock: Callable[[], float]) -> None:
        self._get = get
        self._own = own
        self._object = access.settings.object
        self._columns = access.settings.columns
        self._where = access.name
        self._met = access.met
        self._clock = clock
        self._seen: dict[str, Beside[Mapping[str, JsonValue]]] = {}
        self._sought = Looked(self._look, clock)

    def keys(self) -> list[str]:
        """The lookups to be read of each record. Raises DeliveryError."""
        return [*dict.fromkeys(read_as(key) for one in self._sought() for key in one.keys)]

    def values(self, rows: Sequence[Mapping[str, JsonValue]]) -> list[dict[str, JsonValue]]:
        """For each record values by column: empty ones where it refers to none, and no columns where that may not be seen.

        Raises:
            DeliveryError: Dynamics does not do as asked.
        """
        sought = self._sought()
        wanted: dict[str, list[str]] = {name: [] for name in self._seen}
        for row in rows:
            for place in sought:
                wanted[place.table.name].append(self._id(row, place))
        seen = {name: self._seen[name].of(ids) for name, ids in wanted.items()}
        return [self._values(row, sought, seen) for row in rows]

    def checks(self, may_read: Callable[[str, str], Check]) -> list[Check]:
        """Whether the user may see them, where a bundle learned from some. `may_read`: path and remedy → what is found."""
        try:
            found = self._seek(self._asked_for())
        except DeliveryError as error:
            fix = "let the application user see which tables and columns there are: Read on Entity, Attribute and Relationship"
            return [Check("columns of related tables", False, error.what, remedy(error, fix))]
        return [
            may_read(table.path, f"give the application user Read on {table.name}")
            for table in dict.fromkeys(one.table for one in found)
        ]

    def _asked_for(self) -> list[str]:
        """Columns that no column of the record's own table is. Raises DeliveryError."""
        own = self._own.found()
        return [c for c in self._columns if c not in own and is_related(c)]

    def _look(self) -> tuple[Sought, ...]:
        columns = self._asked_for()
        try:
            found = self._seek(columns)
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            found = []  # the user may not see which tables there are, which `crm test` tells
        self._seen = {
            one.table.name: Beside(partial(self._rows, one.table, found), {}, self._clock, is_guid)
            for one in found
        }
        return tuple(found)

    def _seek(self, columns: Sequence[str]) -> list[Sought]:
        relations = self._relations() if columns else {}
        tables = self._tables_of(relations)
        there: dict[str, Attributes] = {}
        found: list[Sought] = []
        for column in columns:
            for label, table, keys in self._places(column, relations, tables):
                if table.name not in there:
                    there[table.name] = attributes(self._get, table.name, self._where)
                of = there[table.name]
                name = next(iter(names_of([label], labels_of(of.there))), "")
                shown = "" if name else of.shown_by([label]).get(label, "")
                if name or shown:
                    found.append(Sought(column, table, name or shown, keys, bool(shown)))
                    break
        return found

    def _relations(self) -> dict[str, list[str]]:
        """Lookup → the tables that it refers to."""
        path = f"EntityDefinitions(LogicalName='{self._object}')/ManyToOneRelationships"
        answer = self._get(path, {"$select": "ReferencingAttribute,ReferencedEntity"})
        found: dict[str, list[str]] = {}
        for row in rows_in({**answer}, "value", self._where):
            key, table = text(row.get("ReferencingAttribute")), text(row.get("ReferencedEntity"))
            # the id of a process's stage, say, is no lookup: there is no column `_stageid_value`
            if key in self._own.lookups and is_column(table):
                found.setdefault(key, []).append(table)
        return found

    def _tables_of(self, relations: Mapping[str, Sequence[str]]) -> dict[str, Table]:
        names = sorted({name for some in relations.values() for name in some})
        if not names:
            return {}
        query = {
            "$select": "LogicalName,EntitySetName,PrimaryIdAttribute,DisplayName,DisplayCollectionName",
            "$filter": " or ".join(f"LogicalName eq '{name}'" for name in names),
        }  # fmt: skip
        rows = rows_in({**self._get("EntityDefinitions", query)}, "value", self._where)
        found = [_table(row) for row in rows]
        return {table.name: table for table in found if is_column(table.path) and is_column(table.key)}  # fmt: skip

    def _places(
        self, column: str, relations: Mapping[str, Sequence[str]], tables: Mapping[str, Table]
    ) -> Iterator[tuple[str, Table, tuple[str, ...]]]:
        """Where a column may be: its label there, the table, and the lookups that lead to it; the surest first."""
        for label, lookup, of in _parts(column):
            for key, names in relations.items():
                there = key not in _INNER and bare(lookup) in (bare(key), bare(self._own.lookups.get(key, "")))  # fmt: skip
                for name in names if there else ():
                    if name in tables and (not of or _is_called(tables[name], of)):
                        yield label, tables[name], (key,)
            if not of:
                for table in tables.values():
                    keys = _keys_to(table.name, relations) if _is_called(table, lookup) else ()
                    if keys:
                        yield label, table, keys
        for label, before in _behind_dots(column):
            for name in relations.get(before, ()):
                if name in tables:
                    yield label, tables[name], (before,)
            for table in tables.values():
                keys = _keys_to(table.name, relations) if _names(before, table) else ()
                if keys:
                    yield label, table, keys

    def _rows(self, table: Table, sought: Sequence[Sought], ids: list[str]) -> dict[str, Mapping[str, JsonValue]]:  # fmt: skip
        names = dict.fromkeys([table.key, *(one.name for one in sought if one.table == table)])
        query = {
            "$select": ",".join(names), "$filter": " or ".join(f"{table.key} eq {i}" for i in ids),
        }  # fmt: skip
        rows = rows_in({**self._get(table.path, query)}, "value", self._where)
        return {text(row.get(table.key)).lower(): row for row in rows}

    @staticmethod
    def _id(row: Mapping[str, JsonValue], one: Sought) -> str:
        """Of the record in its table that a lead refers to; empty: it refers to none."""
        for key in map(read_as, one.keys):
            found = text(row.get(key)).lower()
            if found and text(row.get(f"{key}{_OF_TABLE}")) in ("", one.table.name):
                return found
        return ""

    def _values(
        self,
        row: Mapping[str, JsonValue],
        sought: Sequence[Sought],
        seen: Mapping[str, Mapping[str, Mapping[str, JsonValue]]],
    ) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for place in sought:
            name = self._id(row, place)
            there = seen[place.table.name].get(name, {})
            if there:
                found[place.column] = place.value_in(there, self._met)
            elif not name and any(read_as(key) in row for key in place.keys):
                found[place.column] = None
        return found


def is_guid(name: str) -> bool:
    """Whether it may be the id of a record."""
    return bool(GUID.match(name))


def _table(row: Mapping[str, JsonValue]) -> Table:
    names = [text(row.get("LogicalName"))]
    for kind in ("DisplayName", "DisplayCollectionName"):
        names.append(text(one(one(row.get(kind)).get("UserLocalizedLabel")).get("Label")))
    key = text(row.get("PrimaryIdAttribute"))
    return Table(names[0], text(row.get("EntitySetName")), key, tuple(filter(None, names)))


def _parts(column: str) -> Iterator[tuple[str, str, str]]:
    """A title's label, whose it is, and in which table, if it says so."""
    last = LAST.match(column)
    if last is None:
        return
    before = LAST.match(last[1])
    if before is not None:
        yield before[1], before[2], last[2]
    yield last[1], last[2], ""


def _behind_dots(column: str) -> Iterator[tuple[str, str]]:
    for place, sign in enumerate(column):
        if sign == "." and 0 < place < len(column) - 1:
            yield column[place + 1 :], column[:place]


def _is_called(table: Table, said: str) -> bool:
    return bare(said) in {bare(name) for name in table.called}


def _names(said: str, table: Table) -> bool:
    """Whether the name of a file, a view say, has the table's name among its words."""
    words = r"\W+|_"
    there = "".join(f" {word} " for word in re.split(words, said.casefold()) if word)
    called = ("".join(f" {w} " for w in re.split(words, name.casefold()) if w) for name in table.called)  # fmt: skip
    return any(name in there for name in called if name)


def _keys_to(table: str, relations: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The lookups that a title means that names a table alone; none where it may be any of several."""
    every = [key for key, names in relations.items() if table in names and key not in _INNER]
    first = [key for key in _FIRST if key in every]
    return tuple(first or (every if len(every) == 1 else ()))
