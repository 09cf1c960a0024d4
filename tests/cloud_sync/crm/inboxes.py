"""Hubs whose inbox takes messages of CRMs, and what is in them afterwards."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType

import pytest
from sqlalchemy import select

from cloud_sync.crm.inbound.inbox import Inbox
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent, CrmLead
from tests.cloud_sync.crm.builders import (
    HUB,
    NOW,
    signed,
)
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.postgres import drop_database, url_of

AT = datetime.fromtimestamp(NOW, timezone.utc)
NONE: MappingProxyType[str, str] = MappingProxyType({})


EVERYWHERE = pytest.mark.parametrize("hub", ["sqlite", "postgresql"], indirect=True)
"""For what is said in SQL."""


def sent(inbox: Inbox, *events: dict[str, object], scheme: str = "hubspot-v3") -> bytes:
    return inbox.take("crm", signed(scheme, json.dumps(events).encode())).body


def leads(hub: Hub) -> dict[str, CrmLead]:
    with hub.database.session() as session:
        return {lead.object_id: lead for lead in session.scalars(select(CrmLead))}


def events(hub: Hub) -> list[CrmEvent]:
    with hub.database.session() as session:
        return list(session.scalars(select(CrmEvent).order_by(CrmEvent.event_id)))


def counted(hub: Hub, name: str) -> dict[str, int]:
    """Label → count."""
    metric = getattr(hub.metrics, name)
    found = [s for family in metric.collect() for s in family.samples if s.name.endswith("_total")]
    return {"".join(s.labels.values()): int(s.value) for s in found if s.value}


@contextmanager
def opened_hub(folder: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """On SQLite, or on what the test's `hub` is parametrised with."""
    if getattr(request, "param", "sqlite") == "sqlite":
        with make_hub(folder, public_url=HUB) as made:
            yield made
        return
    cluster = request.getfixturevalue("cluster")
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(folder, public_url=HUB, database_url=url) as made:
        yield made
    drop_database(cluster, url)
