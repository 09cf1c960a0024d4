"""How far good parts are from the bank at each place of the picture, so that a patch is compared with its own place.

A hole's edge is always farther than a plain face: without this, a small defect on the face hides behind each edge. Of use only
where parts lie alike in their pictures, which the maps themselves tell. Numpy and cv2 only: the device applies it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
_ALIKE = 0.5
_PRIOR = 10
_AROUND = (3, 3)


class Places(BaseModel):
    """What is usual at each place.

    Attributes:
        rows, columns: of the whole map, in patches.
        mean, gain: a byte per place, base64; times their `_step`.
        level: the mean distance of good parts anywhere.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    rows: int
    columns: int
    mean: str
    mean_step: float
    gain: str
    gain_step: float
    level: float

    def adjust(self, whole: Floats) -> Floats:
        """Distances (rows, columns) as if each place were as far and as restless as the others."""
        mean, gain = self._map(self.mean, self.mean_step), self._map(self.gain, self.gain_step)
        return np.asarray(np.maximum(self.level + (whole - mean) * gain, 0), np.float32)

    def _map(self, packed: str, step: float) -> Floats:
        values = np.frombuffer(base64.b64decode(packed), np.uint8).astype(np.float32)
        return np.asarray(values.reshape(self.rows, self.columns) * np.float32(step), np.float32)


def alike(maps: Floats) -> float:
    """Share of the variance of distances that the place explains, 0 to 1.

    Args:
        maps: (parts, rows, columns) of good parts, each by a bank without its own patches.
    """
    if len(maps) < 2:
        return 0.0
    even = maps - maps.mean(axis=(1, 2), keepdims=True)
    within = float(even.var(axis=0, ddof=1).mean())
    between = max(float(even.mean(axis=0).var()) - within / len(maps), 0.0)
    return between / (between + within) if between else 0.0


def of_good_parts(maps: Floats, owners: Sequence[int]) -> tuple[Places | None, Floats]:
    """What is usual, and the maps adjusted, each by what is usual without its own group; None and the maps as they are where parts
    do not lie alike or are too few.

    Args:
        maps: as of `alike`.
        owners: number of the group of each.
    """
    names = sorted(set(owners))
    if len(names) < _PRIOR or alike(maps) < _ALIKE:
        return None, maps
    sums, squares = maps.sum(axis=0, dtype=np.float64), (maps.astype(np.float64) ** 2).sum(axis=0)
    adjusted = np.empty_like(maps)
    for name in names:
        own = np.flatnonzero(np.asarray(owners) == name)
        mine = maps[own].astype(np.float64)
        without = _usual(
            len(maps) - len(own), sums - mine.sum(axis=0), squares - (mine**2).sum(axis=0)
        )
        for number in own:
            adjusted[number] = without.adjust(maps[number])
    return _usual(len(maps), sums, squares), adjusted


def _usual(parts: int, sums: Doubles, squares: Doubles) -> Places:
    """From the sums of the distances at each place, and of their squares."""
    average = sums / parts
    scattered = np.maximum(squares - parts * average**2, 0) / max(parts - 1, 1)
    # parts lie some pixels off, so that an edge's distance is expected beside the edge, too
    mean, variance = cv2.dilate(average, np.ones(_AROUND, np.uint8)), cv2.blur(scattered, _AROUND)
    usual = float(variance.mean())
    spread = np.sqrt((parts * variance + _PRIOR * usual) / (parts + _PRIOR))
    gain = np.sqrt(usual) / np.maximum(spread, 1e-6)
    packed_mean, mean_step = _packed(mean)
    packed_gain, gain_step = _packed(gain)
    return Places(
        rows=mean.shape[0],
        columns=mean.shape[1],
        mean=packed_mean,
        mean_step=mean_step,
        gain=packed_gain,
        gain_step=gain_step,
        level=float(mean.mean()),
    )


def _packed(values: NDArray[np.floating]) -> tuple[str, float]:
    step = max(float(values.max()), 1e-6) / 255
    return base64.b64encode(np.round(values / step).astype(np.uint8).tobytes()).decode(), step
