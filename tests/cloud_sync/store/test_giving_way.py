"""Long work of many transactions leaves others their turn at SQLite's one writer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.crm.connection import connections
from cloud_sync.crm.erasure import erasing, forgetting
from cloud_sync.store import giving_way
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import CrmEvent
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub

NAMES = [str(number) for number in range(5)]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    """Five leads, each with an event."""
    with lead_hub(tmp_path) as made:
        made.due(*NAMES)
        add_events(made)
        yield made


def add_events(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        for name in NAMES:
            said = {"event_id": f"more-{name}", "what": "changed", "at": utc_now()}
            session.add(CrmEvent(connection=SALES, object_id=name, body={"a": 1}, **said))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(giving_way.time, "sleep", found.append)
    return found


def test_the_longer_others_waited_the_longer_they_have_within_bounds(slept: list[float]) -> None:
    now = [0.0]
    work = GivingWay(lambda: now[0])
    for worked_s in (0.001, 0.1, 5.0, 0.0):
        now[0] += worked_s
        work.rest()
        now[0] += slept[-1]
    assert slept == pytest.approx([0.02, 0.05, 0.11, 0.02])


def test_between_portions_of_persons_others_have_their_turn(
    here: LeadHub, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    forgetting.forget_all(here.hub, [(SALES, name) for name in NAMES], by="ada")
    assert len(slept) == 3
    slept.clear()
    add_events(here)
    monkeypatch.setattr(erasing, "AT_ONCE", 2)
    assert erasing.clear_late(here.hub) == len(NAMES)
    assert len(slept) == 3


def test_between_portions_of_a_connection_that_goes_others_have_their_turn(
    here: LeadHub, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_PORTION", 2)
    gone = connections.remove(here.hub, SALES, by="ada")
    assert (gone["crm_event"], gone["crm_lead"]) == (len(NAMES), len(NAMES))
    assert len(slept) == 2 + 2
