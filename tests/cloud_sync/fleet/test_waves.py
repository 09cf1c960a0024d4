"""How a rollout spreads: one device, a fifth, all; and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.fleet import deployments, rollouts, waves
from cloud_sync.fleet.judgement import Stop, next_step
from cloud_sync.fleet.plan import Plan, parse_waves, sizes
from cloud_sync.fleet.reach import Course, Member
from cloud_sync.hub import Hub
from cloud_sync.store.models import Device, Rollout
from kits.core.errors import UsageError
from kits.core.hub_api import Reported
from kits.core.sample import utc_now
from tests.cloud_sync.fleet.wave_builders import (
    NAMES,
    commit,
    heard,
    look,
    past,
    reasons,
    report,
    shift,
    soaked,
    start,
    told,
)
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        for name in NAMES:
            add_device(hub, name, group="line")
        yield hub


@pytest.fixture
def bundle(hub: Hub) -> str:
    return approved_bundle(hub)


@pytest.mark.parametrize(
    ("plan", "devices", "expected"),
    [
        ("1,20%,100%", 1, [1]),
        ("1,20%,100%", 2, [1, 2]),
        ("1,20%,100%", 20, [1, 4, 20]),
        ("1,20%,100%", 1000, [1, 200, 1000]),
        ("5", 20, [5, 20]),
        ("10%", 3, [1, 3]),
        ("100%", 7, [7]),
        ("2,1,50%", 10, [2, 5, 10]),
    ],
)
def test_waves_are_cumulative_and_end_with_all(
    plan: str, devices: int, expected: list[int]
) -> None:
    assert sizes(parse_waves(plan), devices) == expected


@pytest.mark.parametrize("text", ["", "0", "1,,x", "120%", "-1", "1;2", "%"])
def test_waves_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="wave"):
        parse_waves(text)


def test_the_next_wave_waits_for_commit_and_soak(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    assert told(hub) == NAMES[:1]
    commit(hub, bundle, NAMES[:1])
    rollout = look(hub, number)
    assert rollout.state == "running"
    assert rollout.soak_until is not None
    assert told(hub) == NAMES[:1], "nobody else before the soak is over"
    soaked(hub)
    assert told(hub) == NAMES[:4]
    commit(hub, bundle, NAMES[1:3])
    assert look(hub, number).soak_until is None, "one of the wave is still missing"
    commit(hub, bundle, NAMES[3:4])
    soaked(hub)
    assert told(hub) == NAMES
    commit(hub, bundle, NAMES[4:])
    assert look(hub, number).state == "done"


def test_a_bad_bundle_touches_one_device_of_twenty(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    report(hub, NAMES[0], "active", bundle)
    report(hub, NAMES[0], "rolled_back", "", "p95 latency 120 ms above 20 ms")
    rollout = look(hub, number)
    assert rollout.state == "failed"
    assert "press-01 rolled_back: p95 latency 120 ms above 20 ms" in rollout.reason
    assert "19 of 20 devices were not touched" in rollout.reason
    assert told(hub) == []


def test_a_canary_that_was_told_and_did_nothing_stops_the_rollout_at_the_deadline(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    heard(hub, NAMES[0])
    silent = shift(hub, deadline_at=past())
    assert silent == 1, "devices of later waves have not begun, so they are not late"
    assert "not committed by the deadline (it had not begun)" in look(hub, number).reason
    assert told(hub) == []


def test_of_many_a_tenth_of_those_that_were_told_stops_a_rollout() -> None:
    def course(failed: int) -> Course:
        told = [
            Member(f"d{n}", min(n, 1), "failed" if n > 40 - failed else "committed")
            for n in range(41)
        ]
        rest = [Member(f"d{n}", 2) for n in range(41, 200)]
        return Course("running", 1, timedelta(hours=1), utc_now(), timedelta(), None, told + rest)

    assert not isinstance(next_step(course(4), utc_now()), Stop)
    assert isinstance(next_step(course(5), utc_now()), Stop), "of 41, although of 200 not"


def test_the_canary_can_be_named_and_is_else_one_that_is_online(hub: Hub, bundle: str) -> None:
    with hub.database.transaction() as session:
        session.get_one(Device, "press-07").online = True
    start(hub, bundle)
    assert told(hub) == ["press-07"]
    start(hub, bundle, Plan(timedelta(hours=1), canary="press-13"))
    assert told(hub) == ["press-13"]
    with pytest.raises(UsageError, match="canary"):
        start(hub, bundle, Plan(timedelta(hours=1), canary="lathe-1"))


def test_a_pause_stops_the_clocks(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    before = look(hub, number).deadline_at
    with hub.database.transaction() as session:
        rollouts.pause(session, number, who="ada")
        session.execute(
            update(Rollout).values(
                paused_at=utc_now() - timedelta(hours=5),
                deadline_at=before - timedelta(hours=3),
            )
        )
    assert told(hub) == []
    with hub.database.session() as session:
        assert not waves.due(session), "nobody is late while a rollout rests"
    with hub.database.transaction() as session:
        rollouts.resume(session, number, who="ada")
    rested = look(hub, number).deadline_at - before
    assert timedelta(hours=2) <= rested < timedelta(hours=2, minutes=1)
    assert told(hub) == NAMES[:1]


def test_abort_leaves_the_committed_and_spares_the_rest(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    soaked(hub)
    with hub.database.transaction() as session:
        rollouts.abort(session, number, who="ada")
    assert told(hub) == NAMES[:1]
    errors = {d.device: d.error for d in look(hub, number).deployments}
    assert errors["press-20"] == "not begun: aborted by ada"


def test_a_canary_that_gets_a_newer_rollout_is_replaced_by_another(hub: Hub, bundle: str) -> None:
    old = start(hub, bundle)
    start(hub, bundle, Plan(timedelta(hours=1), waves=("100%",)), device=NAMES[0])
    rollout = look(hub, old)
    assert (rollout.state, rollout.wave, rollout.soak_until) == ("running", 0, None)
    assert told(hub) == NAMES[:2], "the next device is the canary now, the first has the newer"
    report(hub, NAMES[1], "failed", "", "golden samples differ")
    assert "the first wave failed: press-02" in look(hub, old).reason


def test_done_is_only_what_every_device_has_committed(hub: Hub, bundle: str) -> None:
    old = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    new = start(hub, approved_bundle(hub, 2), canary_plan(NAMES[7]), group="line")
    assert look(hub, new).state == "running"
    rollout = look(hub, old)
    assert rollout.state == "superseded"
    assert rollout.reason.startswith("19 of 20 devices were given a newer rollout")
    assert {d.state for d in rollout.deployments} == {"committed", "superseded"}
    assert told(hub) == [NAMES[0], NAMES[7]], "who committed keeps what it has until its wave"


def canary_plan(name: str) -> Plan:
    return Plan(timedelta(hours=1), timedelta(minutes=30), canary=name)


def test_running_what_a_newer_rollout_gave_is_no_departure(hub: Hub, bundle: str) -> None:
    old = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    newer = approved_bundle(hub, 2)
    start(hub, newer, Plan(timedelta(hours=1)), device=NAMES[0])
    report(hub, NAMES[0], "active", newer)
    rollout = look(hub, old)
    assert rollout.state == "running"
    assert told(hub)[1] == NAMES[1], "it cannot be watched any more: another canary proves the old"


@pytest.mark.parametrize("left_for", ["a" * 64, ""])
@pytest.mark.parametrize("paused", [False, True])
def test_leaving_the_bundle_stops_the_rollout_also_while_it_rests(
    hub: Hub, bundle: str, left_for: str, paused: bool
) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    with hub.database.transaction() as session:
        if paused:
            rollouts.pause(session, number, who="ada")
        gone = Reported(bundle=left_for, error="three crashes in ten minutes")
        deployments.apply_report(session, NAMES[0], gone)
    rollout = look(hub, number)
    assert rollout.state == "failed"
    assert "three crashes in ten minutes" in rollout.reason
    assert ("went back to aaaaaaaaaaaa" if left_for else "runs nothing") in rollout.reason


def test_every_device_says_how_it_stands(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    heard(hub, NAMES[0], ago=timedelta(hours=1))
    said = reasons(hub, number)
    assert said[NAMES[0]].startswith("offline, last heard of")
    assert said[NAMES[1]] == "waits for wave 2"
    report(hub, NAMES[0], "downloading", "", "the download needs 9 bytes, 8 are free")
    assert reasons(hub, number)[NAMES[0]] == "the download needs 9 bytes, 8 are free"
    began = look(hub, number).deployments[0].updated_at
    report(hub, NAMES[0], "downloading", "")
    assert look(hub, number).deployments[0].updated_at == began, "since when it downloads"
    commit(hub, bundle, NAMES[:1])
    assert reasons(hub, number)[NAMES[0]] == "proved itself on probation"
