"""HubSpot's properties of contacts: which there are, what may stand in them, and how a contact is shown by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import title
from cloud_sync.crm.simulator.hubspot.companies import COMPANY_OF, OWNER, described
from cloud_sync.crm.simulator.hubspot.vendor import CHOICES, HubSpot
from cloud_sync.crm.simulator.values import Fields, Held
from cloud_sync.crm.simulator.vendor import State, iso
from cloud_sync.crm.simulator.world import NUMBERS, YES_NO

ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")
"""Shown of each object whatever is asked for."""
DEFAULT = ("email", "firstname", "lastname")
"""Shown beside them where nothing is asked for."""
MODIFIED = {"lastmodifieddate", "hs_lastmodifieddate"}
"""When something was changed: the one is of contacts, the other of all else."""
MOMENTS = ("createdate", *sorted(MODIFIED))


_LABELS = {
    "hs_analytics_source": "Original Traffic Source", "hs_object_id": "Record ID", "createdate": "Create Date",
    "hs_analytics_num_visits": "Number of Sessions", "hs_analytics_num_page_views": "Number of Pageviews",
    "recent_conversion_event_name": "Recent Conversion", "numemployees": "Number of Employees",
    "hs_email_open": "Marketing emails opened", "hs_email_optout": "Unsubscribed from all email",
    "firstname": "First Name", "lastname": "Last Name", "jobtitle": "Job Title", "closedate": "Close Date",
    "lifecyclestage": "Lifecycle Stage", "hs_lead_status": "Lead Status",
}  # fmt: skip
"""As HubSpot calls its own properties on its pages."""


def properties(state: State) -> dict[str, Fields]:
    """All properties of contacts: HubSpot's own, and those that somebody added."""
    texts = (
        "lifecyclestage", "hs_lead_status", "dealstage", "dealname", "name", "hs_pipeline_stage", "hs_pipeline", "hs_lead_name",
    )  # fmt: skip
    own = {name: _row(name, "string", "text") for name in texts}
    own["closedate"] = _row("closedate", "datetime", "date")
    for name in MOMENTS:
        own[name] = {**_row(name, "datetime", "date"), "readOnly": True}
    own["hs_object_id"] = {**_row("hs_object_id", "number", "number"), "readOnly": True}
    names = state.records.names()
    for name in names:
        own.setdefault(name, _described(name))
    thing = next((thing for thing, key in COMPANY_OF.items() if key in names), "")
    if thing:
        own[OWNER] = described(
            OWNER, f"{thing.capitalize().removesuffix('s')} owner", "enumeration"
        )
    return {name: _closed(row) for name, row in (own | state.custom).items()}


def _closed(row: Fields) -> Fields:
    """With what HubSpot says of whether a value may be changed."""
    return {**row, "modificationMetadata": {"readOnlyValue": row.get("readOnly") is True}}


def _described(name: str) -> Fields:
    column = next((c for c, theirs in HubSpot.names.items() if theirs == name), name)
    if options := CHOICES.of(name):
        listed: list[JsonValue] = [
            {"label": label, "value": value, "displayOrder": place, "hidden": False}
            for place, (value, label) in enumerate(options.items())
        ]
        return {**_row(name, "enumeration", "select"), "options": listed}
    if column in NUMBERS:
        return _row(name, "number", "number")
    if column in YES_NO:
        return _row(name, "bool", "booleancheckbox")
    return _row(name, "string", "text")


def _row(name: str, kind: str, control: str) -> Fields:
    label = _LABELS.get(name) or title(name)
    return {"name": name, "label": label, "type": kind, "fieldType": control, "options": []}


def wrong(name: str, given: object, known: Fields | None) -> tuple[str, str]:
    """Code and sentence of what is wrong with a value; empty when nothing is."""
    if known is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if known.get("readOnly"):
        return "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'
    text = "" if given is None else str(given)
    if known.get("type") == "number" and text and not is_number(text):
        return "INVALID_INTEGER", f"{text} was not a valid number."
    options = known.get("options")
    if known.get("type") == "enumeration" and text and isinstance(options, list):
        allowed = [str(one["value"]) for one in options if isinstance(one, dict)]
        if text not in allowed:
            return "INVALID_OPTION", f"{text} was not one of the allowed options: {allowed}"
    if known.get("type") == "datetime" and text and not _is_moment(text):
        return "INVALID_DATE", f"{text} was not a valid date."
    return "", ""


def is_number(text: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    if text.isdigit():
        return True
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def texts(values: Mapping[str, JsonValue]) -> Fields:
    """Values as HubSpot keeps them."""
    return {name: None if value in (None, "") else _text(value) for name, value in values.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def shown(held: Held, wanted: list[str]) -> Fields:
    """A contact with the properties that were asked for."""
    names = dict.fromkeys([*([name for name in wanted if name] or DEFAULT), *ALWAYS])
    return {
        "id": held.object_id,
        "properties": {name: value(held, name) for name in names},
        "createdAt": iso(held.created_at),
        "updatedAt": iso(held.modified_at),
        "archived": held.deleted,
    }


def value(held: Held, name: str) -> JsonValue:
    """One property of a contact; None: it has none."""
    own = {
        "hs_object_id": held.object_id,
        "createdate": iso(held.created_at),
        "lastmodifieddate": iso(held.modified_at),
        "hs_lastmodifieddate": iso(held.modified_at),
        "hs_merged_object_ids": ";".join(held.made_of) or None,
    }
    return own.get(name, held.fields.get(name))
