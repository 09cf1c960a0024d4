"""Pipedrive: keys of forty characters, leads by the older API, options as people see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.crm.base import Crm
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm_servers import Asked, Reply, Server, crm_for, crm_server, score

SECRETS = {"token": "s3cr3t"}
SOURCE = "a" * 40
TAGS = "b" * 40
PEOPLE: dict[str, Any] = {
    "/v1/users/me": {"name": "Ann"}, "/v1/users": [{"id": 77, "name": "Ann Arbor"}]
}  # fmt: skip


class Account:
    """What an account holds: leads by API v1, persons by API v2."""

    def __init__(self) -> None:
        self.fields: list[dict[str, Any]] = [
            {"key": "title", "name": "Title", "field_type": "varchar"},
            {"key": SOURCE, "name": "Channel", "field_type": "enum", "options": [{"id": 7, "label": "Fair"}]},
            {"key": TAGS, "name": "Themes", "field_type": "set",
             "options": [{"id": 1, "label": "Pumps"}, {"id": 2, "label": "Valves"}]},
        ]  # fmt: skip
        self.things: dict[str, dict[str, Any]] = {}
        self.page = 2
        self.proxy: Reply | None = None

    def act(self, asked: Asked) -> Reply:
        if asked.headers.get("x-api-token") != "s3cr3t":
            return Reply({"success": False, "error": "unauthorized access"}, 401)
        if asked.path in ("/v1/dealFields", "/v1/personFields"):
            return self._fields(asked)
        if asked.path in PEOPLE:
            return Reply({"data": PEOPLE[asked.path]})
        if asked.path in ("/api/v2/persons", "/v1/leads"):
            ids = asked.query.get("ids", "").split(",")
            return Reply({"data": [self.things[i] for i in ids if i in self.things]})
        name = asked.path.rpartition("/")[2]
        if name not in self.things:
            return Reply({"success": False, "error": "not found"}, 404)
        if asked.method == "PATCH":
            body = asked.body
            thing = self.things[name]
            if "custom_fields" in body:
                thing["custom_fields"] = {**thing.get("custom_fields", {}), **body["custom_fields"]}
            else:
                thing |= body
        return Reply({"data": self.things[name]})

    def _fields(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            key = f"{len(self.fields):040d}"
            self.fields.append({"key": key, **asked.body})
            return Reply({"data": self.fields[-1]}, 201)
        start = int(asked.query["start"])
        more = start + self.page < len(self.fields)
        paging = {"pagination": {"more_items_in_collection": more, "next_start": start + self.page}}
        return Reply({"data": self.fields[start : start + self.page], "additional_data": paging})

    def key(self, name: str) -> str:
        return next(str(field["key"]) for field in self.fields if field["name"] == name)


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    with crm_server(lambda asked: account.proxy or account.act(asked)) as server:
        yield server


def test_a_persons_own_fields_have_their_names_and_labels(account: Account, server: Server) -> None:
    account.things["5"] = {
        "id": 5, "name": "Bo", "emails": [{"value": "bo@x.example", "primary": True}],
        "custom_fields": {SOURCE: 7, TAGS: [1, 2]}, "update_time": "2026-05-04T12:00:00Z",
    }  # fmt: skip
    [record] = crm_for("pipedrive", server, SECRETS, object="persons").read(["5", "6"])
    assert record.fields["Channel"] == "Fair" and record.fields["Themes"] == "Pumps;Valves"
    assert record.fields["emails"] == "bo@x.example"


@pytest.mark.parametrize("columns", [[], ["title"]])
@pytest.mark.parametrize("stated", ["c" * 40, "No calls"])
def test_who_objects_is_read_from_a_field_by_its_key_and_by_its_name(
    account: Account, server: Server, stated: str, columns: list[str]
) -> None:
    account.fields.append({"key": "c" * 40, "name": "No calls", "field_type": "varchar"})
    for name, said in (("5", "yes"), ("6", "no")):
        account.things[name] = {
            "id": int(name), "title": "A", "custom_fields": {"c" * 40: said}, "update_time": "2026-05-04T12:00:00Z"
        }  # fmt: skip
    crm = crm_for("pipedrive", server, SECRETS, object="persons", columns=columns, opt_out=[stated])
    assert [one.opted_out for one in crm.read(["5", "6"])] == [True, False]


def test_columns_of_an_export_are_found_by_their_labels(account: Account, server: Server) -> None:
    account.things["5"] = {"id": 5, "title": "Pump", "custom_fields": {SOURCE: 7, TAGS: None}}
    columns = ["Title", "Channel", "accounts.sector"]
    [record] = crm_for("pipedrive", server, SECRETS, object="persons", columns=columns).read(["5"])
    assert record.fields == {"Title": "Pump", "Channel": "Fair", "title": "Pump"}


def test_leads_are_read_one_by_one_and_written_flat(account: Account, server: Server) -> None:
    account.things["u-1"] = {"id": "u-1", "title": "Pump", SOURCE: 7, "update_time": "2026-05-04T12:00:00Z"}  # fmt: skip
    crm = crm_for("pipedrive", server, SECRETS, object="leads")
    assert all(check.ok for check in crm.make_fields())
    [record] = crm.read(["u-1", "u-2"])
    assert record.fields["Channel"] == "Fair"
    fine, gone = crm.write([score("u-1"), score("u-2")])
    assert fine.ok and gone.gone
    assert account.things["u-1"][account.key("Kitwright score")] == 87


def test_an_id_with_a_comma_asks_for_no_other_record(account: Account, server: Server) -> None:
    for number in ("5", "6"):
        account.things[number] = {"id": int(number), "update_time": "2026-05-04T12:00:00Z"}
    crm = crm_for("pipedrive", server, SECRETS, object="persons")
    assert crm.read(["5,6", "6&limit=1"]) == []
    assert [record.object_id for record in crm.read(["5", "5,6"])] == ["5"]


def test_a_proxys_page_makes_no_lead_gone(account: Account, server: Server) -> None:
    account.things["5"] = {"id": 5}
    crm = crm_for("pipedrive", server, SECRETS, object="persons")
    crm.make_fields()
    account.proxy = Reply(status=404, size=100)
    with pytest.raises(DeliveryError):
        crm.write([score("5")])


def test_a_field_that_somebody_deleted_is_named_before_anything_is_written(
    account: Account, server: Server
) -> None:
    account.things["5"] = {"id": 5}
    crm = crm_for("pipedrive", server, SECRETS, object="persons")
    crm.make_fields()
    account.fields = [f for f in account.fields if f["name"] != "Kitwright band"]
    fresh = crm_for("pipedrive", server, SECRETS, object="persons")
    with pytest.raises(DeliveryError, match="'Kitwright band' is missing") as caught:
        fresh.write([score("5")])
    assert caught.value.retry
    assert "custom_fields" not in account.things["5"]


def test_a_lead_that_is_refused_is_to_blame_only_where_others_are_taken(
    account: Account, server: Server
) -> None:
    for n in range(6):
        account.things[str(n)] = {"id": n}
    crm: Crm = crm_for("pipedrive", server, SECRETS, object="persons")
    crm.make_fields()
    act = account.act
    refused = {"1"}

    def strict(asked: Asked) -> Reply:
        if asked.method == "PATCH" and asked.path.rpartition("/")[2] in refused:
            return Reply({"error": "Validation failed"}, 400)
        return act(asked)

    server.act = strict
    outcomes = crm.write([score(str(n)) for n in range(3)])
    assert [(o.ok, o.retry) for o in outcomes] == [(True, True), (False, False), (True, True)]
    refused |= set("012345")
    before = len(server.asked)
    with pytest.raises(DeliveryError, match="Validation failed"):
        crm.write([score(str(n)) for n in range(6)])
    assert len(server.asked) - before == 4  # then it is believed


def test_what_was_written_before_a_trouble_stays_written(account: Account, server: Server) -> None:
    for n in range(4):
        account.things[str(n)] = {"id": n}
    crm = crm_for("pipedrive", server, SECRETS, object="persons")
    crm.make_fields()
    crm.write([score("0")])
    server.troubles.extend([None, Reply({}, 503)])
    outcomes = crm.write([score(str(n)) for n in range(4)])
    assert [o.ok for o in outcomes] == [True, False, False, False]
    assert all(o.retry for o in outcomes)


def test_an_object_that_has_no_scores_is_refused(server: Server) -> None:
    with pytest.raises(ConfigError, match="deal"):
        crm_for("pipedrive", server, SECRETS, object="dealz")


def test_labels_that_every_account_has_and_choices_of_several_in_either_api_are_read_by_name(
    account: Account, server: Server
) -> None:
    account.fields += [
        {"key": "label", "name": "Label", "field_type": "set", "options": [{"id": 5, "label": "Hot"}, {"id": 6, "label": "VIP"}]},
        {"key": "status", "name": "Status", "field_type": "status", "options": [{"id": "won", "label": "Gewonnen"}]},
    ]  # fmt: skip
    account.things["5"] = {"id": 5, "label_ids": [5, 6], "status": "won", "custom_fields": {}}
    outcome = {"field": "status", "won": ["won"], "lost": ["lost"]}
    persons = crm_for(
        "pipedrive", server, SECRETS, object="persons", columns=["Label"], outcome=outcome
    )
    [record] = persons.read(["5"])
    assert record.fields == {"Label": "Hot;VIP"} and record.outcome == "won"
    account.things["u-1"] = {"id": "u-1", TAGS: "1,2"}
    [record] = crm_for("pipedrive", server, SECRETS, object="leads", columns=["Themes"]).read(["u-1"])  # fmt: skip
    assert record.fields == {"Themes": "Pumps;Valves"}


def test_owner_and_pipeline_are_called_as_exports_call_them(
    account: Account, server: Server
) -> None:
    account.fields += [
        {"key": "user_id", "name": "Owner", "field_type": "user"},
        {"key": "pipeline", "name": "Pipeline", "field_type": "double"},
    ]
    account.things["5"] = {"id": 5, "owner_id": 77, "pipeline_id": 3, "custom_fields": {}}
    account.things["6"] = {"id": 6, "owner_id": 77, "name": "Bo"}
    crm = crm_for("pipedrive", server, SECRETS, object="persons", columns=["Owner", "Pipeline"])
    for _ in range(2):
        [record] = crm.read(["5"])
        assert record.fields == {"Owner": "Ann Arbor", "Pipeline": 3}, (
            "whose names are closed to us"
        )
    assert server.paths().count("GET /v1/users") == 1
    plain = crm_for("pipedrive", server, SECRETS, object="persons")
    assert plain.read(["5"])[0].fields["owner_id"] == 77
