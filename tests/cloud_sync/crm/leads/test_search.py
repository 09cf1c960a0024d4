"""Leads are found by what their fields say now, and a search reads no lead that it does not find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.leads import hotlist
from cloud_sync.crm.leads.hotlist import ALL, LeadFilter
from cloud_sync.crm.leads.lots import Lots
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import CrmLead, CrmLeadWords
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.plans import asked, plan


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        for name, company in (("1", "Müller 50%"), ("2", "Straße_AG"), ("3", 'Ann "A" Ö')):
            made.crm.put(name, size=40 + int(name), company=company, vip=name == "3")
        made.score(*"123")
        yield made


def found(here: LeadHub, text: str, state: str = ALL) -> str:
    wanted = LeadFilter(search=text, state=state)
    with here.hub.database.session() as session:
        listed = hotlist.page(session, wanted, Lots({})).leads
        assert hotlist.count(session, wanted) == len(listed)
    return "".join(sorted(one.lead.object_id for one in listed))


def words(here: LeadHub) -> list[str]:
    with here.hub.database.session() as session:
        return list(session.scalars(select(CrmLeadWords.words).order_by(CrmLeadWords.object_id)))


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("MÜLLER", "1"), ("müller 50%", "1"), ("50%", "1"), ("%", "1"), ("STRASSE_", "2"),
        ("straße", "2"), ('"a" ö', "3"), ("41", "1"), ("true", "3"), ("3", "3"), ("company", ""),
        ("zz", ""), ("\\", ""),
    ],
)  # fmt: skip
def test_the_values_count_and_not_their_case_or_their_columns(
    here: LeadHub, text: str, leads: str
) -> None:
    assert found(here, text) == leads == found(here, text, "open")


def test_a_lead_is_found_by_what_it_says_now(here: LeadHub) -> None:
    here.crm.put("1", size=41, company="Schmidt")
    here.score("1")
    assert (found(here, "müller"), found(here, "schmidt")) == ("", "1")


def test_a_lead_that_nobody_read_yet_is_found_by_its_number(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        insert_once(session, CrmLead, [{"connection": SALES, "object_id": "77"}])
    assert (found(here, "77"), found(here, "7")) == ("77", "")


def test_nothing_is_left_to_find_of_a_lead_that_is_forgotten(here: LeadHub) -> None:
    forget(here.hub, SALES, "1", by="ada")
    assert (found(here, "müller"), found(here, "1")) == ("", "1")
    assert not any("müller" in one for one in words(here)) and len(words(here)) == 2


def test_nothing_is_left_to_find_of_a_connection_that_is_removed(here: LeadHub) -> None:
    assert len(words(here)) == 3
    connections.remove(here.hub, SALES, by="ada")
    assert words(here) == []


@pytest.mark.parametrize("state", ["open", "won", ALL])
def test_leads_that_are_not_found_are_not_read(tmp_path: Path, state: str) -> None:
    with lead_hub(tmp_path) as here:
        here.crm.put("1", size=40, company="Müller")
        here.score("1")
        with asked(here.hub) as said:
            found(here, "müller", state)
        steps = plan(here.hub, said).splitlines()
    read = {step for step in steps if "crm_lead" in step and "crm_lead_words" not in step}
    assert read and not any(step.startswith("SCAN") for step in read)
