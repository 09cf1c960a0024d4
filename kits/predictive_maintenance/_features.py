"""Features: what a device computes of each window of one channel, chosen by a specification in the bundle.

It is responsible for the specification, for the names and units of its columns and for computing them in batches
of bounded size. It is not responsible for the methods (one module each) nor for what a model makes of the figures.
Groups are rows of one table; the transform is made once per batch and shared by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.predictive_maintenance import _severity, _spectrum, _waveform
from kits.predictive_maintenance._bearings import BearingOrders
from kits.predictive_maintenance._envelope import Envelope, envelope, peaks_near, prominence
from kits.predictive_maintenance._spectrum import Floats, Spectrum

GroupName = Literal["waveform", "spectrum", "severity", "shaft", "envelope"]
_BATCH_BYTES = 1 << 18
"""Readings of one batch: small enough that its arrays stay in the cache of one core."""
_LEAST_SAMPLES = 8
_SHAFT_MULTIPLES = (1.0, 2.0, 3.0)
_FAULTS = ("outer", "inner", "ball", "cage")
_DEFAULT_BANDS = ((1 / 12, 1 / 3), (1 / 3, 2 / 3), (2 / 3, 0.98))
"""Of half the rate; where a band of resonance usually lies is not known before the first damage."""
_TOP_SHARE = 0.05
"""Of the rate: how far envelope spectra reach when no speed is known."""


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
    harmonics: int = Field(3, ge=1, le=10, description="of each bearing order")
    sidebands: bool = Field(
        False, description="adds the sidebands: ± shaft speed around bpfi, ± ftf around 2 bsf"
    )
    envelope_bands_hz: tuple[tuple[float, float], ...] = Field(
        (), description="bands whose envelope is taken, in Hz; empty: three parts of the spectrum"
    )

    @property
    def step(self) -> int:
        """Readings from one window's start to the next."""
        return self.hop or self.window


@dataclass(frozen=True)
class _Batch:
    """What the groups see of one batch."""

    windows: Floats
    rate_hz: float
    speed_hz: NDArray[np.float64]
    spec: FeatureSpec

    @cached_property
    def spectrum(self) -> Spectrum:
        return _spectrum.transform(self.windows, self.rate_hz or 1.0)

    @cached_property
    def envelopes(self) -> tuple[Envelope, ...]:
        rate = self.rate_hz or 1.0
        bands = self.spec.envelope_bands_hz or tuple(
            (low * rate / 2, high * rate / 2) for low, high in _DEFAULT_BANDS
        )
        return tuple(envelope(self.spectrum, low, high, self._top_hz(rate)) for low, high in bands)

    def _top_hz(self, rate: float) -> float:
        orders = [2.05 * max(o.bpfi, 2 * o.bsf) for o in self.spec.bearings.values()]
        fastest = np.max(self.speed_hz, initial=0.0, where=np.isfinite(self.speed_hz))
        highest = max(orders, default=0.0) / 2 * self.spec.harmonics * float(fastest)
        return min(highest or _TOP_SHARE * rate, rate / 4)


@dataclass(frozen=True)
class _Group:
    columns: Callable[[FeatureSpec], tuple[tuple[str, str], ...]]
    compute: Callable[[_Batch], Floats]
    least_samples: int = _LEAST_SAMPLES


def _spectrum_columns(spec: FeatureSpec) -> tuple[tuple[str, str], ...]:
    frequency = "Hz" if spec.rate_hz else "1/sample"
    figures = tuple((n, "" if n == "entropy" else frequency) for n in _spectrum.OUTLINE)
    return figures + tuple((f"band_{i}", "log10 unit²") for i in range(spec.bands))


def _spectrum_figures(batch: _Batch) -> Floats:
    edges = _spectrum.octave_edges(batch.rate_hz or 1.0, batch.spec.bands)
    return np.hstack(
        [_spectrum.outline(batch.spectrum), _spectrum.band_levels(batch.spectrum, edges)]
    )


def _severity_columns(spec: FeatureSpec) -> tuple[tuple[str, str], ...]:
    return (("velocity", "mm/s"),) if _severity.has_velocity(spec.unit) else ()


def _severity_figures(batch: _Batch) -> Floats:
    if not batch.rate_hz:
        return np.full((len(batch.windows), 1), np.nan, np.float32)
    return _severity.velocity_of(batch.spectrum, batch.spec.unit)[:, None]


def _shaft_columns(_: FeatureSpec) -> tuple[tuple[str, str], ...]:
    return tuple((f"shaft_{multiple:g}x", _waveform.UNIT) for multiple in _SHAFT_MULTIPLES)


def _shaft_figures(batch: _Batch) -> Floats:
    """RMS of the lines at 1, 2 and 3 times the shaft's speed: unbalance, misalignment, looseness."""
    found, multiples = batch.spectrum, batch.speed_hz[:, None] * np.array(_SHAFT_MULTIPLES)
    places = multiples / found.step_hz
    last = found.power.shape[1] - 1
    inside = (places >= 1) & (places <= last - 1)
    index = np.where(inside, np.rint(places), 1).astype(np.intp)[..., None] + np.arange(-1, 2)
    rows = np.arange(len(batch.windows))[:, None, None]
    power = found.power[rows, np.clip(index, 0, last)].sum(axis=-1)
    return np.where(inside, np.sqrt(power), np.float32(np.nan))


def _envelope_columns(spec: FeatureSpec) -> tuple[tuple[str, str], ...]:
    bands = range(len(spec.envelope_bands_hz or _DEFAULT_BANDS))
    plain = [
        (f"envelope_{b}_{name}", unit)
        for b in bands
        for name, unit in (("rms", _waveform.UNIT), ("kurtosis", ""))
    ]
    sides = ("inner_sides", "ball_sides") if spec.sidebands else ()
    orders = [
        (f"envelope_{b}_{bearing}_{fault}", "log10")
        for b in bands
        for bearing in spec.bearings
        for fault in (*_FAULTS, *sides)
    ]
    return (*plain, *orders)


def _envelope_figures(batch: _Batch) -> Floats:
    columns = [figure for e in batch.envelopes for figure in (e.rms[:, None], e.kurtosis[:, None])]
    for one in batch.envelopes:
        for orders in batch.spec.bearings.values():
            struck = np.array([orders.bpfo, orders.bpfi, 2 * orders.bsf, orders.ftf])
            columns.append(prominence(one, batch.speed_hz[:, None] * struck, batch.spec.harmonics))
            if batch.spec.sidebands:
                columns.append(_sidebands(one, orders, batch.speed_hz))
    return np.hstack(columns)


def _sidebands(one: Envelope, orders: BearingOrders, speed_hz: NDArray[np.float64]) -> Floats:
    """(n, 2) prominence of the mean sideband: an inner ring turns through the load once a turn of the shaft, an
    element once a turn of the cage (Randall & Antoni 2011, fig. 2)."""
    pairs = (
        (orders.bpfi - 1, orders.bpfi + 1),
        (2 * orders.bsf - orders.ftf, 2 * orders.bsf + orders.ftf),
    )
    columns = []
    for pair in pairs:
        peaks = peaks_near(one, speed_hz[:, None] * np.array(pair)).mean(axis=1)
        columns.append(np.log10((peaks + _spectrum.FLOOR) / (one.background + _spectrum.FLOOR)))
    return np.stack(columns, axis=1)


_GROUPS: Mapping[GroupName, _Group] = {
    "waveform": _Group(lambda _: _waveform.NAMES, lambda b: _waveform.indicators(b.windows), 1),
    "spectrum": _Group(_spectrum_columns, _spectrum_figures),
    "severity": _Group(_severity_columns, _severity_figures),
    "shaft": _Group(_shaft_columns, _shaft_figures),
    "envelope": _Group(_envelope_columns, _envelope_figures),
}


def names(spec: FeatureSpec) -> tuple[str, ...]:
    """The columns of `extract`, in order."""
    return tuple(name for group in spec.groups for name, _ in _GROUPS[group].columns(spec))


def units(spec: FeatureSpec) -> tuple[str, ...]:
    """The unit of each column; empty where it has none."""
    return tuple(
        spec.unit if unit == _waveform.UNIT else unit
        for group in spec.groups
        for _, unit in _GROUPS[group].columns(spec)
    )


def extract(
    windows: Floats,
    rate_hz: float,
    speed_hz: float | NDArray[np.float64] | None,
    spec: FeatureSpec,
) -> Floats:
    """(n, features) float32 of (n, samples) windows of one channel.

    A window with a reading that is not a number has features that are not numbers, as have features that need
    what is not given: a shaft speed, a rate, enough readings. Memory is that of the result and one batch.

    Args:
        rate_hz: readings per second; 0 when they are not evenly spaced: frequencies are then per reading.
        speed_hz: of the shaft, turns per second: one for all, (n,) one each, or None when it is not known.

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
            _fill(features[piece], windows[piece], rate_hz, speeds[piece], spec)
    return features


def _fill(
    features: Floats,
    windows: Floats,
    rate_hz: float,
    speed_hz: NDArray[np.float64],
    spec: FeatureSpec,
) -> None:
    windows = np.ascontiguousarray(windows, np.float32)
    # one sum per row finds a reading that is not finite without an array of flags
    whole = np.atleast_1d(np.isfinite(windows.sum(axis=1)))
    if not whole.all():
        whole = np.atleast_1d(np.isfinite(windows).all(axis=1))
        windows = np.where(whole[:, None], windows, np.float32(0))
    batch = _Batch(windows, rate_hz, speed_hz, spec)
    column = 0
    for name in spec.groups:
        group = _GROUPS[name]
        width = len(group.columns(spec))
        if width and windows.shape[1] >= group.least_samples:
            features[:, column : column + width] = group.compute(batch)
        column += width
    features[~whole] = np.nan
