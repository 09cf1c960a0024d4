"""How rare a condition index is: from its course in normal running to false onsets per machine-month.

Peaks over a threshold with an exponential tail in the logarithm of the index (Pickands 1975; Siffer et al. 2017,
"Anomaly detection in streams with extreme value theory"), declustered in time, because neighbouring readings
are one event. Few peaks do not know the tail, so it is the predictive one, heavier the fewer there were. The score is
log10 of the months between such values: 0 comes by chance once a month.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
MONTH_S = 30 * 86_400.0
LEAST_ROWS = 40
_QUANTILE = 0.8
_PRIOR_SLOPE = 0.15
"""Of a squared distance with some 25 degrees of freedom."""
_PRIOR_PEAKS = 2.0
"""What the prior is worth in independent peaks: a short calibration must not promise what it cannot know."""
_FLOOR = 1e-12
_LIMIT = 9.0


class Tail(BaseModel):
    """The tail of an index: beyond exp(`start`) it falls by e for each `slope` of its logarithm at first.

    With the slope known from `peaks` independent peaks only, the chance to go further is (1 + y / peaks)^−peaks at y
    slopes (Lomax: an exponential tail whose rate has a gamma posterior); for many it is the exponential itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: float
    slope: float = Field(gt=0)
    peaks: float = Field(
        gt=0, description="independent peaks that the slope rests on, prior included"
    )
    per_month: float = Field(gt=0, description="clusters of readings beyond `start`, in 30 days")

    @property
    def months(self) -> float:
        """Time of normal running that it was learned on, in months."""
        return max(self.peaks - _PRIOR_PEAKS, 1.0) / self.per_month

    def score(self, index: Floats) -> Floats:
        """(n,) log10 of the months between values as large as these in normal running, within ±9."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = (np.log(index + _FLOOR) - self.start) / self.slope
        beyond = np.where(
            slopes > 0, self.peaks * np.log1p(np.maximum(slopes, 0) / self.peaks), slopes
        )
        score = (beyond - math.log(self.per_month)) / math.log(10)
        return np.clip(score, -_LIMIT, _LIMIT)


def fit(pieces: list[Floats], period_s: float, gap_rows: int) -> Tail:
    """The tail of an index over stretches of normal running that were not learned from.

    Args:
        pieces: the index, one array per uninterrupted stretch; not a number where it was not judged.
        period_s: seconds from one value to the next; 0: a value counts as an hour.
        gap_rows: values below the start of the tail between two clusters.

    Raises:
        ValueError: fewer than 40 values.
    """
    known = [piece[np.isfinite(piece)] for piece in pieces]
    logs = [np.log(piece + _FLOOR) for piece in known if piece.size]
    total = sum(piece.size for piece in logs)
    if total < LEAST_ROWS:
        raise ValueError(f"{total} values are too few for a tail")
    start = float(np.quantile(np.concatenate(logs), _QUANTILE))
    over = np.concatenate([piece[piece > start] - start for piece in logs])
    clusters = max(sum(_clusters(piece > start, gap_rows) for piece in logs), 1)
    peaks = clusters + _PRIOR_PEAKS
    usual = float(over.mean()) if over.size else _PRIOR_SLOPE
    slope = (clusters * usual + _PRIOR_PEAKS * _PRIOR_SLOPE) / peaks
    months = total * (period_s or 3600.0) / MONTH_S
    return Tail(start=start, slope=slope, peaks=peaks, per_month=clusters / months)


def _clusters(beyond: NDArray[np.bool_], gap_rows: int) -> int:
    places = np.flatnonzero(beyond)
    return 0 if not places.size else 1 + int((np.diff(places) > gap_rows).sum())
