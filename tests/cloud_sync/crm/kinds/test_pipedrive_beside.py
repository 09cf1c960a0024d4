"""Pipedrive: what a deal's organisation and person say, which stands in the deals' export (`Organization - Industry`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloud_sync.crm.kinds.table import open_crm
from tests.cloud_sync.crm.account import SECRETS, SOURCE, TAGS, Account, field
from tests.cloud_sync.crm.servers import Reply, Server, access_for, crm_for, crm_server

FIRMS, FIRM_FIELDS = "/api/v2/organizations", "/api/v2/organizationFields"
PEOPLE, PEOPLE_FIELDS = "/api/v2/persons", "/api/v2/personFields"


@pytest.fixture
def account() -> Account:
    found = Account()
    found.fields += [field("label_ids", "Label"), field("org_id", "Organization", "org")]
    found.things |= {
        "5": {"id": 5, "org_id": 3, "person_id": 8, "label_ids": ["the deal's"]},
        "6": {"id": 6, "org_id": 4, "person_id": None},
        "7": {"id": 7, "org_id": None, "person_id": 9},
    }
    found.beside = {
        FIRMS: [
            {"id": 3, "name": "Alpha Pumps", "owner_id": 77, "custom_fields": {SOURCE: 7}},
            {"id": 4, "name": "Beta Tools", "owner_id": 78, "custom_fields": {SOURCE: None}},
        ],
        FIRM_FIELDS: [
            field("name", "Name"), field("owner_id", "Owner"),
            field(SOURCE, "Industry", "enum", {7: "Tools"}),
        ],
        PEOPLE: [{"id": n, "name": "Ann", "label_ids": [1], "custom_fields": {TAGS: "CEO"}} for n in (8, 9)],
        PEOPLE_FIELDS: [field("label_ids", "Label", "set", {1: "Hot"}), field(TAGS, "Job title")],
    }  # fmt: skip
    return found


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    with crm_server(account.act) as server:
        yield server


def test_what_a_deal_belongs_to_is_read_where_a_bundle_learned_from_it(server: Server) -> None:
    columns = ["Organization", "Organization - Industry", "organizations.Organization - Owner", "Organisation - Name", "Person - Label", "people.Person - Job title"]  # fmt: skip
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=columns)
    first, second, third = crm.read(["5", "6", "7"])
    assert first.fields == {
        "Organization": "Alpha Pumps",
        "Organization - Industry": "Tools",
        "organizations.Organization - Owner": "Ann Arbor",
        "Organisation - Name": "Alpha Pumps",
        "Person - Label": "Hot",
        "people.Person - Job title": "CEO",
    }
    assert (second.fields["Organization - Industry"], second.fields["organizations.Organization - Owner"]) == (None, 78)  # fmt: skip
    assert second.fields["Person - Label"] is None, "Pipedrive has the column, this deal no person"
    assert third.fields == {**dict.fromkeys(columns), "Person - Label": "Hot", "people.Person - Job title": "CEO"}  # fmt: skip
    crm.read(["5", "6"])
    assert [server.paths().count(f"GET {path}") for path in (FIRMS, PEOPLE)] == [1, 1]


def test_what_two_exports_say_of_an_organisation_is_read_for_both(server: Server) -> None:
    columns = ["Organization - Industry", "organizations.Organization - Industry"]
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=columns)
    found = [record.fields for record in crm.read(["5", "7"])]
    assert found == [dict.fromkeys(columns, "Tools"), dict.fromkeys(columns)]


def test_a_field_of_the_deal_that_is_called_nearly_so_is_read_beside_that_of_its_organisation(
    account: Account, server: Server
) -> None:
    account.fields.append(field("c" * 40, "Organization industry"))
    account.things["5"]["custom_fields"] = {"c" * 40: "the deal's"}
    columns = ["Organization - Industry", "Organization industry"]
    [one] = crm_for("pipedrive", server, SECRETS, object="deals", columns=columns).read(["5"])
    assert one.fields == {columns[0]: "Tools", columns[1]: "the deal's"}


def test_an_option_is_read_as_the_bundle_met_it(server: Server) -> None:
    access = access_for("pipedrive", server, SECRETS, columns=["Organization - Industry"], object="deals")  # fmt: skip
    crm = open_crm(replace(access, met=lambda _, value: value == "7"))
    assert crm.read(["5"])[0].fields == {"Organization - Industry": 7}


@pytest.mark.parametrize("closed", [FIRMS, FIRM_FIELDS])
def test_organisations_that_are_closed_stop_no_scoring(
    account: Account, server: Server, closed: str
) -> None:
    refused = Reply({"success": False, "error": "Scope and URL mismatch"}, 403)
    server.act = lambda asked: refused if asked.path == closed else account.act(asked)
    columns = ["Label", "Organization - Industry", "Person - Label"]
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=columns)
    assert crm.read(["5"])[0].fields == {"Label": "the deal's", "Person - Label": "Hot"}


def test_an_organisation_that_is_refused_costs_its_own_leads_its_columns_and_no_others(
    account: Account, server: Server
) -> None:
    wrong = Reply({"success": False, "error": "Validation failed: ids: 4"}, 400)
    server.act = lambda asked: wrong if asked.path == FIRMS and "4" in asked.query["ids"] else account.act(asked)  # fmt: skip
    column = "Organization - Industry"
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=[column])
    for _ in range(2):
        assert [one.fields for one in crm.read(["5", "6", "7"])] == [{column: "Tools"}, {}, {column: None}]  # fmt: skip
    assert server.paths().count(f"GET {FIRMS}") == 3, "both, and each alone"


def test_organisations_have_their_names_though_their_fields_are_closed(
    account: Account, server: Server
) -> None:
    refused = Reply({"success": False, "error": "Scope and URL mismatch"}, 403)
    server.act = lambda asked: refused if asked.path == FIRM_FIELDS else account.act(asked)
    columns = ["Organization", "Organization - Industry"]
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=columns)
    assert [one.fields for one in crm.read(["5", "7"])] == [{"Organization": "Alpha Pumps"}, {"Organization": None}]  # fmt: skip
    assert server.paths().count(f"GET {FIRM_FIELDS}") == 1


def test_nobody_is_asked_for_what_no_bundle_learned_from(server: Server) -> None:
    crm_for("pipedrive", server, SECRETS, object="deals", columns=["Label", "Sales - Industry"]).read(["5"])  # fmt: skip
    assert not {f"GET {path}" for path in (FIRMS, PEOPLE)} & set(server.paths())
