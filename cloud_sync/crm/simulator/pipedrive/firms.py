"""Organisations of the pretended Pipedrive and its users: which fields they have, and what an export of deals shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.simulator.firms import OWNERS, SEGMENTS, Firm, Firms
from cloud_sync.crm.simulator.values import Fields

FIRM_OF: Mapping[str, str] = {"deals": "org_id", "leads": "organization_id"}
"""What leads are → where they have the number of their organisation."""
OF_FIRMS: Final = "contacts:read"
"""The scope that organisations are read with."""
SEGMENT: Final = "5e9" + 37 * "0"
_STAFF: Final = "57a" + 37 * "0"
_FIRST_USER: Final = 77


def user_id(number: int) -> int:
    """The number of an owner there."""
    return _FIRST_USER if number == 1 else 80 + number


USERS: Final = {user_id(number): name for number, name in enumerate(OWNERS, 1)}


def organization(firm: Firm) -> Fields:
    """An organisation as API v2 shows it."""
    option = 1 + SEGMENTS.index(firm.segment) if firm.segment in SEGMENTS else None
    return {
        "id": firm.number, "name": firm.name, "owner_id": user_id(firm.owner), "is_deleted": False,
        "address": {"value": firm.city, "locality": firm.city, "country": None},
        "custom_fields": {SEGMENT: option, _STAFF: firm.staff},
    }  # fmt: skip


def fields() -> list[Fields]:
    """Fields of organisations as API v2 shows them."""
    options: list[JsonValue] = [{"id": n, "label": said} for n, said in enumerate(SEGMENTS, 1)]
    city: list[JsonValue] = [
        {"field_code": "locality", "field_name": "City of Address", "field_type": "varchar"}
    ]
    rows: tuple[tuple[str, str, str, list[JsonValue], list[JsonValue]], ...] = (
        ("name", "Name", "varchar", [], []), ("owner_id", "Owner", "user", [], []), ("address", "Address", "address", [], city),
        (SEGMENT, "Segment", "enum", options, []), (_STAFF, "Number of employees", "double", [], []),
    )  # fmt: skip
    return [
        {
            "field_code": code, "field_name": name, "field_type": kind, "options": choices or None,
            "subfields": parts or None, "is_custom_field": len(code) == 40, "is_optional_response_field": False,
        }
        for code, name, kind, choices, parts in rows
    ]  # fmt: skip


def exported(row: Mapping[str, JsonValue], key: str, firms: Firms) -> Fields:
    """A record's fields with those of its organisation, as an export has them."""
    number = row.get(key)
    firm = firms.get(number) if isinstance(number, int) else None
    owner = row.get("owner_id")
    shown = {name: value for name, value in row.items() if name not in (key, "owner_id")}
    return {
        **shown, "Owner": USERS.get(owner, "") if isinstance(owner, int) else "",
        "Organization": firm.name if firm else "", "Organization - Segment": firm.segment if firm else "",
        "Organization - City of Address": firm.city if firm else "",
        "Organization - Number of employees": firm.staff if firm else "",
    }  # fmt: skip
