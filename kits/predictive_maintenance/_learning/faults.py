"""Learning named faults: the rule, linear models and trees side by side, judged on bearings and machines left out.

The rule of physics needs no training and stays unless something learned beats it there; the random-window figure is
computed too, as a warning. Groups never stand on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.core.kit import NoProgress, Progress
from kits.predictive_maintenance._device.faults import (
    NORMAL,
    FaultSpec,
    evidence_columns,
    rule_chances,
    running,
    strongest,
    usable,
)
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.trace import SENSOR_FAULT
from kits.predictive_maintenance._judging.scores import average_precision, macro_f1
from kits.predictive_maintenance._learning import graphs, trees
from kits.predictive_maintenance._learning.chances import Calibration, calibrated, tells_faults
from kits.predictive_maintenance._learning.fault_table import Table, folds, weights_of
from kits.predictive_maintenance._learning.linear import Linear, conditional, logistic
from kits.predictive_maintenance._learning.physics import physics_of
from kits.predictive_maintenance._learning.recordings import NORMAL_LABELS, Recording
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_PROMOTION = 0.02
"""What a learned model must win by, where machines are left out, to take the place of a simpler one."""
_WORDS = {
    "outer": ("outer",),
    "inner": ("inner",),
    "ball": ("ball", "roll", "element"),
    "cage": ("cage",),
}


@dataclass(frozen=True)
class Candidate:
    """One way to tell the classes, with its figures where groups were left out.

    Attributes:
        calibration: of single rows, which come as often as they do; captures are taken as somebody chose.
        tells: whether faults scored above what is normal beyond chance; None: too few to tell.
    """

    name: str
    spec: FaultSpec
    score: float
    accuracy: float
    random_accuracy: float
    calibration: Calibration | None = None
    tells: bool | None = None


@dataclass(frozen=True)
class LearnedFaults:
    """The chosen way, its graph (None for the rule) and what was compared."""

    spec: FaultSpec
    model: bytes | None
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]
    figures: Mapping[str, float]


def label_of(recording: Recording) -> str:
    """The class of a recording; what means no fault is `normal`."""
    return NORMAL if recording.label.lower() in NORMAL_LABELS else recording.label


def learn_faults(
    train: Sequence[Recording],
    config: Config,
    seed: int,
    *,
    device: str = "cpu",
    progress: Progress | None = None,
) -> LearnedFaults:
    """The best way to tell the labelled conditions.

    Raises:
        DataError: fewer than two classes.
    """
    known = [r for r in train if r.label and r.label != SENSOR_FAULT]
    names = tuple(sorted({label_of(r) for r in known}))
    if len(names) < 2:
        raise DataError(
            f"{len(names)} labelled condition(s): there is nothing to tell apart",
            fix="label recordings with what was found, or use model.approach: condition",
        )
    single = all(r.readings == 1 for r in known)
    rows, notes = choose_rows(known, config, products=single)
    work = _Work(known, rows, names, config, seed, device, single)
    ways = work.ways()
    progress = progress or NoProgress()
    progress.begin("comparing ways to tell the faults", len(ways))
    found = []
    for spec in ways:
        found.append(work.judged(spec))
        progress.advance()
    progress.end()
    chosen = _chosen(found)
    model = None if chosen.spec.method == "rule" else work.fitted(chosen.spec, chosen.calibration)
    figures = {f"cv_{c.name}": c.score for c in found} | {"cv_accuracy": chosen.accuracy}
    figures = {name: value for name, value in figures.items() if np.isfinite(value)}
    told = (*notes, *work.notes(), *_told(found, chosen, single=single))
    return LearnedFaults(chosen.spec, model, tuple(found), told, figures)


def _chosen(found: Sequence[Candidate]) -> Candidate:
    """The simplest that nothing more complicated beats by enough; they come in rising order."""
    best = found[0]
    for candidate in found[1:]:
        if candidate.score > best.score + _PROMOTION:
            best = candidate
    return best


@dataclass(frozen=True)
class _Work:
    known: Sequence[Recording]
    rows: RowSpec
    names: tuple[str, ...]
    config: Config
    seed: int
    device: str
    single: bool = False
    tables: dict[str, Table] = field(default_factory=dict)
    """Rows that were made, by kind: several ways see the same ones."""

    def ways(self) -> list[FaultSpec]:
        """Ways that the data allows, the simplest first."""
        physics = physics_of(self.config)
        base = FaultSpec(
            rows=self.rows,
            classes=self.names,
            method="linear",
            meaning=_meaning(self.names),
            physics=physics,
        )
        ways = []
        if physics.bearings and self.rows.features and self._hears(base):
            ways += [
                base.model_copy(update={"method": "rule"}),
                base.model_copy(update={"method": "evidence"}),
            ]
            orders = tuple(
                i
                for i, name in enumerate(self.rows.names)
                if any(f"_{bearing}_" in name for bearing in physics.bearings)
            )
            ways.append(base.model_copy(update={"columns": orders}))
        everything = tuple(range(len(self.rows.names)))
        ways.append(base.model_copy(update={"columns": everything}))
        ways.append(base.model_copy(update={"columns": everything, "method": "trees"}))
        return ways

    def _hears(self, spec: FaultSpec) -> bool:
        try:
            strongest(self.known[0].window, spec)
        except DataError:
            return False
        return True

    def notes(self) -> tuple[str, ...]:
        groups: dict[str, set[str]] = {}
        for recording in self.known:
            groups.setdefault(label_of(recording), set()).add(recording.group)
        alone = sorted(label for label, found in groups.items() if len(found) == 1)
        if not alone:
            return ()
        return (
            f"{', '.join(alone)}: from one machine only, so nobody can say how they look on another",
        )

    def table(self, spec: FaultSpec) -> Table:
        """Rows as the way sees them."""
        cached = self.tables
        kind = "evidence" if spec.method in ("rule", "evidence") else "rows"
        if kind not in cached:
            cached[kind] = self._made(spec, kind)
        table = cached[kind]
        if kind == "evidence" or not spec.columns:
            return table
        return replace(table, values=table.values[:, list(spec.columns)])

    def _made(self, spec: FaultSpec, kind: str) -> Table:
        labels = np.array([self.names.index(label_of(r)) for r in self.known])
        blocks, owner = [], []
        for number, recording in enumerate(self.known):
            if kind == "evidence":
                values = evidence_columns(strongest(recording.window, spec))[None, :]
            else:
                values = rows_of(recording.window, self.rows, self.config.speed_rpm).values
            blocks.append(values)
            owner.append(np.full(len(values), number))
        joined = np.concatenate(owner)
        groups = tuple(r.group for r in self.known)
        return Table(np.vstack(blocks), joined, labels[joined], groups, labels)

    def filled(self, spec: FaultSpec) -> FaultSpec:
        """The spec with what stands in for missing figures."""
        values = self.table(spec).values
        with np.errstate(all="ignore"):
            known = np.where(np.isfinite(values), values, np.nan)
            has = np.isfinite(known).any(axis=0)
            fills = np.zeros(values.shape[1])
            fills[has] = np.nanmedian(known[:, has], axis=0)
        return spec.model_copy(update={"fills": tuple(map(float, fills))})

    def judged(self, spec: FaultSpec) -> Candidate:
        """A way with its figures on groups left out, and on windows drawn at random."""
        if spec.method == "rule":
            chances = np.stack(
                [
                    rule_chances(strongest(r.window, spec), spec.classes, spec.meaning)
                    for r in self.known
                ]
            )
            labels = np.array([self.names.index(label_of(r)) for r in self.known])
            accuracy = float((chances.argmax(axis=1) == labels).mean())
            return Candidate("rule", spec, self._score(labels, chances), accuracy, accuracy)
        spec = self.filled(spec)
        table = self.table(spec)
        values = _usable(table.values, spec)
        held, chances = self._left_out(spec, table, values)
        labels = table.labels[held]
        calibration = calibrated(chances, labels) if self.single and held.size else None
        if calibration is not None:
            chances = calibration(chances)
        accuracy = float((chances.argmax(axis=1) == labels).mean()) if held.size else float("nan")
        name = (
            spec.method
            if spec.method != "linear" or len(spec.columns) == len(self.rows.names)
            else "orders"
        )
        return Candidate(
            name,
            spec,
            self._score(labels, chances),
            accuracy,
            self._random(spec, table, values),
            calibration,
            self._tells(held, chances),
        )

    def _tells(self, held: Ints, chances: Floats) -> bool | None:
        if NORMAL not in self.names:
            return None
        usual = self.names.index(NORMAL)
        faulty = np.array([label_of(self.known[i]) != NORMAL for i in held], np.bool_)
        groups = [self.known[i].group for i in held]
        return tells_faults(1 - chances[:, usual], faulty, groups)

    def _score(self, labels: Ints, chances: Floats) -> float:
        """Area under precision and recall where there is one fault, else macro F1."""
        if not labels.size:
            return float("nan")
        if len(self.names) == 2 and NORMAL in self.names:
            place = 1 - self.names.index(NORMAL)
            return average_precision(labels == place, chances[:, place])
        return macro_f1(labels, chances.argmax(axis=1), len(self.names))

    def _left_out(self, spec: FaultSpec, table: Table, values: Floats) -> tuple[Ints, Floats]:
        """Probabilities of each recording by models that saw no recording of its group."""
        held, found = [], []
        for test in folds(table, self.seed):
            train = np.setdiff1d(np.arange(len(table.labels)), test)
            mine = table.of(train)
            predict = self._fit(spec, values[mine], table.classes[mine], table.owner[mine])
            for recording in test:
                rows = table.owner == recording
                found.append(running(predict(values[rows]))[-1])
                held.append(recording)
        if not held:
            return np.empty(0, np.intp), np.empty((0, len(self.names)))
        return np.array(held), np.stack(found)

    def _random(self, spec: FaultSpec, table: Table, values: Floats) -> float:
        """Accuracy when windows are drawn at random: what a leak looks like."""
        if len(values) == len(table.labels) and len(set(table.groups)) == len(table.labels):
            return float("nan")
        side = np.random.default_rng(self.seed).random(len(values)) < 0.7
        if len(set(table.classes[side])) < len(self.names):
            return float("nan")
        predict = self._fit(spec, values[side], table.classes[side], table.owner[side])
        return float((predict(values[~side]).argmax(axis=1) == table.classes[~side]).mean())

    def _fit(
        self, spec: FaultSpec, values: Floats, classes: Ints, owner: Ints
    ) -> Callable[[Floats], Floats]:
        count = len(self.names)
        if spec.method == "trees":
            present = np.unique(classes)
            model = self._trees(values, np.searchsorted(present, classes))

            def by_trees(rows: Floats) -> Floats:
                chances = np.zeros((len(rows), count))
                chances[:, present] = model.predict_proba(rows.astype(np.float32))
                return chances

            return by_trees
        return self._linear(spec, values, classes, owner)

    def _trees(self, values: Floats, classes: Ints) -> Any:
        faults = self.config.faults
        return trees.classifier(
            values,
            classes,
            trees=faults.trees,
            depth=faults.depth,
            seed=self.seed,
            device=self.device,
        )

    def fitted(self, spec: FaultSpec, calibration: Calibration | None = None) -> bytes:
        """The graph of a way, fitted on all recordings."""
        table = self.table(spec)
        values = _usable(table.values, spec)
        if spec.method == "trees":
            found = self._trees(values, table.classes)
            return trees.classifier_to_onnx(found, values.shape[1], calibration)
        model = self._linear(spec, values, table.classes, table.owner)
        if calibration is not None:
            model = calibration.linear(model)
        return graphs.linear(model.mean, model.scale, model.weights, model.bias)

    def _linear(self, spec: FaultSpec, values: Floats, classes: Ints, owner: Ints) -> Linear:
        weights = weights_of(classes, owner)
        if spec.method == "evidence":
            return conditional(values, classes, weights, spec)
        return logistic(values, classes, weights, len(self.names))


def _usable(values: Floats, spec: FaultSpec) -> Floats:
    return usable(values, spec.model_copy(update={"columns": ()}))


def _meaning(names: Sequence[str]) -> dict[str, str]:
    """Fault of the rule → the class of the data that says it."""
    found = {}
    for fault, words in _WORDS.items():
        for name in names:
            if any(word in name.lower() for word in words):
                found[fault] = name
    return found


def _told(found: Sequence[Candidate], chosen: Candidate, *, single: bool) -> tuple[str, ...]:
    left_out = "records" if single else "machines"
    if not any(np.isfinite(c.score) for c in found):
        return (
            "no condition was recorded on two machines, so no way to tell them could be compared; taken: the simplest, "
            f"{chosen.name}",
        )
    compared = ", ".join(f"{c.name} {c.score:.3f}" for c in found)
    notes = [f"{left_out} left out in turn: {compared}; taken: {chosen.name}"]
    if chosen.tells is False:
        notes.append(
            f"nothing learned: of {left_out} left out, those with a fault scored no higher than normal ones do by chance; "
            "what it says of others is no better than a guess"
        )
    risky = [
        c for c in found if np.isfinite(c.random_accuracy) and c.random_accuracy > c.accuracy + 0.05
    ]
    if risky:
        worst = max(risky, key=lambda c: c.random_accuracy - c.accuracy)
        notes.append(
            f"windows drawn at random would promise {worst.random_accuracy:.3f} accuracy for {worst.name}; on "
            f"machines it has not heard it reaches {worst.accuracy:.3f}: believe the second"
        )
    return tuple(notes)
