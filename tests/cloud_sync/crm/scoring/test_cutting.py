"""Bands cut from the scores of the latest leads: as many hot as the team can call, and no more writes than needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.trying import try_connection
from cloud_sync.crm.leads import leads
from cloud_sync.crm.scoring.cutting import (
    AT_ONCE,
    FEWEST,
    RECUT,
    Cut,
    cut_of,
    cuts,
    in_force,
    place_of,
    recut,
)
from cloud_sync.crm.scoring.payloads import score_each
from cloud_sync.crm.scoring.scored import LeadScore
from cloud_sync.store.models import CrmLead
from kits.core.stats import Estimate
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.fleet_builders import AT

pytestmark = pytest.mark.postgresql_in_all
NAMES = [f"{n:04d}" for n in range(FEWEST)]


def _rates(hot: float, warm: float) -> dict[str, Estimate]:
    return {
        name: Estimate(value=share, low=share, high=share, n=100, method="stated")
        for name, share in (("capacity", hot), ("warm_capacity", warm))
    }


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    """A hub whose bundle keeps a tenth hot and a fifth warm, but whose thresholds call all of these leads hot."""
    with lead_hub(tmp_path, database_url) as made:
        release_bundle(made.hub, lead_bundle(version=2, rates=_rates(0.1, 0.2)))
        made.models.look(LEADS)
        yield made


def _bands(there: LeadHub) -> dict[str, int]:
    found = [lead.band for name, lead in there.leads().items() if name in NAMES]
    return {band: found.count(band) for band in ("hot", "warm", "cold")}


def _score_all(there: LeadHub) -> None:
    for n, name in enumerate(NAMES):
        there.crm.put(name, size=60 + n % 40)
    there.score(*NAMES)


def _settle(there: LeadHub, turns: int = 3) -> None:
    for _ in range(turns):
        there.clock.at += timedelta(seconds=11)
        there.scoring.step()


def test_until_enough_leads_were_scored_the_bundles_own_thresholds_count(there: LeadHub) -> None:
    there.crm.put("1", size=61)
    there.score("1")
    _settle(there)
    assert there.lead("1").band == "hot"


def test_as_many_are_hot_as_the_team_can_call_whatever_the_level(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    assert _bands(there) == {"hot": 20, "warm": 40, "cold": 140}
    assert there.lead("0039").percentile == pytest.approx(0.99, abs=0.02)


def test_a_lead_that_comes_later_is_placed_among_the_latest(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    there.crm.put("new", size=70)
    there.score("new")
    assert there.lead("new").band == "cold"
    assert there.lead("new").percentile == pytest.approx(0.26, abs=0.03)


def test_a_lead_whose_band_stays_is_told_its_place_among_the_latest_too(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    lead = there.lead("0036")
    assert (lead.band, lead.percentile) == ("hot", 0.96), "as the bundle said, before the cut"
    with there.hub.database.session() as session:
        cut = cuts(session)[SALES]
    # five of each size from 60 to 99: 36 of 40 are smaller, and of those alike half count
    assert leads.as_json(lead, cut)["percentile"] == pytest.approx(36.5 / 40, abs=0.01)
    assert place_of(lead, None) == 0.96
    lead.state = "won"
    assert place_of(lead, cut) == 0.96, "what was said while it was open"


def test_a_connection_is_tried_with_the_bands_that_would_be_written(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    connection = connections.open_connection(there.hub, SALES)
    trial = try_connection(there.hub, connection, lambda _: there.crm, there.models, there.clock())
    shown = {str(one["lead"]): one["band"] for one in trial.would}
    assert shown == {name: there.lead(name).band for name in shown} and len(shown) == 5
    assert set(shown.values()) != {"hot"}, "as the bundle's own thresholds would have it"


def test_only_a_band_that_changes_is_written_and_nothing_is_read_again(there: LeadHub) -> None:
    _score_all(there)
    asked = len(there.crm.asked)
    before = {name: lead.version for name, lead in there.leads().items()}
    _settle(there)
    for name, lead in there.leads().items():
        assert lead.due_at is None
        assert lead.version - before[name] == (lead.band != "hot")
    assert len(there.crm.asked) == asked


def test_bands_are_not_cut_anew_before_an_hour_is_over(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    with there.hub.database.session() as session:
        first = in_force(session, LEADS, there.models.current(LEADS).id)
    _settle(there)
    with there.hub.database.session() as session:
        assert in_force(session, LEADS, there.models.current(LEADS).id) == first
    there.clock.at += RECUT
    _settle(there, 1)
    with there.hub.database.session() as session:
        second = in_force(session, LEADS, there.models.current(LEADS).id)
    assert first is not None and second is not None and second.at > first.at


def test_bands_are_cut_anew_at_once_when_twice_as_many_leads_are_scored(there: LeadHub) -> None:
    """After a release those with the newest events are scored first: they alone would decide for an hour who is hot."""
    ready, now = there.models.current(LEADS), there.clock()

    def cut_after(number: range, level: float) -> Cut | None:
        with there.hub.database.transaction() as session:
            session.add_all(
                CrmLead(
                    connection=SALES, object_id=str(n), probability=level, points=1,
                    bundle=ready.id, scored_at=now,
                )
                for n in number
            )  # fmt: skip
        return recut(there.hub, LEADS, ready, now)

    first = cut_after(range(FEWEST), 0.9)
    assert cut_after(range(FEWEST, 2 * FEWEST - 1), 0.1) == first
    second = cut_after(range(2 * FEWEST - 1, 2 * FEWEST), 0.1)
    assert first is not None and second is not None
    assert (first.n, second.n) == (FEWEST, 2 * FEWEST)


def test_leads_that_score_alike_are_hot_together_or_not_at_all() -> None:
    scores = np.repeat([0.9, 0.5, 0.1], [10, 290, 700])
    cut = cut_of(scores, (0.1, 0.2), "b", AT)
    assert cut is not None
    assert (cut.band(0.9), cut.band(0.5), cut.band(0.1)) == ("hot", "warm", "cold")


def test_too_few_leads_make_no_cut() -> None:
    assert cut_of(np.linspace(0, 1, FEWEST - 1), (0.1, 0.2), "b", AT) is None
    assert AT_ONCE >= 1


def test_a_live_score_is_placed_as_those_of_the_crm_are(there: LeadHub) -> None:
    _score_all(there)
    _settle(there)
    project, ready = there.models.serving(LEADS)
    [score] = score_each(ready, [{"id": "x", "fields": {"size": 70}}])
    assert isinstance(score, LeadScore) and score.band == "hot"
    placed = there.models.placed(project, score)
    assert (placed.band, placed.verdict) == ("cold", "pass")
    assert placed.probability == score.probability
