"""How many leads stand in the list by lot: as many as the bundle was judged with, fewer where hub.yaml says so, never more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cloud_sync import config
from cloud_sync.crm.leads import hotlist
from cloud_sync.crm.leads.hotlist import LeadFilter
from cloud_sync.crm.leads.lots import lots
from cloud_sync.setup import doctor
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel, Sample
from kits.core.stats import Estimate
from tests.cloud_sync.crm.lead_builders import (
    AT,
    LEADS,
    SALES,
    LeadHub,
    by_lot,
    lead_bundle,
    lead_hub,
    release_bundle,
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        made.judged_with(0.1)
        yield made


@pytest.fixture
def on_both(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    """The same on SQLite, and on PostgreSQL."""
    with lead_hub(tmp_path, database_url) as made:
        made.judged_with(0.1)
        yield made


def room_for(leads: float) -> dict[str, Estimate]:
    """Of an operating point: the share of leads that the team can call."""
    return {"capacity": Estimate(value=leads, low=leads, high=leads, n=100, method="stated")}


def share(here: LeadHub, most: float | None = None, connection: str = SALES) -> float:
    with here.hub.database.session() as session:
        return lots(session, most).of(connection)


def test_the_bundles_share_counts_and_hub_yaml_only_lowers_it(here: LeadHub) -> None:
    assert [share(here, most) for most in (None, 0.02, 0.0, 0.4)] == [0.1, 0.02, 0.0, 0.1]


def test_as_many_leads_are_drawn_as_so_many_calls_reach(here: LeadHub) -> None:
    release_bundle(here.hub, lead_bundle(4, rates={**by_lot(0.1), **room_for(0.2)}))
    here.models.look(LEADS)
    with here.hub.database.transaction() as session:
        for n in range(100):
            lead = CrmLead(
                connection=SALES,
                object_id=f"{n:02d}",
                points=50,
                probability=0.5,
                band="warm",
                lot=(n + 0.5) / 100,
            )
            session.add(lead)
    with here.hub.database.session() as session:
        found, lowered = lots(session, None), lots(session, 0.05)
        page = hotlist.page(session, LeadFilter(), found, limit=100)
    assert (found.of(SALES), found.drawn(SALES)) == (0.1, pytest.approx(0.02))
    assert (lowered.of(SALES), lowered.drawn(SALES)) == (0.05, pytest.approx(0.01))
    marked = {n: one.lead.object_id for n, one in enumerate(page.leads, 1) if one.lot}
    assert marked == {3: "00", 13: "01"}, (
        "both stand where twenty calls reach them, and nobody else is marked"
    )


def test_only_those_that_were_drawn_are_told_to_the_next_training(here: LeadHub) -> None:
    release_bundle(here.hub, lead_bundle(4, rates={**by_lot(0.5), **room_for(0.2)}))
    here.models.look(LEADS)
    decided = {"drawn": 0.05, "not": 0.15}
    for name in decided:
        here.crm.put(name, AT, size=40)
    here.score(*decided)
    with here.hub.database.transaction() as session:
        for name, lot in decided.items():
            session.get_one(CrmLead, (SALES, name)).lot = lot
    for name in decided:
        here.crm.put(name, AT + timedelta(days=1), outcome="won")
    here.score(*decided)
    with here.hub.database.session() as session:
        meta = {one.source.partition("#")[2]: one.meta.get("lot") for one in session.query(Sample)}
    assert meta == {"drawn": 0.05, "not": None}


def test_a_share_that_was_kept_before_room_was_asked_about_still_counts(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        row = session.get_one(LeadModel, LEADS)
        row.lots = {row.bundle: 0.3}
    with here.hub.database.session() as session:
        found = lots(session, 0.15)
    assert (found.of(SALES), found.drawn(SALES)) == (0.15, 0.15)


def test_the_share_changes_with_the_bundle_and_goes_back_with_it(here: LeadHub) -> None:
    here.judged_with(0.25, version=3)
    assert share(here) == 0.25
    here.models.back(LEADS, by="ada")
    assert share(here) == 0.1
    here.models.forward(LEADS, by="ada")
    assert share(here) == 0.25


def test_where_no_bundle_is_in_force_nothing_stands_by_lot(here: LeadHub) -> None:
    with here.hub.database.transaction() as session:
        session.delete(session.get_one(LeadModel, LEADS))
    assert share(here) == 0.0


def test_each_connection_has_its_own_projects_share(on_both: LeadHub) -> None:
    here = on_both
    with here.hub.database.transaction() as session:
        for name, project in (("other", "others"), ("silent", "")):
            session.add(CrmConnection(name=name, kind="webhook", settings={}, project=project))
        session.add(LeadModel(project="others", bundle="b", lots={"b": 0.5}))
        session.flush()
        for n in range(20):
            for name in (SALES, "other", "silent"):
                session.add(
                    CrmLead(
                        connection=name, object_id=f"{n:02d}", points=50, probability=0.5,
                        band="warm", lot=n / 20,
                    )
                )  # fmt: skip
    with here.hub.database.session() as session:
        found = lots(session, None)
        page = hotlist.page(session, LeadFilter(), found, limit=100)
        only = hotlist.page(session, LeadFilter(connection=SALES), found, limit=100)
    drawn = [(one.lead.connection, one.lead.object_id) for one in page.leads if one.lot]
    assert sorted(drawn) == sorted(
        [(SALES, "00"), (SALES, "01"), *(("other", f"{n:02d}") for n in range(10))]
    )
    assert len(page.leads) == 60 and page.leads[1].lot, "at every second place: half of one's are"
    assert [n for n, one in enumerate(only.leads, 1) if one.lot] == [3, 13]


@pytest.mark.parametrize(("most", "told"), [(0.2, True), (0.05, False), (None, False)])
def test_more_than_the_bundle_was_judged_with_is_said_by_doctor(
    tmp_path: Path, most: float | None, told: bool
) -> None:
    with lead_hub(tmp_path, leads={"exploration": most}) as here:
        here.judged_with(0.1)
        folder = here.hub.config.data_dir
        (folder / config.FILE).write_text(config.dump(here.hub.config))
    found = [one for one in doctor(folder) if one.check == "leads by lot"]
    assert bool(found) is told
    if told:
        assert not found[0].ok and LEADS in found[0].found and "0.2" in found[0].fix
