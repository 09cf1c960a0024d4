"""Moments are read as people write them, and what only begins like one costs little."""

from __future__ import annotations

import pytest

from kits.core.moments import (
    MONTH_FIRST,
    NAMED,
    YEAR_FIRST,
    YEAR_LAST,
    form_of,
    read_month_first,
    read_named,
    read_year_first,
    read_year_last,
)

TEN = 1_735_639_200.0


def test_blanks_may_be_several() -> None:
    assert read_year_first("2024-12-31   10:00:00  Z") == (TEN, True)
    assert read_named("31.  December   2024  10:00  AM  +00:00") == (TEN, True)
    assert read_month_first("Dec  31,  2024,  10:00  am") == (TEN, False)


@pytest.mark.parametrize(
    "text",
    ["31.12.2024 um 10:00 Uhr", "31.12.2024, 10:00 Uhr", "31/12/2024 à 10h00", "31.12.2024 kl. 10.00", "31-12-2024 om 10:00 uur"],
)  # fmt: skip
def test_hours_are_read_with_the_words_that_go_with_them(text: str) -> None:
    assert read_year_last(YEAR_LAST.fullmatch(text), day_first=True) == (TEN, False)
    assert read_month_first("December 31, 2024 at 10:00 AM") == (TEN, False)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (YEAR_FIRST, "2024-12-31T10:00:00.5"), (YEAR_LAST, "31.12.2024 10:00"), (NAMED, "31 Dec 2024 10:00"),
        (MONTH_FIRST, "Dec 31, 2024 10:00"),
    ],
)  # fmt: skip
def test_blanks_without_end_make_no_moment(form: object, text: str) -> None:
    assert form_of([text], 1.0) is form
    # where each of them was tried between either parts, for hours
    assert form_of([text + " " * 3_000_000 + "x"], 1.0) is None
