"""A pretended Odoo: maintenance requests by JSON-2 and JSON-RPC, with its stages, rights and errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from cloud_sync.cmms.simulator import Simulator, base_app

MODEL = "maintenance.request"
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
_STATUS = {"AccessDenied": 401, "AccessError": 403, "MissingError": 404, "ValueError": 500}


class OdooError(Exception):
    """An error as Odoo names it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def odoo_app(simulator: Simulator) -> FastAPI:
    """The application."""
    app = base_app(simulator, "pretended Odoo")

    @app.post("/json/2/{model}/{method}")
    async def json2(model: str, method: str, request: Request) -> Response:
        """Odoo 19: a bearer key, named parameters, HTTP statuses."""
        try:
            if request.headers.get("authorization", "") != f"bearer {simulator.key}":
                raise OdooError("AccessDenied", "Invalid apikey")
            params = await request.json()
            ids = params.pop("ids", [])
            return JSONResponse(_do(simulator, model, method, ids, params))
        except OdooError as error:
            said = {"name": f"odoo.exceptions.{error.kind}", "message": str(error)}
            return JSONResponse(said, _STATUS.get(error.kind, 422))

    @app.post("/jsonrpc")
    async def jsonrpc(request: Request) -> Response:
        """Earlier ones: always 200, errors inside."""
        params = (await request.json())["params"]
        try:
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": _rpc(simulator, params)})
        except OdooError as error:
            data = {"name": f"odoo.exceptions.{error.kind}", "message": str(error)}
            failed = {"code": 200, "message": "Odoo Server Error", "data": data}
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "error": failed})

    return app


def _rpc(simulator: Simulator, params: Mapping[str, Any]) -> JsonValue:
    args = params["args"]
    if params["method"] == "authenticate":
        return 7 if args[2] == simulator.key else False
    _database, uid, key, model, method, positional, named = args
    if uid != 7 or key != simulator.key:
        raise OdooError("AccessDenied", "Access Denied")
    return _do(simulator, model, method, positional[0] if positional else [], named)


def _do(
    simulator: Simulator, model: str, method: str, ids: list[int], params: dict[str, Any]
) -> JsonValue:
    if model == "maintenance.equipment" and method == "search_read":
        return []
    if model != MODEL:
        raise OdooError("MissingError", f"the model {model!r} does not exist")
    if method in ("has_access", "check_access_rights"):
        return params["operation"] in simulator.rights
    if _NEEDS.get(method, "read") not in simulator.rights:
        raise OdooError("AccessError", f"You are not allowed to do this on {MODEL}")
    table: dict[str, Callable[[], JsonValue]] = {
        "fields_get": lambda: {name: {"type": "char"} for name in FIELDS},
        "create": lambda: _create(simulator, params["vals_list"]),
        "search_read": lambda: _search(simulator, params),
        "message_post": lambda: _post(simulator, ids, params["body"]),
    }
    if method not in table:
        raise OdooError("ValueError", f"no method {method}")
    with simulator.lock:
        return table[method]()


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
