"""The part of Salesforce's REST and Tooling API a hub uses: tokens, SOQL, collections, fields and who may see them."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query, Route, add_table
from cloud_sync.crm.simulator.conditions import Row, WrongConditionError
from cloud_sync.crm.simulator.salesforce import (
    API_USER,
    OBJECT,
    Salesforce,
    field_type,
    long_id,
    stamp,
)
from cloud_sync.crm.simulator.soql import parse
from cloud_sync.crm.simulator.values import Fields, Held

DATA = "/services/data/{version}"
MAX_RECORDS = 200
PAGE = 2000
MAX_LOCATORS = 10
"""Long answers that are kept, as Salesforce keeps them."""
OWN = {
    "Id": "id", "CreatedDate": "datetime", "LastModifiedDate": "datetime", "SystemModstamp": "datetime",
    "IsDeleted": "boolean",
}  # fmt: skip
_TYPES = {
    "Number": "double", "Percent": "percent", "Picklist": "picklist", "LongTextArea": "textarea", "Text": "string",
    "DateTime": "datetime", "Checkbox": "boolean",
}  # fmt: skip
"""Types of the Metadata API as `describe` calls them."""
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def add_routes(app: FastAPI, vendor: Salesforce) -> None:
    """Adds the API to `app`."""
    api, fields = _Api(vendor), _Setup(vendor)
    objects = DATA + "/sobjects/"
    table: list[Route] = [
        ("GET", DATA + "/query", "read", api.query),
        ("GET", DATA + "/queryAll", "read", api.query_all),
        ("GET", DATA + "/query/{locator}", "read", api.more),
        ("PATCH", DATA + "/composite/sobjects", "edit", api.update),
        ("GET", DATA + "/limits", "", api.limits),
        ("GET", objects + OBJECT + "/describe", "", fields.describe),
        ("POST", DATA + "/tooling/sobjects/CustomField", "customize", fields.add_field),
        ("POST", objects + "PermissionSet", "customize", fields.add_set),
        ("POST", objects + "FieldPermissions", "customize", fields.open_field),
        ("POST", objects + "PermissionSetAssignment", "customize", fields.assign),
        ("GET", "/services/oauth2/userinfo", "", api.who),
    ]
    add_table(app, table, api.admit)
    tokens: list[Route] = [("POST", "/services/oauth2/token", "", api.token)]
    add_table(app, tokens, lambda _request, _right: {})


def _refusal(status: int, code: str, said: str) -> ApiError:
    return ApiError(status, [{"message": said, "errorCode": code}])


class _Api:
    """Records and tokens."""

    def __init__(self, vendor: Salesforce) -> None:
        self._vendor = vendor
        self._state = vendor.state
        self._numbers = itertools.count(1)
        self._left: dict[str, list[JsonValue]] = {}
        self._address = ""

    def admit(self, request: Request, right: str) -> Mapping[str, str]:
        """By bearer token; each answer says how much of the day's budget is used."""
        state = self._state
        self._address = str(request.base_url).rstrip("/")
        if not state.tokens.good(request.headers.get("authorization", "").removeprefix("Bearer ")):
            raise _refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if "api" not in state.rights:
            raise _refusal(
                403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"
            )
        budget = state.limiter.take()
        if budget.wait_s:
            raise _refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        if right and right not in state.rights:
            raise _refusal(
                403, "INSUFFICIENT_ACCESS", f"the user lacks a right of this operation: {right}"
            )
        used = budget.limit - budget.left
        return {"Sforce-Limit-Info": f"api-usage={used}/{budget.limit}"} if budget.limit else {}

    def token(self, body: Body, _query: Query) -> JSONResponse:
        """Client credentials, a refresh token, or a signed assertion."""
        known = self._state.secrets.api
        grant = body.get("grant_type")
        fine = (
            bool(known.get("client_id"))
            and (
                {
                    "client_credentials": lambda: _same(body, known, "client_id", "client_secret"),
                    "refresh_token": lambda: _same(body, known, "client_id", "refresh_token"),
                    _JWT: lambda: _asserted(str(body.get("assertion", "")), known),
                }.get(str(grant), lambda: False)
            )()
        )
        if not fine:
            return JSONResponse({"error": "invalid_grant", "error_description": "authentication failure"}, 400)  # fmt: skip
        organization = self._vendor.organization
        return JSONResponse({
            "access_token": self._state.tokens.grant(), "token_type": "Bearer", "instance_url": self._address,
            "id": f"https://login.salesforce.com/id/{organization}/{API_USER}", "scope": "api",
        })  # fmt: skip

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
            raise _refusal(400, "MALFORMED_QUERY", str(error)) from None
        if asked.thing == "PermissionSet":
            return JSONResponse({"totalSize": 0, "done": True, "records": []})
        if asked.thing != OBJECT:
            raise _refusal(400, "INVALID_TYPE", f"sObject type '{asked.thing}' is not supported.")
        known = seen_fields(self._state.records.names(), self._state.custom)
        for name in sorted(asked.names):
            if name not in known:
                raise _refusal(
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
            raise _refusal(404, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(rows, len(rows), query["version"])

    def update(self, body: Body, _query: Query) -> JSONResponse:
        """A collection: each record for itself, unless `allOrNone`."""
        records = body.get("records") or []
        if len(records) > MAX_RECORDS:
            raise _refusal(
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


class _Setup:
    """Fields, and who may see them: a new one is closed to everybody until a permission set opens it."""

    def __init__(self, vendor: Salesforce) -> None:
        self._state = vendor.state

    def describe(self, _body: Body, _query: Query) -> JSONResponse:
        """Fields the user may see."""
        known = seen_fields(self._state.records.names(), self._state.custom)
        may = "edit" in self._state.rights
        rows: list[JsonValue] = [
            {"name": n, "label": n, "type": kind, "updateable": may and n not in OWN, "custom": n.endswith("__c")}
            for n, kind in known.items()
        ]  # fmt: skip
        return JSONResponse({"name": OBJECT, "updateable": may, "fields": rows})

    def add_field(self, body: Body, _query: Query) -> JSONResponse:
        """By the Tooling API."""
        thing, _, name = str(body.get("FullName", "")).partition(".")
        kind = str((body.get("Metadata") or {}).get("type", ""))
        if thing != OBJECT or not name.endswith("__c") or kind not in _TYPES:
            raise _refusal(400, "FIELD_INTEGRITY_EXCEPTION", "FullName and Metadata are needed")
        if name in self._state.custom:
            raise _refusal(
                400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name}"
            )
        self._state.custom[name] = {
            "type": _TYPES[kind],
            "open": False,
            "metadata": body["Metadata"],
        }
        return _made(f"00N5e{len(self._state.custom):010d}")

    def add_set(self, _body: Body, _query: Query) -> JSONResponse:
        """A permission set."""
        return _made("0PS5e0000000001")

    def open_field(self, body: Body, _query: Query) -> JSONResponse:
        """Lets the set's users see a field."""
        name = str(body.get("Field", "")).partition(".")[2]
        if name not in self._state.custom:
            raise _refusal(400, "INVALID_CROSS_REFERENCE_KEY", f"no field {name}")
        self._state.custom[name]["open"] = body.get("PermissionsRead") is True
        return _made("01k5e0000000001")

    def assign(self, body: Body, _query: Query) -> JSONResponse:
        """Gives the set to a user."""
        if body.get("AssigneeId") != API_USER:
            raise _refusal(400, "INVALID_CROSS_REFERENCE_KEY", "no such user")
        return _made("0Pa5e0000000001")


def seen_fields(names: list[str], custom: Mapping[str, Fields]) -> dict[str, str]:
    """Name → type of the fields the user may see."""
    own = {**OWN, **{name: field_type(name) for name in names if name not in custom}}
    opened = {n: str(made["type"]) for n, made in custom.items() if made["open"]}
    return own | opened


def row_of(held: Held) -> Row:
    """A record as SOQL sees it."""
    modified = stamp(held.modified_at)
    return {
        **held.fields, "Id": held.object_id, "CreatedDate": stamp(held.created_at), "LastModifiedDate": modified,
        "SystemModstamp": modified, "IsDeleted": held.deleted,
    }  # fmt: skip


def _shown(row: Row, select: tuple[str, ...], version: str) -> Fields:
    where = f"/services/data/{version}/sobjects/{OBJECT}/{row['Id']}"
    attributes: Fields = {"type": OBJECT, "url": where}
    return {"attributes": attributes, **{name: row.get(name) for name in select}}


def _made(short: str) -> JSONResponse:
    return JSONResponse({"id": long_id(short), "success": True, "errors": []}, 201)


def _fault(code: str, said: str, *fields: str) -> Fields:
    return {"statusCode": code, "message": said, "fields": [*fields]}


def _id_of(one: Body) -> str:
    return str(one.get("id") or one.get("Id") or "")


def _same(body: Body, known: Mapping[str, str], *names: str) -> bool:
    return all(known.get(name) and body.get(name) == known[name] for name in names)


def _asserted(assertion: str, known: Mapping[str, str]) -> bool:
    """Whether the app's own key signed it (RS256), for its user."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    signed, _, signature = assertion.rpartition(".")
    try:
        key = load_pem_private_key(known.get("private_key", "").encode(), password=None)
        claims = json.loads(_unpadded(signed.partition(".")[2]))
        if not isinstance(key, rsa.RSAPrivateKey):
            return False
        key.public_key().verify(
            _unpadded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except (ValueError, InvalidSignature):
        return False
    return bool(
        claims.get("iss") == known.get("client_id") and claims.get("sub") == known.get("username")
    )


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
