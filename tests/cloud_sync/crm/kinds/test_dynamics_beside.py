"""Dynamics: what a lead's account says, which stands in exports of views under titles that name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import JsonValue

from cloud_sync.crm.client.labels import Described
from cloud_sync.crm.kinds.dynamics.beside import is_guid
from cloud_sync.crm.kinds.dynamics.columns import attributes
from cloud_sync.crm.kinds.table import open_crm
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.dynamics.api import LABELS
from cloud_sync.crm.simulator.dynamics.related import ACCOUNT, guid
from cloud_sync.crm.simulator.firms import OWNERS, SEGMENTS
from cloud_sync.crm.simulator.world import CHOICES
from cloud_sync.effects.targets import DeliveryError
from tests.cloud_sync.crm.simulated import RIGHT_OF_FIRMS, crm_of, ids, opened, three_leads

OF = "(Parent Account for lead) (Account)"
COLUMNS = [
    "Lead Source", "Owner", "Parent Account for lead", f"Segment {OF}", "Segment (Parent Account for lead)",
    "Segment (Account)", f"Owner {OF}", "My Active Accounts.Number of Employees", "parentaccountid.address1_city",
]  # fmt: skip


@pytest.fixture
def simulator() -> Simulator:
    return three_leads("dynamics")


@pytest.fixture
def url(simulator: Simulator) -> Iterator[str]:
    with serve(simulator) as found:
        yield found


def test_a_lead_has_what_its_account_says_under_every_title_of_it(
    simulator: Simulator, url: str
) -> None:
    [one, *_] = simulator.records
    firm = simulator.state.firms.called(one.fields["companyname"])
    assert firm is not None
    [record] = crm_of(simulator, url, COLUMNS).read([one.object_id])
    found = {column: record.fields[column] for column in COLUMNS[1:]}
    assert found.pop("Owner") and found.pop(f"Owner {OF}")
    assert found == {
        "Parent Account for lead": firm.name, f"Segment {OF}": firm.segment,
        "Segment (Parent Account for lead)": firm.segment, "Segment (Account)": firm.segment,
        "My Active Accounts.Number of Employees": firm.staff, "parentaccountid.address1_city": firm.city,
    }  # fmt: skip


def test_a_choice_is_read_as_the_bundle_met_it(simulator: Simulator, url: str) -> None:
    access = opened(simulator, url, ["Segment (Account)"])
    crm = open_crm(replace(access, met=lambda _, value: value in ("1", "2", "3")))
    assert {row.fields["Segment (Account)"] for row in crm.read(ids(simulator))} <= {1, 2, 3}


def test_a_lead_without_an_account_has_the_columns_and_nothing_in_them(
    simulator: Simulator, url: str
) -> None:
    one, other, *_ = ids(simulator)
    simulator.records.set(one, {ACCOUNT: None})
    simulator.records.set(other, {ACCOUNT: guid("account", 999)})
    first, second = crm_of(simulator, url, ["Segment (Account)"]).read([one, other])
    assert first.fields["Segment (Account)"] is None
    assert "Segment (Account)" not in second.fields, "an account that the user may not see"


def test_accounts_that_are_closed_stop_no_scoring_and_crm_test_names_the_right(
    simulator: Simulator, url: str
) -> None:
    crm = crm_of(simulator, url, ["Lead Source", "Segment (Account)"])
    assert "right to read accounts" in {check.name for check in crm.check() if check.ok}
    simulator.rights.held.discard(RIGHT_OF_FIRMS["dynamics"])
    for record in crm.read(ids(simulator)):
        assert record.fields["Lead Source"] and "Segment (Account)" not in record.fields
    [failed] = [check for check in crm.check() if not check.ok]
    assert failed.name == "right to read accounts" and "prvReadAccount" in failed.found


def test_accounts_are_asked_for_once_in_a_while_and_never_where_no_bundle_learned_from_them(
    simulator: Simulator, url: str
) -> None:
    crm = crm_of(simulator, url, ["Segment (Account)", "Web Visits.Pages"])
    for _ in range(2):
        crm.read(ids(simulator))
    assert sum("/accounts" in asked for asked in simulator.troubles.requests) == 1
    crm_of(simulator, url, ["Lead Source", "Owner"]).read(ids(simulator))
    simulator.troubles.requests.clear()
    crm_of(simulator, url, ["Lead Source", "Owner"]).read(ids(simulator))
    assert not any("account" in asked or "ManyTo" in asked for asked in simulator.troubles.requests)


def test_a_column_of_the_lead_itself_stays_its_own_though_its_label_ends_in_brackets(
    simulator: Simulator, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LABELS, "new_segment_account", "Segment (Account)")
    one = ids(simulator)[0]
    simulator.records.set(one, {"new_segment_account": "the lead's"})
    [record] = crm_of(simulator, url, ["Segment (Account)"]).read([one])
    assert record.fields["Segment (Account)"] == "the lead's"


def test_a_column_of_the_lead_that_is_called_nearly_so_is_not_its_accounts(
    simulator: Simulator, url: str
) -> None:
    for one in ids(simulator):
        simulator.records.set(one, {"new_segmentaccount": "the lead's"})
    columns = ["Segment (Account)", "New segmentaccount", "account.new_segment"]
    for record in crm_of(simulator, url, columns).read(ids(simulator)):
        assert record.fields["New segmentaccount"] == "the lead's"
        assert {record.fields["Segment (Account)"], record.fields["account.new_segment"]} <= {*SEGMENTS}  # fmt: skip
    [record] = crm_of(simulator, url, columns[:1]).read(ids(simulator)[:1])
    assert record.fields["Segment (Account)"] in SEGMENTS


def test_a_lookup_is_read_by_its_logical_name_as_tools_export_it(
    simulator: Simulator, url: str
) -> None:
    [record] = crm_of(simulator, url, ["parentaccountid"]).read(ids(simulator)[:1])
    firm = simulator.state.firms.called(record.fields["parentaccountid"])
    assert firm is not None and firm.segment in SEGMENTS


def test_an_id_that_is_no_lookup_keeps_no_lead_from_being_read(
    simulator: Simulator, url: str
) -> None:
    columns = ["Segment (Account)", "Process Stage Name (Process Stage)", "stageid.stagename"]
    for record in crm_of(simulator, url, columns).read(ids(simulator)):
        assert record.fields["Segment (Account)"] in SEGMENTS
        assert record.fields.keys().isdisjoint(columns[1:])


def test_a_column_that_only_shows_the_label_of_another_is_read_with_that(
    simulator: Simulator, url: str
) -> None:
    """Tables of tools have both; the metadata name it, and who asks for it is refused all columns."""
    columns = [
        "leadsourcecode", "leadsourcecodename", "owneridname", "Segment (Account)", "accounts.new_segmentname",
        "parentaccountid.owneridname",
    ]  # fmt: skip
    access = opened(simulator, url, columns)
    crm = open_crm(replace(access, met=lambda _, value: value.isdecimal()))
    for record in crm.read(ids(simulator)):
        assert str(record.fields["leadsourcecode"]).isdecimal()
        assert record.fields["leadsourcecodename"] in CHOICES["source"]  # fmt: skip
        assert record.fields["owneridname"] in OWNERS
        assert record.fields["Segment (Account)"] in (1, 2, 3)
        assert record.fields["accounts.new_segmentname"] in SEGMENTS
        assert record.fields["parentaccountid.owneridname"] in OWNERS
    assert {*columns} <= {*crm.read(ids(simulator))[0].fields}


def test_where_nobody_may_know_which_columns_there_are_each_is_read_that_a_record_has(
    simulator: Simulator, url: str
) -> None:
    """Who asks for one that only shows a label, or is not there any more, is refused all."""
    simulator.state.rights.held.discard("prvReadEntity")
    columns = ["leadsourcecode", "leadsourcecodename", "owneridname", "parentaccountid", "fullname", "new_gone", "new_gonename"]  # fmt: skip
    access = opened(simulator, url, columns)
    crm = open_crm(replace(access, met=lambda _, value: value.isdecimal()))
    for record in crm.read(ids(simulator)):
        assert {*record.fields} & {*columns} == {*columns[:5]}
        assert str(record.fields["leadsourcecode"]).isdecimal()
        assert record.fields["leadsourcecodename"] in CHOICES["source"]
        assert record.fields["owneridname"] in OWNERS
        assert record.fields["parentaccountid"] in {firm.name for firm in simulator.state.firms}


def test_a_lookup_is_read_by_its_id_where_the_bundle_met_that(
    simulator: Simulator, url: str
) -> None:
    access = opened(simulator, url, ["_parentaccountid_value"])
    for met, wanted in ((is_guid, True), (lambda _: False, False)):
        crm = open_crm(replace(access, met=lambda _, value, met=met: met(value)))
        [record] = crm.read(ids(simulator)[:1])
        assert is_guid(str(record.fields["_parentaccountid_value"])) is wanted


def test_accounts_are_read_at_once_when_a_refusal_of_the_leads_themselves_is_over(
    simulator: Simulator, url: str
) -> None:
    access = opened(simulator, url, ["Segment (Account)"])
    settings = access.settings.model_copy(update={"opt_out": ("new_objects",)})
    crm = open_crm(replace(access, settings=settings))
    with pytest.raises(DeliveryError, match="who is not scored"):
        crm.read(ids(simulator))
    for one in ids(simulator):
        simulator.records.set(one, {"new_objects": False})
    assert all("Segment (Account)" in record.fields for record in crm.read(ids(simulator)))


def test_metadata_that_no_dynamics_sends_break_nothing() -> None:
    rows: list[JsonValue] = [
        {"LogicalName": "city", "AttributeType": ["Lookup"], "DisplayName": ["City"], "AttributeOf": {}},
        {"LogicalName": {"a": 1}, "AttributeType": {}}, {"LogicalName": None}, {}, None, ["Lookup"],
        {"LogicalName": "ownerid", "AttributeType": "Owner", "DisplayName": {"UserLocalizedLabel": None}},
    ]  # fmt: skip
    found = attributes(lambda _path, _query: {"value": rows}, "account", "sales")
    assert found.there == {"city": Described(), "_ownerid_value": Described()}
