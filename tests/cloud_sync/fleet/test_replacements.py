"""A machine that is enrolled under a known name while rollouts are under way: it gets what they bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.fleet import deployments
from cloud_sync.hub import Hub
from cloud_sync.store.models import Deployment, Device
from kits.core.hub_api import Reported
from tests.cloud_sync.fleet.wave_builders import (
    NAMES,
    PLAN,
    advance,
    begun,
    commit,
    heard,
    look,
    pass_time,
    past,
    reasons,
    report,
    shift,
    soaked,
    start,
    told,
)
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub

CANARY, SECOND = NAMES[:2]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        for name in (CANARY, SECOND):
            add_device(hub, name, group="line")
        yield hub


@pytest.fixture
def bundle(hub: Hub) -> str:
    return approved_bundle(hub)


def number_for(hub: Hub, device: str) -> int:
    """Of the deployment that a device is told."""
    with hub.database.session() as session:
        wanted = deployments.desired_for(session, device).bundle
    assert wanted is not None
    return wanted.deployment


def says(hub: Hub, device: str, boot: str, sequence: int, **values: object) -> None:
    """What an agent reports by itself."""
    with hub.database.transaction() as session:
        said = Reported.model_validate({"boot": boot, "sequence": sequence, **values})
        deployments.apply_report(session, device, said)


def awaiting_second(hub: Hub, bundle: str) -> int:
    """A rollout whose canary has long committed, and that waits for a device that is away."""
    number = start(hub, bundle)
    old = number_for(hub, CANARY)
    says(hub, CANARY, "a", 7, bundle=bundle, deployment=old, state="committed")
    heard(hub, CANARY)
    soaked(hub)
    advance(hub)
    shift(hub, deadline_at=past(timedelta(days=5)))
    assert look(hub, number).state == "running"
    return number


def test_a_machine_in_the_place_of_one_that_committed_is_given_the_bundle(
    hub: Hub, bundle: str
) -> None:
    number = awaiting_second(hub, bundle)
    old = number_for(hub, CANARY)
    add_device(hub, CANARY, group="line")
    says(hub, CANARY, "b", 1, bundle="")
    assert look(hub, number).state == "running", "a new disk says nothing of the bundle"
    assert number_for(hub, CANARY) > old

    says(hub, CANARY, "a", 7, bundle=bundle, deployment=old, state="committed")
    assert look(hub, number).deployments[0].state == "pending", "the broker kept another's word"
    assert look(hub, number).state == "running"

    report(hub, CANARY, "committed", bundle)
    heard(hub, SECOND)
    advance(hub)
    commit(hub, bundle, [SECOND])
    assert look(hub, number).state == "done"


def test_its_time_counts_from_its_enrolment(hub: Hub, bundle: str) -> None:
    number = awaiting_second(hub, bundle)
    add_device(hub, CANARY, group="line")
    heard(hub, CANARY)
    advance(hub)
    assert look(hub, number).deployments[0].state == "pending"
    with hub.database.transaction() as session:
        session.execute(update(Deployment).values(waited_until=past(timedelta(hours=1))))
    advance(hub)
    assert "the first wave failed" in look(hub, number).reason


def test_a_wave_that_was_watched_is_watched_anew(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, [CANARY])
    assert look(hub, number).soak_until is not None
    add_device(hub, CANARY, group="line")
    assert look(hub, number).soak_until is None
    report(hub, CANARY, "committed", bundle)
    advance(hub)
    assert look(hub, number).soak_until is not None
    assert told(hub) == [CANARY]


def test_an_older_rollout_does_not_fail_by_it(hub: Hub, bundle: str) -> None:
    older = awaiting_second(hub, bundle)
    newer = start(hub, approved_bundle(hub, version=2), device=CANARY)
    second = look(hub, newer).bundle
    commit(hub, second, [CANARY])
    add_device(hub, CANARY, group="line")
    says(hub, CANARY, "b", 1, bundle="")
    assert look(hub, older).state == "running"
    assert reasons(hub, older)[CANARY] == "enrolled anew, and given a newer rollout"


def test_an_older_rollout_does_not_fail_when_the_newer_one_comes_to_the_machine(
    hub: Hub, bundle: str
) -> None:
    """It is told the older one until then, and has not finished it."""
    older = awaiting_second(hub, bundle)
    add_device(hub, NAMES[2], group="new")
    with hub.database.transaction() as session:
        session.get_one(Device, CANARY).group = "new"
    second = approved_bundle(hub, version=2)
    newer = start(hub, second, replace(PLAN, canary=NAMES[2]), group="new")
    add_device(hub, CANARY, group="new")
    assert number_for(hub, CANARY) == look(hub, older).deployments[0].id
    commit(hub, second, [NAMES[2]])
    for name in (CANARY, NAMES[2]):
        heard(hub, name)
    soaked(hub)
    commit(hub, second, [CANARY])
    assert look(hub, newer).state == "done"
    with hub.database.transaction() as session:
        session.execute(update(Deployment).values(waited_until=past(timedelta(hours=1))))
    advance(hub)
    assert look(hub, older).state == "running"
    assert reasons(hub, older)[CANARY] == "gave way to a newer rollout"


def test_a_machine_that_began_and_was_put_into_a_later_wave_is_told_with_that(
    hub: Hub, bundle: str
) -> None:
    """What the other one had begun is nothing that this one is late with."""
    number = start(hub, bundle)
    old = number_for(hub, CANARY)
    heard(hub, SECOND)
    shift(hub, deadline_at=past())  # the canary is away: the second goes first
    advance(hub)
    says(hub, CANARY, "a", 1, bundle="", deployment=old, state="downloading")
    add_device(hub, CANARY, group="line")
    heard(hub, CANARY)
    begun(hub, timedelta(hours=3))
    pass_time(hub, deadline_at=past())
    heard(hub, SECOND)
    commit(hub, bundle, [SECOND])
    assert look(hub, number).state == "running"
    soaked(hub)
    commit(hub, bundle, [CANARY])
    assert look(hub, number).state == "done"


def test_what_failed_stays_failed(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    report(hub, CANARY, "failed", "", "golden samples differ")
    add_device(hub, CANARY, group="line")
    assert look(hub, number).state == "failed"
    assert not told(hub)
