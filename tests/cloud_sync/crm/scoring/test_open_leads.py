"""A lead that stays open has what is left of its chance: it is scored anew as it grows older, and makes no room for others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from cloud_sync.crm.scoring.cutting import FEWEST, WINDOW, recut
from cloud_sync.crm.scoring.rescoring import TRIED_AGAIN
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.crm.scoring.storing import CAME, LEAST, _again_at
from cloud_sync.store.models import CrmLead
from kits.core.stats import Estimate
from tests.cloud_sync.crm.lead_builders import (
    DAY_S,
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.fleet_builders import AT

pytestmark = pytest.mark.postgresql_in_all


def release(there: LeadHub, version: int = 2, **rates: float) -> None:
    """A bundle by which leads that stay open lose is in force."""
    told = {
        name: Estimate(value=share, low=share, high=share, n=100, method="stated")
        for name, share in rates.items()
    }
    release_bundle(there.hub, lead_bundle(version, rates=told, ages=True))
    there.models.look(LEADS)


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        release(made)
        yield made


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        release(made)
        yield made


def put(there: LeadHub, name: str, size: int, days: float) -> None:
    """A record of a lead that came so long ago."""
    there.crm.put(name, size=size, created_at=there.clock() - timedelta(days=days))


def later(there: LeadHub, days: float) -> None:
    """So much later, when nothing came."""
    there.clock.tick(days * DAY_S)
    there.drain()


def test_a_lead_is_scored_by_how_long_it_is_open(there: LeadHub) -> None:
    put(there, "1", 80, 50)
    there.score("1")
    lead = there.lead("1")
    assert (lead.points, lead.band) == (40, "warm")
    assert lead.probability_when_new == 0.8
    assert lead.again_at == there.clock() + timedelta(days=10)


def test_one_of_which_the_crm_does_not_say_when_it_came_is_scored_as_new(here: LeadHub) -> None:
    here.crm.put("1", size=80)
    here.score("1")
    lead = here.lead("1")
    assert (lead.points, lead.probability_when_new, lead.again_at) == (80, None, None)


def test_it_is_scored_anew_as_it_grows_older(there: LeadHub) -> None:
    put(there, "1", 80, 0)
    there.score("1")
    with there.hub.database.transaction() as session:
        lead = session.merge(there.lead("1"))
        lead.wrote_points, lead.wrote_band, lead.write_at = lead.points, lead.band, None
    later(there, 9.9)
    assert there.lead("1").points == 80 and len(there.crm.asked) == 1
    later(there, 0.2)
    lead = there.lead("1")
    assert (lead.points, lead.trend) == (72, "declining")
    assert lead.write_at is not None and lead.write_behind, "what happened to others is told first"
    later(there, 30)
    assert there.lead("1").points == 48


def test_what_an_age_changes_no_more_is_left_alone(here: LeadHub) -> None:
    put(here, "1", 80, 90)
    here.score("1")
    assert here.lead("1").again_at is None
    later(here, 400)
    assert len(here.crm.asked) == 1


def test_a_lead_that_was_decided_keeps_its_score(here: LeadHub) -> None:
    put(here, "1", 80, 0)
    here.score("1")
    here.crm.put("1", AT + timedelta(hours=1), outcome="won")
    here.score("1")
    later(here, 30)
    assert here.lead("1").points == 80 and len(here.crm.asked) == 2


def test_one_that_objects_is_asked_for_no_more(here: LeadHub) -> None:
    put(here, "1", 80, 0)
    here.score("1")
    here.crm.put("1", AT + timedelta(hours=1), opted_out=True)
    here.score("1")
    lead = here.lead("1")
    assert (lead.points, lead.probability_when_new, lead.again_at) == (None, None, None)


def test_a_copy_of_the_crm_that_lags_behind_is_not_asked_for_ever(here: LeadHub) -> None:
    here.crm.put("1", AT + timedelta(hours=1), size=80, created_at=here.clock())
    here.score("1")
    here.crm.put("1", AT, size=80)
    here.clock.tick(11 * DAY_S)
    for _ in range(60):
        here.scoring.step()
        here.clock.tick(60)
    asked_for = len(here.crm.asked)
    for _ in range(20):
        here.scoring.step()
        here.clock.tick(60)
    assert len(here.crm.asked) == asked_for
    here.crm.put("1", AT + timedelta(hours=2), size=80)
    later(here, TRIED_AGAIN / timedelta(days=1))
    assert here.lead("1").points < 75


def test_a_bundle_that_knows_no_age_asks_for_none(here: LeadHub) -> None:
    put(here, "1", 80, 0)
    here.score("1")
    release_bundle(here.hub, lead_bundle(3))
    here.models.look(LEADS)
    here.drain()
    lead = here.lead("1")
    assert (lead.points, lead.probability_when_new, lead.again_at) == (80, None, None)


def test_an_old_contact_for_whom_something_speaks_now_counts_as_new(there: LeadHub) -> None:
    """It asked for a demo after all these months: nothing of its chance is over."""
    put(there, "1", 30, 70)
    there.score("1")
    assert there.lead("1").points == 9
    there.crm.put("1", AT + timedelta(hours=1), size=80)
    there.score("1")
    lead = there.lead("1")
    assert (lead.points, lead.band, lead.fresh_at) == (80, "hot", there.clock())
    later(there, 20)
    assert there.lead("1").points == 64, "from then on it grows older"


@pytest.mark.parametrize("size", [28, 36])
def test_a_change_that_says_little_makes_no_old_lead_new(here: LeadHub, size: int) -> None:
    put(here, "1", 30, 50)
    here.score("1")
    here.crm.put("1", AT + timedelta(hours=1), size=size)
    here.score("1")
    lead = here.lead("1")
    assert (lead.points, lead.fresh_at) == (size // 2, None)


def test_a_new_bundle_takes_no_old_lead_for_a_new_one(here: LeadHub) -> None:
    put(here, "1", 30, 50)
    here.score("1")
    release_bundle(here.hub, lead_bundle(3, 2.0, ages=True))
    here.models.look(LEADS)
    here.drain()
    assert (here.lead("1").points, here.lead("1").fresh_at) == (30, None)


def test_what_becomes_a_lead_long_after_its_crm_was_connected_came_then(here: LeadHub) -> None:
    """A contact of years ago that the hub had not been shown; one that was there from the beginning came when it was made."""
    put(here, "before", 80, 900)
    here.score("before")
    here.clock.tick(30 * DAY_S)
    met = here.clock.at
    put(here, "later", 80, 900)
    here.due("later")
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "later")).created_at = met
    here.drain()
    assert (here.lead("before").points, here.lead("later").points) == (16, 80)
    assert datetime.fromisoformat(str(here.lead("later").asked[CAME])) == met
    later(here, 20)
    assert here.lead("later").points == 64


def test_a_lead_that_was_lost_and_is_open_again_counts_as_new(here: LeadHub) -> None:
    put(here, "1", 80, 50)
    here.score("1")
    here.crm.put("1", AT + timedelta(hours=1), outcome="lost")
    here.score("1")
    here.crm.put("1", AT + timedelta(hours=2), outcome="")
    here.score("1")
    lead = here.lead("1")
    assert (lead.state, lead.points, lead.fresh_at) == ("open", 80, here.clock())


def test_an_empty_date_of_a_crm_makes_no_lead_old(here: LeadHub) -> None:
    here.crm.put("1", size=80, created_at=datetime(1970, 1, 1, tzinfo=timezone.utc))
    here.score("1")
    assert (here.lead("1").points, here.lead("1").probability_when_new) == (80, None)


def test_no_record_is_read_every_few_minutes() -> None:
    """However steep the first hours are."""
    told = LeadScore("b", "act", 0.8, None, None, 80, None, "hot", holds_for_days=0.001)
    assert _again_at(told, AT) == AT + LEAST


@pytest.mark.slow
def test_leads_that_have_grown_cold_make_no_room_for_others(there: LeadHub) -> None:
    """As many are hot as the team can call of those that come, however many are still open from before."""
    release(there, 3, capacity=0.1, warm_capacity=0.2)
    old = [f"old {n:04d}" for n in range(2 * FEWEST)]
    for name in old:
        put(there, name, 30, 0)
    there.score(*old)
    there.clock.tick(WINDOW.total_seconds() + DAY_S)
    new = [f"new {n:04d}" for n in range(FEWEST)]
    for n, name in enumerate(new):
        put(there, name, 40 + n % 50, 0)
    there.score(*new)
    cut = recut(there.hub, LEADS, there.models.current(LEADS), there.clock())
    assert cut is not None and cut.n == FEWEST
    hot = sum(cut.band((40 + n % 50) / 100) == "hot" for n in range(FEWEST))
    assert hot == FEWEST // 10


def test_bands_are_cut_from_what_leads_were_when_new(here: LeadHub) -> None:
    release(here, 3, capacity=0.1, warm_capacity=0.2)
    names = [f"{n:04d}" for n in range(FEWEST)]
    for n, name in enumerate(names):
        put(here, name, 40 + n % 50, 20)
    here.score(*names)
    cut = recut(here.hub, LEADS, here.models.current(LEADS), here.clock())
    assert cut is not None and cut.hot == pytest.approx(0.85)
    assert here.lead("0049").probability == pytest.approx(0.89 * 0.8)


def test_what_is_learned_from_later_is_the_score_that_was_told_first(here: LeadHub) -> None:
    put(here, "1", 80, 50)
    here.score("1")
    later(here, 10.1)
    lead = here.lead("1")
    assert lead.points == 32 and lead.asked["probability"] == 0.4
