"""A CRM that does not answer is left alone, longer each time; one request then tries for all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm import breaker
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection
from tests.cloud_sync.fleet_builders import AT, make_hub

DOWN = DeliveryError("it does not answer")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        with hub.database.transaction() as session:
            session.add(CrmConnection(name="sales", kind="hubspot", settings={}))
        yield hub


def fail(hub: Hub, now: datetime, error: DeliveryError = DOWN) -> float:
    with hub.database.transaction() as session:
        return breaker.failed(session, hub.config.notify, "sales", error, now, random.Random(1))


def may_try(hub: Hub, now: datetime) -> bool:
    with hub.database.transaction() as session:
        return breaker.may_try(session, session.get_one(CrmConnection, "sales"), now)


def open_alerts(hub: Hub) -> list[str]:
    with hub.database.session() as session:
        return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))


def test_a_few_failures_do_not_stop_it_and_told_is_once(hub: Hub) -> None:
    for _ in range(breaker.FAILURES - 1):
        fail(hub, AT)
    assert may_try(hub, AT) and open_alerts(hub) == []
    pauses = [fail(hub, AT) for _ in range(8)]
    assert not may_try(hub, AT)
    assert pauses[0] <= breaker.FIRST_S < pauses[-1] <= breaker.MAX_S
    assert open_alerts(hub) == [breaker.UNREACHABLE]


def test_after_the_pause_one_tries_for_all_and_success_closes_it(hub: Hub) -> None:
    for _ in range(breaker.FAILURES):
        fail(hub, AT)
    later = AT + timedelta(seconds=breaker.MAX_S)
    assert may_try(hub, later)
    assert not may_try(hub, later)  # the other process waits for what the first one finds
    with hub.database.transaction() as session:
        breaker.succeeded(session, "sales", later)
    assert may_try(hub, later) and open_alerts(hub) == []


def test_a_crm_that_asks_for_a_pause_gets_it(hub: Hub) -> None:
    assert fail(hub, AT, DeliveryError("too many requests", after_s=40)) == 40
    assert not may_try(hub, AT + timedelta(seconds=39))
    assert may_try(hub, AT + timedelta(seconds=41))


def test_a_paused_connection_and_one_that_is_gone_are_not_asked(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, "sales").paused_at = AT
    assert not may_try(hub, AT)
    with hub.database.transaction() as session:
        nobody = CrmConnection(name="nobody", kind="hubspot", settings={})
        assert not breaker.may_try(session, nobody, AT)


def test_whoever_goes_by_settings_that_have_changed_looks_again(hub: Hub) -> None:
    with hub.database.session() as session:
        seen = session.get_one(CrmConnection, "sales")
    for change in ({"settings": {"write": False}}, {"settings": {}, "project": "leads"}):
        with hub.database.transaction() as session:
            row = session.get_one(CrmConnection, "sales")
            for name, value in change.items():
                setattr(row, name, value)
        with hub.database.transaction() as session:
            assert not breaker.may_try(session, seen, AT)
    assert may_try(hub, AT)


def test_a_pause_written_by_a_wrong_clock_does_not_last(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.get_one(CrmConnection, "sales").open_until = AT + timedelta(days=400)
    assert may_try(hub, AT)
