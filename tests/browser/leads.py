"""A quarter of leads in a hub: two CRMs, one of which does not answer, overrides, outcomes, leads that wait for a person.

On top of `seed.py`, for looking at and testing. Scores come from the rule of `lead_builders`.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from cloud_sync.crm.leads import leads
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead, CrmScore
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, with_leads

PROBE = "<script>alert(1)</script>{{ 7 * 7 }}"
FIRMS = ("Nordwind", "Ostsee", "Alpen", "Hansa", "Rhein", "Elbe", "Isar", "Spree")
KINDS = ("Logistik", "Maschinenbau", "Pharma", "Möbel", "Software", "Metall")
REASONS = (
    ("asked for a demo: 31 % of such leads buy, average 11 %", "for"),
    ("came by a webinar: 22 % of such leads buy, average 11 %", "for"),
    ("no phone number given: 6 % of such leads buy, average 11 %", "against"),
    ("over 120 employees: 19 % of such leads buy, average 11 %", "for"),
)


def add_leads(hub: Hub, now: datetime, n: int = 120) -> None:
    """Fills `hub`; lead `1` is hot and has a course, `dead` waits for a person, `probe` is hostile."""
    rng = random.Random(3)
    here = with_leads(hub)
    here.clock.at = now
    names = [str(i) for i in range(1, n + 1)]
    for step in range(4):
        for name in names:
            size = 78 if name in ("1", "3") else rng.betavariate(1.2, 3) * 98 + 1
            at = now - timedelta(days=20 - 6 * step)
            firm = f"{rng.choice(FIRMS)} {rng.choice(KINDS)}"
            here.crm.put(
                name,
                at,
                size=round(size - 8 + 3 * step, 1) if name in ("1", "3") else round(size),
                company=firm,
            )
        here.clock.at = now - timedelta(days=20 - 6 * step)
        here.score(*names)
    here.crm.put("dead", size="large", company="Unbekannt")
    here.crm.put("probe", size=97, company=PROBE)
    here.score("dead", "probe")
    for name in names[60:64]:
        here.crm.put(name, now, outcome="won" if int(name) % 2 else "lost")
    here.score(*names[60:64])
    _dress(hub, names, now, rng)


def _dress(hub: Hub, names: list[str], now: datetime, rng: random.Random) -> None:
    """What write-back, people and another CRM leave."""
    with hub.database.transaction() as session:
        for name in (*names, "probe"):
            lead = session.get_one(CrmLead, (SALES, name))
            lead.reasons = [
                {
                    "text": PROBE if name == "probe" else text,
                    "direction": side,
                    "weight": 0.5,
                    "field": "x",
                }
                for text, side in sorted(rng.sample(REASONS, 3), key=lambda one: one[1] != "for")
            ]
            if name in (*names[:4], "probe"):
                lead.lot = (
                    1.0  # where they stand in the list is tested: none of them comes there by lot
                )
            if name == names[20]:
                lead.lot = 0.001
            if lead.points is None or name in names[:4]:
                continue
            lead.wrote_points, lead.wrote_band, lead.written = lead.points, lead.band, lead.version
            lead.write_at, lead.wrote_at = None, now - timedelta(minutes=rng.randint(1, 4000))
        failing = session.get_one(CrmLead, (SALES, names[2]))
        failing.write_error, failing.write_attempts = "the field lead_score is read-only", 3
        session.add(
            CrmEvent(
                connection=SALES, event_id="e1", object_id="1", what="changed", at=now, body={}
            )
        )
        session.add(
            CrmConnection(
                name="hubspot-emea", kind="hubspot", settings={"kind": "hubspot"}, project=LEADS,
                failures=7, open_until=now + timedelta(days=1), error="the token was revoked",
            )
        )  # fmt: skip
        leads.override(session, SALES, names[9], "hot", why="the board asked for us", who="admin")
        session.add(
            CrmScore(
                connection=SALES,
                object_id="1",
                version=9,
                override={"why": PROBE, "who": "x", "band": "hot"},
            )
        )
