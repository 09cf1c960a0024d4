"""Pipedrive: keys of forty characters, leads by the older API, options as people see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_sync.crm.kinds.base import Crm
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError
from tests.cloud_sync.crm.account import SECRETS, SOURCE, TAGS, Account, field
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server, score


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
    account.fields.append(field("c" * 40, "No calls"))
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
    account.fields = [f for f in account.fields if f["field_name"] != "Kitwright band"]
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
