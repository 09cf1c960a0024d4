"""A program that remembers keys takes each score once, and no score for one it had before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync import backups, setup
from cloud_sync.config import load
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring import storing
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.servers import LOOPBACK, Asked, Reply, Server, crm_server
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.receivers import SECRET_TEXT

NAME = "mine"


class Careful:
    """Takes each message and each key once, as the reference says."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.shows: int | None = None
        self.taken = 0

    def act(self, asked: Asked) -> Reply:
        message = asked.headers["webhook-id"]
        for lead in asked.body["data"]["leads"]:
            if not {message, lead["key"]} & self.seen:
                self.shows, self.taken = lead["points"], self.taken + 1
            self.seen |= {message, lead["key"]}
        return Reply(None, 204)


@pytest.fixture
def program() -> Careful:
    return Careful()


@pytest.fixture
def server(program: Careful) -> Iterator[Server]:
    with crm_server(program.act) as server:
        yield server


def _add(hub: Hub, server: Server) -> None:
    settings = CrmSettings.model_validate(
        {"kind": "webhook", "url": server.url, "allow": LOOPBACK, "rate_per_10s": 1000}
    )
    connections.add(hub, NAME, settings, "", Secrets(api={"secret": SECRET_TEXT}), by="test")


def _score(hub: Hub, points: int | None) -> None:
    """What scoring leaves: another version of the lead, and where it stands in its course."""
    with hub.database.transaction() as session:
        lead = session.get(CrmLead, (NAME, "7"))
        if lead is None:
            lead = CrmLead(connection=NAME, object_id="7", version=0)
            session.add(lead)
            session.flush()
        lead.version += 1
        lead.points, lead.band = points, "hot" if points else ""
        lead.probability = points / 100 if points else None
        storing.mark_write(lead, storing.Rules(3, True), utc_now())
        session.add(storing.course_of(lead, utc_now()))


def _write(hub: Hub, later: timedelta = timedelta()) -> None:
    WriteBack(hub, Opener(hub), now=lambda: utc_now() + later).step()


def test_after_a_lost_answer_the_score_has_its_key_again(
    tmp_path: Path, database_url: str, program: Careful, server: Server
) -> None:
    with make_hub(tmp_path, database_url=database_url) as hub:
        _add(hub, server)
        _score(hub, 30)
        server.lose_answer()
        _write(hub)
        _write(hub, timedelta(hours=1))
    assert len(server.asked) == 2
    assert (program.shows, program.taken) == (30, 1)


def test_a_connection_that_was_added_again_is_believed_anew(
    tmp_path: Path, database_url: str, program: Careful, server: Server
) -> None:
    with make_hub(tmp_path, database_url=database_url) as hub:
        for scores in ((30, None), (80, None)):
            _add(hub, server)
            for points in scores:
                _score(hub, points)
                _write(hub)
                assert program.shows == points
            connections.remove(hub, NAME, by="test")


def test_a_hub_that_was_restored_is_believed_too(
    tmp_path: Path, program: Careful, server: Server
) -> None:
    setup.init(tmp_path / "old", "admin", "four random words", {})
    hub = Hub.open(load(tmp_path / "old"))
    _add(hub, server)
    _score(hub, 30)
    _write(hub)
    backups.backup(hub, tmp_path / "hub.tar")
    _score(hub, 80)
    _write(hub)
    hub.close()
    backups.restore(tmp_path / "hub.tar", tmp_path / "new")
    restored = Hub.open(load(tmp_path / "new"))
    _score(restored, 5)
    _write(restored)
    restored.close()
    assert program.shows == 5
