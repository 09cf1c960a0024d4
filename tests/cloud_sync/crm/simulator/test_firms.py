"""Owners and firms of the pretended CRMs: what their exports show is what the hub reads of the same leads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace

import httpx
import pytest

from cloud_sync.crm.client import beside, looked
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.history import firms_csv, history_csv
from cloud_sync.effects.targets import DeliveryError
from tests.cloud_sync.crm.simulated import RIGHT_OF_FIRMS, opened
from tests.waiting import PATIENCE_S

WAYS = [
    ("hubspot", "contacts"), ("hubspot", "deals"), ("hubspot", "leads"), ("salesforce", ""), ("pipedrive", "deals"),
    ("pipedrive", "leads"), ("odoo", ""), ("dynamics", ""),
]  # fmt: skip
WORDS = (
    "owner",
    "salesperson",
    "team",
    "customer",
    "organization",
    "account",
    "associated",
    "person - ",
)
"""Of columns of owners and firms in exports."""


@pytest.fixture(params=WAYS, ids=lambda pair: " ".join(filter(None, pair)))
def simulator(request: pytest.FixtureRequest) -> Simulator:
    kind, thing = request.param
    made = Simulator(kind, seed=5, limit=0, thing=thing)
    made.make(12, quiet=True)
    return made


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as found:
        yield found


def exported(simulator: Simulator) -> dict[str, dict[str, str]]:
    """Id → columns of owner and firm, as a table of this CRM's exports has them."""
    firms = {row.pop("Record ID"): row for row in csv.DictReader(io.StringIO(firms_csv(simulator)))}
    found = {}
    for held in simulator.records:
        row = simulator.vendor.export(held.fields)
        firm = firms.get(str(row.get("Associated Company IDs", "")), {})
        own = {n: v for n, v in row.items() if any(word in n.lower() for word in WORDS)}
        said = {**own, **{f"companies.{name}": value for name, value in firm.items()}}
        found[held.object_id] = {name: str(value) for name, value in said.items()}
    return found


def read(simulator: Simulator, url: str) -> dict[str, dict[str, str]]:
    """The same as the hub reads it, for a bundle that learned from the CRM's exports."""
    there = exported(simulator)
    columns = [*next(iter(there.values()))]
    met = {(name, value) for row in there.values() for name, value in row.items()}
    access = replace(opened(simulator, url, columns), met=lambda *cell: cell in met)
    return {
        one.object_id: {name: str(one.fields[name]).removesuffix(".0") for name in columns if name in one.fields}
        for one in open_crm(access).read([*there])
    }  # fmt: skip


def test_the_hub_reads_what_the_export_shows(simulator: Simulator, url: str) -> None:
    there = exported(simulator)
    assert read(simulator, url) == there
    assert all(len(row) >= (1 if simulator.kind == "salesforce" else 4) for row in there.values())


def test_what_a_person_enters_into_a_firm_is_read_with_its_leads_after_a_while(
    simulator: Simulator, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (looked, beside):
        monkeypatch.setattr(module, "KEPT_S", 0.0)
    columns = [name for name in next(iter(exported(simulator).values())) if name.split(" (")[0].endswith("Segment")]  # fmt: skip
    if simulator.kind == "salesforce":
        assert not columns, "its leads have no account"
        return
    crm = open_crm(opened(simulator, url, columns))
    names = [held.object_id for held in simulator.records]
    assert {one.fields[columns[0]] for one in crm.read(names)} > {"Growth"}
    with httpx.Client(base_url=url, timeout=PATIENCE_S) as person:
        for firm in person.get("/simulator/firms").json():
            entered = person.post(f"/simulator/firms/{firm['number']}", json={"segment": "Growth"})
            assert entered.json()["segment"] == "Growth"
    assert {one.fields[columns[0]] for one in crm.read(names)} == {"Growth"}


@pytest.mark.parametrize(("number", "body"), [(999, {"segment": "Growth"}), (1, {"colour": "red"}), (1, {"staff": "many"})])  # fmt: skip
def test_what_no_firm_has_is_refused(number: int, body: Mapping[str, object]) -> None:
    simulator = Simulator("odoo", seed=5)
    before = [*simulator.state.firms]
    with serve(simulator) as url:
        answer = httpx.post(f"{url}/simulator/firms/{number}", json=body, timeout=PATIENCE_S)
    assert answer.status_code == 400 and [*simulator.state.firms] == before


def test_a_right_to_firms_that_is_missing_stops_nothing_and_is_named(
    simulator: Simulator, url: str
) -> None:
    right = RIGHT_OF_FIRMS.get(simulator.kind, "users")
    simulator.rights.held.discard(right)
    there, found = exported(simulator), read(simulator, url)
    assert found.keys() == there.keys(), "all are read"
    assert found != there
    if simulator.kind == "salesforce":
        return
    columns = [*next(iter(there.values()))]
    failed = [one.name for one in open_crm(opened(simulator, url, columns)).check() if not one.ok]
    assert any(word in " ".join(failed) for word in ("companies", "organizations", "res.partner", "accounts"))  # fmt: skip


def test_an_export_of_odoo_shows_nothing_where_its_api_says_false() -> None:
    rows = [*csv.DictReader(io.StringIO(history_csv(Simulator("odoo", seed=5), 40, 1)))]
    assert {name for row in rows for name, value in row.items() if value == "False"} == {
        "active", "x_budget_stated", "x_opted_out",
    }  # fmt: skip
    assert "" in {row["phone"] for row in rows}


def test_past_leads_have_owners_and_firms_too(simulator: Simulator) -> None:
    rows = [*csv.DictReader(io.StringIO(history_csv(simulator, 40, 1)))]
    columns = [name for name in rows[0] if any(word in name.lower() for word in WORDS)]
    assert columns and all(len({row[name] for row in rows} - {""}) > 1 for name in columns)


# Salesforce's owners come in the same answer
@pytest.mark.parametrize(
    "simulator", [way for way in WAYS if way[0] != "salesforce"], indirect=True
)
def test_firms_that_do_not_answer_are_waited_for_and_no_lead_is_scored_without_them(
    simulator: Simulator, url: str
) -> None:
    there = exported(simulator)
    columns = [name for name in next(iter(there.values())) if "Segment" in name]
    crm = open_crm(opened(simulator, url, columns))
    first, *others = there
    crm.read([first])
    other = next(one for one in others if there[one] != there[first])
    simulator.troubles.extend(["ok", "503"])
    with pytest.raises(DeliveryError, match="503"):
        crm.read([other])
    before = simulator.troubles.count
    [record] = crm.read([other])
    assert record.fields[columns[0]] == there[other][columns[0]]
    assert simulator.troubles.count == before + 2, "the lead, and its firm"
    crm.read([other])
    assert simulator.troubles.count == before + 3
