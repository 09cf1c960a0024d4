"""A pretended HubSpot: its API as an app sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from cloud_sync.crm.simulator import Secrets, Simulator, serve

CONTACTS = "/crm/objects/2026-09/contacts"


@dataclass
class App:
    """Somebody who calls the API."""

    simulator: Simulator
    url: str
    token: str

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any, Any]:
        with urllib3.PoolManager(retries=False) as pool:
            answer = pool.request(
                method, self.url + path, headers={"authorization": f"Bearer {self.token}"},
                **({"json": body} if body is not None else {}),
            )  # fmt: skip
            return answer.status, json.loads(answer.data), answer.headers

    def make_score(self) -> None:
        field = {"name": "score", "label": "Score", "type": "number", "fieldType": "number"}
        group = {"groupName": "contactinformation"}
        assert self.call("POST", "/crm/properties/2026-09/contacts", {**field, **group})[0] == 201

    def write(self, values: dict[str, dict[str, object]]) -> tuple[int, Any]:
        inputs = [{"id": name, "properties": fields} for name, fields in values.items()]
        return self.call("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})[:2]


@pytest.fixture
def app() -> Iterator[App]:
    secrets = Secrets(
        ("s" * 36,),
        {"token": "pat-1", "client_id": "c", "client_secret": "x", "refresh_token": "r"},
    )
    simulator = Simulator("hubspot", seed=1, secrets=secrets)
    simulator.make(12, quiet=True)
    with serve(simulator) as url:
        yield App(simulator, url, "pat-1")


def test_contacts_are_read_in_batches_and_missing_ones_make_it_a_partial_answer(app: App) -> None:
    ids = [held.object_id for held in app.simulator.records][:2]
    body = {"properties": ["country"], "inputs": [{"id": one} for one in ids]}
    status, found, _ = app.call("POST", f"{CONTACTS}/batch/read", body)
    assert status == 200
    assert [one["id"] for one in found["results"]] == ids
    assert set(found["results"][0]["properties"]) >= {"country", "hs_object_id", "createdate"}
    body["inputs"].append({"id": "5"})
    status, found, _ = app.call("POST", f"{CONTACTS}/batch/read", body)
    assert (status, found["errors"][0]["context"]) == (207, {"ids": ["5"]})
    body["inputs"] = [{"id": ids[0]}] * 101
    assert app.call("POST", f"{CONTACTS}/batch/read", body)[0] == 400


def test_a_property_must_exist_before_it_is_written_and_writes_are_counted(app: App) -> None:
    held = next(iter(app.simulator.records))
    status, said = app.write({held.object_id: {"score": "87"}})
    assert status == 400 and "PROPERTY_DOESNT_EXIST" in said["message"]
    app.make_score()
    assert app.write({held.object_id: {"score": "many"}})[0] == 400
    assert app.write({held.object_id: {"score": 87}})[0] == 200
    assert app.write({held.object_id: {"score": 87}})[0] == 200
    assert app.write({held.object_id: {"score": 87}, "5": {"score": 1}})[0] == 207
    shown = app.call("GET", f"/simulator/leads/{held.object_id}")[1]
    assert shown["written"] == {"score": "87"}
    assert (shown["writes"], shown["writes_that_changed_nothing"]) == (3, 2)


def test_a_missing_scope_is_named(app: App) -> None:
    app.call("POST", "/simulator/rights", ["crm.objects.contacts.read"])
    status, said = app.write({"100001": {"email": "a@b.example"}})
    wanted = {"requiredGranularScopes": ["crm.objects.contacts.write"]}
    assert (status, said["category"]) == (403, "MISSING_SCOPES")
    assert said["errors"][0]["context"] == wanted
    assert app.call("POST", "/simulator/rights", ["fly"])[0] == 400


def test_tokens_are_handed_out_and_end(app: App) -> None:
    form = "grant_type=refresh_token&client_id=c&client_secret=x&refresh_token=r"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    with urllib3.PoolManager(retries=False, headers=kind) as pool:
        answer = pool.request("POST", f"{app.url}/oauth/v1/token", body=form)
        wrong = pool.request("POST", f"{app.url}/oauth/v1/token", body=form[:-1] + "q")
    assert wrong.status == 400
    app.token = json.loads(answer.data)["access_token"]
    assert app.call("GET", "/account-info/2026-09/details")[1]["portalId"] == 1_000_001
    app.call("POST", "/simulator/tokens/expire")
    status, said, _ = app.call("GET", "/account-info/2026-09/details")
    assert (status, said["category"]) == (401, "EXPIRED_AUTHENTICATION")
    app.token = "nobody"
    assert (
        app.call("GET", "/account-info/2026-09/details")[1]["category"] == "INVALID_AUTHENTICATION"
    )


def test_too_many_requests_are_refused_and_the_rest_is_told_what_is_left(app: App) -> None:
    app.simulator.limiter.limit = 3
    left = [app.call("GET", CONTACTS)[2]["x-hubspot-ratelimit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    status, said, _ = app.call("GET", CONTACTS)
    assert (status, said["policyName"]) == (429, "TEN_SECONDLY_ROLLING")


def test_search_filters_sorts_and_pages(app: App) -> None:
    everyone = list(app.simulator.records)
    country = everyone[0].fields["country"]
    wanted = {held.object_id for held in everyone if held.fields["country"] == country}
    filters = [{"propertyName": "country", "operator": "EQ", "value": country}]
    sort = [{"propertyName": "hs_analytics_num_visits", "direction": "DESCENDING"}]
    body = {"filterGroups": [{"filters": filters}], "sorts": sort, "limit": 100,
            "properties": ["hs_analytics_num_visits"]}  # fmt: skip
    found = app.call("POST", f"{CONTACTS}/search", body)[1]
    assert {one["id"] for one in found["results"]} == wanted
    visits = [int(one["properties"]["hs_analytics_num_visits"]) for one in found["results"]]
    assert visits == sorted(visits, reverse=True)
    moment = everyone[5].modified_at.isoformat()
    late = [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": moment}]
    found = app.call(
        "POST", f"{CONTACTS}/search", {"filterGroups": [{"filters": late}], "limit": 2}
    )[1]
    assert found["total"] <= 12 and (found["total"] <= 2 or found["paging"]["next"]["after"] == "2")
