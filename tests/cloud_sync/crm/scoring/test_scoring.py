"""Leads are scored from what the CRM has now: once per change, never from something older, none is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.inbound.hiding import MAX_MISSED
from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.scoring.claiming import claim
from cloud_sync.crm.scoring.committing import LEAD_DEAD
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.store.models import Alert, CrmConnection, CrmScore
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
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def course(there: LeadHub, name: str) -> list[tuple[int | None, str]]:
    with there.hub.database.session() as session:
        query = select(CrmScore).where(CrmScore.object_id == name).order_by(CrmScore.version)
        return [(row.points, row.band) for row in session.scalars(query)]


def written(there: LeadHub, name: str) -> None:
    """As write-back leaves the row."""
    with there.hub.database.transaction() as session:
        lead = session.merge(there.lead(name))
        lead.wrote_points, lead.wrote_band, lead.written = lead.points, lead.band, lead.version
        lead.write_at = None


def open_alerts(there: LeadHub) -> list[str]:
    with there.hub.database.session() as session:
        return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))


def test_a_lead_is_scored_from_its_record_and_waits_to_be_written(there: LeadHub) -> None:
    there.crm.put("1", size=80)
    there.score("1")
    lead = there.lead("1")
    assert (lead.points, lead.band, lead.low, lead.high) == (80, "hot", 0.75, pytest.approx(0.85))
    [reason] = lead.reasons
    assert reason == {
        "text": "size is 80", "direction": "for", "weight": pytest.approx(1.2), "field": "size",
    }  # fmt: skip
    assert lead.hints == ["ask for the budget"]
    assert lead.due_at is None and lead.lease_until is None
    assert lead.write_at == there.clock() and lead.version == 1
    assert 0 <= lead.lot < 1 and lead.fields == {"size": 80}
    assert course(there, "1") == [(80, "hot")]


def test_many_leads_are_read_in_batches(there: LeadHub) -> None:
    names = [f"{n:03d}" for n in range(120)]
    for n, name in enumerate(names):
        there.crm.put(name, size=n % 99 + 1)
    there.score(*names)
    assert sorted(map(len, there.crm.asked)) == [20, 50, 50]
    assert [there.lead(name).points for name in names] == [n % 99 + 1 for n in range(120)]


def test_an_event_that_comes_while_a_lead_is_scored_makes_it_due_again(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.due("1")
    read = here.crm.read

    def meanwhile(names):
        found = read(names)
        here.crm.put("1", AT + timedelta(minutes=1), size=70)
        here.due("1")
        here.crm.read = read
        return found

    here.crm.read = meanwhile
    here.drain()
    assert here.lead("1").points == 70 and here.lead("1").due_at is None
    assert course(here, "1") == [(50, "warm"), (70, "hot")]


def test_what_is_older_than_what_was_scored_changes_nothing(here: LeadHub) -> None:
    here.crm.put("1", AT + timedelta(hours=1), size=70)
    here.score("1")
    here.crm.put("1", AT, size=10)  # a copy of the CRM that lags behind
    here.due("1")
    here.scoring.step()
    lead = here.lead("1")
    assert lead.points == 70 and lead.due_at == here.clock() + timedelta(seconds=5)
    here.crm.put("1", AT + timedelta(hours=2), size=20)
    here.clock.tick(6)
    here.drain()
    assert here.lead("1").points == 20 and here.lead("1").due_at is None


def test_a_copy_that_never_catches_up_is_not_asked_for_ever(here: LeadHub) -> None:
    here.crm.put("1", AT + timedelta(hours=1), size=70)
    here.score("1")
    here.crm.put("1", AT, size=10)
    here.due("1")
    for _ in range(30):
        here.clock.tick(6)
        here.drain()
    assert here.lead("1").due_at is None and here.lead("1").points == 70
    assert len(here.crm.asked) < 25


def test_small_moves_are_not_written_and_large_ones_are(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.score("1")
    written(here, "1")
    for minute, size in enumerate((51, 52), start=1):
        here.crm.put("1", AT + timedelta(minutes=minute), size=size)
        here.score("1")
        assert here.lead("1").write_at is None
    here.crm.put("1", AT + timedelta(minutes=9), size=53)
    here.score("1")
    assert here.lead("1").write_at is not None  # three points from what the CRM shows
    assert course(here, "1") == [(50, "warm"), (51, "warm"), (52, "warm"), (53, "warm")]


def test_another_band_is_written_however_small_the_move(here: LeadHub) -> None:
    here.crm.put("1", size=59)
    here.score("1")
    written(here, "1")
    here.crm.put("1", AT + timedelta(minutes=1), size=60)
    here.score("1")
    assert here.lead("1").band == "hot" and here.lead("1").write_at is not None


def test_the_same_score_again_is_no_new_version(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.score("1")
    here.crm.put("1", AT + timedelta(minutes=1), size=50, note="called")
    here.score("1")
    assert here.lead("1").version == 1 and len(course(here, "1")) == 1
    assert here.lead("1").fields["note"] == "called"


def test_a_trend_is_told_from_the_scores_before(here: LeadHub) -> None:
    trends = []
    for minute, size in enumerate((40, 50, 51, 30)):
        here.crm.put("1", AT + timedelta(minutes=minute), size=size)
        here.score("1")
        trends.append(here.lead("1").trend)
    assert trends == ["", "improving", "steady", "declining"]


def test_a_lead_that_is_deleted_is_gone_and_never_written(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.score("1")
    del here.crm.records["1"]
    here.score("1")
    missed(here)
    assert here.lead("1").state == "gone" and here.lead("1").write_at is None


def missed(here: LeadHub) -> None:
    """As long as a lead that is not there is asked for."""
    for _ in range(MAX_MISSED):
        here.clock.tick(200)
        here.drain()


def test_an_event_may_be_quicker_than_the_record_it_tells_of(here: LeadHub) -> None:
    here.score("1")
    assert here.lead("1").state == "open" and here.lead("1").due_at is not None
    here.crm.put("1", size=50)
    here.clock.tick(6)
    here.drain()
    assert here.lead("1").points == 50 and here.lead("1").due_at is None
    assert here.lead("1").attempts == 0


def test_an_answer_that_is_too_short_makes_no_lead_gone(here: LeadHub) -> None:
    for name in ("1", "2"):
        here.crm.put(name, size=50)
    here.score("1", "2")
    known = here.crm.records.pop("2")
    here.score("1", "2")
    assert here.lead("2").state == "open" and here.lead("2").points == 50
    here.crm.records["2"] = known
    here.clock.tick(6)
    here.drain()
    assert here.lead("2").due_at is None and here.lead("2").state == "open"


def test_a_lead_that_is_nowhere_is_not_asked_for_ever(here: LeadHub) -> None:
    here.score("1")
    missed(here)
    assert here.lead("1").state == "gone" and here.lead("1").due_at is None
    assert len(here.crm.asked) == MAX_MISSED + 1


def test_a_lead_that_comes_back_is_written_though_its_score_is_the_same(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.score("1")
    written(here, "1")
    known = here.crm.records.pop("1")
    here.score("1")
    missed(here)
    here.crm.records["1"] = known
    here.score("1")
    lead = here.lead("1")
    assert lead.state == "open" and lead.points == lead.wrote_points == 50
    assert lead.write_at is not None  # what a restored record shows, nobody knows


def test_a_time_far_ahead_in_a_record_does_not_keep_later_news_out(here: LeadHub) -> None:
    here.crm.put("1", here.clock() + timedelta(days=3000), size=50)
    here.score("1")
    here.clock.tick(600)
    here.crm.put("1", here.clock(), size=80)
    here.score("1")
    assert here.lead("1").points == 80 and here.lead("1").due_at is None


def test_one_id_that_the_crm_refuses_keeps_no_other_lead_from_being_scored(here: LeadHub) -> None:
    names = [str(number) for number in range(20)]
    for name in names:
        here.crm.put(name, size=50)
    here.crm.poison = "7"
    here.score(*names)
    assert all(here.lead(name).points == 50 for name in names if name != "7")
    assert here.lead("7").dead.startswith("read: ") and open_alerts(here) == [LEAD_DEAD]


def test_a_crm_that_refuses_every_lead_is_at_fault_itself(here: LeadHub) -> None:
    here.crm.down = RefusedError("no such API", status=400, retry=False)
    here.score(*(str(number) for number in range(20)))
    assert not any(here.lead(str(number)).dead for number in range(20))
    assert len(here.crm.asked) < 20


def test_what_took_longer_than_the_lease_counts_if_nobody_was_quicker(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes and a CRM that takes longer than a lease: neither may take the other's work for nothing."""
    here.crm.put("1", size=50)
    plain = here.crm.read

    def slow(names: Sequence[str]) -> list[Record]:
        here.clock.tick(61)
        # meanwhile the lease has ended, and the other one takes the lead
        assert claim(
            here.hub, here.connection(), 10, here.models.current(LEADS).id, "other", here.clock()
        )
        return plain(names)

    monkeypatch.setattr(here.crm, "read", slow)
    here.due("1")
    here.scoring.step()
    assert here.lead("1").points == 50 and here.lead("1").due_at is None


@pytest.mark.parametrize("said", [{"opted_out": True}, {"no_scoring": True}])
def test_who_opts_out_when_it_is_decided_teaches_nothing(
    here: LeadHub, said: dict[str, object]
) -> None:
    here.heeds()
    here.crm.put("1", size=50)
    here.score("1")
    written(here, "1")
    here.crm.put("1", AT + timedelta(hours=1), outcome="won", **said)
    here.score("1")
    lead = here.lead("1")
    assert (lead.state, lead.points, lead.fields, lead.asked) == ("won", None, {}, {})
    assert lead.opted_out and lead.write_at is not None and not lead.sample_id


@pytest.mark.parametrize("said", [{"opted_out": True}, {"no_scoring": True}])
def test_who_opts_out_loses_the_score_here_and_in_the_crm(
    here: LeadHub, said: dict[str, object]
) -> None:
    here.crm.put("1", size=50)
    here.score("1")
    written(here, "1")
    here.crm.put("1", AT + timedelta(minutes=1), **said)
    here.score("1")
    lead = here.lead("1")
    assert lead.opted_out and lead.points is lead.probability is None and lead.band == ""
    assert lead.reasons == [] and lead.asked == {}
    assert lead.write_at is not None and lead.version == 2
    here.score("1")
    assert here.lead("1").version == 2


def test_who_opted_out_and_comes_back_is_scored_again(here: LeadHub) -> None:
    here.crm.put("1", size=50, opted_out=True)
    here.score("1")
    assert here.lead("1").write_at is None  # the CRM shows nothing
    here.crm.put("1", AT + timedelta(minutes=1), opted_out=False)
    here.score("1")
    assert here.lead("1").points == 50 and not here.lead("1").opted_out


def test_one_bad_lead_costs_the_others_nothing_and_is_told_once(there: LeadHub) -> None:
    for n in range(20):
        there.crm.put(str(n), size=50 if n != 7 else "large")
    there.score(*map(str, range(20)))
    assert "size is not a number" in there.lead("7").dead and there.lead("7").points is None
    assert {there.lead(str(n)).points for n in range(20) if n != 7} == {50}
    there.score("7")
    assert open_alerts(there) == [LEAD_DEAD]
    there.crm.put("7", AT + timedelta(minutes=1), size=60)
    there.score("7")
    assert there.lead("7").dead == "" and there.lead("7").points == 60
    assert open_alerts(there) == []


def test_a_crm_that_is_down_loses_nothing(here: LeadHub) -> None:
    names = [str(n) for n in range(70)]
    for name in names:
        here.crm.put(name, size=40)
    here.crm.down = DeliveryError("it does not answer")
    here.due(*names)
    for _ in range(200):
        here.scoring.step()
        here.clock.tick(5)
    assert len(here.crm.asked) < 30  # it is left alone, longer each time
    assert "crm-unreachable" in open_alerts(here)
    here.crm.down = None
    here.clock.tick(600)
    here.drain()
    assert {here.lead(name).points for name in names} == {40} and open_alerts(here) == []


def test_a_scorer_that_dies_leaves_a_lease_that_ends(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.due("1")
    ready = here.models.current(LEADS)
    [mine] = claim(here.hub, here.connection(), 50, ready.id, "one that is killed", here.clock())
    assert mine.object_id == "1"
    assert here.scoring.step() == 0  # it may still be at work
    here.clock.tick(61)
    here.drain()
    assert here.lead("1").points == 50


def test_paused_connections_and_those_without_a_project_are_left_alone(here: LeadHub) -> None:
    here.crm.put("1", size=50)
    here.due("1")
    for changes in ({"paused_at": AT}, {"paused_at": None, "project": ""}):
        with here.hub.database.transaction() as session:
            row = session.get_one(CrmConnection, SALES)
            for name, value in changes.items():
                setattr(row, name, value)
        assert here.scoring.step() == 0 and here.crm.asked == []


def test_a_new_bundle_scores_all_open_leads_anew_and_events_come_first(here: LeadHub) -> None:
    names = [f"{n:03d}" for n in range(120)]
    for name in names:
        here.crm.put(name, size=40)
    here.crm.put("won", size=40)
    here.score(*names, "won")
    here.crm.put("won", AT + timedelta(minutes=1), outcome="won")
    here.score("won")
    release_bundle(here.hub, lead_bundle(2, factor=2.0))
    here.clock.tick(11)
    here.crm.put("new", size=10)
    here.due("new")
    here.crm.asked.clear()
    here.scoring.step()
    assert "new" in here.crm.asked[0] and len(here.crm.asked[0]) == 50
    here.drain()
    assert {here.lead(name).points for name in names} == {80}
    assert here.lead("won").points == 40
    assert {here.lead(name).trend for name in names} == {""}, "the bundle is another, not the leads"
    here.crm.put("001", AT + timedelta(minutes=2), size=45)
    here.score("001")
    assert here.lead("001").trend == "improving"
