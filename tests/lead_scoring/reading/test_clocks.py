"""Tables that tell the time by different clocks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kits.lead_scoring._reading.joining.clocks import clocks_apart, on_the_half_hour

HOUR_S = 3_600.0


def lags(hours: Sequence[float], leads: int = 60) -> list[list[float]]:
    """Each lead has a row at each such distance, give or take half a minute, and one at a distance of its own."""
    return [
        [*(hour * HOUR_S + n % 60 - 30 for hour in hours), 4_321.0 * (n + 1)] for n in range(leads)
    ]


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        ((8.0,), "60 of 60 leads have a row of forms.csv 8 hours after they came"),
        ((-5.5,), "5.5 hours before they came, to the minute: if the two are"),
        ((0.0,), ""),
        ((0.0, 1.0), ""),  # the form, and a mail that a program sends an hour later
        ((), ""),
    ],
)
def test_rows_whole_hours_from_their_leads_are_told(hours: Sequence[float], told: str) -> None:
    said = [one.text for one in clocks_apart("forms.csv", lags(hours))]
    assert len(said) == bool(told) and told in "".join(said)


def test_summer_time_is_one_clock_still() -> None:
    both = [*lags((-1.0,), 30), *lags((-2.0,), 30)]
    (said,) = clocks_apart("forms.csv", both)
    assert "60 of 60" in said.text and "1 or 2 hours before" in said.text
    assert "what came later counts as known" in said.text


def test_few_leads_and_times_that_people_choose_say_nothing() -> None:
    assert not clocks_apart("forms.csv", lags((8.0,), 20))
    assert on_the_half_hour(34_200.0) and not on_the_half_hour(34_260.0)
