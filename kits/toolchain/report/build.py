"""Writes a run's report: one HTML file that needs nothing else, and the same figures as JSON.

It composes: what is known of the run is `facts.py`, figures are computed in `figures.py`, plots drawn in
`plots.py`, the look is `template.html.j2`. It changes nothing of the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kits.core.bundle import open_file
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.kit import EvaluateTask, Evaluation, Plot
from kits.core.ready import make_ready
from kits.core.stats import Estimate
from kits.toolchain import pages, worth
from kits.toolchain.evaluation import load_evaluation
from kits.toolchain.goal import goal_metric, load_baseline, standing
from kits.toolchain.pairing import is_positive
from kits.toolchain.project import Project
from kits.toolchain.report import figures, plots
from kits.toolchain.report.facts import Facts
from kits.toolchain.report.mistakes import worst_mistakes
from kits.toolchain.runs import read_run

Plots = Callable[[EvaluateTask, Evaluation], Sequence[Plot]]
"""What a kit's `evaluate.py` may offer as `plots`."""


def write_report(project: Project, run_dir: Path) -> Path:
    """Writes `report.html` and `report.json` into the run's folder; returns the HTML's path.

    Raises:
        DataError: the run was not evaluated.
    """
    run, evaluation = read_run(run_dir), load_evaluation(run_dir / "evaluation.json")
    bundle = open_file(run_dir / "bundle.kwb")
    dataset = _dataset(project, run.dataset)
    facts = Facts(
        project=project,
        run=run,
        evaluation=evaluation,
        bundle=bundle,
        dataset=dataset,
        goal=goal_metric(project, evaluation.metrics),
        baseline=load_baseline(run_dir),
    )
    html = render(facts)
    write_atomically(run_dir / "report.json", json.dumps(facts.as_json(), indent=1).encode())
    path = run_dir / "report.html"
    write_atomically(path, html.encode())
    return path


def render(facts: Facts) -> str:
    """The report's HTML."""
    results = facts.evaluation.results
    counts = facts.dataset.counts() if facts.dataset else {}
    return pages.render(
        Path(__file__).with_name("template.html.j2"),
        facts=facts,
        run=facts.run,
        config=facts.project.config,
        title=facts.project.kit.manifest.title,
        words=facts.project.kit.manifest.words,
        worth=facts.worth,
        is_money=worth.is_money,
        won_per_month=worth.hits(facts.evaluation.metrics, worth.PRECISION, facts.point),
        at_random=worth.hits(facts.evaluation.metrics, worth.BASE, facts.point),
        plots=_kit_plots(facts),
        point=facts.point,
        money=facts.money,
        metrics=_metric_rows(facts),
        standing=standing,
        cost_plot=_cost_plot(facts),
        score_plot=_score_plot(facts),
        confusion=figures.confusion(results),
        verdicts=figures.VERDICTS,
        is_positive=is_positive,
        mistakes=worst_mistakes(facts),
        wrong=len(facts.wrong(len(results))),
        counts=counts,
        data_labels=sorted({label for labels in counts.values() for label in labels}),
        slice_metrics=_in_order(facts.evaluation.slices.values()),
        licences=facts.bundle.manifest.licences,
    )


def _in_order(parts: Iterable[Iterable[str]]) -> list[str]:
    """Names of all parts, each once, as they first come."""
    return list(dict.fromkeys(name for part in parts for name in part))


def _metric_rows(facts: Facts) -> list[tuple[str, Estimate, Estimate | None]]:
    """Metrics with their baseline, the goal first."""
    names = sorted(facts.evaluation.metrics, key=lambda name: name != facts.goal)
    return [(n, facts.evaluation.metrics[n], facts.baseline.get(n)) for n in names]


def _marks(facts: Facts) -> list[plots.Mark]:
    point = facts.point
    words = facts.project.kit.manifest.words.verdicts
    act, review = words.get("act", point.action), words.get("review", "review")
    marks = [plots.Mark(point.default.act_at, f"{act} from here", "act")]
    if point.default.review_from < point.default.act_at:
        marks.append(plots.Mark(point.default.review_from, f"{review} from here", "review"))
    return marks


def _cost_plot(facts: Facts) -> str:
    if facts.by_hand or facts.ranked or facts.over_time:
        return ""
    xs, ys = figures.cost_curve(facts.evaluation, facts.project.config.costs)
    if not xs:
        return ""
    currency = facts.project.config.costs.currency
    return plots.line_plot(
        xs,
        ys,
        x_label="score from which the device acts",
        y_label=f"{currency} per 1,000",
        marks=_marks(facts),
    )


def _score_plot(facts: Facts) -> str:
    if facts.by_hand:
        return ""
    negatives, positives = figures.split_scores(facts.evaluation.results)
    if not negatives or not positives:
        return ""
    words = facts.project.kit.manifest.words
    return plots.histogram(
        negatives,
        positives,
        names=(f"{words.good} (n={len(negatives)})", f"{words.bad} (n={len(positives)})"),
        x_label="score",
        marks=_marks(facts),
    )


def _kit_plots(facts: Facts) -> list[Plot]:
    """What the kit itself has to show; nothing when the samples are no longer here."""
    offered: Plots | None = getattr(facts.project.kit.evaluate, "plots", None)
    every = facts.dataset.items if facts.dataset is not None else ()
    items = tuple(item for item in every if item.split == facts.evaluation.split)
    if offered is None or facts.dataset is None or not items:
        return []
    task = EvaluateTask(
        runtime=make_ready(facts.bundle).runtime,
        operating_point=facts.point,
        dataset=facts.dataset,
        items=items,
        costs=facts.project.config.costs,
        seed=facts.evaluation.seed,
    )
    try:
        return list(offered(task, facts.evaluation))
    except DataError:
        return []


def _dataset(project: Project, identity: str) -> Dataset | None:
    try:
        return project.dataset(identity)
    except DataError:
        return None
