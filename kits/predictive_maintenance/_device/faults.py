"""Named faults on the device: which condition a recording shows, by rule, by a linear model or by trees.

The rows of one recording are one opinion: their log probabilities are averaged. It is not responsible for learning
(`_learning/faults.py`) nor for the rule itself (`_signals/hypothesis.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.core.prediction import Reason
from kits.core.runtime import Session
from kits.core.window import Window
from kits.predictive_maintenance._device.physics import PhysicsSpec, hypothesis
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.shaft import heard, turning
from kits.predictive_maintenance._device.trace import Trace
from kits.predictive_maintenance._signals.hypothesis import Fault, FaultHypothesis

Floats = NDArray[np.float64]
NORMAL = "normal"
FAULTS: tuple[Fault, ...] = ("outer", "inner", "ball", "cage")
Method = Literal["rule", "evidence", "linear", "trees"]
BY_RULE: tuple[Method, ...] = ("rule", "evidence")
"""Methods that look at the hypothesis, not at rows."""
_FLOOR = 1e-6
_CHUNK = 4096
_SHARPNESS = 8.0
"""Of the rule's probabilities, per unit of log10 prominence: three times as prominent is 50 to 1."""


class FaultSpec(BaseModel):
    """What the runtime of approach `fault-class` needs to know; part of the bundle's `config`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: RowSpec
    classes: tuple[str, ...]
    method: Method
    columns: tuple[int, ...] = Field((), description="of a row, that the model sees")
    fills: tuple[float, ...] = Field((), description="by column: taken where a figure is missing")
    meaning: dict[str, str] = Field(
        default_factory=dict, description="fault of the rule → class of the data"
    )
    physics: PhysicsSpec = PhysicsSpec()


@dataclass(frozen=True)
class FaultJudge:
    """`Judge` of approach `fault-class`. The score is the probability that it is not normal."""

    spec: FaultSpec
    session: Session | None
    speed_rpm: float = 0.0

    @property
    def labels(self) -> tuple[str, ...]:
        return self.spec.classes

    @property
    def history(self) -> int:
        return 0

    def trace(self, window: Window, excluded: frozenset[str] = frozenset()) -> Trace:
        spec = self.spec
        if spec.method in BY_RULE:
            chances, at_s, ends = self._by_rule(window, excluded)
        else:
            rows = rows_of(window, spec.rows, self.speed_rpm)
            values = usable(rows.values, spec)
            sources = spec.rows.sources if excluded else ()
            for place, column in enumerate(spec.columns):
                if excluded and sources[column] & excluded:
                    values[:, place] = spec.fills[place]
            chances, at_s, ends = running(self._run(values)), rows.at_s, rows.ends
        score = self._score(chances)
        labels = tuple(spec.classes[k] for k in chances.argmax(axis=1))

        def words(row: int) -> tuple[Reason, ...]:
            return _words(chances[row], spec)

        return Trace(at_s, ends, score, labels=labels, probabilities=chances, reasons=words)

    def _run(self, values: Floats) -> Floats:
        assert self.session is not None
        parts = [
            np.asarray(
                self.session.run({"rows": values[i : i + _CHUNK].astype(np.float32)})[0], np.float64
            )
            for i in range(0, len(values), _CHUNK)
        ]
        return np.vstack(parts)

    def _by_rule(
        self, window: Window, excluded: frozenset[str]
    ) -> tuple[Floats, Floats, NDArray[np.intp]]:
        spec = self.spec
        kept = tuple(c for c in window.channels if c.name not in excluded)
        seconds = max(c.readings.size / (window.rate_of(c) or 1.0) for c in window.channels)
        count = max(c.readings.size for c in window.channels)
        if excluded & {*spec.rows.channels} and not any(c.name in spec.rows.channels for c in kept):
            # nothing is left to listen to: no opinion, which a person is told of
            return np.empty((0, len(spec.classes))), np.empty(0), np.empty(0, np.intp)
        rest = replace(window, channels=kept)
        if excluded and not turning(rest, spec.physics.shaft, spec.physics.speed_rpm).speed_hz:
            # what told the speed is broken
            return np.empty((0, len(spec.classes))), np.empty(0), np.empty(0, np.intp)
        found = strongest(rest, spec)
        if spec.method == "rule":
            chances = rule_chances(found, spec.classes, spec.meaning)[None, :]
        else:
            chances = self._run(evidence_columns(found)[None, :])
        return chances, np.array([seconds]), np.array([count])

    def _score(self, chances: Floats) -> Floats:
        if NORMAL in self.spec.classes:
            score: Floats = 1 - chances[:, self.spec.classes.index(NORMAL)]
            return score
        return np.ones(len(chances))


def usable(values: Floats, spec: FaultSpec) -> Floats:
    """The columns the model sees; figures that are missing are filled in."""
    chosen = values[:, list(spec.columns)] if spec.columns else values.copy()
    fills = np.array(spec.fills) if spec.fills else np.zeros(chosen.shape[1])
    return np.where(np.isfinite(chosen), chosen, fills)


def running(chances: Floats) -> Floats:
    """Probabilities of the recording up to each row: mean logarithm of the rows so far."""
    logs = np.log(np.maximum(chances, _FLOOR))
    mean = np.cumsum(logs, axis=0) / np.arange(1, len(logs) + 1)[:, None]
    weight = np.exp(mean - mean.max(axis=1, keepdims=True))
    joined: Floats = weight / weight.sum(axis=1, keepdims=True)
    return joined


def strongest(window: Window, spec: FaultSpec) -> FaultHypothesis:
    """The hypothesis with the most evidence over channels and bearings.

    Raises:
        DataError: no channel, no speed or too few readings for any of them.
    """
    found: list[FaultHypothesis] = []
    trouble: DataError | None = None
    for channel in heard(window, spec.physics.shaft):
        if channel.name not in spec.rows.channels:
            continue
        for name in spec.physics.bearings:
            try:
                found.append(hypothesis(window, channel, spec.physics, name))
            except DataError as error:
                trouble = error
    if not found:
        raise trouble or DataError("no channel to form a hypothesis on", fix="check its channels")
    return max(found, key=lambda one: one.evidence)


def evidence_columns(found: FaultHypothesis) -> Floats:
    """(5,) prominences of outer, inner, ball and cage, and the logarithm of the strongest evidence."""
    prominences = [found.prominences[fault] for fault in FAULTS]
    strongest = max(found.evidences.values())
    return np.array([*prominences, np.log1p(max(strongest, 0.0))])


def rule_chances(
    found: FaultHypothesis, classes: tuple[str, ...], meaning: Mapping[str, str]
) -> Floats:
    """(classes,) probabilities that say no more than the order of the prominences."""
    levels = np.full(len(classes), -np.inf)
    for fault, prominence in found.prominences.items():
        if meaning.get(fault) in classes:
            place = classes.index(meaning[fault])
            levels[place] = max(levels[place], prominence)
    if NORMAL in classes:
        top = float(levels[np.isfinite(levels)].max(initial=-9.0))
        levels[classes.index(NORMAL)] = top + (0.3 if found.fault == "none" else -0.3)
    levels = np.where(np.isfinite(levels), levels, levels[np.isfinite(levels)].min(initial=0.0) - 1)
    weight = np.exp(_SHARPNESS * (levels - levels.max()))
    chances: Floats = weight / weight.sum()
    return chances


def _words(chances: Floats, spec: FaultSpec) -> tuple[Reason, ...]:
    order = np.argsort(-chances)[:2]
    first, second = (spec.classes[k] for k in (order[0], order[-1]))
    text = f"looks like {first} ({chances[order[0]]:.0%})"
    if len(order) > 1 and chances[order[1]] >= 0.1:
        text += f", or {second} ({chances[order[1]]:.0%})"
    return (Reason(text, float(chances[order[0]]), "class", first),)
