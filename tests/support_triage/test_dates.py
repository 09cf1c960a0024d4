"""Days in twelve languages: found whole, read right, and unsure where they are."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import JsonValue

from kits.support_triage._entities.dates import read_date
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.spec import EntitiesSpec

ONLY = Extractor(EntitiesSpec(kinds=("date",)))
THIRD = {"date": "2026-03-03"}
WRITTEN: list[tuple[str, str, str, JsonValue]] = [
    ("en", "on 3 March 2026 it", "3 March 2026", THIRD),
    ("en", "on March 3rd, 2026 it", "March 3rd, 2026", THIRD),
    ("en", "on the 3rd of March 2026.", "3rd of March 2026", THIRD),
    ("en", "Tuesday, 3 March 2026", "Tuesday, 3 March 2026", THIRD),
    ("en", "on 2026-03-03 it", "2026-03-03", THIRD),
    ("de", "am 3. März 2026 war", "3. März 2026", THIRD),
    ("de", "am 03.03.2026.", "03.03.2026", THIRD),
    ("de", "am 3.3.26 war", "3.3.26", THIRD),
    ("fr", "le 3 mars 2026", "3 mars 2026", THIRD),
    ("fr", "le 1er mars 2026", "1er mars 2026", {"date": "2026-03-01"}),
    ("es", "el 3 de marzo de 2026", "3 de marzo de 2026", THIRD),
    ("it", "il 3 marzo 2026", "3 marzo 2026", THIRD),
    ("pt", "em 3 de março de 2026", "3 de março de 2026", THIRD),
    ("nl", "op 3 maart 2026", "3 maart 2026", THIRD),
    ("pl", "dnia 3 marca 2026", "3 marca 2026", THIRD),
    ("sv", "den 3 mars 2026", "3 mars 2026", THIRD),
    ("da", "den 3. marts 2026", "3. marts 2026", THIRD),
    ("cs", "dne 3. března 2026", "3. března 2026", THIRD),
    ("tr", "3 mart 2026 günü", "3 mart 2026", THIRD),
    ("de", "am 24.12. nicht", "24.12.", {"month": 12, "day": 24}),
    ("en", "in March 2026 we", "March 2026", {"year": 2026, "month": 3}),
    ("en", "since 5 May", "5 May", {"month": 5, "day": 5}),
    ("en", "it came yesterday", "yesterday", {"days": -1}),
    ("en", "it came 3 days ago", "3 days ago", {"days": -3}),
    ("en", "two weeks ago we", "two weeks ago", {"days": -14}),
    ("de", "vor zwei Wochen kam", "vor zwei Wochen", {"days": -14}),
    ("fr", "il y a 3 jours", "il y a 3 jours", {"days": -3}),
    ("es", "hace 3 días", "hace 3 días", {"days": -3}),
    ("it", "3 giorni fa", "3 giorni fa", {"days": -3}),
    ("nl", "3 dagen geleden", "3 dagen geleden", {"days": -3}),
    ("sv", "för 3 dagar sedan", "för 3 dagar sedan", {"days": -3}),
    ("pl", "3 dni temu", "3 dni temu", {"days": -3}),
    ("tr", "3 gün önce", "3 gün önce", {"days": -3}),
    ("de", "kommt übermorgen an", "übermorgen", {"days": 2}),
    ("en", "on Monday please", "Monday", {"weekday": 1}),
]


@pytest.mark.parametrize(("language", "text", "surface", "value"), WRITTEN)
def test_a_day_is_found_whole_and_read(
    language: str, text: str, surface: str, value: JsonValue
) -> None:
    spans = ONLY.find(text, language)
    assert [span.text for span in spans] == [surface]
    assert ONLY.normalise(spans[0], language) == value


def test_a_relative_day_counts_from_the_day_of_writing() -> None:
    assert read_date("yesterday", on=date(2026, 3, 1)) == {"date": "2026-02-28"}
    assert read_date("vor zwei Wochen", on=date(2026, 3, 15)) == {"date": "2026-03-01"}


@pytest.mark.parametrize(
    ("language", "order", "value"),
    [
        ("en", "auto", {"date": "2026-03-04", "or": "2026-04-03"}),
        ("", "auto", {"date": "2026-04-03", "or": "2026-03-04"}),
        ("fr", "auto", {"date": "2026-04-03"}),
        ("en", "yes", {"date": "2026-04-03"}),
        ("fr", "no", {"date": "2026-03-04"}),
    ],
)
def test_an_unsure_order_of_day_and_month_is_told(
    language: str, order: str, value: JsonValue
) -> None:
    assert read_date("03/04/2026", language, day_first=order) == value


def test_an_order_that_only_fits_one_way_is_sure() -> None:
    assert read_date("25/12/2026", "en") == read_date("12/25/2026", "fr") == {"date": "2026-12-25"}


@pytest.mark.parametrize(
    "text",
    [
        "version 1.2.3 of it",
        "31.02.2026 is none",
        "may I ask, march on",
        "10.0.0.1",
        "1/2 litre",
        "call 030-12-345678",
        "in 12345-67-89",
    ],
)
def test_what_only_looks_like_a_day_is_none(text: str) -> None:
    assert ONLY.find(text, "en") == ()
