"""A pretended ERPNext: documents of one DocType by Frappe's REST API, with its rights and errors."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from cloud_sync.cmms.simulator import Simulator, base_app

DOCTYPE = "Issue"
REFERENCE = "custom_kitwright_case"
STATES = "Open\nReplied\nOn Hold\nResolved\nClosed"
FIELDS = ("name", "subject", "description", "status", REFERENCE, "custom_cause")


class FrappeError(Exception):
    """An error with Frappe's HTTP status."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(kind)
        self.status = status


def erpnext_app(simulator: Simulator) -> FastAPI:
    """The application."""
    app = base_app(simulator, "pretended ERPNext")

    @app.exception_handler(FrappeError)
    async def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, FrappeError)
        said = {"exc_type": str(error), "exception": f"frappe.exceptions.{error}"}
        return JSONResponse(said, error.status)

    def may(request: Request, right: str) -> None:
        if request.headers.get("authorization", "") != f"token {simulator.key}":
            raise FrappeError(401, "AuthenticationError")
        if right and right not in simulator.rights:
            raise FrappeError(403, "PermissionError")

    @app.get("/api/method/frappe.auth.get_logged_user")
    def who(request: Request) -> dict[str, str]:
        """The key's user."""
        may(request, "")
        return {"message": "kitwright@example.com"}

    @app.get("/api/method/frappe.client.has_permission")
    def has_permission(request: Request, perm_type: str) -> dict[str, dict[str, bool]]:
        """Whether it may."""
        may(request, "")
        return {"message": {"has_permission": perm_type in simulator.rights}}

    @app.get("/api/method/frappe.desk.form.load.getdoctype")
    def getdoctype(request: Request, doctype: str) -> dict[str, JsonValue]:
        """A form's fields, with the choices of the state."""
        may(request, "read")
        if doctype != DOCTYPE:
            raise FrappeError(404, "DoesNotExistError")
        state: JsonValue = {"fieldname": "status", "fieldtype": "Select", "options": STATES}
        return {"docs": [{"name": doctype, "fields": [state]}]}

    @app.get("/api/resource/{doctype}")
    def read(
        request: Request, doctype: str, filters: str, fields: str, limit_page_length: int = 20
    ) -> dict[str, JsonValue]:
        """A list."""
        may(request, "read")
        if doctype != DOCTYPE:
            raise FrappeError(404, "DoesNotExistError")
        wanted, terms = json.loads(fields), json.loads(filters)
        if any(name not in FIELDS for name in (*wanted, *(term[0] for term in terms))):
            raise FrappeError(417, "DataError")
        rows = [row for row in simulator.orders.values() if _fits(row, terms)]
        shown: list[JsonValue] = [{name: row.get(name) for name in wanted} for row in rows]
        return {"data": shown[:limit_page_length]}

    @app.post("/api/resource/{doctype}")
    async def create(request: Request, doctype: str) -> dict[str, JsonValue]:
        """A new document, or a comment on one."""
        body = await request.json()
        with simulator.lock:
            if doctype == "Comment":
                may(request, "write")
                if body["reference_name"] not in simulator.orders:
                    raise FrappeError(417, "LinkValidationError")
                simulator.comments[body["reference_name"]].append(body["content"])
                return {"data": {"name": "c"}}
            may(request, "create")
            return {"data": _create(simulator, doctype, body)}

    return app


def _create(simulator: Simulator, doctype: str, body: dict[str, Any]) -> JsonValue:
    if doctype != DOCTYPE:
        raise FrappeError(404, "DoesNotExistError")
    case = body.get(REFERENCE)
    if any(row.get(REFERENCE) == case for row in simulator.orders.values()):
        raise FrappeError(409, "UniqueValidationError")
    name = f"ISS-2026-{len(simulator.orders) + 1:05d}"
    simulator.add(name, {"status": "Open", "custom_cause": None, **body, "name": name})
    return {**simulator.orders[name]}


def _fits(row: dict[str, JsonValue], filters: list[list[Any]]) -> bool:
    return all(
        row.get(name) in value if operator == "in" else row.get(name) == value
        for name, operator, value in filters
    )
