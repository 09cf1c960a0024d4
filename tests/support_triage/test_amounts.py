"""Sums of money in the formats of all locales."""

from __future__ import annotations

import pytest

from kits.support_triage._entities.amounts import read_amount, read_number
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.spec import EntitiesSpec

ONLY = Extractor(EntitiesSpec(kinds=("amount",)))


@pytest.mark.parametrize(
    ("text", "surface", "value", "currency"),
    [
        ("I paid € 1.234,50 for it", "€ 1.234,50", "1234.50", "EUR"),
        ("I paid 1,234.50 USD for it", "1,234.50 USD", "1234.50", "USD"),
        ("ich habe 1.234,50 € bezahlt", "1.234,50 €", "1234.50", "EUR"),
        ("payé 1 234,50 € hier", "1 234,50 €", "1234.50", "EUR"),
        ("a refund of $299.", "$299", "299", "USD"),
        ("a refund of £1,200.99!", "£1,200.99", "1200.99", "GBP"),
        ("CHF 1'234.50 sind", "CHF 1'234.50", "1234.50", "CHF"),
        ("kostet 50,- € und", "50,- €", "50", "EUR"),
        ("nur 50EUR heute", "50EUR", "50", "EUR"),
        ("zapłaciłem 99,90 zł", "99,90 zł", "99.90", "PLN"),
        ("zaplatil 1 500 Kč", "1 500 Kč", "1500", "CZK"),
        ("1.500 TL ödedim", "1.500 TL", "1500", "TRY"),
        ("cost me 20 dollars", "20 dollars", "20", "USD"),
        ("cost me 1.234 €", "1.234 €", "1234", "EUR"),
        ("cost me 12.5 euros", "12.5 euros", "12.5", "EUR"),
    ],
)
def test_a_sum_is_found_with_its_currency_and_read(
    text: str, surface: str, value: str, currency: str
) -> None:
    spans = ONLY.find(text)
    assert [span.text for span in spans] == [surface]
    assert ONLY.normalise(spans[0]) == {"value": value, "currency": currency}


def test_crowns_without_a_country_are_those_of_the_language() -> None:
    assert read_amount("499 kr", "sv") == {"value": "499", "currency": "SEK"}
    assert read_amount("499 kr", "da") == {"value": "499", "currency": "DKK"}
    assert read_amount("499 kr") == {"value": "499", "currency": ""}


@pytest.mark.parametrize("text", ["order 12345", "in 3 days", "$ and €", "the euro is strong"])
def test_a_number_without_a_currency_is_no_sum(text: str) -> None:
    assert ONLY.find(text) == ()


@pytest.mark.parametrize(
    ("digits", "value"),
    [
        ("1.234.567", "1234567"),
        ("1,234,567.8", "1234567.8"),
        ("0,5", "0.5"),
        ("007", "7"),
        ("1.2.3,4", "123.4"),
    ],
)
def test_separators_are_told_apart(digits: str, value: str) -> None:
    assert read_number(digits) == value
