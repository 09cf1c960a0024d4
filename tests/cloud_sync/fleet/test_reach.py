"""Devices that are away, and those that took the bundle and fell silent: what a rollout makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.commands.rollouts import status as show_status
from cloud_sync.fleet import devices, waves
from cloud_sync.fleet.plan import Plan
from cloud_sync.fleet.reach import AWAY
from cloud_sync.hub import Hub
from cloud_sync.store.models import Deployment
from cloud_sync.web.pages._render import live_fragment
from cloud_sync.web.pages.releases import _rollout_values
from kits.core.sample import utc_now
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
    waits,
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


def test_a_canary_that_is_away_is_waited_for_and_is_no_failure(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    shift(hub, deadline_at=past())
    pass_time(hub, deadline_at=past(timedelta(days=30)))
    assert look(hub, number).state == "running"
    assert told(hub) == NAMES[:1]
    assert "away, never heard of: gets the bundle when it is back" in reasons(hub, number)[NAMES[0]]
    assert waits(hub, number) == "1 of 20 devices are away and get it when they are back"
    heard(hub, NAMES[0])
    advance(hub)
    assert not look(hub, number).deployments[0].waits_for, "its time counts from now"
    commit(hub, bundle, NAMES[:1])
    assert look(hub, number).soak_until is not None


def test_for_a_canary_that_is_away_another_device_goes_first(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    heard(hub, NAMES[8])
    advance(hub)
    assert told(hub) == NAMES[:1], "it may be the one that a person named: it has its time"
    shift(hub, deadline_at=past())
    assert told(hub) == [NAMES[8]]
    assert reasons(hub, number)[NAMES[0]] == "waits for wave 3"
    report(hub, NAMES[8], "failed", "", "golden samples differ")
    assert "the first wave failed: press-09" in look(hub, number).reason


def test_a_device_that_took_the_bundle_and_fell_silent_keeps_it_from_spreading(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    for name in NAMES[1:]:
        heard(hub, name)
    report(hub, NAMES[0], "active", bundle)
    begun(hub, timedelta(hours=2))
    heard(hub, NAMES[0], ago=timedelta(minutes=10))
    shift(hub, deadline_at=past())
    assert look(hub, number).state == "running"
    assert told(hub) == NAMES[:1]
    assert "took the bundle, then not heard of since" in reasons(hub, number)[NAMES[0]]
    assert waits(hub, number).startswith("it does not spread: press-01 took the bundle")
    heard(hub, NAMES[0], ago=2 * AWAY)
    with hub.database.transaction() as session:
        session.execute(update(Deployment).values(waited_until=past(AWAY)))
    advance(hub)
    assert "press-01 took the bundle (was active), then not heard of" in look(hub, number).reason
    assert told(hub) == []


def test_one_that_took_it_and_comes_back_has_its_time_again(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    report(hub, NAMES[0], "active", bundle)
    begun(hub, timedelta(hours=12))
    heard(hub, NAMES[0], ago=timedelta(hours=9))
    shift(hub, deadline_at=past())
    heard(hub, NAMES[0])
    advance(hub)
    assert look(hub, number).state == "running", "it was off at night"
    with hub.database.session() as session:
        assert not waves.due(session)
    commit(hub, bundle, NAMES[:1])
    assert look(hub, number).soak_until is not None


def test_one_that_took_it_and_is_silent_holds_a_later_wave_too_and_stops_it_in_the_end(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    soaked(hub)
    report(hub, NAMES[1], "active", bundle)
    commit(hub, bundle, NAMES[2:4])
    begun(hub, timedelta(hours=2))
    heard(hub, NAMES[1], ago=timedelta(hours=1))
    shift(hub, deadline_at=past())
    assert waits(hub, number).startswith("it does not spread: press-02 took the bundle")
    assert look(hub, number).soak_until is None
    heard(hub, NAMES[1], ago=2 * AWAY)
    with hub.database.transaction() as session:
        session.execute(update(Deployment).values(waited_until=past(AWAY)))
        waves.advance(session)
    assert "press-02 took the bundle (was active), then not" in look(hub, number).reason
    assert told(hub) == [NAMES[0], *NAMES[2:4]]


def test_in_the_last_wave_nobody_waits_for_one_that_took_it_and_is_silent(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("1", "100%")))
    commit(hub, bundle, [*NAMES[:18], NAMES[19]])
    report(hub, NAMES[18], "active", bundle)
    begun(hub, timedelta(hours=2))
    heard(hub, NAMES[18], ago=timedelta(hours=1))
    shift(hub, deadline_at=past(), wave=1)
    assert look(hub, number).state == "running"
    assert not waits(hub, number)
    report(hub, NAMES[18], "committed", bundle)
    assert look(hub, number).state == "done"


def test_in_place_of_those_that_are_away_others_prove_it(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    for name in (*NAMES[2:4], *NAMES[10:12]):
        heard(hub, name)
    soaked(hub)
    assert told(hub) == [NAMES[0], NAMES[2], NAMES[3], NAMES[10]]
    assert look(hub, number).state == "running"


def test_a_wave_without_anybody_in_place_of_the_away_needs_half_of_it(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("1", "5", "100%")))
    commit(hub, bundle, NAMES[:1])
    assert told(hub) == NAMES[:5]
    commit(hub, bundle, NAMES[1:2])
    shift(hub, deadline_at=past())
    assert told(hub) == NAMES[:5], "three of four are away"
    commit(hub, bundle, NAMES[2:3])
    assert told(hub) == NAMES
    assert look(hub, number).state == "running"


def test_a_rollout_goes_on_for_who_is_away_and_is_done_when_the_last_has_committed(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle, Plan(timedelta(hours=1), waves=("1", "100%")))
    commit(hub, bundle, NAMES[:18])
    shift(hub, deadline_at=past())
    assert look(hub, number).state == "running"
    assert waits(hub, number) == "2 of 20 devices are away and get it when they are back"
    assert told(hub) == NAMES
    commit(hub, bundle, NAMES[18:19])
    with hub.database.transaction() as session:
        devices.revoke(session, NAMES[19], who="ada")
    advance(hub)
    assert look(hub, number).state == "done", "who is revoked counts neither way"


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


def test_silence_after_the_soak_holds_the_next_wave_and_is_a_failure_in_the_end(
    hub: Hub, bundle: str
) -> None:
    number = start(hub, bundle)
    commit(hub, bundle, NAMES[:1])
    rollout = look(hub, number)
    assert rollout.soak_until is not None
    assert rollout.deadline_at == rollout.soak_until + PLAN.deadline
    heard(hub, NAMES[0], ago=timedelta(hours=2))
    pass_time(hub, soak_until=past(), deadline_at=past())
    assert advance(hub) == 0
    assert waits(hub, number).startswith("it does not spread: press-01 committed and cannot be")
    assert told(hub) == NAMES[:1]
    heard(hub, NAMES[0], ago=timedelta(hours=100))
    assert shift(hub, soak_until=past(AWAY), deadline_at=past()) == 1
    assert "committed, then not heard of since" in look(hub, number).reason


def test_a_line_without_parts_has_time_from_its_last_sign_of_life(hub: Hub, bundle: str) -> None:
    number = start(hub, bundle)
    report(hub, NAMES[0], "shadow", "", waits_for="parts")
    pass_time(hub, deadline_at=past())
    with hub.database.session() as session:
        assert not waves.due(session), "who says what it waits for is not silent"
    assert "waits for parts; counts as silent at" in reasons(hub, number)[NAMES[0]]
    report(hub, NAMES[0], "active", bundle)
    with hub.database.session() as session:
        assert not waves.due(session), "it went on just now"
    with hub.database.transaction() as session:
        long_ago = utc_now() - timedelta(hours=2)
        session.execute(update(Deployment).values(waited_until=long_ago, begun_at=long_ago))
        assert waves.advance(session) == 1
    assert "not committed by the deadline (was active)" in look(hub, number).reason


def test_page_and_command_say_what_a_rollout_waits_for(
    hub: Hub, bundle: str, capsys: pytest.CaptureFixture[str]
) -> None:
    number = start(hub, bundle)
    report(hub, NAMES[0], "active", bundle)
    begun(hub, timedelta(hours=2))
    heard(hub, NAMES[0], ago=timedelta(hours=1))
    shift(hub, deadline_at=past())
    with hub.database.session() as session:
        values = _rollout_values(session, number)[1]
    page = str(live_fragment("rollout_live.html", False, **values).body)
    (hub.config.data_dir / "hub.yaml").write_text("{}")
    show_status(number, hub.config.data_dir)
    for told_where in (page, capsys.readouterr().out):
        assert "it does not spread: press-01 took the bundle and cannot be heard" in told_where
        assert "took the bundle, then not heard of since" in told_where
    assert "Deadline of this wave" not in page
