"""The API of leads, a hub behind it, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

from cloud_sync.hub import Hub
from tests.cloud_sync.crm.lead_builders import (
    LeadHub,
    with_leads,
)
from tests.cloud_sync.hub_builders import add_person, open_hub


@contextmanager
def opened(folder: Path, **settings: object) -> Iterator[tuple[TestClient, LeadHub]]:
    with open_hub(folder, **settings) as (client, hub):
        here = with_leads(hub)
        client.app.state.lead_desk.models = here.models
        yield client, here


def asker(hub: Hub, role: str = "viewer") -> dict[str, str]:
    return add_person(hub, f"a-{role}", role)


def lead(size: object, name: str = "1") -> dict[str, object]:
    return {"id": name, "fields": {"size": size}}
