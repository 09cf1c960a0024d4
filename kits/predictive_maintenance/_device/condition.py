"""Condition on the device: how unusual a machine runs, beside its own normal running.

Rows are set beside their predecessors (lags), compared with the model of the asset and its regime in one ONNX
graph, smoothed by a median, and expressed as rarity (`_device/tail.py`). It is not responsible for learning
(`_learning/condition.py`), sensors or alarms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.labelling import spelled_as
from kits.core.prediction import Reason
from kits.core.runtime import Session
from kits.core.window import Window
from kits.predictive_maintenance._device.regimes import UNKNOWN, RegimeSpec, rolling_median
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.tail import Tail
from kits.predictive_maintenance._device.trace import Trace

Floats = NDArray[np.float64]
_CHUNK = 512
_FAR = 1e30
_CAP = 1e4
"""Of a scaled reading: a broken sensor must not overflow single precision."""
_TOLD = 3


class ConditionModel(BaseModel):
    """What is usual in one regime of one asset, for words; the matrix is in the graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asset: str = Field(description="empty: of all assets together")
    regime: int
    centre: tuple[float, ...] = Field(description="by column of a row")
    spread: tuple[float, ...] = Field(description="by column of a row")
    tail: Tail


class ConditionSpec(BaseModel):
    """What the runtime of approach `condition` needs to know; part of the bundle's `config`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: RowSpec
    logarithm: tuple[bool, ...] = Field(description="by column: its logarithm is looked at")
    lags: int
    median: int
    regimes: RegimeSpec | None = None
    models: tuple[ConditionModel, ...]
    method: str = ""

    def model_of(self, asset: str, regime: int) -> int:
        """The number of the model for an asset in a regime; -1: this asset was never seen in it.

        An asset without any model of its own is judged by those of all assets together. `Pump 1` is `pump-1`: two
        persons write the name, one into a historian and one into the device's configuration.
        """
        known = dict.fromkeys(model.asset for model in self.models)
        whose = spelled_as(asset, known)
        whose = whose if whose in known else ""
        for number, model in enumerate(self.models):
            if (model.asset, model.regime) == (whose, regime):
                return number
        return -1


@dataclass(frozen=True)
class ConditionJudge:
    """`Judge` of approach `condition`."""

    spec: ConditionSpec
    session: Session
    speed_rpm: float = 0.0
    labels: tuple[str, ...] = ("normal", "anomaly")

    @property
    def history(self) -> int:
        spec = self.spec
        if spec.rows.kind != "readings":
            return 0
        regimes = spec.regimes
        before = 2 * (regimes.smooth + regimes.settle) if regimes is not None else 0
        return spec.lags + spec.median + before + 8

    def trace(self, window: Window, excluded: frozenset[str] = frozenset()) -> Trace:
        rows = rows_of(window, self.spec.rows, self.speed_rpm)
        asset = str(window.attributes.get("asset", ""))
        values = transformed(rows.values, self.spec.logarithm)
        found = self._regimes(rows.values)
        index = np.full(len(rows), np.nan)
        shares = np.zeros(values.shape)
        models = np.full(len(rows), -1, np.intp)
        stacked = lagged(values, self.spec.lags)
        for regime in sorted({int(r) for r in found if r >= 0}):
            number = self.spec.model_of(asset, regime)
            if number < 0:
                found[found == regime] = UNKNOWN
                continue
            mine = (found == regime) & np.isfinite(stacked).all(axis=1)
            models[found == regime] = number
            self._judge(number, stacked, mine, index, shares, excluded)
        smooth = rolling_median(index, self.spec.median)
        smooth[~np.isfinite(index)] = np.nan
        score = np.full(len(rows), np.nan)
        for number in {int(m) for m in models if m >= 0}:
            mine = models == number
            score[mine] = self.spec.models[number].tail.score(smooth[mine])

        def words(row: int) -> tuple[Reason, ...]:
            return self._words(row, rows.values, shares, int(models[row]), int(found[row]))

        return Trace(rows.at_s, rows.ends, score, reasons=words, regimes=found)

    def _regimes(self, values: Floats) -> NDArray[np.intp]:
        if self.spec.regimes is None:
            return np.zeros(len(values), np.intp)
        return self.spec.regimes.assign(values)

    def _judge(
        self,
        number: int,
        stacked: Floats,
        mine: NDArray[np.bool_],
        index: Floats,
        shares: Floats,
        excluded: frozenset[str],
    ) -> None:
        places = np.flatnonzero(mine)
        if excluded:
            stacked = self._without(number, stacked, excluded)
        width = shares.shape[1]
        for start in range(0, places.size, _CHUNK):
            some = places[start : start + _CHUNK]
            given = stacked[some].astype(np.float32)
            outputs = self.session.run({"rows": given, "model": np.array([number], np.int64)})
            told = np.asarray(outputs[0], np.float64).reshape(-1)
            # the rows were numbers: what is none now was too far away for the model's precision
            index[some] = np.nan_to_num(told, nan=_FAR, posinf=_FAR, neginf=_FAR)
            parts = np.asarray(outputs[1], np.float64).reshape(some.size, self.spec.lags, width)
            shares[some] = np.nan_to_num(parts, posinf=_FAR, neginf=-_FAR).sum(axis=1)

    def _without(self, number: int, stacked: Floats, excluded: frozenset[str]) -> Floats:
        """The same rows with channels that cannot be believed at their usual values."""
        rows = self.spec.rows
        columns = [i for i, sources in enumerate(rows.sources) if sources & excluded]
        usual = np.array(self.spec.models[number].centre)
        changed = stacked.copy()
        width = len(usual)
        for lag in range(self.spec.lags):
            for column in columns:
                changed[:, lag * width + column] = usual[column]
        return changed

    def _words(
        self, row: int, values: Floats, shares: Floats, number: int, regime: int
    ) -> tuple[Reason, ...]:
        if regime == UNKNOWN:
            return (
                Reason("an operating regime that was never seen in normal running", 0.0, "regime"),
            )
        if number < 0:
            return ()
        model, names = self.spec.models[number], self.spec.rows.names
        total = max(float(np.clip(shares[row], 0, None).sum()), 1e-9)
        order = np.argsort(-shares[row])[:_TOLD]
        seen = transformed(values[row : row + 1], self.spec.logarithm)[0]
        said = []
        for column in order:
            share = float(shares[row, column]) / total
            if share < 0.1:
                break
            said.append(
                _reason(
                    names[column],
                    (float(values[row, column]), float(seen[column])),
                    (model.centre[column], model.spread[column]),
                    share,
                    logarithm=self.spec.logarithm[column],
                )
            )
        return tuple(said)


def _reason(
    name: str,
    value: tuple[float, float],
    usual: tuple[float, float],
    share: float,
    *,
    logarithm: bool,
) -> Reason:
    (raw, seen), (centre, spread) = value, usual
    shown = float(np.exp(centre)) if logarithm else centre
    if logarithm and shown > 0 and raw > 0:
        times = raw / shown
        change = (
            f"{times:.1f} × the usual {shown:.3g}"
            if times >= 1
            else f"only {times:.2f} × the usual {shown:.3g}"
        )
        text = f"{name} is {raw:.3g}, {change}"
    else:
        side = "above" if seen > centre else "below"
        text = f"{name} is {raw:.4g}, {side} the usual {shown:.4g} ± {spread:.2g}"
    return Reason(f"{text} ({share:.0%} of the deviation)", share, name, raw)


def transformed(values: Floats, logarithm: tuple[bool, ...]) -> Floats:
    """Rows with the logarithm taken in some columns."""
    taken = np.array(logarithm, np.bool_)
    if not taken.any():
        return values
    result = values.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        result[:, taken] = np.log(np.maximum(values[:, taken], 1e-12))
    return result


def lagged(values: Floats, lags: int) -> Floats:
    """(rows, columns · lags): each row beside its predecessors; not a number where there are too few."""
    if lags == 1:
        return values
    blocks = [values]
    for lag in range(1, lags):
        head = np.full((min(lag, len(values)), values.shape[1]), np.nan)
        blocks.append(np.vstack([head, values[: max(len(values) - lag, 0)]]))
    return np.hstack(blocks)
