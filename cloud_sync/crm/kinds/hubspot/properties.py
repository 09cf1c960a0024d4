"""Properties of a HubSpot object, as fields are called there: which there are, made where they are missing, checked.

Records are `client.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, CrmRefusedError, many, one, rows_in, text
from cloud_sync.crm.client.labels import Described
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import BANDS, FieldInfo, Shape, shown_fields
from cloud_sync.crm.connection.settings import Fields
from cloud_sync.effects.checks import Check

GROUP: Final = "kitwright"
CONFLICT = 409
OWNER: Final = "OWNER"
SCOPES: Final = "HubSpot: Settings, Integrations, Service Keys (or your app), Scopes"
"""Where a person gives the key a right."""
_TYPES: dict[Shape, tuple[str, str]] = {
    "whole": ("number", "number"), "share": ("number", "number"), "percent": ("number", "number"),
    "choice": ("enumeration", "select"), "lines": ("string", "textarea"),
    "moment": ("datetime", "date"),
}  # fmt: skip


class Properties:
    """The properties of one object.

    Args:
        path: where they are.
    """

    def __init__(self, http: CrmHttp, thing: str, path: str) -> None:
        self._http = http
        self._object = thing
        self._path = path
        self.of_owners: frozenset[str] = frozenset()
        """Those that hold the number of an owner, as of the last look: HubSpot lists no choices of them."""

    def rows(self) -> list[Mapping[str, JsonValue]]:
        """All of them, as HubSpot describes them. Raises DeliveryError."""
        return rows_in(self._http.call("GET", self._path), "results", self._http.name)

    def described(self) -> dict[str, Described]:
        """The same by name: labels, and the choices that HubSpot has. Raises DeliveryError."""
        rows = self.rows()
        self.of_owners = frozenset(
            text(row.get("name")) for row in rows if row.get("referencedObjectType") == OWNER
        )
        return {
            text(row.get("name")): Described(
                text(row.get("label")),
                {text(o.get("value")): text(o.get("label")) for o in many(row.get("options"))},
                text(row.get("type")) == "number",
            )
            for row in rows
        }

    def make(self, fields: Fields) -> None:
        """Makes those that are missing. Raises DeliveryError."""
        there = {text(row.get("name")) for row in self.rows()}
        missing = [(name, info) for name, info in shown_fields(fields) if name not in there]
        if missing:
            self._create(f"{self._path}/groups", {"name": GROUP, "label": "Kitwright"})
        for name, info in missing:
            self._create(self._path, _property(name, info))

    def checks(self, fields: Fields) -> list[Check]:
        """Whether each is there and fits. Raises DeliveryError when it does not answer."""
        scope = f"crm.schemas.{self._object}.read"
        try:
            there = {text(row.get("name")): row for row in self.rows()}
        except CrmRefusedError as error:
            fix = remedy(error, f"add {scope} in {SCOPES}")
            return [Check(f"scope {scope}", False, error.what, fix)]
        return [self._check(name, info, there) for name, info in shown_fields(fields)]

    def _check(
        self, name: str, info: FieldInfo, there: Mapping[str, Mapping[str, JsonValue]]
    ) -> Check:
        wanted = _TYPES[info.shape][0]
        row = there.get(name, {})
        found = text(row.get("type"))
        fine = found == wanted or (found == "string" and info.shape in ("choice", "lines"))
        if not found:
            fix = f"`cloud-sync crm fields NAME` makes it with the scope crm.schemas.{self._object}.write, or make it by hand"
            return Check(f"property {name}", False, "missing", fix)
        if one(row.get("modificationMetadata")).get("readOnlyValue") is True:
            fix = f"let its value be changed in HubSpot, or name another one in fields.{info.part}"
            return Check(f"property {name}", False, f"{found}, read only", fix)
        fix = "" if fine else f"make one of the type {wanted}, and name it in fields.{info.part}"
        return Check(f"property {name}", fine, found, fix)

    def _create(self, path: str, body: dict[str, JsonValue]) -> None:
        """Makes it, unless somebody was quicker."""
        try:
            self._http.call("POST", path, body)
        except CrmRefusedError as error:
            if error.status != CONFLICT:
                raise


def _property(name: str, info: FieldInfo) -> dict[str, JsonValue]:
    kind, control = _TYPES[info.shape]
    options: list[JsonValue] = [
        {"label": band.title(), "value": band, "displayOrder": place, "hidden": False}
        for place, band in enumerate(BANDS)
    ]
    return {
        "name": name, "label": info.label, "description": info.help, "groupName": GROUP,
        "type": kind, "fieldType": control,
        **({"options": options} if info.shape == "choice" else {}),
    }  # fmt: skip
