"""What a person says of a lead, and that it is gone or erased, holds against what is under way at the same moment."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.erasure import forgetting
from cloud_sync.crm.erasure.erasing import clear_late, forget_again
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.inbound.taking import Batch, take
from cloud_sync.crm.kinds.base import CrmEvent, Record, What, WriteOutcome
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring.committing import LEAD_DEAD
from cloud_sync.errors import ConflictError
from cloud_sync.mails.erasure import remove_bytes
from cloud_sync.store.models import CrmEvent as EventRow
from cloud_sync.store.models import CrmLead, CrmScore
from kits.core.errors import DataError
from kits.core.runtime import Payload
from tests.cloud_sync.crm.erasure.test_erasing import SECRET, all_samples, files, known
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, Rule, lead_hub
from tests.cloud_sync.crm.scoring.test_models import open_alerts
from tests.cloud_sync.fleet_builders import AT

SOON = timedelta(seconds=1)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


def comes(made: LeadHub, name: str, what: What) -> None:
    """An event of now."""
    event = CrmEvent(f"{name}-{what}-{made.clock.tick(1)}", name, what, made.clock(), body={"person": SECRET})  # fmt: skip
    with made.hub.database.transaction() as session:
        take(session, [Batch(SALES, [event], made.clock())])


def while_read(made: LeadHub, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """It happens once, between the CRM's answer and the commit of what was read."""
    plain, left = made.crm.read, [act]

    def read(object_ids: Sequence[str]) -> list[Record]:
        found = plain(object_ids)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(made.crm, "read", read)


def test_a_lead_that_goes_while_it_is_read_stays_gone(
    there: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its old number may mean another record by now: a score written there would be another lead's."""
    there.crm.put("1", size=40)
    there.due("1")
    while_read(there, lambda: comes(there, "1", "merged"), monkeypatch)
    there.scoring.step()
    lead = there.lead("1")
    assert (lead.state, lead.points, lead.write_at, lead.lease_owner) == ("gone", None, None, "")
    comes(there, "1", "changed")  # it was restored
    there.drain()
    assert there.lead("1").points == 40


def test_a_lead_that_another_was_merged_into_is_written_though_its_score_is_the_same(
    there: LeadHub,
) -> None:
    """Which of both scores the CRM kept nobody knows."""
    there.crm.put("1", size=40)
    there.score("1")
    with there.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        lead.wrote_points, lead.wrote_band, lead.written, lead.write_at = 40, "warm", 1, None
    comes(there, "1", "changed")
    there.drain()
    assert there.lead("1").write_at is None
    comes(there, "1", "joined")
    there.drain()
    assert there.lead("1").write_at is not None


def test_one_that_waits_to_be_read_has_waited_since_its_last_event(there: LeadHub) -> None:
    """Else one of a list that was put in would stay where the list is, though it asks for an offer."""
    comes(there, "1", "created")
    there.clock.tick(60)
    comes(there, "2", "created")
    there.clock.tick(60)
    comes(there, "1", "changed")
    asked = there.lead("1").due_at
    assert asked == there.clock() and asked > (there.lead("2").due_at or asked)


def test_a_write_that_reached_another_record_has_that_one_written_again(here: LeadHub) -> None:
    for name in ("2", "1"):  # what came last is written first
        here.clock.tick(1)
        here.crm.put(name, size=40)
        here.score(name)
    for _ in range(2):
        claim = writing.claim(
            here.hub, here.connection(), writing.Terms(1, 3, behind=True), "me", here.clock()
        )
        [write] = claim.writes
        into = ("1",) if write.object_id == "2" else ()
        done = [WriteOutcome(write.object_id, not into, gone=bool(into), into=into)]
        with here.hub.database.transaction() as session:
            writing.note(session, SALES, claim.writes, done, "me", here.clock(), random.Random(1))
    again = writing.claim(
        here.hub, here.connection(), writing.Terms(10, 3, behind=True), "me", here.clock()
    )
    assert [write.object_id for write in again.writes] == ["1"]


def test_who_opted_out_is_read_but_not_scored(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.crm.put("1", size=40)
    here.crm.put("2", size=50)
    here.score("1", "2")
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "1", True, why="asked", who="ada")
    seen: list[object] = []
    plain = Rule.predict

    def predict(self: Rule, payloads: Sequence[Payload]) -> object:
        seen.extend(one["id"] for one in payloads if isinstance(one, dict))
        return plain(self, payloads)

    monkeypatch.setattr(Rule, "predict", predict)
    here.crm.put("1", AT + SOON, size=90)
    here.crm.put("2", AT + SOON, size=91)
    here.score("1", "2")
    assert seen == ["2"]
    assert here.lead("1").points is None and here.lead("1").due_at is None


def test_who_opts_in_again_while_the_lead_is_read_is_scored(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.crm.put("1", size=40)
    here.score("1")
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "1", True, why="asked", who="ada")

    def opt_in() -> None:
        with here.hub.database.transaction() as session:
            leads.opt_out(session, SALES, "1", False, why="asked again", who="ada")

    here.due("1")
    while_read(here, opt_in, monkeypatch)
    here.clock.tick(5)
    here.drain()
    assert here.lead("1").points == 40


def test_a_fault_of_a_lead_that_is_erased_at_this_moment_is_not_kept(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(here)
    plain = Rule.predict

    def predict(self: Rule, payloads: Sequence[Payload]) -> object:
        if any(SECRET in str(one) for one in payloads):
            raise DataError(f"{SECRET} is no value")
        return plain(self, payloads)

    monkeypatch.setattr(Rule, "predict", predict)
    while_read(here, lambda: forget(here.hub, SALES, "1", by="ada"), monkeypatch)
    here.crm.put("1", AT + SOON, size=41)
    here.score("1")
    lead = here.lead("1")
    assert (lead.dead, lead.error, lead.fields, lead.points) == ("", "", {}, None)


def test_an_erased_lead_stays_erased_whoever_says_what(here: LeadHub) -> None:
    known(here)
    forget(here.hub, SALES, "1", by="ada")
    before = dict(here.lead("1").override)
    with here.hub.database.transaction() as session:
        leads.opt_out(session, SALES, "1", True, why="asked", who="rita")
    assert here.lead("1").override == before, "by this word it is known that it was erased"
    with here.hub.database.transaction() as session, pytest.raises(ConflictError):
        leads.opt_out(session, SALES, "1", False, why="asked", who="rita")
    with here.hub.database.transaction() as session, pytest.raises(ConflictError):
        leads.override(session, SALES, "1", "hot", why="asked", who="rita")
    assert forget_again(here.hub, set()) == 0


def test_what_an_event_says_of_an_erased_lead_does_not_stay(there: LeadHub) -> None:
    known(there)
    comes(there, "2", "changed")
    forget(there.hub, SALES, "1", by="ada")
    comes(there, "1", "changed")
    assert clear_late(there.hub) == 1 and clear_late(there.hub) == 0
    with there.hub.database.session() as session:
        bodies = {row.object_id: row.body for row in session.scalars(select(EventRow))}
    assert bodies == {"1": {}, "2": {"person": SECRET}}
    there.drain()
    with there.hub.database.session() as session:
        assert set(session.scalars(select(CrmScore.points))) == {None}


def test_bytes_of_an_outcome_that_comes_while_a_lead_is_erased_go_too(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(here)
    plain = forgetting.find_in_versions
    here.crm.put("1", AT + timedelta(hours=1), outcome="won")

    def slow(*args: object) -> object:
        found = plain(*args)  # type: ignore[arg-type]  # as they came
        here.score("1")
        return found

    monkeypatch.setattr(forgetting, "find_in_versions", slow)
    forget(here.hub, SALES, "1", by="ada")
    [sample] = all_samples(here)
    assert (sample.blob, sample.blob_state) == ("", "erased")
    assert remove_bytes(here.hub)
    assert not any(SECRET.encode() in path.read_bytes() for path in files(here))


def test_erasing_and_storing_scores_do_not_wait_for_each_other(there: LeadHub) -> None:
    known(there)
    holds, asked = threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def stores() -> None:
        try:
            with there.hub.database.transaction() as session:
                breaker.succeeded(session, SALES, there.clock())
                holds.set()
                asked.wait(0.5)  # the other one is where it waits
                session.get(CrmLead, (SALES, "1"), with_for_update=True)
        except BaseException as error:  # noqa: BLE001  (looked at below)
            faults.append(error)

    thread = threading.Thread(target=stores)
    thread.start()
    holds.wait()
    done = forget(there.hub, SALES, "1", by="ada")
    thread.join()
    assert faults == [] and done.events == 1


@pytest.mark.parametrize("what", ["deleted", "merged"])
def test_of_a_lead_that_is_deleted_nobody_is_asked_any_more(there: LeadHub, what: What) -> None:
    there.crm.put("1", size="large")
    there.score("1")
    assert told(there) == [LEAD_DEAD]
    now = there.clock.tick(60)
    with there.hub.database.transaction() as session:
        old = CrmEvent("e0", "1", what, AT)  # older than what was said since: it is there
        take(session, [Batch(SALES, [old], now)])
    assert there.lead("1").dead and told(there) == [LEAD_DEAD]
    with there.hub.database.transaction() as session:
        take(session, [Batch(SALES, [CrmEvent("e1", "1", what, now)], now)])
    lead = there.lead("1")
    assert (lead.state, lead.dead, lead.error) == ("gone", "", "") and told(there) == []


def told(made: LeadHub) -> list[str]:
    return [alert.name for alert in open_alerts(made.hub)]
