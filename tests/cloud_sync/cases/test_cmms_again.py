"""A case that rises again after its order was done: what was found before says nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from cloud_sync.cases.closing import Finding, close
from cloud_sync.cmms.simulator import Simulator
from cloud_sync.effects.alerts import outbox_for
from kits.core.events import Stamp
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import step
from tests.cloud_sync.cases.case_builders import take as send
from tests.cloud_sync.cases.test_cmms import KINDS, Scene, scene_of, served


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with scene_of(request.param, tmp_path) as scene:
        yield scene


def rises_again(scene: Scene, seq: int) -> None:
    """By a window of after the closing, before its device heard of that."""
    at = utc_now()
    stamp = Stamp(wall=at, mono_ns=1_000_000, boot="b2", trust="ntp")
    send(scene.hub, step(seq, "escalated", at=at, since=at).model_copy(update={"at": stamp}))


def test_a_case_that_rises_again_after_its_order_was_done_gets_another_order(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    scene.done("NFF")
    assert scene.poll() == 1
    rises_again(scene, 2)
    assert scene.case().state == "open"
    assert scene.poll() == 0, "the order of before is done, and that was said"
    assert scene.case().state == "open"
    scene.deliver()
    _first, second = scene.simulator.orders
    assert scene.case().order_ref == f"{scene.cmms.name}:{second}"
    assert scene.poll() == 0
    scene.simulator.orders[second].update(
        {"stage": "Repaired", "x_cause": "BRG-OR", "status": "Closed", "custom_cause": "BRG-OR"}
    )
    assert scene.poll() == 1
    assert (scene.case().state, scene.case().cause) == ("closed", "outer_race")


def test_a_case_that_a_person_closed_too_early_goes_on_with_its_order(scene: Scene) -> None:
    send(scene.hub, step(1, "opened", 1))
    scene.deliver()
    config = scene.hub.config
    with scene.hub.database.transaction() as session:
        effects = outbox_for(config.notify, config.cmms, config.url)
        close(session, effects, scene.case().id, Finding("", "ann"))
    rises_again(scene, 2)
    scene.deliver(2)
    [ref] = scene.simulator.orders
    assert scene.case().order_ref == f"{scene.cmms.name}:{ref}"
    assert scene.case().state == "open"


def test_the_simulator_says_that_an_order_is_not_there() -> None:
    """The how-to's line works before the first case, too."""
    with served("odoo", Simulator()) as url:
        told = urllib3.request("POST", f"{url}/simulator/orders/1", json={"stage": "Repaired"})
    assert (told.status, told.json()) == (404, {"detail": "no order 1: there is none yet"})
