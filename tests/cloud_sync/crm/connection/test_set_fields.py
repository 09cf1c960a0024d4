"""Fields that new settings name: they are there before a score goes into them, and scores that waited for them follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cloud_sync.cli import make_app
from cloud_sync.config import dump
from cloud_sync.crm.connection import connections, settling
from cloud_sync.crm.connection.changing import Edit, Plan, plan
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.builders import write_private
from tests.cloud_sync.crm.writing_builders import NAME, Scene, writing_scene

Run = Callable[..., None]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with writing_scene(tmp_path, "") as made:
        config = made.hub.config
        (config.data_dir / "hub.yaml").write_text(dump(config))
        yield made


@pytest.fixture
def run(scene: Scene) -> Run:
    app, runner = make_app(), CliRunner()

    def call(*words: str, code: int = 0) -> None:
        found = runner.invoke(app, ["crm", *words, "--data", str(scene.hub.config.data_dir)])
        assert found.exit_code == code, (found.output, found.exception)

    return call


@pytest.fixture
def there(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the account had the new field whenever settings came to count."""
    found: list[bool] = []
    change = settling.change

    def changing(*given: Any, **named: Any) -> Plan:
        found.append("ours" in scene.portal.properties)
        return change(*given, **named)

    monkeypatch.setattr(settling, "change", changing)
    return found


def test_they_are_made_before_the_settings_count(scene: Scene, run: Run, there: list[bool]) -> None:
    run("set", NAME, "fields.points=ours")
    assert there == [True]


def test_with_new_secrets_they_are_made_with_those(
    scene: Scene, run: Run, there: list[bool], tmp_path: Path
) -> None:
    """Which count together with the settings, and not before."""
    secrets = tmp_path / "secrets.json"
    write_private(secrets, '{"api": {"token": "pat-eu1-secret"}}')
    run("set", NAME, "fields.points=ours", "--secrets-file", str(secrets))
    assert there == [False] and "ours" in scene.portal.properties


def test_none_are_made_when_nobody_wants_it(scene: Scene, run: Run) -> None:
    run("set", NAME, "fields.points=ours", "--dry-run")
    run("set", NAME, "fields.points=ours", "--no-fields")
    run("set", NAME, "min_change=7")
    assert "ours" not in scene.portal.properties


def test_what_another_changes_at_the_same_time_is_made_too(
    scene: Scene, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = settling.planned
    other = Edit({"fields.band": "theirs"})

    def then(hub: Hub, name: str, plan_of: Callable[[CrmSettings, str], Plan]) -> Plan:
        found = planned(hub, name, plan_of)
        settling.change(hub, name, lambda now, project: plan(now, project, other, "x"), by="bob")
        return found

    monkeypatch.setattr(settling, "planned", then)
    run("set", NAME, "fields.points=ours")
    fields = connections.open_connection(scene.hub, NAME).settings.fields
    assert (fields.points, fields.band) == ("ours", "theirs")
    assert {"ours", "theirs"} <= scene.portal.properties.keys()


def test_scores_that_waited_for_them_are_written_once_they_are_made(scene: Scene, run: Run) -> None:
    scene.portal.properties.pop("kitwright_band")
    for name in ("1", "2"):
        scene.score(name, 40)
    scene.settle(scene.writer(), 6)
    with scene.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (NAME, "2"))
        lead.dead = "write: no such field"
        row = session.get_one(CrmConnection, NAME)
        row.open_until = utc_now() + timedelta(minutes=4)
    assert scene.shown("1") == scene.shown("2") == ""
    run("fields", NAME)
    scene.now = utc_now()
    writer = scene.writer()
    assert [writer.step() for _ in range(3)] == [1, 1, 0]  # the first tries whether it is back
    assert scene.shown("1") == scene.shown("2") == "40"


def test_a_field_that_was_deleted_is_filled_again_for_every_lead(scene: Scene, run: Run) -> None:
    """It is empty when it is made, also for leads whose score did not move meanwhile."""
    scene.score("1", 40)
    scene.settle(scene.writer(), 3)
    run("fields", NAME)
    scene.now = utc_now()
    assert scene.writer().step() == 0, "nothing was missing"
    scene.portal.properties.pop("kitwright_score")
    scene.portal.contacts["1"].pop("kitwright_score")
    run("fields", NAME)
    scene.now = utc_now()
    assert scene.writer().step() == 1 and scene.shown("1") == "40"


def test_scores_go_on_waiting_while_they_cannot_be_made(scene: Scene, run: Run) -> None:
    scene.portal.properties.pop("kitwright_band")
    scene.portal.missing_scopes.add("crm.schemas.contacts.write")
    scene.score("1", 40, dead="write: no such field")
    run("fields", NAME, code=5)
    assert scene.lead("1").dead == "write: no such field"


def test_where_no_scores_are_written_none_are_due(scene: Scene, run: Run) -> None:
    scene.score("1", 40, dead="write: no such field")
    run("set", NAME, "--no-write")
    run("fields", NAME)
    assert (scene.lead("1").write_at, scene.lead("1").dead) == (None, "write: no such field")
    run("set", NAME, "--write")
    assert scene.lead("1").write_at is not None and scene.lead("1").dead == ""
