"""Salesforce: what a record refers to has an id there, and a name in exports; titles of reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cloud_sync.crm.client.http import CrmRefusedError
from cloud_sync.crm.kinds.base import Crm
from cloud_sync.crm.kinds.salesforce.client import Salesforce
from tests.cloud_sync.crm.org import SECRETS, Org
from tests.cloud_sync.crm.servers import Server, access_for, crm_server

ANN, BEN = "005000000000001AAA", "005000000000002AAA"
OWNERS = {ANN: "Ann", BEN: "Ben"}


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def server(org: Org) -> Iterator[Server]:
    with crm_server(org.act) as server:
        org.instance = server.url
        yield server


def crm_of(server: Server, *columns: str, met: tuple[str, ...] = (), **settings: Any) -> Crm:
    access = access_for("salesforce", server, SECRETS, columns=columns, **settings)
    return Salesforce(replace(access, met=lambda _column, value: value in met))


def owned(org: Org, number: int, owner: str, **fields: Any) -> str:
    return org.lead(number, OwnerId=owner, Owner={"Name": OWNERS[owner]}, **fields)


@pytest.mark.parametrize(
    ("thing", "label", "title"),
    [
        ("Lead", "Owner ID", "Lead Owner"),
        ("Lead", "Inhaber-ID", "Lead-Inhaber"),
        ("Lead", "Owner ID", "Owner"),
        ("Piste", "ID du propriétaire", "Propriétaire de la piste"),
    ],
)
def test_the_owner_of_a_report_is_read_by_name(
    server: Server, org: Org, thing: str, label: str, title: str
) -> None:
    org.called, org.references["OwnerId"] = thing, (label, "Owner", "Group", "User")
    [record] = crm_of(server, title, "Company").read([owned(org, 1, ANN, Company="Acme")])
    assert record.fields == {title: "Ann", "Company": "Acme"}


def test_names_and_ids_are_both_read_where_a_bundle_has_both(server: Server, org: Org) -> None:
    columns = crm_of(server, "Lead Owner", "Owner ID", met=(ANN[:15], BEN[:15]))
    [record, other] = columns.read([owned(org, 1, ANN), owned(org, 2, BEN)])
    assert record.fields == {"Lead Owner": "Ann", "Owner ID": ANN[:15]}
    assert other.fields == {"Lead Owner": "Ben", "Owner ID": BEN[:15]}


@pytest.mark.parametrize(
    ("column", "met", "wanted"),
    [
        ("OwnerId", (), ANN),
        ("OwnerId", (ANN, BEN), ANN),
        ("OwnerId", ("Ben",), "Ann"),  # an export in which somebody named them so
        ("Owner ID", (), ANN),
        ("Owner ID", (BEN[:15],), ANN),
        ("Owner ID", (ANN[:15], BEN[:15]), ANN[:15]),
    ],
)
def test_an_id_is_read_as_the_bundle_met_it(
    server: Server, org: Org, column: str, met: tuple[str, ...], wanted: str
) -> None:
    [record, _] = crm_of(server, column, met=met).read([owned(org, 1, ANN), owned(org, 2, BEN)])
    assert record.fields[column] == wanted


def test_a_lookup_of_the_firms_own_has_names_in_lists_that_are_exported(
    server: Server, org: Org
) -> None:
    org.references["Partner__c"] = ("Partner", "Partner__r", "Account")
    org.references["Case__c"] = ("First case", "Case__r", "Case")
    one = org.lead(1, Partner__c="001", Partner__r={"Name": "Bee"}, Case__c="500")
    none = org.lead(2, Partner__c=None, Partner__r=None, Case__c=None)
    found = crm_of(server, "Partner", "First case").read([one, none])
    assert [record.fields for record in found] == [
        {"Partner": "Bee", "First case": "500"},
        {"Partner": None, "First case": None},
    ]


def test_standard_fields_are_known_by_their_titles_in_reports(server: Server, org: Org) -> None:
    org.labels = {"Rating": "Rating", "LeadSource": "Lead Source", "Score__c": "Score"}
    org.fields |= {"Rating": "picklist", "LeadSource": "picklist", "Score__c": "double"}
    one = org.lead(1, Rating="Hot", LeadSource="New", Score__c=7)
    asked = (
        "Lead Rating",
        "Lead Source",
        "Lead Score",
        "Source",
    )  # the last two are fields of the firm's own that are gone
    [record] = crm_of(server, *asked).read([one])
    assert record.fields == {"Lead Rating": "Hot", "Lead Source": "New"}


def test_objects_that_the_user_may_not_see_stop_no_scoring(server: Server, org: Org) -> None:
    org.references["Campaign__c"] = ("Campaign", "Campaign__r", "Campaign")
    org.unseen = {"Campaign__r", "Owner"}
    one = org.lead(1, Company="Acme", Campaign__c="701", OwnerId=ANN)
    crm = crm_of(server, "Company", "Campaign", "Lead Owner")
    asked = len(server.asked)
    [record] = crm.read([one])
    assert record.fields == {"Company": "Acme", "Campaign": "701"}
    crm.read([one])
    assert [one.path[-5:] for one in server.asked[asked:]].count("query") == 4


@pytest.mark.parametrize("owner", ["Lead Owner", "Owner.Name"])
def test_an_object_that_the_user_may_not_see_takes_no_other_names_away(
    server: Server, org: Org, owner: str
) -> None:
    org.references["Campaign__c"] = ("Campaign", "Campaign__r", "Campaign")
    org.unseen = {"Campaign__r"}
    one = owned(org, 1, ANN, Campaign__c="701")
    [record] = crm_of(server, owner, "Campaign").read([one])
    assert record.fields == {owner: "Ann", "Campaign": "701"}


def test_who_is_not_scored_is_never_left_out(server: Server, org: Org) -> None:
    org.unseen = {"Owner"}
    crm = crm_of(server, "Company", "Owner.Title", opt_out=["Owner.IsActive"])
    with pytest.raises(CrmRefusedError, match="Didn't understand relationship 'Owner'"):
        crm.read([org.lead(1, Company="Acme")])


@pytest.fixture
def firms(org: Org) -> Org:
    org.references["AccountId"] = ("Account ID", "Account", "Account")
    org.accounts = {"Name": "Account Name", "Industry": "Industry", "NumberOfEmployees": "Employees", "Company": "Company"}  # fmt: skip
    account = {"Name": "Bee", "Industry": "Tools", "NumberOfEmployees": 70, "Company": "wrong"}
    org.lead(1, Company="Acme", AccountId="001", Account=account)
    return org


FIRST = f"00Q{1:012d}AAA"


def test_what_an_opportunity_lacks_is_read_of_its_account(server: Server, firms: Org) -> None:
    columns = ("Company", "Account Name", "Industry", "Account: Employees", "accounts.Industry")
    [record] = crm_of(server, *columns, "Region").read([FIRST])
    assert record.fields == {
        "Company": "Acme",
        "Account Name": "Bee",
        "Account: Employees": 70,
        "Industry": "Tools",
        "accounts.Industry": "Tools",
    }


def test_a_field_of_the_account_is_read_for_each_column_that_has_it(
    server: Server, firms: Org
) -> None:
    columns = ("Account.Industry", "Account Name", "accounts.Industry", "accounts.Account Name")
    [record] = crm_of(server, *columns).read([FIRST])
    assert record.fields == {**dict.fromkeys(columns[::2], "Tools"), **dict.fromkeys(columns[1::2], "Bee")}  # fmt: skip


def test_accounts_that_the_user_may_not_see_stop_no_scoring(server: Server, firms: Org) -> None:
    firms.unseen = {"Account"}
    [record] = crm_of(server, "Company", "Account Name", "Industry").read([FIRST])
    assert record.fields == {"Company": "Acme"}


def test_how_a_record_ended_is_no_matter_of_its_account(server: Server, firms: Org) -> None:
    firms.accounts["Stage__c"] = "Stage"
    firms.leads[FIRST]["Account"]["Stage__c"] = "Bought"
    crm = crm_of(server, "Industry", outcome={"field": "Stage__c", "won": ["Bought"]})
    assert [(record.outcome, record.fields) for record in crm.read([FIRST])] == [("", {"Industry": "Tools"})]  # fmt: skip


def test_accounts_are_not_looked_up_where_the_object_has_all(server: Server, firms: Org) -> None:
    crm_of(server, "Company", "Account Name").read([FIRST])
    assert not [one for one in server.asked if one.path.endswith("Account/describe")]
