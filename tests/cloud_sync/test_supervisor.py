"""The fleet loop and the keeper of the broker: what hangs or fails holds up nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from benchmarks import certified
from cloud_sync.app import create_app
from cloud_sync.fleet import child, devices, rollouts
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.keeper import HUNG_AFTER_S, BrokerKeeper
from cloud_sync.fleet.mosquitto import MosquittoBroker
from cloud_sync.fleet.plan import Plan
from cloud_sync.fleet.probes import Shared
from cloud_sync.fleet.supervisor import Supervisor
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.store.models import Device, Rollout
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub
from tests.waiting import wait_for

BROKER = {"kind": "mosquitto", "port": 0, "tls": True, "tls_host": "127.0.0.1", "tls_port": 0}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path / "hub", broker=BROKER) as made:
        (tmp_path / "devices").mkdir()
        certified.admit(made, ["press-1", "press-2"], tmp_path / "devices")
        yield made


@pytest.fixture
def broker(hub: Hub) -> Iterator[MosquittoBroker]:
    made = MosquittoBroker("mosquitto", hub.config)
    made.start()
    yield made
    if made.alive():
        os.kill(pid_of(made), signal.SIGCONT)
    made.stop()


def pid_of(broker: MosquittoBroker) -> int:
    assert broker._child.pid is not None
    return broker._child.pid


def test_a_broker_of_a_hub_that_was_killed_is_ended_though_nobody_wrote_its_number_down(
    hub: Hub, broker: MosquittoBroker
) -> None:
    settings = hub.config.data_dir / "broker" / "mosquitto.conf"
    left, broker._child._process = broker._child._process, None
    settings.with_name("mosquitto.pid").unlink()
    with subprocess.Popen(["tail", "-f", settings], stdout=subprocess.DEVNULL) as reader:
        after = MosquittoBroker("mosquitto", hub.config)
        after.start()
        assert left is not None
        assert left.wait(10) == 0
        assert after.alive() and reader.poll() is None, "whoever reads the settings is no broker"
        after._child.end_leftover(lambda: False, 0.1)
        assert after.alive()
        after.stop()
        reader.kill()


def hang(broker: MosquittoBroker) -> None:
    """The process stays, the system goes on accepting connections for it, nobody answers."""
    os.kill(pid_of(broker), signal.SIGSTOP)


def test_a_broker_that_hangs_holds_up_neither_rules_nor_deadlines(
    hub: Hub, broker: MosquittoBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = MqttLink(broker.address, "test", hub.metrics, subscribe=False)
    supervisor = Supervisor(hub, Admission(hub, broker), link, poll_s=0.01)
    supervisor.step()
    hang(broker)
    monkeypatch.setattr("cloud_sync.fleet.mosquitto.CONFIRM_S", 0.5)
    bundle = approved_bundle(hub)
    with hub.database.transaction() as session:
        devices.revoke(session, "press-2", who="ada")
        plan = Plan(timedelta(hours=1))
        rollouts.start(session, bundle, device="press-1", plan=plan, who="ada")
        session.get_one(Device, "press-1").last_seen_at = utc_now()
        session.execute(update(Rollout).values(deadline_at=utc_now() - timedelta(seconds=1)))
    supervisor.step()
    assert "user press-2" not in (hub.config.broker_dir / "acl").read_text()
    with hub.database.session() as session:
        assert session.scalar(select(Rollout.state)) == "failed"
    assert hub.metrics.loop_errors.labels("broker")._value.get() == 1


def test_a_broker_that_hangs_is_started_again(
    hub: Hub, broker: MosquittoBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_TIMEOUT_S", 0.2)
    now = [100.0]
    keeper = BrokerKeeper(broker, hub.metrics, poll_s=0.02, clock=lambda: now[0])
    broker.stop()
    keeper.start()
    try:
        first = pid_of(broker)
        hang(broker)
        monkeypatch.setattr("cloud_sync.fleet.mosquitto.PATIENCE_S", 0.5)
        assert broker.alive()
        assert not broker.responds()
        now[0] += HUNG_AFTER_S + 1
        wait_for(broker.responds)
        assert pid_of(broker) != first
        assert hub.metrics.broker_restarts._value.get() == 1
    finally:
        keeper.stop()


def test_who_goes_away_while_no_broker_runs_does_not_count_as_online_for_ever(
    tmp_path: Path,
) -> None:
    """Nobody's last word reaches a hub that is off; a rollout would choose such a device as its canary."""
    with make_hub(tmp_path, broker={"kind": "mosquitto", "port": 0}) as hub:
        app = create_app(hub.config, jobs=False)
        for name in ("press-1", "press-2"):
            add_device(hub, name)

        def say(online: bool) -> None:
            with hub.database.transaction() as session:
                session.execute(update(Device).values(online=online))

        def online() -> list[bool]:
            with hub.database.session() as session:
                return list(session.scalars(select(Device.online)))

        say(True)
        with TestClient(app):
            assert online() == [False, False]
            say(True)
            os.kill(pid_of(app.state.broker), signal.SIGKILL)
            wait_for(lambda: online() == [False, False])


def test_a_database_that_is_away_keeps_no_broker_off(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("BEGIN", {}, Exception("away"))

    monkeypatch.setattr(hub.database, "transaction", away)
    devices.none_online(hub)
    assert hub.metrics.loop_errors.labels("broker")._value.get() == 1


def test_the_probe_of_the_hub_says_when_the_broker_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_hub(tmp_path, broker={"kind": "mosquitto", "port": 0}) as hub:
        app = create_app(hub.config, jobs=False)
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        broker = app.state.broker
        hang(broker)
        monkeypatch.setattr("cloud_sync.fleet.mosquitto.PATIENCE_S", 0.5)
        try:
            wait_for(lambda: client.get("/healthz").text == "the broker does not answer")
            assert client.get("/healthz").status_code == 503
        finally:
            os.kill(pid_of(broker), signal.SIGCONT)


def test_strangers_who_go_on_asking_cost_the_hub_one_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sync.app._HEALTH_S", 3600.0)
    with make_hub(tmp_path) as hub:
        app = create_app(hub.config, jobs=False)
        client, asked = TestClient(app), []
        app.state.broker.start()
        event.listen(
            app.state.hub.database.engine, "before_cursor_execute", lambda *a: asked.append(a[2])
        )
        try:
            answers = [client.get("/healthz") for _ in range(20)]
        finally:
            app.state.broker.stop()
    assert {answer.text for answer in answers} == {"ok"}
    assert asked.count("SELECT 1") == 1


def test_a_database_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        app = create_app(hub.config, jobs=False)
        engine = app.state.hub.database.engine

        def gone(*_: object) -> None:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

        event.listen(engine, "before_cursor_execute", gone)
        answer = TestClient(app).get("/healthz")
    assert (answer.status_code, answer.text) == (503, "the database does not answer")


def test_an_answer_is_good_for_a_while_and_no_longer() -> None:
    now, said = [0.0], ["a", "", "b"]
    shared = Shared(lambda: said.pop(0), first="?", seconds=2.0, clock=lambda: now[0])
    assert shared.at_hand() is None
    assert (shared(), shared.at_hand(), shared()) == ("a", "a", "a")
    now[0] = 2.0
    assert shared.at_hand() is None
    assert (shared(), shared.at_hand(), said) == ("", "", ["b"])


def test_of_those_who_ask_together_for_a_broker_that_hangs_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sync.fleet.mosquitto.PATIENCE_S", 120)
    with make_hub(tmp_path, broker={"kind": "mosquitto", "port": 0}) as hub:
        app = create_app(hub.config, jobs=False)
        broker, client = app.state.broker, TestClient(app)
        broker.start()
        hang(broker)
        with ExitStack() as ends, ThreadPoolExecutor(2) as strangers:
            ends.callback(broker.stop)
            try:
                asked = [strangers.submit(client.get, "/healthz") for _ in range(2)]
                answered, waits = wait(asked, timeout=60, return_when=FIRST_COMPLETED)
                assert len(answered) == len(waits) == 1
            finally:
                os.kill(pid_of(broker), signal.SIGCONT)
            assert [one.result().status_code for one in (*answered, *waits)] == [503, 200]
            assert client.get("/healthz").status_code == 200
