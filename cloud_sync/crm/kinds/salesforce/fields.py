"""Salesforce's fields for scores: made by the Tooling API, opened to the hub's user by a permission set, checked.

Source: Tooling API ("CustomField") and Object Reference ("FieldPermissions"). A field that is made over the API is at
first closed to everybody, administrators included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, many, one, text
from cloud_sync.crm.client.labels import Described
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import BANDS, FieldInfo, Shape, shown_fields
from cloud_sync.crm.connection.settings import Fields
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError

PERMISSIONS = "Kitwright"
DUPLICATES = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_CHOICES: list[JsonValue] = [
    {"fullName": band, "label": band.title(), "default": False} for band in BANDS
]
_TYPES: dict[Shape, dict[str, JsonValue]] = {
    "whole": {"type": "Number", "precision": 3, "scale": 0},
    "share": {"type": "Number", "precision": 5, "scale": 4},
    "percent": {"type": "Percent", "precision": 4, "scale": 1},
    "choice": {
        "type": "Picklist",
        "valueSet": {"valueSetDefinition": {"sorted": False, "value": _CHOICES}},
    },
    "lines": {"type": "LongTextArea", "length": 4000, "visibleLines": 5},
    "moment": {"type": "DateTime"},
}
_FITTING: dict[Shape, frozenset[str]] = {
    "whole": frozenset({"double", "int", "currency"}),
    "share": frozenset({"double", "percent"}),
    "percent": frozenset({"double", "percent"}),
    "choice": frozenset({"picklist", "string", "textarea"}),
    "lines": frozenset({"textarea", "string"}),
    "moment": frozenset({"datetime"}),
}


def make_fields(
    http: CrmHttp, base: str, thing: str, fields: Fields, described: Mapping[str, JsonValue]
) -> None:
    """Makes the custom fields that are missing, and opens them to the user.

    Args:
        base: of the API, with its version.
        thing: the object.
        described: the object as it is now.

    Raises:
        DeliveryError: the user may not, or it does not answer.
    """
    there = {text(row.get("name")) for row in many(described.get("fields"))}
    made = [
        (name, info)
        for name, info in shown_fields(fields)
        if name not in there and name.endswith("__c")
    ]
    for name, info in made:
        metadata: dict[str, JsonValue] = {
            "label": info.label, "description": info.help, **_TYPES[info.shape]
        }  # fmt: skip
        body: JsonValue = {"FullName": f"{thing}.{name}", "Metadata": metadata}
        _create(http, f"{base}/tooling/sobjects/CustomField", body)
    if made:
        _open(http, base, thing, [name for name, _ in made])


def _open(http: CrmHttp, base: str, thing: str, names: list[str]) -> None:
    """A permission set of our own that lets the user write them."""
    found = _find(http, base, f"SELECT Id FROM PermissionSet WHERE Name = '{PERMISSIONS}'")  # noqa: S608  (a constant)
    if not found:
        body: JsonValue = {"Name": PERMISSIONS, "Label": "Kitwright lead scores"}
        found = _create(http, f"{base}/sobjects/PermissionSet", body)
    for name in names:
        permission: JsonValue = {
            "ParentId": found, "SobjectType": thing, "Field": f"{thing}.{name}",
            "PermissionsRead": True, "PermissionsEdit": True,
        }  # fmt: skip
        _create(http, f"{base}/sobjects/FieldPermissions", permission)
    who = text(one(http.call("GET", "/services/oauth2/userinfo")).get("user_id"))
    assignment: JsonValue = {"AssigneeId": who, "PermissionSetId": found}
    _create(http, f"{base}/sobjects/PermissionSetAssignment", assignment)


def _find(http: CrmHttp, base: str, soql: str) -> str:
    rows = many(one(http.call("GET", f"{base}/query", query={"q": soql})).get("records"))
    return text(rows[0].get("Id")) if rows else ""


def _create(http: CrmHttp, path: str, body: JsonValue) -> str:
    """Makes a record, unless there is one already; its id, empty in that case."""
    try:
        return text(one(http.call("POST", path, body)).get("id"))
    except CrmRefusedError as error:
        codes = {text(row.get("errorCode")) for row in many(error.value)}
        if not codes & DUPLICATES:
            raise
        return ""


def described_in(rows: Iterable[Mapping[str, JsonValue]]) -> dict[str, Described]:
    """Fields by name, from the rows of a description: labels, and choices with theirs, in the user's language."""
    return {
        text(row.get("name")): Described(
            text(row.get("label")),
            {text(o.get("value")): text(o.get("label")) for o in many(row.get("picklistValues"))},
        )
        for row in rows
    }


def check_object(
    thing: str, fields: Fields, describe: Callable[[], Mapping[str, JsonValue]]
) -> list[Check]:
    """What is there and what is missing."""
    try:
        described = describe()
    except DeliveryError as error:
        return [Check(f"reach {thing}", False, error.what, remedy(error, _fix_of(error, thing)))]
    may = described.get("updateable") is True
    fix = "" if may else f"give the user's profile or a permission set Read and Edit on {thing}"
    checks = [
        Check(f"reach {thing}", True, "it answers"),
        Check(f"right to edit {thing}", may, "yes" if may else "missing", fix),
    ]
    rows = {text(row.get("name")): row for row in many(described.get("fields"))}
    return checks + [_check(name, info, rows.get(name)) for name, info in shown_fields(fields)]


def check_event(
    options: Mapping[str, str], describe: Callable[[str], Mapping[str, JsonValue]]
) -> list[Check]:
    """Whether the platform event of a connection is there and has the fields that are read of it.

    Args:
        options: `channel`, `record_field` and the others; a channel of several events is not looked into.
        describe: name of an object → its description.
    """
    event = options["channel"].rpartition("/")[2]
    if not event.endswith("__e"):
        return []
    try:
        rows = many(describe(event).get("fields"))
    except DeliveryError as error:
        fix = f"Setup, Platform Events: make {event}, and give the user Read on it"
        return [Check(f"event {event}", False, error.what, remedy(error, fix))]
    there = {text(row.get("name")) for row in rows}
    wanted = [options.get(key, "") for key in ("record_field", "fields_field", "what_field")]
    missing = [name for name in wanted if name and name not in there]
    fix = f"the event has {', '.join(sorted(there))}: name one of them in the options"
    found = f"has no {', '.join(missing)}" if missing else "is there"
    return [Check(f"event {event}", not missing, found, fix if missing else "")]


def _fix_of(error: DeliveryError, thing: str) -> str:
    status = error.status if isinstance(error, CrmRefusedError) else 0
    if status == 401:
        return (
            "check url (https://YOURDOMAIN.my.salesforce.com), the consumer key and secret, and that the app allows"
            " this flow (client credentials: with a user to run as)"
        )
    if status == 404:
        return (
            f"no object {thing}, or the user may not read it: give a permission set Read on {thing}"
        )
    return "check url and the network; is 'API Enabled' in the user's profile?"


def _check(name: str, info: FieldInfo, row: Mapping[str, JsonValue] | None) -> Check:
    if row is None:
        fix = (
            f"`cloud-sync crm fields NAME` makes it if the user has 'Customize Application'; else Setup, Object Manager, Fields: make {name},"
            " and open it to the user (field-level security)"
        )
        return Check(f"field {name}", False, "missing, or closed to this user", fix)
    kind = text(row.get("type"))
    if row.get("updateable") is not True:
        fix = "open it to the user: Setup, Object Manager, the field, Set Field-Level Security"
        return Check(f"field {name}", False, "read-only for this user", fix)
    fine = kind in _FITTING[info.shape]
    fix = "" if fine else f"name another one in fields.{info.part}"
    return Check(f"field {name}", fine, kind, fix)
