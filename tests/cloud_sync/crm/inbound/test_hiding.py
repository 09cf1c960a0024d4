"""A CRM that suddenly shows far fewer leads, because a right was lost: they are held and told of, not taken for gone."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select

from cloud_sync.crm.connection import connections, health
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound import hiding
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmLead
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    Clock,
    lead_bundle,
    make_rule,
    release_bundle,
    sweep_whole,
)
from tests.cloud_sync.fleet_builders import make_hub

LEADS_THERE = 30


@dataclass
class Scene:
    """A hub with the loops that read and list, and a pretended HubSpot."""

    hub: Hub
    simulator: Simulator
    url: str
    clock: Clock
    scoring: LeadScoring
    sweeping: Sweeping

    def hide(self, share: float) -> None:
        """The hub's user loses the right to see so many."""
        content = json.dumps({"share": share}).encode()
        asked = urllib.request.Request(f"{self.url}/simulator/hidden", content, {"content-type": "application/json"})  # fmt: skip
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200

    def sweep(self) -> None:
        """The next one that lists everything."""
        sweep_whole(self.hub, self.sweeping, self.clock)

    def read(self, turns: int = 12) -> None:
        """Lets some hours go by."""
        for _ in range(turns):
            while self.scoring.serve(SALES)[0]:
                pass
            self.clock.tick(600)

    def due(self) -> None:
        """An event of each lead has come."""
        with self.hub.database.transaction() as session:
            for lead in session.scalars(select(CrmLead)):
                lead.due_at = self.clock()
                lead.due_mark += 1

    def states(self) -> dict[str, int]:
        with self.hub.database.session() as session:
            query = select(CrmLead.state, func.count()).group_by(CrmLead.state)
            return {row[0]: row[1] for row in session.execute(query)}

    def _count(self, *wanted: ColumnElement[bool]) -> int:
        with self.hub.database.session() as session:
            return session.scalar(select(func.count()).select_from(CrmLead).where(*wanted)) or 0

    def marked(self) -> int:
        return self._count(CrmLead.error == hiding.MISSED)

    def waiting(self) -> int:
        """How many are to be read."""
        return self._count(CrmLead.due_at.is_not(None))

    def alerts(self) -> list[str]:
        with self.hub.database.session() as session:
            return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))

    def state(self) -> str:
        with self.hub.database.session() as session:
            return health.connections(session, self.clock())[0].state


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    simulator = Simulator("hubspot", seed=4, limit=0)
    for number in range(LEADS_THERE):
        simulator.add({**simulator.world.lead(), "size": 20 + number})
    with serve(simulator) as url, make_hub(tmp_path) as hub:
        release_bundle(hub, lead_bundle())
        settings = CrmSettings(
            kind="hubspot", url=url, allow=("127.0.0.0/8",), rate_per_10s=50_000, write=False
        )
        connections.add(hub, SALES, settings, LEADS, simulator.secrets, by="t")
        clock, opener, rng = Clock(), Opener(hub), random.Random(1)
        scoring = LeadScoring(hub, LeadModels(hub, make=make_rule), opener, now=clock, rng=rng)
        sweeping = Sweeping(hub, opener, now=clock, rng=rng)
        made = Scene(hub, simulator, url, clock, scoring, sweeping)
        made.sweep()
        made.read(1)
        assert made.states() == {"open": LEADS_THERE}
        yield made


def test_leads_that_a_list_leaves_out_all_at_once_are_held_and_told_of(scene: Scene) -> None:
    scene.hide(1)
    scene.sweep()
    scene.read()
    assert (scene.states(), scene.state()) == ({"open": LEADS_THERE}, "leads hidden")
    assert scene.alerts() == [hiding.HIDDEN]
    scene.hide(0)
    scene.sweep()
    scene.read()
    assert (scene.states(), scene.state()) == ({"open": LEADS_THERE}, "in order")
    assert scene.alerts() == []


def test_of_many_leads_that_a_list_leaves_out_only_some_are_asked_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hiding, "PROBED", 4)
    scene.hide(1)
    scene.sweep()
    scene.read()
    assert (scene.marked(), scene.waiting()) == (LEADS_THERE, 4)
    assert scene.alerts() == [hiding.HIDDEN]
    scene.hide(0)  # and no sweep comes by
    scene.read(40)
    assert (scene.marked(), scene.waiting(), scene.alerts()) == (0, 0, [])


def test_a_list_that_leaves_out_leads_which_are_there_makes_no_alarm(scene: Scene) -> None:
    scene.hide(1)
    scene.sweep()
    scene.hide(0)
    scene.read()
    assert (scene.states(), scene.marked()) == ({"open": LEADS_THERE}, 0)
    assert scene.alerts() == []


@pytest.mark.slow
def test_leads_that_are_not_there_when_they_are_read_are_held_too(scene: Scene) -> None:
    """No sweep comes by: a new bundle has all of them read, for example."""
    scene.hide(0.5)
    scene.due()
    scene.read()
    assert scene.states() == {"open": LEADS_THERE}
    assert (scene.state(), scene.alerts()) == ("leads hidden", [hiding.HIDDEN])
    requests = scene.simulator.troubles.count
    scene.read(50)
    assert scene.simulator.troubles.count - requests < 25  # less and less often
    scene.hide(0)
    scene.read(40)
    assert (scene.states(), scene.state()) == ({"open": LEADS_THERE}, "in order")


def test_a_few_leads_that_are_not_there_are_gone(scene: Scene) -> None:
    for held in list(scene.simulator.records)[:5]:
        scene.simulator.records.remove(held.object_id)
    scene.sweep()
    scene.read()
    assert (scene.states(), scene.alerts()) == ({"open": LEADS_THERE - 5, "gone": 5}, [])


@pytest.mark.slow
def test_leads_that_go_by_and_by_are_held_when_they_are_too_many_for_a_day(scene: Scene) -> None:
    for portion in range(4):
        for held in list(scene.simulator.records)[3 * portion : 3 * portion + 3]:
            scene.simulator.records.remove(held.object_id)
        scene.due()
        scene.read(8)
    assert scene.states() == {"open": LEADS_THERE - 6, "gone": 6}
    assert scene.alerts() == [hiding.HIDDEN]


def test_a_person_says_that_they_are_gone_indeed(scene: Scene) -> None:
    scene.hide(1)
    scene.sweep()
    scene.read()
    with scene.hub.database.transaction() as session:
        assert hiding.believe(session, SALES, scene.clock(), by="ada") == LEADS_THERE
    scene.read(1)
    assert (scene.states(), scene.alerts()) == ({"gone": LEADS_THERE}, [])
    assert scene.state() == "in order"
    scene.hide(0)
    scene.sweep()
    scene.read()
    assert scene.states() == {"open": LEADS_THERE}  # they come back by themselves


def test_a_lead_that_an_event_told_of_and_nobody_ever_read_makes_no_alarm(scene: Scene) -> None:
    with scene.hub.database.transaction() as session:
        for number in range(40):
            session.add(CrmLead(connection=SALES, object_id=str(9000 + number), due_at=scene.clock()))  # fmt: skip
    scene.read()
    assert (scene.states(), scene.alerts()) == ({"open": LEADS_THERE, "gone": 40}, [])
