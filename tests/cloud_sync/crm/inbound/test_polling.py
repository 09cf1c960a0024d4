"""CRMs that are asked for changes: each is taken, once, whatever happens to the hub and to them."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.window import Window
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.polling import Polling
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection, CrmEvent, CrmLead
from kits.core.sample import utc_now
from tests.cloud_sync.crm.servers import LOOPBACK
from tests.cloud_sync.fleet_builders import make_hub
from tests.waiting import wait_for

pytestmark = pytest.mark.postgresql_in_all

NAME = "sales"


@dataclass
class Scene:
    """A hub that asks a pretended CRM; by how much that one's clock is behind its messages."""

    hub: Hub
    simulator: Simulator
    behind_s: list[float]
    now: datetime = field(default_factory=utc_now)

    def poller(self) -> Polling:
        return Polling(self.hub, Opener(self.hub), now=lambda: self.now, rng=random.Random(1))

    def ask(self, poller: Polling) -> int:
        """Until nothing more comes; how many events were told."""
        told = 0
        while True:
            found, pause_s = poller.serve(NAME)
            told += found
            if pause_s > 1:
                return told

    def due(self) -> set[str]:
        with self.hub.database.session() as session:
            query = select(CrmLead.object_id).where(CrmLead.due_at.is_not(None))
            return set(session.scalars(query))

    def events(self) -> int:
        with self.hub.database.session() as session:
            return session.scalar(select(func.count()).select_from(CrmEvent)) or 0

    def connection(self) -> CrmConnection:
        with self.hub.database.session() as session:
            return session.get_one(CrmConnection, NAME)


@pytest.fixture(params=["odoo", "hubspot"])
def scene(
    tmp_path: Path, database_url: str, request: pytest.FixtureRequest, searches_at_once: None
) -> Iterator[Scene]:
    behind_s = [0.0]

    def now() -> datetime:
        return datetime.now(timezone.utc) - timedelta(seconds=behind_s[0])

    simulator = Simulator(request.param, seed=2, limit=0, now=now)
    with serve(simulator) as url, make_hub(tmp_path, database_url=database_url) as hub:
        settings = CrmSettings(
            kind=request.param, url=url, allow=LOOPBACK, rate_per_10s=5000, poll_s=30,
            options={"events": "poll"},
        )  # fmt: skip
        secrets = Secrets(api=simulator.secrets.api)
        connections.add(hub, NAME, settings, "", secrets, by="test")
        yield Scene(hub, simulator, behind_s)


def test_what_was_there_before_is_not_told_and_each_change_is(scene: Scene) -> None:
    scene.behind_s[0] = 600
    scene.simulator.make(5, quiet=True)
    scene.behind_s[0] = 0
    poller = scene.poller()
    assert scene.ask(poller) == 0
    new = {held.object_id for held in scene.simulator.make(3, quiet=True)}
    wait_for(lambda: scene.ask(poller) > 0)
    assert scene.due() == new


def test_events_that_come_twice_make_nothing_due_again(scene: Scene) -> None:
    poller = scene.poller()
    scene.ask(poller)
    [held] = scene.simulator.make(1, quiet=True)
    wait_for(lambda: scene.ask(poller) > 0)
    assert scene.events() == 1
    with scene.hub.database.transaction() as session:
        session.get_one(CrmLead, (NAME, held.object_id)).due_at = None
    wait_for(lambda: scene.ask(poller) > 0)  # the span begins before the end of the last one
    assert scene.due() == set() and scene.events() == 1


def test_a_change_that_is_shown_a_minute_late_is_told(scene: Scene) -> None:
    """A long transaction in Odoo, the index of HubSpot's search: the record says when it changed, not when that is seen."""
    begun = utc_now() - timedelta(minutes=5)
    with scene.hub.database.transaction() as session:
        session.get_one(CrmConnection, NAME).cursor = Window(begun, begun).text()
    poller = scene.poller()
    assert scene.ask(poller) == 0
    scene.behind_s[0] = 60
    [late] = scene.simulator.make(1, quiet=True)
    assert scene.ask(poller) == 1
    assert scene.due() == {late.object_id}


def test_a_hub_that_dies_before_its_commit_asks_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = scene.poller()
    scene.ask(poller)
    [held] = scene.simulator.make(1, quiet=True)
    cursor = scene.connection().cursor
    with monkeypatch.context() as dying:

        def die(*_args: object) -> None:
            raise KeyboardInterrupt

        dying.setattr("cloud_sync.crm.inbound.polling.take", die)
        with pytest.raises(KeyboardInterrupt):
            wait_for(lambda: scene.ask(poller) > 0)
    assert scene.events() == 0
    assert scene.connection().cursor >= cursor
    wait_for(lambda: scene.ask(scene.poller()) > 0)
    assert scene.due() == {held.object_id}


def test_a_crm_that_is_down_is_left_alone_told_of_and_then_asked_for_all_of_it(
    scene: Scene,
) -> None:
    poller = scene.poller()
    scene.ask(poller)
    ids = {held.object_id for held in scene.simulator.make(4, quiet=True)}
    time.sleep(1.1)  # its clock tells seconds
    scene.simulator.troubles.extend(["503"] * 1000)
    before = scene.simulator.troubles.count
    for _ in range(50):
        poller.serve(NAME)
        scene.now += timedelta(seconds=30)
    assert 5 < scene.simulator.troubles.count - before < 25
    with scene.hub.database.session() as session:
        assert session.scalars(select(Alert.name)).all() == [breaker.UNREACHABLE]
    scene.simulator.troubles.waiting.clear()
    scene.now += timedelta(minutes=10)
    wait_for(lambda: scene.ask(poller) > 0)
    assert scene.due() == ids
    with scene.hub.database.session() as session:
        assert session.scalars(select(Alert.seen_by)).all() == ["hub: over"]


def test_a_cursor_that_cannot_be_read_begins_anew(scene: Scene) -> None:
    poller = scene.poller()
    with scene.hub.database.transaction() as session:
        session.get_one(CrmConnection, NAME).cursor = "rubbish"
    poller.serve(NAME)
    assert scene.connection().cursor.startswith('["')


def test_a_connection_that_is_paused_or_tells_by_itself_is_not_asked(scene: Scene) -> None:
    connections.pause(scene.hub, NAME, by="test", paused=True)
    before = scene.simulator.troubles.count
    assert scene.poller().serve(NAME)[0] == 0
    connections.pause(scene.hub, NAME, by="test", paused=False)
    with scene.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, NAME)
        row.settings = {**row.settings, "options": {"events": "messages"}}
    assert scene.poller().serve(NAME)[0] == 0
    assert scene.simulator.troubles.count == before


def test_a_crm_that_is_asked_once_a_day_is_asked_more_often_as_soon_as_somebody_says_so(
    scene: Scene,
) -> None:
    def every(seconds: int) -> None:
        with scene.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, NAME)
            row.settings = {**row.settings, "poll_s": seconds}

    at = [1000.0]
    poller = Polling(scene.hub, Opener(scene.hub), now=lambda: scene.now, clock=lambda: at[0])
    every(86_400)
    scene.ask(poller)
    scene.simulator.make(1, quiet=True)
    at[0] += 3600
    requests = scene.simulator.troubles.count
    found, pause_s = poller.serve(NAME)
    assert (found, pause_s <= 60, scene.simulator.troubles.count) == (0, True, requests)
    every(30)
    wait_for(lambda: scene.ask(poller) > 0)
