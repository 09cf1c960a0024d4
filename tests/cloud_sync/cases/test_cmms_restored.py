"""A hub that was restored tells a CMMS again what it told since the backup: no case gets a second order."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_sync import backups
from cloud_sync.cmms.start import cmms_targets
from cloud_sync.config import dump, load
from cloud_sync.effects.dispatcher import Dispatcher
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case
from tests.cloud_sync.cases.case_builders import CASE, step
from tests.cloud_sync.cases.case_builders import take as send
from tests.cloud_sync.cases.test_cmms import KEY, KINDS, scene_of


@pytest.mark.parametrize("kind", KINDS)
def test_what_waited_at_the_backup_finds_the_order_that_was_made_since(
    kind: str, tmp_path: Path
) -> None:
    with scene_of(kind, tmp_path / "hub") as scene:
        send(scene.hub, step(1, "opened", 1, level="warn"), step(2, "escalated", 3))
        (tmp_path / "hub" / "hub.yaml").write_text(dump(scene.hub.config))
        backups.backup(scene.hub, tmp_path / "hub.tar")
        scene.deliver()
        [ref] = scene.simulator.orders
        assert backups.restore(tmp_path / "hub.tar", tmp_path / "new")["waiting"]
        again = Hub.open(load(tmp_path / "new"))
        targets = cmms_targets(again, {"KITWRIGHT_CMMS_KEY": KEY})
        dispatcher = Dispatcher(again, targets, now=lambda: scene.now[0])
        dispatcher.step()
        assert [*scene.simulator.orders] == [ref]
        with again.database.session() as session:
            assert session.get_one(Case, CASE).order_ref == f"{scene.cmms.name}:{ref}"
        again.close()
