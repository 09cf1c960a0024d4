"""How an Odoo is called, for the pretended ones: JSON-2 of Odoo 19 and later, JSON-RPC of earlier ones.

Which models there are and what their methods do is in `cmms/sim_odoo.py` and `crm/simulator/odoo/vendor.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

UID = 7
"""The number of the key's user."""
STATUS = {"AccessDenied": 401, "AccessError": 403, "MissingError": 404, "ValueError": 500}
"""Errors and the status JSON-2 answers them with; 422 for all others."""
Params = dict[str, Any]  # a method's named parameters: whatever somebody sent
Do = Callable[[str, str, list[int], Params], JsonValue]
"""Model, method, ids, named parameters → what the method answers; raises OdooError."""


class OdooError(Exception):
    """An error as Odoo names it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def add_odoo_routes(app: FastAPI, is_key: Callable[[str], bool], do: Do) -> None:
    """Both ways to call, with the same key."""

    @app.post("/json/2/{model}/{method}")
    async def json2(model: str, method: str, request: Request) -> Response:
        """Odoo 19: a bearer key, named parameters, HTTP statuses."""
        try:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not is_key(key):
                raise OdooError("AccessDenied", "Invalid apikey")
            params = await request.json()
            ids = params.pop("ids", [])
            return JSONResponse(do(model, method, ids, params))
        except OdooError as error:
            said = {"name": f"odoo.exceptions.{error.kind}", "message": str(error)}
            return JSONResponse(said, STATUS.get(error.kind, 422))

    @app.post("/jsonrpc")
    async def jsonrpc(request: Request) -> Response:
        """Earlier ones: always 200, errors inside."""
        params = (await request.json())["params"]
        try:
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": _rpc(params, is_key, do)})
        except OdooError as error:
            data = {"name": f"odoo.exceptions.{error.kind}", "message": str(error)}
            failed = {"code": 200, "message": "Odoo Server Error", "data": data}
            return JSONResponse({"jsonrpc": "2.0", "id": 1, "error": failed})


def _rpc(params: Mapping[str, Any], is_key: Callable[[str], bool], do: Do) -> JsonValue:
    args = params["args"]
    if params["method"] == "authenticate":
        return UID if is_key(args[2]) else False
    _database, uid, key, model, method, positional, named = args
    if uid != UID or not is_key(key):
        raise OdooError("AccessDenied", "Access Denied")
    return do(model, method, positional[0] if positional else [], dict(named))
