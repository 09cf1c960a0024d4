"""Reports that cross each other, by several workers on a real PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.fleet import deployments, rollouts, waves
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.store.models import Deployment, Rollout
from kits.core.hub_api import Reported
from tests.cloud_sync.crossing import cross
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub
from tests.cloud_sync.postgres import url_of

NAMES = ["press-1", "press-2", "press-3"]


@pytest.fixture
def hub(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        for name in NAMES:
            add_device(hub, name, group="line")
        yield hub


@pytest.fixture
def number(hub: Hub) -> int:
    """A rollout to all devices, the first one committed and the other two begun."""
    bundle = approved_bundle(hub)
    plan = Plan(timedelta(hours=1), waves=("1", "100%"))
    with hub.database.transaction() as session:
        number = rollouts.start(session, bundle, group="line", plan=plan, who="ada").id
    with hub.database.transaction() as session:
        say(session, NAMES[0], "committed")
    return number


def say(session: Session, device: str, state: str) -> None:
    row = session.scalars(select(Deployment).where(Deployment.device == device)).one()
    bundle = row.rollout.bundle if state == "committed" else ""
    deployments.apply_report(
        session, device, Reported(bundle=bundle, deployment=row.id, state=state)
    )


def say_at_once(hub: Hub, state: str) -> None:
    """Two devices report in transactions of which neither sees the other's end."""

    def second() -> None:
        with hub.database.transaction() as session:
            say(session, NAMES[2], state)

    cross(hub, lambda session: say(session, NAMES[1], state), second)


def start(session: Session, bundle: str) -> int:
    plan = Plan(timedelta(hours=1), waves=("1", "100%"))
    return rollouts.start(session, bundle, group="line", plan=plan, who="ada").id


def test_of_two_rollouts_that_begin_at_once_one_gives_way(hub: Hub) -> None:
    bundle = approved_bundle(hub)

    def second() -> None:
        with hub.database.transaction() as session:
            start(session, bundle)

    assert cross(hub, lambda session: start(session, bundle), second) is None
    with hub.database.session() as session:
        found = session.scalars(select(Rollout).order_by(Rollout.id)).all()
        assert [row.state for row in found] == ["superseded", "running"]
        states = session.scalars(select(Deployment.state).order_by(Deployment.id)).all()
    assert states == ["superseded"] * 3 + ["pending"] * 3


def state_of(hub: Hub, number: int) -> str:
    with hub.database.session() as session:
        return rollouts.find(session, number).state


def test_two_devices_that_commit_at_once_end_the_rollout(hub: Hub, number: int) -> None:
    say_at_once(hub, "committed")
    assert state_of(hub, number) == "done"


def test_two_failures_at_once_stop_the_rollout(hub: Hub, number: int) -> None:
    say_at_once(hub, "failed")
    assert state_of(hub, number) == "failed"


def test_a_rollout_that_was_left_behind_is_moved_on_by_the_next_look(hub: Hub, number: int) -> None:
    with hub.database.transaction() as session:  # as a hub of an earlier version left it
        session.execute(update(Deployment).values(state="committed"))
    with hub.database.session() as session:
        assert waves.due(session) == [number]
    with hub.database.transaction() as session:
        waves.advance(session)
        assert session.get_one(Rollout, number).state == "done"


def test_a_report_that_crosses_an_abort_does_not_undo_it(hub: Hub, number: int) -> None:

    def commit() -> None:
        with hub.database.transaction() as session:
            say(session, NAMES[1], "committed")

    cross(hub, lambda session: rollouts.abort(session, number, who="ada"), commit)
    assert state_of(hub, number) == "aborted"
    with hub.database.session() as session:
        rows = session.execute(select(Deployment.device, Deployment.state))
        # the second one runs the bundle, whatever anybody wished meanwhile
        stands = {NAMES[0]: "committed", NAMES[1]: "committed", NAMES[2]: "failed"}
        assert dict(rows.all()) == stands
