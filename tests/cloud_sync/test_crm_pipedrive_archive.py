"""Deals and leads that somebody archives: Pipedrive lists them no more and lets nobody edit them, and they are not lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.store.models import CrmConnection, CrmLead
from tests.cloud_sync.crm_account import SECRETS, Account
from tests.cloud_sync.crm_servers import Asked, Reply, crm_for, crm_server
from tests.cloud_sync.lead_builders import (
    SALES,
)
from tests.cloud_sync.pipedrive_firm import THERE, Firm, pipedrive_firm


@pytest.fixture(params=["deals", "leads"])
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    with pipedrive_firm(tmp_path, request.param) as made:
        yield made


def test_many_that_are_archived_at_once_leave_the_list_and_nobody_is_asked(firm: Firm) -> None:
    firm.archive(*firm.ids[:20])
    firm.sweep()
    assert firm.states() == {"open": THERE - 20, "gone": 20} and firm.alerts() == []


def test_one_that_is_back_is_scored_and_shown_again(firm: Firm) -> None:
    one = firm.ids[0]
    firm.archive(one)
    firm.tell(one)
    assert firm.lead(one).state == "gone"
    firm.archive(one, archived=False)
    before = firm.held(one).written.times
    firm.sweep()
    assert firm.lead(one).state == "open"
    assert firm.held(one).written.times > before


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_what_became_of_one_that_is_archived_at_once_is_learned(firm: Firm, outcome: str) -> None:
    one = firm.ids[0]
    firm.simulator.settle(firm.held(one), outcome)
    firm.archive(one)
    firm.sweep()
    assert firm.lead(one).state == outcome and firm.learned() == 1


def test_a_score_that_waits_for_an_archived_one_is_no_fault_of_anybody(firm: Firm) -> None:
    first, second = firm.ids[:2]
    firm.archive(first, second)
    with firm.hub.database.transaction() as session:
        for name in (first, second):
            lead = session.get_one(CrmLead, (SALES, name))
            lead.write_at, lead.wrote_points = firm.clock(), None
    firm.go_on()
    assert firm.alerts() == [] and firm.states() == {"open": THERE - 2, "gone": 2}


def test_who_objects_on_one_that_is_archived_is_heard(firm: Firm) -> None:
    with firm.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.settings = {**row.settings, "opt_out": ["No calls"]}
    one = firm.ids[0]
    firm.archive(one)
    assert firm.simulator.records.set(one, firm.simulator.vendor.fields({"no_calls": True}))
    firm.tell(one)
    lead = firm.lead(one)
    assert (lead.state, lead.opted_out, lead.points, lead.fields) == ("gone", True, None, {})


def test_the_archive_is_asked_for_what_is_missing_only() -> None:
    account = Account()
    account.things["5"] = {"id": 5, "custom_fields": {}}
    away = {"id": 6, "custom_fields": {}, "is_archived": True}

    def act(asked: Asked) -> Reply:
        if asked.path == "/api/v2/deals/archived":
            assert asked.query["ids"] in ("6", "6,7")
            return Reply({"success": True, "data": [away]})
        return account.act(asked)

    with crm_server(act) as server:
        crm = crm_for("pipedrive", server, SECRETS)
        assert [(one.object_id, one.archived) for one in crm.read(["5"])] == [("5", False)]
        read = crm.read(["5", "6", "7"])
        assert [(one.object_id, one.archived) for one in read] == [("5", False), ("6", True)]
        asked = [one.path for one in server.asked]
    assert asked.count("/api/v2/deals/archived") == 1


def test_an_account_that_has_no_archive_is_read_as_before() -> None:
    account = Account()
    account.things["5"] = {"id": 5, "custom_fields": {}}
    with crm_server(account.act) as server:
        crm = crm_for("pipedrive", server, SECRETS)
        assert [one.object_id for one in crm.read(["5", "6"])] == ["5"]
        assert server.asked[-1].path == "/api/v2/deals/archived"
