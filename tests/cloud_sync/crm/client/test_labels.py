"""Columns of an export are found in the CRM by their labels; what the CRM has not is not asked for."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from cloud_sync.crm.client.labels import Described, names_of, naming, numbered
from cloud_sync.crm.connection.settings import CrmSettings

THERE = {
    "hs_analytics_source": "Original Source", "jobtitle": "Job Title", "LeadSource": "Lead Source",
    "budget__c": "Budget", "budget_old__c": "Budget", "city": "Stadt",
}  # fmt: skip


def test_names_labels_and_names_in_another_spelling_are_found() -> None:
    asked = ["Original Source", "jobtitle", "Lead source", "Stadt"]
    assert names_of(asked, THERE) == {
        "jobtitle": "jobtitle", "hs_analytics_source": "Original Source", "LeadSource": "Lead source", "city": "Stadt",
    }  # fmt: skip


def test_labels_of_two_fields_and_columns_of_other_tables_are_left_out() -> None:
    assert names_of(["Budget", "accounts.sector", "activities: count", ""], THERE) == {}


def test_an_exact_name_is_stronger_than_a_label() -> None:
    assert names_of(["Job Title", "jobtitle"], THERE) == {"jobtitle": "jobtitle"}


@pytest.mark.parametrize("asked", [["Customer/Segment", "Customer Segment"], ["Customer Segment", "Customer/Segment"]])  # fmt: skip
def test_a_label_to_the_letter_is_stronger_than_one_apart_from_signs(asked: list[str]) -> None:
    assert names_of(asked, {"x_own": "Customer Segment"}) == {"x_own": "Customer Segment"}


def test_a_column_of_another_record_is_found_by_its_label_to_the_letter_alone() -> None:
    there = {"x_own": "Customer Segment", "x_other": "Customer/City", "customer_name": "Name"}
    asked = ["Customer/Segment", "customer/city", "Customer/Name"]
    assert names_of(asked, there) == {
        "x_own": "Customer/Segment", "x_other": "customer/city", "customer_name": "Customer/Name",
    }  # fmt: skip
    assert names_of(asked, there, lambda column: "/" in column) == {"x_other": "customer/city"}


def test_numbers_that_a_crm_writes_as_texts_are_numbers_but_what_tells_the_outcome_stays() -> None:
    there = {
        "amount": Described("Amount", number=True), "units": Described("Units", number=True),
        "won": Described("Won", number=True), "size": Described("Size"),
    }  # fmt: skip
    settings = CrmSettings.model_validate({"kind": "hubspot", "outcome": {"field": "won"}})
    found = naming({name: name for name in there}, there, settings, lambda _column, _value: False)
    assert found.numbers == {"amount", "units"}
    told = found.told(
        {"amount": "1.125", "units": "1200", "won": "1", "size": "1.125", "name": "2"}
    )
    assert told == {"amount": 1.125, "units": 1200, "won": "1", "size": "1.125", "name": "2"}


@pytest.mark.parametrize("text", ["", "1,5", "12345678901234567890", "1e5", "n/a", " 5", None, 5])
def test_what_is_no_plain_number_stays_as_it_is(text: JsonValue) -> None:
    assert numbered(text) == text
