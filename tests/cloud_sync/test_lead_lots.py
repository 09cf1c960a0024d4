"""How many leads stand in the list by lot: as many as the bundle was judged with, fewer where hub.yaml says so, never more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync import config
from cloud_sync.crm import hotlist
from cloud_sync.crm.hotlist import LeadFilter
from cloud_sync.crm.lots import lots
from cloud_sync.setup import doctor
from cloud_sync.store.models import CrmConnection, CrmLead, LeadModel
from tests.cloud_sync.lead_builders import LEADS, SALES, LeadHub, lead_hub


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


def share(here: LeadHub, most: float | None = None, connection: str = SALES) -> float:
    with here.hub.database.session() as session:
        return lots(session, most).of(connection)


def test_the_bundles_share_counts_and_hub_yaml_only_lowers_it(here: LeadHub) -> None:
    assert [share(here, most) for most in (None, 0.02, 0.0, 0.4)] == [0.1, 0.02, 0.0, 0.1]


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
