"""`/v1/leads`: live scores with quotas, and what people say of a lead."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.quotas import MAX_KEYS, Quota
from cloud_sync.store.models import AuditLog, CrmLead, LeadModel
from tests.cloud_sync.crm.lead_apis import asker, lead, opened
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    Clock,
    LeadHub,
    lead_bundle,
    release_bundle,
)
from tests.cloud_sync.fleet_builders import AT
from tests.cloud_sync.hub_builders import add_person

URL = "/v1/leads/score"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        yield made


# --- live scores --------------------------------------------------------------------------------


def test_one_lead_is_scored_with_reasons(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    answer = client.post(URL, json={"lead": lead(80)}, headers=asker(here.hub))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["points"], told["band"], told["project"]) == ("1", 80, "hot", LEADS)
    assert told["low"] < told["probability"] < told["high"] and told["confidence"] == 0.8
    [reason] = told["reasons"]
    assert (reason["text"], reason["direction"], reason["value"]) == ("size is 80", "for", 80)
    assert told["hints"] == ["ask for the budget"]
    assert told["unknown_fields"] == ["country"] and told["unreadable_fields"] == []
    assert told["bundle"] == here.models.current(LEADS).id
    with here.hub.database.session() as session:
        assert session.scalar(select(CrmLead.object_id)) is None  # nothing is stored


def test_a_lead_that_is_open_has_what_is_left_of_its_chance(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    release_bundle(here.hub, lead_bundle(2, ages=True))
    here.models.look(LEADS)
    sent = {**lead(80), "at": "2026-11-02T09:00:00Z", "created_at": "2026-09-13T09:00:00Z"}
    answer = client.post(URL, json={"leads": [sent, lead(80)]}, headers=asker(here.hub))
    old, new = (one["score"] for one in answer.json()["results"])
    assert (old["points"], old["days_open"], old["probability_when_new"]) == (40, 50.0, 0.8)
    assert (new["points"], new["days_open"], new["probability_when_new"]) == (80, None, None)


def test_what_of_a_lead_cannot_be_read_is_in_the_answer(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    sent = {"id": "1", "fields": {"size": 80, "visited": "soon"}}
    answer = client.post(URL, json={"lead": sent}, headers=asker(here.hub))
    assert answer.status_code == 200 and answer.json()["unreadable_fields"] == ["visited"]


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


def test_a_number_beyond_all_costs_only_its_own_lead(there: tuple[TestClient, LeadHub]) -> None:
    client, here = there
    body = (
        b'{"leads": [{"id": "far", "fields": {"size": 1e999}}, {"id": 1e999, "fields": {"size": 10}},'
        b'{"id": "a", "fields": {"size": 10, "note": %d}}]}' % 10**40
    )
    answer = client.post(URL, content=body, headers=asker(here.hub))
    assert answer.status_code == 207
    results = json.loads(answer.content, parse_constant=pytest.fail)["results"]
    assert [(one["id"], "score" in one) for one in results] == [
        ("far", False), ("", False), ("a", True),
    ]  # fmt: skip


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
        (gzip.compress(b"{}", mtime=0), "compressed body"),
        (b"[]", "body"),
        (b"{}", "either"),
        (b'{"lead": {"fields": {"size": 1}}, "leads": []}', "either"),
        (b'{"lead": {"fields": {"size": 1}}, "leeds": []}', "is not known here"),
        (b'{"lead": {"fields": {"size": "\\ud800"}}}', ""),
        (b'{"lead": 17}', "fields"),
        (b'{"lead": {"fields": {"size": 1, "s\\u0069ze": 90}}}', "the key 'size' comes twice"),
        (b'{"lead": {"fields": {"size": 1e999}}}', "finite numbers"),
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


def test_a_body_that_is_not_said_to_be_json_is_told_how(
    there: tuple[TestClient, LeadHub],
) -> None:
    """As `curl -d` sends it."""
    client, here = there
    form = {"content-type": "application/x-www-form-urlencoded"}
    path, body = f"/v1/leads/{SALES}/1/override", b'{"band": "hot", "why": "knows them"}'
    who = asker(here.hub, "reviewer")
    answer = client.post(path, content=body, headers={**who, **form})
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["fix"]
    answer = client.post(path, json={"reason": "knows them"}, headers=who)
    assert "body.reason: is not known here" in answer.json()["what"]
    assert answer.json()["fix"] == "known: band, why"


@pytest.mark.parametrize(
    ("what", "body", "fix"),
    [
        ("override", {"band": "hot"}, "the body takes: band, why"),
        ("override", {"bnd": "hot", "why": "knows them"}, "did you mean 'band'?"),
        ("opt-out", {"opted_out": True, "why": "asked"}, "known: out, why"),
        ("opt-out", {"out": "perhaps", "why": "asked"}, ""),
    ],
)
def test_a_body_with_other_keys_is_told_which_it_takes(
    there: tuple[TestClient, LeadHub], what: str, body: dict[str, object], fix: str
) -> None:
    client, here = there
    answer = client.post(f"/v1/leads/{SALES}/1/{what}", json=body, headers=asker(here.hub, "reviewer"))  # fmt: skip
    assert (answer.status_code, answer.json()["fix"]) == (422, fix)


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
    assert client.post(path, json={"why": "no more"}, headers=who).status_code == 409, "none stands"
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
    assert [one["id"] for one in dead] == ["2", "1"] and "size" in dead[0]["error"]
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
