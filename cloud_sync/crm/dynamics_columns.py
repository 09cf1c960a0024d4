"""Columns of a Dynamics table: what they are called in the Web API, by name or by the label of an export, and their values.

Which records are read, and what is written, is `dynamics.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from cloud_sync.crm.http import many, one, text
from cloud_sync.crm.labels import names_of
from cloud_sync.crm.settings import CrmSettings
from kits.core.errors import ConfigError

Get = Callable[[str, Mapping[str, str]], Mapping[str, JsonValue]]
"""Path and query → answer of the Web API; raises DeliveryError."""
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_LABEL = "@OData.Community.Display.V1.FormattedValue"
_LOOKUPS = frozenset({"Lookup", "Owner", "Customer"})
_CALLED = {"lead": "fullname", "contact": "fullname", "account": "name", "opportunity": "name"}
"""What people call a record by; no bundle learns from it."""


class Columns:
    """The columns that are read of one table.

    Args:
        get: asks the Web API.
        key: the column of a record's id.
        where: the connection, for errors.
    """

    def __init__(self, get: Get, settings: CrmSettings, key: str, where: str) -> None:
        self._get = get
        self._settings = settings
        self._key = key
        self._called = _CALLED.get(settings.object, "")
        self._where = where
        self._names: dict[str, str] = {}

    def select(self) -> dict[str, str]:
        """The part of a query that names them; empty, for all of them, where none are set.

        Raises:
            ConfigError: one of the settings is no name of a column.
        """
        if not self._settings.columns:
            return {}
        outcome = self._settings.outcome
        also = [outcome.field, outcome.at, self._settings.opt_out, self._called]
        names = [self._key, "modifiedon", "createdon", *self._named(), *filter(None, also)]
        wrong = [name for name in names if not is_column(name)]
        if wrong:
            raise ConfigError(f"{wrong[0][:60]!r} is no column of Dynamics", where=self._where)
        return {"$select": ",".join(dict.fromkeys(names))}

    def values(self, row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """A record's values as people see them, by the columns that are asked for."""
        plain = {n: _plain(n, v, row) for n, v in row.items() if "@" not in n and n != self._key}
        outcome = self._settings.outcome
        if self._settings.columns:
            named = self._named()
            kept = {named[name]: value for name, value in plain.items() if name in named}
            known = {self._called: plain[self._called]} if plain.get(self._called) else {}
            also = {n: plain.get(n) for n in (outcome.at, self._settings.opt_out) if n}
            plain = {**known, **kept, **also}
        # its number: labels are in the user's language
        plain[outcome.field] = row.get(outcome.field)
        return plain

    def _named(self) -> Mapping[str, str]:
        """Dynamics' name → the column that is asked for; labels, as exports have them, are looked up once."""
        columns = self._settings.columns
        if all(map(is_column, columns)):
            return {column: column for column in columns}
        if not self._names:
            path = f"EntityDefinitions(LogicalName='{self._settings.object}')/Attributes"
            answer = self._get(path, {"$select": "LogicalName,AttributeType,DisplayName"})
            labels = {_read_as(row): _label(row) for row in many(answer.get("value"))}
            self._names = names_of(columns, {n: said for n, said in labels.items() if is_column(n)})
        return self._names


def is_column(name: str) -> bool:
    """Whether it may stand in a query."""
    return bool(_COLUMN.match(name))


def _plain(name: str, value: JsonValue, row: Mapping[str, JsonValue]) -> JsonValue:
    """A value as people see it: the label of a choice, the name of a record that is looked up."""
    if isinstance(value, (Mapping, list)):
        return None
    label = text(row.get(f"{name}{_LABEL}"))
    is_choice = isinstance(value, int) and not isinstance(value, bool)
    is_lookup = name.startswith("_") and name.endswith("_value")
    if label and (is_lookup or (is_choice and any(c.isalpha() for c in label))):
        return label
    return value


def _read_as(row: Mapping[str, JsonValue]) -> str:
    """How a column is called where records are read."""
    name = text(row.get("LogicalName"))
    return f"_{name}_value" if row.get("AttributeType") in _LOOKUPS else name


def _label(row: Mapping[str, JsonValue]) -> str:
    return text(one(one(row.get("DisplayName")).get("UserLocalizedLabel")).get("Label"))
