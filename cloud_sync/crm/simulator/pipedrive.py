"""A pretended Pipedrive: deals with custom fields of forty characters, and its webhooks of version 2.

It does not sign: HTTP Basic is all there is. Its API is `pipedrive_api.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from fastapi import FastAPI
from pydantic import JsonValue

from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import basic, compact
from cloud_sync.crm.simulator.values import Change, Fields, Message, Schedule, SimEvent
from cloud_sync.crm.simulator.vendor import Vendor, iso
from cloud_sync.crm.simulator.world import NUMBERS, Value

OWNER, API_USER = "77", "78"
"""The person who enters, and the user whose token a program has."""
COMPANY = "31"
KEY_CHARS = 40


class Pipedrive(Vendor):
    """Deals of a Pipedrive company."""

    kind = "pipedrive"
    scheme = "pipedrive"
    fixed_key = "token"
    looks = "pair"
    keys = ("token",)
    names: ClassVar[Mapping[str, str]] = {"company": "title"}
    every_right = frozenset({"deals:read", "deals:full", "admin"})
    limit = (40, 2)
    schedule = Schedule(
        timeout_s=10, waits_s=(3, 30, 150), ban_after=10, ban_s=1800, dead_after_s=3 * 86_400
    )

    @staticmethod
    def make_id(number: int) -> str:
        """Small numbers, as in a young company."""
        return str(number)

    def cell(self, _column: str, value: Value, /) -> JsonValue:
        """It has no yes and no."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value

    def fields(self, columns: Mapping[str, Value]) -> Fields:
        """All but the title are custom fields."""
        return {
            self.names.get(name) or field_key(name): self.cell(name, value)
            for name, value in columns.items()
        }

    def export(self, fields: Fields) -> Fields:
        """An export has names where the API has keys."""
        known = {field_key(name): label(name) for name in self.state.world_columns}
        return {known.get(name, name): value for name, value in fields.items()}

    def fresh(self) -> Fields:
        """An open deal."""
        return {
            "status": "open", "value": None, "currency": "EUR", "stage_id": 1, "pipeline_id": 1, "owner_id": int(OWNER),
            "won_time": None, "lost_time": None, "close_time": None,
        }  # fmt: skip

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """Its status, and when."""
        moment = seconds(at)
        return {"status": outcome, f"{outcome}_time": moment, "close_time": moment}

    def events(self, change: Change) -> list[SimEvent]:
        """A merge deletes one and changes nothing else here."""
        return [SimEvent(self.event_id(), change)]

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """One deal, with what it was before."""
        del url  # nothing is signed
        one = waiting[0]
        change = one.event.change
        body = compact(
            {"data": _data(change), "previous": _previous(change), "meta": self._meta(one)}
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
            "action": action, "entity": "deal", "company_id": COMPANY,
            "correlation_id": one.event.event_id[::-1], "entity_id": change.object_id,
            "id": one.event.event_id, "is_bulk_edit": False, "timestamp": iso(change.at),
            "type": "general", "user_id": API_USER if ours else OWNER, "version": "2.0",
            "webhook_id": "9", "webhook_owner_id": OWNER, "change_source": "api" if ours else "app",
            "attempt": one.attempt, "host": "sim.pipedrive.com", "permitted_user_ids": [OWNER, API_USER],
            **merged,
        }  # fmt: skip

    def routes(self, app: FastAPI) -> None:
        """The API, versions 1 and 2."""
        from cloud_sync.crm.simulator.pipedrive_api import add_routes

        add_routes(app, self)


def field_key(name: str) -> str:
    """The key of a custom field: forty characters that say nothing."""
    return hashlib.sha256(f"pipedrive:{name}".encode()).hexdigest()[:KEY_CHARS]


def is_key(name: str) -> bool:
    """Whether this is the key of a custom field."""
    return len(name) == KEY_CHARS and all(c in "0123456789abcdef" for c in name)


def label(column: str) -> str:
    """What people see: `Page views`."""
    return column.replace("_", " ").capitalize()


def field_type(column: str) -> str:
    """Pipedrive's type of a column."""
    return "double" if column in NUMBERS else "varchar"


def seconds(at: datetime) -> str:
    """Pipedrive's moments: `2026-05-01T09:00:00Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def parted(fields: Mapping[str, JsonValue]) -> Fields:
    """Fields as version 2 shows them: custom ones in a part of their own."""
    plain: Fields = {name: value for name, value in fields.items() if not is_key(name)}
    return {**plain, "custom_fields": {n: v for n, v in fields.items() if is_key(n)}}


def _data(change: Change) -> Fields | None:
    if change.what in ("deleted", "merged"):
        return None
    return {"id": int(change.object_id), **parted(change.state), "update_time": seconds(change.at)}


def _previous(change: Change) -> Fields | None:
    if change.what == "created":
        return None
    if change.what == "changed":
        return parted(change.previous)
    return {"id": int(change.object_id), **parted(change.state)}
