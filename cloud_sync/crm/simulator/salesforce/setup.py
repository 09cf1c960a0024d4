"""Fields of a pretended Salesforce, and who may see them: a new one is closed until a permission set opens it.

How records are read and written is `api.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi.responses import JSONResponse
from pydantic import JsonValue

from cloud_sync.crm.simulator.answering import ApiError, Body, Query
from cloud_sync.crm.simulator.salesforce.streaming import EVENT, EVENT_FIELDS
from cloud_sync.crm.simulator.salesforce.vendor import (
    API_USER,
    CHOICES,
    OBJECT,
    Salesforce,
    field_type,
    long_id,
)
from cloud_sync.crm.simulator.values import Fields

OWN = {
    "Id": "id", "CreatedDate": "datetime", "LastModifiedDate": "datetime", "SystemModstamp": "datetime",
    "IsDeleted": "boolean", "MasterRecordId": "reference",
}  # fmt: skip
_TYPES = {
    "Number": "double", "Percent": "percent", "Picklist": "picklist", "LongTextArea": "textarea", "Text": "string",
    "DateTime": "datetime", "Checkbox": "boolean",
}  # fmt: skip
"""Types of the Metadata API as `describe` calls them."""
_LABELS = {
    "NumberOfEmployees": "No. of Employees",
    "HasOptedOutOfEmail": "Email Opt Out",
    "Status": "Lead Status",
    "OwnerId": "Owner ID",
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def refusal(status: int, code: str, said: str) -> ApiError:
    """A refusal as Salesforce words it."""
    return ApiError(status, [{"message": said, "errorCode": code}])


class Setup:
    """What an administrator does, by API."""

    def __init__(self, vendor: Salesforce) -> None:
        self._state = vendor.state

    def describe(self, _body: Body, _query: Query) -> JSONResponse:
        """Fields the user may see."""
        known = seen_fields(self._state.records.names(), self._state.custom)
        may = "edit" in self._state.rights
        rows: list[JsonValue] = [
            {
                "name": n, "label": self._label(n), "type": kind, "updateable": may and n not in OWN,
                "custom": n.endswith("__c"), "picklistValues": _values(n),
                **({"relationshipName": "Owner", "referenceTo": ["Group", "User"]} if n == "OwnerId" else {}),
            }
            for n, kind in known.items()
        ]  # fmt: skip
        return JSONResponse({"name": OBJECT, "label": OBJECT, "updateable": may, "fields": rows})

    def _label(self, name: str) -> str:
        metadata = self._state.custom.get(name, {}).get("metadata")
        said = metadata.get("label") if isinstance(metadata, dict) else ""
        bare = name.removesuffix("__c")
        return str(said or "") or _LABELS.get(name) or _CAMEL.sub(" ", bare.replace("_", " "))

    def describe_event(self, _body: Body, _query: Query) -> JSONResponse:
        """The platform event's fields."""
        rows: list[JsonValue] = [{"name": name, "type": "string"} for name in EVENT_FIELDS]
        return JSONResponse({"name": EVENT, "fields": rows})

    def add_field(self, body: Body, _query: Query) -> JSONResponse:
        """By the Tooling API."""
        thing, _, name = str(body.get("FullName", "")).partition(".")
        kind = str((body.get("Metadata") or {}).get("type", ""))
        if thing != OBJECT or not name.endswith("__c") or kind not in _TYPES:
            raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", "FullName and Metadata are needed")
        if name in self._state.custom:
            raise refusal(400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name}")
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
            raise refusal(400, "INVALID_CROSS_REFERENCE_KEY", f"no field {name}")
        self._state.custom[name]["open"] = body.get("PermissionsRead") is True
        return _made("01k5e0000000001")

    def assign(self, body: Body, _query: Query) -> JSONResponse:
        """Gives the set to a user."""
        if body.get("AssigneeId") != API_USER:
            raise refusal(400, "INVALID_CROSS_REFERENCE_KEY", "no such user")
        return _made("0Pa5e0000000001")


def seen_fields(names: list[str], custom: Mapping[str, Fields]) -> dict[str, str]:
    """Name → type of the fields the user may see."""
    own = {**OWN, **{name: field_type(name) for name in names if name not in custom}}
    opened = {n: str(made["type"]) for n, made in custom.items() if made["open"]}
    return own | opened


def _values(name: str) -> list[JsonValue]:
    """The values of a picklist, with labels in the user's language."""
    return [
        {"active": True, "defaultValue": False, "label": label, "validFor": None, "value": value}
        for value, label in CHOICES.of(name).items()
    ]


def _made(short: str) -> JSONResponse:
    return JSONResponse({"id": long_id(short), "success": True, "errors": []}, 201)
