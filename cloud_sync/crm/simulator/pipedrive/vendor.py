"""A pretended Pipedrive: deals with custom fields of forty characters, and its webhooks of version 2.

It does not sign: HTTP Basic is all there is. Its API is `api.py`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import Choices, title
from cloud_sync.crm.simulator.firms import owner_of
from cloud_sync.crm.simulator.pipedrive.firms import FIRM_OF, OF_FIRMS, exported, user_id
from cloud_sync.crm.simulator.pipedrive.persons import PERSON, person_id
from cloud_sync.crm.simulator.pipedrive.persons import exported as of_person
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import basic, compact
from cloud_sync.crm.simulator.values import Change, Fields, Message, Schedule
from cloud_sync.crm.simulator.vendor import State, Vendor, iso
from cloud_sync.crm.simulator.world import NUMBERS, Value

OWNER, API_USER = "77", "78"
"""The person who enters, and the user whose token a program has."""
COMPANY = "31"
KEY_CHARS = 40


@dataclass(frozen=True, slots=True)
class Thing:
    """One kind of object.

    Attributes:
        entity: its name in messages.
        fields: where its fields are listed.
        path: of its API.
        flat: version 1, where custom fields stand beside the others.
        whole: its ids are whole numbers.
    """

    entity: str
    fields: str
    path: str
    flat: bool = False
    whole: bool = True


THINGS: Mapping[str, Thing] = {
    "deals": Thing("deal", "dealFields", "/api/v2/deals"),
    "persons": Thing("person", "personFields", "/api/v2/persons"),
    "organizations": Thing("organization", "organizationFields", "/api/v2/organizations"),
    "leads": Thing("lead", "dealFields", "/v1/leads", flat=True, whole=False),
}
OUTCOME, CLOSED = "outcome", "closed_at"
"""Custom fields that say what became of a person, an organisation or a lead: Pipedrive has none of its own."""


class Pipedrive(Vendor):
    """Deals, persons, organisations or leads of a Pipedrive company."""

    kind = "pipedrive"
    scheme = "pipedrive"
    fixed_key = "token"
    own_columns = ("id", "add_time")
    looks = "pair"
    keys = ("token",)
    names: ClassVar[Mapping[str, str]] = {"company": "title"}
    things = tuple(THINGS)
    limit = (40, 2)
    counts_tokens = True
    schedule = Schedule(
        timeout_s=10, waits_s=(3, 30, 150), ban_after=10, ban_s=1800, dead_after_s=3 * 86_400
    )

    def __init__(self, state: State, scheme: str = "", thing: str = "") -> None:
        super().__init__(state, scheme, thing)
        self.about = THINGS[self.thing]
        self.of_firms = FIRM_OF.get(self.thing, "")
        if self.thing != "deals":
            state.world_columns.update({OUTCOME: None, CLOSED: None})

    @classmethod
    def rights(cls, thing: str, /) -> frozenset[str]:
        """The scopes of this kind of object, and whether the user may add fields."""
        area = area_of(thing)
        return frozenset({f"{area}:read", f"{area}:full", "admin", OF_FIRMS})

    def make_id(self, number: int) -> str:
        """Small numbers, as in a young company; leads have UUIDs."""
        if self.about.whole:
            return str(number)
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"pipedrive-lead:{number}"))

    def cell(self, column: str, value: Value, /) -> JsonValue:
        """It has no yes and no; a choice is the number of its option."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return CHOICES.value(column, value)

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """All but the title are custom fields."""
        made: Fields = {
            self.names.get(name) or field_key(name): self.cell(name, value)
            for name, value in columns.items()
        }
        if self.of_firms and "company" in columns:
            firm = self.state.firms.called(columns["company"])
            made |= {
                "owner_id": user_id(owner_of(columns)),
                self.of_firms: firm.number if firm else None,
                PERSON: person_id(columns) if columns.get("email") else None,
            }
        return made

    def export(self, fields: Fields) -> Fields:
        """An export has names where the API has keys, and labels where it has numbers."""
        known = {field_key(name): label(name) for name in self.state.world_columns}
        if self.of_firms:
            person = of_person(fields, fields.get(field_key("jobtitle")))
            own = {name: value for name, value in fields.items() if name != PERSON}
            fields = {**exported(own, self.of_firms, self.state.firms), **person}
        return {known.get(name, name): value for name, value in CHOICES.shown(fields).items()}

    def fresh(self) -> Fields:
        """An open deal; others have no status."""
        if self.thing != "deals":
            return {"owner_id": int(OWNER)}
        return {
            "status": "open", "value": None, "currency": "EUR", "stage_id": 1, "pipeline_id": 1, "owner_id": int(OWNER),
            "won_time": None, "lost_time": None, "close_time": None,
        }  # fmt: skip

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """Its status, and when."""
        moment = seconds(at)
        if self.thing != "deals":
            return {field_key(OUTCOME): outcome, field_key(CLOSED): moment}
        return {"status": outcome, f"{outcome}_time": moment, "close_time": moment}

    def settings(self, _url: str, /) -> Fields:
        """What is no deal has custom fields for its outcome."""
        if self.thing == "deals":
            return {}
        outcome: Fields = {
            "field": label(OUTCOME), "won": ["won"], "lost": ["lost"], "at": label(CLOSED)
        }  # fmt: skip
        return {"object": self.thing, "outcome": outcome}

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """One deal, with what it was before."""
        del url  # nothing is signed
        one = waiting[0]
        change = one.event.change
        body = compact(
            {
                "data": self._data(change),
                "previous": self._previous(change),
                "meta": self._meta(one),
            }
        )
        username, _, password = self.state.secrets.webhook[0].partition(":")
        headers = {"Content-Type": "application/json", **basic(username, password)}
        return Message(headers, body)

    def _meta(self, one: Waiting) -> Fields:
        change = one.event.change
        ours = change.by == "api"
        action = {"created": "create", "changed": "change"}.get(change.what, "delete")
        merged: Fields = (
            {"merged_to_id": change.values["merged_into"]} if change.what == "merged" else {}
        )
        return {
            "action": action, "entity": self.about.entity, "company_id": COMPANY,
            "correlation_id": one.event.event_id[::-1], "entity_id": change.object_id,
            "id": one.event.event_id, "is_bulk_edit": False, "timestamp": iso(change.at),
            "type": "general", "user_id": API_USER if ours else OWNER, "version": "2.0",
            "webhook_id": "9", "webhook_owner_id": OWNER, "change_source": "api" if ours else "app",
            "attempt": one.attempt, "host": "sim.pipedrive.com", "permitted_user_ids": [OWNER, API_USER],
            **merged,
        }  # fmt: skip

    def _data(self, change: Change) -> Fields | None:
        if change.what in ("deleted", "merged"):
            return None
        own: Fields = {"id": self.shown_id(change.object_id), "update_time": seconds(change.at)}
        return {**own, **parted(change.state)}

    def _previous(self, change: Change) -> Fields | None:
        if change.what == "created":
            return None
        if change.what == "changed":
            return parted(change.previous)
        return {"id": self.shown_id(change.object_id), **parted(change.state)}

    def shown_id(self, object_id: str) -> JsonValue:
        """An id as the API shows it."""
        return int(object_id) if self.about.whole else object_id

    def routes(self, app: FastAPI) -> None:
        """The API, versions 1 and 2."""
        from cloud_sync.crm.simulator.pipedrive.api import add_routes

        add_routes(app, self)


def area_of(thing: str) -> str:
    """What the scopes of this kind of object are called after."""
    return thing if thing in ("deals", "leads") else "contacts"


def field_key(name: str) -> str:
    """The key of a custom field: forty characters that say nothing."""
    return hashlib.sha256(f"pipedrive:{name}".encode()).hexdigest()[:KEY_CHARS]


CHOICES: Final = Choices({"source": field_key("source")}, lambda _label, place: 40 + place)
"""Custom fields that are a choice of one."""


def is_key(name: str) -> bool:
    """Whether this is the key of a custom field."""
    return len(name) == KEY_CHARS and all(c in "0123456789abcdef" for c in name)


def label(column: str) -> str:
    """What people see: `Page views`."""
    return title(column)


def field_type(column: str) -> str:
    """Pipedrive's type of a column."""
    if column in CHOICES.names:
        return "enum"
    return "double" if column in NUMBERS else "varchar"


def seconds(at: datetime) -> str:
    """Pipedrive's moments: `2026-05-01T09:00:00Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parted(fields: Mapping[str, JsonValue]) -> Fields:
    """Fields as version 2 shows them: custom ones in a part of their own."""
    plain: Fields = {name: value for name, value in fields.items() if not is_key(name)}
    return {**plain, "custom_fields": {n: v for n, v in fields.items() if is_key(n)}}
