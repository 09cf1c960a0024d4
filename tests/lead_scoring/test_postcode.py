"""A postcode tells in which area and district it is."""

from __future__ import annotations

import pytest

from kits.lead_scoring._postcode import place_of


@pytest.mark.parametrize(
    ("postcode", "place"),
    [
        ("SW12 4AB", ("SW", "SW12")),
        ("SW1 4AB", ("SW", "SW1")),
        ("ec1a1bb", ("EC", "EC1A")),
        ("M1 1AE", ("M", "M1")),
        ("B33", ("B", "B33")),
        ("M5V 2T6", ("M", "M5V")),
        ("D02 X285", ("D", "D02")),
        ("B1636FDA", ("B", "B1636")),
        ("VLT 1117", ("VLT", "VLT")),
        ("1012 AB", ("10**", "1012")),
        ("94105-1234", ("94***", "94105")),
        ("94105", ("94***", "94105")),
        ("00-950", ("00***", "00950")),
        ("100-0001", ("10*", "100")),
        ("01310-100", ("01***", "01310")),
        ("D-80331", ("D80***", "D80331")),
        ("A-1010", ("A10**", "A1010")),
        ("CH 8000", ("CH80**", "CH8000")),
        ("SE-114 55", ("SE11***", "SE11455")),
    ],
)
def test_the_area_and_the_district(postcode: str, place: tuple[str, str]) -> None:
    assert place_of(postcode) == place
    assert place_of(f" {postcode.lower()} ") == place


@pytest.mark.parametrize(
    "text", ["", "London", "80331 München", "12", "n/a", "SW12 4AB, London", "X" * 200]
)
def test_what_is_no_postcode_is_nowhere(text: str) -> None:
    assert place_of(text) is None
