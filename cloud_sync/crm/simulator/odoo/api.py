"""The part of Odoo a hub uses: reading, searching and writing `crm.lead`, and making fields of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import title
from cloud_sync.crm.simulator.odoo.related import (
    CATEGORY,
    LABELS,
    MODELS,
    PARTNER,
    fields_of,
    rows_of,
)
from cloud_sync.crm.simulator.odoo.vendor import MODEL, RELATIONS, SELECTIONS, Odoo, stamp
from cloud_sync.crm.simulator.values import Fields, Held
from cloud_sync.crm.simulator.world import NUMBERS, YES_NO
from cloud_sync.pretended_odoo import UID, OdooError, Params, add_odoo_routes

FIELD_MODEL, EVERY_MODEL = "ir.model.fields", "ir.model"
RELATED = frozenset({*MODELS.values(), CATEGORY})
MODEL_ID = 312
"""Number of `crm.lead` among the models."""
OWN: Mapping[str, str] = {
    "id": "integer", "name": "char", "contact_name": "char", "email_from": "char", "partner_name": "char",
    "function": "char", "phone": "char", "country_id": "many2one", "source_id": "many2one", "type": "selection",
    "active": "boolean", "stage_id": "many2one", "won_status": "selection", "date_closed": "datetime",
    "probability": "float", "lost_reason_id": "many2one", "create_date": "datetime", "write_date": "datetime",
    "write_uid": "many2one", "partner_id": "many2one", "user_id": "many2one", "team_id": "many2one",
    "tag_ids": "many2many",
}  # fmt: skip
_KEYS: Mapping[str, Mapping[str, str]] = {
    "type": {"lead": "Lead", "opportunity": "Opportunity"},
    "won_status": {"won": "Won", "lost": "Lost", "pending": "Pending"},
}
READ_ONLY = frozenset({"id", "create_date", "write_date", "write_uid"})
_NUMBERS = frozenset({"integer", "float", "monetary"})
_NEEDS = {"write": "write", "create": "fields"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, wanted: bool(found == wanted),
    "!=": lambda found, wanted: bool(found != wanted),
    ">": lambda found, wanted: bool(found > wanted),
    ">=": lambda found, wanted: bool(found >= wanted),
    "<": lambda found, wanted: bool(found < wanted),
    "<=": lambda found, wanted: bool(found <= wanted),
    "in": lambda found, wanted: bool(found in wanted),
    "not in": lambda found, wanted: bool(found not in wanted),
    "ilike": lambda found, wanted: str(wanted).lower() in str(found).lower(),
}


def add_routes(app: FastAPI, vendor: Odoo) -> None:
    """Adds the API to `app`."""
    add_odoo_routes(app, vendor.state.tokens.good, _Api(vendor).do)


class _Api:
    """What each method of each model does."""

    def __init__(self, vendor: Odoo) -> None:
        self._state = vendor.state

    def do(self, model: str, method: str, ids: list[int], params: Params) -> JsonValue:
        """Raises OdooError."""
        if method in ("has_access", "check_access_rights"):
            return self._may(model, str(params.get("operation", "read")))
        if not self._may(model, _NEEDS.get(method, "read")):
            raise OdooError(
                "AccessError",
                f"You are not allowed to {_NEEDS.get(method, 'read')} '{model}' records.",
            )
        if model in RELATED and method in ("fields_get", "search_read"):
            return fields_of(model) if method == "fields_get" else self._related(model, params)
        table: dict[tuple[str, str], Callable[[], JsonValue]] = {
            (MODEL, "search_read"): lambda: self._search_read(params),
            (MODEL, "search_count"): lambda: len(self._fitting(params)),
            (MODEL, "search"): lambda: [int(held.object_id) for held in self._fitting(params)],
            (MODEL, "read"): lambda: self._read(ids, params),
            (MODEL, "write"): lambda: self._write(ids, params),
            (MODEL, "fields_get"): self._fields_get,
            (FIELD_MODEL, "create"): lambda: self._add_fields(params),
            (FIELD_MODEL, "search_read"): lambda: self._list_fields(params),
            (EVERY_MODEL, "search_read"): lambda: [
                {"id": MODEL_ID, "model": MODEL, "name": "Lead"}
            ],
            (EVERY_MODEL, "search"): lambda: [MODEL_ID],
        }
        if (model, method) not in table:
            raise OdooError("ValueError", f"no method {method} of the model {model}")
        with self._state.records.lock:
            return table[model, method]()

    def _may(self, model: str, right: str) -> bool:
        if model == FIELD_MODEL:
            return right == "read" or "fields" in self._state.rights
        if model == PARTNER:
            return right == "read" and "partners" in self._state.rights
        return right in self._state.rights or (model == EVERY_MODEL and right == "read")

    def _types(self) -> dict[str, str]:
        own = dict(OWN)
        for name in self._state.records.names():
            own.setdefault(name, _type(name))
        return own | {name: str(made["ttype"]) for name, made in self._state.custom.items()}

    def _fields_get(self) -> JsonValue:
        return {
            name: {
                "type": kind, "string": self._string(name), "readonly": name in READ_ONLY,
                **({"relation": MODELS.get(name, f"sim.{name}")} if kind.startswith("many2") else {}),
                **({"selection": [*self._selection(name)]} if kind == "selection" else {}),
            }
            for name, kind in self._types().items()
        }  # fmt: skip

    def _string(self, name: str) -> str:
        said = self._state.custom.get(name, {}).get("field_description")
        return (
            str(said or "")
            or LABELS.get(name)
            or title(name.removeprefix("x_").removesuffix("_id"))
        )

    def _selection(self, name: str) -> list[JsonValue]:
        if name in _KEYS or SELECTIONS.of(name):
            options = _KEYS.get(name) or SELECTIONS.of(name)
            return [[key, label] for key, label in options.items()]
        made = self._state.custom.get(name, {})
        listed = made.get("selection_ids")
        rows = (
            [one[2] for one in listed if isinstance(one, list)] if isinstance(listed, list) else []
        )
        return [[row["value"], row["name"]] for row in rows if isinstance(row, dict)]

    def _fitting(self, params: Params) -> list[Held]:
        domain = params.get("domain") or params.get("args") or []
        hidden = params.get("context", {}).get("active_test", True) and not any(
            isinstance(term, list) and term[0] == "active" for term in domain
        )
        found = [
            held
            for held in self._state.records
            if not held.deleted
            and (not hidden or held.fields.get("active") is not False)
            and self._fits(held, domain)
        ]
        for order in reversed(str(params.get("order") or "id asc").split(",")):
            name, _, way = order.strip().partition(" ")
            found.sort(key=lambda held: _sorting(_value(held, name)), reverse=way.lower() == "desc")
        start = int(params.get("offset") or 0)
        return found[start : start + int(params["limit"])] if params.get("limit") else found[start:]

    def _fits(self, held: Held, domain: list[Any]) -> bool:
        """A domain in Polish notation: terms, `&`, `|` and `!`; terms without an operator between them are all meant."""
        stack: list[bool] = []
        for term in reversed(domain):
            if term == "!":
                stack.append(not stack.pop())
            elif term in ("&", "|"):
                first, second = stack.pop(), stack.pop()
                stack.append((first and second) if term == "&" else (first or second))
            else:
                stack.append(self._fits_term(held, *term))
        return all(stack)

    def _fits_term(self, held: Held, name: str, operator: str, wanted: Any) -> bool:
        if operator not in _COMPARE:
            raise OdooError("ValueError", f"Invalid operator {operator!r} in domain term")
        self._known(name)
        found = _value(held, name)
        found = found[0] if isinstance(found, list) else found
        if found is False and operator in (">", ">=", "<", "<="):
            return False
        return _COMPARE[operator](found, wanted)

    def _search_read(self, params: Params) -> JsonValue:
        return [self._row(held, params.get("fields") or []) for held in self._fitting(params)]

    def _related(self, model: str, params: Params) -> JsonValue:
        """Records that leads refer to, by number, or all of them."""
        known, names = fields_of(model), [str(name) for name in params.get("fields") or ()]
        for name in names:
            if name not in known:
                raise OdooError("ValueError", f"Invalid field {name!r} on model {model!r}")
        terms = [term for term in params.get("domain") or () if isinstance(term, list)]
        found: list[JsonValue] = [
            {"id": row["id"], **{name: row[name] for name in names or known}}
            for row in rows_of(model, self._state.firms)
            if all(_COMPARE[operator](row.get(name), wanted) for name, operator, wanted in terms)
        ]
        return found[: int(params.get("limit") or len(found))]

    def _read(self, ids: list[int], params: Params) -> JsonValue:
        found = [held for one in ids if (held := self._state.records.get(str(one)))]
        if len(found) < len(ids):
            raise OdooError("MissingError", "Record does not exist or has been deleted.")
        return [self._row(held, params.get("fields") or []) for held in found]

    def _row(self, held: Held, names: list[str]) -> JsonValue:
        for name in names:
            self._known(name)
        wanted = names or list(self._types())
        return {"id": int(held.object_id), **{name: _value(held, name) for name in wanted}}

    def _write(self, ids: list[int], params: Params) -> JsonValue:
        values: Fields = dict(params.get("vals") or params.get("values") or {})
        for name, value in values.items():
            self._check(name, value)
        if any(self._state.records.get(str(one)) is None for one in ids):
            raise OdooError("MissingError", "Record does not exist or has been deleted.")
        for one in ids:
            self._state.records.set(str(one), values, by="api")
        return True

    def _check(self, name: str, value: JsonValue) -> None:
        kind = self._known(name)
        number = isinstance(value, int | float)
        if kind in _NUMBERS and not number:
            raise OdooError("ValueError", f"could not convert string to float: {value!r}")
        options = self._selection(name)
        keys = [one[0] for one in options if isinstance(one, list)]
        if kind == "selection" and keys and value is not False and value not in keys:
            raise OdooError("ValueError", f"Wrong value for {MODEL}.{name}: {value!r}")

    def _known(self, name: str) -> str:
        kind = self._types().get(name)
        if kind is None:
            raise OdooError("ValueError", f"Invalid field {name!r} on model {MODEL!r}")
        return kind

    def _add_fields(self, params: Params) -> JsonValue:
        made: list[JsonValue] = []
        rows = params["vals_list"]
        for row in rows if isinstance(rows, list) else [rows]:
            name = str(row.get("name", ""))
            if not name.startswith("x_"):
                raise OdooError(
                    "ValidationError", "Custom fields must have a name that starts with 'x_'!"
                )
            if row.get("model_id") != MODEL_ID or not row.get("ttype"):
                raise OdooError("ValidationError", "model_id and ttype are needed")
            if name in self._types():
                raise OdooError("ValidationError", f"Field names must be unique per model: {name}")
            self._state.custom[name] = dict(row)
            made.append(9000 + len(self._state.custom))
        return made

    def _list_fields(self, params: Params) -> JsonValue:
        rows: list[Fields] = [
            {"id": place, "name": name, "ttype": kind, "model": MODEL}
            for place, (name, kind) in enumerate(self._types().items(), 1)
        ]
        terms = [term for term in params.get("domain", []) if isinstance(term, list)]
        return [
            row
            for row in rows
            if all(_COMPARE[operator](row.get(name), wanted) for name, operator, wanted in terms)
        ]


def _type(name: str) -> str:
    column = name.removeprefix("x_")
    if column in NUMBERS:
        return "float"
    if column in YES_NO:
        return "boolean"
    if SELECTIONS.of(name):
        return "selection"
    return "many2one" if name in RELATIONS.values() else "char"


def _value(held: Held, name: str) -> JsonValue:
    own: Fields = {
        "id": int(held.object_id),
        "create_date": stamp(held.created_at),
        "write_date": stamp(held.modified_at),
        "write_uid": [UID, "Kitwright"] if held.written_last else [2, "Administrator"],
    }
    value = own.get(name, held.fields.get(name))
    return False if value is None else value


def _sorting(value: JsonValue) -> tuple[int, float, str]:
    found = value[0] if isinstance(value, list) else value
    if isinstance(found, int | float) and not isinstance(found, bool):
        return (0, float(found), "")
    return (1, 0.0, str(found))
