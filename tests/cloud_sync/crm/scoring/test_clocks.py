"""The hub's clock leaps an hour, a day, five years ahead and is set back: nothing waits for it, is lost or wrong for good."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.client import breaker
from cloud_sync.crm.client.http import Wire
from cloud_sync.crm.client.window import LONGEST, Window, window_of
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring import cutting
from cloud_sync.crm.upkeep import LOOK_S, LeadUpkeep
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.retention.clock import LEAPT, PACE, go_on
from cloud_sync.store.models import Alert, CrmConnection, CrmLead, LeadModel
from kits.core.stats import Estimate
from tests.cloud_sync.crm.inbound.test_sweeping import known, listing, put, sweep
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.crm.org import SECRETS, Org
from tests.cloud_sync.crm.servers import access_for, crm_server

LEAPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=5 * 365))
ids = [f"{leap.total_seconds() / 3600:g}h" for leap in LEAPS]
NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


class Machine:
    """A machine whose clock leaps and is set back, with the loop that looks after leads."""

    def __init__(self, made: LeadHub) -> None:
        self._made = made
        self._ran_s = 0.0
        self._upkeep = LeadUpkeep(made.hub, made.models, clock=lambda: self._ran_s)

    def runs(self, seconds: float = LOOK_S) -> None:
        """Time goes by, and the leads are looked after."""
        self._ran_s += seconds
        self._upkeep.look(self._made.clock.tick(seconds))

    def leaps(self, by: timedelta) -> None:
        """Somebody sets its clock; no time goes by."""
        self._made.clock.at += by


@pytest.mark.parametrize("leap", LEAPS, ids=ids)
def test_what_waits_while_the_clock_is_wrong_goes_on_when_it_is_right(
    there: LeadHub, leap: timedelta
) -> None:
    machine = Machine(there)
    put(there, "1", "2", "3")
    there.score("1", "2", "3")
    machine.runs()
    machine.leaps(leap)
    machine.runs()
    there.crm.put("1", there.clock(), size=77)
    there.crm.records.pop("2")
    there.due("1", "2")
    there.crm.down = DeliveryError("no answer", after_s=3600)
    there.scoring.step()  # the CRM is left alone for an hour, by this clock
    with there.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "3"))
        lead.write_at = there.clock() + timedelta(seconds=writing.MAX_RETRY_S)
    there.crm.down = None
    machine.leaps(-leap)
    machine.runs()
    there.crm.put("1", there.clock(), size=77)
    there.due("1", "2")
    assert there.scoring.step() == 2
    assert there.lead("1").points == 77
    assert there.lead("3").write_at == there.clock()
    # what is meant to wait waits
    due_at = there.lead("2").due_at
    assert due_at is not None and due_at > there.clock()
    machine.runs()
    assert there.lead("2").due_at == due_at


@pytest.mark.parametrize("leap", LEAPS, ids=ids)
def test_a_lease_of_a_wrong_clock_ends_within_minutes(there: LeadHub, leap: timedelta) -> None:
    """Also when the hub was started anew meanwhile, so that nobody saw the clock being set back."""
    put(there, "1")
    there.due("1")
    with there.hub.database.transaction() as session:
        lead = session.get_one(CrmLead, (SALES, "1"))
        lead.lease_owner, lead.lease_until = "dead", there.clock() + leap
        lead.points, lead.band, lead.version = 50, "warm", 1
        lead.write_lease_owner, lead.write_lease_until = "dead", there.clock() + leap
        lead.write_at = there.clock()
    assert there.scoring.step() == 1
    claim = writing.claim(
        there.hub, there.connection(), writing.Terms(10, 3, behind=True), "me", there.clock()
    )
    assert [write.object_id for write in claim.writes] == ["1"]


@pytest.mark.parametrize("leap", LEAPS, ids=ids)
def test_a_score_of_a_wrong_time_is_made_again_and_so_is_what_is_learned_from(
    here: LeadHub, leap: timedelta
) -> None:
    """How old a lead is counts in its score."""
    here.clock.at += leap
    put(here, "1", "2")
    here.score("1")
    here.clock.at -= leap
    here.score("2")
    here.drain()
    lead = here.lead("1")
    assert lead.scored_at == here.clock()
    assert datetime.fromisoformat(str(lead.asked["at"])) == here.clock()
    assert here.scoring.step() == 0


@pytest.mark.parametrize("leap", LEAPS, ids=ids)
def test_a_sweep_of_a_wrong_clock_hides_no_change(here: LeadHub, leap: timedelta) -> None:
    listing(here.hub)
    put(here, "1", "2")
    sweep(here)
    here.drain()
    here.clock.at += leap + timedelta(days=1)
    sweep(here)
    here.clock.at -= leap + timedelta(days=1)
    here.drain()
    here.clock.tick(7200)
    here.crm.put("1", here.clock(), size=77)
    here.clock.tick(60)
    sweep(here)
    here.drain()
    assert here.lead("1").points == 77
    swept_to = here.connection().swept_to
    assert swept_to is not None and swept_to <= here.clock()


def test_leads_that_came_while_the_clock_was_ahead_are_missed_when_they_are_gone(
    here: LeadHub,
) -> None:
    listing(here.hub)
    here.clock.at += timedelta(days=1000)
    put(here, "1", "2", "3", "4", "5", "6")
    here.score("1", "2", "3", "4", "5", "6")
    with here.hub.database.transaction() as session:
        for lead in session.scalars(select(CrmLead)):
            lead.created_at = here.clock()
    here.clock.at -= timedelta(days=1000)
    here.drain()
    here.crm.records.pop("3")
    sweep(here)
    assert known(here, CrmLead.later_at.is_not(None)) == {"3"}


def test_bands_of_a_wrong_clock_are_cut_again(here: LeadHub) -> None:
    now = here.clock()
    one = Estimate(value=0.1, low=0.1, high=0.1, n=100, method="stated")
    release_bundle(here.hub, lead_bundle(2, rates=dict.fromkeys(cutting.SHARES, one)))
    here.models.look(LEADS)
    ready = here.models.current(LEADS)
    with here.hub.database.transaction() as session:
        for number in range(cutting.FEWEST):
            session.add(
                CrmLead(
                    connection=SALES, object_id=str(number), probability=number / 1000,
                    points=1, bundle=ready.id, scored_at=now,
                )
            )  # fmt: skip
        row = session.get_one(LeadModel, LEADS)
        ahead = cutting.Cut(ready.id, 0.9, 0.8, 200, now + timedelta(days=2000), (0.0, 1.0))
        row.cut = ahead.as_json()
    made = cutting.recut(here.hub, LEADS, ready, now)
    assert made is not None and made.at == now


def test_a_pause_that_a_crm_asks_for_is_kept_by_a_clock_that_is_right(here: LeadHub) -> None:
    machine = Machine(here)
    machine.runs()
    with here.hub.database.transaction() as session:
        error = DeliveryError("busy", after_s=3600)
        breaker.failed(session, here.hub.config.notify, SALES, error, here.clock(), random.Random(1))  # fmt: skip
    machine.runs(600)
    with here.hub.database.session() as session:
        assert breaker.rests(session.get_one(CrmConnection, SALES), here.clock())


# -- cursors of CRMs that are asked ----------------------------------------------------------------


def test_a_clock_that_leaps_between_two_questions_moves_no_cursor() -> None:
    """The time of a CRM is told by its answers; between them a clock counts that nobody sets."""
    org = Org()
    org.date = format_datetime(NOON, usegmt=True)
    shown, ran = [NOON.timestamp()], [0.0]
    with crm_server(org.act) as server:
        org.instance = server.url
        from cloud_sync.crm.kinds.salesforce.client import Salesforce

        access = access_for("salesforce", server, SECRETS, columns=["Company"])
        wire = Wire(access, clock=lambda: shown[0], monotonic=lambda: ran[0])
        crm = Salesforce(access, wire)
        cursor = crm.changed_since("").cursor
        ran[0] += 30
        org.date = format_datetime(NOON + timedelta(seconds=30), usegmt=True)
        cursor = crm.changed_since(cursor).cursor
        shown[0] += 5 * 365 * 86_400
        for _ in range(20):
            page = crm.changed_since(cursor)
            cursor = page.cursor
            if not page.more:
                break
        assert window_of(cursor, NOON).since <= NOON + timedelta(seconds=30)
        shown[0] -= 5 * 365 * 86_400
        lead = org.lead(1, "2026-05-04T12:00:40.000+0000")
        ran[0] += 60
        org.date = format_datetime(NOON + timedelta(seconds=90), usegmt=True)
        found = set[str]()
        for _ in range(5):
            page = crm.changed_since(cursor)
            cursor = page.cursor
            found |= {event.object_id for event in page.events}
        assert found == {lead}


def test_a_cursor_that_lies_ahead_walks_the_latest_hours_again() -> None:
    ahead = NOON + timedelta(days=2000)
    found = window_of(Window(ahead, ahead).text(), NOON)
    assert (found.since, found.until) == (NOON - LONGEST, NOON)
    walking = window_of(Window(NOON, ahead, "7").text(), NOON)
    assert walking.after == "7", "a walk that has begun goes on"


# -- what is old -----------------------------------------------------------------------------------


def test_a_clock_that_says_2031_for_a_minute_removes_less_than_a_day(there: LeadHub) -> None:
    hub, notify = there.hub, there.hub.config.notify

    def prune_time(now: datetime, ran_s: float) -> datetime:
        with hub.database.transaction() as session:
            return go_on(session, notify, now, ran_s)

    assert prune_time(NOON, 60) == NOON
    later = NOON + timedelta(hours=1)
    assert prune_time(later, 3600) == later
    wrong = later + timedelta(days=5 * 365)
    assert prune_time(wrong, 60) - later == timedelta(seconds=60 * PACE)
    assert open_alerts(there) == [LEAPT]
    assert prune_time(later, 60) == later, "one that is set back is followed at once"
    assert open_alerts(there) == []


def test_a_hub_that_was_off_for_a_month_catches_up_within_two_days(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        go_on(session, here.hub.config.notify, NOON, 0)
    now = NOON + timedelta(days=30)
    hours = 0
    at = NOON
    while at < now:
        now, hours = now + timedelta(hours=1), hours + 1
        with here.hub.database.transaction() as session:
            at = go_on(session, here.hub.config.notify, now, 3600)
    assert hours == 32
    assert open_alerts(here) == []


def open_alerts(made: LeadHub) -> list[str]:
    with made.hub.database.session() as session:
        return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))
