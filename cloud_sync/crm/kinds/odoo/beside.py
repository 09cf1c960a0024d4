"""What Odoo has of the records that a lead refers to, such as its customer: exports have their fields as `Customer/Industry`.

A lead has their numbers and names. In a folder of tables the name of the table stands before a column, which says the
model where Odoo has named the file: `Contact (res.partner).Industry`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.beside import Beside
from cloud_sync.crm.client.http import is_closed, text
from cloud_sync.crm.client.labels import Read, bare, labels_of, names_of, naming
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.kinds.base import Access
from cloud_sync.crm.kinds.odoo.fields import UNREADABLE, Model, ModelFields, plain_value
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.odoo_calls import OdooCalls

PARTNER: Final = "res.partner"
_CUSTOMER: Final = "partner_id"
_CONTACTS: Final = re.compile(
    r"(?:^|[\W_])(?:res[._]partner|contact(?:s|os|en|e)?|contatti|kontakte?|partners?)(?:[\W_]|$)",
    re.IGNORECASE,
)
"""Words in the name of a table of partners."""


@dataclass(frozen=True)
class Kind:
    """The records under one of a lead's fields. `asked`: column → its label there."""

    key: str
    model: str
    asked: dict[str, str] = field(default_factory=dict)


class Related:
    """Those of one model's records.

    Args:
        fields: of a model.
        access: settings with the columns to be read, and what the bundle met.
        context: of each question.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        calls: OdooCalls,
        access: Access,
        context: Mapping[str, JsonValue],
        clock: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._settings = access.settings
        self._met = access.met
        self._context = context
        self._clock = clock
        self._fields: dict[str, ModelFields] = {}
        self._kinds: tuple[Model, list[Kind]] | None = None
        self._read: dict[str, Looked[Read]] = {}
        self._seen: dict[str, Beside[Mapping[str, JsonValue]]] = {}

    def keys(self, model: Model, own: Mapping[str, str]) -> list[str]:
        """The fields to be read of each record.

        Args:
            model: of the records.
            own: its fields' names → the columns that they are.
        """
        return [kind.key for kind in self._kinds_of(model, own)]

    def values(
        self, rows: Sequence[Mapping[str, JsonValue]], model: Model, own: Mapping[str, str]
    ) -> list[dict[str, JsonValue]]:
        """For each record values by column: empty ones where it refers to none, and no columns where that may not be seen.

        Raises:
            DeliveryError: Odoo does not do as asked.
        """
        found: list[dict[str, JsonValue]] = [{} for _ in rows]
        for kind in self._kinds_of(model, own):
            numbers = [_number(row.get(kind.key)) for row in rows]
            seen = self._seen[kind.key].of(numbers)
            read = self._read[kind.key]()
            none = read.nothing()
            for values, number in zip(found, numbers):
                values.update(seen.get(number, {}) if number else none)
        return found

    def checks(self, model: Model, own: Mapping[str, str]) -> list[Check]:
        """Whether the user may see them, where a bundle learned from some. Raises DeliveryError."""
        checks = []
        for name in dict.fromkeys(kind.model for kind in self._kinds_of(model, own)):
            may = self._calls.may(name, "read")
            fix = "" if may else f"let a role of the key's user read {name}"
            checks.append(Check(f"right to read {name}", may, "yes" if may else "missing", fix))
        return checks

    def _kinds_of(self, model: Model, own: Mapping[str, str]) -> list[Kind]:
        if self._kinds is None or self._kinds[0] is not model:
            kinds: dict[str, Kind] = {}
            known = {*own.values()}
            for column in self._settings.columns:
                place = next(_places(column, model), None) if column not in known else None
                if place is not None:
                    key, label = place
                    kind = kinds.setdefault(key, Kind(key, model.relations[key]))
                    kind.asked[column] = label
            self._read = {k.key: Looked(partial(self._look, k), self._clock) for k in kinds.values()}  # fmt: skip
            self._seen = {k.key: Beside(partial(self._asked, k), {}, self._clock) for k in kinds.values()}  # fmt: skip
            self._kinds = model, [*kinds.values()]
        return self._kinds[1]

    def _of(self, model: str) -> ModelFields:
        return self._fields.setdefault(model, ModelFields(self._calls, model, self._context))

    def _look(self, kind: Kind) -> Read:
        fields = self._of(kind.model)
        try:
            model = fields.known()
        except RefusedError as error:
            if not is_closed(error):
                raise
            return Read()  # the user may not see them, which `crm test` tells
        there = {n: one for n, one in model.there.items() if model.types[n] not in UNREADABLE}
        there |= {n: model.there[n] for n in model.lists}
        labels = labels_of({n: one for n, one in there.items() if n not in model.lists})
        lists = labels_of({n: there[n] for n in model.lists})
        names: dict[str, str] = {}
        also: dict[str, str] = {}
        for column, label in kind.asked.items():
            for name in names_of([label], labels) or names_of([label], lists):
                first = names.setdefault(name, column)
                also |= {column: first} if first != column else {}
        there |= fields.named(model, names)
        return Read(naming(names, there, self._settings, self._met), also)

    def _asked(self, kind: Kind, ids: list[str]) -> dict[str, Mapping[str, JsonValue]]:
        read = self._read[kind.key]()
        names = [*read.naming.names]
        if not names:
            return {}
        numbers: list[JsonValue] = [int(name) for name in ids]
        context: dict[str, JsonValue] = {"active_test": False, **self._context}
        rows = self._calls.rows(
            kind.model, [["id", "in", numbers]], names, limit=len(ids), order="id asc", **context
        )
        types = self._of(kind.model).types()
        return {
            text(row.get("id")): read.doubled(
                read.naming.told({n: plain_value(row.get(n), types.get(n, "")) for n in names})
            )
            for row in rows
        }


def is_related(column: str, model: Model) -> bool:
    """Whether a column looks like one of a record that a lead refers to: `Customer/Segment`."""
    return next(_places(column, model), None) is not None


def _number(value: JsonValue) -> str:
    """Of a record that a field refers to: `[4, "France"]`; empty: it refers to none."""
    return text(value[0]) if isinstance(value, list) and value else ""


def _places(column: str, model: Model) -> Iterator[tuple[str, str]]:
    """Under which field of a lead a column may be, and its label there."""
    # a file is called by its model, whose dot parts no table from a column
    for place, sign in enumerate(column.replace(PARTNER, PARTNER.replace(".", "_"))):
        before, label = column[:place], column[place + 1 :]
        if sign not in "/." or not before or not label:
            continue
        for key in model.relations:
            labels = {bare(key), bare(model.there[key].label) if sign == "/" else ""}
            if bare(before) in labels - {""}:
                yield key, label
        if sign == "." and _CUSTOMER in model.relations and _CONTACTS.search(before):
            yield _CUSTOMER, label
