"""Odoo: what a lead's customer says, which stands in exports as `Customer/Segment`; people, teams and tags by their names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.firms import OWNERS, SEGMENTS, TEAMS
from tests.cloud_sync.crm.simulated import RIGHT_OF_FIRMS, crm_of, ids, opened, three_leads

COLUMNS = [
    "Salesperson", "Sales Team", "Customer", "Customer/Segment", "Customer/Salesperson", "partner_id/city",
    "partner_id.x_staff", "Contact (res.partner).Segment", "contacts.City",
]  # fmt: skip


@pytest.fixture
def simulator() -> Simulator:
    return three_leads("odoo")


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as found:
        yield found


def test_a_lead_has_what_its_customer_says_under_every_title_of_it(
    simulator: Simulator, url: str
) -> None:
    [one, *_] = simulator.records
    firm = simulator.state.firms.called(one.fields["partner_name"])
    assert firm is not None
    [record] = crm_of(simulator, url, COLUMNS).read([one.object_id])
    found = {column: record.fields[column] for column in COLUMNS}
    assert found.pop("Salesperson") in OWNERS and found.pop("Sales Team") in TEAMS
    assert found == {
        "Customer": firm.name, "Customer/Segment": firm.segment, "Customer/Salesperson": OWNERS[firm.owner - 1],
        "partner_id/city": firm.city, "partner_id.x_staff": firm.staff, "Contact (res.partner).Segment": firm.segment,
        "contacts.City": firm.city,
    }  # fmt: skip


def test_a_selection_is_read_as_the_bundle_met_it(simulator: Simulator, url: str) -> None:
    access = opened(simulator, url, ["Customer/Segment"])
    crm = open_crm(replace(access, met=lambda _, value: value.islower()))
    assert all(str(row.fields["Customer/Segment"]).islower() for row in crm.read(ids(simulator)))


def test_a_lead_without_a_customer_has_the_columns_and_nothing_in_them(
    simulator: Simulator, url: str
) -> None:
    one, other, *_ = ids(simulator)
    simulator.records.set(one, {"partner_id": False})
    simulator.records.set(other, {"partner_id": [999, "Of another company"]})
    first, second = crm_of(simulator, url, ["Customer/Segment"]).read([one, other])
    assert first.fields["Customer/Segment"] is None
    assert "Customer/Segment" not in second.fields, "one that the user may not see"


@pytest.mark.parametrize("api", ["json2", "jsonrpc"])
def test_partners_that_are_closed_stop_no_scoring_and_crm_test_names_the_right(
    simulator: Simulator, url: str, api: str
) -> None:
    access = opened(simulator, url, ["Source", "Customer", "Customer/Segment"])
    options = {"api": api, "database": "sim", "login": "kitwright"}
    crm = open_crm(replace(access, settings=access.settings.model_copy(update={"options": options})))  # fmt: skip
    assert "right to read res.partner" in {check.name for check in crm.check() if check.ok}
    simulator.rights.held.discard(RIGHT_OF_FIRMS["odoo"])
    for record in crm.read(ids(simulator)):
        assert record.fields["Source"] and record.fields["Customer"]
        assert "Customer/Segment" not in record.fields
    assert "right to read res.partner" in {check.name for check in crm.check() if not check.ok}


def test_partners_are_asked_for_once_in_a_while_and_never_where_no_bundle_learned_from_them(
    simulator: Simulator, url: str
) -> None:
    crm = crm_of(simulator, url, ["Customer/Segment"])
    for _ in range(2):
        crm.read(ids(simulator))
    asked = [one for one in simulator.troubles.requests if "res.partner" in one]
    assert len(asked) == 2, "their fields, and the partners of three leads"
    simulator.troubles.requests.clear()
    crm_of(simulator, url, ["Customer", "Won/Lost", "sales.City"]).read(ids(simulator))
    assert not any("res.partner" in one for one in simulator.troubles.requests)


def test_a_field_of_the_lead_itself_stays_its_own_though_its_label_has_a_stroke(
    simulator: Simulator, url: str
) -> None:
    one = ids(simulator)[0]
    simulator.state.custom["x_of_customer"] = {"field_description": "Customer/Segment", "ttype": "char"}  # fmt: skip
    simulator.records.set(one, {"x_of_customer": "the lead's"})
    [record] = crm_of(simulator, url, ["Customer/Segment"]).read([one])
    assert record.fields["Customer/Segment"] == "the lead's"


def test_a_field_of_the_lead_that_is_called_nearly_so_is_not_its_customers(
    simulator: Simulator, url: str
) -> None:
    simulator.state.custom["x_own"] = {"field_description": "Customer Segment", "ttype": "char"}
    for one in ids(simulator):
        simulator.records.set(one, {"x_own": "the lead's"})
    for columns in (["Customer/Segment", "Customer Segment"], ["Customer/Segment"]):
        for record in crm_of(simulator, url, columns).read(ids(simulator)):
            assert record.fields["Customer/Segment"] in SEGMENTS
            assert record.fields.get("Customer Segment", "the lead's") == "the lead's"


def test_tags_of_the_customer_are_read_by_their_names(simulator: Simulator, url: str) -> None:
    columns = ["Customer/Tags", "Customer/City", "Tags"]
    for record in crm_of(simulator, url, columns).read(ids(simulator)):
        assert record.fields["Customer/Tags"] == record.fields["Customer/City"]
        assert record.fields["Tags"] != record.fields["Customer/Tags"]
