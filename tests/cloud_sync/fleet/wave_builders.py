"""Builders for tests of waves: a rollout to twenty devices, what they report, and time that passes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from cloud_sync.fleet import deployments, rollouts, standings, waves
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.hub_api import Reported
from kits.core.sample import utc_now

FLEET = 20
NAMES = [f"press-{number:02}" for number in range(1, FLEET + 1)]
PLAN = Plan(deadline=timedelta(hours=1), soak=timedelta(minutes=30))


def past(ago: timedelta = timedelta()) -> datetime:
    return utc_now() - ago - timedelta(seconds=1)


def start(hub: Hub, bundle: str, plan: Plan = PLAN, **where: str) -> int:
    where = where or {"group": "line"}
    with hub.database.transaction() as session:
        return rollouts.start(session, bundle, plan=plan, who="ada", **where).id


def told(hub: Hub) -> list[str]:
    """The devices that are told to run something, by name."""
    with hub.database.session() as session:
        return [name for name in NAMES if deployments.desired_for(session, name).bundle is not None]


def report(
    hub: Hub, device: str, state: str, bundle: str, error: str = "", waits_for: str = ""
) -> None:
    with hub.database.transaction() as session:
        wanted = deployments.desired_for(session, device).bundle
        assert wanted is not None
        fields = {"bundle": bundle, "deployment": wanted.deployment, "state": state}
        deployments.apply_report(
            session, device, Reported(**fields, error=error, waits_for=waits_for)
        )


def commit(hub: Hub, bundle: str, devices: list[str]) -> None:
    for device in devices:
        report(hub, device, "committed", bundle)


def shift(hub: Hub, **columns: object) -> int:
    """Time passes: columns of every rollout are set, then the hub looks; how many were silent."""
    pass_time(hub, **columns)
    with hub.database.session() as session:
        assert waves.due(session)
    with hub.database.transaction() as session:
        return waves.advance(session)


def soaked(hub: Hub) -> None:
    shift(hub, soak_until=utc_now() - timedelta(seconds=1))


def look(hub: Hub, number: int) -> Rollout:
    with hub.database.session() as session:
        rollout = rollouts.find(session, number)
        assert rollout.deployments
        session.expunge_all()
        return rollout


def heard(hub: Hub, name: str, ago: timedelta = timedelta()) -> None:
    """The hub hears of a device, or heard of it last some time ago."""
    with hub.database.transaction() as session:
        session.get_one(Device, name).last_seen_at = utc_now() - ago


def begun(hub: Hub, ago: timedelta) -> None:
    """All that have begun did so some time ago."""
    with hub.database.transaction() as session:
        began = update(Deployment).where(Deployment.begun_at.is_not(None))
        session.execute(began.values(begun_at=utc_now() - ago))


def advance(hub: Hub) -> int:
    """The hub looks; how many devices it took for failed."""
    with hub.database.transaction() as session:
        return waves.advance(session)


def waits(hub: Hub, number: int) -> str:
    with hub.database.session() as session:
        return standings.waits_for(session, rollouts.find(session, number))


def reasons(hub: Hub, number: int) -> dict[str, str]:
    with hub.database.session() as session:
        found = standings.of(session, rollouts.find(session, number))
        return {one.device: one.reason for one in found}


def pass_time(hub: Hub, **columns: object) -> None:
    with hub.database.transaction() as session:
        session.execute(update(Rollout).values(**columns))
