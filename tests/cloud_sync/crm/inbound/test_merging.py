"""Two records of a CRM become one: what people said of either holds for the one that is left, and it is told where they went."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.client.window import merged_of
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.reading import Message
from cloud_sync.crm.inbound.schemes.verifying import Verified
from cloud_sync.crm.inbound.taking import Batch, take
from cloud_sync.crm.kinds.base import CrmEvent
from cloud_sync.crm.kinds.hubspot.events import read
from cloud_sync.crm.leads import leads
from cloud_sync.store.models import AuditLog, CrmLead
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        scored(made)
        yield made


def scored(made: LeadHub) -> None:
    for name, size in (("1", 40), ("2", 50), ("3", 60)):
        made.crm.put(name, size=size)
    made.score("1", "2", "3")


def merge(made: LeadHub, lost: str, into: str) -> None:
    """As the CRM tells it, and forgets the record."""
    made.crm.records.pop(lost, None)
    now = made.clock.tick(1)
    with made.hub.database.transaction() as session:
        events = merged_of(lost, into, now.isoformat(), now)
        take(session, [Batch(SALES, events, now)])
    made.drain()


def said(made: LeadHub, name: str, band: str = "", *, out: bool = False) -> None:
    with made.hub.database.transaction() as session:
        if out:
            leads.opt_out(session, SALES, name, True, why="asked by phone", who="ada")
        else:
            leads.override(session, SALES, name, band, why="no budget", who="ada")


def test_who_objected_is_not_scored_under_the_number_of_the_other(here: LeadHub) -> None:
    said(here, "1", out=True)
    merge(here, "1", "2")
    lost, left = here.lead("1"), here.lead("2")
    assert (lost.state, lost.merged_into) == ("gone", "2")
    assert left.opted_out and left.points is None and left.fields == {}
    assert left.write_at is not None, "the CRM is to show nothing"
    assert "said of 1, which was merged into this one" in leads.said_why(left.override)
    assert left.override["who"] == "ada"
    here.score("2")
    assert here.lead("2").points is None
    with here.hub.database.session() as session:
        told = session.scalars(select(AuditLog).where(AuditLog.what == "leads.opt-out")).all()
    assert {one.target for one in told} == {f"{SALES}/1", f"{SALES}/2"}


def test_who_objects_by_the_number_that_is_gone_is_heard(here: LeadHub) -> None:
    merge(here, "1", "2")
    merge(here, "2", "3")
    said(here, "1", out=True)
    here.score("3")
    assert here.lead("3").opted_out and here.lead("3").points is None


def test_a_persons_band_goes_on_unless_one_stands_there(here: LeadHub) -> None:
    said(here, "1", "hot")
    merge(here, "1", "2")
    assert here.lead("2").override["band"] == "hot" and here.lead("2").points == 50
    said(here, "3", "cold")
    merge(here, "2", "3")
    assert here.lead("3").override["band"] == "cold", "what was said of it itself counts more"
    with here.hub.database.session() as session:
        first, *_ = leads.course(session, session.get_one(CrmLead, (SALES, "2")))
    assert (first.band, first.override["who"]) == ("hot", "ada")


def test_records_that_were_never_known_or_go_round_do_no_harm(here: LeadHub) -> None:
    said(here, "1", out=True)
    for lost, into in (("1", "1"), ("8", "9"), ("1", "9"), ("9", "1")):
        merge(here, lost, into)
    assert here.lead("9").state == "gone"


def test_one_that_comes_back_as_the_other_is_merged_into_it_hears_what_was_said_of_that(
    here: LeadHub,
) -> None:
    merge(here, "1", "2")
    said(here, "2", out=True)
    here.crm.put("1", size=40)
    merge(here, "2", "1")
    left = here.lead("1")
    assert (left.state, left.opted_out, left.points) == ("open", True, None)


def test_one_that_comes_back_was_not_merged(here: LeadHub) -> None:
    merge(here, "1", "2")
    here.crm.put("1", size=45)
    now = here.clock.tick(1)
    back = CrmEvent("back", "1", "changed", now)
    with here.hub.database.transaction() as session:
        take(session, [Batch(SALES, [back], now)])
    here.drain()
    lead = here.lead("1")
    assert (lead.state, lead.points, lead.merged_into) == ("open", 45, "")


def test_the_page_names_the_one_that_is_left(tmp_path: Path) -> None:
    with opened(tmp_path) as (client, made):
        scored(made)
        merge(made, "1", "2")
        who = asker(made.hub)
        page = client.get(f"/leads/{SALES}/1", headers=who).text
        assert page.count(f'href="/leads/{SALES}/2">2</a>') == 1 and "it was merged into" in page
        assert "<dt>Shows</dt>" not in page, "it is not there"
        page = client.get(f"/leads/{SALES}/1", headers=asker(made.hub, "admin")).text
        assert f'erase <a class="mono" href="/leads/{SALES}/2">2</a>, too' in page
        told = client.get(f"/v1/leads/{SALES}/1", headers=who).json()
        with made.hub.database.session() as session:
            lead = session.get_one(CrmLead, (SALES, "1"))
            delivery = leads.delivery(lead, CrmSettings(kind="webhook"))
    assert told["merged_into"] == "2" and delivery.why == "it was merged into 2"


@pytest.mark.parametrize("told", ['"objectId": 1, "mergedObjectIds": [2]', '"mergedObjectIds": [1, 2]'])  # fmt: skip
def test_hubspot_makes_a_new_record_of_both_and_the_one_that_people_kept_is_gone_too(
    told: str,
) -> None:
    body = (
        b'[{"subscriptionType": "contact.merge", "primaryObjectId": 1, "newObjectId": 3, '
        b'"occurredAt": 1700000000000, %b}]' % told.encode()
    )
    found = read(Message(body, "contacts", Verified("", None, "d"), AT))
    assert {(one.object_id, one.what, one.into) for one in found} == {
        ("3", "joined", ""), ("1", "merged", "3"), ("2", "merged", "3"),
    }  # fmt: skip
