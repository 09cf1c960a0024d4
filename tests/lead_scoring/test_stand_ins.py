"""Of an address its kind of mailbox is kept, of a phone number whether it was left, of a postcode where about it is: at import and at
scoring alike."""

from __future__ import annotations

import pytest

from kits.lead_scoring._lead import Lead, Value, encode_lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._stand_ins import (
    AREA,
    DISTRICT,
    ENDING,
    GIVEN,
    KIND,
    made_among,
    source_of,
    with_stand_ins,
)
from kits.lead_scoring._stated import misspelt, reaching
from kits.lead_scoring.config import ColumnsConfig, Config
from tests.lead_scoring.made_leads import a_table, repeated

COLUMNS = (f"Email{KIND}", f"Phone{GIVEN}", "Country")


def test_what_is_made_of_a_column_is_told_from_it() -> None:
    assert made_among(COLUMNS) == COLUMNS[:2]
    assert [*map(source_of, COLUMNS)] == ["Email", "Phone", "Country"]


def test_a_lead_that_brings_an_address_and_a_number_loses_both() -> None:
    lead = Lead("1", {"Email": "ann@gmail.com", "Phone": "+49 171 2345678", "Country": "DE"})
    scored = with_stand_ins(lead, made_among(COLUMNS))
    assert scored.fields == {f"Email{KIND}": "free", f"Phone{GIVEN}": True, "Country": "DE"}
    assert b"ann" not in encode_lead(scored) and b"171" not in encode_lead(scored)


def test_of_an_address_both_its_kind_and_its_ending_are_kept() -> None:
    made = (f"Email{KIND}", f"Email{ENDING}")
    scored = with_stand_ins(Lead("1", {"Email": "info@acme.co.in"}), made)
    assert scored.fields == {made[0]: "shared", made[1]: "in"}


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


@pytest.mark.parametrize(
    ("postcode", "stands"), [("sw12 4ab", "SW"), (80331.0, "80***"), ("soon", None)]
)
def test_a_lead_that_brings_a_postcode_loses_it_for_its_area(
    postcode: Value, stands: Value
) -> None:
    scored = with_stand_ins(Lead("1", {"Zip": postcode}), (f"Zip{AREA}",))
    assert scored.fields == {f"Zip{AREA}": stands}


def test_where_districts_were_learned_from_it_loses_it_for_that() -> None:
    scored = with_stand_ins(Lead("1", {"Zip": "SW124AB"}), (f"Zip{DISTRICT}",))
    assert scored.fields == {f"Zip{DISTRICT}": "SW12"}


@pytest.mark.parametrize(
    ("stated", "heeded"), [("exclude", "exclude"), ("protected", "exclude"), ("keep", "keep")]
)
def test_what_a_person_says_of_a_postcode_is_said_of_its_area(stated: str, heeded: str) -> None:
    said = ColumnsConfig.model_validate({stated: ["Zip"]})
    meant = reaching([f"Zip{AREA}", f"Email{KIND}", "Country"], said)
    assert f"Zip{AREA}" in getattr(meant, heeded)
    assert {*meant.exclude, *meant.keep, *meant.protected} == {"Zip", f"Zip{AREA}"}


@pytest.mark.parametrize("end", [AREA, DISTRICT])
@pytest.mark.parametrize(
    ("language", "column", "says"),
    [
        ("en", "Postcode", "Postcode area SW: 20 % of such leads buy, average 15 %"),
        ("de", "PLZ", "PLZ-Gebiet SW: 20 % solcher Leads kaufen, im Schnitt 15 %"),
    ],
)
def test_where_a_postcode_is_is_told_as_its_area(
    language: str, column: str, says: str, end: str
) -> None:
    name = f"{column}{end}"
    rows = [*repeated({name: "SW"}, 20, 80), *repeated({name: "M"}, 10, 90)]
    explainer = Explainer(learn_rates(a_table(rows), [name], Config(language=language)))
    (reason,) = explainer.reasons(Lead("1", {name: "SW"}), {name: 0.9})
    assert reason.text == says


@pytest.mark.parametrize(("stated", "alike"), [("Postcod", ["Postcode"]), ("Postcode", [])])
def test_a_misspelt_column_that_something_was_made_of_is_told(
    stated: str, alike: list[str]
) -> None:
    said = ColumnsConfig(exclude=(stated,))
    assert [one.alike for one in misspelt([f"Postcode{AREA}", "Country"], said)] == alike
