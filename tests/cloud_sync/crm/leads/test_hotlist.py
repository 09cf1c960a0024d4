"""The hot list and the health of connections, on each database the hub supports."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection import health
from cloud_sync.crm.erasure.forgetting import forget
from cloud_sync.crm.leads import hotlist, leads
from cloud_sync.crm.leads.hotlist import LeadFilter
from cloud_sync.crm.leads.lots import Lots
from cloud_sync.metrics import Exposition
from cloud_sync.store.models import CrmConnection, CrmLead
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub

pytestmark = pytest.mark.postgresql_in_all
NONE = Lots({})


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        for i in range(60):
            made.crm.put(f"{i:03d}", size=i + 10, company=f"Müller {i}")
        made.score(*(f"{i:03d}" for i in range(60)))
        with made.hub.database.transaction() as session:
            for row in session.scalars(select(CrmLead)):
                row.lot = (int(row.object_id) * 17 % 60) / 60
        yield made


def test_pages_hold_each_lead_once_whatever_their_size(there: LeadHub) -> None:
    def walk(size: int, exploration: float, wanted: LeadFilter) -> list[str]:
        found: list[str] = []
        cursor = ""
        with there.hub.database.session() as session:
            while True:
                lots = Lots({SALES: exploration})
                page = hotlist.page(session, wanted, lots, limit=size, cursor=cursor)
                found += [one.lead.object_id for one in page.leads]
                cursor = page.next
                if not cursor:
                    return found

    whole = walk(500, 0.1, LeadFilter())
    assert len(whole) == len(set(whole)) == 60
    assert all(walk(size, 0.1, LeadFilter()) == whole for size in (1, 7, 59, 60))
    plain = walk(13, 0.0, LeadFilter())
    assert plain == [f"{i:03d}" for i in reversed(range(60))]
    assert walk(4, 0.1, LeadFilter(search="müller 5")) == [
        f"{i:03d}" for i in (59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 5)
    ]


def test_leads_of_several_connections_stand_in_one_order_on_all_pages(there: LeadHub) -> None:
    with there.hub.database.transaction() as session:
        for name in ("a-crm", "Z-crm"):
            session.add(CrmConnection(name=name, kind="webhook", settings={"kind": "webhook"}))
            session.flush()
            for i in range(20):
                session.add(
                    CrmLead(
                        connection=name, object_id=f"{name}{i}", band=("hot", "warm")[i % 2], points=50,
                        probability=(i // 4) / 10, lot=i / 20,
                    )
                )  # fmt: skip
    lots = Lots({SALES: 0.3, "a-crm": 0.2})
    found: dict[int, list[tuple[str, bool]]] = {}
    with there.hub.database.session() as session:
        for size in (7, 500):
            cursor, found[size] = "", []
            while cursor or not found[size]:
                page = hotlist.page(session, LeadFilter(), lots, limit=size, cursor=cursor)
                found[size] += [(one.lead.object_id, one.lot) for one in page.leads]
                cursor = page.next
                if not cursor:
                    break
        main = [
            (row.heat, row.probability, row.connection)
            for row in (session.query(CrmLead).filter_by(object_id=name).one() for name, lot in found[500] if not lot)
        ]  # fmt: skip
    assert found[7] == found[500] and len({name for name, _ in found[500]}) == 100
    assert main == sorted(main, reverse=True)
    drawn = [name for name, lot in found[500] if lot]
    assert len(drawn) == 18 + 4 and not any(name.startswith("Z") for name in drawn)


def test_the_band_that_people_see_decides_where_a_lead_stands(there: LeadHub) -> None:
    assert [CrmLead(band=band).heat for band in ("hot", "warm", "cold", "")] == [3, 2, 1, 0]
    with there.hub.database.transaction() as session:
        leads.override(session, SALES, "000", "hot", why="x", who="ada")
    assert there.lead("000").heat == 3
    with there.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "000")).band = "warm"
    assert there.lead("000").heat == 3
    with there.hub.database.transaction() as session:
        leads.override(session, SALES, "000", "", why="x", who="ada")
    assert there.lead("000").heat == 2


def test_all_leads_are_listed_and_counted_whatever_became_of_them(there: LeadHub) -> None:
    with there.hub.database.transaction() as session:
        for name, state in (("001", "won"), ("002", "gone")):
            session.get_one(CrmLead, (SALES, name)).state = state
    with there.hub.database.session() as session:
        for wanted, n in (
            (LeadFilter(), 58),
            (LeadFilter(state="all"), 60),
            (LeadFilter(state="gone"), 1),
        ):
            page = hotlist.page(session, wanted, NONE, limit=500)
            assert (len(page.leads), hotlist.count(session, wanted), page.before) == (n, n, 0)
        first = hotlist.page(session, LeadFilter(), NONE, limit=50)
        assert hotlist.page(session, LeadFilter(), NONE, limit=50, cursor=first.next).before == 50


def test_a_persons_band_counts_and_who_opted_out_is_not_there(there: LeadHub) -> None:
    with there.hub.database.transaction() as session:
        leads.override(session, SALES, "000", "hot", why="x", who="ada")
        leads.opt_out(session, SALES, "059", True, why="x", who="ada")
    with there.hub.database.session() as session:
        hot = hotlist.page(session, LeadFilter(band="hot"), NONE, limit=100)
        out = hotlist.page(session, LeadFilter(state="opted-out"), NONE)
    assert hot.leads[-1].lead.object_id == "000" and len(hot.leads) == 10
    assert [one.lead.object_id for one in out.leads] == ["059"]


def test_health_and_metrics_count_what_waits(there: LeadHub) -> None:
    there.due("000", "001")
    with there.hub.database.session() as session:
        [one] = health.connections(session, there.clock())
    assert (one.name, one.state, one.leads, one.due, one.waiting, one.dead) == (
        SALES, "in order", 60, 2, 60, 0,
    )  # fmt: skip
    assert (
        b'kitwright_leads{waits="writing"} 60.0'
        in Exposition(there.hub.metrics, there.hub.database).text()[0]
    )


def test_a_lead_is_forgotten(there: LeadHub) -> None:
    assert forget(there.hub, SALES, "007", by="ada").scores == 1
    assert there.lead("007").fields == {} and there.lead("007").opted_out


@pytest.mark.parametrize("share", [0.4, 0.35, 0.3, 0.29, 0.15, 0.05, 0.01])
def test_as_many_places_are_by_lot_as_is_stated(there: LeadHub, share: float) -> None:
    places = [hotlist.is_by_lot(place, share) for place in range(1, 1001)]
    stated = share * 1000
    assert stated <= sum(places) <= stated + 1
    gaps = {round(1 / share) - 1, round(1 / share), round(1 / share) + 1}
    taken = [place for place, by_lot in enumerate(places) if by_lot]
    assert {after - before for before, after in pairwise(taken)} <= gaps


@pytest.mark.parametrize(("share", "first"), [(0.5, 2), (0.4, 3), (0.2, 3), (0.05, 3), (0.01, 3)])
def test_the_first_by_lot_stands_where_a_team_that_calls_two_a_day_comes_by(
    share: float, first: int
) -> None:
    places = [hotlist.is_by_lot(place, share) for place in range(1, 200)]
    assert places.index(True) + 1 == first
    assert not any(hotlist.is_by_lot(place, 0.0) for place in range(1, 100))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"firstname": "Ada", "lastname": "Brandt", "company": "Garnet\u202e\nJuniper"}, ("Ada Brandt", "Garnet\ufffd Juniper")),
        ({"contact_name": "Ada", "partner_name": "Garnet"}, ("Ada", "Garnet")),
        ({"company": "Garnet"}, ("Garnet", "")),
        ({"name": "Ada", "org_name": "4711", "company": None, "Company": 12}, ("Ada", "")),
        ({}, ("7", "")),
    ],
)  # fmt: skip
def test_a_lead_is_called_by_its_name_and_its_firm(
    fields: dict[str, object], said: tuple[str, str]
) -> None:
    lead = CrmLead(connection="sales", object_id="7", fields=fields)
    assert (leads.title_of(lead), leads.firm_of(lead)) == said
