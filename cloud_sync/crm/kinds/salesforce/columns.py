"""Columns of a Salesforce object: the fields that are read for them, and names where a field has only an id.

An owner, an account, a campaign is an id in a record, and has its name in an export: in reports under a title of its own
(`Lead Owner`, `Account Name`), in lists under the field's label. Which records are read, and what is written, is
`client.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmRefusedError, is_closed, many, text
from cloud_sync.crm.client.labels import (
    Described,
    Naming,
    labels_of,
    names_of,
    naming,
    require_opt_out,
)
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.shown import asked_fields
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds import ends
from cloud_sync.crm.kinds.base import Met
from cloud_sync.crm.kinds.salesforce.fields import described_in
from cloud_sync.crm.kinds.salesforce.titles import (
    FIELD,
    ID_WORD,
    of_accounts,
    references,
    titled,
    titles,
)
from kits.core.errors import ConfigError

ID: Final = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\Z")
ACCOUNT: Final = "Account"
UNKNOWN: Final = "INVALID_FIELD"
_QUOTED = re.compile(r"'([\w.]+)'")
"""In a refusal the relation or the field: `Didn't understand relationship 'Campaign' in field path`."""
SHORT: Final = 15
"""Characters of an id in reports, which tell capitals apart; the API adds three."""
MOST_NAMES: Final = 20
"""Ids of one record that are read with their names: Salesforce takes 35 relations in one question."""
_UNREADABLE = frozenset({"base64", "address", "location", "complexvalue"})
_CALLED = dict.fromkeys(("Lead", "Contact", "Account", "Opportunity"), "Name")
"""What people call a record by: nobody may be without the right to read it, and no bundle learns from it."""
_ENDS = {"Lead": ends.LEADS, "Opportunity": ends.OPPORTUNITIES}


@dataclass(frozen=True)
class Asked:
    """What is read of each record, as of one look.

    Attributes:
        called: the field that people call a record by; empty: none is known.
        named: field with an id → the field that has the name of what it refers to, `Owner.Name`.
        needed: fields that say how a record ended and who is not scored: without them nothing is known.
        closed: fields of other objects that are not asked for.
        also: column → the one that has the same field, where a report and a table of accounts were learned from.
    """

    naming: Naming
    called: str
    named: Mapping[str, str]
    ends: ends.Ends
    needed: frozenset[str]
    met: Met
    closed: frozenset[str] = frozenset()
    also: Mapping[str, str] = field(default_factory=dict)

    def select(self, where: str) -> list[str]:
        """The fields to ask for. Raises ConfigError: one of the settings is no name of a field."""
        names = ["Id", "SystemModstamp", "CreatedDate", *filter(None, [self.called])]
        names += [field_name(name, where) for name in self.naming.asked]
        names += [*self.ends.fields, *self.named.values()]
        return [name for name in dict.fromkeys(names) if self._is_asked(name)]

    def _is_asked(self, name: str) -> bool:
        return name not in self.closed

    def without(self, refused: str) -> Asked:
        """The same without the fields of other objects that a refusal names, else without them all; what is needed stays."""
        names = {*self.naming.asked, *self.named.values()} - self.needed - self.closed
        far = {name: name.split(".") for name in names if "." in name}
        said = {part for name in _QUOTED.findall(refused) for part in name.split(".")}
        found = {name for name, parts in far.items() if not said.isdisjoint(parts[:-1])}
        found = found or {name for name, parts in far.items() if parts[-1] in said} or {*far}
        return replace(self, closed=self.closed | found)

    def values(self, rows: Sequence[Mapping[str, JsonValue]]) -> list[dict[str, JsonValue]]:
        """Each record's values by column, as the bundle knows them."""
        first = {field: self._by_name(field, rows) for field in self.named}
        return [self._values(row, first) for row in rows]

    def _values(
        self, row: Mapping[str, JsonValue], first: Mapping[str, bool]
    ) -> dict[str, JsonValue]:
        names = self.naming.names
        told = self.naming.told({n: value_in(row, n) for n in names if self._is_asked(n)})
        told |= {names[field]: self._read(field, row, first[field]) for field in self.named}
        told |= {column: told[first] for column, first in self.also.items() if first in told}
        return {**({self.called: row[self.called]} if row.get(self.called) else {}), **told}

    def _by_name(self, field: str, rows: Sequence[Mapping[str, JsonValue]]) -> bool:
        """Whether the bundle met more names than ids; where it met as many of both, an export's column has names."""
        column = self.naming.names[field]
        there = {text(row.get(field)): self._name(field, row) for row in rows if row.get(field)}
        ids = sum(self.met(column, one) or self.met(column, one[:SHORT]) for one in there)
        names = sum(self.met(column, name) for name in there.values() if name)
        exported = column != field and not ID_WORD.search(column)
        return names > ids if names != ids else exported

    def _read(self, field: str, row: Mapping[str, JsonValue], by_name: bool) -> JsonValue:
        """A name or an id, whichever the bundle met; reports have ids without their last three characters."""
        identity, name = text(row.get(field)), self._name(field, row)
        forms = [form for form in (identity, identity[:SHORT], name) if form]
        forms = forms[::-1] if by_name else forms
        column = self.naming.names[field]
        return next((form for form in forms if self.met(column, form)), [*forms, None][0])

    def _name(self, field: str, row: Mapping[str, JsonValue]) -> str:
        return text(value_in(row, self.named[field]))


class Columns:
    """Those of one object.

    Args:
        describe: what Salesforce says of an object; raises DeliveryError.
        thing: the object.
        where: the connection, for errors.
        met: what the bundle knows of the columns' values.
    """

    def __init__(
        self,
        describe: Callable[[str], Mapping[str, JsonValue]],
        thing: str,
        settings: CrmSettings,
        where: str,
        met: Met,
    ) -> None:
        self._describe = describe
        self._object = thing
        self._settings = settings
        self._where = where
        self._met = met
        self._looked = Looked(self._look)
        self._less: tuple[Asked, Asked] | None = None  # a look, and what is left of it

    @property
    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._looked.last.naming.labels if self._looked.last is not None else {}

    def asked(self) -> Asked:
        """What is read of each record now. Raises DeliveryError."""
        found = self._looked()
        return self._less[1] if self._less is not None and self._less[0] is found else found

    def close(self, error: CrmRefusedError) -> bool:
        """Whether what was refused can be asked again with fewer fields of other objects.

        The user may see an id and not what it refers to: then ids stay ids, and columns of that object are left out, which
        `crm test` tells. So it is until the next look.
        """
        refused = [row for row in many(error.value) if text(row.get("errorCode")) == UNKNOWN]
        found = self._looked()
        asked = self.asked()
        fewer = asked.without(" ".join(text(row.get("message")) for row in refused))
        if not refused or fewer.closed == asked.closed:
            return False
        self._less = found, fewer
        return True

    def _look(self) -> Asked:
        """The fields to read: those that are set, else all there are; also of another object (`Owner.Name`)."""
        wanted = asked_fields(self._settings) if self._settings.columns else []
        described = self._describe(self._object)
        rows = many(described.get("fields"))
        there = described_in(_readable(rows))
        others = {text(row.get("relationshipName")) for row in rows} - {""}
        far = {
            name: ""
            for name in wanted
            if "." in name and name.partition(".")[0] in others and FIELD.match(name)
        }
        require_opt_out(self._settings, {**there, **far}, self._where)
        names = names_of(wanted or there, {**labels_of(there), **far})
        named = references(rows)
        names |= titled(wanted, names, titles(rows, text(described.get("label")), named))
        outcome = self._settings.outcome
        needed = frozenset({outcome.field, outcome.at, *self._settings.opt_out})
        accounts = self._of_accounts([c for c in wanted if c not in needed], names, named)
        there |= dict(accounts.values())
        for column, (name, _) in accounts.items():
            names.setdefault(name, column)
        also = {c: names[name] for c, (name, _) in accounts.items() if names[name] != c}
        found = [
            (field, path)
            for field, path in named.items()
            if wanted and field in names and needed.isdisjoint((field, names[field]))
        ]
        return Asked(
            naming(names, there, self._settings, self._met),
            _CALLED.get(self._object, ""),
            dict(found[:MOST_NAMES]),
            _ENDS.get(self._object, ends.NONE).among(there),
            needed,
            self._met,
            also=also,
        )

    def _of_accounts(
        self, wanted: Sequence[str], names: Mapping[str, str], named: Mapping[str, str]
    ) -> dict[str, tuple[str, Described]]:
        """Column → the field of its account, for what an opportunity or a contact does not have itself.

        Raises:
            DeliveryError: Salesforce does not do as asked.
        """
        path = f"{ACCOUNT}."
        if named.get(f"{ACCOUNT}Id") != f"{path}Name" or set(wanted) <= {*names.values()}:
            return {}
        try:
            there = described_in(_readable(many(self._describe(ACCOUNT).get("fields"))))
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            return {}  # the user may not see accounts
        found = of_accounts(wanted, names, there).items()
        return {column: (f"{path}{name}", there[name]) for column, name in found}


def _readable(rows: Iterable[Mapping[str, JsonValue]]) -> Iterator[Mapping[str, JsonValue]]:
    return (row for row in rows if row.get("type") not in _UNREADABLE)


def field_name(name: str, where: str) -> str:
    """A field or object whose name may stand in SOQL. Raises ConfigError."""
    if not FIELD.match(name):
        raise ConfigError(
            f"{name[:60]!r} is no name of Salesforce",
            where=where,
            fix="its API name: letters, digits and _, such as Lead_Score__c",
        )
    return name


def value_in(row: Mapping[str, JsonValue], name: str) -> JsonValue:
    """A field, also one of another object (`Owner.Name`), which comes nested."""
    found: JsonValue = {**row}
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if isinstance(found, (Mapping, list)) else found
