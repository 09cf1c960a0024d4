"""A CRM that does not answer is left alone, longer each time; one request then tries for all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.parting import AGAIN
from cloud_sync.crm.scoring.committing import LEAD_DEAD, MAX_LATER
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection
from tests.cloud_sync.crm.lead_builders import LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT, make_hub

DOWN = DeliveryError("it does not answer")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        with hub.database.transaction() as session:
            session.add(CrmConnection(name="sales", kind="hubspot", settings={}))
        yield hub


@pytest.fixture
def leads(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


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


def test_one_lead_over_which_the_crm_fails_keeps_no_other_from_being_scored(leads: LeadHub) -> None:
    """As over a field of its firm that it cannot compute: each batch has it, as it has waited longest."""
    names = [str(number) for number in range(8)]
    for name in names:
        leads.crm.put(name, size=50)
    leads.crm.poison = "7"
    leads.crm.poisoned = RefusedError("answered with HTTP 500", status=500)
    leads.due(*names)
    for _ in range(AGAIN):
        leads.scoring.step()
        assert not any(leads.lead(name).points for name in names), "it may be over at once"
        leads.clock.tick(2)
    leads.scoring.step()
    assert all(leads.lead(name).points == 50 for name in names if name != "7")
    assert not leads.lead("7").dead and leads.lead("7").error.startswith("read: ")
    assert open_alerts(leads.hub) == []
    leads.crm.poison = ""
    leads.clock.tick(10)
    leads.drain()
    assert leads.lead("7").points == 50 and not leads.lead("7").error


def test_a_lead_over_which_the_crm_fails_for_long_waits_for_a_person(leads: LeadHub) -> None:
    leads.crm.poison, leads.crm.poisoned = "7", RefusedError("answered with HTTP 500", status=500)
    leads.crm.put("8", size=50)
    leads.due("7", "8")
    with leads.hub.database.transaction() as session:
        session.merge(leads.lead("7")).attempts = MAX_LATER
    for _ in range(AGAIN + 1):
        leads.scoring.step()
        leads.clock.tick(2)
    assert leads.lead("7").dead.startswith("read: ") and open_alerts(leads.hub) == [LEAD_DEAD]


def test_a_crm_that_fails_over_every_lead_is_at_fault_itself(leads: LeadHub) -> None:
    names = [str(number) for number in range(8)]
    for name in names:
        leads.crm.put(name, size=50)
    leads.crm.down = RefusedError("answered with HTTP 500", status=500)
    leads.due(*names)
    for _ in range(AGAIN + 2):
        leads.scoring.step()
        leads.clock.tick(2)
    assert not any(leads.lead(name).error or leads.lead(name).attempts for name in names)
