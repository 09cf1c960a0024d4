"""Builders for tests of writing scores: a hub, a HubSpot account, leads with scores, and a clock that the test turns."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring import storing
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.portal import SECRETS, Portal
from tests.cloud_sync.crm.servers import LOOPBACK, Server, crm_server
from tests.cloud_sync.fleet_builders import make_hub

NAME = "sales"
REASONS = (
    {"text": "asked for a demo", "direction": "for", "weight": 0.9, "field": "demo"},
    {"text": "no phone number", "direction": "against", "weight": -0.4, "field": "phone"},
)


@dataclass
class Scene:
    """A hub, a HubSpot account, and a clock that the test turns."""

    hub: Hub
    portal: Portal
    server: Server
    now: datetime = field(default_factory=utc_now)
    writes: Counter[str] = field(default_factory=Counter)

    def writer(self) -> WriteBack:
        return WriteBack(self.hub, Opener(self.hub), now=lambda: self.now, rng=random.Random(1))

    def score(self, lead: str, points: int | None, band: str = "hot", **more: Any) -> None:
        """What the scoring loop leaves in a lead's row."""
        with self.hub.database.transaction() as session:
            self._score(session, lead, points, band, more)

    def score_each(self, points: Mapping[str, int]) -> None:
        """The same of many leads that are scored together."""
        with self.hub.database.transaction() as session:
            for lead, each in points.items():
                self._score(session, lead, each, "hot", {})

    def _score(
        self, session: Session, lead: str, points: int | None, band: str, more: Mapping[str, Any]
    ) -> None:
        row = session.get(CrmLead, (NAME, lead))
        if row is None:
            row = CrmLead(connection=NAME, object_id=lead, version=0)
            session.add(row)
            session.flush()
        row.version += 1
        row.points, row.band = points, band if points is not None else ""
        row.probability = None if points is None else points / 100
        row.reasons = [] if points is None else [*REASONS]
        for name, value in more.items():
            setattr(row, name, value)
        storing.mark_write(row, storing.Rules(3, True), self.now)

    def lead(self, lead: str) -> CrmLead:
        with self.hub.database.session() as session:
            return session.get_one(CrmLead, (NAME, lead))

    def connection(self) -> CrmConnection:
        with self.hub.database.session() as session:
            return session.get_one(CrmConnection, NAME)

    def alerts(self) -> list[str]:
        with self.hub.database.session() as session:
            return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))

    def shown(self, lead: str) -> str:
        return self.portal.contacts[lead].get("kitwright_score", "")

    def settle(self, writer: WriteBack, turns: int = 60, **span: float) -> None:
        """Lets time go by until nothing waits."""
        for _ in range(turns):
            writer.step()
            self.now += timedelta(**(span or {"seconds": 30}))


@contextmanager
def writing_scene(folder: Path, database_url: str) -> Iterator[Scene]:
    """With 250 contacts and the fields scores are written to."""
    portal = Portal()
    portal.contacts = {str(n): {"email": f"{n}@x.example"} for n in range(250)}
    with crm_server(portal.act) as server, make_hub(folder, database_url=database_url) as hub:
        settings = CrmSettings.model_validate(
            {"kind": "hubspot", "url": server.url, "allow": LOOPBACK, "rate_per_10s": 5000,
             "columns": ["email"]}
        )  # fmt: skip
        connections.add(hub, NAME, settings, "", Secrets(api=SECRETS), by="test")
        scene = Scene(hub, portal, server)
        with hub.database.session() as session:
            row = session.get_one(CrmConnection, NAME)
        Opener(hub)(row).make_fields()
        server.asked.clear()
        yield scene
