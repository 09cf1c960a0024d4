"""What a person does to a CRM's connection, and what the hub does by itself, each as a function that may be cut off anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_sync.config import load
from cloud_sync.crm.connection import connections, secrets
from cloud_sync.crm.connection.changing import Edit, plan
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.connection.settling import change
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.hub import Hub
from cloud_sync.store.db import migrate
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, make_rule

API = {"token": "pat-old"}
NEW = {"token": "pat-new"}
OTHER = "https://other.example"


@contextmanager
def opened(folder: Path) -> Iterator[Hub]:
    hub = Hub.open(load(folder))
    try:
        yield hub
    finally:
        hub.close()


def add(folder: Path, settings: dict[str, object], api: dict[str, str]) -> None:
    """As `cloud-sync crm add`."""
    with opened(folder) as hub:
        made = CrmSettings.model_validate(settings)
        connections.add(hub, SALES, made, LEADS, Secrets(("whsec",), api), by="ada")
        make_fields(hub)


def make_fields(hub: Hub) -> None:
    """As `cloud-sync crm fields`."""
    crm = open_crm(connections.access_of(hub, connections.open_connection(hub, SALES)))
    assert all(check.ok for check in crm.make_fields())


def fields(folder: Path) -> None:
    """The same, with a hub of its own."""
    with opened(folder) as hub:
        make_fields(hub)


def move(folder: Path) -> None:
    """As `cloud-sync crm set url=… --secrets-file …`."""
    with opened(folder) as hub:
        edit = Edit({"url": OTHER})
        change(hub, SALES, lambda s, p: plan(s, p, edit, "test"), by="ada", api=NEW)


def rotate(folder: Path) -> None:
    """As `cloud-sync crm secret`, with a secret of one's own."""
    with opened(folder) as hub:
        secrets.add_webhook_secret(hub.config.keys_dir, SALES, "the-new-one")


def look(folder: Path) -> None:
    """The hub finds a newer release."""
    with opened(folder) as hub:
        LeadModels(hub, make=make_rule).look(LEADS)


def bring_up(folder: Path) -> None:
    """The hub brings its tables to this version."""
    with opened(folder) as hub:
        migrate(hub.database)
