"""Deals and leads that somebody archives: Pipedrive lists them no more and lets nobody edit them, and they are not lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.crm import connections
from cloud_sync.crm.models import LeadModels
from cloud_sync.crm.opening import Opener
from cloud_sync.crm.scoring import LeadScoring
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.values import Held
from cloud_sync.crm.sweeping import Sweeping
from cloud_sync.crm.writeback import WriteBack
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection, CrmLead, Sample
from tests.cloud_sync.crm_account import SECRETS, Account
from tests.cloud_sync.crm_servers import Asked, Reply, crm_for, crm_server
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.lead_builders import (
    LEADS,
    SALES,
    Clock,
    lead_bundle,
    make_rule,
    release_bundle,
    sweep_whole,
)

THERE = 30


@dataclass
class Firm:
    """A hub with its loops, and a pretended Pipedrive that sends no message."""

    hub: Hub
    simulator: Simulator
    clock: Clock
    scoring: LeadScoring
    sweeping: Sweeping
    writing: WriteBack

    @property
    def ids(self) -> list[str]:
        return [held.object_id for held in self.simulator.records]

    def archive(self, *ids: str, archived: bool = True) -> None:
        for one in ids:
            assert self.simulator.records.set(one, {"is_archived": archived})

    def sweep(self) -> None:
        """The next one that lists everything, and what it leads to."""
        sweep_whole(self.hub, self.sweeping, self.clock)
        self.go_on()

    def tell(self, *ids: str) -> None:
        """A message of each comes."""
        with self.hub.database.transaction() as session:
            for one in ids:
                lead = session.get_one(CrmLead, (SALES, one))
                lead.due_at, lead.due_mark = self.clock(), lead.due_mark + 1
        self.go_on()

    def go_on(self) -> None:
        for _ in range(6):
            while self.scoring.serve(SALES)[0]:
                pass
            while self.writing.serve(SALES)[0]:
                pass
            self.clock.tick(600)

    def states(self) -> dict[str, int]:
        with self.hub.database.session() as session:
            query = select(CrmLead.state, func.count()).group_by(CrmLead.state)
            return {row[0]: row[1] for row in session.execute(query)}

    def lead(self, name: str) -> CrmLead:
        with self.hub.database.session() as session:
            return session.get_one(CrmLead, (SALES, name))

    def alerts(self) -> list[str]:
        with self.hub.database.session() as session:
            return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))

    def learned(self) -> int:
        with self.hub.database.session() as session:
            return session.scalar(select(func.count()).select_from(Sample)) or 0

    def held(self, name: str) -> Held:
        found = self.simulator.records.any(name)
        assert found is not None
        return found

    def shown(self, name: str) -> bool:
        return self.held(name).written.times > 0


@pytest.fixture(params=["deals", "leads"])
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    simulator = Simulator("pipedrive", seed=4, limit=0, thing=request.param)
    own = {"size": 20, "no_calls": False}
    simulator.state.world_columns.update(dict.fromkeys(own))
    for number in range(THERE):
        simulator.add({**simulator.world.lead(), **own, "size": 20 + number}, quiet=True)
    with serve(simulator) as url, make_hub(tmp_path) as hub:
        release_bundle(hub, lead_bundle())
        said = {**simulator.connection(url), "rate_per_10s": 50_000, "columns": ["size"]}
        connections.add(hub, SALES, CrmSettings.model_validate(said), LEADS, simulator.secrets, by="t")  # fmt: skip
        clock, opener, rng = Clock(), Opener(hub), random.Random(1)
        with hub.database.session() as session:
            assert all(
                check.ok for check in opener(session.get_one(CrmConnection, SALES)).make_fields()
            )
        made = Firm(
            hub, simulator, clock,
            LeadScoring(hub, LeadModels(hub, make=make_rule), opener, now=clock, rng=rng),
            Sweeping(hub, opener, now=clock, rng=rng), WriteBack(hub, opener, now=clock, rng=rng),
        )  # fmt: skip
        made.sweep()
        assert made.states() == {"open": THERE} and all(made.shown(one) for one in made.ids)
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
