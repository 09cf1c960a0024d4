"""HubSpot: what a record's company says, where a bundle learned from exports of both (`all-companies.Industry`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.crm.kinds.hubspot.client import HubSpot
from cloud_sync.effects.targets import DeliveryError
from tests.cloud_sync.crm.portal import OWNERS, SECRETS, Portal
from tests.cloud_sync.crm.servers import Asked, Reply, Server, crm_for, crm_server

READ = "/crm/objects/2026-09/companies/batch/read"
FIELDS = "/crm/properties/2026-09/companies"
COLUMNS = ["email", "hubspot-crm-exports-all-companies.Industry", "Firmen.Company owner", "companies.Sectors", "deals.Industry"]  # fmt: skip


class Account(Portal):
    """With companies beside contacts."""

    def __init__(self) -> None:
        super().__init__()
        self.properties["associatedcompanyid"] = "string"
        self.contacts["1"]["associatedcompanyid"] = "501"
        self.contacts["2"]["associatedcompanyid"] = "502"
        self.contacts["3"] = {"email": "c@x.example"}
        self.companies: dict[str, dict[str, str]] = {
            "501": {"industry": "MACHINERY", "hubspot_owner_id": "71"},
            "502": {"industry": "FOOD"},
        }
        self.refused: dict[str, int] = {}

    def act(self, asked: Asked) -> Reply:
        if asked.path in self.refused:
            return Reply({"message": "no", "category": "MISSING_SCOPES"}, self.refused[asked.path])
        if asked.path == READ:
            wanted = [one["id"] for one in asked.body["inputs"] if one["id"] in self.companies]
            names = asked.body["properties"]
            return Reply({"results": [{"id": i, "properties": {n: self.companies[i].get(n) for n in names}} for i in wanted]})  # fmt: skip
        if asked.path == FIELDS:
            return Reply({"results": _FIELDS})
        return super().act(asked)


_FIELDS: list[dict[str, Any]] = [
    {"name": "industry", "label": "Industry", "type": "enumeration", "options": [{"value": "MACHINERY", "label": "Machinery"}]},
    {"name": "hubspot_owner_id", "label": "Company owner", "type": "enumeration", "referencedObjectType": "OWNER"},
]  # fmt: skip


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    with crm_server(account.act) as server:
        yield server


def test_a_contact_has_what_its_company_says(server: Server) -> None:
    crm = crm_for("hubspot", server, SECRETS, columns=COLUMNS)
    for _ in range(2):
        first, second, third = crm.read(["1", "2", "3"])
        assert first.fields == {
            "email": "a@x.example",
            "hubspot-crm-exports-all-companies.Industry": "Machinery",
            "Firmen.Company owner": "Ann Miller",
        }
        assert second.fields["hubspot-crm-exports-all-companies.Industry"] == "FOOD"
        assert third.fields == {"email": "c@x.example", **dict.fromkeys(COLUMNS[1:3])}
    assert server.paths().count(f"POST {READ}") == 1, "known for a while"


def test_owners_of_contacts_and_of_companies_are_asked_for_once(
    account: Account, server: Server
) -> None:
    account.properties["hubspot_owner_id"] = "enumeration"
    account.contacts["1"]["hubspot_owner_id"] = "71"
    [one] = crm_for("hubspot", server, SECRETS, columns=["hubspot_owner_id", COLUMNS[2]]).read(["1"])  # fmt: skip
    assert one.fields[COLUMNS[2]] == "Ann Miller"
    asked = [one.query for one in server.asked if one.path == OWNERS]
    assert len(asked) == len({tuple(query.items()) for query in asked}), "each page of them"


@pytest.mark.parametrize("path", [READ, FIELDS])
def test_companies_that_are_closed_stop_no_scoring_and_crm_test_names_the_scope(
    account: Account, server: Server, path: str
) -> None:
    account.refused[path] = 403
    crm = crm_for("hubspot", server, SECRETS, columns=COLUMNS)
    assert crm.read(["1"])[0].fields == {"email": "a@x.example"}
    account.refused["/crm/objects/2026-09/companies"] = 403
    failed = {check.name for check in crm.check() if not check.ok}
    assert "scope crm.objects.companies.read" in failed


def test_a_contact_has_the_number_and_the_name_of_its_company_as_exports_have_them(
    account: Account, server: Server
) -> None:
    account.companies["501"]["name"] = "Alpha Pumps"
    columns = ["Associated Company IDs", "Associated Company (Primary)", "Associated Company IDs (Primary)"]  # fmt: skip
    first, second, third = crm_for("hubspot", server, SECRETS, columns=columns).read(["1", "2", "3"])  # fmt: skip
    said = [[one.fields.get(name) for name in columns] for one in (first, second, third)]
    assert said == [["501", "Alpha Pumps", "501"], ["502", None, "502"], [None, None, None]]
    assert f"GET {FIELDS}" not in server.paths(), "no column of theirs was learned from"
    account.refused[READ] = 403
    crm = crm_for("hubspot", server, SECRETS, columns=columns)
    assert [crm.read(["1"])[0].fields.get(name) for name in columns] == ["501", None, "501"]
    by_number = crm_for("hubspot", server, SECRETS, columns=columns[:1])
    asked = len(server.asked)
    assert by_number.read(["1"])[0].fields == {"Associated Company IDs": "501"}
    assert not [one.path for one in server.asked[asked:] if "companies" in one.path]


def test_columns_of_companies_are_there_though_no_lead_that_is_tried_has_one(
    server: Server,
) -> None:
    crm = crm_for("hubspot", server, SECRETS, columns=COLUMNS)
    assert [*crm.read(["3"])[0].fields] == COLUMNS[:3], (
        "else `crm test` says that HubSpot lacks them"
    )
    assert f"POST {READ}" not in server.paths()


def test_a_property_of_the_contact_that_is_called_nearly_so_is_not_its_companys(
    account: Account, server: Server
) -> None:
    account.properties["old_industry"] = "string"
    account.labels["old_industry"] = "Companies industry"
    account.contacts["1"]["old_industry"] = "the contact's"
    columns = ["companies.Industry", "Companies industry"]
    [one] = crm_for("hubspot", server, SECRETS, columns=columns).read(["1"])
    assert one.fields == {columns[0]: "Machinery", columns[1]: "the contact's"}


def test_what_two_exports_say_of_a_company_is_read_for_both(server: Server) -> None:
    columns = ["all-companies.Industry", "companies.Industry", "Firmen.industry"]
    first, _, third = crm_for("hubspot", server, SECRETS, columns=columns).read(["1", "2", "3"])
    assert first.fields == dict.fromkeys(columns, "Machinery")
    assert {name: third.fields[name] for name in columns} == dict.fromkeys(columns)


def test_an_app_tells_when_a_lead_gets_a_company(server: Server) -> None:
    crm = crm_for("hubspot", server, SECRETS, columns=COLUMNS)
    assert isinstance(crm, HubSpot)
    assert "associatedcompanyid" in crm.watched()


def test_the_right_to_read_owners_is_needed_for_those_of_companies(
    account: Account, server: Server
) -> None:
    account.refused |= {"/crm/owners/2026-09": 403, "/crm/objects/2026-09/companies": 403}
    checks = crm_for("hubspot", server, SECRETS, columns=["email", COLUMNS[2]]).check()
    assert "scope crm.objects.owners.read" in {check.name for check in checks if not check.ok}


def test_nobody_asks_for_companies_that_no_bundle_learned_from(server: Server) -> None:
    crm = crm_for("hubspot", server, SECRETS, columns=["email", "deals.Industry"])
    assert crm.read(["1"])[0].fields == {"email": "a@x.example"}
    assert not [path for path in server.paths() if "companies" in path]
    assert "scope crm.objects.companies.read" not in {check.name for check in crm.check()}


def test_companies_that_do_not_answer_are_waited_for(account: Account, server: Server) -> None:
    account.refused[READ] = 503
    with pytest.raises(DeliveryError, match="503"):
        crm_for("hubspot", server, SECRETS, columns=COLUMNS).read(["1"])
