"""Remaining life on the device: the course of the last readings, in one ONNX graph of trees, with an interval.

The interval comes from units the trees had not seen (split conformal by unit, in bins of the prediction, because
errors shrink as the end comes near). It is not responsible for learning (`_learning/remaining.py`) or for when to act.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.prediction import Reason
from kits.core.runtime import Session
from kits.core.window import Window
from kits.predictive_maintenance._device.regimes import RegimeSpec
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.trace import Measured, Trace

Floats = NDArray[np.float64]
LIFE = "remaining_life"
_CHUNK = 4096
_START = 10
"""Readings at the start of a life that say what is usual for this unit."""
_RECENT = 15
_EDGE = 5
_COURSE = 8


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
    caution: float = Field(0.0, ge=0, description="said less than the trees say: late costs more")
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
        for column in range(scaled.shape[1]):
            if spec.rows.channel_of(column) in excluded:
                scaled[:, column] = 0.0
        if spec.history:
            inputs = life_columns(scaled, spec.window, age_of(window))
            ends, at_s = rows.ends, rows.at_s
        else:
            inputs = capture_columns(scaled)
            ends, at_s = rows.ends[-1:], rows.at_s[-1:]
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


def life_columns(scaled: Floats, window: int, age: float = 0.0) -> Floats:
    """(rows, columns) of the course up to each row of a life.

    Eight figures (level, spread, slope, ends, extremes) of the last `window` rows, the same of a third more rows,
    the level of the whole life, the recent level beside this unit's own start, and the age. Fewer rows than
    a window are filled up with the first one. `views` names the columns of each kind.
    """
    count = len(scaled)
    numbers = np.arange(1, count + 1)[:, None]
    life_mean = np.cumsum(scaled, axis=0) / numbers
    start = np.where(numbers <= _START, life_mean, scaled[: min(_START, count)].mean(axis=0))
    recent = _last_rows(scaled, _RECENT).mean(axis=2)
    return np.hstack(
        [
            _course(scaled, window),
            _course(scaled, _longer(window)),
            life_mean,
            recent - start,
            numbers + age,
        ]
    )


def views(channels: int) -> dict[str, NDArray[np.intp]]:
    """Columns of `life_columns` by kind: models that see different things err differently, and their mean less."""
    width = _COURSE * channels
    age = np.array([2 * width + 2 * channels])
    short, long = np.arange(width), np.arange(width, 2 * width)
    own = np.arange(2 * width, 2 * width + 2 * channels)
    return {
        "window": np.concatenate([short, age]),
        "longer window": np.concatenate([long, age]),
        "window and own start": np.concatenate([short, own, age]),
    }


def _longer(window: int) -> int:
    return window + max(window // 3, 1)


def _last_rows(scaled: Floats, window: int) -> Floats:
    head = np.repeat(scaled[:1], window - 1, axis=0)
    return np.lib.stride_tricks.sliding_window_view(np.vstack([head, scaled]), window, axis=0)


def _course(scaled: Floats, window: int) -> Floats:
    view = _last_rows(scaled, window)
    place = np.arange(window) - (window - 1) / 2
    edge = min(_EDGE, window)
    return np.hstack(
        [
            view.mean(axis=2),
            view.std(axis=2),
            view @ (place / (place @ place)) * window,
            view[..., :edge].mean(axis=2),
            view[..., -edge:].mean(axis=2),
            view.min(axis=2),
            view.max(axis=2),
            view[..., -1],
        ]
    )


def capture_columns(scaled: Floats) -> Floats:
    """(1, 2 · columns) of one capture: level and spread of its windows.

    Not the machine's age: a device that hears one capture does not know it.
    """
    with np.errstate(invalid="ignore"):
        return np.hstack([scaled.mean(axis=0), scaled.std(axis=0)])[None, :]


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
    if not spec.history or len(scaled) <= _START:
        return ()
    recent = scaled[max(row - _RECENT + 1, 0) : row + 1].mean(axis=0)
    moved = recent - scaled[:_START].mean(axis=0)
    if not np.isfinite(moved).all():
        return ()
    said = []
    for column in np.argsort(-np.abs(moved))[:2]:
        if abs(moved[column]) >= 1:
            way = "risen" if moved[column] > 0 else "fallen"
            text = f"{spec.rows.names[column]} has {way} by {abs(moved[column]):.1f} spreads since the start"
            said.append(Reason(text, float(abs(moved[column])) / 10, spec.rows.names[column]))
    return tuple(said)
