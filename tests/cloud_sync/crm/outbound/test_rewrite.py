"""`cloud-sync crm rewrite`: a CRM that lost its scores, as one restored from a backup, gets them all again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.connection.settling import write_all
from cloud_sync.crm.scoring.storing import GONE
from cloud_sync.store.models import AuditLog, CrmConnection, CrmLead
from kits.core.errors import UsageError
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with writing_scene(tmp_path, database_url) as made:
        yield made


def test_all_scores_are_written_again_and_once(scene: Scene) -> None:
    for name, points in (("1", 40), ("2", 70), ("3", 20), ("4", 55)):
        scene.score(name, points)
    scene.settle(scene.writer(), 3)
    scene.score("3", None, opted_out=True)
    scene.settle(scene.writer(), 3)
    with scene.hub.database.transaction() as session:
        session.get_one(CrmLead, (NAME, "4")).state = GONE
    for fields in scene.portal.contacts.values():
        fields.pop("kitwright_score", None)
    scene.settle(scene.writer(), 3)
    assert scene.shown("1") == scene.shown("2") == ""  # nobody told the hub, and no score moved
    with scene.hub.database.transaction() as session:
        assert write_all(session, NAME, scene.now, by="ann") == 2
        [entry] = session.scalars(select(AuditLog).where(AuditLog.what == "crm rewrite"))
        assert (entry.who, entry.target, entry.details) == ("ann", NAME, {"leads": 2})
    scene.settle(scene.writer(), 3)
    assert [scene.shown(name) for name in "1234"] == ["40", "70", "", ""]
    scene.server.asked.clear()
    scene.settle(scene.writer(), 3)
    assert not scene.server.asked


def test_the_command_says_how_many_and_refuses_where_none_are_written(tmp_path: Path) -> None:
    with writing_scene(tmp_path, "") as scene:
        config = scene.hub.config
        (config.data_dir / "hub.yaml").write_text(dump(config))
        scene.score("1", 40)
        scene.settle(scene.writer(), 3)
        words = ["crm", "rewrite", NAME, "--json", "--data", str(config.data_dir)]
        said = CliRunner().invoke(make_app(), words)
        assert json.loads(said.stdout) == {"name": NAME, "leads": 1}
        with scene.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, NAME)
            row.settings = {**row.settings, "write": False}
        with (
            scene.hub.database.transaction() as session,
            pytest.raises(UsageError, match="no scores are written"),
        ):
            write_all(session, NAME, scene.now, by="ann")
