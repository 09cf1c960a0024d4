"""The hub's database on a full disk: told as one by each verb, by the doctor and over HTTP; it was called damaged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync import setup
from cloud_sync.cli import make_app
from cloud_sync.store.models import ApiToken
from kits.core.errors import MachineError
from kits.core.sample import utc_now
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.small_disks import MakeDisk, fill

PAGE = {"accept": "text/html"}


@pytest.fixture
def disk(make_disk: MakeDisk) -> Path:
    return make_disk(8)


@pytest.mark.parametrize("verb", [("user", "list"), ("token", "add", "x"), ("serve",)])
def test_a_hub_that_ended_on_a_full_disk_is_not_to_be_restored(
    disk: Path, verb: tuple[str, ...]
) -> None:
    setup.init(disk / "hub", "admin", "four random words", {})
    (disk / "hub" / "tables.lock").touch()
    (disk / "hub" / "tables-turn.lock").touch()
    filler = fill(disk)
    words = [*verb, "--data", str(disk / "hub")]
    with pytest.raises(MachineError, match="no room on the disk"):
        make_app()(words, standalone_mode=False)
    found = {finding.check: finding for finding in setup.doctor(disk / "hub")}["database"]
    assert not found.ok
    assert "no room on the disk" in found.found
    assert "make room" in found.fix and "restore" not in found.fix
    filler.unlink()
    assert {one.check: one for one in setup.doctor(disk / "hub")}["database"].ok


def test_a_hub_that_runs_on_a_full_disk_says_so_and_shows_its_pages(disk: Path) -> None:
    with open_hub(disk) as (client, hub):
        person = add_person(hub, "eve", "admin", "a password")
        with hub.database.transaction() as session:  # the next request is to note that it came
            earlier = utc_now() - timedelta(hours=1)
            session.execute(update(ApiToken).values(last_used_at=earlier))
        with hub.database.engine.connect() as connection:  # its journal is to grow
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        filler = fill(disk)
        seen = client.get("/", headers={**person, **PAGE})
        assert seen.status_code == 200
        said = client.post("/v1/tokens", headers=person, json={"name": "x", "login": "eve"})
        assert said.status_code == 503
        assert "no room on the disk" in said.json()["what"]
        shown = client.post("/login", headers=PAGE, data={"login": "eve", "password": "a password"})
        assert shown.status_code == 503
        assert "make room there" in shown.text
        filler.unlink()
        done = client.post("/v1/tokens", headers=person, json={"name": "x", "login": "eve"})
        assert done.status_code < 300
