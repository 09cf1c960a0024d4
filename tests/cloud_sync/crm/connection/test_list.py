"""`cloud-sync crm list`: a row for each connection, however much a CRM has to say and however wide the terminal is."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead, Project
from tests.cloud_sync.fleet_builders import make_hub

LONG = "the CRM says: \n" + "a token that has ended, and " * 9
AT = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "hub"
    with make_hub(folder) as hub:
        (folder / "hub.yaml").write_text(dump(hub.config))
        with hub.database.transaction() as session:
            session.add(Project(name="leads-of-europe", kit="lead-scoring", kit_yaml=""))
        for name in ("hubspot-sales", "odoo"):
            kind = name.partition("-")[0]
            settings = CrmSettings.model_validate({"kind": kind})
            connections.add(hub, name, settings, "leads-of-europe", Secrets(), by="ann")
        with hub.database.transaction() as session:
            row = session.get_one(CrmConnection, "hubspot-sales")
            row.failures, row.error, row.sweep, row.sweep_listed = 3, LONG, 1, 12345
            session.add(CrmLead(connection="odoo", object_id="1", dead="no such column"))
            session.add(CrmEvent(connection="odoo", event_id="1", object_id="1", what="changed", at=AT, body={}, received_at=AT))  # fmt: skip
    return folder


def listed(data: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    found = CliRunner().invoke(make_app(), ["crm", "list", "--data", str(data)])
    assert found.exit_code == 0, found.output
    return found.stdout.splitlines()


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_a_connection_is_one_row_no_wider_than_the_terminal(
    data: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    *rows, last = listed(data, monkeypatch, columns)
    assert len(rows) == 3 and max(map(len, rows)) <= columns
    assert "failing: the CR" in rows[1] and "…" in rows[1]
    assert "under way: 12,345" in rows[1]
    assert "crm retry odoo" in last


def test_what_there_is_no_room_for_is_left_out_and_all_is_in_json(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow, wide = (listed(data, monkeypatch, columns)[0].split() for columns in (80, 200))
    assert listed(data, monkeypatch, 200)[2].endswith(" UTC"), "pages show the reader's own time"
    assert "kind" not in narrow and "kind" in wide and "event" in wide
    found = CliRunner().invoke(make_app(), ["crm", "list", "--json", "--data", str(data)])
    assert json.loads(found.stdout)[0]["error"] == LONG
