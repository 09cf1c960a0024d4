"""A firm that closes no lead: outcomes are held until leads are old, and training counts what became of the young ones so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from pydantic import JsonValue
from scipy.stats import gamma

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, build
from kits.core.kit import EvaluateTask, TrainOutcome
from kits.core.operating_point import Costs
from kits.core.ready import ReadyBundle
from kits.lead_scoring._judging.judged import judge
from kits.lead_scoring._lead import Lead, encode_lead
from kits.lead_scoring._learning.delays import delays_of
from kits.lead_scoring._learning.so_far import SoFar, so_far
from kits.lead_scoring._reading.samples import CAME_BY, HELD_OPEN, OUTCOME_AT, SETTLED_AT
from kits.lead_scoring._table import LeadTable, load_table
from kits.lead_scoring.config import Config
from tests.lead_scoring.early_leads import DAYS, WON_DAYS, Firm
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.trained_leads import a_dataset, bundle_of, splits_in_time

HOLD = 120.0
Meta = dict[str, JsonValue]


class Held(Firm):
    """As an import reads it: older leads are won or lost, all younger ones open, the won ones marked.

    Args:
        fewer_since: day from which on the odds of each are a third.
    """

    def __init__(self, seed: int, n: int = 3_000, fewer_since: float = DAYS) -> None:
        super().__init__(seed, n)
        third = np.where(self.at >= fewer_since, np.log(3.0), 0.0)
        self.chance = 1 / (1 + np.exp(1.5 + third - self.x))
        self.won = (self.rng.random(n) < self.chance).astype(np.float64)
        self.known = np.where(
            self.won > 0, self.at + self.rng.gamma(2.0, WON_DAYS / 2, n), self.at + HOLD
        )

    @property
    def bought(self) -> np.ndarray:
        return (self.won > 0) & (self.known <= DAYS)

    @property
    def decided(self) -> np.ndarray:
        return self.at <= DAYS - HOLD

    def metas(self) -> list[Meta]:
        return [self._meta(n) for n in range(len(self.at))]

    def _meta(self, n: int) -> Meta:
        came, ended = (
            float(self.at[n]),
            float(self.known[n] if self.bought[n] else self.at[n] + HOLD),
        )
        found: Meta = {"order": START_S + came * DAY_S}
        if self.decided[n]:
            settled = max(came + HOLD, ended)
            return {
                **found,
                OUTCOME_AT: START_S + ended * DAY_S,
                SETTLED_AT: START_S + settled * DAY_S,
            }
        if self.bought[n]:
            return {**found, HELD_OPEN: "won", OUTCOME_AT: START_S + ended * DAY_S}
        return found

    def dataset(self, metas: list[Meta] | None = None) -> Dataset:
        start = datetime.fromtimestamp(START_S, timezone.utc)
        leads = [
            Lead(f"lead {n}", {"size": float(x)}, start + timedelta(days=float(at)))
            for n, (x, at) in enumerate(zip(self.x, self.at))
        ]
        places = iter(splits_in_time(int(self.decided.sum())))
        splits = [next(places) if known else "test" for known in self.decided]
        outcomes = [bool(won) if known else None for won, known in zip(self.bought, self.decided)]
        return a_dataset(leads, outcomes, splits, metas or self.metas())


def table_of(firm: Held, metas: list[Meta] | None = None) -> LeadTable:
    dataset = firm.dataset(metas)
    return load_table(dataset, dataset.items)


def found_in(table: LeadTable) -> SoFar | None:
    delays = delays_of(table.items, table.order, table.won)
    return None if delays is None else so_far(table, delays)


def test_leads_count_from_the_age_by_which_half_of_the_won_ones_are_known() -> None:
    firm = Held(0)
    table = table_of(firm)
    found = found_in(table)
    assert found is not None
    half = float(gamma.ppf(0.5, 2, scale=WON_DAYS / 2))
    assert found.from_days == pytest.approx(half, abs=3) and found.held_days == HOLD
    age = DAYS - firm.at
    counts = (age >= found.from_days) & (age < HOLD)
    assert found.young.sum() == pytest.approx(counts.sum(), abs=3)
    assert found.table.won[found.young].sum() == pytest.approx(firm.bought[counts].sum(), abs=2)
    # none counts sooner than others of its age: not the quick ones alone
    took = (found.settled - found.table.order) / DAY_S
    assert took.min() == found.from_days and (took[found.table.won == 0] == found.from_days).all()
    assert f"{found.young.sum()} leads younger than that" in found.note


def test_young_leads_stand_for_what_will_become_of_them() -> None:
    """Won ones for those that are won later; the others for themselves without these."""
    told, raw, truth = [], [], []
    for seed in range(8):
        firm = Held(seed)
        found = found_in(table_of(firm))
        assert found is not None
        young, won = found.young, found.table.won > 0
        each = found.delays.stands_for(found.table.order, won)[young]
        told.append(np.average(won[young], weights=each))
        raw.append(won[young].mean())
        truth.append(firm.won[(DAYS - firm.at >= found.from_days) & ~firm.decided].mean())
    assert np.mean(told) == pytest.approx(np.mean(truth), abs=0.012)
    assert np.mean(raw) < np.mean(truth) - 0.03


def test_a_training_of_an_earlier_day_knew_as_much_of_those_that_were_young_then() -> None:
    found = found_in(table_of(Held(1)))
    assert found is not None
    moment = START_S + 400.0 * DAY_S
    known = found.settled <= moment
    age = (moment - found.table.order[known]) / DAY_S
    lean = found.delays.lean(moment)[known]
    assert age.min() >= found.from_days
    truth = np.log(gamma.cdf(age, 2, scale=WON_DAYS / 2))
    assert np.abs(lean - truth).max() < 0.25 and lean[age > 200].max() == pytest.approx(0, abs=0.02)


def test_decided_leads_without_a_date_teach_as_before() -> None:
    table = table_of(Held(0))
    order = table.order.copy()
    order[:7] = 0.0
    found = found_in(replace(table, order=order))
    assert found is not None and (found.table.order == 0.0).sum() == 7


def cut(metas: list[Meta], name: str) -> list[Meta]:
    return [{key: value for key, value in one.items() if key != name} for one in metas]


def undated(firm: Held) -> list[Meta]:
    """A third of the won ones has no date."""
    return [
        {
            key: value
            for key, value in one.items()
            if key != OUTCOME_AT or n % 3 or not firm.bought[n]
        }
        for n, one in enumerate(firm.metas())
    ]


def tidied(firm: Held) -> list[Meta]:
    """Somebody marked the won ones of months on one day."""
    day = START_S + 600.0 * DAY_S
    return [
        {**one, OUTCOME_AT: day}
        if firm.bought[n] and firm.at[n] > 400 and firm.known[n] < 600
        else one
        for n, one in enumerate(firm.metas())
    ]


@pytest.mark.parametrize(
    "metas",
    [
        lambda firm: cut(firm.metas(), SETTLED_AT),
        lambda firm: [{**one, CAME_BY: one["order"]} for one in firm.metas()],
        undated,
        tidied,
    ],
    ids=["not held", "months", "undated", "tidied up"],
)
def test_where_it_is_not_known_what_became_of_them_none_counts(
    metas: Callable[[Held], list[Meta]],
) -> None:
    firm = Held(2)
    assert found_in(table_of(firm)) is not None
    assert found_in(table_of(firm, metas(firm))) is None


def test_old_leads_that_are_open_may_be_anything() -> None:
    table = table_of(Held(3))
    assert found_in(table) is not None
    lost = np.flatnonzero(table.won == 0)[::2]
    won = table.won.copy()
    won[lost] = np.nan
    assert found_in(replace(table, won=won)) is None


def test_without_the_open_leads_beside_them_won_ones_tell_nothing() -> None:
    """A version that has the young ones that were won and not those that were not."""
    table = table_of(Held(4))
    there = np.isfinite(table.won) | np.array([HELD_OPEN in i.sample.meta for i in table.items])
    assert found_in(table) is not None and found_in(table.rows(there)) is None


def test_leads_that_were_uploaded_on_one_day_are_lost_on_one_day_and_nobody_tidied_up() -> None:
    firm = Held(5)
    firm.at[(firm.at > 300) & (firm.at < 380)] = 300.0
    firm.known = np.where(firm.won > 0, np.fmax(firm.known, firm.at), firm.at + HOLD)
    table = table_of(firm)
    delays = delays_of(table.items, table.order, table.won)
    assert delays is not None and found_in(table) is not None


def as_at_a_hub(dataset: Dataset) -> Dataset:
    """Of open leads it is said that they are open."""
    items = [
        item
        if item.annotation is not None
        else replace(item, annotation=Annotation(source="outcome"))
        for item in dataset.items
    ]
    return build(dataset.header, items, dataset.blobs)


@pytest.mark.slow
def test_a_comparison_counts_them_and_what_is_promised_does_not() -> None:
    firm = Held(8)
    _, ready, _ = bundle_of(firm.dataset(), Config())
    dataset = as_at_a_hub(firm.dataset())
    items = tuple(item for item in dataset.items if item.split == "test")
    task = EvaluateTask(ready.runtime, ready.bundle.operating_point, dataset, items, Costs(), 0)
    promised, compared = judge(task), judge(replace(task, so_far=True))
    found = found_in(table_of(firm))
    assert found is not None
    assert len(compared) == len(promised) + found.young.sum()
    assert promised.each.max() < 1.1 and compared.each.min() < 1.0 and compared.each.max() > 1.5
    young = firm.at > DAYS - HOLD
    since = young & (firm.at <= DAYS - found.from_days)
    late = ~np.isin([i.sample.id for i in compared.items], [i.sample.id for i in promised.items])
    told = float(np.average(compared.won[late], weights=compared.each[late]))
    assert told == pytest.approx(firm.won[since].mean(), abs=0.04)
    assert compared.backtested.all(), "by models that had not seen them"


def learned(firm: Held, **model: JsonValue) -> tuple[TrainOutcome, ReadyBundle]:
    outcome, ready, _ = bundle_of(firm.dataset(), Config.model_validate(model))
    return outcome, ready


def counts_young(outcome: TrainOutcome) -> bool:
    return any("taught what became of them so far" in one for one in outcome.details)


@pytest.mark.slow
def test_a_market_is_followed_before_its_leads_are_decided() -> None:
    """From day 610 on a third of the odds is left: of no lead that came since is anything decided."""
    firm = Held(6, fewer_since=610.0)
    since = firm.at > 610
    leads = [encode_lead(Lead("one", {"size": size})) for size in firm.x[since].tolist()]
    off = []
    for stated in ({}, {"source": {"open_for_days": int(HOLD)}}):
        outcome, ready = learned(firm, **stated)
        assert counts_young(outcome) is not bool(stated)
        said = [one.probabilities["won"] for one in ready.runtime.predict(leads)]
        off.append(abs(float(np.log(np.mean(said) / firm.chance[since].mean()))))
    assert off[0] < 0.6 * off[1] and off[1] > 0.5


@pytest.mark.slow
def test_who_learns_from_train_alone_learns_from_no_young_lead() -> None:
    outcome, _ = learned(Held(7, n=1_500), refit=False)
    assert not counts_young(outcome)
