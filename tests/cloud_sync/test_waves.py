"""How a rollout spreads: one device, a fifth, all; and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.fleet import deployments, rollouts, standings, waves
from cloud_sync.fleet.plan import Plan, parse_waves, sizes
from cloud_sync.hub import Hub
from cloud_sync.store.models import Deployment, Device, Rollout
from kits.core.errors import UsageError
from kits.core.hub_api import Reported
from kits.core.sample import utc_now
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_hub

FLEET = 20
NAMES = [f"press-{number:02}" for number in range(1, FLEET + 1)]
PLAN = Plan(deadline=timedelta(hours=1), soak=timedelta(minutes=30))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        for name in NAMES:
            add_device(hub, name, group="line")
        yield hub


@pytest.fixture
def bundle(hub: Hub) -> str:
    return approved_bundle(hub)


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


def test_a_silent_canary_stops_the_rollout_at_the_deadline(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    silent = shift(hub, deadline_at=utc_now() - timedelta(seconds=1))
    assert silent == 1, "devices of later waves have not begun, so they are not late"
    assert "not committed by the deadline" in look(hub, number).reason
    assert told(hub) == []


def test_one_failure_in_a_later_wave_is_tolerated_two_are_not(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("1", "100%")))
    commit(hub, bundle, NAMES[:1])
    assert told(hub) == NAMES, "without a soak the next wave opens at once"
    report(hub, NAMES[1], "failed", "", "disk full")
    assert look(hub, number).state == "running"
    report(hub, NAMES[2], "failed", "", "golden samples differ")
    rollout = look(hub, number)
    assert rollout.state == "failed"
    assert "disk full" in rollout.reason
    assert "golden samples differ" in rollout.reason
    assert told(hub) == NAMES[:1], "who has committed keeps it, nobody else begins"


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


def test_a_canary_that_is_silent_at_the_end_of_its_soak_holds_the_next_wave_back(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    heard(hub, NAMES[0], ago=timedelta(minutes=29))
    pass_time(hub, soak_until=utc_now() - timedelta(seconds=1))
    with hub.database.transaction() as session:
        assert waves.advance(session) == 0
    assert told(hub) == NAMES[:1]
    assert "silent at the end of the soak" in reasons(hub, number)[NAMES[0]]
    heard(hub, NAMES[0])
    with hub.database.transaction() as session:
        waves.advance(session)
    assert told(hub) == NAMES[:4]


def test_silence_from_the_soak_to_the_deadline_is_a_failure(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    rollout = look(hub, number)
    assert rollout.soak_until is not None
    assert rollout.deadline_at == rollout.soak_until + PLAN.deadline
    heard(hub, NAMES[0], ago=timedelta(hours=2))
    past = utc_now() - timedelta(seconds=1)
    assert shift(hub, soak_until=past, deadline_at=past) == 1
    assert "committed, then not heard of since" in look(hub, number).reason


def test_a_line_without_parts_has_time_from_its_last_sign_of_life(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    report(hub, NAMES[0], "shadow", "", waits_for="parts")
    past = utc_now() - timedelta(seconds=1)
    pass_time(hub, deadline_at=past)
    with hub.database.session() as session:
        assert not waves.due(session), "who says what it waits for is not silent"
    assert "waits for parts; counts as silent at" in reasons(hub, number)[NAMES[0]]
    report(hub, NAMES[0], "active", bundle)
    with hub.database.session() as session:
        assert not waves.due(session), "it went on just now"
    with hub.database.transaction() as session:
        long_ago = utc_now() - timedelta(hours=2)
        session.execute(update(Deployment).values(waited_until=long_ago))
        assert waves.advance(session) == 1
    assert "not committed by the deadline (was active)" in look(hub, number).reason


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


def heard(hub: Hub, name: str, ago: timedelta = timedelta()) -> None:
    """The hub hears of a device, or heard of it last some time ago."""
    with hub.database.transaction() as session:
        session.get_one(Device, name).last_seen_at = utc_now() - ago


def reasons(hub: Hub, number: int) -> dict[str, str]:
    with hub.database.session() as session:
        found = standings.of(session, rollouts.find(session, number))
        return {one.device: one.reason for one in found}


def pass_time(hub: Hub, **columns: object) -> None:
    with hub.database.transaction() as session:
        session.execute(update(Rollout).values(**columns))
