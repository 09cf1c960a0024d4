"""Traces: what an approach says of a recording over time. What evaluation, reports and replay look at.

A prediction is the end of a trace. No thresholds here: levels and alarms are made of scores elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kits.core.prediction import Quantity, Reason
from kits.core.window import Window

Floats = NDArray[np.float64]
SENSOR_FAULT = "sensor-fault"
"""The label of a window whose sensor is at fault: neither normal nor a fault of the machine."""


def no_reasons(_row: int) -> tuple[Reason, ...]:
    """Where an approach has no words."""
    return ()


@dataclass(frozen=True)
class Trace:
    """One value per row of a recording.

    Attributes:
        at_s: (rows,) seconds from its start, or the number of the reading where it is not in time.
        ends: (rows,) index after the last reading that the row has seen.
        score: (rows,) higher is worse; not a number where it was not judged.
        labels: most likely class, by row; empty where the approach names none.
        probabilities: (rows, classes) or None.
        quantities: name → (value, low, high), each (rows,), with unit and confidence.
        reasons: words for a row.
        regimes: (rows,) number of the operating regime, or None where there are none.
    """

    at_s: Floats
    ends: NDArray[np.intp]
    score: Floats
    labels: tuple[str, ...] = ()
    probabilities: Floats | None = None
    quantities: Mapping[str, Measured] = field(default_factory=dict)
    reasons: Callable[[int], tuple[Reason, ...]] = no_reasons
    regimes: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True)
class Measured:
    """A quantity over time with its interval."""

    value: Floats
    unit: str
    low: Floats | None = None
    high: Floats | None = None
    confidence: float | None = None

    def at(self, name: str, row: int) -> Quantity | None:
        """The quantity of one row; None where it is not a number."""
        if not np.isfinite(self.value[row]):
            return None
        low = float(self.low[row]) if self.low is not None else None
        high = float(self.high[row]) if self.high is not None else None
        return Quantity(name, float(self.value[row]), self.unit, low, high, self.confidence)


class Judge(Protocol):
    """One approach on the device."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes it names, in the order of its probabilities."""

    @property
    def history(self) -> int:
        """Readings of a table that the end of a trace rests on; 0: the whole recording."""

    def trace(self, window: Window, excluded: frozenset[str] = frozenset()) -> Trace:
        """What it says of a recording over time.

        Args:
            excluded: channels that a sensor fault has made useless; they count as usual.

        Raises:
            DataError: channels are missing, or the recording is too short.
        """
