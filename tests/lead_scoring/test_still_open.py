"""A lead that stays open: its chance is what is left of it, where it is known how long outcomes take."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue
from scipy.stats import gamma

from kits.core.discovery import get_kit
from kits.core.errors import DataError, UsageError
from kits.core.kit import TrainOutcome
from kits.core.ready import ReadyBundle
from kits.lead_scoring._checking import amounts
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._judging import tables
from kits.lead_scoring._judging.of_runtime import still_open_by
from kits.lead_scoring._lead import Lead, Value, decode_lead, encode_lead, lead_from_json
from kits.lead_scoring._learning.delays import Delays, all_delays
from kits.lead_scoring._learning.still_open import Staying, staying
from kits.lead_scoring._models.scorer import Scorer
from kits.lead_scoring._models.spec import StillOpenSpec
from kits.lead_scoring._models.still_open import STILL_OPEN, adds, holds_for, step_of
from kits.lead_scoring._reading.samples import OUTCOME_AT, SETTLED_AT
from kits.lead_scoring._reasons.explainer import Explainer
from kits.lead_scoring._table import LeadTable, load_table
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from kits.toolchain.predict import inputs_of, moment_in
from tests.lead_scoring.checked_leads import only
from tests.lead_scoring.early_leads import DAYS, LOST_DAYS, WON_DAYS, Firm, items_of, known_of
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.reading.lead_files import put, table
from tests.lead_scoring.trained_leads import bundle_of

NOW = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
STEP = 0.1
SPEC = StillOpenSpec(days=(10.0, 30.0), adds=(0.0, -1.0), errors=(0.1, 0.2))


def stays_in(firm: Firm, delays: Delays | None = None) -> Staying | None:
    """What is known of a firm whose days are seconds."""
    found = delays or firm.delays()
    in_seconds = replace(
        found,
        order=found.order * DAY_S + 1.0,
        settled=found.settled * DAY_S + 1.0,
        now=found.now * DAY_S,
    )
    return staying(in_seconds, firm.at * DAY_S + 1.0, known_of(firm))


def learned(firm: Firm, delays: Delays | None = None) -> StillOpenSpec | None:
    found = stays_in(firm, delays)
    return None if found is None else found.spec


def of_age(days: float | None) -> Lead:
    fields: dict[str, Value] = {"size": 1.0}
    if days is None:
        return Lead("1", fields, NOW)
    return Lead("1", fields, NOW - timedelta(days=days), NOW)


@cache
def trained() -> tuple[TrainOutcome, ReadyBundle]:
    settings = {"approach": "logistic", "folds": 2, "week": False}  # by chance it is seen in these
    outcome, ready, _ = bundle_of(Firm(2, 2_000).dataset(), Config.model_validate(settings))
    return outcome, ready


def scorer(**change: object) -> Scorer:
    runtime = trained()[1].runtime
    assert isinstance(runtime, LeadRuntime)
    model = runtime.spec.model.model_copy(update=change)
    return Scorer(model, Encoder(runtime.spec.encoder), runtime.scorer.trees)


def test_what_an_age_adds_is_what_bayes_rule_makes_of_how_long_outcomes_take() -> None:
    days = np.array([15.0, 30.0, 60.0, 100.0])
    truth = gamma.logsf(days, 2, scale=WON_DAYS / 2) - gamma.logsf(days, 2, scale=LOST_DAYS / 2)
    found = []
    for seed in range(8):
        spec = learned(Firm(seed))
        assert spec is not None
        found.append(adds(spec, days))
    assert np.mean(found, axis=0) == pytest.approx(truth, abs=0.15)


def test_chances_of_a_list_of_open_leads_come_true() -> None:
    """As they were when the leads came, twice as many would be told as are won."""
    said, came, new = [], [], []
    for seed in range(8):
        firm = Firm(seed)
        spec = learned(firm)
        assert spec is not None
        live = ~firm.decided
        odds = np.log(firm.chance / (1 - firm.chance))[live] + adds(spec, DAYS - firm.at[live])
        said.append(float(np.mean(1 / (1 + np.exp(-odds)))))
        came.append(float(firm.won[live].mean()))
        new.append(float(firm.chance[live].mean()))
    assert np.mean(said) == pytest.approx(np.mean(came), abs=0.02)
    assert np.mean(new) > 1.8 * np.mean(came)


def test_leads_that_nobody_ever_closes_are_lost_ones_that_take_for_ever() -> None:
    firm = Firm(3)
    closed = learned(firm)
    forgotten = (firm.won == 0) & (firm.rng.random(len(firm.at)) < 0.5)
    firm.known = np.where(forgotten, math.inf, firm.known)
    found = learned(firm)
    assert found is not None and closed is not None
    assert closed.never < 0.005
    assert stays_in(firm).lost_after_days == 0
    assert found.never == pytest.approx(0.5, abs=0.04)
    late = np.array([90.0])
    assert adds(found, late)[0] < adds(closed, late)[0] - 0.3


def table_of_firm(firm: Firm) -> LeadTable:
    dataset = firm.dataset()
    return load_table(dataset, dataset.items)


def test_leads_that_lie_open_for_ever_are_told_of_with_what_they_change() -> None:
    """A third of the lost are never closed: of the decided more are won than of all that come."""
    firm = Firm(5)
    forgotten = (firm.won == 0) & (firm.rng.random(len(firm.at)) < 1 / 3)
    firm.known = np.where(forgotten, 1e9, firm.known)
    finding = only(list(amounts.still_open(table_of_firm(firm), Config())))
    assert finding.level == "warn"
    told = [float(one) for one in re.findall(r"([\d.]+)%", finding.text)]
    old = firm.at < 450
    decided = firm.won[old & firm.decided].mean()
    assert told == pytest.approx([100 * decided, 100 * firm.won[old].mean()], abs=2.0)
    days = int(re.findall(r"lost_after_days: (\d+)", finding.fix)[0])
    assert gamma.cdf(days, 2, scale=LOST_DAYS / 2) == pytest.approx(0.9, abs=0.03)
    assert amounts.forgotten_note(table_of_firm(firm), Config())
    stated = Config.model_validate({"source": {"lost_after_days": 200}})
    assert only(list(amounts.still_open(table_of_firm(firm), stated))).level == "pass"


def test_leads_that_are_open_because_they_are_new_are_no_finding() -> None:
    table = table_of_firm(Firm(5))
    assert only(list(amounts.still_open(table, Config()))).level == "pass"
    assert amounts.forgotten_note(table, Config()) == ()


def test_where_either_outcome_takes_as_long_age_says_nothing() -> None:
    told = [learned(Firm(seed, 1_000, LOST_DAYS)) is not None for seed in range(20)]
    assert sum(told) <= 3


def test_nothing_is_learned_where_nobody_knows_how_long_outcomes_take() -> None:
    firm = Firm(0)
    assert staying(None, firm.at, firm.won) is None


def test_outcomes_that_have_dates_and_leads_that_have_none_tell_nothing() -> None:
    firm = Firm(0)
    nowhen = replace(firm.delays(), order=np.zeros(int(firm.decided.sum())))
    found = staying(nowhen, np.zeros(len(firm.at)), known_of(firm))
    assert found is None or found.spec is None


def test_who_was_open_at_an_age_is_counted() -> None:
    order = np.full(100, DAY_S)
    took = np.where(np.arange(100) < 40, 5.0, 20.0) * DAY_S
    won = (np.arange(100) < 40).astype(np.float64)
    delays = Delays(order, order + took, won, 1_000 * DAY_S)
    found = Staying(delays, 3, 7).open_at((4.0, 5.0, 30.0))
    counted = {age: (one.n, one.won) for age, one in found.items()}
    assert counted == {0.0: (110, 40), 4.0: (110, 40), 5.0: (70, 0), 30.0: (10, 0)}


@pytest.mark.parametrize("counts_later", [False, True])
def test_leads_that_are_lost_by_their_age_alone_were_open_until_then(counts_later: bool) -> None:
    """No one closes them: whoever is open at an age is one of them, or is won later. Where outcomes count only after as long, too."""
    firm, days = Firm(4), 200.0
    firm.known = np.where(firm.won > 0, firm.known, firm.at + days)
    young = firm.at > DAYS - days
    metas: list[dict[str, JsonValue]] = [
        {
            "order": START_S + at * DAY_S,
            OUTCOME_AT: START_S + end * DAY_S,
            **({SETTLED_AT: START_S + max(at + days, end) * DAY_S} if counts_later else {}),
        }
        for at, end in zip(firm.at.tolist(), firm.known.tolist())
    ]
    order = START_S + firm.at * DAY_S
    won = np.where(young | ~firm.decided, np.nan, firm.won)
    items = items_of(metas)
    delays = all_delays(items, order, won)
    found = staying(delays, order, won)
    assert found is not None and found.by_age > 500 and found.beside == 0.0
    assert found.lost_after_days == days
    spec, ages = found.spec, np.array([20.0, 50.0, 80.0])
    assert spec is not None and spec.never == 1.0
    truth = gamma.logsf(ages, 2, scale=WON_DAYS / 2)
    assert adds(spec, ages) == pytest.approx(truth, abs=0.25)
    assert found.open_at((80.0,))[80.0].share < 0.05


def test_ages_between_and_beyond_are_told() -> None:
    days = np.array([0.0, 5.0, 20.0, 30.0, 400.0, math.nan])
    assert adds(SPEC, days).tolist() == pytest.approx([0.0, 0.0, -0.5, -1.0, -1.0, 0.0])


@pytest.mark.parametrize("days", [0.0, 9.0, 14.5, 27.9])
def test_a_score_holds_until_its_age_adds_another_number(days: float) -> None:
    holds = holds_for(SPEC, days, STEP)
    assert holds is not None
    before, after = adds(SPEC, np.array([days, days + holds]))
    assert abs(after - before) == pytest.approx(STEP, abs=1e-9)


@pytest.mark.parametrize(("chance", "step"), [(0.5, 0.1), (0.1, 0.222), (0.01, 0.5), (0.0, 0.5)])
def test_it_is_another_one_by_two_points_or_much_fewer_odds(chance: float, step: float) -> None:
    assert step_of(chance) == pytest.approx(step, abs=1e-3)


def test_a_score_that_no_age_changes_any_more_holds_for_ever() -> None:
    assert holds_for(SPEC, 28.5, STEP) is None
    assert holds_for(SPEC, 30.0, STEP) is None
    assert holds_for(SPEC, math.nan, STEP) is None


def test_an_age_says_the_days_it_was_open() -> None:
    assert of_age(3.5).days_open == 3.5
    assert of_age(-2.0).days_open == 0.0
    assert math.isnan(of_age(None).days_open)
    assert math.isnan(Lead("1", open_at=NOW).days_open)


def test_columns_of_an_open_lead_are_read_as_of_when_it_came() -> None:
    """So were those that were learned from; a date is not further back because the lead was left lying."""
    came = NOW - timedelta(days=80)
    told = {"fields": {}, "at": NOW.isoformat(), "created_at": came.isoformat()}
    assert lead_from_json(told).at == came
    ahead = {**told, "created_at": (NOW + timedelta(minutes=3)).isoformat()}
    assert lead_from_json(ahead).at == NOW, "a CRM's clock may be ahead"


def test_a_lead_keeps_when_it_came() -> None:
    lead = of_age(3.5)
    assert decode_lead(encode_lead(lead)) == lead
    assert b"created_at" not in encode_lead(of_age(None))


@pytest.mark.parametrize(
    ("told", "where"),
    [
        (b'{"fields": {}, "at": "2026-11-02T09:00:00Z", "created_at": "lately"}', "created_at"),
        (b'{"fields": {}, "created_at": "2026-11-02T09:00:00Z"}', "at"),
    ],
)
def test_an_age_that_cannot_be_told_is_refused(told: bytes, where: str) -> None:
    with pytest.raises(DataError) as caught:
        decode_lead(told)
    assert caught.value.where == where


def test_contributions_and_age_are_the_log_odds() -> None:
    leads = [of_age(days) for days in (None, 0.0, 20.0, 30.0)]
    with_it, without = scorer(still_open=SPEC), scorer(still_open=None)
    for lead, after, before in zip(leads, with_it.score(leads), without.score(leads)):
        added = float(adds(SPEC, np.array([lead.days_open]))[0])
        assert after.contributions[STILL_OPEN] == added
        assert after.logit == pytest.approx(before.logit + added, abs=1e-12)
        total = after.base_logit + sum(after.contributions.values())
        assert total == pytest.approx(after.logit, abs=1e-9)
        assert after.when_new == before.probability
        assert after.low <= after.probability <= after.high
    alone = with_it.probabilities(leads)
    assert alone.tolist() == pytest.approx([one.probability for one in with_it.score(leads)])


def test_an_interval_is_wider_by_how_unsure_the_age_is() -> None:
    def width(**change: object) -> float:
        (found,) = scorer(**change).score([of_age(20.0)])
        ends = np.array([found.low, found.high])
        return float(np.diff(np.log(ends / (1 - ends)))[0])

    sure = SPEC.model_copy(update={"errors": (0.0, 0.0)})
    assert width(still_open=sure) == pytest.approx(width(still_open=None))
    assert width(still_open=SPEC) > width(still_open=sure) + 0.01


def test_a_bundle_scores_a_lead_by_how_long_it_is_open() -> None:
    outcome, ready = trained()
    assert any(note.startswith("open leads: ") for note in outcome.notes)
    told = {"id": "1", "fields": {"size": 1.0}, "at": NOW.isoformat()}
    new, old = ready.predict([told, {**told, "created_at": (NOW - timedelta(days=80)).isoformat()}])
    assert old.probabilities["won"] < new.probabilities["won"] - 0.2
    assert old.score == old.probabilities["won"]
    assert old.details["probability_when_new"] == new.probabilities["won"]
    assert old.details["days_open"] == 80.0
    assert "days_open" not in new.details
    assert any(reason.text.startswith("Open for 80 days: ") for reason in old.reasons)
    assert not any(reason.field == STILL_OPEN for reason in new.reasons)


def test_a_report_shows_what_becomes_of_leads_that_stay_open() -> None:
    [plot] = tables.still_open(still_open_by(trained()[1].runtime))
    head, first, *others = plot.table
    assert head[0] == "still open after" and first[0] == "all leads" and first[3] == "30.0%"
    left = [float(row[3].rstrip("%")) for row in others]
    counts = [int(row[1]) for row in (first, *others)]
    assert left == sorted(left, reverse=True) and left[-1] < 15
    assert counts == sorted(counts, reverse=True)
    assert tables.still_open({}) == []


def test_what_is_kept_of_an_open_lead_is_what_it_was_when_it_came() -> None:
    runtime = trained()[1].runtime
    kept, _ = runtime.encode(encode_lead(of_age(80.0)))
    assert decode_lead(kept) == replace(of_age(80.0), open_at=None)


def test_a_project_may_do_without() -> None:
    settings = {"approach": "logistic", "folds": 2, "still_open": False}
    _, ready, _ = bundle_of(Firm(2, 1_000).dataset(), Config.model_validate(settings))
    assert isinstance(ready.runtime, LeadRuntime) and not ready.runtime.won_by([0.5], [9.0])
    new, old = ready.predict([encode_lead(of_age(None)), encode_lead(of_age(80.0))])
    assert new.probabilities == old.probabilities


def test_after_how_many_days_leads_were_lost_is_kept_whatever_else_is_learned() -> None:
    """The hub counts open leads as lost by it, or it would learn of those alone that bought."""
    firm = Firm(4, 1_000)
    firm.known = np.where(firm.won > 0, firm.known, firm.at + 200.0)
    settings = {"approach": "logistic", "folds": 2, "still_open": False}
    outcome, ready, _ = bundle_of(firm.dataset(), Config.model_validate(settings))
    assert isinstance(ready.runtime, LeadRuntime) and ready.runtime.lost_after_days == 200
    assert not any(note.startswith("open leads: a lead that stays open") for note in outcome.notes)


@pytest.mark.parametrize(
    ("days", "text"), [(1.7, "Open for a day: "), (80.2, "Open for 80 days: ")]
)
def test_it_is_a_reason(days: float, text: str) -> None:
    runtime = trained()[1].runtime
    assert isinstance(runtime, LeadRuntime)
    (reason,) = Explainer(runtime.spec.reasons).reasons(of_age(days), {STILL_OPEN: -0.5})
    assert reason.text.startswith(text)
    assert reason.direction == "against"


def exported(folder: Path, days: Sequence[float], states: Sequence[str]) -> Path:
    """An export of leads that came so many days before the last one."""
    rows = [
        [f"{n}", f"{NOW - timedelta(days=ago):%Y-%m-%d %H:%M}", "1.0", state]
        for n, (ago, state) in enumerate(zip(days, states))
    ]
    return put(folder / "open.csv", table(["id", "created", "size", "status"], rows))


def test_leads_of_an_export_are_scored_as_old_as_is_said(tmp_path: Path) -> None:
    """`kit predict --as-of`; a lead that was decided, and one of which nothing is said, is scored as it came."""
    source = {"id": "id", "decided_at": "created", "outcome": "status", "won": ["won"]}
    kit, (_, ready) = get_kit("lead-scoring"), trained()
    config = Config.model_validate({"source": {**source, "lost": ["lost"]}})
    path = exported(tmp_path, [80.0, 0.0, 80.0, 30.0], ["open", "open", "lost", "won"])

    def read(as_of: datetime | None) -> list[float]:
        found = inputs_of(kit, [path], config, ready.bundle.manifest.config, as_of)
        return [ready.predict([one.content])[0].score for one in found if one.content]

    old, new, lost, _ = read(NOW)
    assert old < new - 0.2 and lost == new
    assert len(set(read(None))) == 1


@pytest.mark.parametrize(
    ("text", "at"),
    [("2026-11-02T10:00:00+01:00", NOW), ("2026-11-02", NOW.replace(hour=0)), ("", None)],
)
def test_a_moment_is_said_by_iso_8601(text: str, at: datetime | None) -> None:
    assert moment_in(text) == at


def test_what_is_no_moment_is_refused_and_a_kit_without_open_samples_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no moment"):
        moment_in("yesterday")
    with pytest.raises(UsageError, match="stay open"):
        list(inputs_of(get_kit("support-triage"), [tmp_path], as_of=NOW))
