"""What is asked of leads with every turn reads a stretch of an index, however many leads and events there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.crm import cutting, health, hiding, hotlist
from cloud_sync.crm.claiming import any_due, claim
from cloud_sync.crm.cutting import Cut
from cloud_sync.crm.erasing import clear_late
from cloud_sync.crm.forgetting import forget
from cloud_sync.crm.lots import Lots
from cloud_sync.crm.rescoring import ASKED, Backlog
from cloud_sync.store.models import CrmConnection, CrmEvent
from tests.cloud_sync.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.plans import asked, plan


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        for n in range(5):
            made.crm.put(str(n), size=10 + 20 * n)
        made.score(*"01234")
        yield made


def test_whether_scores_are_an_earlier_bundles_is_a_look_into_an_index(here: LeadHub) -> None:
    with asked(here.hub) as said:
        assert not any_due(here.hub, SALES, here.models.current(LEADS).id, Backlog(), here.clock())
    assert len(said) == 5
    found = plan(here.hub, said)
    assert "SCAN" not in found and found.count("connection=? AND ") == 5


def test_where_there_were_none_it_is_asked_again_later_or_of_another_bundle(here: LeadHub) -> None:
    backlog, bundle = Backlog(), here.models.current(LEADS).id

    def questions(wanted: str) -> tuple[int, bool]:
        with asked(here.hub) as said:
            found = any_due(here.hub, SALES, wanted, backlog, here.clock())
        return len(said), found

    assert questions(bundle) == (5, False)
    assert questions(bundle) == (2, False)
    here.clock.tick(ASKED.total_seconds())
    assert questions(bundle) == (5, False)
    assert questions("0" * 64)[1] and questions("0" * 64)[1] and questions("g" * 64)[1]


def test_all_leads_of_an_earlier_bundle_are_scored_anew(here: LeadHub) -> None:
    here.drain()
    second = release_bundle(here.hub, lead_bundle(2, 0.5))
    here.models.look(LEADS)
    here.drain()
    assert {here.lead(name).bundle for name in "01234"} == {second}
    assert claim(here.hub, SALES, 10, second, "x", here.clock()) == []


def test_leads_in_another_band_than_the_cut_says_are_found_in_an_index(here: LeadHub) -> None:
    cut = Cut(here.models.current(LEADS).id, 0.2, 0.1, 200, here.clock(), (0.0, 1.0))
    with asked(here.hub) as said:
        assert cutting.reband(here.hub, SALES, cut, here.clock()) == 3
    looked = [one for one in said if one[0].startswith("SELECT") and "LIMIT" in one[0]]
    found = plan(here.hub, looked)
    assert "SCAN" not in found and "ix_crm_lead_band" in found
    assert [here.lead(name).band for name in "01234"] == ["warm", "hot", "hot", "hot", "hot"]
    with asked(here.hub) as said:
        assert cutting.reband(here.hub, SALES, cut, here.clock()) == 0
    assert plan(here.hub, said).count("band=? AND probability") == 4


def test_the_events_of_one_lead_are_found_without_all_others(here: LeadHub) -> None:
    with asked(here.hub) as said:
        forget(here.hub, SALES, "0", by="ada")
    events = [one for one in said if "DELETE FROM crm_event" in one[0]]
    assert "ix_crm_event_lead (connection=? AND object_id=?)" in plan(here.hub, events)


def test_what_comes_late_of_an_erased_lead_is_found_without_all_other_events(
    here: LeadHub,
) -> None:
    forget(here.hub, SALES, "0", by="ada")
    with here.hub.database.transaction() as session:
        for name in "01":
            session.add(
                CrmEvent(
                    connection=SALES, event_id=f"e{name}", object_id=name, what="changed",
                    at=here.clock(), body={"name": "Ada"},
                )
            )  # fmt: skip
    with asked(here.hub) as said:
        assert (clear_late(here.hub), clear_late(here.hub)) == (1, 0)
    found = plan(here.hub, said)
    assert "ix_crm_lead_opted_out" in found and "ix_crm_event_lead" in found
    assert "SCAN crm_event" not in found
    with here.hub.database.session() as session:
        bodies = [session.get_one(CrmEvent, (SALES, f"e{name}")).body for name in "01"]
    assert bodies == [{}, {"name": "Ada"}]


def test_the_last_event_of_each_connection_is_the_end_of_an_index(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        session.add(CrmConnection(name="other", kind="webhook", settings={"kind": "webhook"}))
        for n in range(3):
            session.add(
                CrmEvent(
                    connection=SALES, event_id=f"e{n}", object_id="1", what="changed", body={},
                    at=here.clock(), received_at=here.clock() + timedelta(minutes=n),
                )
            )  # fmt: skip
    with here.hub.database.session() as session, asked(here.hub) as said:
        found = {one.name: one.last_event_at for one in health.connections(session, here.clock())}
    assert found == {SALES: here.clock() + timedelta(minutes=2), "other": None}
    events = [one for one in said if "crm_event" in one[0]]
    assert "SEARCH crm_event USING COVERING INDEX ix_crm_event_last" in plan(here.hub, events)


def test_how_many_leads_are_missed_is_counted_in_an_index(here: LeadHub) -> None:
    with here.hub.database.transaction() as session, asked(here.hub) as said:
        row = session.get_one(CrmConnection, SALES)
        assert hiding.plausible(session, row, 0, here.clock())
    assert "COVERING INDEX ix_crm_lead_error" in plan(here.hub, [said[-1]])


def test_the_hot_list_sorts_keys_and_finds_those_by_lot_in_their_order(here: LeadHub) -> None:
    with here.hub.database.session() as session, asked(here.hub) as said:
        hotlist.page(session, hotlist.LeadFilter(), Lots({SALES: 0.5}), limit=2)
    sorting = [statement for statement, _ in said if "ORDER BY" in statement]
    assert len(sorting) == 2 and not any("crm_lead.fields" in statement for statement in sorting)
    lots = [one for one in said if "ORDER BY crm_lead.lot" in one[0]]
    found = plan(here.hub, lots)
    assert "ix_crm_lead_lot" in found and "TEMP B-TREE" not in found
