"""A person is told of a rollout that silence keeps from spreading, and of one that was stopped: once each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.fleet import deployments, rollouts, waves
from cloud_sync.fleet.plan import Plan
from cloud_sync.fleet.rollout_alerts import HELD, STOPPED, RolloutAlerts
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Deployment, Device, Rollout
from kits.core.hub_api import Reported
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub

LONG = timedelta(hours=5)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        for number in range(3):
            add_device(hub, f"press-{number}", group="line")
        yield hub


def began(hub: Hub, state: str, error: str = "") -> int:
    """A rollout whose canary has said one thing."""
    bundle = approved_bundle(hub)
    with hub.database.transaction() as session:
        number = rollouts.start(
            session, bundle, group="line", plan=Plan(timedelta(hours=1)), who="ada"
        ).id
        wanted = deployments.desired_for(session, "press-0").bundle
        assert wanted is not None
        told = Reported(deployment=wanted.deployment, state=state, error=error)
        deployments.apply_report(session, "press-0", told)
    return number


def fall_silent(hub: Hub) -> None:
    """Hours pass in which nobody is heard."""
    past = utc_now() - LONG
    with hub.database.transaction() as session:
        session.execute(update(Rollout).values(deadline_at=past))
        session.execute(update(Deployment).values(begun_at=past))
        session.execute(update(Device).values(last_seen_at=past))
        waves.advance(session)


def look(hub: Hub) -> list[tuple[str, str, str, bool]]:
    """Name, place, words of each alert, and whether it stands, after a look."""
    RolloutAlerts(hub).step()
    with hub.database.session() as session:
        rows = session.scalars(select(Alert).order_by(Alert.id))
        return [(row.name, row.where, row.text, row.seen_at is None) for row in rows]


def test_silence_that_holds_a_rollout_is_told_once_and_over_when_the_device_is_heard(
    hub: Hub,
) -> None:
    number = began(hub, "active")
    assert look(hub) == []
    fall_silent(hub)
    told = look(hub)
    assert [one[:2] for one in told] == [(HELD, f"rollout {number}")]
    assert "press-0 took the bundle and cannot be heard" in told[0][2]
    assert look(hub) == told
    with hub.database.transaction() as session:
        session.execute(update(Device).values(last_seen_at=utc_now()))
        waves.advance(session)
    assert [one[3] for one in look(hub)] == [False]


def test_a_device_that_is_away_and_took_nothing_is_nothing_to_tell(hub: Hub) -> None:
    bundle = approved_bundle(hub)
    with hub.database.transaction() as session:
        rollouts.start(session, bundle, group="line", plan=Plan(timedelta(hours=1)), who="ada")
    fall_silent(hub)
    assert look(hub) == []


def test_a_rollout_that_was_stopped_is_told_once_however_it_was_acknowledged(hub: Hub) -> None:
    number = began(hub, "failed", "golden samples differ")
    told = look(hub)
    assert [one[:2] for one in told] == [(STOPPED, f"rollout {number}")]
    assert "golden samples differ" in told[0][2]
    with hub.database.transaction() as session:
        session.execute(update(Alert).values(seen_at=utc_now(), seen_by="ada"))
    assert len(look(hub)) == 1


def test_who_aborts_a_rollout_is_not_told_so(hub: Hub) -> None:
    number = began(hub, "downloading")
    with hub.database.transaction() as session:
        rollouts.abort(session, number, who="ada")
    assert look(hub) == []
