"""A hub that was restored leaves CRMs alone until a person goes on, and then trusts nothing that it noted of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_sync import backups, setup
from cloud_sync.cli import make_app
from cloud_sync.config import load
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.condition import conditions
from cloud_sync.crm.connection.restored import rest
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound.writing import Terms, claim
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, make_rule, with_leads


@pytest.fixture
def saved(tmp_path: Path) -> LeadHub:
    """A hub that was closed after a backup: `1` and `2` are written as they were scored, `3` waits, `4` is lost."""
    setup.init(tmp_path / "old", "admin", "four random words", {})
    here = with_leads(Hub.open(load(tmp_path / "old")))
    for name in "1234":
        here.crm.put(name, size=50)
    here.score(*"1234")
    here.crm.put("4", here.clock.tick(1), outcome="lost")
    here.score("4")
    with here.hub.database.transaction() as session:
        for name in "124":
            lead = session.get_one(CrmLead, (SALES, name))
            lead.wrote_points, lead.wrote_band, lead.written = lead.points, lead.band, lead.version
            lead.wrote_at, lead.write_at = here.clock(), None
        row = session.get_one(CrmConnection, SALES)
        row.kind, row.settings = "hubspot", {"kind": "hubspot"}
        sweeps.begin(row, here.clock(), here.clock())
        row.sweep_ended_at = row.swept_to = here.clock()
    backups.backup(here.hub, tmp_path / "hub.tar")
    here.hub.close()
    return here


@contextmanager
def again(saved: LeadHub, folder: Path) -> Iterator[LeadHub]:
    """The restored hub with the same CRM."""
    hub = Hub.open(load(folder))
    models = LeadModels(hub, make=make_rule)
    scoring = LeadScoring(hub, models, lambda _connection: saved.crm, now=saved.clock)
    yield LeadHub(hub, saved.crm, models, saved.clock, scoring)
    hub.close()


def to_write(here: LeadHub) -> set[str]:
    taken = claim(here.hub, here.connection(), Terms(50, 3, behind=True), "test", here.clock())
    return {one.object_id for one in taken.writes}


def test_a_restored_hub_asks_no_crm_and_writes_nothing_before_somebody_goes_on(
    saved: LeadHub, tmp_path: Path
) -> None:
    words = ["restore", str(tmp_path / "hub.tar"), "--data", str(tmp_path / "new")]
    done = CliRunner().invoke(make_app(), words)
    assert done.exit_code == 0 and f"cloud-sync crm resume {SALES}" in done.output
    asked = len(saved.crm.asked)
    with again(saved, tmp_path / "new") as here:
        here.clock.tick(60)
        here.drain()
        assert len(here.crm.asked) == asked and to_write(here) == set()
        with here.hub.database.session() as session:
            found = conditions(session, [here.connection()], here.clock())[SALES]
        assert found.state == "paused" and "restored from a backup" in found.why
        assert "crm resume sales" in found.why


def test_once_it_goes_on_it_reads_all_and_writes_what_it_noted_as_written(
    saved: LeadHub, tmp_path: Path
) -> None:
    assert backups.restore(tmp_path / "hub.tar", tmp_path / "new")["paused"] == [SALES]
    saved.crm.put("3", saved.clock.tick(60), opted_out=True)  # after the backup
    with again(saved, tmp_path / "new") as here:
        with here.hub.database.transaction() as session:
            leads.opt_out(session, SALES, "2", True, why="said again", who="ada")
        connections.pause(here.hub, SALES, by="ada", paused=False)
        assert to_write(here) == {"2"}, "no score before its lead was read again"
        here.drain()
        assert {name: here.lead(name).points for name in "123"} == {"1": 50, "2": None, "3": None}
        assert "1" in to_write(here)
        row = here.connection()
        assert sweeps.state_of(row) == "running" and row.sweep_since is None


def test_one_that_was_paused_or_only_listened_to_stays_as_it_was(
    saved: LeadHub, tmp_path: Path
) -> None:
    backups.restore(tmp_path / "hub.tar", tmp_path / "new")
    with again(saved, tmp_path / "new") as here:
        before = here.connection()
    assert rest(tmp_path / "new" / "hub.sqlite", utc_now()) == []
    with again(saved, tmp_path / "new") as here:
        assert (here.connection().paused_at, here.connection().sweep) == (before.paused_at, before.sweep)  # fmt: skip


def test_a_hub_without_tables_for_leads_has_nothing_to_pause(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "old.sqlite").close()
    assert rest(tmp_path / "old.sqlite", utc_now()) == []
