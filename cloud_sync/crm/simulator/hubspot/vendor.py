"""A pretended HubSpot: its properties, its batches of events and its signatures. Its API is `api.py`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.access import Limiter
from cloud_sync.crm.simulator.choices import Choices
from cloud_sync.crm.simulator.firms import owner_of
from cloud_sync.crm.simulator.hubspot.companies import (
    COMPANY_OF,
    OWNER,
    READ_COMPANIES,
    READ_OWNERS,
    READ_SCHEMA,
    company_id,
    exported,
    name_of_company,
    name_of_owner,
    owner_id,
)
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import compact
from cloud_sync.crm.simulator.values import Change, Fields, Message, Schedule, SimEvent
from cloud_sync.crm.simulator.vendor import State, Vendor, iso, millis
from cloud_sync.crm.simulator.world import Value

APP_ID = 1_160_452
USER = "userId:9024"
BATCH = 100
SEARCHES = 5
"""In a second, besides the limit of all requests."""
_KINDS = {
    "created": "creation",
    "changed": "propertyChange",
    "deleted": "deletion",
    "merged": "merge",
}
READ, WRITE = "objects.read", "objects.write"
SCHEMA_READ, SCHEMA_WRITE = "schemas.read", "schemas.write"


@dataclass(frozen=True, slots=True)
class Thing:
    """One kind of object.

    Attributes:
        event: its name in events.
        number: its other name in addresses.
        modified: the property that says when it was changed.
        title: what `company` is called there.
    """

    event: str
    number: str
    modified: str
    title: str = "company"


THINGS: Mapping[str, Thing] = {
    "contacts": Thing("contact", "0-1", "lastmodifieddate"),
    "companies": Thing("company", "0-2", "hs_lastmodifieddate", "name"),
    "deals": Thing("deal", "0-3", "hs_lastmodifieddate", "dealname"),
    "leads": Thing("lead", "0-136", "hs_lastmodifieddate", "hs_lead_name"),
}


CHOICES: Final = Choices(
    {"source": "hs_analytics_source"}, lambda label, _place: "_".join(label.upper().split())
)


def scope(thing: str, what: str) -> str:
    """`crm.objects.contacts.read` for `objects.read`."""
    area, _, right = what.partition(".")
    return f"crm.{area}.{thing}.{right}"


class HubSpot(Vendor):
    """Contacts, companies, deals or leads of a HubSpot account; all values are texts there."""

    kind = "hubspot"
    scheme = "hubspot-v3"
    fixed_key = "token"
    own_columns = ("hs_object_id", "createdate")
    looks = "uuid"
    merges_anew = True
    names: ClassVar[Mapping[str, str]] = {
        "first_name": "firstname", "last_name": "lastname", "source": "hs_analytics_source",
        "last_form": "recent_conversion_event_name", "employees": "numemployees",
        "visits": "hs_analytics_num_visits", "page_views": "hs_analytics_num_page_views",
        "emails_opened": "hs_email_open", "opted_out": "hs_email_optout",
    }  # fmt: skip
    things = tuple(THINGS)
    limit = (190, 10)
    batch = BATCH
    schedule = Schedule(
        timeout_s=5,
        waits_s=(60, 300, 900, 1800, 3600, 7200, 10_800, 14_400, 18_000, 25_200),
        jitter=0.2,
        final=frozenset({400, 401, 403, 404, 405}),
        honours_retry_after=True,
    )

    def __init__(self, state: State, scheme: str = "", thing: str = "") -> None:
        super().__init__(state, scheme, thing)
        self.about = THINGS[self.thing]
        self.portal_id = 1_000_000 + state.seed
        self.searches = Limiter(SEARCHES, 1.0, time.monotonic)

    @classmethod
    def rights(cls, thing: str, /) -> frozenset[str]:
        """The scopes of this kind of object."""
        own = {scope(thing, what) for what in (READ, WRITE, SCHEMA_READ, SCHEMA_WRITE)}
        return frozenset({*own, READ_COMPANIES, READ_SCHEMA, READ_OWNERS})

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """The title of a deal or a lead is its firm."""
        made = super().fields(columns)
        if "company" in columns and self.thing in COMPANY_OF:
            firm = self.state.firms.called(columns["company"])
            made |= {
                OWNER: owner_id(owner_of(columns)),
                COMPANY_OF[self.thing]: company_id(firm) if firm else "",
            }
        if self.about.title != "company" and "company" in made:
            made[self.about.title] = made.pop("company")
        return made

    def cell(self, column: str, value: Value, /) -> JsonValue:
        """Texts only; nothing is an empty one."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return f"{value:g}" if isinstance(value, float) else CHOICES.value(column, value)

    def export(self, fields: Fields) -> Fields:
        """An export shows labels, names of owners, and the numbers of companies, whose export is another one."""
        key = COMPANY_OF.get(self.thing, "")
        if not key:
            return CHOICES.shown(fields)
        shown = {name: value for name, value in fields.items() if name not in (OWNER, key)}
        owner = f"{self.about.event.capitalize()} owner"
        return {
            **CHOICES.shown(shown), owner: name_of_owner(fields.get(OWNER)),
            "Associated Company IDs": fields.get(key), "Associated Company": name_of_company(fields.get(key), self.state.firms),
        }  # fmt: skip

    def firms(self) -> list[Fields]:
        """Its export of companies."""
        return exported(self.state.firms) if self.thing in COMPANY_OF else []

    def fresh(self) -> Fields:
        """A new contact is a lead, a new deal has an appointment, a new lead is new."""
        if self.thing == "deals":
            return {"dealstage": "appointmentscheduled", "pipeline": "default"}
        if self.thing == "leads":
            return {"hs_pipeline_stage": "new-stage-id", "hs_pipeline": "lead-pipeline-id"}
        return {"lifecyclestage": "lead", "hs_lead_status": "NEW"}

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """A customer, or one that nobody works on any more; deals and leads have stages for both."""
        if self.thing == "deals":
            return {"dealstage": f"closed{outcome}", "closedate": iso(at)}
        if self.thing == "leads":
            return {"hs_pipeline_stage": f"{'' if outcome == 'won' else 'un'}qualified-stage-id"}
        if outcome == "won":
            return {"lifecyclestage": "customer", "closedate": iso(at)}
        return {"lifecyclestage": "other", "hs_lead_status": "UNQUALIFIED", "closedate": iso(at)}

    def settings(self, _url: str, /) -> Fields:
        """Whom nobody works on any more is `other` here; deals and leads are told apart by their stage."""
        if self.thing in ("deals", "leads"):
            return {"object": self.thing}
        return {
            "object": self.thing,
            "outcome": {
                "field": "lifecyclestage",
                "won": ["customer"],
                "lost": ["other"],
                "at": "closedate",
            },
        }

    def event_id(self) -> str:
        """A number, as HubSpot gives."""
        return str(next(self._ids))

    def events(self, change: Change) -> list[SimEvent]:
        """One for each property that changed."""
        if change.what == "changed":
            return [SimEvent(self.event_id(), change, name) for name in change.values]
        return [SimEvent(self.event_id(), change)]

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """A list of events."""
        body = compact([self._event(one) for one in waiting])
        return Message(self.signed(url, body, waiting[0].event.event_id), body)

    def _event(self, one: Waiting) -> Fields:
        event, change = one.event, one.event.change
        ours = change.by == "api"
        value: Fields = {
            "eventId": int(event.event_id),
            "subscriptionId": _number(event.field or change.what),
            "portalId": self.portal_id,
            "appId": APP_ID,
            "occurredAt": millis(change.at),
            "subscriptionType": f"{self.about.event}.{_KINDS[change.what]}",
            "attemptNumber": one.attempt - 1,
            "objectId": int(change.object_id),
            "changeSource": "INTEGRATION" if ours else "CRM_UI",
            "sourceId": str(APP_ID) if ours else USER,
        }
        if change.what == "changed":
            return {
                **value,
                "propertyName": event.field,
                "propertyValue": change.values[event.field],
            }
        if change.what == "merged":
            kept = int(str(change.values["kept"]))
            return {
                **value,
                "objectId": kept,
                "primaryObjectId": kept,
                "mergedObjectIds": [int(change.object_id)],
                "newObjectId": int(str(change.values["merged_into"])),
                "numberOfPropertiesMoved": 0,
            }
        return {**value, "changeFlag": change.what.upper()}

    def routes(self, app: FastAPI) -> None:
        """The CRM API."""
        from cloud_sync.crm.simulator.hubspot.api import add_routes

        add_routes(app, self)


def _number(name: str) -> int:
    return 10_000 + sum(name.encode()) % 1_000
