"""A pretended Odoo's maintenance requests, with their stages, rights and errors. How it is called: `pretended_odoo.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.cmms.simulator import Simulator, base_app
from cloud_sync.pretended_odoo import OdooError, Params, add_odoo_routes

MODEL = "maintenance.request"
STAGE_MODEL = "maintenance.stage"
STAGES = {"New Request": False, "In Progress": False, "Repaired": True, "Scrap": True}
FIELDS = (
    "id",
    "name",
    "description",
    "stage_id",
    "done",
    "user_id",
    "priority",
    "x_cause",
    "x_case",
)
_NEEDS = {"create": "create", "message_post": "write", "search_read": "read", "fields_get": "read"}


def odoo_app(simulator: Simulator) -> FastAPI:
    """The application."""
    app = base_app(simulator, "pretended Odoo")
    add_odoo_routes(app, lambda key: key == simulator.key, partial(_do, simulator))
    return app


def _do(simulator: Simulator, model: str, method: str, ids: list[int], params: Params) -> JsonValue:
    if model == STAGE_MODEL and method == "search_read":
        return [{"id": number, "name": name} for number, name in enumerate(STAGES, 1)]
    if model == "maintenance.equipment" and method == "search_read":
        return []
    if model != MODEL:
        raise OdooError("MissingError", f"the model {model!r} does not exist")
    if method in ("has_access", "check_access_rights"):
        return params["operation"] in simulator.rights
    if _NEEDS.get(method, "read") not in simulator.rights:
        raise OdooError("AccessError", f"You are not allowed to do this on {MODEL}")
    table: dict[str, Callable[[], JsonValue]] = {
        "fields_get": lambda: {name: _field(name) for name in FIELDS},
        "create": lambda: _create(simulator, params["vals_list"]),
        "search_read": lambda: _search(simulator, params),
        "message_post": lambda: _post(simulator, ids, params["body"]),
    }
    if method not in table:
        raise OdooError("ValueError", f"no method {method}")
    with simulator.lock:
        return table[method]()


def _field(name: str) -> JsonValue:
    if name == "stage_id":
        return {"type": "many2one", "relation": STAGE_MODEL}
    return {"type": "char"}


def _create(simulator: Simulator, vals_list: list[dict[str, JsonValue]]) -> JsonValue:
    made: list[JsonValue] = []
    for values in vals_list:
        unknown = sorted(set(values) - {*FIELDS, "maintenance_type", "equipment_id"})
        if unknown:
            raise OdooError("ValueError", f"Invalid field {unknown[0]!r} on model {MODEL!r}")
        number = len(simulator.orders) + 1
        fresh: dict[str, JsonValue] = {"stage": "New Request", "user_id": False, "x_cause": False}
        simulator.add(str(number), {"x_case": False, **fresh, **values, "id": number})
        made.append(number)
    return made


def _search(simulator: Simulator, params: Mapping[str, Any]) -> JsonValue:
    found: list[JsonValue] = []
    for values in simulator.orders.values():
        stage = str(values["stage"])
        row: dict[str, JsonValue] = {**values, "stage_id": [1, stage], "done": STAGES[stage]}
        if all(_fits(row, term) for term in params["domain"]):
            unknown = [name for name in params["fields"] if name not in FIELDS]
            if unknown:
                raise OdooError("ValueError", f"Invalid field {unknown[0]!r} on model {MODEL!r}")
            found.append({name: row.get(name, False) for name in params["fields"]})
    return found[: params.get("limit") or None]


def _fits(row: Mapping[str, JsonValue], term: list[Any]) -> bool:
    name, operator, value = term
    if operator == "in":
        return bool(row.get(name) in value)
    if operator == "like":
        return str(value) in str(row.get(name))
    return bool(row.get(name) == value)


def _post(simulator: Simulator, ids: list[int], body: str) -> JsonValue:
    for number in ids:
        if str(number) not in simulator.orders:
            raise OdooError("MissingError", "Record does not exist or has been deleted.")
        simulator.comments[str(number)].append(body)
    return 1
