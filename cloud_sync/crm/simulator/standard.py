"""A pretended program of one's own: leads over a small API, messages by Standard Webhooks or a scheme like it.

It stands for whatever has no kind of its own: Stripe-like, Twenty-like, Mautic-like and GitHub-like signatures are
those of `signing.py`. The hub reads and scores by signed messages to one address (`crm/kinds/webhook/client.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import JsonValue

from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import ToSign, compact, standard
from cloud_sync.crm.simulator.values import Fields, Held, Message, Schedule, doubling_waits
from cloud_sync.crm.simulator.vendor import State, Vendor, iso

BATCH = 100
PARTS = ("points", "probability", "percentile", "band", "reasons", "trend", "scored_at", "version")
"""Of a score, as it is kept in a lead: `kitwright_points` and so on."""
_MAX_SKEW_S = 300


SCHEDULES: Mapping[str, Schedule] = {
    "standard": Schedule(
        timeout_s=15,
        waits_s=(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        jitter=0.2,
        honours_retry_after=True,
        disabled_by=frozenset({410}),
    ),
    "stripe": Schedule(timeout_s=20, waits_s=doubling_waits(60, 43_200, 3 * 86_400), jitter=0.1),
    "twenty": Schedule(timeout_s=5, waits_s=()),
    "mautic": Schedule(timeout_s=15, waits_s=()),
    "github": Schedule(timeout_s=10, waits_s=()),
}
"""Scheme → how those who sign so try again: Stripe for three days, the last three not at all."""


class Standard(Vendor):
    """One message per change, each with an id."""

    kind = "webhook"
    scheme = "standard"
    keys = ("secret",)
    schedule = SCHEDULES["standard"]

    def __init__(self, state: State, scheme: str = "", thing: str = "") -> None:
        super().__init__(state, scheme, thing)
        self.schedule = SCHEDULES.get(self.signs, SCHEDULES["standard"])

    def settings(self, _url: str, /) -> Fields:
        """Its export shows no CRM: by the column of ids alone an imported lead is known."""
        return {"options": {"id_column": self.own_columns[0]}}

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """As plain as it gets."""
        return {"outcome": outcome, "outcome_at": iso(at)}

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """`lead.created`, `lead.changed`, `lead.deleted` or `lead.merged`, with the fields that changed."""
        event = waiting[0].event
        change = event.change
        data: Fields = {"id": change.object_id, "by": change.by, "fields": {**change.values}}
        body = compact({"type": f"lead.{change.what}", "timestamp": iso(change.at), "data": data})
        return Message(self.signed(url, body, event.event_id), body)

    def routes(self, app: FastAPI) -> None:
        """One address for all that the hub sends: it reads, it scores, it tries."""
        table: Mapping[str, Callable[[dict[str, Any]], Fields]] = {
            "leads.read": self._read,
            "leads.scored": self._scored,
            "test.sent": lambda _data: {},
        }

        @app.post("/")
        @app.post("/hook")
        async def hook(request: Request) -> Response:
            body = await request.body()
            if not _signed(self.state.secrets, request, body, self.state.now().timestamp()):
                return JSONResponse({"error": "wrong signature"}, 401)
            if not self.state.rights.held:
                return JSONResponse({"error": "not allowed"}, 403)
            try:
                told = json.loads(body)
                return JSONResponse(table[told["type"]](told["data"]))
            except (ValueError, KeyError, TypeError):
                return JSONResponse({"error": "not a message of a hub"}, 400)

    def _read(self, data: dict[str, Any]) -> Fields:
        """Leads by id; those that are gone are left out."""
        if "read" not in self.state.rights:
            return {"records": []}
        ids = [str(one) for one in data["ids"]][:BATCH]
        columns = [str(name) for name in data.get("columns", ())]
        found = [held for one in ids if (held := self.state.records.get(one))]
        return {"records": [_shown(held, columns) for held in found]}

    def _scored(self, data: dict[str, Any]) -> Fields:
        """Scores of leads."""
        outcomes: list[JsonValue] = []
        for one in data["leads"]:
            name = str(one["id"])
            values = {f"kitwright_{part}": one.get(part) for part in PARTS}
            if "write" not in self.state.rights:
                outcomes.append({"id": name, "ok": False, "error": "not allowed", "retry": False})
            elif self.state.records.set(name, values, by="api"):
                outcomes.append({"id": name, "ok": True})
            else:
                outcomes.append({"id": name, "ok": False, "gone": True, "error": "no such lead"})
        return {"outcomes": outcomes}


def _shown(held: Held, columns: Sequence[str]) -> Fields:
    own = {f"kitwright_{part}" for part in PARTS}
    names = columns or [name for name in held.fields if name not in own]
    return {
        "id": held.object_id,
        "fields": {name: held.fields.get(name) for name in names},
        "modified_at": iso(held.modified_at),
        "created_at": iso(held.created_at),
        "outcome": held.outcome,
        "outcome_at": iso(held.outcome_at) if held.outcome_at else None,
        "opted_out": held.fields.get("opted_out") is True,
    }


def _signed(secrets: Secrets, request: Request, body: bytes, now: float) -> bool:
    """Whether the hub signed it: as it does by Standard Webhooks, with one of the secrets they share."""
    key = request.headers.get("webhook-id", "")
    stamp = request.headers.get("webhook-timestamp", "")
    given = set(request.headers.get("webhook-signature", "").split())
    if not stamp.isdigit() or abs(float(stamp) - now) > _MAX_SKEW_S:
        return False
    shared = tuple(secrets.api.get("secret", "").split())
    wanted = standard(ToSign("", body, float(stamp), key, shared))["webhook-signature"].split()
    return bool(given & set(wanted))
