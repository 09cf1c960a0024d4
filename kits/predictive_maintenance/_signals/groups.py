"""The groups of features: which columns each has, and how it is computed from one batch of windows.

It is responsible for one table, from a group's name to its columns and its function; a new family of features is a row
of it. It is not responsible for the methods (one module each), nor for batches and missing readings (`_signals/features.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._signals import cepstrum as _cepstrum
from kits.predictive_maintenance._signals import kernels as _kernels
from kits.predictive_maintenance._signals import mel as _mel
from kits.predictive_maintenance._signals import severity as _severity
from kits.predictive_maintenance._signals import spectrum as _spectrum
from kits.predictive_maintenance._signals import waveform as _waveform
from kits.predictive_maintenance._signals.bearings import BearingOrders
from kits.predictive_maintenance._signals.envelope import (
    DEFAULT_BANDS,
    SLIP,
    Envelope,
    envelope,
    evenly_turning,
    parts_hz,
    peaks_near,
    prominence,
)
from kits.predictive_maintenance._signals.spectrum import Floats, Spectrum

if TYPE_CHECKING:
    from kits.predictive_maintenance._signals.features import FeatureSpec

GroupName = Literal[
    "waveform", "spectrum", "severity", "shaft", "envelope", "cepstrum", "mel", "kernels"
]
Columns = tuple[tuple[str, str], ...]
"""Name and unit of each."""
_LEAST_SAMPLES = 8
_SHAFT_MULTIPLES = (1.0, 2.0, 3.0)
_FAULTS = ("outer", "inner", "ball", "cage")
_TOP_SHARE = 0.05
"""Of the rate: how far envelope spectra reach when no bearing is given."""


@dataclass(frozen=True)
class Batch:
    """What the groups see of one batch."""

    windows: Floats
    rate_hz: float
    speed_hz: NDArray[np.float64]
    spec: FeatureSpec
    turns: NDArray[np.float64] | None = None
    """(n, samples) angle of the shaft; None where its speed stays the same."""

    @cached_property
    def spectrum(self) -> Spectrum:
        return _spectrum.transform(self.windows, self.rate_hz or 1.0)

    @cached_property
    def orders(self) -> Spectrum:
        """The spectrum at even speed: an order stands at so many times the window's mean speed."""
        if self.turns is None:
            return self.spectrum
        evened = evenly_turning(self.windows, self.turns)
        if evened is self.windows:
            return self.spectrum
        return _spectrum.transform(evened, self.rate_hz or 1.0)

    @cached_property
    def envelopes(self) -> tuple[Envelope, ...]:
        rate = self.rate_hz or 1.0
        bands = self.spec.envelope_bands_hz or parts_hz(rate)
        top_hz = self._top_hz(rate)
        return tuple(
            envelope(self.spectrum, low, high, top_hz, squared=False, turns=self.turns)
            for low, high in bands
        )

    def _top_hz(self, rate: float) -> float:
        # from the specification alone: a window's background must not depend on the batch it is in
        orders = [max(o.bpfi, 2 * o.bsf) for o in self.spec.bearings.values()]
        highest = max(orders, default=0.0) * self.spec.harmonics * (1 + SLIP) * self.spec.fastest_hz
        return min(highest or _TOP_SHARE * rate, rate / 4)


@dataclass(frozen=True)
class Group:
    columns: Callable[[FeatureSpec], Columns]
    compute: Callable[[Batch], Floats]
    least_samples: int = _LEAST_SAMPLES


def _spectrum_columns(spec: FeatureSpec) -> Columns:
    frequency = "Hz" if spec.rate_hz else "1/sample"
    figures = tuple((n, "" if n == "entropy" else frequency) for n in _spectrum.OUTLINE)
    return figures + tuple((f"band_{i}", "log10 unit²") for i in range(spec.bands))


def _spectrum_figures(batch: Batch) -> Floats:
    edges = _spectrum.octave_edges(batch.rate_hz or 1.0, batch.spec.bands)
    return np.hstack(
        [_spectrum.outline(batch.spectrum), _spectrum.band_levels(batch.spectrum, edges)]
    )


def _severity_columns(spec: FeatureSpec) -> Columns:
    return (("velocity", "mm/s"),) if _severity.has_velocity(spec.unit) else ()


def _severity_figures(batch: Batch) -> Floats:
    if not batch.rate_hz:
        return np.full((len(batch.windows), 1), np.nan, np.float32)
    return _severity.velocity_of(batch.spectrum, batch.spec.unit)[:, None]


def _shaft_columns(_: FeatureSpec) -> Columns:
    return tuple((f"shaft_{multiple:g}x", _waveform.UNIT) for multiple in _SHAFT_MULTIPLES)


def _shaft_figures(batch: Batch) -> Floats:
    """RMS of the lines at 1, 2 and 3 times the shaft's speed: unbalance, misalignment, looseness."""
    found, multiples = batch.orders, batch.speed_hz[:, None] * np.array(_SHAFT_MULTIPLES)
    places = multiples / found.step_hz
    last = found.power.shape[1] - 1
    inside = (places >= 1) & (places <= last - 1)
    index = np.where(inside, np.rint(places), 1).astype(np.intp)[..., None] + np.arange(-1, 2)
    rows = np.arange(len(batch.windows))[:, None, None]
    power = found.power[rows, np.clip(index, 0, last)].sum(axis=-1)
    return np.where(inside, np.sqrt(power), np.float32(np.nan))


def _envelope_columns(spec: FeatureSpec) -> Columns:
    bands = range(len(spec.envelope_bands_hz or DEFAULT_BANDS))
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


def _envelope_figures(batch: Batch) -> Floats:
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


def _cepstrum_columns(spec: FeatureSpec) -> Columns:
    return tuple((f"family_{order:g}x", "") for order in spec.families)


def _cepstrum_figures(batch: Batch) -> Floats:
    spacings = batch.speed_hz[:, None] * np.array(batch.spec.families)
    return _cepstrum.families(batch.orders, spacings)


def _kernel_columns(spec: FeatureSpec) -> Columns:
    count = spec.kernels.features if spec.kernels else 0
    return tuple((f"kernel_{i}", "") for i in range(count))


def _kernel_figures(batch: Batch) -> Floats:
    assert batch.spec.kernels is not None  # without it the group has no columns
    return _kernels.transform_kernels(batch.windows, batch.spec.kernels)


GROUPS: Mapping[GroupName, Group] = {
    "waveform": Group(lambda _: _waveform.NAMES, lambda b: _waveform.indicators(b.windows), 1),
    "spectrum": Group(_spectrum_columns, _spectrum_figures),
    "severity": Group(_severity_columns, _severity_figures),
    "shaft": Group(_shaft_columns, _shaft_figures),
    "envelope": Group(_envelope_columns, _envelope_figures),
    "cepstrum": Group(_cepstrum_columns, _cepstrum_figures, 64),
    "mel": Group(
        lambda spec: tuple((f"mel_{i}", "log10 unit²") for i in range(spec.mel_bands)),
        lambda batch: _mel.log_mel(batch.spectrum, batch.spec.mel_bands),
    ),
    "kernels": Group(_kernel_columns, _kernel_figures, _kernels.LENGTH),
}
