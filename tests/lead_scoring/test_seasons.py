"""More are won in summer than in winter, each year again: said, learned, and a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from kits.lead_scoring._checking.seasons import Floats, season_note, season_of, seasons
from kits.lead_scoring._features.arrivals import moments
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._learning.backtest import run_backtest
from kits.lead_scoring._learning.candidates import Candidate
from kits.lead_scoring._learning.folds import origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.rates import learn_rates
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.season import SEASON, adds, peak_of, quarter_of
from kits.lead_scoring._models.spec import CalibratorSpec, ModelSpec, SeasonSpec
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from tests.lead_scoring.checked_leads import leads, only
from tests.lead_scoring.made_leads import a_table, repeated
from tests.lead_scoring.trained_leads import a_dataset, bundle_of, splits_in_time

YEAR = 365.2425
END = 20_727.0
"""Days from 1970 to 1 October 2026."""
JULY = 196.0


def firm(seed: int, years: float, swing: float = 0.0, *, what: str = "") -> tuple[Floats, Floats]:
    """When 4,000 leads came, in seconds, and which were won: most in July, with a swing in log-odds."""
    rng = np.random.default_rng([seed, 5])
    days = np.sort(rng.uniform(END - years * YEAR, END, 4_000))
    of_year = (days % YEAR - JULY) / YEAR
    place = (days - days[0]) / (days[-1] - days[0])
    odds = -1.2 + rng.normal(0, 0.6, len(days)) + swing * np.cos(2 * np.pi * of_year)
    odds += {
        "": 0.0 * place,
        "rises": 1.5 * place,
        "step": 0.7 * (place > 0.55),
        "hump": 0.6 * np.exp(-(((place - 0.4) / 0.1) ** 2)),
    }[what]
    won = rng.random(len(days)) < 1 / (1 + np.exp(-odds))
    return days * 86_400.0, won.astype(np.float64)


@pytest.mark.parametrize("years", [2.1, 3.4])
def test_a_swing_of_each_year_is_found_with_its_quarter(years: float) -> None:
    found = season_of(*firm(1, years, 0.4))
    assert found is not None
    assert found.peak in (6, 7, 8) and found.years == int(years)
    assert found.best.low > found.worst.high


@pytest.mark.parametrize("what", ["", "rises", "step", "hump"])
@pytest.mark.parametrize("years", [2.1, 3.4])
def test_what_happened_once_is_no_season(what: str, years: float) -> None:
    told = [season_of(*firm(seed, years, what=what)) is not None for seed in range(20)]
    assert sum(told) <= 2


def test_less_than_two_years_tell_none() -> None:
    assert season_of(*firm(1, 1.8, 0.8)) is None


def test_a_year_with_few_won_tells_none() -> None:
    at, won = firm(1, 2.1, 0.4)
    won[at < at[-1] - YEAR * 86_400] = 0.0
    assert season_of(at, won) is None


def of_firm(folder: Path, at: Floats, won: Floats) -> LeadTable:
    """Every second lead as a table."""
    rows = [
        [n, np.datetime64(int(second), "s").astype(str)[:10], "Won" if one else "Lost"]
        for n, (second, one) in enumerate(zip(at[::2], won[::2]))
    ]
    return leads(folder, ["id", "created_at", "status"], rows)


def test_it_is_told_by_check_and_beside_the_figures(tmp_path: Path) -> None:
    table = of_firm(tmp_path, *firm(1, 2.1, 0.5))
    found = only(list(seasons(table, Config())))
    assert found.level == "warn" and "in each of 2 years" in found.text
    (note,) = season_note(table, learned=True)
    assert note.startswith("season: more leads are won") and "adds the time of year" in note
    (note,) = season_note(table, learned=False)
    assert "does not add the time of year" in note


def test_a_firm_without_seasons_hears_nothing_of_them(tmp_path: Path) -> None:
    table = of_firm(tmp_path, *firm(3, 2.1))
    assert not list(seasons(table, Config())) and not season_note(table, learned=False)


def day(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def learner_of(at: Floats, won: Floats, config: Config, **columns: Floats) -> Learner:
    """One that has a column of noise, and others."""
    noise = np.random.default_rng(2).normal(size=len(at))
    rows: list[dict[str, Value]] = [
        {name: float(values[n]) for name, values in {"noise": noise, **columns}.items()}
        for n in range(len(at))
    ]
    sheet = Sheet([Lead(str(n), row, day(at[n])) for n, row in enumerate(rows)])
    kinds = kinds_of(sheet, np.arange(len(at)), sheet.names, config.columns)
    return Learner(sheet, won, kinds, frozenset(), config, 0)


def learned(at: Floats, won: Floats, *, on: bool = True, **columns: Floats) -> SeasonSpec | None:
    """What a training makes of the time of year."""
    config = Config.model_validate({"approach": "logistic", "seasons": on})
    plain = Candidate("logistic", straight=True)
    return learner_of(at, won, config, **columns).fit(np.arange(len(at)), plain).season


def test_a_training_learns_how_large_it_is_and_when() -> None:
    at, won = firm(1, 3.1, 0.5)
    found = learned(at, won)
    assert found is not None
    assert np.hypot(found.cosine, found.sine) == pytest.approx(0.5, abs=0.12)
    assert peak_of(found.cosine, found.sine) in (6, 7, 8)
    assert float(adds(found, at).mean()) == pytest.approx(0.0, abs=1e-9)


def test_one_that_a_column_tells_is_not_counted_twice() -> None:
    at, won = firm(1, 3.1, 0.5)
    wave = np.cos(2 * np.pi * (at / 86_400 - JULY) / YEAR)
    found = learned(at, won, heat=wave)
    assert found is None or np.hypot(found.cosine, found.sine) < 0.1


def test_none_is_learned_where_there_is_none_or_nobody_wants_it() -> None:
    assert learned(*firm(3, 3.1)) is None
    assert learned(*firm(1, 3.1, 0.5), on=False) is None


def test_steps_of_the_backtest_know_no_season_from_later_leads() -> None:
    at, won = firm(1, 4.1, 0.5)
    splits = splits_in_time(len(at))
    later = np.array(splits) == "test"
    turned = np.where(later, 1 - won, won)
    config = Config.model_validate({"approach": "logistic"})
    found = []
    for outcomes in (won, turned):
        steps = origins(splits, [""] * len(at), config.folds, in_time=True, seed=0)
        plain = [Candidate("logistic", straight=True)]
        made = run_backtest(learner_of(at, outcomes, config), steps, plain, in_time=True)
        found.append(
            np.array([made.unseen[row] for row in np.flatnonzero(np.array(splits) == "val")])
        )
    assert np.array_equal(*found)
    whole_year = np.array(
        [made.whole_year[row] for row in np.flatnonzero(np.array(splits) == "val")]
    )
    summer = np.cos(2 * np.pi * (at[np.array(splits) == "val"] / 86_400 - JULY) / YEAR) > 0
    assert found[0][summer].mean() > found[0][~summer].mean() + 0.05
    assert whole_year[summer].mean() == pytest.approx(whole_year[~summer].mean(), abs=0.02)


def test_a_lead_without_a_date_is_given_the_whole_year() -> None:
    spec = SeasonSpec(cosine=0.4, sine=-0.2, level=0.1)
    found = adds(spec, moments([Lead("1"), Lead("2", at=day(0.0))]))
    assert found.tolist() == pytest.approx([0.0, 0.5])


@pytest.mark.parametrize(
    ("month", "peak", "quarter"),
    [(7, 7, (6, 7, 8)), (9, 7, (9, 10, 11)), (1, 7, (12, 1, 2)), (5, 7, (3, 4, 5)), (2, 1, (12, 1, 2))],
)  # fmt: skip
def test_months_are_counted_in_quarters_about_the_best_one(
    month: int, peak: int, quarter: tuple[int, int, int]
) -> None:
    assert quarter_of(month, peak) == quarter


@cache
def dated() -> LeadTable:
    """A lead a day for four years; one in four is won from June to August, one in ten else."""
    table = a_table(repeated({"source": "fair"}, 730, 731))
    months = np.array([lead.at.month if lead.at else 0 for lead in table.leads])
    every = np.where(np.isin(months, (6, 7, 8)), 4, 10)
    return replace(table, won=(np.arange(len(table)) % every == 0).astype(np.float64))


def test_it_is_a_reason_with_the_share_of_its_three_months() -> None:
    season = SeasonSpec(cosine=-0.5, sine=0.0, level=0.0)
    spec = learn_rates(dated(), ["source"], Config(), season=season)
    july = Lead("1", {"source": "fair"}, datetime(2026, 7, 20, tzinfo=timezone.utc))
    (reason,) = Explainer(spec).reasons(july, {SEASON: 0.5})
    assert reason.text == "Time of year June to August: 25 % of such leads buy, average 14 %"
    german = learn_rates(dated(), [], Config(language="de"), season=season)
    (reason,) = Explainer(german).reasons(replace(july, at=day(0.0)), {SEASON: -0.5})
    assert reason.text.startswith("Jahreszeit Dezember bis Februar: 10 % solcher Leads kaufen")


def test_contributions_and_the_season_are_the_log_odds() -> None:
    at, won = firm(1, 3.1, 0.5)
    learner = learner_of(at, won, Config.model_validate({"approach": "logistic"}))
    fitted = learner.fit(np.arange(len(at)), Candidate("logistic", straight=True))
    assert fitted.season is not None
    half = CalibratorSpec(method="platt", a=0.5, b=-0.2)
    spec = ModelSpec(
        approach="logistic", additive=fitted.additive, season=fitted.season, calibrator=half
    )
    encoder = Encoder(fitted.encoder)
    with_it = Scorer(spec, encoder)
    without = Scorer(spec.model_copy(update={"season": None}), encoder)
    asked = [Lead(str(n), {"noise": 0.3}, day(at[n])) for n in range(0, 4000, 400)]
    for lead, before, after in zip(asked, without.score(asked), with_it.score(asked)):
        total = after.base_logit + sum(after.contributions.values())
        assert total == pytest.approx(after.logit, abs=1e-9)
        added = 0.5 * float(adds(fitted.season, moments([lead]))[0])
        assert after.contributions[SEASON] == pytest.approx(added, abs=1e-9)
        assert after.logit == pytest.approx(before.logit + added, abs=1e-9)
    alone = with_it.probabilities(asked)
    assert alone.tolist() == pytest.approx([one.probability for one in with_it.score(asked)])


def test_a_bundle_knows_the_time_of_year_and_its_backtest_both_ways() -> None:
    at, won = firm(1, 3.1, 0.5)
    noise = np.random.default_rng(2).normal(size=len(at)).round(2)
    some = [Lead(str(n), {"noise": float(noise[n])}, day(at[n])) for n in range(0, len(at), 2)]
    bought = [bool(one) for one in won[::2]]
    metas = [{"order": float(second)} for second in at[::2]]
    dataset = a_dataset(some, bought, splits_in_time(len(some)), metas)
    told, ready, _ = bundle_of(dataset, Config.model_validate({"approach": "logistic", "folds": 2}))
    assert any("the model adds the time of year" in note for note in told.notes)
    runtime = ready.runtime
    assert isinstance(runtime, LeadRuntime)
    known = runtime.backtest_of_whole_year
    assert known.keys() < runtime.backtest.keys(), "the first steps have no two years behind them"
    assert all(known[name] != runtime.backtest[name] for name in list(known)[:20])
    january, july = (
        ready.predict([{"id": "1", "fields": {"noise": 0.0}, "at": f"2027-{month}-10T00:00:00Z"}])[
            0
        ]
        for month in ("01", "07")
    )
    assert july.probabilities["won"] > january.probabilities["won"] + 0.05
    assert july.score == january.score
    assert any(reason.text.startswith("Time of year June to August") for reason in july.reasons)
