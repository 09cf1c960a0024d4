"""Judging approach `fault-class`: accuracy on recordings, macro F1, ranking of faults, and thresholds from money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.operating_point import Band, Costs, OperatingPoint
from kits.core.prediction import Prediction
from kits.core.stats import Estimate, bootstrap, proportion
from kits.predictive_maintenance._device.faults import NORMAL
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from kits.predictive_maintenance._judging.certainty import never_certain
from kits.predictive_maintenance._judging.judged import ROUNDS, Judged, cost_of, result, verdict_of
from kits.predictive_maintenance._judging.scores import average_precision, macro_f1
from kits.predictive_maintenance._learning.recordings import NORMAL_LABELS, Recording
from kits.predictive_maintenance.runtime import MachineRuntime

Floats = NDArray[np.float64]
_CUTS = 60
_LEAST = 10


@dataclass(frozen=True)
class _One:
    recording: Recording
    prediction: Prediction
    truth: str

    @property
    def faulty(self) -> bool:
        return self.truth != NORMAL


def choose(
    task: EvaluateTask, runtime: MachineRuntime, recordings: Sequence[Recording]
) -> OperatingPoint:
    """Thresholds of least cost on the items given; where they are too few, of rows by the chances themselves, else even odds.

    Raises:
        DataError: nothing labelled among them.
    """
    ones = _ones(runtime, recordings)
    if not ones:
        raise DataError("no labelled recording to choose thresholds on", fix="label some of val")
    scores = np.array([one.prediction.score for one in ones])
    faulty = np.array([one.faulty for one in ones])
    if min(int(faulty.sum()), int((~faulty).sum())) >= _LEAST:
        band = _cheapest(scores, faulty, task)
        method = f"least cost on {int((~faulty).sum())} normal and {int(faulty.sum())} faulty recordings of val"
    elif (share := _faulty_share(task, recordings)) is not None:
        band = _by_chances(task.costs, share)
        method = (
            f"least cost if the chances are right, at {task.costs.prevalence:.3g} faulty: too few labelled rows in val "
            "to measure costs"
        )
    else:
        band = Band(act_at=0.5, review_from=0.25)
        method = "even odds: too few labelled recordings in val to weigh costs"
    return OperatingPoint(
        default=band,
        action="warn",
        costs=task.costs,
        method=method,
        dataset=task.dataset.id,
        seed=task.seed,
    )


def _cheapest(scores: Floats, faulty: NDArray[np.bool_], task: EvaluateTask) -> Band:
    cuts = np.unique(np.quantile(scores, np.linspace(0, 1, _CUTS)))
    share = task.costs.prevalence
    best: tuple[float, Band] | None = None
    for high in cuts:
        for low in cuts[cuts <= high]:
            verdicts = np.where(scores >= high, 2, np.where(scores >= low, 1, 0))
            names = np.array(["pass", "review", "act"])[verdicts]
            spent = np.array(
                [cost_of(str(v), task.costs, faulty=bool(f)) for v, f in zip(names, faulty)]
            )
            cost = share * spent[faulty].mean() + (1 - share) * spent[~faulty].mean()
            if best is None or cost < best[0]:
                best = float(cost), Band(act_at=float(high), review_from=float(low))
    assert best is not None
    return best[1]


def _faulty_share(task: EvaluateTask, recordings: Sequence[Recording]) -> float | None:
    """Share of faults that the chances of single rows go by; None: captures, whose share somebody chose."""
    if any(one.readings != 1 for one in recordings):
        return None
    labels = [i.annotation.label for i in task.dataset.of("train") if i.annotation]
    known = [label for label in labels if label and label != SENSOR_FAULT]
    share = sum(label.lower() not in NORMAL_LABELS for label in known) / max(len(known), 1)
    return share if 0 < share < 1 else None


def _by_chances(costs: Costs, share: float) -> Band:
    """Where one verdict becomes dearer than the next, for chances of rows of which such a share is faulty.

    As they come at work `costs.prevalence` of them is: odds are moved from that to the share.
    """
    dearest = costs.escape + costs.overkill
    even = costs.overkill / dearest if dearest else 0.5
    low, high = even, even
    if costs.review < even * costs.escape:
        low, high = costs.review / costs.escape, 1 - costs.review / costs.overkill
    common = share / (1 - share) * (1 - costs.prevalence) / costs.prevalence

    def moved(chance: float) -> float:
        return common * chance / (1 - chance + common * chance)

    return Band(act_at=moved(high), review_from=moved(low))


def judge(task: EvaluateTask, runtime: MachineRuntime, recordings: Sequence[Recording]) -> Judged:
    """Figures of classification, one opinion per recording.

    Raises:
        DataError: nothing labelled among them.
    """
    ones = _ones(runtime, recordings)
    if not ones:
        raise DataError(
            "no labelled recording to evaluate on", fix="label recordings of this split"
        )
    notes: list[str] = []
    if len(ones) < len(recordings):
        notes.append(f"{len(recordings) - len(ones)} recordings without label were left out")
    classes = sorted({*runtime.judge.labels, *(one.truth for one in ones)})
    strange = {one.truth for one in ones} - set(runtime.judge.labels)
    if strange:
        notes.append(f"labels that were not learned count as wrong: {', '.join(sorted(strange))}")
    truth = np.array([classes.index(one.truth) for one in ones])
    said = np.array([classes.index(one.prediction.label) for one in ones])
    groups = [one.recording.group for one in ones]
    metrics = {
        "accuracy": bootstrap(
            lambda rows: float((truth[rows] == said[rows]).mean()),
            groups,
            seed=task.seed,
            rounds=ROUNDS,
        ),
        "macro_f1": bootstrap(
            lambda rows: macro_f1(truth[rows], said[rows], len(classes)),
            groups,
            seed=task.seed,
            rounds=ROUNDS,
        ),
    }
    metrics |= _ranking(ones, groups, task.seed, notes)
    metrics = never_certain(metrics, [one.truth for one in ones], groups)
    point = task.operating_point
    if point is not None:
        metrics |= _rates(ones, point)
    slices = {
        f"class {classes[k]}": {
            "recall": proportion(int((said[truth == k] == k).sum()), int((truth == k).sum()))
        }
        for k in sorted(set(truth.tolist()))
    }
    results = tuple(
        result(
            one.recording,
            one.prediction,
            verdict_of(point, one.prediction),
            one.truth,
            faulty=one.faulty,
            costs=task.costs,
        )
        for one in ones
    )
    return Judged(metrics, slices, results, tuple(notes))


def _ones(runtime: MachineRuntime, recordings: Sequence[Recording]) -> list[_One]:
    known = [r for r in recordings if r.label]
    return [
        _One(
            r,
            runtime.predict([r.window])[0],
            NORMAL if r.label.lower() in NORMAL_LABELS else r.label,
        )
        for r in known
    ]


def _ranking(
    ones: Sequence[_One], groups: Sequence[str], seed: int, notes: list[str]
) -> dict[str, Estimate]:
    faulty = np.array([one.faulty for one in ones])
    if faulty.all() or not faulty.any():
        notes.append("pr_auc left out: it needs normal and faulty recordings")
        return {}
    scores = np.array([one.prediction.score for one in ones])
    area = bootstrap(
        lambda rows: average_precision(faulty[rows], scores[rows]),
        groups,
        seed=seed,
        rounds=ROUNDS,
    )
    return {"pr_auc": area}


def _rates(ones: Sequence[_One], point: OperatingPoint) -> dict[str, Estimate]:
    verdicts = [point.decide(one.prediction).verdict for one in ones]
    faulty = [v for one, v in zip(ones, verdicts) if one.faulty]
    normal = [v for one, v in zip(ones, verdicts) if not one.faulty]
    rates = {"review_rate": proportion(sum(v == "review" for v in verdicts), len(verdicts))}
    if faulty:
        rates["escape_rate"] = proportion(sum(v == "pass" for v in faulty), len(faulty))
    if normal:
        rates["overkill_rate"] = proportion(sum(v == "act" for v in normal), len(normal))
    return rates
