"""Who does not want to be scored is not, also where the CRM loses the field that says so, which is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.crm.scoring.unheard import UNHEARD
from cloud_sync.store.models import Alert, CrmConnection
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def later(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def open_alerts(here: LeadHub) -> list[str]:
    with here.hub.database.session() as session:
        return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))


def of_kind(here: LeadHub, kind: str, **settings: JsonValue) -> None:
    """The connection is of another kind than a program of the firm's own."""
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.kind, row.settings = kind, {"kind": kind, **settings}


def test_a_field_that_is_gone_takes_no_objection_back_and_is_missed_aloud(here: LeadHub) -> None:
    here.heeds()
    of_kind(here, "hubspot")
    here.crm.put("1", size=50, no_scoring=True)
    here.crm.put("2", size=50, no_scoring=False)
    here.score("1", "2")
    assert here.lead("1").opted_out and open_alerts(here) == []
    for name, record in here.crm.records.items():  # its admin deletes the field
        here.crm.records[name] = replace(record, fields={"size": 60}, modified_at=later(1))
    here.score("1", "2")
    assert here.lead("1").opted_out and here.lead("1").points is None
    assert here.lead("2").points == 60
    assert open_alerts(here) == [UNHEARD]
    for name, record in here.crm.records.items():
        here.crm.records[name] = replace(record, modified_at=later(2))
        here.crm.put(name, later(2), no_scoring=False)
    here.score("1", "2")
    assert here.lead("1").points == 60 and open_alerts(here) == []


def test_where_another_field_says_who_is_not_scored_its_word_counts(here: LeadHub) -> None:
    here.heeds()
    of_kind(here, "hubspot", opt_out=["no_call"])
    here.crm.put("1", size=50, opted_out=True)
    here.score("1")
    here.crm.put("1", later(1), opted_out=False)
    here.score("1")
    assert here.lead("1").points == 50 and open_alerts(here) == []


def test_leads_that_are_decided_are_asked_when_a_bundle_begins_to_listen(here: LeadHub) -> None:
    for name in ("1", "2"):
        here.crm.put(name, size=50)
    here.score("1", "2")
    here.crm.put("1", later(1), outcome="won", no_scoring=True)
    here.crm.put("2", later(1), outcome="lost")
    here.score("1", "2")
    assert here.lead("1").points == 50, "this bundle has no such column"
    asked = len(here.crm.asked)
    here.heeds()
    here.drain()
    assert here.lead("1").opted_out and here.lead("1").points is None
    assert (here.lead("2").state, here.lead("2").points) == ("lost", 50)
    assert len(here.crm.asked) == asked + 1
    release_bundle(here.hub, lead_bundle(3, heeds=True))
    here.models.look(LEADS)
    here.drain()
    assert len(here.crm.asked) == asked + 1, "the next one listens to no more"


def test_who_goes_back_to_a_bundle_that_does_not_listen_is_told(here: LeadHub) -> None:
    here.models.look(LEADS)
    here.heeds()
    here.models.back(LEADS, by="ada")
    assert open_alerts(here) == [], "a program of one's own says it itself"
    here.models.forward(LEADS, by="ada")
    of_kind(here, "hubspot")
    here.models.back(LEADS, by="ada")
    assert open_alerts(here) == [UNHEARD]
    here.models.forward(LEADS, by="ada")
    assert open_alerts(here) == []
    of_kind(here, "hubspot", opt_out=["no_call"])
    here.models.back(LEADS, by="ada")
    assert open_alerts(here) == []
