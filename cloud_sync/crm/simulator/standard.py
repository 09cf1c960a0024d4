"""A pretended program of one's own: leads over a small API, messages by Standard Webhooks or a scheme like it.

It stands for whatever has no kind of its own: Stripe-like, Twenty-like, Mautic-like and GitHub-like signatures are
those of `signing.py`. Scores come back to it as signed messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from cloud_sync.crm.secrets import Secrets
from cloud_sync.crm.simulator.queue import Waiting
from cloud_sync.crm.simulator.signing import ToSign, compact, standard
from cloud_sync.crm.simulator.values import Fields, Held, Message, Schedule
from cloud_sync.crm.simulator.vendor import Vendor, iso

BATCH = 100
_MAX_SKEW_S = 300


class Standard(Vendor):
    """One message per change, each with an id."""

    kind = "webhook"
    scheme = "standard"
    keys = ("secret",)
    schedule = Schedule(
        timeout_s=15,
        waits_s=(5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
        jitter=0.2,
        honours_retry_after=True,
        disabled_by=frozenset({410}),
    )

    def outcome(self, outcome: str, at: datetime) -> Fields:
        """As plain as it gets."""
        return {"outcome": outcome, "outcome_at": iso(at)}

    def message(self, waiting: Sequence[Waiting], url: str) -> Message:
        """`lead.created`, `lead.changed`, `lead.deleted` or `lead.merged`, with the lead as it was then."""
        event = waiting[0].event
        change = event.change
        data: Fields = {
            "id": change.object_id,
            "changed": [*sorted(change.values)],
            "by": change.by,
            "modified_at": iso(change.at),
            "fields": dict(change.state),
        }
        if change.what == "merged":
            data["merged_into"] = change.values["merged_into"]
        body = compact({"type": f"lead.{change.what}", "timestamp": iso(change.at), "data": data})
        return Message(self.signed(url, body, event.event_id), body)

    def routes(self, app: FastAPI) -> None:
        """Reading leads, and taking scores."""

        @app.post("/read")
        async def read(request: Request) -> Response:
            """Leads by id; those that are gone are left out."""
            body = await request.body()
            if not _signed(self.state.secrets, request, body, self.state.now().timestamp()):
                return JSONResponse({"message": "wrong signature"}, 401)
            ids = [str(one) for one in _json(body).get("data", {}).get("ids", [])][:BATCH]
            found = [held for one in ids if (held := self.state.records.get(one))]
            return JSONResponse({"leads": [_shown(held) for held in found]})

        @app.post("/scores")
        async def scores(request: Request) -> Response:
            """Scores of leads, as the hub sends them."""
            body = await request.body()
            if not _signed(self.state.secrets, request, body, self.state.now().timestamp()):
                return JSONResponse({"message": "wrong signature"}, 401)
            taken = {}
            for one in _json(body).get("data", {}).get("leads", []):
                values = {name: value for name, value in one.items() if name != "id"}
                taken[str(one["id"])] = self.state.records.set(str(one["id"]), values, by="api")
            return JSONResponse({"taken": taken})


def _shown(held: Held) -> Fields:
    return {
        "id": held.object_id,
        "fields": dict(held.fields),
        "modified_at": iso(held.modified_at),
        "created_at": iso(held.created_at),
    }


def _json(body: bytes) -> dict[str, Any]:
    import json

    value = json.loads(body)
    return value if isinstance(value, dict) else {}


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
