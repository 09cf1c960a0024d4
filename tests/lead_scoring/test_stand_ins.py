"""Of an address its kind of mailbox is kept, of a phone number whether it was left: at import and at scoring alike."""

from __future__ import annotations

import pytest

from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring._stand_ins import GIVEN, KIND, made_among, source_of, with_stand_ins

COLUMNS = (f"Email{KIND}", f"Phone{GIVEN}", "Country")


def test_what_is_made_of_a_column_is_told_from_it() -> None:
    assert made_among(COLUMNS) == COLUMNS[:2]
    assert [*map(source_of, COLUMNS)] == ["Email", "Phone", "Country"]


def test_a_lead_that_brings_an_address_and_a_number_loses_both() -> None:
    lead = Lead("1", {"Email": "ann@gmail.com", "Phone": "+49 171 2345678", "Country": "DE"})
    scored = with_stand_ins(lead, made_among(COLUMNS))
    assert scored.fields == {f"Email{KIND}": "free", f"Phone{GIVEN}": True, "Country": "DE"}
    assert b"ann" not in encode_lead(scored) and b"171" not in encode_lead(scored)


@pytest.mark.parametrize(
    ("number", "given"), [(491712345678.0, True), ("", False), ("n/a", False), (None, False)]
)
def test_a_number_that_is_not_there_tells_as_much(number: Value, given: bool) -> None:
    scored = with_stand_ins(Lead("1", {"Phone": number}), (f"Phone{GIVEN}",))
    assert scored.fields == {f"Phone{GIVEN}": given}


@pytest.mark.parametrize(
    "fields",
    [{f"Email{KIND}": "company", f"Phone{GIVEN}": True}, {"Country": "DE"}, {"Email": None}],
)
def test_a_lead_that_brings_what_is_made_or_nothing_stays_as_it_is(
    fields: dict[str, Value],
) -> None:
    lead = Lead("1", fields)
    assert with_stand_ins(lead, made_among(COLUMNS)) is lead
