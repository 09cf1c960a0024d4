"""A pretended Pipedrive: API v2 with pages by cursor and a strict look at what is asked; leads and users by v1."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.pipedrive.vendor import THINGS
from kits.core.errors import UsageError

FIELDS = "/api/v2/dealFields"
ALL = f"{FIELDS}?limit=500"


@dataclass
class App:
    """Somebody who calls the API."""

    simulator: Simulator
    url: str

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"x-api-token": self.simulator.secrets.api["token"]}
        with urllib3.PoolManager(retries=False) as pool:
            json_body = {"json": body} if body is not None else {}
            answer = pool.request(method, self.url + path, headers=headers, **json_body)
            return answer.status, json.loads(answer.data)

    def hub(self, **more: object) -> Crm:
        settings = CrmSettings.model_validate({**self.simulator.connection(self.url), **more})
        return open_crm(Access("sales", with_defaults(settings), self.simulator.secrets.api))


@pytest.fixture(params=["deals", "leads"])
def app(request: pytest.FixtureRequest) -> Iterator[App]:
    simulator = Simulator("pipedrive", thing=request.param, seed=1, limit=0)
    simulator.make(3, quiet=True)
    with serve(simulator) as url:
        yield App(simulator, url)


def test_fields_come_in_pages_each_of_which_names_the_next(app: App) -> None:
    status, every = app.call("GET", ALL)
    assert status == 200 and every["additional_data"] == {"next_cursor": None}
    found, cursor = [], ""
    while cursor is not None:
        status, page = app.call("GET", f"{FIELDS}?limit=7&cursor={cursor}")
        assert status == 200 and 0 < len(page["data"]) <= 7
        found += page["data"]
        cursor = page["additional_data"]["next_cursor"]
    assert found == every["data"] and len(found) > 14


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=5&cursor=!", "limit=5&cursor=MTI", "start=0"],
)
@pytest.mark.parametrize("path", [FIELDS, "/api/v2/pipelines", "/api/v2/stages"])
def test_pages_that_there_are_not_are_refused(app: App, path: str, query: str) -> None:
    status, said = app.call("GET", f"{path}?{query}")
    assert (status, said["success"]) == (400, False)
    assert said["code"] == "ERR_SCHEMA_VALIDATION_FAILED"


def test_a_field_is_made_and_listed_with_its_options_and_its_parts(app: App) -> None:
    asked = {"field_name": "Themes", "field_type": "set", "options": [{"label": "Pumps"}, {"label": "Valves"}]}  # fmt: skip
    status, said = app.call("POST", FIELDS, asked)
    made = said["data"]
    assert status == 200 and made["is_custom_field"] is True and len(made["field_code"]) == 40
    assert [one["label"] for one in made["options"]] == ["Pumps", "Valves"]
    money = app.call("POST", FIELDS, {"field_name": "Budget", "field_type": "monetary"})[1]["data"]
    assert [one["field_name"] for one in money["subfields"]] == ["Value of Budget", "Currency of Budget"]  # fmt: skip
    listed = app.call("GET", ALL)[1]["data"]
    assert listed[-2:] == [made, money]
    assert {"title", "owner_id", "pipeline_id"} <= {one["field_code"] for one in listed}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"field_name": "A"}, {"field_type": "double"}, {"field_name": "", "field_type": "double"},
        {"field_name": 5, "field_type": "double"}, {"field_name": "A", "field_type": "int"},
        {"name": "A", "field_type": "double"}, {"field_name": "A", "field_type": "double", "add_visible_flag": True},
        {"field_name": "A", "field_type": "enum"}, {"field_name": "A", "field_type": "enum", "options": []},
        {"field_name": "A", "field_type": "set", "options": ["Pumps"]},
        {"field_name": "A", "field_type": "set", "options": [{"label": "Pumps", "id": 1}]},
        {"field_name": "A", "field_type": "double", "description": 5},
    ],
)  # fmt: skip
def test_a_field_that_is_asked_for_otherwise_is_not_made(app: App, body: dict[str, Any]) -> None:
    status, said = app.call("POST", FIELDS, body)
    assert (status, said["code"]) == (400, "ERR_SCHEMA_VALIDATION_FAILED")
    assert said["error"].startswith("Validation failed: ")
    assert app.simulator.state.custom == {}


@pytest.mark.parametrize("base", ["/v1", "/api/v1"])
def test_what_has_a_successor_is_not_there_any_more(app: App, base: str) -> None:
    for path in ("dealFields", "personFields", "organizationFields", "pipelines", "stages"):
        assert app.call("GET", f"{base}/{path}")[0] == 404
    assert app.call("GET", f"{base}/users/me")[0] == app.call("GET", f"{base}/users")[0] == 200


def test_the_hub_asks_for_nothing_that_is_not_there(app: App) -> None:
    [held, *_] = app.simulator.records
    held.fields |= {"pipeline_id": 1, "stage_id": 2, "owner_id": 77}
    crm = app.hub(columns=["Owner", "Pipeline", "Stage"])
    assert all(check.ok for check in crm.make_fields())
    [record] = crm.read([held.object_id])
    named = {"Owner": "Ann Arbor", "Pipeline": "Pipeline", "Stage": "Contact Made"}
    assert {name: record.fields[name] for name in named} == named
    assert crm.listed("", None).records
    asked = {line.split()[1].partition("?")[0] for line in app.simulator.troubles.requests}
    older = {path for path in asked if not path.startswith("/api/v2/")}
    assert older == {"/v1/users/me", "/v1/users"} | {path for path in asked if "/leads" in path}


def test_a_day_has_so_many_tokens_and_then_nothing_is_answered_until_the_next(app: App) -> None:
    path = THINGS[app.simulator.vendor.thing].path
    half = path.startswith("/api/v2/")
    app.simulator.limit_day(40 if half else 80)
    [one, *_] = [held.object_id for held in app.simulator.records]
    day = app.simulator.state.day
    for method, cost in (("GET", 2), ("PATCH", 10)):
        before = day.left
        assert app.call(method, f"{path}/{one}", {} if method == "PATCH" else None)[0] != 429
        assert before - day.left == (cost // 2 if half else cost)
    answers = [app.call("GET", path)[0] for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429] and day.left == (4 if half else 8)
    day.renew()
    assert app.call("GET", path)[0] == 200


def test_only_pipedrive_counts_tokens_of_a_day() -> None:
    with pytest.raises(UsageError, match="counts no tokens"):
        Simulator("hubspot").limit_day(100)
