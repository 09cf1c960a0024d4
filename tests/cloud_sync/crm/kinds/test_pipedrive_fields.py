"""Fields of a Pipedrive account: all pages of them, made where they are missing, found by the keys of either API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloud_sync.crm.client.parting import TRIES
from cloud_sync.crm.kinds.table import open_crm
from tests.cloud_sync.crm.account import SECRETS, SOURCE, TAGS, UNSUPPORTED, Account, field
from tests.cloud_sync.crm.servers import Reply, Server, access_for, crm_for, crm_server, score


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def server(account: Account) -> Iterator[Server]:
    with crm_server(account.act) as server:
        yield server


def test_fields_are_read_page_by_page_until_there_is_no_cursor(
    account: Account, server: Server
) -> None:
    account.fields += [field(f"{n:040d}", f"Field {n}") for n in range(4)]
    account.things["5"] = {"id": 5, "custom_fields": {f"{3:040d}": "last"}}
    [record] = crm_for("pipedrive", server, SECRETS).read(["5"])
    assert record.fields == {"id": 5, "Field 3": "last"}
    pages = [asked.query for asked in server.asked if asked.path == "/api/v2/dealFields"]
    assert [page.get("cursor") for page in pages] == [None, "p2", "p4", "p6"]
    assert {page["limit"] for page in pages} == {"500"} and not any("start" in p for p in pages)


@pytest.mark.parametrize("thing", ["deals", "persons", "leads"])
def test_fields_are_made_by_name_and_type_and_written_by_the_code_they_got(
    account: Account, server: Server, thing: str
) -> None:
    account.things["5"] = {"id": 5}
    crm = crm_for("pipedrive", server, SECRETS, object=thing)
    assert all(check.ok for check in crm.make_fields())
    made = [asked.body for asked in server.asked if asked.method == "POST"]
    assert {"field_name": "Kitwright score", "field_type": "double"} in made and len(made) == 6
    assert all(outcome.ok for outcome in crm.write([score("5")]))
    written = account.things["5"]
    own = written if thing == "leads" else written["custom_fields"]
    assert own[account.key("Kitwright score")] == 87
    assert not set(UNSUPPORTED) & {asked.path for asked in server.asked}


@pytest.mark.parametrize("code", ["label_ids", "label"])
def test_labels_have_the_key_of_a_record_or_that_of_the_older_api(
    account: Account, server: Server, code: str
) -> None:
    account.fields += [
        field(code, "Label", "set", {5: "Hot", 6: "VIP"}),
        field("status", "Status", "status", {"won": "Gewonnen"}),
    ]
    account.things["5"] = {"id": 5, "label_ids": [5, 6], "status": "won", "custom_fields": {}}
    outcome = {"field": "status", "won": ["won"], "lost": ["lost"]}
    crm = crm_for("pipedrive", server, SECRETS, columns=["Label"], outcome=outcome)
    [record] = crm.read(["5"])
    assert record.fields == {"Label": "Hot;VIP"} and record.outcome == "won"
    assert crm.labels()["Label"] == "Label"


@pytest.mark.parametrize("columns", [[], ["title"]])
@pytest.mark.parametrize("code", ["label_ids", "label"])
@pytest.mark.parametrize("stated", ["label_ids", "label", "Label"])
def test_who_objects_is_read_from_a_field_that_every_account_has_by_any_of_its_names(
    account: Account, server: Server, stated: str, code: str, columns: list[str]
) -> None:
    account.fields.append(field(code, "Label", "set", {1: "No calls"}))
    account.things |= {"5": {"id": 5, "label_ids": [1]}, "6": {"id": 6, "label_ids": []}}
    crm = crm_for("pipedrive", server, SECRETS, columns=columns, opt_out=[stated])
    assert [one.opted_out for one in crm.read(["5", "6"])] == [True, False]


@pytest.mark.parametrize("code", ["emails", "email"])
@pytest.mark.parametrize("stated", ["emails", "email", "Email"])
def test_addresses_are_found_by_any_name_of_their_field(
    account: Account, server: Server, stated: str, code: str
) -> None:
    account.fields.append(field(code, "Email"))
    account.things["5"] = {"id": 5, "emails": [{"value": "bo@x.example", "primary": True}]}
    crm = crm_for("pipedrive", server, SECRETS, object="persons", persons=[stated])
    assert crm.read(["5"])[0].persons == ("bo@x.example",)


@pytest.mark.parametrize(
    ("thing", "record"),
    [("deals", {"id": 5, "custom_fields": {TAGS: [1, 2]}}), ("leads", {"id": "5", TAGS: "1,2"})],
)
def test_choices_of_several_are_read_by_name_in_either_api(
    account: Account, server: Server, thing: str, record: dict[str, object]
) -> None:
    account.things["5"] = record
    crm = crm_for("pipedrive", server, SECRETS, object=thing, columns=["Themes"])
    assert [one.fields for one in crm.read(["5"])] == [{"Themes": "Pumps;Valves"}]


@pytest.mark.parametrize(
    "codes", [("owner_id", "pipeline_id"), ("user_id", "pipeline")], ids=["v2", "v1"]
)
def test_owner_pipeline_and_stage_are_called_as_exports_call_them(
    account: Account, server: Server, codes: tuple[str, str]
) -> None:
    owner, pipeline = codes
    account.fields += [
        field(owner, "Owner", "user"), field(pipeline, "Pipeline", "double"), field("stage_id", "Stage", "stage"),
    ]  # fmt: skip
    account.lists["/api/v2/stages"] = {1: "New", 2: "Offer", 3: "Talks"}
    account.things["5"] = {"id": 5, "owner_id": 77, "pipeline_id": 3, "stage_id": 3}
    crm = crm_for("pipedrive", server, SECRETS, columns=["Owner", "Pipeline", "Stage"])
    named = {"Owner": "Ann Arbor", "Pipeline": 3, "Stage": "Talks"}
    for _ in range(2):
        assert crm.read(["5"])[0].fields == named, "the names of pipelines are closed to us"
    assert server.paths().count("GET /v1/users") == 1
    assert server.paths().count("GET /api/v2/stages") == 2, "two pages, once"
    plain = crm_for("pipedrive", server, SECRETS)
    assert plain.read(["5"])[0].fields["owner_id"] == 77


@pytest.mark.parametrize(("thing", "key"), [("deals", "org_id"), ("leads", "organization_id")])
def test_the_organisation_is_called_as_exports_call_it(
    account: Account, server: Server, thing: str, key: str
) -> None:
    account.fields.append(field("org_id", "Organization", "org"))
    account.firms = {3: "Alpha Pumps"}
    for number, firm in (("5", 3), ("6", 4), ("7", None)):
        account.things[number] = {"id": int(number), key: firm}
    crm = crm_for("pipedrive", server, SECRETS, object=thing, columns=["Organization"])
    for _ in range(2):
        assert [one.fields["Organization"] for one in crm.read(["5", "6", "7"])] == ["Alpha Pumps", 4, None]  # fmt: skip
    assert server.paths().count("GET /api/v2/organizations") == 1, "known for a while"
    account.firms = {}
    crm = crm_for("pipedrive", server, SECRETS, object=thing, columns=["Organization"])
    assert crm.read(["5"])[0].fields["Organization"] == 3, "they are closed to us"
    before = len(server.asked)
    crm_for("pipedrive", server, SECRETS, object=thing, columns=["Channel"]).read(["5"])
    assert "GET /api/v2/organizations" not in server.paths()[before:], "nobody asked for it"


def test_organisations_are_read_as_the_bundle_met_most_of_them(
    account: Account, server: Server
) -> None:
    """One that was learned from the API's numbers gets no names beside them: its next version learns from both."""
    account.fields.append(field("org_id", "Organization", "org"))
    account.firms = {3: "Alpha Pumps", 4: "Beta Tools", 5: "Gamma"}
    account.things |= {str(number): {"id": number, "org_id": number} for number in account.firms}
    for column, met, expected in (
        ("Organization", {"3", "4"}, [3, 4, 5]),
        ("Organization", {"Alpha Pumps", "Beta Tools", "5"}, ["Alpha Pumps", "Beta Tools", 5]),
        ("org_id", set(), [3, 4, 5]),
        ("org_id", {"Alpha Pumps"}, ["Alpha Pumps", "Beta Tools", "Gamma"]),
    ):
        access = access_for("pipedrive", server, SECRETS, object="deals", columns=[column])
        crm = open_crm(replace(access, met=lambda _, value, met=met: value in met))  # type: ignore[misc]  # bound now
        assert [one.fields[column] for one in crm.read(["3", "4", "5"])] == expected, (column, met)


@pytest.mark.parametrize(("status", "questions"), [(403, 1), (400, TRIES), (404, TRIES)])
def test_organisations_that_are_all_refused_are_asked_for_a_few_times(
    account: Account, server: Server, status: int, questions: int
) -> None:
    """Each question costs tokens of the day, and leads are scored without; one that is wrong alone is no right that is missing."""
    account.fields.append(field("org_id", "Organization", "org"))
    numbers = range(5, 12)
    account.things |= {str(number): {"id": number, "org_id": number} for number in numbers}
    refused = Reply({"success": False, "error": "no"}, status)
    server.act = lambda asked: refused if asked.path == "/api/v2/organizations" else account.act(asked)  # fmt: skip
    crm = crm_for("pipedrive", server, SECRETS, object="deals", columns=["Organization"])
    found = [crm.read([str(number)])[0].fields["Organization"] for number in numbers]
    assert found == [*numbers]
    assert server.paths().count("GET /api/v2/organizations") == questions


MONEY = "c" * 40
PLACE = "d" * 40
PARTS = {"value": "Value of Budget", "currency": "Currency of Budget"}


@pytest.mark.parametrize(
    ("thing", "record"),
    [
        ("deals", {"value": 90, "currency": "EUR", "custom_fields": {
            MONEY: {"value": 5, "currency": "USD"}, PLACE: {"value": "Bahnhofstrasse 1, Bern", "locality": "Bern", "route": "x"}
        }}),
        ("leads", {"value": {"amount": 90, "currency": "EUR"}, MONEY: 5, f"{MONEY}_currency": "USD",
                   PLACE: "Bahnhofstrasse 1, Bern", f"{PLACE}_locality": "Bern"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked", [True, False])
def test_currencies_and_parts_of_addresses_are_called_as_exports_call_them(
    account: Account, server: Server, thing: str, record: dict[str, object], asked: bool
) -> None:
    account.fields += [
        field("value", "Value", "monetary", value="Amount of Value", currency="Currency of Value"),
        field(MONEY, "Budget", "monetary", **PARTS),
        field(PLACE, "Place", "address", value="Place", locality="City of Place"),
    ]
    account.things["5"] = record
    own = {"Budget": 5, "Currency of Budget": "USD", "City of Place": "Bern"}
    value = {"Value": 90, "Currency of Value": "EUR"}
    columns = [*own, *value] if asked else []
    [found] = crm_for("pipedrive", server, SECRETS, object=thing, columns=columns).read(["5"])
    if asked:
        assert found.fields == {**own, **value}
    else:
        assert {name: found.fields[name] for name in own} == own and found.fields["value"] == 90
        assert found.fields["Place"] == "Bahnhofstrasse 1, Bern"
        assert not any(PLACE in name or MONEY in name for name in found.fields)


def test_a_part_that_no_field_names_is_no_column(account: Account, server: Server) -> None:
    account.things["5"] = {"custom_fields": {SOURCE: 7, TAGS: {"value": [1], "until": "x"}}}
    [record] = crm_for("pipedrive", server, SECRETS).read(["5"])
    assert set(record.fields) == {"Channel", "Themes"}
