"""HubSpot's objects whose records may be leads: their other names, and the properties that differ. Data only.

Source: https://developers.hubspot.com/docs/guides/crm/understanding-the-crm (object type ids).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class HubSpotObject:
    """One object.

    Attributes:
        one: a record of it, as events and apps name it.
        number: its other name in events and addresses.
        called: what people call a record by; no bundle learns from it.
        modified: the property that says when a record was changed.
    """

    one: str
    number: str
    called: tuple[str, ...] = ()
    modified: str = "hs_lastmodifieddate"


OBJECTS: Final[Mapping[str, HubSpotObject]] = {
    "contacts": HubSpotObject("contact", "0-1", ("firstname", "lastname"), "lastmodifieddate"),
    "companies": HubSpotObject("company", "0-2", ("name",)),
    "deals": HubSpotObject("deal", "0-3", ("dealname",)),
    "leads": HubSpotObject("lead", "0-136", ("hs_lead_name",)),
    "tickets": HubSpotObject("ticket", "0-5"),
}


def object_of(name: str) -> HubSpotObject:
    """An object by any of its names; one of the firm's own has the name it is asked for by."""
    for several, known in OBJECTS.items():
        if name in (several, known.one, known.number):
            return known
    return HubSpotObject(name, name)
