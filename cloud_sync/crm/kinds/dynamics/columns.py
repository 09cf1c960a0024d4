"""Columns of a Dynamics table: what they are called in the Web API, by name or by the label of an export, and their values.

Which records are read, and what is written, is `client.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import FORBIDDEN, CrmRefusedError, one, rows_in, text
from cloud_sync.crm.client.labels import (
    Described,
    Naming,
    labels_of,
    names_of,
    naming,
    reads_label,
    require_opt_out,
)
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.shown import persons_in, plain
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Met
from kits.core.errors import ConfigError

Get = Callable[[str, Mapping[str, str]], Mapping[str, JsonValue]]
"""Path and query → answer of the Web API; raises DeliveryError."""
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_SEVERAL = re.compile(r"\d{1,10}(?:,\d{1,10})*\Z")
"""The numbers of a choice of several, as Dataverse writes them."""
LAST: Final = re.compile(r"(.+\S) \(([^()]+)\)\Z")
"""A title whose end says whose column it is."""
_LABEL = "@OData.Community.Display.V1.FormattedValue"
_LOOKUP = re.compile(r"_(.+)_value\Z")
_LOOKUPS = frozenset({"Lookup", "Owner", "Customer"})
MERGED: Final = "merged"
INTO: Final = "_masterid_value"
"""Of a record that was merged away: that it was, and into which one; until somebody deletes it, it stays, inactive."""
_MERGED = frozenset({"lead", "contact", "account"})
_CALLED = {"lead": "fullname", "contact": "fullname", "account": "name", "opportunity": "name"}
"""What people call a record by; no bundle learns from it."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """The columns of a table, by how they are called where records are read.

    Attributes:
        shown: columns that only show the label of another one (`leadsourcecodename`) → that one: who asks for them is refused
            all, and the label comes with the other.
    """

    there: Mapping[str, Described] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)

    def shown_by(self, columns: Iterable[str]) -> dict[str, str]:
        """Those of the columns that only show a label, and whose."""
        return {c: name for c in columns if c not in self.there and (name := self.shown.get(c.lower()))}  # fmt: skip


class Columns:
    """The columns that are read of one table.

    Args:
        get: asks the Web API.
        key: the column of a record's id.
        where: the connection, for errors.
        met: what the bundle knows of their values.

    Attributes:
        merged: columns that say whether a record was merged away; none where the table knows no merging.
    """

    def __init__(self, get: Get, settings: CrmSettings, key: str, where: str, met: Met) -> None:
        self._get = get
        self._settings = settings
        self._key = key
        self._called = _CALLED.get(settings.object, "")
        self.merged = (MERGED, INTO) if settings.object in _MERGED else ()
        self._where = where
        self._met = met
        self.lookups: Mapping[str, str] = {}
        """Lookup → label, as of the last look."""
        self._shown: Mapping[str, str] = {}
        self._unseen = False
        """Which columns there are is not told: all are read, and those that a record has are its."""
        self._naming = Looked(self._look)

    @property
    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._naming.last.labels if self._naming.last is not None else {}

    def found(self) -> frozenset[str]:
        """Those of the columns that the table has. Raises DeliveryError."""
        return frozenset({*self._naming().names.values(), *self._shown})

    def select(self, more: Sequence[str] = ()) -> dict[str, str]:
        """The part of a query that names them, and others; empty, for all of them, where none are set, or nobody may know which
        there are: who asks for one that is not there is refused all.

        Raises:
            ConfigError: one of the settings is no name of a column.
        """
        if not self._settings.columns:
            return {}
        outcome = self._settings.outcome
        also = [outcome.field, outcome.at, *self._settings.opt_out, self._called]
        found = self._naming().asked
        if self._unseen:
            return {}
        names = [
            self._key,
            "modifiedon",
            "createdon",
            *self.merged,
            *found,
            *self._shown.values(),
            *more,
            *filter(None, also),
        ]
        wrong = [name for name in names if not is_column(name)]
        if wrong:
            raise ConfigError(
                f"{wrong[0][:60]!r} is no column of Dynamics",
                where=self._where,
                fix="its logical name: small letters, digits and _",
            )
        return {"$select": ",".join(dict.fromkeys(names))}

    def values(self, row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """A record's values as the bundle knows them, by the columns that are asked for."""
        named = self._naming().names
        outcome, opt_out = self._settings.outcome, self._settings.opt_out
        read = {
            name: told(named.get(name, name), name, value, row, self._met)
            for name, value in row.items()
            if "@" not in name and name not in (self._key, *opt_out)
        }
        if self._settings.columns:
            kept = {named[name]: value for name, value in read.items() if name in named}
            kept |= {column: labelled(row, name) for column, name in self._shown.items()}
            kept |= self._by_row(row) if self._unseen else {}
            known = {self._called: read[self._called]} if read.get(self._called) else {}
            read = {**known, **kept, **({outcome.at: read.get(outcome.at)} if outcome.at else {})}
        # what is said in Dynamics' own values: labels are in the user's language
        own = {name: row.get(name) for name in (outcome.field, *opt_out) if name}
        return {**read, **own}

    def _by_row(self, row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Lookups, and columns that only show the label of another, by what a record has."""
        found: dict[str, JsonValue] = {}
        for column in self._settings.columns:
            if column in row:
                continue
            of = column.removesuffix("name")
            if (lookup := read_as(column)) in row:
                found[column] = told(column, lookup, row[lookup], row, self._met)
            elif name := next((n for n in (of, read_as(of)) if of != column and n in row), ""):
                found[column] = labelled(row, name)
        return found

    def persons(self, row: Mapping[str, JsonValue]) -> tuple[str, ...]:
        """Addresses and names in a record."""
        return persons_in(row, self._naming().persons)

    def _look(self) -> Naming:
        """Dynamics' name → the column that is asked for; labels, as exports have them, are looked up."""
        columns = self._settings.columns
        try:
            found = attributes(self._get, self._settings.object, self._where)
        except CrmRefusedError as error:
            if error.status != FORBIDDEN or not all(map(is_column, columns)):
                raise
            # the application user may not see which columns there are: names are read as they are
            self._shown, self._unseen = {}, True
            return Naming({column: column for column in columns}, persons=self._settings.persons)
        there, self._unseen = found.there, False
        require_opt_out(self._settings, there, self._where)
        named = {match[1]: name for name in there if (match := _LOOKUP.match(name))}
        self.lookups = {logical: there[name].label for logical, name in named.items()}
        names = names_of(columns or there, labels_of(there), is_related)
        for column in {*columns} & named.keys() - {*names.values()}:
            names.setdefault(named[column], column)
        self._shown = found.shown_by({*columns} - {*names.values()})
        return naming(names, there, self._settings, self._met)


def is_related(column: str) -> bool:
    """Whether a title looks like one of another table's column: `Industry (Account)`, `accounts.industrycode`."""
    return "." in column or bool(LAST.match(column))


def is_column(name: str) -> bool:
    """Whether it may stand in a query."""
    return bool(_COLUMN.match(name))


def read_as(lookup: str) -> str:
    """How a lookup is called where records are read."""
    return f"_{lookup}_value"


def attributes(get: Get, table: str, where: str) -> Attributes:
    """The columns of a table. Raises DeliveryError."""
    path = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    names = "LogicalName,AttributeType,DisplayName,AttributeOf,IsValidForRead"
    rows = rows_in({**get(path, {"$select": names})}, "value", where)
    kinds = {text(row.get("LogicalName")): text(row.get("AttributeType")) for row in rows}
    read = {name: read_as(name) if kind in _LOOKUPS else name for name, kind in kinds.items()}
    found: dict[str, Described] = {}
    shown: dict[str, str] = {}
    for row in rows:
        name, of = text(row.get("LogicalName")), text(row.get("AttributeOf"))
        if row.get("IsValidForRead") is False or not is_column(read[name]):
            continue
        if of in read and name in (f"{of}name", f"{of}yominame", f"{of}type"):
            shown |= {name: read[of]} if name == f"{of}name" else {}
        else:
            found[read[name]] = Described(_label(row))
    return Attributes(found, {name: of for name, of in shown.items() if of in found})


def labelled(row: Mapping[str, JsonValue], name: str) -> JsonValue:
    """What a value is called where people see it; a value that has no label as it is."""
    value = row.get(name)
    return text(row.get(f"{name}{_LABEL}")) or (None if isinstance(value, (Mapping, list)) else value)  # fmt: skip


def told(
    column: str, name: str, value: JsonValue, row: Mapping[str, JsonValue], met: Met
) -> JsonValue:
    """A value as people see it: the label of a choice, of several, of a yes or no; the name of what is looked up."""
    if isinstance(value, (Mapping, list)):
        return None
    label = text(row.get(f"{name}{_LABEL}"))
    if not label or value is None:
        return value
    if _LOOKUP.match(name):
        # tables of tools have its id
        return label if reads_label(column, plain(value), label, met, first=True) else value
    # amounts and times have labels, too: those that people see, not those of a choice
    number = isinstance(value, int) and not isinstance(value, bool)
    several = isinstance(value, str) and bool(_SEVERAL.match(value))
    first = (number and any(c.isalpha() for c in label)) or several
    if not (first or isinstance(value, bool)):
        return value
    parts = [part.strip() for part in label.split(";")]
    best = next((part for part in parts if met(column, part)), parts[0])
    return label if reads_label(column, plain(value), best, met, first=first) else value


def _label(row: Mapping[str, JsonValue]) -> str:
    return text(one(one(row.get("DisplayName")).get("UserLocalizedLabel")).get("Label"))
