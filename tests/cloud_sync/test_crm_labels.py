"""Columns of an export are found in the CRM by their labels; what the CRM has not is not asked for."""

from __future__ import annotations

from cloud_sync.crm.labels import names_of

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
