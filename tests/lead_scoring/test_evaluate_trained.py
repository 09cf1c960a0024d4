"""A trained bundle judged: by its backtest, with its own words, groups and court."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kits.core.kit import EvaluateTask
from kits.core.operating_point import Costs
from kits.core.stats import auroc
from kits.lead_scoring import evaluate
from kits.lead_scoring._lead import Lead, decode_lead
from kits.lead_scoring._reasons.explainer import LONGEST
from kits.lead_scoring._simulated.firm import LEAKS, PROTECTED, make_leads
from kits.lead_scoring.config import Config
from tests.lead_scoring.trained_leads import SEED, a_dataset, firm, outcome_of, runtime_of

N = 2_400


def _task(split="test"):
    ready, dataset = outcome_of(N)[1], firm(N)
    return EvaluateTask(
        ready.runtime,
        ready.bundle.operating_point,
        dataset,
        dataset.of(split),
        Costs(escape=480, overkill=20, review=0),
        SEED,
    )


def test_figures_are_those_of_the_backtest():
    task = _task()
    told = evaluate.evaluate(task)
    backtest = runtime_of(N).backtest

    assert {r.sample_id: r.score for r in told.results} == {
        item.sample.id: pytest.approx(backtest[item.sample.id]) for item in task.items
    }
    assert told.metrics["auc"].low > 0.6
    assert any(f"{len(told.results)} of these" in note for note in told.details)


def test_the_shipped_model_would_flatter_itself():
    task = _task()
    runtime = runtime_of(N)
    told = evaluate.evaluate(task)
    contents = [task.dataset.content(item) for item in task.items]
    shipped = {
        item.sample.id: one.score for item, one in zip(task.items, runtime.predict(contents))
    }

    won = np.array([r.truth == "won" for r in told.results])
    flattered = auroc(np.array([shipped[r.sample_id] for r in told.results]), won)
    assert flattered > told.metrics["auc"].value


def test_thresholds_are_chosen_on_what_the_models_had_not_seen():
    task = replace(_task("val"), operating_point=None)

    point = evaluate.choose_operating_point(task, Config())

    hot = [
        one
        for one in evaluate.evaluate(replace(task, operating_point=point)).results
        if one.verdict == "act"
    ]
    assert len(hot) == pytest.approx(0.1 * len(task.items), abs=2)
    assert point.rates["hot_won"].value > point.rates["base_rate"].value


def test_protected_groups_are_reported_and_leaks_are_no_parts():
    slices = evaluate.evaluate(_task()).slices

    for column in PROTECTED:
        assert any(name.startswith(f"group {column} = ") for name in slices)
    assert not any(name.startswith(f"{leak} = ") for leak in LEAKS for name in slices)


def test_every_lead_has_reasons_that_fit_and_name_nothing_protected_or_late():
    task = _task()
    contents = [task.dataset.content(item) for item in task.items]

    for content, told in zip(contents, runtime_of(N).predict(contents)):
        assert 1 <= len(told.reasons) <= 3
        assert all(len(reason.text) <= LONGEST for reason in told.reasons)
        assert not {reason.field for reason in told.reasons} & {*PROTECTED, *LEAKS}
        assert {reason.field for reason in told.reasons} <= set(decode_lead(content).fields)


def test_a_report_shows_groups_and_the_court():
    task = _task()

    titles = [plot.title for plot in evaluate.plots(task, evaluate.evaluate(task))]

    assert "Protected groups" in titles and "The court: columns and verdicts" in titles


def test_a_report_shows_every_model_that_was_tried_the_one_taken_first():
    task = _task()
    plots = {one.title: one for one in evaluate.plots(task, evaluate.evaluate(task))}
    head, first, *others = plots["Models that were tried"].table
    assert head[0] == "model"
    taken = runtime_of(N).spec.model.approach
    assert first[:2] == (taken, "taken")
    assert len(others) + 1 == outcome_of(N)[0].figures["candidates"]
    assert all(taken != other[0] and "±" in other[3] for other in others)


def test_columns_that_a_file_leaves_out_or_renames_are_named():
    made = list(make_leads(SEED + 1, 60))
    fields = [
        {k.upper() if k == "country" else k: v for k, v in one.fields.items()} for one in made
    ]
    leads = [Lead(one.id, own, one.at) for one, own in zip(made, fields)]
    outside = a_dataset(leads, [one.outcome == "won" for one in made], ["test"] * 60)
    task = replace(_task(), dataset=outside, items=outside.items)

    (note,) = [n for n in evaluate.evaluate(task).notes if "in none of these leads" in n]

    assert "country" in note and "original_source" not in note
    assert not any("in none of these leads" in n for n in evaluate.evaluate(_task()).notes)
