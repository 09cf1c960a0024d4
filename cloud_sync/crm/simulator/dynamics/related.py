"""Accounts and users of the pretended Dynamics, and how its metadata describe tables, columns and lookups."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from cloud_sync.crm.client.http import text
from cloud_sync.crm.simulator.conditions import Row
from cloud_sync.crm.simulator.firms import OWNERS, SEGMENTS, Firm, Firms
from cloud_sync.crm.simulator.values import Fields

OWNER, ACCOUNT = "_ownerid_value", "_parentaccountid_value"
"""Of a lead: whose it is, and of which account."""
LOOKUPS: Mapping[str, tuple[str, str, str]] = {
    OWNER: ("Owner", "Owner", "systemuser"),
    ACCOUNT: ("Lookup", "Parent Account for lead", "account"),
    "_masterid_value": ("Lookup", "Master ID", "lead"),
}
"""Lookup as it is read → its type, its label, and the table that it refers to."""
ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "accountid": ("Uniqueidentifier", "Account"), "name": ("String", "Account Name"),
    "new_segment": ("Picklist", "Segment"), "address1_city": ("String", "Address 1: City"),
    "numberofemployees": ("Integer", "Number of Employees"), OWNER: ("Owner", "Owner"),
}  # fmt: skip
"""Columns of accounts → type and label."""
STAGES: Mapping[str, tuple[str, str]] = {
    "processstageid": ("Uniqueidentifier", "Process Stage"), "stagename": ("String", "Process Stage Name"),
}  # fmt: skip
"""Columns of the stages of processes → type and label."""
NAMED: Mapping[str, str] = {
    "ownerid": "Owner",
    "new_segment": "Segment",
    "leadsourcecode": "Lead Source",
}
"""Columns of which the metadata name another one with the name or the label in it, which cannot be read."""
TABLES: Mapping[str, tuple[str, str, str, str]] = {
    "account": ("accounts", "accountid", "Account", "Accounts"),
    "lead": ("leads", "leadid", "Lead", "Leads"),
    "systemuser": ("systemusers", "systemuserid", "User", "Users"),
    "processstage": ("processstages", "processstageid", "Process Stage", "Process Stages"),
}
"""Table → its set, its key, and what people call one and several."""


def guid(table: str, number: int) -> str:
    """The id of an account or a user; the same for the same number."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{table}:{number}"))


_USERS = {guid("systemuser", number): name for number, name in enumerate(OWNERS, 1)}


def name_of(lookup: str, value: JsonValue, firms: Firms) -> str:
    """What a lookup refers to is called; empty: nothing, or it is none."""
    if lookup == OWNER:
        return _USERS.get(str(value), "")
    named = (firm.name for firm in firms if guid("account", firm.number) == value)
    return next(named, "") if lookup == ACCOUNT else ""


def account_row(firm: Firm) -> Row:
    """An account as it is read."""
    return {
        "accountid": guid("account", firm.number), "name": firm.name,
        "new_segment": 1 + SEGMENTS.index(firm.segment) if firm.segment in SEGMENTS else None,
        "address1_city": firm.city, "numberofemployees": firm.staff, OWNER: guid("systemuser", firm.owner),
    }  # fmt: skip


def account_label(name: str, value: JsonValue) -> str:
    """The label of a choice, a number or an owner; empty for a text."""
    if name == "new_segment" and isinstance(value, int):
        return SEGMENTS[value - 1]
    if name == "numberofemployees":
        return f"{value:,}"
    return _USERS.get(str(value), "") if name == OWNER else ""


def attribute(name: str, kind: str, label: str) -> Fields:
    """A column as the metadata describe it."""
    logical = name.removeprefix("_").removesuffix("_value") if name in LOOKUPS else name
    return {"LogicalName": logical, "AttributeType": kind, "DisplayName": _called(label)}


def with_named(rows: Sequence[Fields]) -> list[JsonValue]:
    """Columns as the metadata describe them, and those that say the names of others."""
    names = [text(row["LogicalName"]) for row in rows]
    more: list[JsonValue] = [
        {"LogicalName": f"{name}name", "AttributeType": "Virtual", "AttributeOf": name, "IsValidForRead": True,
         "DisplayName": _called(f"{NAMED[name]} Name")}
        for name in names if name in NAMED
    ]  # fmt: skip
    return [*rows, *more]


def relations() -> list[JsonValue]:
    """The lookups of leads, and of the stage of a process, whose id is no lookup."""
    found: list[JsonValue] = [
        {"ReferencingAttribute": name.removeprefix("_").removesuffix("_value"), "ReferencedEntity": to}
        for name, (_, _, to) in LOOKUPS.items()
    ]  # fmt: skip
    return [*found, {"ReferencingAttribute": "stageid", "ReferencedEntity": "processstage"}]


def table(name: str) -> Row:
    """A table as the metadata describe it."""
    path, key, one, several = TABLES[name]
    return {
        "LogicalName": name, "EntitySetName": path, "PrimaryIdAttribute": key,
        "DisplayName": _called(one), "DisplayCollectionName": _called(several),
    }  # fmt: skip


def exported(firm: Firm | None) -> Fields:
    """Columns of a lead's account, as an export of leads has them."""
    of = "(Parent Account for lead) (Account)"
    return {
        "Parent Account for lead": firm.name if firm else "",
        f"Segment {of}": firm.segment if firm else "",
        f"Address 1: City {of}": firm.city if firm else "",
        f"Number of Employees {of}": firm.staff if firm else "",
    }


def _called(label: str) -> Fields:
    return {"UserLocalizedLabel": {"Label": label, "LanguageCode": 1033}}
