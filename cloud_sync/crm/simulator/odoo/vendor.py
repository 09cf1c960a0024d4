"""A pretended Odoo: leads of `crm.lead` and its automation rule that sends a webhook for each change.

It signs nothing: the secret is in the path. It waits a second and never tries again. Its API is `api.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.choices import Choices
from cloud_sync.crm.simulator.odoo.related import LABELS, exported, linked
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.values import Change, Fields, Message, Schedule, SimEvent
from cloud_sync.crm.simulator.vendor import Vendor
from cloud_sync.crm.simulator.world import CHOICES, NUMBERS, YES_NO, Value

MODEL = "crm.lead"
STAGES = {"New": 1, "Qualified": 2, "Proposition": 3, "Won": 4}
RELATIONS: Mapping[str, str] = {"country": "country_id", "source": "source_id"}
"""Columns that are records of their own in Odoo: `[4, "France"]`."""
SELECTIONS: Final = Choices(
    {"industry": "x_industry"}, lambda label, _place: "_".join(label.lower().split())
)
"""Columns that are selections: a key, and a label in the language of who asks."""
_TRUE_OR_FALSE: Final = frozenset({"active", *(f"x_{name}" for name in YES_NO)})


class Odoo(Vendor):
    """Leads of an Odoo."""

    kind = "odoo"
    scheme = "odoo"
    fixed_key = "key"
    own_columns = ("id", "create_date")
    looks = "path"
    keys = ("key",)
    names: ClassVar[Mapping[str, str]] = {
        "email": "email_from", "company": "partner_name", "jobtitle": "function", "phone": "phone", **RELATIONS,
        **{name: f"x_{name}" for name in ("industry", "last_form", *sorted(NUMBERS), *sorted(YES_NO))},
    }  # fmt: skip
    every_right = frozenset({"read", "write", "fields", "partners"})
    schedule = Schedule(timeout_s=1, waits_s=())

    def make_id(self, number: int) -> str:
        """Odoo counts from 1."""
        return str(number)

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """First and last name are one in Odoo."""
        named = {n: v for n, v in columns.items() if n not in ("first_name", "last_name")}
        made = super().fields(named)
        if "first_name" in columns:
            name = f"{columns['first_name']} {columns.get('last_name', '')}".strip()
            made |= {"contact_name": name, "name": f"Request of {name}"}
        if "company" in columns:
            made |= linked(columns, self.state.firms)
        return made

    def cell(self, column: str, value: Value, /) -> JsonValue:
        """Choices are pairs of number and name; nothing is False."""
        if column in RELATIONS:
            every = list(CHOICES[column])
            place = every.index(str(value)) if value in every else len(every) + len(str(value))
            return [place + 1, value]
        return False if value == "" else SELECTIONS.value(column, value)

    def export(self, fields: Fields) -> Fields:
        """An export shows names and labels only, nothing where the API says False, and fields of the customer."""
        named: Fields = {
            name: value[1]
            if isinstance(value, list)
            else ""
            if value is False and name not in _TRUE_OR_FALSE
            else value
            for name, value in fields.items()
            if name not in LABELS
        }
        return {**SELECTIONS.shown(named), **exported(fields, self.state.firms)}

    def fresh(self) -> Fields:
        """A new lead in the first stage."""
        return {
            "type": "lead", "active": True, "stage_id": [1, "New"], "won_status": "pending", "date_closed": False,
            "probability": 10.0, "lost_reason_id": False,
        }  # fmt: skip

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """In the stage Won, or archived as lost."""
        if outcome == "won":
            return {
                "stage_id": [STAGES["Won"], "Won"],
                "won_status": "won",
                "probability": 100.0,
                "date_closed": stamp(at),
            }
        return {
            "active": False,
            "won_status": "lost",
            "probability": 0.0,
            "lost_reason_id": [2, "Too expensive"],
            "date_closed": stamp(at),
        }

    def events(self, change: Change) -> list[SimEvent]:
        """The rule runs on creation and on update; a deletion sends nothing."""
        if change.what in ("deleted", "merged"):
            return []
        return [SimEvent(self.event_id(), change)]

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """The fields a person chose for the rule, sorted; no word of what changed."""
        del url  # nothing is signed
        change = waiting[0].event.change
        body = {
            "_action": "Send Webhook Notification(#5)", "_id": int(change.object_id), "_model": MODEL,
            "id": int(change.object_id), "name": change.state.get("name", False), "write_date": stamp(change.at),
        }  # fmt: skip
        content = json.dumps(body, sort_keys=True).encode()
        secret = self.state.secrets.webhook[0]
        return Message({"Content-Type": "application/json"}, content, path=f"/{secret}")

    def routes(self, app: FastAPI) -> None:
        """JSON-2 and JSON-RPC."""
        from cloud_sync.crm.simulator.odoo.api import add_routes

        add_routes(app, self)


def stamp(at: datetime) -> str:
    """Odoo's moments: UTC, whole seconds."""
    return at.strftime("%Y-%m-%d %H:%M:%S")
