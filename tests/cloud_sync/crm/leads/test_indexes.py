"""What is asked of leads with every turn reads a stretch of an index, however many leads and events there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync.crm.connection import health
from cloud_sync.crm.erasure.erasing import clear_late
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.inbound import hiding
from cloud_sync.crm.leads import hotlist
from cloud_sync.crm.leads.lots import Lots
from cloud_sync.crm.leads.waiting import leads_waiting
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring import cutting
from cloud_sync.crm.scoring.claiming import any_due, claim
from cloud_sync.crm.scoring.cutting import Cut
from cloud_sync.crm.scoring.rescoring import ASKED, Backlog, make_due
from cloud_sync.retention import others
from cloud_sync.retention.rules import CRM_EVENTS, Rules
from cloud_sync.store.models import CrmConnection, CrmEvent, CrmLead
from tests.cloud_sync.crm.lead_builders import (
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
    assert len(said) == 6
    found = plan(here.hub, said)
    assert "SCAN" not in found and found.count("connection=? AND ") == 6


def test_where_there_were_none_it_is_asked_again_later_or_of_another_bundle(here: LeadHub) -> None:
    backlog, bundle = Backlog(), here.models.current(LEADS).id

    def questions(wanted: str) -> tuple[int, bool]:
        with asked(here.hub) as said:
            found = any_due(here.hub, SALES, wanted, backlog, here.clock())
        return len(said), found

    assert questions(bundle) == (6, False)
    assert questions(bundle) == (2, False)
    here.clock.tick(ASKED.total_seconds())
    assert questions(bundle) == (6, False)
    assert questions("0" * 64)[1] and questions("0" * 64)[1] and questions("g" * 64)[1]


def test_all_leads_of_an_earlier_bundle_are_scored_anew(here: LeadHub) -> None:
    here.drain()
    second = release_bundle(here.hub, lead_bundle(2, 0.5))
    here.models.look(LEADS)
    here.drain()
    assert {here.lead(name).bundle for name in "01234"} == {second}
    assert claim(here.hub, here.connection(), 10, second, "x", here.clock()) == []


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


def test_the_hot_list_is_a_stretch_of_an_index_in_each_of_its_orders(here: LeadHub) -> None:
    lots, cursor = Lots({SALES: 0.5}), ""
    for wanted in (hotlist.LeadFilter(), hotlist.LeadFilter(SALES), hotlist.LeadFilter(band="hot")):
        for _page in range(2):
            with here.hub.database.session() as session, asked(here.hub) as said:
                cursor = hotlist.page(session, wanted, lots, limit=1, cursor=cursor).next
            found = plan(here.hub, [one for one in said if "ORDER BY" in one[0]])
            assert "ix_crm_lead_list (connection=?" in found and "TEMP B-TREE" not in found
            assert ("ix_crm_lead_lot (connection=?" in found) is not bool(wanted.band)
            keys = [one for one in said if "crm_lead.fields" not in one[0]]
            assert all("ORDER BY" in statement for statement, _ in keys)
    for wanted, index in (
        (hotlist.LeadFilter(), "scored"),
        (hotlist.LeadFilter(band="hot"), "list"),
    ):
        with here.hub.database.session() as session, asked(here.hub) as said:
            hotlist.count(session, wanted)
        found = plan(here.hub, [one for one in said if "count" in one[0]])
        assert found.startswith(f"SEARCH crm_lead USING INDEX ix_crm_lead_{index} (connection=?")


def test_what_waits_is_counted_in_indexes_that_have_no_other_leads(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        for name, changes in {
            "0": {"due_at": here.clock(), "later_at": here.clock()},
            "1": {"later_at": here.clock()},
            "2": {"dead": "x", "write_at": None},
        }.items():
            row = session.get_one(CrmLead, (SALES, name))
            for column, value in changes.items():
                setattr(row, column, value)
    with here.hub.database.session() as session, asked(here.hub) as said:
        found = leads_waiting(session)
    assert (found.scoring, found.writing, found.person) == ({SALES: 2}, {SALES: 4}, {SALES: 1})
    steps = plan(here.hub, said).splitlines()
    assert [step.split("ix_crm_lead_")[1] for step in steps] == ["due", "later", "write", "dead"]


def test_of_all_leads_of_an_earlier_bundle_only_a_batch_is_read(here: LeadHub) -> None:
    with here.hub.database.transaction() as session, asked(here.hub) as said:
        assert len(make_due(session, SALES, "0" * 64, 3, here.clock())) == 3
    older = plan(here.hub, [one for one in said if "scored_at DESC" in one[0]])
    assert "ix_crm_lead_scored (connection=? AND bundle>?)" in older and "TEMP B-TREE" not in older


def test_whose_score_is_written_next_is_a_look_into_an_index(here: LeadHub) -> None:
    with asked(here.hub) as said:
        found = writing.claim(
            here.hub, here.connection(), writing.Terms(3, 3, behind=True), "me", here.clock()
        )
    assert len(found.writes) == 3
    asked_for = [one for one in said if "write_behind IS" in one[0] and "LIMIT" in one[0]]
    steps = plan(here.hub, asked_for)
    used = "ix_crm_lead_write (connection=? AND write_behind=? AND write_at<?)"
    assert steps.count(used) == len(asked_for) == 3
    assert "TEMP B-TREE" not in steps


def test_old_events_are_found_by_connection(here: LeadHub) -> None:
    rules = Rules.at(here.hub.config.retention, here.clock())
    assert rules.crm_events is not None
    with here.hub.database.transaction() as session:
        session.add(CrmConnection(name="other", kind="webhook", settings={"kind": "webhook"}))
        session.flush()
        for n, name in enumerate((SALES, "other", SALES)):
            session.add(
                CrmEvent(
                    connection=name, event_id=f"e{n}", object_id="1", what="changed", body={}, at=here.clock(),
                    received_at=rules.crm_events - timedelta(minutes=1 - n),
                )
            )  # fmt: skip
    [old] = [one for one in others.old_rows(rules) if one.kind == CRM_EVENTS]
    with here.hub.database.transaction() as session, asked(here.hub, "crm_event") as said:
        assert others.prune_some(session, old) == 1
        assert session.query(CrmEvent).count() == 2
    looked = plan(here.hub, [one for one in said if "received_at <" in one[0]])
    assert looked.count("ix_crm_event_last (connection=? AND received_at<?)") == 2
    [(gone, _)] = [one for one in said if one[0].startswith("DELETE")]
    assert "connection = ?" in gone, "a pair for each event takes PostgreSQL long to plan"
