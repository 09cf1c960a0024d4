"""A pretended Salesforce: leads, and the outbound message that a flow sends for each change. Its API: `api.py`.

Outbound messages are SOAP and not signed; they say what a record is now, and want an `Ack`. Deletions send none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final
from xml.sax.saxutils import escape

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import Choices
from cloud_sync.crm.simulator.firms import OWNERS, owner_of
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.salesforce.streaming import Streaming
from cloud_sync.crm.simulator.values import (
    Change,
    Fields,
    Message,
    Schedule,
    SimEvent,
    doubling_waits,
)
from cloud_sync.crm.simulator.vendor import State, Vendor
from cloud_sync.crm.simulator.world import NUMBERS, YES_NO, Value

OBJECT = "Lead"
API_USER = "0055e0000000001AAA"
USER = "0055e0000000002AAA"
"""Who works with leads by hand."""
OUTBOUND = "http://soap.sforce.com/2005/09/outbound"
_ACK = re.compile(rb"<(?:[A-Za-z0-9]{1,20}:)?Ack>\s{0,20}true\s{0,20}</")
_CASES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    ' <soapenv:Body>\n  <notifications xmlns="{space}">\n   <OrganizationId>{organization}</OrganizationId>\n'
    '   <ActionId>04k5e0000000001AAA</ActionId>\n   <SessionId xsi:nil="true"/>\n'
    "   <EnterpriseUrl>https://sim.my.salesforce.com/services/Soap/c/62.0/{organization}</EnterpriseUrl>\n"
    "   <PartnerUrl>https://sim.my.salesforce.com/services/Soap/u/62.0/{organization}</PartnerUrl>\n"
    "{notifications}  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>"
)
_NOTIFICATION = (
    "   <Notification>\n    <Id>{id}</Id>\n"
    '    <sObject xsi:type="sf:{thing}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">\n'
    "{fields}    </sObject>\n   </Notification>\n"
)
CHOICES: Final = Choices(
    {"source": "LeadSource", "industry": "Industry"}, lambda label, _place: label.replace(" ", "_")
)
"""Picklists whose labels an administrator changed: their API names stay what they were."""


class Salesforce(Vendor):
    """Leads of a Salesforce organisation."""

    kind = "salesforce"
    scheme = "salesforce-outbound"
    own_columns = ("Id", "CreatedDate")
    looks = "path"
    keys = ("client_secret", "client_id")
    names: ClassVar[Mapping[str, str]] = {
        "first_name": "FirstName", "last_name": "LastName", "email": "Email", "company": "Company", "phone": "Phone",
        "country": "Country", "industry": "Industry", "jobtitle": "Title", "source": "LeadSource",
        "employees": "NumberOfEmployees", "last_form": "Last_Form__c", "visits": "Web_Visits__c",
        "page_views": "Page_Views__c", "emails_opened": "Emails_Opened__c", "budget_stated": "Budget_Stated__c",
        "opted_out": "HasOptedOutOfEmail",
    }  # fmt: skip
    every_right = frozenset({"read", "edit", "customize", "api", "users"})
    token_life_s = 7200
    limit = (100_000, 86_400)
    access_prefix = "00D5e!sim"
    batch = 100
    schedule = Schedule(timeout_s=60, waits_s=doubling_waits(15, 7200, 86_400), jitter=0.1)

    def __init__(self, state: State, scheme: str = "", thing: str = "") -> None:
        super().__init__(state, scheme, thing)
        self.streaming = Streaming(OBJECT, USER, API_USER)

    def heard(self, change: Change, /) -> None:
        """For the Streaming API."""
        self.streaming.note(change)

    def make_id(self, number: int) -> str:
        """An id of 18 characters."""
        return long_id(f"00Q5e{number:010d}")

    @staticmethod
    def has_id(text: str) -> bool:
        """15 or 18 characters that begin as those of leads do."""
        return text.startswith("00Q") and text.isalnum() and text == long_id(text[:15])

    @property
    def organization(self) -> str:
        """The id of its organisation."""
        return long_id(f"00D5e{self.state.seed % 10**10:010d}")

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """A lead's name is made of two fields, and is one too."""
        made = super().fields(columns)
        name = f"{columns.get('first_name', '')} {columns.get('last_name', '')}".strip()
        made |= {"Name": name} if name else {}
        return {**made, "OwnerId": user_id(owner_of(columns))} if "email" in columns else made

    def cell(self, column: str, value: Value, /) -> JsonValue:
        """Nothing is null."""
        return None if value == "" else CHOICES.value(column, value)

    def export(self, fields: Fields) -> Fields:
        """A report shows labels, and the name of the owner."""
        shown = {name: value for name, value in fields.items() if name != "OwnerId"}
        return {**CHOICES.shown(shown), "Lead Owner": USERS.get(str(fields.get("OwnerId")), "")}

    def fresh(self) -> Fields:
        """A lead nobody has worked on."""
        return {"Status": "Open - Not Contacted", "IsConverted": False, "ConvertedDate": None}

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """Converted, or closed without."""
        if outcome == "won":
            day = at.strftime("%Y-%m-%d")
            return {"Status": "Closed - Converted", "IsConverted": True, "ConvertedDate": day}
        return {"Status": "Closed - Not Converted"}

    def settings(self, _url: str, /) -> Fields:
        """Its messages name their organisation."""
        return {"options": {"organization": self.organization}}

    def events(self, change: Change) -> list[SimEvent]:
        """A flow runs on creation and on update only."""
        if change.what in ("deleted", "merged"):
            return []
        return [SimEvent(self.event_id(), change)]

    def event_id(self) -> str:
        """The id of a notification."""
        return long_id(f"04l5e{next(self._ids):010d}")

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """Up to a hundred records as they are now, however long ago they changed."""
        del url  # nothing is signed
        notifications = "".join(self._notification(one) for one in waiting)
        text = _ENVELOPE.format(
            space=OUTBOUND, organization=self.organization, notifications=notifications
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        return Message(headers, text.encode(), path=f"/{self.state.secrets.webhook[0]}")

    def _notification(self, one: Waiting) -> str:
        change = one.event.change
        held = self.state.records.get(change.object_id)
        fields: dict[str, JsonValue] = {"Id": change.object_id}
        if held is None:
            fields |= {"LastModifiedDate": stamp(change.at), **change.state}
        else:
            fields |= {"CreatedDate": stamp(held.created_at), "LastModifiedDate": stamp(held.modified_at)}  # fmt: skip
            fields |= held.fields
        lines = [
            f"     <sf:{name}>{escape(_text(value))}</sf:{name}>\n"
            for name, value in fields.items()
            if value is not None and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name)
        ]
        return _NOTIFICATION.format(id=one.event.event_id, thing=OBJECT, fields="".join(lines))

    def taken(self, status: int, body: bytes, /) -> bool:
        """A 200 is not enough."""
        return status == 200 and _ACK.search(body) is not None

    def routes(self, app: FastAPI) -> None:
        """REST and Tooling API."""
        from cloud_sync.crm.simulator.salesforce.api import add_routes

        add_routes(app, self)


def long_id(short: str) -> str:
    """An id of 15 characters as 18: three more say which of the others are capitals."""
    added = ""
    for first in (0, 5, 10):
        part = short[first : first + 5]
        added += _CASES[sum(1 << place for place, c in enumerate(part) if "A" <= c <= "Z")]
    return short + added


def user_id(number: int) -> str:
    """The id of an owner of leads."""
    return long_id(f"0055e{1000 + number:010d}")


USERS: Final = {user_id(number): name for number, name in enumerate(OWNERS, 1)}
"""Id → name of those whose leads they are."""


def stamp(at: datetime) -> str:
    """Salesforce's moments: whole seconds, with three zeros behind."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def field_type(name: str) -> str:
    """Salesforce's type of a field."""
    column = next((c for c, theirs in Salesforce.names.items() if theirs == name), name)
    if column in NUMBERS:
        return "double"
    if column in YES_NO or name == "IsConverted":
        return "boolean"
    if CHOICES.of(name):
        return "picklist"
    return {"ConvertedDate": "date", "Status": "picklist", "OwnerId": "reference"}.get(
        name, "string"
    )


def _text(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
