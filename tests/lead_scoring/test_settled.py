"""A step of the backtest knows what a training at its moment would have known, and no outcome that came later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from pydantic import JsonValue

from kits.core.dataset import Dataset, DatasetItem, Split, build
from kits.core.errors import DataError
from kits.core.sample import Sample, utc_now
from kits.lead_scoring import data
from kits.lead_scoring._lead import decode_lead
from kits.lead_scoring._learning.backtest import Backtest, run_backtest
from kits.lead_scoring._learning.candidates import candidates
from kits.lead_scoring._learning.folds import Clock, Origin, in_hindsight, origins
from kits.lead_scoring._learning.kinds import kinds_of
from kits.lead_scoring._learning.learner import Learner
from kits.lead_scoring._learning.settled import settled_of
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring.config import Config
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.made_leads import DAY_S, START_S
from tests.lead_scoring.reading.lead_files import put, read, source
from tests.lead_scoring.trained_leads import a_dataset, as_lead, splits_in_time, trained

N = 1_300
FAST = Config.model_validate({"trees": 30, "learning_rate": 0.2})


def items_with(*metas: dict[str, JsonValue]) -> list[DatasetItem]:
    """Samples of which only this is known."""
    made = Sample("s", "application/json", "", 0, utc_now())
    return [DatasetItem(replace(made, meta=meta), None, "train") for meta in metas]


def test_an_outcome_counts_from_when_it_was_known_and_the_lead_was_old_enough() -> None:
    order = np.array([0.0, 0.0, 0.0, 0.0, 0.0]) + START_S
    items = items_with(
        {},
        {"outcome_at": START_S + 5 * DAY_S},
        {"outcome_at": START_S + 5 * DAY_S, "settled_at": START_S + 90 * DAY_S},
        {"outcome_at": START_S + 400 * DAY_S},
        {"outcome_at": START_S + 5 * DAY_S, "rank": True},
    )
    told = (settled_of(items, order, np.zeros(5), 0) - START_S) / DAY_S
    assert np.array_equal(told, [np.nan, 5, 90, 400, np.nan], equal_nan=True)
    kept_open = (settled_of(items, order, np.zeros(5), 30) - START_S) / DAY_S
    assert np.array_equal(kept_open, [30, 30, 90, 400, np.nan], equal_nan=True)


def test_an_outcome_without_a_date_counts_as_late_as_others_of_its_kind() -> None:
    """Where won leads alone are dated, lost ones at once would make the latest months those in which nobody buys."""
    order = START_S + DAY_S * np.arange(100)
    won = np.array([1.0, 0.0] * 50)
    takes = np.where(won > 0, 40.0, 90.0)

    def waited(dated: np.ndarray) -> list[float]:
        ended = order + takes * DAY_S
        metas: list[dict[str, JsonValue]] = [
            {"outcome_at": float(at)} if told else {} for at, told in zip(ended, dated)
        ]
        found = (settled_of(items_with(*metas), order, won, 0) - order) / DAY_S
        return [round(float(one), 6) for one in found]

    assert waited(won > 0) == [40.0] * 100
    some = waited(np.arange(100) < 60)
    assert some == takes.tolist()
    assert all(np.isnan(waited(np.arange(100) < 10)[10:])), "ten dates tell nothing"


def test_where_dates_began_later_those_without_count_alike() -> None:
    """Of an import without dates the won leads would count first, as those that a hub dated afterwards were quicker."""
    order = START_S + DAY_S * np.arange(200)
    won = np.array([1.0, 0.0] * 100)
    takes = np.where(won > 0, 10.0, 30.0)
    metas: list[dict[str, JsonValue]] = [
        {"outcome_at": float(at)} if at >= START_S + 100 * DAY_S else {}
        for at in order + takes * DAY_S
    ]
    found = (settled_of(items_with(*metas), order, won, 0) - order) / DAY_S
    assert found[70:].tolist() == [30.0 if meta == {} else took for meta, took in zip(metas[70:], takes[70:])]  # fmt: skip
    assert set(found[:70].tolist()) == {30.0}


def test_a_step_learns_from_outcomes_known_when_it_begins() -> None:
    order = START_S + DAY_S * np.arange(100)
    settled = order + 10 * DAY_S
    settled[3] = np.nan
    splits: list[Split] = ["train"] * 70 + ["val"] * 15 + ["test"] * 15
    steps = {
        one.name: one
        for one in origins(splits, [""] * 100, 4, in_time=True, seed=0, clock=Clock(order, settled))
    }
    assert steps["val"].moment == order[70] and steps["test"].moment == order[85]
    assert steps["val"].fit.tolist() == list(range(61))
    assert steps["test"].fit.tolist() == list(range(76))
    assert all(
        settled[one.fit][~np.isnan(settled[one.fit])].max() <= one.moment for one in steps.values()
    )
    by_lot = origins(splits, [""] * 100, 4, in_time=False, seed=0, clock=Clock(order, settled))
    assert np.isinf(by_lot[-1].moment) and len(by_lot[-1].fit) == 85


def test_a_stray_early_lead_among_those_judged_takes_nothing_from_the_training() -> None:
    order = START_S + DAY_S * np.arange(100)
    splits: list[Split] = ["train"] * 70 + ["val"] * 15 + ["test"] * 15
    splits[2] = "test"
    steps = origins(splits, [""] * 100, 4, in_time=True, seed=0, clock=Clock(order, order.copy()))
    assert steps[-1].moment == order[84] and len(steps[-1].fit) == 84


def backtest_of(won: np.ndarray, settled: np.ndarray) -> tuple[Backtest, Origin]:
    """Of the made-up firm's leads with these outcomes; and the step of its test split."""
    made = list(make_leads(3, N))
    order = np.array([one.at.timestamp() for one in made])
    sheet, splits = Sheet([as_lead(one) for one in made]), splits_in_time(N)
    kinds = kinds_of(sheet, np.arange(N), sheet.names, FAST.columns)
    learner = Learner(sheet, won, kinds, frozenset(), FAST, 3, settled=settled)
    steps = origins(
        splits, [""] * N, FAST.folds, in_time=True, seed=3, clock=Clock(order, settled), won=won
    )
    tried = candidates(FAST, few=False, in_time=True, drifting=())
    return run_backtest(learner, steps, tried, in_time=True), steps[-1]


@pytest.mark.parametrize(
    ("slow_days", "place"), [(60.0, 0), pytest.param(200.0, 3, marks=pytest.mark.slow)]
)
def test_outcomes_that_nobody_knew_when_a_part_began_leave_its_figures_alone(
    slow_days: float, place: int
) -> None:
    """Neither through what is learned, nor through the choice, nor through calibration; its own and later ones included."""
    made = list(make_leads(3, N))
    order = np.array([one.at.timestamp() for one in made])
    won = np.array([one.outcome == "won" for one in made], dtype=np.float64)
    settled = order + np.random.default_rng(0).exponential(slow_days * DAY_S, N)
    true, step = backtest_of(won, settled)
    part = step.parts[place]
    late = settled > part.moment
    assert late[part.judge].all() and (late & (order < part.moment)).sum() > 40
    turned, _ = backtest_of(np.where(late, 1 - won, won), settled)
    judged = part.judge.tolist()
    assert [true.unseen[row] for row in judged] == [turned.unseen[row] for row in judged]
    taken = [
        (one.candidate, one.calibrator, one.why)
        for one in (true.chosen["test"], turned.chosen["test"])
    ]
    assert taken[0] == taken[1]
    assert true.interval != turned.interval, "what ships knows them"


def test_parts_of_the_test_split_know_what_was_known_when_they_began() -> None:
    order = START_S + DAY_S * np.repeat(np.arange(100.0), 2)
    settled = order + 5 * DAY_S
    splits: list[Split] = ["train"] * 140 + ["val"] * 20 + ["test"] * 40
    groups = [""] * 200
    groups[161] = groups[195] = "an account"
    step = origins(
        splits, groups, 4, in_time=True, seed=0, clock=Clock(order, settled)
    )[-1]  # fmt: skip
    assert sorted(row for one in step.parts for row in one.judge.tolist()) == list(range(160, 200))
    assert [len(one.judge) for one in step.parts] == [9, 10, 10, 11]
    assert {161, 195} <= set(step.parts[3].judge.tolist()), "an account is judged as one"
    for before, one in zip(step.parts, step.parts[1:]):
        assert one.moment > before.moment and len(one.fit) > len(before.fit)
        assert settled[one.fit].max() <= one.moment and not set(one.fit) & set(one.judge)
    days = [set(order[one.judge]) for one in step.parts[:3]]
    assert not days[0] & days[1] and not days[1] & days[2], "leads of a moment stay together"


def test_where_too_few_were_known_a_step_learns_from_all_leads_that_had_come() -> None:
    order = START_S + DAY_S * np.arange(100)
    won = (np.arange(100) % 3 == 0).astype(np.float64)
    splits: list[Split] = ["train"] * 70 + ["val"] * 15 + ["test"] * 15

    def steps(after_days: float) -> dict[str, Origin]:
        settled = order + after_days * DAY_S
        made = origins(
            splits, [""] * 100, 4, in_time=True, seed=0, clock=Clock(order, settled), won=won
        )
        return {one.name: one for one in made}

    long, none = steps(60), steps(45)
    assert len(long["val"].fit) == 70 and np.isinf(long["val"].moment)
    assert len(long["test"].fit) == 26 and long["test"].moment == order[85]
    assert len(long["fold 1"].fit) == 35, "it would have learned from nothing"
    assert in_hindsight(tuple(long.values())) == ("val",)
    assert len(none["val"].fit) == 26 and in_hindsight(tuple(none.values())) == ()
    assert not len(none["fold 1"].fit), "figures do without it"


def _id_of(dataset: Dataset, item: DatasetItem) -> str:
    return decode_lead(dataset.content(item)).id


def test_a_firm_of_a_year_whose_sales_take_five_months_gets_a_model_and_is_told(
    tmp_path: Path,
) -> None:
    """With young leads kept open as `kit check` asks for, nothing was known when `val` began."""
    made = list(make_leads(3, 400, days=215.0))
    plain = a_dataset(
        [as_lead(one) for one in made],
        [one.outcome == "won" for one in made],
        splits_in_time(len(made)),
    )
    at = {lead.id: lead.at.timestamp() for lead in made}
    items = [
        replace(item, sample=replace(item.sample, meta={"order": at[_id_of(plain, item)]}))
        for item in plain.items
    ]
    dataset = build(plain.header, items, plain.blobs)
    kept_open = Config.model_validate({"source": {"open_for_days": 150}})
    told = trained(dataset, kept_open, tmp_path / "long")
    assert any("when the leads of val began to come" in note for note in told.notes)
    at_once = trained(dataset, Config(), tmp_path / "short")
    assert not any("began to come" in note for note in at_once.notes)


def test_leads_that_nothing_could_be_learned_before_are_told() -> None:
    made = list(make_leads(3, N))
    order = np.array([one.at.timestamp() for one in made])
    won = (np.arange(N) > 0.9 * N).astype(np.float64)
    with pytest.raises(DataError, match=r"when the leads of val began to come, 0 leads"):
        backtest_of(won, order)


def rows_by_age(days: int, outcome: str, won_after: int) -> str:
    """A lead for each of so many days, every third of them won soon after."""
    lines = ["Created,Sector,Stage,Closed"]
    for day in range(days):
        came = date(2024, 1, 1) + timedelta(days=day)
        hit = day % 3 == 0
        closed = str(came + timedelta(days=won_after)) if hit else ""
        lines.append(f"{came},{'ab'[day % 2]},{'Won' if hit else outcome},{closed}")
    return "\n".join(lines) + "\n"


def test_leads_lost_by_age_count_from_that_age_and_so_do_those_that_were_won_sooner(
    tmp_path: Path,
) -> None:
    file = put(tmp_path / "leads.csv", rows_by_age(400, "", 12))
    stated = source(outcome="Stage", won=["Won"], decided_at="Created", outcome_at="Closed")
    found = read(file, stated)
    decided = [one for one in found.samples if one.annotation is not None]
    assert {one.annotation.label for one in decided if one.annotation} == {"won", "lost"}
    for one in decided:
        assert one.annotation is not None and one.order is not None
        ended, counts = one.meta["outcome_at"], one.meta["settled_at"]
        assert isinstance(ended, float) and isinstance(counts, float)
        assert (counts - one.order) / DAY_S == 90
        assert (ended - one.order) / DAY_S == (12 if one.annotation.label == "won" else 90)


def test_leads_kept_open_as_stated_count_from_that_age(tmp_path: Path) -> None:
    file = put(tmp_path / "leads.csv", rows_by_age(200, "Lost", 45))
    stated = source(
        outcome="Stage", won=["Won"], lost=["Lost"], decided_at="Created", outcome_at="Closed", open_for_days=30,
    )  # fmt: skip
    found = read(file, stated)
    spans = {
        (one.annotation.label, (float(str(one.meta["settled_at"])) - one.order) / DAY_S)
        for one in found.samples
        if one.annotation is not None and one.order is not None
    }
    assert spans == {("won", 45.0), ("lost", 30.0)}


def test_stated_splits_that_overlap_learn_from_what_was_known_before_the_judged_leads() -> None:
    """Leads to learn from until day 99, those of `test` since day 60, with one stray of day 2."""
    order = START_S + DAY_S * np.arange(140.0)
    settled = order + 5 * DAY_S
    splits: list[Split] = ["train"] * 140
    for day in (2, *range(60, 100, 2), *range(100, 140)):
        splits[day] = "test"

    def test_step(*, stated: bool) -> Origin:
        steps = origins(
            splits, [""] * 140, 4, in_time=True, seed=0, clock=Clock(order, settled, stated)
        )
        return steps[-1]

    after, safe = test_step(stated=False), test_step(stated=True)
    assert after.moment == order[99] and settled[after.fit].max() == order[98]
    judged = np.sort(order[safe.judge])
    assert safe.moment == judged[3], "of 61 leads three may be strays"
    assert settled[safe.fit].max() <= safe.moment and len(safe.fit) == 59
    assert safe.judge.tolist() == after.judge.tolist()


def test_stated_splits_that_follow_each_other_lose_nothing_to_a_stray_on_either_side() -> None:
    order = START_S + DAY_S * np.arange(100)
    strays: tuple[tuple[int, Split], ...] = ((2, "test"), (98, "train"))
    for day, split in strays:
        splits: list[Split] = ["train"] * 70 + ["val"] * 15 + ["test"] * 15
        splits[day] = split
        steps = origins(
            splits,
            [""] * 100,
            4,
            in_time=True,
            seed=0,
            clock=Clock(order, order.copy(), stated=True),
        )
        assert steps[-1].moment in (order[84], order[85]) and len(steps[-1].fit) >= 84


def stated_apart(folder: Path, begins: int) -> Project:
    """A project of a table that says who judges: of the leads from a day on every second, all of the last hundred."""
    made = list(make_leads(3, 500, days=500.0))
    rows = [",".join(["Created", "Sector", "Visits", "Converted", "Split"])]
    for number, lead in enumerate(made):
        later = number >= 400 or (number >= begins and number % 2)
        cells = (f"{lead.at:%Y-%m-%d}", "abc"[number % 3], number % 7, int(lead.outcome == "won"))
        rows.append(",".join([*map(str, cells), "test" if later else "train"]))
    put(folder / "leads.csv", "\n".join(rows) + "\n")
    put(folder / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    project = Project.open(folder / "p")
    import_data(project, folder / "leads.csv", ImportOptions())
    return project


def test_stated_splits_that_overlap_are_told_with_their_dates_in_check_and_training(
    tmp_path: Path,
) -> None:
    dataset = stated_apart(tmp_path / "over", 300).dataset()
    [found] = [one for one in data.check(dataset, Config()) if one.check == "splits-overlap"]
    assert found.level == "warn" and "import again with --replace" in found.fix
    assert "test begins 2025-11-17, train and val go on until 2026-01-06" in found.text
    assert "32 of 150 leads came before that" in found.text
    assert any(
        note.startswith("splits: ") and "test begins 2025-11-17" in note
        for note in trained(
            dataset, Config.model_validate({"approach": "logistic"}), tmp_path
        ).notes
    )
    apart = stated_apart(tmp_path / "apart", 400).dataset()
    assert not [one for one in data.check(apart, Config()) if one.check == "splits-overlap"]
