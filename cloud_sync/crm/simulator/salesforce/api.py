"""The part of Salesforce's REST API a hub uses: SOQL, collections, limits, and who is let in.

Fields and rights are `setup.py`, signing in is `tokens.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import Body, Query, Route, add_table
from cloud_sync.crm.simulator.conditions import Row, WrongConditionError
from cloud_sync.crm.simulator.salesforce.setup import OWN, Setup, refusal, seen_fields
from cloud_sync.crm.simulator.salesforce.soql import parse
from cloud_sync.crm.simulator.salesforce.streaming import EVENT, add_stream
from cloud_sync.crm.simulator.salesforce.tokens import TokenIssuer
from cloud_sync.crm.simulator.salesforce.vendor import (
    API_USER,
    OBJECT,
    USERS,
    Salesforce,
    long_id,
    stamp,
)
from cloud_sync.crm.simulator.values import Fields, Held

DATA = "/services/data/{version}"
MAX_RECORDS = 200
PAGE = 200
"""Rows of one part of an answer. Salesforce has up to 2,000 of them, and fewer where it likes: these are the fewest."""
MAX_LOCATORS = 10
"""Long answers that are kept, as Salesforce keeps them."""


def add_routes(app: FastAPI, vendor: Salesforce) -> None:
    """Adds the API to `app`."""
    api, fields = _Api(vendor), Setup(vendor)
    objects = DATA + "/sobjects/"
    table: list[Route] = [
        ("GET", DATA + "/query", "read", api.query),
        ("GET", DATA + "/queryAll", "read", api.query_all),
        ("GET", DATA + "/query/{locator}", "read", api.more),
        ("PATCH", DATA + "/composite/sobjects", "edit", api.update),
        ("GET", DATA + "/limits", "", api.limits),
        ("GET", objects + OBJECT + "/describe", "", fields.describe),
        ("GET", objects + EVENT + "/describe", "", fields.describe_event),
        ("POST", DATA + "/tooling/sobjects/CustomField", "customize", fields.add_field),
        ("POST", objects + "PermissionSet", "customize", fields.add_set),
        ("POST", objects + "FieldPermissions", "customize", fields.open_field),
        ("POST", objects + "PermissionSetAssignment", "customize", fields.assign),
        ("GET", "/services/oauth2/userinfo", "", api.who),
    ]
    add_table(app, table, api.admit)
    add_stream(app, vendor.streaming, api.admit)
    tokens = TokenIssuer(vendor)
    add_table(app, [("POST", "/services/oauth2/token", "", tokens.answer)], tokens.admit)


OWNER_NAME: Final = "Owner.Name"
"""Of another object, the lead's owner."""


class _Api:
    """Records, and what of the day's budget is left."""

    def __init__(self, vendor: Salesforce) -> None:
        self._vendor = vendor
        self._state = vendor.state
        self._numbers = itertools.count(1)
        self._left: dict[str, list[JsonValue]] = {}

    def admit(self, request: Request, right: str) -> Mapping[str, str]:
        """By bearer token; each answer says how much of the day's budget is used."""
        state = self._state
        if not state.tokens.good(request.headers.get("authorization", "").removeprefix("Bearer ")):
            raise refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if "api" not in state.rights:
            raise refusal(
                403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"
            )
        budget = state.limiter.take()
        if budget.wait_s:
            raise refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if right and right not in state.rights:
            raise refusal(
                403, "INSUFFICIENT_ACCESS", f"the user lacks a right of this operation: {right}"
            )
        used = budget.limit - budget.left
        return {"Sforce-Limit-Info": f"api-usage={used}/{budget.limit}"} if budget.limit else {}

    def who(self, _body: Body, _query: Query) -> JSONResponse:
        """The token's user."""
        return JSONResponse({"user_id": API_USER, "organization_id": self._vendor.organization})

    def limits(self, _body: Body, _query: Query) -> JSONResponse:
        """The day's budget."""
        limiter = self._state.limiter
        return JSONResponse({
            "DailyApiRequests": {"Max": limiter.limit, "Remaining": limiter.left()},
        })  # fmt: skip

    def query(self, _body: Body, query: Query) -> JSONResponse:
        """Without deleted records."""
        return self._query(query, deleted=False)

    def query_all(self, _body: Body, query: Query) -> JSONResponse:
        """With deleted ones."""
        return self._query(query, deleted=True)

    def _query(self, query: Query, *, deleted: bool) -> JSONResponse:
        try:
            asked = parse(query.get("q", ""))
        except WrongConditionError as error:
            raise refusal(400, "MALFORMED_QUERY", str(error)) from None
        if asked.thing == "PermissionSet":
            return JSONResponse({"totalSize": 0, "done": True, "records": []})
        if asked.thing != OBJECT:
            raise refusal(400, "INVALID_TYPE", f"sObject type '{asked.thing}' is not supported.")
        known = seen_fields(self._state.records.names(), self._state.custom)
        names = {*asked.names, *asked.select}
        if OWNER_NAME in names and "users" not in self._state.rights:
            said = f"ERROR at Row:1:Column:8 Didn't understand relationship 'Owner' in field path: {OWNER_NAME}"
            raise refusal(400, "INVALID_FIELD", said)
        for name in sorted(names - {OWNER_NAME}):
            if name not in known:
                raise refusal(
                    400, "INVALID_FIELD", f"No such column '{name}' on entity '{OBJECT}'."
                )
        rows = [row_of(held) for held in self._state.records if deleted or not held.deleted]
        shown: list[JsonValue] = [
            _shown(row, asked.select, query["version"]) for row in asked.run(rows)
        ]
        return self._page(shown, len(shown), query["version"])

    def _page(self, rows: list[JsonValue], total: int, version: str) -> JSONResponse:
        body: Fields = {"totalSize": total, "done": len(rows) <= PAGE, "records": rows[:PAGE]}
        if len(rows) > PAGE:
            locator = f"01g5e{next(self._numbers):010d}-{PAGE}"
            while len(self._left) >= MAX_LOCATORS:
                del self._left[next(iter(self._left))]
            self._left[locator] = rows[PAGE:]
            body["nextRecordsUrl"] = f"/services/data/{version}/query/{locator}"
        return JSONResponse(body)

    def more(self, _body: Body, query: Query) -> JSONResponse:
        """The next part of a long answer, once."""
        rows = self._left.pop(query["locator"], None)
        if rows is None:
            raise refusal(404, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(rows, len(rows), query["version"])

    def update(self, body: Body, _query: Query) -> JSONResponse:
        """A collection: each record for itself, unless `allOrNone`."""
        records = body.get("records") or []
        if len(records) > MAX_RECORDS:
            raise refusal(
                400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_RECORDS}"
            )  # fmt: skip
        errors = [self._error(one) for one in records]
        if body.get("allOrNone") and any(errors):
            rolled = {
                "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "message": "",
                "fields": [],
            }
            return JSONResponse([
                {"success": False, "errors": [found or rolled]} for found in errors
            ])  # fmt: skip
        return JSONResponse([self._set(one, found) for one, found in zip(records, errors)])

    def _set(self, one: Body, error: Fields | None) -> Fields:
        if error is not None:
            return {"success": False, "errors": [error]}
        values = {n: v for n, v in one.items() if n not in ("attributes", "id", "Id")}
        object_id = long_id(_id_of(one)[:15])
        self._state.records.set(object_id, values, by="api")
        return {"id": object_id, "success": True, "errors": []}

    def _error(self, one: Body) -> Fields | None:
        object_id = _id_of(one)
        held = self._state.records.any(long_id(object_id[:15])) if len(object_id) >= 15 else None
        if held is None:
            return _fault("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if held.deleted:
            return _fault("ENTITY_IS_DELETED", "entity is deleted")
        if held.fields.get("IsConverted") is True:
            return _fault("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        known = seen_fields(self._state.records.names(), self._state.custom)
        for name, value in one.items():
            if name in ("attributes", "id", "Id"):
                continue
            if name not in known or name in OWN:
                return _fault("INVALID_FIELD", f"No such column '{name}' on sobject of type {OBJECT}", name)  # fmt: skip
            number = isinstance(value, int | float)
            if known[name] in ("double", "percent") and value is not None and not number:
                return _fault("JSON_PARSER_ERROR", f"Cannot deserialize instance of double from {value!r}", name)  # fmt: skip
        return None


def row_of(held: Held) -> Row:
    """A record as SOQL sees it."""
    modified = stamp(held.modified_at)
    return {
        **held.fields, "Id": held.object_id, "CreatedDate": stamp(held.created_at), "LastModifiedDate": modified,
        "SystemModstamp": modified, "IsDeleted": held.deleted, "MasterRecordId": held.merged_into or None,
    }  # fmt: skip


def _shown(row: Row, select: tuple[str, ...], version: str) -> Fields:
    where = f"/services/data/{version}/sobjects/{OBJECT}/{row['Id']}"
    attributes: Fields = {"type": OBJECT, "url": where}
    shown: Fields = {name: row.get(name) for name in select if name != OWNER_NAME}
    owner = USERS.get(str(row.get("OwnerId")))
    if OWNER_NAME in select:
        shown["Owner"] = {"attributes": {"type": "Name"}, "Name": owner} if owner else None
    return {"attributes": attributes, **shown}


def _fault(code: str, said: str, *fields: str) -> Fields:
    return {"statusCode": code, "message": said, "fields": [*fields]}


def _id_of(one: Body) -> str:
    return str(one.get("id") or one.get("Id") or "")
