"""Fields of an Odoo model: which there are, made where they are missing, checked. Records are `client.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.fitting import Fitting, check_type
from cloud_sync.crm.client.http import is_closed, one, text
from cloud_sync.crm.client.labels import Described
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.shown import FieldInfo, Shape, shown_fields
from cloud_sync.crm.connection.settings import Fields
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.odoo_calls import OdooCalls, named
from cloud_sync.effects.targets import DeliveryError

_TYPES: dict[Shape, str] = {
    "whole": "integer", "share": "float", "percent": "float", "choice": "char", "lines": "text",
    "moment": "datetime",
}  # fmt: skip
_FITTING: Fitting = {
    "whole": frozenset({"integer", "float"}),
    "share": frozenset({"float"}),
    "percent": frozenset({"float"}),
    "choice": frozenset({"char", "selection", "text"}),
    "lines": frozenset({"text", "char"}),
    "moment": frozenset({"datetime"}),
}
LISTS: Final = "many2many"
REFERS: Final = "many2one"
UNREADABLE: Final = frozenset({"binary", "html", "one2many", LISTS, "properties", "json", "serialized"})  # fmt: skip
"""Types whose values are no feature, or none unless somebody asks for them."""
MOST_NAMES: Final = 5000
_MISSING: Final = "`cloud-sync crm fields NAME` makes it if the key's user has the role Administration: Settings; or Studio"


@dataclass(frozen=True)
class Model:
    """A model's fields: name → type, and name → how people see it.

    Attributes:
        lists: name → the model of the records that one lists, as tags.
        relations: name → the model of the record that one refers to, as its customer.
    """

    types: Mapping[str, str]
    there: Mapping[str, Described]
    lists: Mapping[str, str]
    relations: Mapping[str, str]


class ModelFields:
    """The fields of one model, looked up when they are first needed, and once in a while.

    Args:
        context: of each question: the language in which labels come.
    """

    def __init__(self, calls: OdooCalls, model: str, context: Mapping[str, JsonValue]) -> None:
        self._calls = calls
        self._model = model
        self._context = context
        self.known = Looked(self._look)
        """As `Looked`; raises DeliveryError."""
        self._lists: dict[str, Looked[dict[str, str]]] = {}

    def _look(self) -> Model:
        context: dict[str, JsonValue] = {"context": {**self._context}} if self._context else {}
        asked: list[JsonValue] = ["type", "string", "selection", "relation"]
        answer = self._calls.call(self._model, "fields_get", ids=(), attributes=asked, **context)
        found = {name: one(info) for name, info in one(answer).items()}
        if not found:
            raise DeliveryError("answered without the fields of its model", where=self._calls.name)
        return Model(
            {name: text(info.get("type")) for name, info in found.items()},
            {
                name: Described(text(info.get("string")), _options(info.get("selection")))
                for name, info in found.items()
            },
            _related(found, LISTS),
            _related(found, REFERS),
        )

    def named(self, model: Model, names: Iterable[str]) -> dict[str, Described]:
        """Those of the fields that list records, with the names of these: a lead has their numbers.

        Raises:
            DeliveryError: Odoo does not do as asked, and never did.
        """
        wanted = {name: model.lists[name] for name in names if name in model.lists}
        for relation in wanted.values():
            look = partial(self._names_of, relation)
            self._lists.setdefault(relation, Looked(look, lasts=True))
        return {
            name: Described(model.there[name].label, self._lists[relation](anew=True))
            for name, relation in wanted.items()
        }

    def _names_of(self, relation: str) -> dict[str, str]:
        try:
            rows = self._calls.rows(
                relation, [], ["display_name"], limit=MOST_NAMES, order="id asc", active_test=False,
                **self._context,
            )  # fmt: skip
        except RefusedError as error:
            if not is_closed(error):
                raise
            return {}  # the user may not see them: numbers stay numbers, which `crm test` tells
        return {text(row.get("id")): text(row.get("display_name")) for row in rows}

    def types(self, *, anew: bool = False) -> Mapping[str, str]:
        """Name → type. Raises DeliveryError."""
        return self.known(anew=anew).types

    def make(self, fields: Fields) -> None:
        """Makes those that are missing.

        Raises:
            DeliveryError: the user may not, or there is no such model.
        """
        there = self.types(anew=True)
        missing = [(name, info) for name, info in shown_fields(fields) if name not in there]
        if not missing:
            return
        found = self._calls.rows("ir.model", [["model", "=", self._model]], ["id"], limit=1)
        if not found:
            raise DeliveryError(f"has no model {self._model}", where=self._model, retry=False)
        rows: list[JsonValue] = [_row(found[0].get("id"), name, info) for name, info in missing]
        self._calls.call("ir.model.fields", "create", vals_list=rows)
        self.known.forget()

    def checks(self, fields: Fields) -> list[Check]:
        """Whether each is there and fits. Raises DeliveryError."""
        there = self.types()
        return [
            check_type(
                name, info, there.get(name), _FITTING, wanted=_TYPES[info.shape], missing=_MISSING
            )
            for name, info in shown_fields(fields)
        ]


def plain_value(value: JsonValue, kind: str) -> JsonValue:
    """A value as people see it; Odoo says False for "nothing" of whatever type."""
    if kind == "boolean":
        return value
    if kind == REFERS:
        return named(value) or None
    if isinstance(value, list):
        return ";".join(text(part) for part in value)
    return None if value is False or isinstance(value, Mapping) else value


def _related(found: Mapping[str, Mapping[str, JsonValue]], kind: str) -> dict[str, str]:
    """Fields of a type, and the models of the records in them."""
    return {
        name: relation
        for name, info in found.items()
        if info.get("type") == kind and (relation := text(info.get("relation")))
    }


def _options(selection: JsonValue) -> dict[str, str]:
    """A selection's pairs: key → label."""
    pairs = selection if isinstance(selection, list) else []
    return {text(p[0]): text(p[1]) for p in pairs if isinstance(p, list) and len(p) == 2}


def _row(model: JsonValue, name: str, info: FieldInfo) -> dict[str, JsonValue]:
    return {
        "model_id": model, "name": name, "field_description": info.label, "help": info.help,
        "ttype": _TYPES[info.shape], "state": "manual",
    }  # fmt: skip
