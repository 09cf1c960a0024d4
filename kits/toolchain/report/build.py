"""Writes a run's report: one HTML file that needs nothing else, and the same figures as JSON.

It collects; figures are computed in `figures.py`, plots drawn in `plots.py`, the look is
`template.html.j2`. It changes nothing of the run.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from kits.core.bundle import Bundle, open_file
from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.kit import EvaluateTask, Evaluation, ItemResult, Plot
from kits.core.operating_point import OperatingPoint
from kits.core.prediction import prediction_from_json
from kits.core.ready import make_ready
from kits.core.stats import Estimate
from kits.toolchain.evaluation import finite, load_evaluation, metrics_json
from kits.toolchain.pairing import SMALLER_IS_BETTER, is_positive
from kits.toolchain.predict import picture_of
from kits.toolchain.project import Project
from kits.toolchain.report import figures, plots
from kits.toolchain.tracking import Run, read_run

Plots = Callable[[EvaluateTask, Evaluation], Sequence[Plot]]
"""What a kit's `evaluate.py` may offer as `plots`."""
_PICTURES = 8
_PICTURE_PIXELS = 420


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong verdict as the report shows it; `picture` is a data URI or empty."""

    kind: str
    truth: str
    verdict: str
    score: float
    cost: float
    source: str
    picture: str


def write_report(project: Project, run_dir: Path) -> Path:
    """Writes `report.html` and `report.json` into the run's folder; returns the HTML's path.

    Raises:
        DataError: the run was not evaluated.
    """
    from kits.toolchain.training import goal_metric, load_baseline

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


@dataclass(frozen=True)
class Facts:
    """What a report is made from."""

    project: Project
    run: Run
    evaluation: Evaluation
    bundle: Bundle
    dataset: Dataset | None
    goal: str
    baseline: dict[str, Estimate]

    @property
    def point(self) -> OperatingPoint:
        return self.bundle.operating_point

    @property
    def by_hand(self) -> bool:
        """Whether all that is not decided goes to a person: nothing is passed unseen, no class is missed."""
        return self.point.bound is not None

    @property
    def ranked(self) -> bool:
        """Whether samples wait for people who take the best first: nothing is passed or stopped."""
        return self.project.kit.manifest.ranked

    @property
    def money(self) -> figures.Money | None:
        costs = self.project.config.costs
        if self.ranked:
            return None
        if self.by_hand:
            return figures.money_by_hand(self.evaluation, costs)
        return figures.money(self.evaluation, costs)

    def wrong(self, count: int) -> list[ItemResult]:
        """The worst wrong verdicts."""
        worst = figures.worst_acts if self.by_hand else figures.worst_mistakes
        return worst(self.evaluation.results, count)

    @property
    def repeat(self) -> str:
        """The command that makes this run again, with what differs from `kit.yaml` today."""
        saved = Project.open(self.project.root)  # without what `--set` changed for this run
        now = saved.kit_config.model_dump(mode="json")
        costs = saved.config.costs.model_dump(mode="json")
        changed = [
            *_changed("model", self.run.config, now),
            *_changed("costs", self.run.costs, costs),
        ]
        options = [word for setting in changed for word in ("--set", setting)]
        return shlex.join(["kit", "train", "--seed", str(self.run.seed), *options])

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.run.notes, *self.evaluation.notes]))

    @property
    def details(self) -> tuple[str, ...]:
        """How it was made, for who wants to know."""
        return tuple(dict.fromkeys([*self.run.details, *self.evaluation.details]))

    def as_json(self) -> dict[str, JsonValue]:
        """`report.json`."""
        money = self.money
        return {
            "run": self.run.id,
            "project": self.run.project,
            "kit": self.run.kit,
            "problem": self.project.config.problem,
            "dataset": self.run.dataset,
            "seed": self.run.seed,
            "bundle": self.bundle.id,
            "goal": self.goal,
            "target": self.project.config.metric.target,
            "split": self.evaluation.split,
            "n": self.evaluation.n,
            "operating_point": finite(self.point),
            "money": None
            if money is None
            else {
                "currency": money.currency,
                "per_samples": figures.PARTS,
                "with_model": finite(money.with_model),
                "inspect_nothing": money.nobody,
                "inspect_everything": money.everyone,
                "act_on_everything": money.reject_all,
                "saved": money.saved,
            },
            "metrics": metrics_json(self.evaluation.metrics),
            "baseline": metrics_json(self.baseline),
            "slices": {k: metrics_json(v) for k, v in self.evaluation.slices.items()},
            "confusion": {k: dict(v) for k, v in figures.confusion(self.evaluation.results)},
            "counts": finite(self.dataset.counts()) if self.dataset else {},
            "licences": [finite(note) for note in self.bundle.manifest.licences],
            "packages": dict(self.run.packages),
            "notes": list(self.notes),
            "details": list(self.details),
            "repeat": self.repeat,
        }


def _changed(prefix: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """`key=value` of each setting that differed then, down to single keys."""
    for key, value in then.items():
        today = now.get(key)
        if isinstance(value, Mapping) and isinstance(today, Mapping):
            yield from _changed(f"{prefix}.{key}", value, today)
        elif value != today:
            yield f"{prefix}.{key}={json.dumps(value)}"


def render(facts: Facts) -> str:
    """The report's HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kits.toolchain.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    results = facts.evaluation.results
    counts = facts.dataset.counts() if facts.dataset else {}
    return environment.get_template("template.html.j2").render(
        facts=facts,
        run=facts.run,
        config=facts.project.config,
        title=facts.project.kit.manifest.title,
        words=facts.project.kit.manifest.words,
        plots=_kit_plots(facts),
        point=facts.point,
        money=facts.money,
        metrics=_metric_rows(facts),
        smaller=SMALLER_IS_BETTER,
        cost_plot=_cost_plot(facts),
        score_plot=_score_plot(facts),
        confusion=figures.confusion(results),
        verdicts=figures.VERDICTS,
        is_positive=is_positive,
        mistakes=_mistakes(facts),
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
    act, review = ("first", "then") if facts.ranked else (point.action, "review")
    marks = [plots.Mark(point.default.act_at, f"{act} from here", "act")]
    if point.default.review_from < point.default.act_at:
        marks.append(plots.Mark(point.default.review_from, f"{review} from here", "review"))
    return marks


def _cost_plot(facts: Facts) -> str:
    if facts.by_hand or facts.ranked:
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


def _mistakes(facts: Facts) -> list[Mistake]:
    return [
        Mistake(
            kind=_kind(facts, result),
            truth=result.truth or "(none)",
            verdict=result.verdict,
            score=result.score,
            cost=result.cost,
            source=_source(facts.dataset, result),
            picture=_picture(facts, result),
        )
        for result in facts.wrong(_PICTURES)
    ]


def _kind(facts: Facts, result: ItemResult) -> str:
    if facts.by_hand:
        said = prediction_from_json(dict(result.prediction)).label if result.prediction else ""
        return f"taken for {said or 'none'}"
    return "escape" if is_positive(result.truth) else "overkill"


def _source(dataset: Dataset | None, result: ItemResult) -> str:
    items = dataset.items if dataset else ()
    found = (i.sample.source for i in items if i.sample.id == result.sample_id)
    return next(found, "") or result.sample_id


def _picture(facts: Facts, result: ItemResult) -> str:
    """A small JPEG of the sample with what was found, as a data URI; empty when there is none."""
    draw = picture_of(facts.project.kit)
    if draw is None or facts.dataset is None:
        return ""
    item = next((i for i in facts.dataset.items if i.sample.id == result.sample_id), None)
    if item is None:
        return ""
    prediction = prediction_from_json(dict(result.prediction)) if result.prediction else None
    png = draw(facts.dataset.content(item), prediction, item.annotation)
    return f"data:image/jpeg;base64,{base64.b64encode(_shrunk(png)).decode()}"


def _shrunk(png: bytes) -> bytes:
    """The picture as a JPEG whose longer side is at most 420 pixels."""
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    scale = min(1.0, _PICTURE_PIXELS / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])
    content: bytes = jpeg.tobytes()
    return content


__all__ = ["Facts", "render", "write_report"]
