"""What a report is made from, and the same as JSON: the run, its figures, its bundle, its data and its money.

It computes nothing of its own (`figures.py` does) and shows nothing (`build.py` does).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from kits.core.bundle import Bundle
from kits.core.dataset import Dataset
from kits.core.kit import Evaluation, ItemResult
from kits.core.operating_point import OperatingPoint
from kits.core.stats import Estimate
from kits.toolchain.evaluation import finite, metrics_json
from kits.toolchain.project import Project
from kits.toolchain.report import figures
from kits.toolchain.runs import Run
from kits.toolchain.worth import Worth, worth_of


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
    def over_time(self) -> bool:
        """Whether machines are watched: alarms cost and save, by the stops they warn of, and no sample does."""
        return self.point.alarm is not None

    @property
    def money(self) -> figures.Money | None:
        costs = self.project.config.costs
        if self.ranked or self.over_time:
            return None
        if self.by_hand:
            return figures.money_by_hand(self.evaluation, costs)
        return figures.money(self.evaluation, costs)

    @property
    def worth(self) -> Worth | None:
        """What taking the best first brings in a month; None where samples do not wait for people."""
        if not self.ranked:
            return None
        currency = self.project.config.costs.currency
        words = self.project.kit.manifest.words
        return worth_of(self.evaluation.metrics, self.point, words, currency)

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
        if self.run.kind == "tune":
            return shlex.join(["kit", "tune", *options])
        return shlex.join(["kit", "train", "--seed", str(self.run.seed), *options])

    @property
    def notes(self) -> tuple[str, ...]:
        notes = dict.fromkeys([*self.run.notes, *self.evaluation.notes])
        said = self.run.warning.text if self.run.warning else ""  # the heading
        return tuple(note for note in notes if note != said)

    @property
    def details(self) -> tuple[str, ...]:
        """How it was made, for who wants to know."""
        return tuple(dict.fromkeys([*self.run.details, *self.evaluation.details]))

    def as_json(self) -> dict[str, JsonValue]:
        """`report.json`."""
        money = self.money
        return {
            "warning": self.run.model_dump(mode="json")["warning"],
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
