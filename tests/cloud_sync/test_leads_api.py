"""Leads over the API: live scores, the hot list, and what people say of leads."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.quotas import MAX_KEYS, Quota
from cloud_sync.store.models import AuditLog, CrmLead, CrmScore, LeadModel
from tests.cloud_sync.fleet_builders import AT
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.cloud_sync.lead_builders import (
    LEADS,
    SALES,
    Clock,
    LeadHub,
    lead_bundle,
    release_bundle,
    with_leads,
)

URL = "/v1/leads/score"


@contextmanager
def opened(folder: Path, **settings: object) -> Iterator[tuple[TestClient, LeadHub]]:
    with open_hub(folder, **settings) as (client, hub):
        here = with_leads(hub)
        client.app.state.lead_desk.models = here.models
        yield client, here


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        yield made


def asker(hub: Hub, role: str = "viewer") -> dict[str, str]:
    return add_person(hub, f"a-{role}", role)


def lead(size: object, name: str = "1") -> dict[str, object]:
    return {"id": name, "fields": {"size": size}}


# --- live scores --------------------------------------------------------------------------------


def test_one_lead_is_scored_with_reasons(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    answer = client.post(URL, json={"lead": lead(80)}, headers=asker(here.hub))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["points"], told["band"], told["project"]) == ("1", 80, "hot", LEADS)
    assert told["low"] < told["probability"] < told["high"]
    assert told["reasons"][0]["text"] == "size is 80" and told["hints"] == ["ask for the budget"]
    assert told["unknown_fields"] == ["country"]
    assert told["bundle"] == here.models.current(LEADS).id
    with here.hub.database.session() as session:
        assert session.scalar(select(CrmLead.object_id)) is None  # nothing is stored


def test_many_leads_are_answered_in_their_order_and_a_bad_one_costs_only_itself(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    sent = [lead(10, "a"), lead("big", "b"), {"id": "c"}, "no lead", lead(90, "e")]
    answer = client.post(URL, json={"leads": sent, "project": LEADS}, headers=asker(here.hub))
    assert answer.status_code == 207
    told = answer.json()
    assert (told["scored"], told["failed"]) == (2, 3)
    results = told["results"]
    assert [one["id"] for one in results] == ["a", "b", "c", "", "e"]
    assert [one.get("score", {}).get("points") for one in results] == [10, None, None, None, 90]
    assert results[1]["error"]["where"] == "fields.size"


def test_a_thousand_leads_at_once_and_not_one_more(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub)
    padding = "x" * 500
    leads = [{"id": str(n), "fields": {"size": n % 99 + 1, "note": padding}} for n in range(1001)]
    answer = client.post(URL, json={"leads": leads[:1000]}, headers=who)
    assert answer.status_code == 200 and answer.json()["scored"] == 1000
    assert client.post(URL, json={"leads": leads}, headers=who).status_code == 422


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"lead": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "body"),
        (b"{}", "either"),
        (b'{"lead": {"fields": {"size": 1}}, "leads": []}', "either"),
        (b'{"lead": {"fields": {"size": 1}}, "leeds": []}', "leeds"),
        (b'{"lead": {"fields": {"size": "\\ud800"}}}', ""),
        (b'{"lead": 17}', "fields"),
    ],
)
def test_what_is_no_request_is_refused_in_words(
    there: tuple[TestClient, LeadHub], body: bytes, what: str
) -> None:
    client, here = there
    answer = client.post(URL, content=body, headers=asker(here.hub))
    assert answer.status_code == 422
    assert what in json.dumps(answer.json())


def test_a_body_above_the_limit_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, leads={"request_bytes": 1000}) as (client, here):
        answer = client.post(URL, content=b" " * 1001, headers=asker(here.hub))
        assert answer.status_code == 413


def test_nobody_scores_without_a_token(there: tuple[TestClient, LeadHub]) -> None:
    client, _here = there
    assert client.post(URL, json={"lead": lead(10)}).status_code == 401
    wrong = {"Authorization": "Bearer kwt_wrong"}
    assert client.post(URL, json={"lead": lead(10)}, headers=wrong).status_code == 401


def test_a_project_without_a_bundle_says_so(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    body = {"lead": lead(10), "project": "line-1"}
    answer = client.post(URL, json=body, headers=asker(here.hub))
    assert answer.status_code == 404 and "project" in answer.json()["what"]


def test_each_token_has_its_quota(tmp_path: Path) -> None:
    with opened(tmp_path, leads={"requests_per_min": 3, "leads_per_day": 10}) as (client, here):
        one, two = add_person(here.hub, "one", "viewer"), add_person(here.hub, "two", "viewer")
        first = client.post(URL, json={"lead": lead(10)}, headers=one)
        assert first.headers["ratelimit-limit"] == "3"
        assert first.headers["ratelimit-remaining"] == "2"
        nine = client.post(URL, json={"leads": [lead(10)] * 9}, headers=one)
        assert nine.status_code == 200
        more = client.post(URL, json={"lead": lead(10)}, headers=one)
        assert more.status_code == 429 and "10 leads in a day" in more.json()["what"]
        assert int(more.headers["retry-after"]) > 0
        assert client.post(URL, json={"lead": lead(10)}, headers=two).status_code == 200


def test_a_quota_refills_and_a_day_begins_anew() -> None:
    clock = Clock()
    clock.at = AT
    quota = Quota(2, 100, now=clock)
    assert [quota.ask("t", 1).allowed for _ in range(3)] == [True, True, False]
    refused = quota.ask("t", 1)
    assert refused.after_s == 30 and refused.headers()["Retry-After"] == "30"
    clock.tick(30)
    assert quota.ask("t", 98).allowed
    clock.tick(60)
    over = quota.ask("t", 1)
    assert not over.allowed and over.after_s == 12 * 3600 - 90
    clock.at = AT + timedelta(days=1)
    assert quota.ask("t", 100).allowed


def test_a_quota_remembers_a_bounded_number_of_tokens() -> None:
    quota = Quota(1, 10)
    assert quota.ask("first", 1).allowed and not quota.ask("first", 1).allowed
    for n in range(MAX_KEYS):
        quota.ask(str(n), 1)
    assert quota.ask("first", 1).allowed


# --- people ---------------------------------------------------------------------------------------


def test_an_override_needs_a_reason_is_shown_written_and_kept(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    here.crm.put("1", size=20)
    here.score("1")
    who = asker(here.hub, "reviewer")
    path = f"/v1/leads/{SALES}/1/override"
    assert client.post(path, json={"band": "hot", "why": " "}, headers=who).status_code == 422
    assert client.post(path, json={"band": "warmer", "why": "x"}, headers=who).status_code == 422
    told = client.post(path, json={"band": "hot", "why": "knows the boss"}, headers=who).json()
    assert (told["band"], told["points"], told["version"]) == ("hot", 20, 2)
    assert told["write_waits"] and told["override"]["who"] == "a-reviewer"
    here.score("1")
    shown = client.get(f"/v1/leads/{SALES}/1", headers=who).json()
    assert shown["band"] == "hot" and shown["fields"] == {"size": 20}
    assert [entry["band"] for entry in shown["course"]] == ["hot", "cold"]
    assert shown["course"][0]["said"]["why"] == "knows the boss"
    told = client.post(path, json={"why": "no more"}, headers=who).json()
    assert told["band"] == "cold" and told["override"] == {}
    with here.hub.database.session() as session:
        said = select(AuditLog.details).where(AuditLog.what == "leads.override")
        assert [row["band"] for row in session.scalars(said)] == ["hot", "none"]


def test_only_those_who_may_change_leads(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    here.crm.put("1", size=20)
    here.score("1")
    viewer, reviewer = asker(here.hub), asker(here.hub, "reviewer")
    for verb, body in (("override", {"band": "hot", "why": "x"}), ("opt-out", {"why": "x"})):
        assert (
            client.post(f"/v1/leads/{SALES}/1/{verb}", json=body, headers=viewer).status_code == 403
        )
    assert client.post(f"/v1/leads/{SALES}/1/rescore", headers=viewer).status_code == 403
    assert client.post(f"/v1/leads/{SALES}/1/erase", headers=reviewer).status_code == 403
    assert (
        client.post("/v1/leads/models/back", json={"project": LEADS}, headers=reviewer).status_code
        == 403
    )


def test_who_opts_out_here_stays_out_whatever_the_crm_says(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    here.crm.put("1", size=50)
    here.score("1")
    who = asker(here.hub, "reviewer")
    path = f"/v1/leads/{SALES}/1/opt-out"
    told = client.post(path, json={"why": "asked us by mail"}, headers=who).json()
    assert told["opted_out"] and told["points"] is None and told["reasons"] == []
    here.crm.put("1", AT + timedelta(minutes=1), size=90)
    here.score("1")
    assert here.lead("1").points is None
    told = client.post(path, json={"out": False, "why": "changed his mind"}, headers=who).json()
    assert told["due"] and not told["opted_out"]
    here.clock.tick(60)  # what people say has the time of the real clock
    here.drain()
    assert here.lead("1").points == 90


def test_what_waits_for_a_person_is_tried_again(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub, "reviewer")
    for name in ("1", "2"):
        here.crm.put(name, size="large")
    here.score("1", "2")
    dead = client.get("/v1/leads?state=dead", headers=who).json()["leads"]
    assert [one["id"] for one in dead] == ["1", "2"] and "size" in dead[0]["error"]
    for name in ("1", "2"):
        here.crm.put(name, size=50)
    assert client.post(f"/v1/leads/{SALES}/1/rescore", headers=who).json()["due"]
    body = {"connection": SALES}
    assert client.post("/v1/leads/retry", json=body, headers=who).json() == {"leads": 1}
    here.clock.tick(60)  # what people say has the time of the real clock
    here.drain()
    assert [here.lead(name).points for name in ("1", "2")] == [50, 50]
    assert client.post("/v1/leads/retry", json={"connection": "x"}, headers=who).status_code == 404


def test_one_click_back_and_forward(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub, "engineer")
    first = here.models.current(LEADS).id
    second = release_bundle(here.hub, lead_bundle(2, 2.0))
    here.models.look(LEADS)
    body = {"project": LEADS}
    assert client.post("/v1/leads/models/back", json=body, headers=who).json() == {"bundle": first}
    [model] = client.get("/v1/leads/models", headers=who).json()["models"]
    assert model["held"] and model["bundle"] == first
    told = client.post("/v1/leads/models/forward", json=body, headers=who).json()
    assert told == {"bundle": second, "changed": True}
    with here.hub.database.session() as session:
        assert not session.get_one(LeadModel, LEADS).held


def test_leads_and_connections_that_are_not_there(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    who = asker(here.hub)
    assert "did you mean" in client.get("/v1/leads/sale/1", headers=who).json()["fix"]
    assert client.get(f"/v1/leads/{SALES}/1", headers=who).json()["what"] == "no such lead"


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
    with opened(tmp_path, leads={"exploration": 0.2}) as (client, here):
        fill(here, 120)
        with here.hub.database.transaction() as session:
            for row in session.scalars(select(CrmLead)):
                row.lot = (int(row.object_id) * 37 % 120) / 120
        found = read_all(client, asker(here.hub))
        assert len(found) == len({one["id"] for one in found}) == 120
        assert [n for n, one in enumerate(found, 1) if one["by_lot"]][:20] == list(range(5, 101, 5))
        lots = [one["lot"] for one in found if one["by_lot"]]
        assert lots == sorted(lots) and all(lot < 0.2 for lot in lots) and len(lots) == 24
        rest = [one["points"] for one in found if not one["by_lot"]]
        assert rest == sorted(rest, reverse=True)


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
