"""Rollouts: what a device should run, what counts as success, and the release counter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.fleet import deployments, rollouts, waves
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.plan import Plan
from cloud_sync.fleet.supervisor import Supervisor
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.sections import RolloutConfig
from cloud_sync.store.models import Bundle, Deployment, Device, Project, Release, Rollout
from edge_agent.engine.config import EngineConfig
from edge_agent.update.config import UpdateConfig
from kits.core.errors import GateError, UsageError
from kits.core.hub_api import Desired, Reported
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import (
    DeviceClient,
    add_device,
    approved_bundle,
    make_hub,
    running_intake,
)
from tests.waiting import wait_for


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        add_device(hub, "press-1", group="line")
        add_device(hub, "press-2", group="line")
        yield hub


def start(hub: Hub, bundle: str, **where: str) -> int:
    with hub.database.transaction() as session:
        rollout = rollouts.start(
            session,
            bundle,
            plan=Plan(timedelta(hours=1), waves=("100%",)),
            who="ada",
            **where,
        )
        return rollout.id


def desired(hub: Hub, device: str) -> Desired:
    with hub.database.session() as session:
        return deployments.desired_for(session, device)


def report(hub: Hub, device: str, **fields: object) -> None:
    with hub.database.transaction() as session:
        deployments.apply_report(session, device, Reported(**fields))


def state(hub: Hub, number: int) -> tuple[str, list[str]]:
    with hub.database.session() as session:
        rollout = rollouts.find(session, number)
        return rollout.state, [d.state for d in rollout.deployments]


def nth(hub: Hub, place: int) -> int:
    """Number of the deployment that began as the first, the second …"""
    with hub.database.session() as session:
        return list(session.scalars(select(Deployment.id).order_by(Deployment.id)))[place - 1]


def test_a_device_is_told_which_signed_release_it_should_run(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    assert desired(hub, "press-1").bundle is None
    start(hub, bundle, device="press-1")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    assert (wanted.bundle, wanted.target, wanted.release) == (bundle, "line-1/1.kwb", 1)
    assert desired(hub, "press-2").bundle is None


def test_done_means_every_device_has_committed(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    number = start(hub, bundle, group="line")
    for device in ("press-1", "press-2"):
        wanted = desired(hub, device).bundle
        assert wanted is not None
        report(hub, device, bundle="", deployment=wanted.deployment, state="downloading")
        assert state(hub, number)[0] == "running"
        report(hub, device, bundle=bundle, deployment=wanted.deployment, state="committed")
    assert state(hub, number) == ("done", ["committed", "committed"])
    with hub.database.session() as session:
        assert session.get_one(Device, "press-1").running_bundle == bundle


def test_committed_while_another_bundle_runs_is_a_failure(hub: Hub) -> None:
    number = start(hub, approved_bundle(hub), device="press-1")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    report(hub, "press-1", bundle="f" * 64, deployment=wanted.deployment, state="committed")
    assert state(hub, number) == ("failed", ["failed"])


def test_a_device_cannot_report_for_another(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    number = start(hub, bundle, device="press-1")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    report(hub, "press-2", bundle=bundle, deployment=wanted.deployment, state="committed")
    assert state(hub, number) == ("running", ["pending"])


def test_a_final_state_stays(hub: Hub) -> None:
    number = start(hub, approved_bundle(hub), device="press-1")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    deployment = wanted.deployment
    report(hub, "press-1", deployment=deployment, state="rolled_back", error="parity failed")
    report(hub, "press-1", deployment=deployment, state="downloading")
    assert state(hub, number) == ("failed", ["rolled_back"])
    assert desired(hub, "press-1").bundle is None


def test_who_is_there_and_has_not_committed_by_the_deadline_has_failed(hub: Hub) -> None:
    number = start(hub, approved_bundle(hub), group="line")
    with hub.database.transaction() as session:
        assert waves.advance(session) == 0
        session.execute(update(Device).values(last_seen_at=utc_now()))
        session.execute(update(Rollout).values(deadline_at=utc_now() - timedelta(seconds=1)))
    with hub.database.transaction() as session:
        assert waves.due(session)
        assert waves.advance(session) == 2
    assert state(hub, number) == ("failed", ["failed", "failed"])
    with hub.database.session() as session:
        assert "deadline" in session.get_one(Deployment, nth(hub, 1)).error


def test_pause_keeps_pending_devices_where_they_are(hub: Hub) -> None:
    number = start(hub, approved_bundle(hub), device="press-1")
    with hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")
    assert desired(hub, "press-1").bundle is None
    with hub.database.transaction() as session:
        rollouts.resume(session, number, who="ada")
    assert desired(hub, "press-1").bundle is not None
    with hub.database.transaction() as session:
        rollouts.abort(session, number, who="ada")
    assert state(hub, number) == ("aborted", ["failed"])
    with pytest.raises(ConflictError), hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")


def test_what_has_ended_is_withdrawn_by_name_and_a_pause_withdraws_nothing(hub: Hub) -> None:
    number = start(hub, approved_bundle(hub), group="line")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    with hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")
    assert desired(hub, "press-1") == Desired()
    with hub.database.transaction() as session:
        rollouts.abort(session, number, who="ada")
    told = desired(hub, "press-1")
    assert told.bundle is None
    assert [w.deployment for w in told.withdrawn] == [wanted.deployment]
    assert "aborted by ada" in told.withdrawn[0].reason
    assert [w.deployment for w in desired(hub, "press-2").withdrawn] != [wanted.deployment]


def test_what_gave_way_or_came_too_late_is_withdrawn_and_what_was_committed_is_not(
    hub: Hub,
) -> None:
    first, second = approved_bundle(hub, 1), approved_bundle(hub, 2)
    start(hub, first, device="press-1")
    start(hub, second, device="press-1")
    assert [w.deployment for w in desired(hub, "press-1").withdrawn] == [nth(hub, 1)]
    report(hub, "press-1", bundle=second, deployment=nth(hub, 2), state="committed")
    assert [w.deployment for w in desired(hub, "press-1").withdrawn] == [nth(hub, 1)]
    start(hub, second, device="press-2")
    with hub.database.transaction() as session:
        session.execute(update(Device).values(last_seen_at=utc_now()))
        session.execute(update(Rollout).values(deadline_at=utc_now() - timedelta(seconds=1)))
    with hub.database.transaction() as session:
        waves.advance(session)
    late = desired(hub, "press-2").withdrawn
    assert [w.deployment for w in late] == [nth(hub, 3)]
    assert "deadline" in late[0].reason


def test_a_device_is_not_asked_to_go_back(hub: Hub) -> None:
    old, new = approved_bundle(hub, 1), approved_bundle(hub, 2)
    start(hub, old, group="line")
    start(hub, new, device="press-1")
    with pytest.raises(ConflictError, match="release 1 is older than 2, which press-1 had"):
        report(hub, "press-1", bundle=old, deployment=nth(hub, 3), state="verifying")
        start(hub, old, group="line")
    start(hub, old, device="press-2")
    with hub.database.transaction() as session:  # the release engineer signed the old bytes anew
        session.add(Release(target="line-1/3.kwb", project="line-1", release=3, bundle=old))
    start(hub, old, group="line")
    wanted = desired(hub, "press-1").bundle
    assert wanted is not None
    assert (wanted.bundle, wanted.release) == (old, 3)


def test_a_device_of_another_project_is_not_asked(hub: Hub) -> None:
    mine, other = approved_bundle(hub, 1), approved_bundle(hub, 2)
    with hub.database.transaction() as session:
        session.add(Project(name="line-2", kit="visual-inspection"))
        session.flush()
        session.execute(update(Bundle).where(Bundle.id == other).values(project="line-2"))
        runs = update(Device).where(Device.name == "press-1").values(running_bundle=other)
        session.execute(runs)
    with pytest.raises(ConflictError, match="press-1 runs 'line-2'"):
        start(hub, mine, group="line")
    assert start(hub, mine, device="press-2")


def test_a_device_that_never_began_a_release_may_be_given_an_older_one(hub: Hub) -> None:
    old, new = approved_bundle(hub, 1), approved_bundle(hub, 2)
    stopped = start(hub, new, group="line")
    report(hub, "press-1", deployment=nth(hub, 1), state="downloading")
    with hub.database.transaction() as session:
        rollouts.abort(session, stopped, who="ada")
    start(hub, old, device="press-2")
    with pytest.raises(ConflictError, match="which press-1 had"):
        start(hub, old, device="press-1")


@pytest.mark.parametrize(("deadline", "soak"), [(0, 1), (-5, 1), (60, -1)])
def test_times_that_are_none_are_refused(deadline: float, soak: float) -> None:
    with pytest.raises(UsageError, match="more than 0 minutes"):
        rollouts.plan_of(RolloutConfig(), soak_min=soak, deadline_min=deadline)


def test_the_default_deadline_leaves_room_for_a_slow_honest_device() -> None:
    line = UpdateConfig()
    build_s = EngineConfig().build_timeout_s
    proof_s = line.shadow_max_s + line.probation_max_s
    room_s = RolloutConfig().deadline_min * 60 - (build_s + proof_s)
    assert room_s >= 45 * 60, "for the download"


def test_only_approved_bundles_and_real_targets(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    with pytest.raises(NotFoundError):
        start(hub, bundle, device="ghost")
    with pytest.raises(NotFoundError):
        start(hub, bundle, group="nobody")
    with pytest.raises(UsageError):
        start(hub, bundle)
    with hub.database.transaction() as session:
        session.execute(delete(Release))
    with pytest.raises(GateError):
        start(hub, bundle, device="press-1")


def test_desired_states_reach_devices_over_mqtt_and_reports_come_back(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    token = add_device(hub, "press-1", group="line")
    with running_intake(hub, "mosquitto") as broker:
        link = MqttLink(broker.address, "publisher", hub.metrics, subscribe=False)
        link.start()
        supervisor = Supervisor(hub, Admission(hub, broker), link, poll_s=0.05)
        supervisor.start()
        device = DeviceClient(broker, "press-1", token).connect()
        heard: list[bytes] = []
        device._client.message_callback_add(
            device.topics.desired, lambda _c, _d, m: heard.append(m.payload)
        )
        device._client.subscribe(device.topics.desired, qos=1)
        number = start(hub, bundle, device="press-1")
        wait_for(lambda: any(bundle.encode() in payload for payload in heard))
        wanted = Desired.model_validate_json(heard[-1]).bundle
        assert wanted is not None
        told = Reported(bundle=bundle, deployment=wanted.deployment, state="committed")
        device.publish(device.topics.reported, told.model_dump_json().encode())
        wait_for(lambda: state(hub, number)[0] == "done")
        device.publish(device.topics.online, b"1")
        wait_for(lambda: _online(hub))
        device.close()
        supervisor.stop()
        link.stop()


def _online(hub: Hub) -> bool:
    with hub.database.session() as session:
        return session.get_one(Device, "press-1").online


def test_a_restored_hub_gives_no_number_again_that_devices_know(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They had ended or told that deployment, and were silent until the deadline of the first rollout after it."""
    bundle = approved_bundle(hub)
    start(hub, bundle, group="line")
    known = [nth(hub, 1), nth(hub, 2)]
    with hub.database.transaction() as session:  # as the backup was before it
        session.execute(delete(Deployment))
        session.execute(delete(Rollout))
    later = utc_now() + timedelta(seconds=2)
    with monkeypatch.context() as moved:
        moved.setattr(waves, "utc_now", lambda: later)
        start(hub, bundle, group="line")
    again = [nth(hub, 1), nth(hub, 2)]
    assert min(again) > max(known)
    with monkeypatch.context() as moved:
        moved.setattr(waves, "utc_now", lambda: later - timedelta(days=365))
        start(hub, bundle, device="press-1")
    assert nth(hub, 3) == max(again) + 1, "a clock that was set back brings none back"
