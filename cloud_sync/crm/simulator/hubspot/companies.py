"""Companies and owners of the pretended HubSpot: which properties they have, and what exports show of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.simulator.firms import OWNERS, SEGMENTS, Firm, Firms
from cloud_sync.crm.simulator.values import Fields

OWNER: Final = "hubspot_owner_id"
COMPANY_OF: Mapping[str, str] = {
    "contacts": "associatedcompanyid", "deals": "hs_primary_associated_company", "leads": "hs_primary_company_id",
}  # fmt: skip
"""What leads are → the property with the number of their first company."""
READ_COMPANIES, READ_SCHEMA, READ_OWNERS = (
    "crm.objects.companies.read", "crm.schemas.companies.read", "crm.objects.owners.read",
)  # fmt: skip
_FIRST: Final = 7_000
_CODES = {segment.upper().replace(" ", "_"): segment for segment in SEGMENTS}
_PROPERTIES: Mapping[str, tuple[str, str]] = {
    "name": ("Company name", "string"), "segment": ("Segment", "enumeration"), "city": ("City", "string"),
    "numberofemployees": ("Number of Employees", "number"), OWNER: ("Company owner", "enumeration"),
}  # fmt: skip


def owner_id(number: int) -> str:
    """The number of an owner there."""
    return str(710 + number)


def company_id(firm: Firm) -> str:
    """The number of a company there."""
    return str(_FIRST + firm.number)


def owners() -> list[Fields]:
    """All of them, as the API shows them."""
    return [
        {"id": owner_id(n), "firstName": first, "lastName": last, "email": f"{first.lower()}@seller.example", "archived": False}
        for n, name in enumerate(OWNERS, 1)
        for first, _, last in [name.partition(" ")]
    ]  # fmt: skip


def name_of_owner(value: JsonValue) -> str:
    """By the number; empty: there is no such owner."""
    return next((name for n, name in enumerate(OWNERS, 1) if owner_id(n) == value), "")


def name_of_company(value: JsonValue, firms: Firms) -> str:
    """By the number; empty: there is no such company."""
    return next((firm.name for firm in firms if company_id(firm) == value), "")


def company(firm: Firm) -> dict[str, str | None]:
    """A company's properties: texts, as all of HubSpot's."""
    code = next((code for code, said in _CODES.items() if said == firm.segment), None)
    return {
        "name": firm.name, "segment": code, "city": firm.city, "numberofemployees": str(firm.staff),
        OWNER: owner_id(firm.owner), "hs_object_id": company_id(firm),
    }  # fmt: skip


def properties() -> list[Fields]:
    """Those of companies, as the API describes them."""
    return [described(name, label, kind) for name, (label, kind) in _PROPERTIES.items()]


def described(name: str, label: str, kind: str) -> Fields:
    """A property; of an owner HubSpot lists no choices."""
    options: list[JsonValue] = [{"label": said, "value": code} for code, said in _CODES.items()]
    return {
        "name": name, "label": label, "type": kind, "fieldType": "select" if kind == "enumeration" else "text",
        "options": options if name == "segment" else [],
        **({"referencedObjectType": "OWNER"} if name == OWNER else {}),
    }  # fmt: skip


def exported(firms: Firms) -> list[Fields]:
    """All companies, as an export of them shows them."""
    return [
        {
            "Record ID": company_id(firm), "Company name": firm.name, "Segment": firm.segment, "City": firm.city,
            "Number of Employees": firm.staff, "Company owner": OWNERS[firm.owner - 1],
        }
        for firm in firms
    ]  # fmt: skip
