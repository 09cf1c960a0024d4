"""A lead from a CRM's API is kept as an import of it would have it, so that nothing seems to have changed between."""

from __future__ import annotations

from kits.lead_scoring._court.columns import read_column
from kits.lead_scoring._court.plain import cramers_v
from kits.lead_scoring._features.keeping import worth_keeping
from kits.lead_scoring._features.spec import ChoiceColumn, NumberColumn, TruthColumn
from kits.lead_scoring._lead import Lead

COLUMNS = (
    NumberColumn(name="visits"),
    TruthColumn(name="demo"),
    ChoiceColumn(name="country", values=("de",)),
)


def test_only_what_the_bundle_looks_at_is_kept_and_cells_are_what_they_stand_for() -> None:
    told = {
        "visits": "1.234,5",
        "demo": "no",
        "country": " DE ",
        "hs_object_id": "17",
        "email": "a@b.example",
    }
    assert worth_keeping(Lead("17", told), COLUMNS).fields == {
        "visits": 1234.5, "demo": False, "country": "DE",
    }  # fmt: skip


def test_cells_that_say_nothing_are_left_out_and_named_others_stay() -> None:
    told = {"visits": "unknown", "demo": "maybe", "country": "", "no_mail": "yes"}
    assert worth_keeping(Lead("17", told), COLUMNS, ["no_mail"]).fields == {"no_mail": "yes"}


def test_yes_is_yes_however_a_source_spells_it() -> None:
    column = read_column("demo", [*[True, False] * 30, *["yes", "no"] * 30])
    assert set(column.labels) <= {"empty", "other", "yes", "no"}
    assert column.distinct == 2


def test_two_columns_that_one_source_lacks_do_not_tell_each_other() -> None:
    known = [("f", "a"), ("f", "b"), ("m", "a"), ("m", "b")] * 40
    one = read_column("gender", [*(g for g, _ in known), *[None] * 160])
    two = read_column("source", [*(s for _, s in known), *[None] * 160])
    assert cramers_v(two, one) < 0.1
