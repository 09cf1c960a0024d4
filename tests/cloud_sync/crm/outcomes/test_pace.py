"""Leads that are won later than those were that were learned from are told of long before all are decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from cloud_sync.crm.keeper import LeadKeeper
from cloud_sync.crm.outcomes import pace, watching
from cloud_sync.store.models import Alert, CrmConnection, CrmLead
from kits.core.bundle import Bundle
from kits.core.ready import ReadyBundle
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    Rule,
    lead_bundle,
    make_rule,
    release_bundle,
    with_leads,
)
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.plans import asked, plan

TAKES = 40.0
"""Days that half of the won leads take, by what the bundle learned."""


class Timed(Rule):
    """A rule whose won leads are won within 80 days, as many on each of them."""

    def won_by(self, chances: Sequence[float], days: Sequence[float]) -> Sequence[float]:
        return [p * min(1.0, age / (2 * TAKES)) for p, age in zip(chances, days)]


def make_timed(bundle: Bundle) -> ReadyBundle:
    made = make_rule(bundle)
    assert isinstance(made.runtime, Rule)
    return ReadyBundle(bundle, Timed(made.runtime.factor))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with make_hub(tmp_path) as hub:
        made = with_leads(hub, make=make_timed)
        with hub.database.transaction() as session:
            session.get_one(CrmConnection, SALES).created_at -= timedelta(days=400)
        yield made


def come(here: LeadHub, takes: float, n: int = 400, **changes: object) -> None:
    """Leads of the last 100 days, of which a half are won in the end, after up to twice so many days."""
    rng, now, bundle = np.random.default_rng(4), utc_now(), here.models.current(LEADS).id
    with here.hub.database.transaction() as session:
        for place in range(n):
            age = 100.0 * (1 - place / n)
            at, took = now - timedelta(days=age), rng.random() * 2 * takes
            won = rng.random() < 0.5 and took < age
            lead = CrmLead(
                connection=SALES, object_id=f"{takes:g} {place}", state="won" if won else "open",
                outcome_at=at + timedelta(days=took) if won else None,
                asked={"at": at.isoformat(), "came": at.isoformat(), "bundle": bundle, "probability": 0.5, "fields": {}},
            )  # fmt: skip
            for key, value in changes.items():
                setattr(lead, key, value)
            session.add(lead)


def look(here: LeadHub) -> list[str]:
    """Texts of the alerts that stand after a look."""
    LeadKeeper(here.hub, here.models).look()
    with here.hub.database.session() as session:
        standing = select(Alert.text).where(Alert.name == pace.PACE, Alert.seen_at.is_(None))
        return list(session.scalars(standing))


def test_leads_that_are_won_later_are_told_of_and_it_ends(here: LeadHub) -> None:
    come(here, 2.5 * TAKES)
    [text] = look(here)
    assert (
        "are won by now" in text
        and "won later, " in text
        and "half of those that are won took" in text
    )
    with here.hub.database.transaction() as session:
        session.execute(update(CrmLead).values(asked={}, asked_at=None, asked_of=""))
    come(here, TAKES)
    assert look(here) == []


def test_leads_that_are_won_as_soon_as_ever_are_not_told_of(here: LeadHub) -> None:
    come(here, TAKES)
    assert look(here) == []


def test_leads_that_are_won_sooner_are_told_of(here: LeadHub) -> None:
    come(here, TAKES / 4)
    [text] = look(here)
    assert "won sooner, " in text


def test_a_bundle_that_knows_no_times_is_not_compared(here: LeadHub) -> None:
    come(here, 2.5 * TAKES)
    ready = ReadyBundle(here.models.current(LEADS).bundle, Rule())
    assert pace.look(here.hub, LEADS, ready, utc_now()) is None


def test_another_bundle_begins_anew(here: LeadHub) -> None:
    come(here, 2.5 * TAKES)
    assert look(here)
    release_bundle(here.hub, lead_bundle(2))
    here.models.look(LEADS)
    assert look(here) == []


@pytest.mark.parametrize(
    "changes",
    [{"trial": "a test address"}, {"fresh_at": utc_now()}, {"state": "gone"}],
    ids=["tried out", "new once more", "gone"],
)
def test_leads_of_which_nothing_is_to_be_learned_do_not_count(
    here: LeadHub, changes: dict[str, object]
) -> None:
    come(here, 2.5 * TAKES, **changes)
    assert look(here) == []


def test_leads_that_were_scored_long_after_they_came_do_not_count(here: LeadHub) -> None:
    come(here, 2.5 * TAKES)
    with here.hub.database.transaction() as session:
        for lead in session.scalars(select(CrmLead)):
            at = utc_now() - timedelta(days=1)
            lead.asked = {**lead.asked, "at": at.isoformat()}
    found = pace.look(here.hub, LEADS, here.models.current(LEADS), utc_now())
    assert found is not None and found.n < 20 and found.statistic is None


def test_the_latest_leads_are_the_end_of_an_index(here: LeadHub) -> None:
    come(here, TAKES, 6)
    bundle = here.models.current(LEADS).id
    with here.hub.database.session() as session, asked(here.hub, "crm_lead") as said:
        assert len(pace.latest(session, LEADS, bundle)) == 6
    found = plan(here.hub, said)
    assert "ix_crm_lead_asked (connection=? AND asked_of=?" in found and "TEMP B-TREE" not in found


def test_hardly_any_expected_of_the_youngest_is_no_alarm() -> None:
    """One lead in a hundred that is won on its first day is far off, in standard errors, and says nothing."""
    expected = np.concatenate([np.full(300, 0.3), np.full(40, 0.002)])
    won = np.concatenate([np.arange(300) % 10 < 3, np.arange(40) == 20]).astype(float)
    assert watching.measure(expected, won).statistic == pytest.approx(3.8, abs=0.1)
    found = pace.paced(expected, won)
    assert found.statistic is not None and found.statistic < 1
