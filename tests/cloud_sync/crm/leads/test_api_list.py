"""`GET /v1/leads`: the hot list, its pages, and hostile questions to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.store.models import CrmLead, CrmScore
from tests.cloud_sync.crm.lead_apis import asker, lead, opened
from tests.cloud_sync.crm.lead_builders import (
    SALES,
    LeadHub,
)
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        yield made


# --- the hot list -----------------------------------------------------------------------------------


def fill(here: LeadHub, n: int) -> None:
    for i in range(n):
        here.crm.put(f"{i:03d}", size=i % 90 + 5, name=f"Müller {i}")
    here.score(*(f"{i:03d}" for i in range(n)))


def read_all(client: TestClient, who: dict[str, str], query: str = "") -> list[dict]:
    found, cursor = [], ""
    while True:
        page = client.get(f"/v1/leads?limit=17&cursor={cursor}{query}", headers=who).json()
        found += page["leads"]
        cursor = page["next"]
        if not cursor:
            return found


def test_the_list_is_in_the_teams_order_with_some_by_lot(tmp_path: Path) -> None:
    with opened(tmp_path) as (client, here):
        here.judged_with(0.2)
        fill(here, 120)
        with here.hub.database.transaction() as session:
            for row in session.scalars(select(CrmLead)):
                row.lot = (int(row.object_id) * 37 % 120) / 120
        found = read_all(client, asker(here.hub))
        assert len(found) == len({one["id"] for one in found}) == 120
        assert [n for n, one in enumerate(found, 1) if one["by_lot"]][:20] == list(range(3, 99, 5))
        lots = [one["lot"] for one in found if one["by_lot"]]
        assert lots == sorted(lots) and all(lot < 0.2 for lot in lots) and len(lots) == 24
        rest = [one["points"] for one in found if not one["by_lot"]]
        assert rest == sorted(rest, reverse=True)


@pytest.mark.parametrize(
    ("asked", "fix"),
    [
        ("/v1/leads?bnd=hot", "did you mean 'band'?"),
        ("/v1/leads?band=hot&page=2", "known: band, connection, cursor, limit, search, state"),
        ("/v1/leads/connections?name=sales", "it takes none"),
        ("/v1/cases?stat=open", "did you mean 'state'?"),
    ],
)
def test_a_misspelt_filter_is_told_and_filters_nothing_in_silence(
    there: tuple[TestClient, LeadHub], asked: str, fix: str
) -> None:
    client, here = there
    answer = client.get(asked, headers=asker(here.hub))
    assert answer.status_code == 422 and "is not known here" in answer.json()["what"]
    assert answer.json()["fix"] == fix
    assert client.get(asked).status_code == 401


def test_a_persons_band_moves_a_lead(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    fill(here, 20)
    with here.hub.database.transaction() as session:
        for row in session.scalars(select(CrmLead)):
            row.lot = 0.9
    who = asker(here.hub, "reviewer")
    for name, band in (("000", "hot"), ("019", "cold")):
        path = f"/v1/leads/{SALES}/{name}/override"
        client.post(path, json={"band": band, "why": "x"}, headers=who)
    found = read_all(client, who)
    assert found[0]["id"] == "000" and found[0]["band"] == "hot"
    assert [one["id"] for one in read_all(client, who, "&band=hot")] == ["000"]


def test_leads_are_found_by_what_stands_in_them(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    fill(here, 30)
    who = asker(here.hub)

    def found(query: str) -> list[str]:
        return [one["id"] for one in read_all(client, who, query)]

    assert found("&search=müller 7") == ["007"]
    assert found("&search=012") == ["012"]
    assert found("&search=%25") == [] and found("&connection=other") == []
    assert set(found("&band=warm")) == {f"{i:03d}" for i in range(25, 30)}
    assert len(found("&state=open")) == 30 and found("&state=won") == []


@pytest.mark.parametrize(
    "query", ["band=hotter", "state=closed", "cursor=!!", "cursor=W10", "cursor=WzEsW10sWzFdXQ"]
)
def test_what_no_page_gave_is_refused(there: tuple[TestClient, LeadHub], query: str) -> None:
    client, here = there
    assert client.get(f"/v1/leads?{query}", headers=asker(here.hub)).status_code == 422


def cursor(*told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


HALF = "\ud800"
FORGED = [
    cursor(0, [2**70, 0.5, "a", "b"], []), cursor(2**70, [], []), cursor(-1, [], []),
    cursor(0, [0, float("nan"), "a", "b"], []), cursor(0, [0, 0.5, HALF, "b"], []),
    cursor(0, [0, 0.5, "a\0", "b"], []), cursor(0, [], [0.1, HALF, "b"]), "A" * 5000,
]  # fmt: skip


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[tuple[TestClient, LeadHub]]:
    url = database_url if database_url.startswith("postgres") else ""
    with opened(tmp_path, database_url=url) as made:
        yield made


def test_nothing_that_is_asked_for_breaks_the_hub(both: tuple[TestClient, LeadHub]) -> None:
    client, here = both
    here.crm.put("1", size=50)
    here.score("1")
    who = asker(here.hub, "admin")
    for page in ("/v1/leads", "/leads"):
        for forged in FORGED:
            assert client.get(f"{page}?cursor={forged}", headers=who).status_code == 422
        for query in ("search=%00", "connection=%00", "connection=%ED%A0%80", "search=%25_%5C%27"):
            assert client.get(f"{page}?{query}", headers=who).status_code in (200, 400)
    for place in ("/v1/leads/%00/1", "/v1/leads/sales/%00", "/leads/sales/%00"):
        assert client.get(place, headers=who).status_code == 400
        assert client.post(f"{place}/rescore", headers=who).status_code in (400, 405)
    for place, key in (("retry", "connection"), ("models/back", "project"), ("score", "project")):
        body = {key: "\0", **({"lead": lead(5)} if place == "score" else {})}
        answer = client.post(f"/v1/leads/{place}", json=body, headers=who)
        assert answer.status_code in (404, 422)


def test_what_a_person_writes_breaks_no_page(both: tuple[TestClient, LeadHub]) -> None:
    client, here = both
    here.crm.put("1", size=50)
    here.score("1")
    who = asker(here.hub, "admin")
    body = {"band": "cold", "why": "a\0b\u202e\x1b[31m"}
    told = client.post("/v1/leads/sales/1/override", json=body, headers=who).json()
    assert told["override"]["why"] == "a b  [31m"
    for page in ("/leads", "/leads?band=cold", "/leads/sales/1", "/v1/leads?band=cold"):
        assert client.get(page, headers=who).status_code == 200
    nothing = {"band": "hot", "why": " \u202e\0"}
    answer = client.post("/v1/leads/sales/1/override", json=nothing, headers=who)
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["a/b", "a/../1", "../1", "a?b#c", "a b;c", "<img src=x>", "ä"])
def test_each_lead_has_a_page_of_its_own_whatever_its_number(
    there: tuple[TestClient, LeadHub], name: str
) -> None:
    client, here = there
    here.crm.put("1", size=50)
    here.crm.put(name, size=70)
    here.score("1", name)
    who = asker(here.hub, "admin")
    link = f"/leads/sales/{quote(name, safe='')}"
    page = client.get("/leads", headers=who).text
    assert f'href="{link}"' in page and "<img src=x>" not in page
    assert client.get(link, headers=who).status_code == 200
    assert client.get(f"/v1{link}", headers=who).json()["id"] == name
    said = client.post(f"/v1{link}/override", json={"band": "cold", "why": "w"}, headers=who)
    assert said.json()["id"] == name and here.lead("1").override == {}
    assert client.post(f"/v1{link}/erase", headers=who).status_code == 200
    assert here.lead("1").points == 50 and here.lead(name).points is None


def test_the_course_of_a_lead_is_kept(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    for minute, size in enumerate((20, 40, 80)):
        here.crm.put("1", AT + timedelta(minutes=minute), size=size)
        here.score("1")
    told = client.get(f"/v1/leads/{SALES}/1", headers=asker(here.hub)).json()
    assert [entry["points"] for entry in told["course"]] == [80, 40, 20]
    with here.hub.database.session() as session:
        assert len(session.scalars(select(CrmScore)).all()) == 3
