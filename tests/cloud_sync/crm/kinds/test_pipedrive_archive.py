"""Deals and leads that somebody archives: Pipedrive lists them no more and lets nobody edit them, and they are not lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from cloud_sync.crm.connection import changing, settling
from cloud_sync.crm.connection.editing import Edit
from cloud_sync.store.models import CrmConnection, CrmLead
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.account import SECRETS, Account
from tests.cloud_sync.crm.lead_builders import (
    SALES,
)
from tests.cloud_sync.crm.pipedrive_firm import THERE, Firm, pipedrive_firm
from tests.cloud_sync.crm.servers import Asked, Reply, crm_for, crm_server


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


def counts_as(firm: Firm, archived: str) -> None:
    """Somebody says what archived ones are."""
    edit = Edit({"options.archived": archived})
    settling.change(
        firm.hub,
        SALES,
        lambda before, project: changing.plan(before, project, edit, "test"),
        by="test",
    )
    firm.go_on()


def test_where_archived_means_lost_they_are_learned_from_also_those_of_before(firm: Firm) -> None:
    first, second = firm.ids[:2]
    firm.archive(first)
    firm.sweep()
    assert firm.lead(first).state == "gone" and firm.learned() == 0
    counts_as(firm, "lost")
    assert firm.lead(first).state == "lost" and firm.learned() == 1
    firm.archive(second)
    firm.sweep()
    assert firm.lead(second).state == "lost" and firm.learned() == 2
    firm.archive(second, archived=False)
    firm.tell(second)
    assert firm.lead(second).state == "open" and firm.alerts() == []
    counts_as(firm, "gone")
    assert firm.lead(first).state == "gone" and firm.states() == {"open": THERE - 1, "gone": 1}


def test_one_that_was_won_stays_won_when_it_is_archived(firm: Firm) -> None:
    counts_as(firm, "lost")
    firm.simulator.settle(firm.held(firm.ids[0]), "won")
    firm.archive(firm.ids[0])
    firm.sweep()
    assert firm.lead(firm.ids[0]).state == "won"


def test_when_it_was_archived_is_when_it_was_lost() -> None:
    account = Account()
    times = {"update_time": "2026-05-04T10:00:00Z", "archive_time": "2026-05-03T09:00:00Z"}
    account.things["6"] = {"id": 6, "custom_fields": {}, "is_archived": True, **times}
    account.things["7"] = {**account.things["6"], "id": 7, "archive_time": None}
    with crm_server(account.act) as server:
        crm = crm_for("pipedrive", server, SECRETS, options={"archived": "lost"})
        ended = {one.object_id: one.outcome_at for one in crm.read(["6", "7"])}
    assert ended["6"] == datetime(2026, 5, 3, 9, tzinfo=timezone.utc)
    assert ended["7"] == datetime(2026, 5, 4, 10, tzinfo=timezone.utc)


def test_archived_is_gone_or_lost_and_nothing_else(firm: Firm) -> None:
    with pytest.raises(ConfigError, match="archived may not be 'won'"):
        counts_as(firm, "won")
