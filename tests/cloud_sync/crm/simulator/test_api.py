"""Bad days and odd corners of pretended CRMs: troubles, queries, merges, the older way to call Odoo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, MutableMapping
from datetime import datetime, timezone
from typing import Any

import pytest
import urllib3
from fastapi import FastAPI, Request, Response

from cloud_sync.crm.simulator import Simulator, sending, serve
from cloud_sync.crm.simulator.conditions import WrongConditionError, odata_filter
from cloud_sync.crm.simulator.salesforce.soql import parse
from cloud_sync.pretended import CLOSED, Troubles, with_troubles
from kits.core.errors import UsageError
from tests.cloud_sync.crm.ear import ear

ROWS = [
    {"Id": "00Q5e0000000001EAA", "Name": "Ada", "Size": 5.0, "At": "2026-05-01T09:00:00.000+0000", "Won": True},
    {"Id": "00Q5e0000000002EAA", "Name": "ben", "Size": 50.0, "At": "2026-05-02T09:00:00.000+0000", "Won": False},
    {"Id": "00Q5e0000000003EAA", "Name": "O'Hara", "Size": None, "At": "2026-05-03T09:00:00.000+0000", "Won": False},
]  # fmt: skip


def found(where: str) -> list[str]:
    return [str(row["Name"]) for row in parse(f"SELECT Name FROM Lead WHERE {where}").run([*ROWS])]


def test_soql_compares_texts_without_case_moments_across_zones_and_ids_of_both_lengths() -> None:
    assert found("Name = 'BEN'") == ["ben"]
    assert found(r"Name = 'O\'Hara'") == ["O'Hara"]
    assert found("At >= 2026-05-02T10:00:00+01:00 AND At < 2026-05-03T09:00:00Z") == ["ben"]
    assert found("Id IN ('00Q5e0000000001', '00Q5e0000000003EAA')") == ["Ada", "O'Hara"]
    assert found("Id > '00Q5e0000000001EAA'") == ["ben", "O'Hara"]
    assert found("(Size > 10 OR Won = TRUE) AND NOT Name = 'Ada'") == ["ben"]
    assert found("Size = null") == ["O'Hara"]
    assert found("Size NOT IN (5, 50)") == ["O'Hara"]
    rows = parse("SELECT Name FROM Lead ORDER BY Size DESC, Id LIMIT 2").run([*ROWS])
    assert [row["Name"] for row in rows] == ["O'Hara", "ben"]


@pytest.mark.parametrize(
    "text",
    ["", "SELECT", "SELECT Id FROM Lead WHERE", "SELECT Id FROM Lead LIMIT x", "DELETE FROM Lead",
     "SELECT Id FROM Lead; DROP", "SELECT Id FROM Lead WHERE Id = 'open", "SELECT Id FROM Lead WHERE (Id = '1'"],
)  # fmt: skip
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(WrongConditionError):
        parse(text)


def test_odata_filters_by_guids_and_moments() -> None:
    guid = "5b1f0000-0000-4000-8000-000000000078"
    test, names = odata_filter(f"leadid eq {guid} or modifiedon ge 2026-05-01T00:00:00Z")
    assert names == {"leadid", "modifiedon"}
    assert test({"leadid": guid, "modifiedon": "2020-01-01T00:00:00Z"})
    assert not test({"leadid": "another", "modifiedon": "2020-01-01T00:00:00Z"})


@pytest.fixture
def served() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator("hubspot", seed=1)
    simulator.make(3, quiet=True)
    simulator.troubles.silence_s = 3.0
    with serve(simulator) as url:
        yield simulator, url


def ask(url: str, path: str, token: str = "", **more: Any) -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {token}"}
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request(more.pop("method", "GET"), url + path, headers=headers, **more)


def test_bad_days_come_one_request_each_and_spare_the_controls(
    served: tuple[Simulator, str],
) -> None:
    simulator, url = served
    token = simulator.secrets.api["token"]
    path = "/crm/objects/2026-09/contacts"
    troubles = ["429", "503", "redirect", "garbage", "lost", "ok"]
    ask(url, "/simulator/troubles", method="POST", json=troubles)
    assert ask(url, "/simulator/figures").status == 200
    answers = [ask(url, path, token, redirect=False) for _ in troubles]
    assert [one.status for one in answers] == [429, 503, 302, 200, 504, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[2].headers["location"].startswith("http://169.254.169.254/")
    assert answers[3].data.startswith(b"<html>")
    assert json.loads(answers[5].data)["results"]
    ask(url, "/simulator/troubles", method="POST", json=["silence"])
    with pytest.raises(urllib3.exceptions.TimeoutError):
        ask(url, path, token, timeout=0.2)
    assert len(json.loads(ask(url, "/simulator/requests").data)) >= 7


def test_who_hangs_up_in_the_middle_of_a_request_leaves_no_traceback() -> None:
    app = FastAPI()
    with_troubles(app, Troubles())

    async def route(request: Request) -> Response:
        return Response(await request.body())

    app.router.add_route("/leads", route, methods=["POST"])
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/leads", "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert [one["status"] for one in sent if "status" in one] == [CLOSED]


def test_a_huge_answer_and_a_slow_one_go_on_until_somebody_hangs_up(
    served: tuple[Simulator, str],
) -> None:
    _simulator, url = served
    ask(url, "/simulator/troubles", method="POST", json=["huge", "slow"])
    huge = ask(url, "/crm/objects/2026-09/contacts", preload_content=False)
    assert len(huge.read(2 << 20)) == 2 << 20
    huge.close()
    slow = ask(url, "/crm/objects/2026-09/contacts", preload_content=False)
    assert slow.read(2) == b"  "
    slow.close()


def test_lost_work_is_done_all_the_same(served: tuple[Simulator, str]) -> None:
    simulator, url = served
    [held, *_] = list(simulator.records)
    ask(url, "/simulator/troubles", method="POST", json=["lost"])
    token = simulator.secrets.api["token"]
    body = {"inputs": [{"id": held.object_id, "properties": {"jobtitle": "Boss"}}]}
    answer = ask(url, "/crm/objects/2026-09/contacts/batch/update", token, method="POST", json=body)
    assert answer.status == 504
    assert (held.fields["jobtitle"], held.written.times) == ("Boss", 1)


def test_a_person_plays_with_leads_over_the_controls(served: tuple[Simulator, str]) -> None:
    simulator, url = served
    first, second, third = [held.object_id for held in simulator.records]
    with ear() as hub, sending(simulator, hub.url, workers=1) as sender:
        post = {"method": "POST"}
        ask(url, f"/simulator/leads/{first}", **post, json={"country": "Italy"})
        ask(url, f"/simulator/leads/{second}/outcome", **post, json={"outcome": "won"})
        ask(url, f"/simulator/leads/{third}/merge", **post, json={"into": first})
        ask(url, f"/simulator/leads/{second}", method="DELETE")
        made = json.loads(ask(url, "/simulator/leads", **post, json={"n": 2}).data)["ids"]
        ask(url, "/simulator/noise", **post, json={"duplicates": 2})
        assert (
            len(json.loads(ask(url, "/simulator/changes", **post, json={"n": 1}).data)["ids"]) == 1
        )
        assert sender.queue.drained(10)
    told = [one["subscriptionType"] for body in hub.bodies() for one in json.loads(body)]
    assert {
        "contact.propertyChange",
        "contact.merge",
        "contact.deletion",
        "contact.creation",
    } == set(told)
    assert ask(url, "/simulator/leads/nobody").status == 404
    shown = json.loads(ask(url, f"/simulator/leads/{first}").data)
    assert shown["fields"]["country"] == "Italy" and len(made) == 2


def test_odoo_is_called_by_the_older_way_too() -> None:
    simulator = Simulator("odoo", seed=1)
    [held] = simulator.make(1, quiet=True)
    key = simulator.secrets.api["key"]
    with serve(simulator) as url:

        def call(service: str, method: str, *args: Any) -> Any:
            params = {"service": service, "method": method, "args": args}
            body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
            return json.loads(ask(url, "/jsonrpc", method="POST", json=body).data)

        assert call("common", "authenticate", "db", "hub", "wrong", {})["result"] is False
        uid = call("common", "authenticate", "db", "hub", key, {})["result"]
        named = {
            "domain": [["country_id", "=", held.fields["country_id"][0]]],
            "fields": ["country_id", "name"],
        }
        rows = call("object", "execute_kw", "db", uid, key, "crm.lead", "search_read", [], named)[
            "result"
        ]
        assert rows == [
            {"id": 1, "country_id": held.fields["country_id"], "name": held.fields["name"]}
        ]
        named["domain"] = ["|", ["id", "=", 99], "!", ["active", "=", False]]
        assert (
            call("object", "execute_kw", "db", uid, key, "crm.lead", "search_count", [], named)[
                "result"
            ]
            == 1
        )
        wrong = call(
            "object",
            "execute_kw",
            "db",
            uid,
            key,
            "crm.lead",
            "write",
            [[1]],
            {"vals": {"x_no": 1}},
        )
        assert "Invalid field" in wrong["error"]["data"]["message"]


def test_a_clock_that_stands_still_still_moves_records_on() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)
    simulator = Simulator("standard", seed=1, now=lambda: noon)
    [held] = simulator.make(1)
    before = held.modified_at
    simulator.records.set(held.object_id, {"country": "Italy"})
    assert held.modified_at > before


def test_a_server_that_is_down_stays_down_until_it_is_said_to_be_up(
    served: tuple[Simulator, str],
) -> None:
    simulator, url = served
    token = simulator.secrets.api["token"]

    def status() -> int:
        return ask(url, "/crm/objects/2026-09/contacts", token).status

    assert ask(url, "/simulator/troubles/503", method="POST").status == 200
    assert [status(), status()] == [503, 503]
    assert ask(url, "/simulator/troubles/fire", method="POST").status == 422
    ask(url, "/simulator/troubles/ok", method="POST")
    assert status() == 200


def test_a_lead_is_what_the_vendor_can_have() -> None:
    with pytest.raises(UsageError, match="deals"):
        Simulator("hubspot", thing="deal")
    with pytest.raises(UsageError):
        Simulator("odoo", thing="deals")
    simulator = Simulator("pipedrive", thing="leads", seed=1)
    [held] = simulator.make(1)
    assert len(held.object_id) == 36
