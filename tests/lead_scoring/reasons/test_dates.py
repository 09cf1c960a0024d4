"""Dates in reasons: what is over, what lies ahead, and the day itself, in every language without a minus sign."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta, timezone

import pytest

from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.words import languages
from kits.lead_scoring._reasons.explainer import LONGEST, Explainer
from kits.lead_scoring._reasons.spec import NEWER, ReasonsSpec
from kits.lead_scoring.config import Config
from tests.lead_scoring.made_leads import START_S, a_table

START = datetime.fromtimestamp(START_S, tz=timezone.utc)
AHEAD = (-300, -120, -45, -10, 0, 0, 7, 60, 400)
"""Days from the date to the decision."""


def told(
    before: float,
    past: tuple[float, ...],
    language: str = "en",
    without: Collection[str] = (),
) -> str:
    """The reason of a lead whose date is so many days before its decision, after leads with such dates."""
    dates = [START + timedelta(days=n - past[n % len(past)]) for n in range(900)]
    rows = [({"start_on": day.isoformat()}, float(n % 4 == 0)) for n, day in enumerate(dates)]
    spec = learn_rates(a_table(rows), ["start_on"], Config(language=language))
    known = {name: words for name, words in spec.wording.subjects.items() if name not in without}
    stored = spec.model_copy(
        update={"wording": spec.wording.model_copy(update={"subjects": known})}
    )
    explainer = Explainer(ReasonsSpec.model_validate_json(stored.model_dump_json()))
    lead = Lead("1", {"start_on": (START - timedelta(days=before)).isoformat()}, START)
    [reason] = explainer.reasons(lead, {"start_on": -0.5})
    return reason.text


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (-300, "Start on 100 days or more ahead:"),
        (-46, "Start on 10 to 100 days ahead:"),
        (-3, "Start on within the next 10 days:"),
        (0, "Start on on the same day:"),
        (5, "Start on within 60 days:"),
        (90, "Start on over 60 days before:"),
    ],
)
def test_a_date_ahead_is_told_as_one_and_apart_from_those_that_are_over(
    before: float, words: str
) -> None:
    assert told(before, AHEAD).startswith(words)


def test_the_day_of_the_decision_is_no_span_of_nought_days() -> None:
    assert told(0, (0, 30, 90)).startswith("Start on on the same day:")


@pytest.mark.parametrize("before", [0.0007, 0.3, 2.4, 12.6, -29.7, -29.2])
def test_moments_are_told_in_whole_days(before: float) -> None:
    assert "." not in told(before, (0.0007, 0.3, 2.4, 12.6, -29.7, -29.2)).partition(":")[0]


def test_a_bundle_that_is_older_than_these_words_is_loaded_and_says_less() -> None:
    assert told(-46, AHEAD, without=NEWER).startswith("Start on is given:")
    assert told(90, AHEAD, without=NEWER).startswith("Start on over 60 days before:")


@pytest.mark.parametrize("language", languages())
def test_no_language_tells_days_below_nought_or_cuts_a_number(language: str) -> None:
    for before in (-300, -50, -1, 0, 3, 500):
        text = told(before, AHEAD, language)
        assert "-" not in text and "−" not in text and len(text) <= LONGEST
        assert not any(cut in text for cut in ("0…", "1…", "2…", "5…"))
