"""Sweeps: leads that were there before the hub are scored, and what no message told of is found; events go first."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.inbound.hiding import MAX_MISSED
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection, CrmLead
from kits.core.errors import UsageError
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT

DAY_S = 86_400.0


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        listing(made.hub)
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        listing(made.hub)
        yield made


def listing(hub: Hub, **settings: JsonValue) -> None:
    """A kind that has lists; the CRM in memory stands in its place."""
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.kind = "hubspot"
        row.settings = {"kind": "hubspot", **settings}


def sweeper(made: LeadHub) -> Sweeping:
    return Sweeping(made.hub, lambda _row: made.crm, now=made.clock, rng=random.Random(1))


def sweep(made: LeadHub, loop: Sweeping | None = None) -> int:
    """Until nothing more is wanted; how many records were listed."""
    loop, listed = loop or sweeper(made), 0
    for _ in range(200):
        found, pause_s = loop.serve(SALES)
        listed += found
        if not found:
            return listed
        made.clock.tick(pause_s)
    raise AssertionError("the sweep never ends")


def known(made: LeadHub, *wanted: object) -> set[str]:
    with made.hub.database.session() as session:
        return set(session.scalars(select(CrmLead.object_id).where(*wanted)))  # type: ignore[arg-type]  # conditions


def put(made: LeadHub, *names: str, **fields: object) -> None:
    for name in names:
        made.crm.put(name, size=int(name) % 90 + 5, **fields)


def test_leads_that_were_there_before_the_connection_are_scored(there: LeadHub) -> None:
    names = [f"{n:03d}" for n in range(120)]
    put(there, *names)
    assert sweep(there) == 120
    there.drain()
    assert {name for name, lead in there.leads().items() if lead.points} == {*names}
    told = sweeps.as_json(there.connection())
    assert (told["state"], told["listed"], told["found"]) == ("done", 120, 120)


def test_what_was_decided_before_anybody_scored_it_is_left_out(here: LeadHub) -> None:
    put(here, "1", "2")
    put(here, "3", outcome="won")
    sweep(here)
    assert known(here) == {"1", "2"}


def test_an_outcome_that_no_message_told_is_found(there: LeadHub) -> None:
    put(there, "1")
    there.score("1")
    there.crm.put("1", AT + timedelta(hours=1), outcome="won")
    sweep(there)
    there.drain()
    assert there.lead("1").state == "won" and there.lead("1").sample_id


def test_a_record_that_is_no_newer_than_what_was_read_makes_nothing_due(there: LeadHub) -> None:
    put(there, "1", "2", "3")
    there.score("1", "2", "3")
    there.crm.asked.clear()
    there.crm.put("2", AT + timedelta(seconds=1), size=70)
    sweep(there)
    assert known(there, CrmLead.later_at.is_not(None)) == {"2"}
    there.drain()
    assert there.crm.asked == [("2",)] and there.lead("2").points == 70


def test_a_sweep_leaves_alone_what_events_said(there: LeadHub) -> None:
    put(there, "1")
    there.due("1")
    before = there.lead("1")
    sweep(there)
    after = there.lead("1")
    assert (after.seen_at, after.due_at, after.due_mark) == (
        before.seen_at, before.due_at, before.due_mark
    )  # fmt: skip
    assert after.later_at is None


def test_events_go_before_what_a_sweep_found(there: LeadHub) -> None:
    put(there, *(f"{n:03d}" for n in range(150)))
    sweep(there)
    there.crm.put("999", size=50)
    there.clock.tick(60)
    there.due("999")
    there.scoring.step()
    assert "999" in there.crm.asked[0]
    there.drain()
    assert len(known(there, CrmLead.points.is_not(None))) == 151


def test_an_event_of_a_lead_that_waits_from_a_sweep_has_it_read_once(there: LeadHub) -> None:
    from cloud_sync.crm.inbound.taking import Batch, take
    from cloud_sync.crm.kinds.base import CrmEvent

    put(there, "1")
    sweep(there)
    event = CrmEvent("e1", "1", "changed", there.clock())
    with there.hub.database.transaction() as session:
        take(session, [Batch(SALES, [event], there.clock())])
    there.drain()
    assert there.crm.asked == [("1",)]


def test_a_sweep_goes_on_after_a_restart_where_it_was(there: LeadHub) -> None:
    put(there, *(f"{n:03d}" for n in range(130)))
    there.crm.batch = 50
    assert sweeper(there).serve(SALES)[0] == 50
    there.clock.tick(10)
    assert sweep(there, sweeper(there)) == 80
    assert len(known(there)) == 130
    assert there.connection().sweep == 1


def test_who_dies_while_asking_leaves_the_page_to_others(
    there: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(there, "1", "2")

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(there.crm, "listed", die)
        with pytest.raises(KeyboardInterrupt):
            sweeper(there).serve(SALES)
    assert sweeper(there).serve(SALES)[0] == 0  # its turn is not over yet
    there.clock.tick(sweeps.LEASE.total_seconds() + 1)
    assert sweep(there) == 2


def test_two_processes_share_one_sweep_and_its_rate(there: LeadHub) -> None:
    put(there, *(f"{n:03d}" for n in range(150)))
    one, other = sweeper(there), sweeper(there)
    listed = [one.serve(SALES)[0], other.serve(SALES)[0]]
    assert listed == [50, 0]
    there.clock.tick(2)
    listed += [other.serve(SALES)[0], one.serve(SALES)[0]]
    assert listed == [50, 0, 50, 0]


def test_leads_that_are_gone_without_a_message_are_noticed(there: LeadHub) -> None:
    put(there, "1", "2", "3")
    sweep(there)
    there.drain()
    del there.crm.records["2"]
    there.clock.tick(DAY_S)
    there.crm.polls = True
    sweep(there)
    for _ in range(MAX_MISSED + 1):
        there.drain()
        there.clock.tick(200)
    assert known(there, CrmLead.state == "gone") == {"2"}
    put(there, "2")
    there.clock.tick(DAY_S)
    sweep(there)
    there.drain()
    assert known(there, CrmLead.state == "gone") == set()


def test_a_lead_that_comes_while_a_sweep_runs_is_not_taken_for_gone(here: LeadHub) -> None:
    put(here, *(f"{n:03d}" for n in range(60)))
    loop = sweeper(here)
    loop.serve(SALES)
    here.clock.tick(5)
    put(here, "999")
    here.score("999")
    here.crm.asked.clear()
    sweep(here, loop)
    here.drain()
    assert all("999" not in asked for asked in here.crm.asked)


def test_later_sweeps_look_for_changes_only_and_each_seventh_for_everything(here: LeadHub) -> None:
    put(here, "1", "2")
    here.clock.at = AT + timedelta(days=2)
    assert sweep(here) == 2
    here.drain()
    listed = []
    for day in range(1, 8):
        here.clock.tick(DAY_S)
        here.crm.put("1", here.clock() - timedelta(hours=1), size=10 + day)
        listed.append(sweep(here))
        here.drain()
    assert listed == [1, 1, 1, 1, 1, 1, 2]
    assert here.lead("1").points == 17


def test_nothing_is_swept_again_before_its_time(here: LeadHub) -> None:
    put(here, "1")
    assert (sweep(here), sweep(here)) == (1, 0)
    here.clock.tick(DAY_S - 60)
    assert sweep(here) == 0
    here.clock.tick(120)
    here.crm.put("1", here.clock(), size=1)
    assert sweep(here) == 1


def test_a_connection_that_wants_none_has_none_unless_somebody_asks(here: LeadHub) -> None:
    listing(here.hub, sweep_h=0)
    put(here, "1")
    assert sweep(here) == 0
    with here.hub.database.transaction() as session:
        sweeps.ask_for(session, SALES, None, here.clock(), by="ada")
    assert sweep(here) == 1


def test_a_sweep_that_a_person_asks_for_does_not_cut_short_a_greater_one(here: LeadHub) -> None:
    put(here, *(f"{n:03d}" for n in range(60)))
    sweeper(here).serve(SALES)
    since = here.clock() - timedelta(days=1)
    with here.hub.database.transaction() as session:
        row = sweeps.ask_for(session, SALES, since, here.clock(), by="ada")
        assert (row.sweep, row.sweep_since) == (1, None)
    here.clock.tick(5)
    assert sweep(here) == 10
    with here.hub.database.transaction() as session:
        row = sweeps.ask_for(session, SALES, since, here.clock(), by="ada")
        assert (row.sweep, row.sweep_since) == (2, since)
        row = sweeps.ask_for(session, SALES, None, here.clock(), by="ada")
        assert (row.sweep, row.sweep_since) == (3, None)


def test_what_a_narrow_sweep_left_out_is_in_the_next_one(here: LeadHub) -> None:
    put(here, "1")
    sweep(here)
    here.drain()
    covered = here.connection().swept_to
    here.clock.tick(7200)
    with here.hub.database.transaction() as session:
        sweeps.ask_for(session, SALES, here.clock() - timedelta(minutes=5), here.clock(), by="ada")
    sweep(here)
    assert here.connection().swept_to == covered


def test_what_cannot_be_swept_is_refused_with_its_remedy(here: LeadHub) -> None:
    now = here.clock()
    with here.hub.database.transaction() as session:
        with pytest.raises(UsageError, match="ahead"):
            sweeps.ask_for(session, SALES, now + timedelta(days=1), now, by="ada")
        row = session.get_one(CrmConnection, SALES)
        row.project = ""
        with pytest.raises(ConflictError, match="listened to"):
            sweeps.ask_for(session, SALES, None, now, by="ada")
        row.kind = "webhook"
        with pytest.raises(UsageError, match="no list"):
            sweeps.ask_for(session, SALES, None, now, by="ada")


def test_a_paused_connection_is_not_swept_and_goes_on_afterwards(there: LeadHub) -> None:
    put(there, *(f"{n:03d}" for n in range(60)))
    sweeper(there).serve(SALES)
    connections.pause(there.hub, SALES, by="t", paused=True)
    there.clock.tick(60)
    assert sweep(there) == 0
    connections.pause(there.hub, SALES, by="t", paused=False)
    assert sweep(there) == 10


def test_a_crm_that_does_not_answer_is_left_alone_and_swept_when_it_is_back(
    there: LeadHub,
) -> None:
    put(there, "1", "2")
    there.crm.down = DeliveryError("gateway time-out", where="crm", retry=True)
    loop = sweeper(there)
    for _ in range(10):
        there.clock.tick(loop.serve(SALES)[1] + 1)
    with there.hub.database.session() as session:
        assert session.scalars(select(Alert.name)).all() == ["crm-unreachable"]
    there.crm.down = None
    there.clock.tick(600)
    assert sweep(there, loop) == 2


def test_a_cursor_that_the_crm_has_forgotten_begins_anew(here: LeadHub) -> None:
    from cloud_sync.crm.client.http import CrmRefusedError

    put(here, *(f"{n:03d}" for n in range(60)))
    loop = sweeper(here)
    loop.serve(SALES)
    here.clock.tick(5)
    here.crm.down = CrmRefusedError("no such cursor", status=400, where="crm", retry=False)
    assert loop.serve(SALES)[0] == 0
    here.crm.down = None
    here.clock.tick(30)
    assert sweep(here, loop) == 60
    assert here.connection().sweep_found == 60
