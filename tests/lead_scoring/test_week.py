"""The day and the hour at which leads come are learned where they tell who buys, again and again; chance and imports do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.lead_scoring._checking.week import week as told_by_check
from kits.lead_scoring._features.arrivals import times_of_arrival
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.spec import EncoderSpec, Week
from kits.lead_scoring._features.usual import skews, usual_of
from kits.lead_scoring._features.week import DAYS, PARTS, WEEK, hours_of, labels, rates
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.encoding import encode, fit_encoder
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._learning.week import week_of
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._reasons.spec import ReasonsSpec
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from tests.lead_scoring.checked_leads import only
from tests.lead_scoring.made_leads import a_table
from tests.lead_scoring.trained_leads import a_dataset, bundle_of, splits_in_time

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
HOUR, DAY = 3_600.0, 86_400.0
MONDAY = datetime(2025, 1, 6, tzinfo=timezone.utc).timestamp()
HOURS = Week(days=tuple(map(float, range(DAYS))), parts=tuple(map(float, range(PARTS))))
Odds = Callable[[Ints, Ints], Floats]
"""Days of the week and hours → what they add to log-odds."""


def by_office(day: Ints, hour: Ints) -> Floats:
    return 1.2 * ((day < 5) & (hour >= 8) & (hour < 18))


def by_weekend(day: Ints, _: Ints) -> Floats:
    return -1.2 * (day >= 5)


def by_nothing(day: Ints, _: Ints) -> Floats:
    return 0.0 * day


def firm(
    odds: Odds, seed: int = 0, n: int = 3_000, *, whole_days: bool = False
) -> tuple[Floats, Floats]:
    """When leads came within a year, in seconds, and which were won."""
    rng = np.random.default_rng([seed, 11])
    at = MONDAY + np.sort(rng.integers(0, 364 * 24 * 60, n)) * 60.0 + 1.0
    hours = hours_of(at)
    odds_of = -2.0 + odds(hours // 24, hours % 24)
    won = (rng.random(n) < 1 / (1 + np.exp(-odds_of))).astype(np.float64)
    return (at // DAY * DAY if whole_days else at), won


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def leads_at(at: Floats) -> list[Lead]:
    return [Lead(str(n), {"noise": float(n % 7)}, moment(one)) for n, one in enumerate(at)]


def table_of(at: Floats, won: Floats) -> LeadTable:
    rows = [({"noise": float(n % 7)}, one) for n, one in enumerate(won.tolist())]
    return replace(a_table(rows), leads=tuple(leads_at(at)))


@pytest.mark.parametrize(
    ("odds", "whole_days", "found"),
    [
        (by_office, False, "hours"),
        (by_weekend, True, "days"),
        (by_nothing, False, "nothing"),
        (by_nothing, True, "nothing"),
    ],
)
def test_what_tells_who_buys_in_both_halves_is_learned(
    odds: Odds, whole_days: bool, found: str
) -> None:
    learned = week_of(*firm(odds, whole_days=whole_days))
    assert found == ("nothing" if learned is None else "hours" if learned.hours else "days")


def test_chance_is_hardly_ever_learned() -> None:
    assert sum(week_of(*firm(by_nothing, seed, 1_000)) is not None for seed in range(20)) <= 2


def test_what_was_so_in_one_half_alone_is_not_learned() -> None:
    at, won = firm(by_office)
    late = at > np.median(at)
    won[late] = np.random.default_rng(0).permutation(won[late])
    assert week_of(at, won) is None


def test_less_than_two_months_and_few_won_tell_nothing() -> None:
    at, won = firm(by_office)
    assert week_of(MONDAY + (at - MONDAY) / 8, won) is None
    won[np.flatnonzero(won)[60:]] = 0.0
    assert week_of(at, won) is None


def test_leads_of_which_the_month_is_told_have_no_day() -> None:
    at, won = firm(by_weekend, whole_days=True)
    months = np.array([moment(one).replace(day=1).timestamp() for one in at.tolist()])
    first = hours_of(months) // 24
    assert week_of(months, np.where(first >= 5, 0.0, won)) is None
    assert week_of(at, np.where(hours_of(at) // 24 >= 5, 0.0, won)) is not None


def test_what_tells_more_than_a_time_can_is_not_learned() -> None:
    at, _ = firm(by_office)
    assert week_of(at, (hours_of(at) % 24 < 4).astype(np.float64)) is None


def test_leads_that_were_imported_together_do_not_tell_when_they_came() -> None:
    at, won = firm(by_nothing)
    lists = np.random.default_rng(1).random(len(at)) < 0.2
    nights = MONDAY + 7 * DAY * np.array([3, 12, 25, 33, 44]) + 2 * HOUR
    at[lists], won[lists] = np.resize(nights, int(lists.sum())), 0.0
    came = times_of_arrival(at)
    assert np.isnan(came[lists]).all() and np.isfinite(came[~lists]).all()
    assert week_of(at, won) is not None and week_of(came, won) is None


def test_where_others_tell_an_hour_one_of_midnight_has_none() -> None:
    at = np.array([MONDAY + 1.0, MONDAY + 9 * HOUR, MONDAY + DAY, np.nan])
    assert np.isnan(times_of_arrival(at)).tolist() == [False, False, True, True]
    days = np.array([MONDAY, MONDAY, MONDAY + HOUR])
    assert times_of_arrival(days).tolist() == days.tolist(), "days alone are told by most"


@pytest.mark.parametrize("week", [HOURS, Week(days=HOURS.days)])
def test_a_table_and_a_lead_have_the_same_columns(week: Week) -> None:
    at = MONDAY + HOUR * np.arange(0.5, 7 * 24)
    matrix = rates(np.append(at, np.nan), week).astype(np.float32)
    encoder = Encoder(EncoderSpec(columns=(), week=week))
    np.testing.assert_array_equal(encoder.rows([*leads_at(at), Lead("undated")]), matrix)
    assert encoder.labels == labels(week) and set(encoder.sources) == {WEEK}
    assert np.isnan(matrix[-1]).all() and matrix[9, 0] == 0.0 and matrix[-2, 0] == 6.0
    assert encoder.unknown(Lead("undated")) == ()


def test_an_encoder_looks_at_it_where_it_is_asked_to_and_it_tells() -> None:
    at, won = firm(by_office)
    sheet, rows = Sheet(leads_at(at)), np.arange(len(at))
    made = fit_encoder(sheet, rows, won, {"noise": "number"}, 0, week=True)
    assert made.spec.week is not None and made.spec.week.hours
    known = encode(sheet, rows, made.spec)
    np.testing.assert_array_equal(made.encoder.rows(leads_at(at[:50])), known[:50])
    # what is learned from sees the others of its time, not itself: near the same, and not it
    apart = np.abs(known - made.matrix)[:, 1:]
    assert 0 < apart.max() < 0.5 and apart[:, 0].max() > 0
    assert fit_encoder(sheet, rows, won, {"noise": "number"}, 0).spec.week is None
    lot = np.random.default_rng(0).permutation(won)
    assert fit_encoder(sheet, rows, lot, {"noise": "number"}, 0, week=True).spec.week is None


def reasons_of(odds: Odds, language: str = "en") -> ReasonsSpec:
    at, won = firm(odds, whole_days=odds is by_weekend)
    week = week_of(at, won)
    encoder = EncoderSpec(columns=(), week=week)
    return learn_rates(table_of(at, won), [], Config(language=language), encoder=encoder)


@pytest.mark.parametrize(
    ("odds", "language", "hours", "words"),
    [
        (by_office, "en", 9, "Came Monday to Friday, 8 to 12 o'clock: "),
        (by_office, "de", 5 * 24 + 20, "Kam am Wochenende, 20 bis 24 Uhr: "),
        (by_weekend, "en", 6 * 24, "Came on a Sunday: "),
        (by_weekend, "fr", 0, "Arrivé un lundi : "),
    ],
)
def test_it_is_a_reason_with_the_share_of_such_leads(
    odds: Odds, language: str, hours: int, words: str
) -> None:
    spec = reasons_of(odds, language)
    lead = Lead("1", {}, moment(MONDAY + hours * HOUR))
    weight = 1.0 if hours == 9 or (odds is by_weekend and not hours) else -1.0
    (reason,) = Explainer(spec).reasons(lead, {WEEK: weight})
    assert reason.text.startswith(words)
    counted = spec.columns[WEEK]
    assert sum(one.n for one in counted.choices.values()) == counted.given.n == spec.base.n


def test_check_asks_who_entered_the_leads() -> None:
    found = only(list(told_by_check(table_of(*firm(by_office)), Config())))
    assert (found.check, found.level) == ("week", "warn") and "model.week: false" in found.fix
    assert found.evidence[0].startswith("Monday to Friday, ")
    days = only(list(told_by_check(table_of(*firm(by_weekend, whole_days=True)), Config())))
    assert days.evidence[-1].startswith(("Saturday: ", "Sunday: "))


def test_check_says_nothing_where_nothing_tells_or_nobody_wants_it() -> None:
    assert not list(told_by_check(table_of(*firm(by_nothing)), Config()))
    assert not list(told_by_check(table_of(*firm(by_office)), Config(week=False)))


@pytest.mark.parametrize(("shift", "word"), [(8, "after"), (-8, "before"), (1, "")])
def test_leads_whose_times_are_of_another_zone_are_told(shift: int, word: str) -> None:
    rng = np.random.default_rng(0)
    at = MONDAY + rng.integers(0, 300, 400) * DAY + rng.uniform(8, 18, 400) * HOUR
    usual = usual_of([], leads_at(at[:300]), HOURS)
    found = skews([], usual, leads_at(at[300:] + shift * HOUR))
    assert [one.column for one in found] == [WEEK] * bool(word)
    assert all(f" came {word} " in one.text for one in found)
    assert usual_of([], leads_at(at), Week(days=HOURS.days)) == usual_of([], leads_at(at)) == {}


@cache
def trained() -> tuple[tuple[str, ...], LeadRuntime]:
    at, won = firm(by_office, n=2_000)
    metas = [{"order": float(one)} for one in at]
    bought = [bool(one) for one in won]
    dataset = a_dataset(leads_at(at), bought, splits_in_time(len(at)), metas)
    told, ready, _ = bundle_of(dataset, Config.model_validate({"approach": "logistic", "folds": 2}))
    assert isinstance(ready.runtime, LeadRuntime)
    return told.details, ready.runtime


def test_a_bundle_scores_by_when_a_lead_came() -> None:
    details, runtime = trained()
    assert any("the day and hour at which a lead comes is learned from" in one for one in details)
    assert WEEK not in runtime.columns and WEEK in runtime.spec.usual
    office, night = runtime.predict(
        [
            {"id": "1", "fields": {"noise": 0.0}, "at": f"2026-03-03T{hour}:30:00Z"}
            for hour in ("10", "23")
        ]
    )
    assert office.probabilities["won"] > night.probabilities["won"] + 0.05
    assert any(one.text.startswith("Came Monday to Friday, 8 to 12") for one in office.reasons)
