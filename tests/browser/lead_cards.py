"""Leads as samples of a hub, for looking at and testing their card: one as CRMs have them, and one that attacks."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import JsonValue
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.store.models import Blob, Bundle, Device, Project, Sample
from kits.core.prediction import Prediction, Quantity, Reason, prediction_to_json
from kits.core.sample import digest_of, new_sample_id
from kits.lead_scoring._lead import Lead, Value, encode_lead

PROJECT, DEVICE, BUNDLE = "shop-leads", "crm-sales", digest_of(b"a bundle of leads")
PROBE = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"
FIELDS: dict[str, Value] = {
    "original_source": "Trade fair", "industry": "Metalworking", "country": "DE", "role": "Production manager",
    "company_size": 120.0, "website_visits": 9.0, "demo_requested": True, "newsletter": False, "budget": None,
}  # fmt: skip


def said(*, hot: bool = True) -> Prediction:
    """What a bundle says of a lead."""
    chance = 0.31 if hot else 0.02
    details: dict[str, JsonValue] = {
        "band": "hot" if hot else "cold", "points": 31, "percentile": 0.94, "base_rate": 0.11,
        "hints": ["if a demo were booked, 11 % → 31 % (as far as this model knows; not a promise of effect)"],
        "unknown_fields": ["budget"], "new_values": ["country"],
    }  # fmt: skip
    return Prediction(
        chance,
        "lost",
        {"won": chance, "lost": 1 - chance},
        quantities=(
            Quantity("probability", chance, "", 0.24, 0.4, 0.9),
            Quantity("points", 31.0, ""),
            Quantity("percentile", 94.0, "%"),
        ),
        reasons=(
            Reason("Asked for a demo: 31 % of such leads buy, average 11 %", 1.2, "demo_requested", True),
            Reason("Role: Student: 1 % of such leads buy, average 11 %", -0.7, "role", "Student"),
        ),
        details=details,
    )  # fmt: skip


def add_lead_samples(hub: Hub, now: datetime) -> dict[str, str]:
    """Fills `hub`; name → sample: `plain`, `hostile`, `opted-out`, `bare`."""
    attack = Prediction(
        0.31, "won", {"won": 0.31}, reasons=(Reason(PROBE, 1.0),),
        details={"band": PROBE, "hints": [PROBE, "x" * 5000], "new_values": [PROBE], "base_rate": "0.1"},
    )  # fmt: skip
    hostile: dict[str, Value] = {PROBE: PROBE, "long": "y" * 3000, "turned": "\u202egnp.exe"}
    wide: dict[str, Value] = {f"column_{n}": float(n) for n in range(250)}
    kinds = {
        "plain": (FIELDS, said()),
        "hostile": ({**hostile, **wide}, attack),
        "opted-out": (FIELDS, Prediction(0.0, "", details={"opted_out": True})),
        "bare": ({}, said(hot=False)),
    }
    found: dict[str, str] = {}
    with hub.database.transaction() as session:
        session.add(Device(name=DEVICE, site="crm", group="crm"))
        session.add(Project(name=PROJECT, kit="lead-scoring"))
        blob = hub.storage.put(b"the bytes of a bundle of leads")
        session.add(Blob(digest=blob, size=30))
        session.flush()
        session.add(
            Bundle(
                id=BUNDLE, project=PROJECT, name=PROJECT, version=1, kit="lead-scoring", blob=blob, size=30,
                origin="publisher", champion=True, created_at=now, card="# shop-leads",
            )
        )  # fmt: skip
        for number, (name, (fields, prediction)) in enumerate(kinds.items()):
            at = now - timedelta(minutes=number)
            found[name] = _add(hub, session, Lead(name, fields, at), prediction, number, at)
    return found


def _add(
    hub: Hub, session: Session, lead: Lead, prediction: Prediction, number: int, at: datetime
) -> str:
    content = encode_lead(lead)
    digest, identity = hub.storage.put(content), new_sample_id(at)
    session.add(Blob(digest=digest, size=len(content), media_type="application/json"))
    session.add(
        Sample(
            id=identity, device=DEVICE, epoch="crm", seq=number, captured_at=at, received_at=at, project=PROJECT,
            bundle=BUNDLE, verdict="act", score=prediction.score, label=prediction.label,
            prediction=prediction_to_json(prediction), media_type="application/json", blob=digest,
            blob_size=len(content), blob_state="stored", decided=False, source=f"sales#{lead.id}", meta={},
        )
    )  # fmt: skip
    return identity
