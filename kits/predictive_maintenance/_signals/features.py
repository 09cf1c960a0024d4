"""Features: what a device computes of each window of one channel, chosen by a specification in the bundle.

It is responsible for the specification, for the names and units of its columns and for computing them in batches
of bounded size. It is not responsible for the methods (one module each) nor for what a model makes of the figures.
The groups are rows of one table (`_signals/groups.py`); the transform is made once per batch and shared by all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.predictive_maintenance._signals import waveform as _waveform
from kits.predictive_maintenance._signals.angle import Angles, is_tracked, mean_speeds
from kits.predictive_maintenance._signals.bearings import BearingOrders
from kits.predictive_maintenance._signals.groups import GROUPS, Batch, GroupName
from kits.predictive_maintenance._signals.kernels import KernelSpec
from kits.predictive_maintenance._signals.spectrum import Floats

_BATCH_BYTES = 1 << 20
"""Readings of one batch: enough that calls cost little beside the work, and some ten times this in memory."""


class FeatureSpec(BaseModel):
    """The features of one channel. Part of a bundle, so that device and training compute the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[GroupName, ...] = Field(
        ("waveform", "spectrum", "severity", "shaft", "envelope"),
        min_length=1,
        description="families of features",
    )
    unit: str = Field(
        "", description="of the channel's readings; `g`, `m/s²` and `mm/s` give a velocity"
    )
    rate_hz: float = Field(
        0.0, ge=0, description="readings per second learned on; 0: not evenly spaced"
    )
    window: int = Field(4096, ge=1, description="readings per window")
    hop: int = Field(
        0, ge=0, description="readings from one window's start to the next; 0: no overlap"
    )
    bands: int = Field(
        10, ge=1, le=24, description="octaves of the spectrum, counted down from half the rate"
    )
    bearings: dict[str, BearingOrders] = Field(
        default_factory=dict, description="name → orders of the bearings this channel hears"
    )
    fastest_hz: float = Field(
        60.0,
        gt=0,
        description="fastest speed of the shaft, turns per second: envelopes reach so far",
    )
    harmonics: int = Field(3, ge=1, le=10, description="of each bearing order")
    sidebands: bool = Field(
        False, description="adds the sidebands: ± shaft speed around bpfi, ± ftf around 2 bsf"
    )
    envelope_bands_hz: tuple[tuple[float, float], ...] = Field(
        (), description="bands whose envelope is taken, in Hz; empty: three parts of the spectrum"
    )

    families: tuple[float, ...] = Field(
        (1.0,), description="orders whose harmonics the cepstrum looks for: 1 is the shaft"
    )
    mel_bands: int = Field(24, ge=4, le=128, description="bands of the group `mel`, for sound")
    kernels: KernelSpec | None = Field(None, description="fitted kernels of the group `kernels`")

    @property
    def step(self) -> int:
        """Readings from one window's start to the next."""
        return self.hop or self.window


def cut(readings: Floats, spec: FeatureSpec) -> Floats:
    """(n, window) of (samples,) readings, one every `step`, as a view; what is left at the end is not seen.

    A recording shorter than one window gives none.
    """
    if readings.size < spec.window:
        return np.empty((0, spec.window), np.float32)
    return np.lib.stride_tricks.sliding_window_view(readings, spec.window)[:: spec.step]


def names(spec: FeatureSpec) -> tuple[str, ...]:
    """The columns of `extract`, in order."""
    return tuple(name for group in spec.groups for name, _ in GROUPS[group].columns(spec))


def units(spec: FeatureSpec) -> tuple[str, ...]:
    """The unit of each column; empty where it has none."""
    return tuple(
        spec.unit if unit == _waveform.UNIT else unit
        for group in spec.groups
        for _, unit in GROUPS[group].columns(spec)
    )


def extract(
    windows: Floats,
    rate_hz: float,
    speed_hz: float | NDArray[np.float64] | None,
    spec: FeatureSpec,
    turns: Angles | None = None,
) -> Floats:
    """(n, features) float32 of (n, samples) windows of one channel.

    A window with a reading that is not a number has features that are not numbers, as have features that need
    what is not given: a shaft speed, a rate, enough readings. Memory is that of the result and one batch.

    Args:
        rate_hz: readings per second; 0 when they are not evenly spaced: frequencies are then per reading.
        speed_hz: of the shaft, turns per second: one for all, (n,) one each, or None when it is not known.
        turns: (n, samples) angle of the shaft, in place of its speed where that changes; a window in which the shaft
            stood still has no figures of the shaft.

    Raises:
        DataError: not (n, samples), no readings, or as many speeds as windows are not given.
    """
    if windows.ndim != 2 or windows.shape[1] == 0:
        raise DataError(f"windows of shape {windows.shape} are not (windows, readings)")
    speeds = np.asarray(np.nan if speed_hz is None else speed_hz, np.float64)
    if speeds.ndim and speeds.shape != (len(windows),):
        raise DataError(f"{speeds.size} speeds for {len(windows)} windows")
    speeds = np.broadcast_to(speeds, (len(windows),))
    features = np.full((len(windows), len(names(spec))), np.nan, np.float32)
    rows = max(_BATCH_BYTES // (4 * windows.shape[1]), 1)
    with np.errstate(all="ignore"):
        for start in range(0, len(windows), rows):
            piece = slice(start, start + rows)
            mine, angle = speeds[piece], None
            if turns is not None:
                angle = turns[piece]
                mine = np.where(is_tracked(angle), mean_speeds(angle, rate_hz), np.nan)
            _fill(features[piece], windows[piece], rate_hz, mine, spec, angle)
    return features


def _fill(
    features: Floats,
    windows: Floats,
    rate_hz: float,
    speed_hz: NDArray[np.float64],
    spec: FeatureSpec,
    turns: Angles | None,
) -> None:
    windows = np.ascontiguousarray(windows, np.float32)
    # one sum per row finds a reading that is not finite without an array of flags
    whole = np.atleast_1d(np.isfinite(windows.sum(axis=1)))
    if not whole.all():
        whole = np.atleast_1d(np.isfinite(windows).all(axis=1))
        windows = np.where(whole[:, None], windows, np.float32(0))
    batch = Batch(windows, rate_hz, speed_hz, spec, turns)
    column = 0
    for name in spec.groups:
        group = GROUPS[name]
        width = len(group.columns(spec))
        if width and windows.shape[1] >= group.least_samples:
            features[:, column : column + width] = group.compute(batch)
        column += width
    features[~whole] = np.nan
