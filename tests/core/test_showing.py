"""A text's pieces as a person reads them: what was found, and what it says where the words do not."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from kits.core.prediction import Span
from kits.core.showing import Piece, pieces, value_in_words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        ("48214", "48214"),
        (3, "3"),
        ({"date": "2026-04-03"}, "2026-04-03"),
        ({"date": "2026-03-04", "or": "2026-04-03"}, "2026-03-04 or 2026-04-03"),
        ({"value": "79.90", "currency": "EUR"}, "79.90 EUR"),
        ({"value": "79.90", "currency": ""}, "79.90"),
        ({"month": 4, "day": 3}, ""),
    ],
)
def test_values_are_said_in_words(value: JsonValue, words: str) -> None:
    assert value_in_words(value) == words


def test_a_piece_carries_what_it_says() -> None:
    text = "It came yesterday, order 48214."
    found = pieces(
        text,
        [
            Span(8, 17, "date", "yesterday", value={"date": "2026-04-03"}),
            Span(25, 30, "order", "48214"),
        ],
    )
    assert found == (
        Piece("It came "),
        Piece("yesterday", "date", "2026-04-03"),
        Piece(", order "),
        Piece("48214", "order", ""),
        Piece("."),
    )
