"""An opened CRM is kept for all loops, and opened anew when a person changed something."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets, keep_api_secret, read_secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.scoring.learned import Learned
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.org import Org
from tests.cloud_sync.crm.servers import LOOPBACK, crm_server

NAME = "sales"


def row_of(hub: Hub) -> CrmConnection:
    with hub.database.session() as session:
        return session.get_one(CrmConnection, NAME)


def connect(hub: Hub, url: str = "https://acme.my.salesforce.com", **secrets: str) -> None:
    settings = CrmSettings(kind="salesforce", url=url, allow=LOOPBACK, columns=("Company",))
    connections.add(
        hub, NAME, settings, "", Secrets(api={"client_id": "app", **secrets}), by="test"
    )


def test_all_loops_have_the_same_crm_until_something_changes(hub: Hub) -> None:
    connect(hub, client_secret="a")
    opener = Opener(hub)
    first = opener(row_of(hub))
    assert opener(row_of(hub)) is first
    keep_api_secret(hub.config.keys_dir, NAME, "client_secret", "b")
    second = opener(row_of(hub))
    assert second is not first
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "min_change": 9}
    assert opener(row_of(hub)) is not second


def test_a_secret_that_the_crm_turned_over_is_kept_for_the_next_start(hub: Hub) -> None:
    org = Org()
    org.refresh, org.turned_over = "first", "second"
    with crm_server(org.act) as server:
        org.instance = server.url
        connect(hub, server.url, refresh_token="first")
        opener = Opener(hub)
        crm = opener(row_of(hub))
        assert len(crm.read([org.lead(1, Company="Acme")])) == 1
    assert read_secrets(hub.config.keys_dir, NAME).api["refresh_token"] == "second"
    assert opener(row_of(hub)) is crm  # it knows already


def test_columns_are_those_the_bundle_learned_from_unless_a_person_says_otherwise(hub: Hub) -> None:
    asked: list[str] = []

    def learned(project: str) -> Learned:
        asked.append(project)
        return Learned(("Industry",), "b1")

    connect(hub, client_secret="a")
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "columns": []}
    row = row_of(hub)
    row.project = "leads"
    crm = Opener(hub, learned)(row)
    assert vars(crm)["_settings"].columns == ("Industry",) and asked == ["leads"]


def test_a_connection_without_secrets_says_which_is_missing(hub: Hub, tmp_path: Path) -> None:
    connect(hub)
    with pytest.raises(ConfigError, match="secret") as caught:
        Opener(hub)(row_of(hub))
    assert "crm secret sales" in caught.value.fix
