"""Remaining life on the device: the course of the last readings, in one ONNX graph of trees, network or both.

The interval comes from units that the graph had not seen (split conformal by unit, in bins of the prediction, because
errors shrink as the end comes near). It is not responsible for learning (`_learning/remaining.py`) or for when to act.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.prediction import Reason
from kits.core.runtime import Session
from kits.core.window import Window
from kits.predictive_maintenance._device.life_columns import (
    RECENT,
    START,
    capture_columns,
    life_columns,
    part_columns,
)
from kits.predictive_maintenance._device.regimes import RegimeSpec
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.trace import Measured, Trace

Floats = NDArray[np.float64]
LIFE = "remaining_life"
Method = Literal["trees", "network", "both"]
_CHUNK = 4096


class RemainingSpec(BaseModel):
    """What the runtime of approach `remaining-life` needs to know; part of the bundle's `config`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: RowSpec
    unit: str = Field(description="of life: `cycles`, `h`, `captures`")
    window: int
    cap: float
    confidence: float
    regimes: RegimeSpec | None = None
    centre: tuple[tuple[float, ...], ...] = Field(description="by regime and column")
    spread: tuple[tuple[float, ...], ...] = Field(description="by regime and column")
    history: bool = Field(description="a recording is a whole life so far, not one capture of it")
    per_row: float = Field(1.0, description="life that passes from row to row")
    edges: tuple[float, ...] = Field(description="of the bins of the prediction, rising")
    below: tuple[float, ...] = Field(description="by bin: truth may be this much less")
    above: tuple[float, ...] = Field(description="by bin: truth may be this much more")
    method: Method = Field("trees", description="what the graph is made of; `both` is the mean")
    caution: float = Field(0.0, ge=0, description="said less than the graph says: late costs more")
    lead: float = Field(0.0, ge=0, description="an alarm comes when no more life than this is left")
    lead_text: str = ""

    def scaled(self, values: Floats) -> Floats:
        """Rows as distances from what is usual in their regime; a regime never seen takes the nearest."""
        which = (
            self.regimes.nearest(values)
            if self.regimes is not None
            else np.zeros(len(values), np.intp)
        )
        result: Floats = (values - np.array(self.centre)[which]) / np.array(self.spread)[which]
        return result

    def columns(self, scaled: Floats, age: float = 0.0) -> Floats:
        """What the graph takes of scaled rows: one row per row of a life, or one for a capture."""
        if not self.history:
            return capture_columns(scaled)
        found = life_columns(scaled, self.window, age)
        if self.method == "trees":
            return found
        return np.hstack([found, part_columns(scaled, self.window)])


@dataclass(frozen=True)
class RemainingJudge:
    """`Judge` of approach `remaining-life`. The score is minus the remaining life: higher is worse."""

    spec: RemainingSpec
    session: Session
    speed_rpm: float = 0.0
    labels: tuple[str, ...] = ()

    @property
    def history(self) -> int:
        return 0

    def trace(self, window: Window, excluded: frozenset[str] = frozenset()) -> Trace:
        spec = self.spec
        rows = rows_of(window, spec.rows, self.speed_rpm)
        scaled = spec.scaled(rows.values)
        for column, sources in enumerate(spec.rows.sources if excluded else ()):
            if sources & excluded:
                scaled[:, column] = 0.0
        inputs = spec.columns(scaled, age_of(window))
        ends, at_s = rows.ends[-len(inputs) :], rows.at_s[-len(inputs) :]
        known = np.isfinite(inputs).all(axis=1)
        life = np.full(len(inputs), np.nan)
        life[known] = self._predict(inputs[known])
        low, high = interval(life, spec)
        measured = Measured(life, spec.unit, low, high, spec.confidence)

        def words(row: int) -> tuple[Reason, ...]:
            return _words(row, life, low, high, spec) + _movers(
                scaled, row if spec.history else -1, spec
            )

        return Trace(at_s, ends, -life, quantities={LIFE: measured}, reasons=words)

    def _predict(self, inputs: Floats) -> Floats:
        parts = [
            np.asarray(
                self.session.run({"rows": inputs[i : i + _CHUNK].astype(np.float32)})[0], np.float64
            ).reshape(-1)
            for i in range(0, len(inputs), _CHUNK)
        ]
        joined = np.concatenate(parts) if parts else np.empty(0)
        return np.clip(joined - self.spec.caution, 0, self.spec.cap)


def age_of(window: Window) -> float:
    """Life already behind the start of the recording, in its own unit."""
    given = window.attributes.get("life_position", 0.0)
    return float(given) if isinstance(given, int | float) else 0.0


def interval(life: Floats, spec: RemainingSpec) -> tuple[Floats, Floats]:
    """(low, high) of each prediction; at the cap the upper end is open, so it is the cap."""
    bins = np.clip(
        np.searchsorted(np.array(spec.edges), life, side="right"), 0, len(spec.below) - 1
    )
    low = np.maximum(life - np.array(spec.below)[bins], 0.0)
    high = np.minimum(life + np.array(spec.above)[bins], spec.cap)
    return low, high


def shown(life: float) -> str:
    """A life for people: whole cycles or hours, and two figures of a short one."""
    return f"{life:.0f}" if abs(life) >= 20 else f"{life:.2g}"


def _words(
    row: int, life: Floats, low: Floats, high: Floats, spec: RemainingSpec
) -> tuple[Reason, ...]:
    if not np.isfinite(life[row]):
        return ()
    if life[row] >= 0.95 * spec.cap:
        text = f"no sign of wear yet: more than about {shown(spec.cap)} {spec.unit} left"
    else:
        text = (
            f"about {shown(life[row])} {spec.unit} left, between {shown(low[row])} and {shown(high[row])} "
            f"in {spec.confidence:.0%} of cases"
        )
    return (Reason(text, 1.0, LIFE, round(float(life[row]), 3)),)


def _movers(scaled: Floats, row: int, spec: RemainingSpec) -> tuple[Reason, ...]:
    """The channels that have moved furthest from this unit's own start."""
    if not spec.history or len(scaled) <= START:
        return ()
    recent = scaled[max(row - RECENT + 1, 0) : row + 1].mean(axis=0)
    moved = recent - scaled[:START].mean(axis=0)
    if not np.isfinite(moved).all():
        return ()
    said = []
    for column in np.argsort(-np.abs(moved))[:2]:
        if abs(moved[column]) >= 1:
            way = "risen" if moved[column] > 0 else "fallen"
            text = f"{spec.rows.names[column]} has {way} by {abs(moved[column]):.1f} spreads since the start"
            said.append(Reason(text, float(abs(moved[column])) / 10, spec.rows.names[column]))
    return tuple(said)
