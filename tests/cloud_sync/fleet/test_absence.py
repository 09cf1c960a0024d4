"""A hub that was off, or whose clock was set, holds nobody's silence of that time against a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.fleet import deployments, rollouts, waves
from cloud_sync.fleet.absence import NOTE_EVERY, RECONNECT
from cloud_sync.fleet.admission import Admission
from cloud_sync.fleet.brokers import make_broker
from cloud_sync.fleet.plan import Plan
from cloud_sync.fleet.supervisor import Supervisor
from cloud_sync.hub import Hub
from cloud_sync.intake.link import MqttLink
from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.hub_api import Reported
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub

NAMES = ["press-1", "press-2", "press-3"]
WEEKEND = timedelta(hours=63)
PLAN = Plan(timedelta(hours=1), timedelta(minutes=30), waves=("1", "100%"))
SECOND = timedelta(seconds=1)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path, broker={"kind": "embedded", "port": 0}) as hub:
        for name in NAMES:
            add_device(hub, name, group="line")
        yield hub


@pytest.fixture
def bundle(hub: Hub) -> str:
    return approved_bundle(hub)


def start(hub: Hub, bundle: str, plan: Plan = PLAN, **where: str) -> int:
    with hub.database.transaction() as session:
        where = where or {"group": "line"}
        return rollouts.start(session, bundle, plan=plan, who="ada", **where).id


def off_for(hub: Hub, absence: timedelta) -> None:
    """The hub was off this long: to its clock, all that it knows is older by as much."""
    columns = ("created_at", "attended_at", "deadline_at", "soak_until", "paused_at")
    with hub.database.transaction() as session:
        for rollout in session.scalars(select(Rollout)):
            for name in columns:
                if getattr(rollout, name) is not None:
                    setattr(rollout, name, getattr(rollout, name) - absence)
            for deployment in rollout.deployments:
                if deployment.waited_until is not None:
                    deployment.waited_until -= absence
        for device in session.scalars(select(Device)):
            if device.last_seen_at is not None:
                device.last_seen_at -= absence


def look(hub: Hub) -> None:
    """The fleet loop's first look after a start."""
    link = MqttLink(make_broker(hub.config).address, "test", hub.metrics, subscribe=False)
    Supervisor(hub, Admission(hub, make_broker(hub.config)), link).step()


def say(hub: Hub, device: str, state: str | None, bundle: str, error: str = "") -> None:
    """The device's newest deployment, or nothing of it without a state."""
    with hub.database.transaction() as session:
        query = select(Deployment.id).where(Deployment.device == device)
        number = session.scalars(query.order_by(Deployment.id.desc())).first() if state else None
        told = Reported(bundle=bundle, deployment=number, state=state, error=error)
        deployments.apply_report(session, device, told)


def stands(hub: Hub, number: int) -> tuple[str, list[str]]:
    with hub.database.session() as session:
        rollout = rollouts.find(session, number)
        return rollout.state, [d.state for d in rollout.deployments]


def left(hub: Hub, number: int, what: str = "deadline_at") -> timedelta:
    """How long from now until a time of a rollout."""
    with hub.database.session() as session:
        return getattr(rollouts.find(session, number), what) - utc_now()


def wanted(hub: Hub, device: str) -> str:
    """The bundle that a device is told to run, or empty."""
    with hub.database.session() as session:
        found = deployments.desired_for(session, device).bundle
        return found.bundle if found is not None else ""


def give_up(hub: Hub) -> None:
    """The deadline passes, with the hub at work and the devices heard of."""
    with hub.database.transaction() as session:
        session.execute(update(Device).values(last_seen_at=utc_now()))
        session.execute(update(Deployment).values(begun_at=utc_now() - 2 * PLAN.deadline))
        for rollout in session.scalars(select(Rollout)):
            rollout.deadline_at = utc_now() - SECOND
    with hub.database.transaction() as session:
        waves.advance(session)


def test_a_hub_that_was_off_across_the_deadline_fails_nobody(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    say(hub, "press-1", "active", bundle)
    off_for(hub, WEEKEND)
    look(hub)
    assert stands(hub, number) == ("running", ["active", "pending", "pending"])
    assert abs(left(hub, number) - PLAN.deadline) < timedelta(minutes=1), "as long as was left"
    assert wanted(hub, "press-1") == bundle, "on probation it goes on"
    say(hub, "press-1", "committed", bundle)
    assert stands(hub, number)[1][0] == "committed"


def test_a_canary_in_its_soak_has_time_to_be_heard_of_again(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    say(hub, "press-1", "committed", bundle)
    off_for(hub, WEEKEND)
    look(hub)
    assert left(hub, number, "soak_until") > PLAN.soak - timedelta(minutes=1)
    off_for(hub, PLAN.soak + timedelta(minutes=1))  # as the loop sees time pass, at work
    attend(hub)
    look(hub)
    assert stands(hub, number)[0] == "running"
    assert wanted(hub, "press-2") == ""
    say(hub, "press-1", None, bundle)
    look(hub)
    assert wanted(hub, "press-2") == bundle, "heard of again, so the next wave begins"


def attend(hub: Hub) -> None:
    with hub.database.transaction() as session:
        for rollout in session.scalars(select(Rollout)):
            rollout.attended_at = utc_now()


def test_a_report_that_comes_before_the_first_look_fails_nobody(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("2", "100%")))
    off_for(hub, WEEKEND)
    say(hub, "press-1", "downloading", "")
    assert stands(hub, number) == ("running", ["downloading", "pending", "pending"])


def test_a_command_while_the_hub_is_off_fails_nobody(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("2", "100%")))
    off_for(hub, WEEKEND)
    start(hub, approved_bundle(hub, 2), device="press-2")
    assert stands(hub, number) == ("running", ["pending", "superseded", "pending"])


def test_a_deadline_that_was_close_leaves_time_to_connect_again(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    with hub.database.transaction() as session:
        session.get_one(Rollout, number).deadline_at = utc_now() + SECOND
    off_for(hub, WEEKEND)
    look(hub)
    assert RECONNECT - timedelta(minutes=1) < left(hub, number) <= RECONNECT


def test_silence_after_the_absence_counts_as_ever(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    off_for(hub, WEEKEND)
    look(hub)
    give_up(hub)
    assert stands(hub, number)[0] == "failed"


def test_a_line_that_waited_for_parts_before_the_absence_still_has_its_time(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    say(hub, "press-1", "shadow", "", "")
    with hub.database.transaction() as session:
        row = session.scalars(select(Deployment).where(Deployment.device == "press-1")).one()
        row.waits_for, row.waited_until = "parts", utc_now()
    off_for(hub, WEEKEND)
    look(hub)
    assert stands(hub, number)[1][0] == "shadow"
    with hub.database.session() as session:
        row = session.scalars(select(Deployment).where(Deployment.device == "press-1")).one()
        assert row.waited_until is not None
        assert utc_now() - row.waited_until < timedelta(minutes=1)


def test_a_clock_that_was_set_ahead_and_back_leaves_the_deadline_where_it_was(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    off_for(hub, WEEKEND)  # the same as a clock that jumps ahead
    look(hub)
    assert stands(hub, number)[0] == "running"
    off_for(hub, -WEEKEND)
    look(hub)
    assert abs(left(hub, number) - PLAN.deadline) < timedelta(minutes=1)


def test_a_pause_and_an_absence_at_the_same_time_count_once(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    with hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")
    off_for(hub, WEEKEND)
    look(hub)
    with hub.database.transaction() as session:
        rollouts.resume(session, number, who="ada")
    assert abs(left(hub, number) - PLAN.deadline) < timedelta(minutes=1)


def test_a_pause_that_begins_while_the_hub_is_off_loses_no_time(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    off_for(hub, WEEKEND)
    with hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")
    off_for(hub, WEEKEND)
    with hub.database.transaction() as session:
        rollouts.resume(session, number, who="ada")
    assert abs(left(hub, number) - PLAN.deadline) < timedelta(minutes=1)


def test_the_loop_notes_now_and_then_that_it_is_at_work(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    before = left(hub, number)
    off_for(hub, NOTE_EVERY)
    look(hub)
    assert left(hub, number, "attended_at") > timedelta(seconds=-5)
    assert left(hub, number) <= before - NOTE_EVERY, "a hub at work makes up for nothing"


def test_a_commit_that_nobody_heard_is_believed_late(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, device="press-1")
    give_up(hub)
    assert stands(hub, number) == ("failed", ["failed"])
    say(hub, "press-1", "committed", bundle)
    assert stands(hub, number) == ("done", ["committed"])
    assert wanted(hub, "press-1") == bundle
    with hub.database.session() as session:
        assert not deployments.desired_for(session, "press-1").withdrawn


def test_a_stopped_rollout_does_not_go_on_when_its_canary_is_heard_of(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    give_up(hub)
    say(hub, "press-1", "committed", bundle)
    assert stands(hub, number) == ("failed", ["committed", "failed", "failed"])
    assert wanted(hub, "press-2") == ""


def test_an_agent_that_was_started_since_is_known_by_what_it_runs(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, device="press-1")
    say(hub, "press-1", "active", bundle)
    give_up(hub)
    say(hub, "press-1", "active", bundle)
    assert stands(hub, number) == ("failed", ["failed"]), "on probation nothing is proved"
    say(hub, "press-1", None, bundle)
    assert stands(hub, number) == ("done", ["committed"])


def test_what_a_device_says_itself_of_an_end_is_never_corrected(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, device="press-1")
    say(hub, "press-1", "failed", "", "golden samples differ")
    say(hub, "press-1", None, bundle)
    say(hub, "press-1", "committed", bundle)
    assert stands(hub, number) == ("failed", ["failed"])


def test_who_runs_the_old_bundle_has_not_committed(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, device="press-1")
    say(hub, "press-1", "active", bundle)
    give_up(hub)
    say(hub, "press-1", "committed", "a" * 64)
    say(hub, "press-1", None, "a" * 64)
    assert stands(hub, number) == ("failed", ["failed"])
