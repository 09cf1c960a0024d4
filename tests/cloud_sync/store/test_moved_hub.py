"""A hub that was moved to PostgreSQL goes on where it was: devices, people, effects, rollouts, CRMs, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cloud_sync import setup
from cloud_sync.app import create_app
from cloud_sync.commands.options import opened
from cloud_sync.config import dump, load
from cloud_sync.crm.outbound.writing import Terms, claim
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.fleet import deployments, rollouts
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub, hub_id
from cloud_sync.mails import chain
from cloud_sync.store.models import (
    Alert,
    ApiToken,
    CrmLead,
    Deployment,
    Epoch,
    Event,
    Release,
    Review,
    Rollout,
)
from cloud_sync.web import auth
from cloud_sync.web.throttle import LoginThrottle
from kits.core.addresses import free_port
from kits.core.hub_api import Reported
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, make_rule, with_leads
from tests.cloud_sync.effects.effect_builders import Scene
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    approved_bundle,
    decision,
    running_intake,
    token_for,
)
from tests.cloud_sync.postgres import drop_database, fresh_database
from tests.cloud_sync.receivers import SECRET_TEXT, Receiver, receiver
from tests.cloud_sync.test_cli import forked_hub, is_up, run
from tests.waiting import wait_for

PASSWORD = "four random words"


class Before:
    """A hub on SQLite in the middle of its work, and what others know of it."""

    def __init__(self, data: Path, state: Receiver) -> None:
        notify = {"webhook": {"url": state.url, "timeout_s": 5}}
        listen, broker = {"port": free_port()}, {"kind": "embedded", "port": free_port()}
        setup.init(data, "admin", PASSWORD, {"notify": notify, "listen": listen, "broker": broker})
        hub = Hub.open(load(data))
        self.data, self.receiver = data, state
        self.device = add_device(hub)
        self.person = token_for(hub)
        self.session = auth.login(hub, LoginThrottle(), "admin", PASSWORD, address="10.0.0.1")
        with running_intake(hub, "embedded") as broker_:
            device = DeviceClient(broker_, "press-1", self.device).connect()
            device.send(decision(1), decision(2))
            assert device.next_ack().epoch
            device.close()
        self.reviewed = self._review(hub)
        self._tell(hub)
        self.rollout = self._roll_out(hub)
        self.leads = self._score(hub)
        with hub.database.transaction() as session:
            self.id = hub_id(session)
            chain.record(session, "ada", "gate.close", self.bundle, {"why": "a\0b ä"})
        self.deployments, self.alerts = self._numbers(hub)
        hub.close()

    def _review(self, hub: Hub) -> str:
        client = TestClient(create_app(hub.config))
        said = {"sample_id": decision(1).body.sample_id, "decision": "correct", "label": "good"}
        done = client.post("/v1/reviews", headers=self.person, json=said)
        assert done.status_code == 200, done.text
        client.app.state.hub.close()
        return str(said["sample_id"])

    def _tell(self, hub: Hub) -> None:
        """Of three alerts two are told, and one waits."""
        scene = Scene(hub, self.receiver)
        scene.alerts(11, 12)
        assert scene.dispatcher.step() == 2
        scene.alerts(13)

    def _roll_out(self, hub: Hub) -> int:
        bundle = approved_bundle(hub)
        with hub.database.transaction() as session:
            plan = Plan(timedelta(hours=1), waves=("100%",))
            made = rollouts.start(session, bundle, plan=plan, who="ada", device="press-1")
            number = int(made.id)
        self.bundle = bundle
        with hub.database.transaction() as session:
            wanted = deployments.desired_for(session, "press-1").bundle
            assert wanted is not None
            self.deployment = wanted.deployment
            told = Reported(deployment=wanted.deployment, state="downloading")
            deployments.apply_report(session, "press-1", told)
        return number

    def _score(self, hub: Hub) -> LeadHub:
        """The score of `1` is in the CRM, that of `2` is to be written."""
        leads = with_leads(hub)
        for name in "12":
            leads.crm.put(name, size=50)
        leads.score("1", "2")
        with hub.database.transaction() as session:
            lead = session.get_one(CrmLead, (SALES, "1"))
            lead.wrote_points, lead.wrote_band, lead.written = lead.points, lead.band, lead.version
            lead.wrote_at, lead.write_at = leads.clock(), None
        return leads

    def _numbers(self, hub: Hub) -> tuple[int, int]:
        with hub.database.session() as session:
            found = (session.scalar(select(func.max(one.id))) for one in (Deployment, Alert))
            first, second = (number or 0 for number in found)
            return first, second


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


@pytest.fixture
def before(tmp_path: Path, told: Receiver) -> Before:
    return Before(tmp_path / "hub", told)


@pytest.fixture
def hub(before: Before, cluster: Path) -> Iterator[Hub]:
    """The same on PostgreSQL."""
    url = fresh_database(cluster, f"moved{free_port()}")
    config = load(before.data).model_copy(update={"database_url": url})
    (before.data / "hub.yaml").write_text(dump(config))
    run("move-database", "--data", before.data)
    hub = Hub.open(load(before.data))
    assert hub.database.engine.dialect.name == "postgresql"
    yield hub
    hub.close()
    drop_database(cluster, url)


@pytest.mark.slow
def test_a_hub_that_was_moved_goes_on_with_everything(
    before: Before, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITWRIGHT_WEBHOOK_SECRET", SECRET_TEXT)
    _devices_go_on(before, hub)
    _people_go_on(before, hub)
    _effects_go_on(before, hub)
    _rollouts_go_on(before, hub)
    _leads_go_on(before, hub)
    with hub.database.session() as session:
        assert hub_id(session) == before.id
        assert chain.verify(session).fault == ""
    _its_server_starts(before, tmp_path / "said")


def _devices_go_on(before: Before, hub: Hub) -> None:
    with running_intake(hub, "embedded") as broker:
        device = DeviceClient(broker, "press-1", before.device).connect()
        device.send(decision(2), decision(3))  # the second was not acknowledged in time
        assert device.next_ack().epoch
        device.close()
    with hub.database.session() as session:
        assert session.scalars(select(Event.seq).where(Event.klass == "s").order_by(Event.seq)).all() == [1, 2, 3]  # fmt: skip
        assert session.scalars(select(Epoch.duplicates)).one() == 1


def _people_go_on(before: Before, hub: Hub) -> None:
    app = create_app(hub.config)
    client = TestClient(app)
    said = {"sample_id": before.reviewed, "decision": "correct", "label": "good"}
    again = client.post("/v1/reviews", headers=before.person, json=said)
    assert again.status_code == 200 and again.json()["repeated"], "the review is there"
    said["sample_id"] = decision(3).body.sample_id
    assert client.post("/v1/reviews", headers=before.person, json=said).status_code == 200
    client.cookies.set(auth.COOKIE, before.session.secret)
    assert client.get("/v1/me").json()["login"] == "admin", "who was signed in still is"
    auth.login(hub, LoginThrottle(), "admin", PASSWORD, address="10.0.0.2")
    app.state.hub.close()
    with hub.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 2
        known = set(session.scalars(select(ApiToken.id)))
        auth.issue_token(session, "ada", "another", by="test")
        session.flush()
        assert set(session.scalars(select(ApiToken.id))) > known


def _effects_go_on(before: Before, hub: Hub) -> None:
    scene = Scene(hub, before.receiver)
    assert scene.dispatcher.step() == 1
    scene.alerts(12, 13, 14)  # the device sends two of them again
    scene.later(minutes=1)
    assert scene.dispatcher.step() == 1
    assert sorted(before.receiver.posts.values()) == [1, 1, 1, 1]
    with hub.database.session() as session:
        assert session.scalar(select(func.max(Alert.id))) > before.alerts


def _rollouts_go_on(before: Before, hub: Hub) -> None:
    with hub.database.transaction() as session:
        wanted = deployments.desired_for(session, "press-1").bundle
        assert wanted is not None and wanted.deployment == before.deployment
        told = Reported(bundle=before.bundle, deployment=wanted.deployment, state="committed")
        deployments.apply_report(session, "press-1", told)
    newer = approved_bundle(hub, 2)
    with hub.database.transaction() as session:
        assert session.get_one(Rollout, before.rollout).state == "done"
        plan = Plan(timedelta(hours=1), waves=("100%",))
        rollout = rollouts.start(session, newer, plan=plan, who="ada", device="press-1")
        assert rollout.id > before.rollout
        assert rollout.deployments[0].id > before.deployments
        assert session.scalars(select(func.count()).select_from(Release)).one() >= 2


def _leads_go_on(before: Before, hub: Hub) -> None:
    clock, crm = before.leads.clock, before.leads.crm
    models = LeadModels(hub, make=make_rule)
    scoring = LeadScoring(hub, models, lambda _connection: crm, now=clock)
    here = LeadHub(hub, crm, models, clock, scoring)
    taken = claim(hub, here.connection(), Terms(50, 3, behind=True), "test", clock())
    assert {one.object_id for one in taken.writes} == {"2"}, "what was written is not again"
    crm.put("3", clock.tick(60), size=70)
    here.score("3")
    assert here.lead("3").points == 70


def _its_server_starts(before: Before, said: Path) -> None:
    config = load(before.data)
    process = forked_hub(said, "serve", "--no-jobs", "--data", before.data)
    try:
        wait_for(lambda: process.poll() is not None or is_up(config.url))
        assert process.poll() is None, said.read_text()
        with opened(before.data):
            pass  # verbs work beside it
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert "Traceback" not in said.read_text()
    assert set(before.receiver.posts.values()) == {1}
