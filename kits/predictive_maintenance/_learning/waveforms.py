"""Which features of a waveform are taken, decided from the training recordings.

Groups follow from the unit, from what is known of the shaft and from the configuration; kernels and the band in which
impacts ring are learned here. It is not responsible for the features themselves (`_signals/features.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._device.shaft import WAVEFORM_HZ, Turning, speeds, turning
from kits.predictive_maintenance._learning.physics import bearings_of, shaft_of
from kits.predictive_maintenance._learning.recordings import Recording
from kits.predictive_maintenance._signals.envelope import parts_hz
from kits.predictive_maintenance._signals.features import FeatureSpec, cut
from kits.predictive_maintenance._signals.groups import GroupName
from kits.predictive_maintenance._signals.kernels import KernelSpec, fit_kernels
from kits.predictive_maintenance._signals.kurtogram import voted_band
from kits.predictive_maintenance.config import Config

SOUND = "FS"
"""Unit of sound files: share of full scale."""
_OF_THE_SHAFT: tuple[GroupName, ...] = ("shaft", "cepstrum")
_KERNELS, _LOOKED_AT = 252, 64
_LEAST_FASTEST_HZ = 60.0


def waveform_features(
    recordings: Sequence[Recording],
    channels: Sequence[str],
    window_s: float,
    config: Config,
    notes: list[str],
) -> dict[str, FeatureSpec]:
    """Channel → features of those that are heard as waveforms; what was chosen or left out is noted.

    Raises:
        DataError: the groups asked for cannot be had.
    """
    units = {c.name: c.unit for r in recordings for c in r.window.channels}
    rates = {c.name: r.window.rate_of(c) for r in recordings for c in r.window.channels}
    shaft = shaft_of(config)
    known = [turning(r.window, shaft, config.speed_rpm) for r in recordings]
    is_turning = all(one.speed_hz > 0 for one in known)
    telling = {name for r in recordings for name in speeds(r.window, shaft)}
    notes += _speed_notes(recordings, config, known, telling)
    # orders are multiples of the shaft's speed: where nobody says it their figures would never be numbers
    bearings = bearings_of(config) if is_turning else {}
    found = {}
    for name in channels:
        if rates[name] < WAVEFORM_HZ or name in telling:
            continue
        spec = FeatureSpec(
            groups=_groups(units[name], config, turning=is_turning),
            unit=units[name],
            rate_hz=rates[name],
            window=max(round(window_s * rates[name]), 1),
            bearings=bearings,
            sidebands=bool(bearings),
            fastest_hz=max(1.5 * max(one.fastest_hz for one in known), _LEAST_FASTEST_HZ),
            families=(1.0, *config.gear_orders),
        )
        if "kernels" in spec.groups:
            spec = spec.model_copy(update={"kernels": _kernels(recordings, name, spec)})
        if config.envelope_bands == "kurtogram" and "envelope" in spec.groups:
            spec = spec.model_copy(
                update={"envelope_bands_hz": _bands(recordings, name, spec, notes)}
            )
        found[name] = spec
    return found


def _speed_notes(
    recordings: Sequence[Recording],
    config: Config,
    known: Sequence[Turning],
    telling: Collection[str],
) -> Iterator[str]:
    if len(telling) > 1:
        names = ", ".join(sorted(telling))
        yield f"several channels in rpm ({names}): name the shaft's as model.speed_channel"
    if not config.speed_range_rpm:
        return
    unknown = sum(not one.speed_hz for one in known)
    if unknown:
        yield (
            f"no speed was found in {unknown} of {len(known)} recordings, so nothing is judged by orders: note it, or"
            " correct model.speed_range_rpm"
        )
        return
    noted = shaft_of(config).model_copy(update={"range_rpm": None})
    found = [
        one.speed_hz * 60
        for r, one in zip(recordings, known)
        if not turning(r.window, noted, config.speed_rpm).speed_hz
    ]
    if found:
        yield (
            f"speeds found in the vibration: {min(found):.0f} to {max(found):.0f} rpm; windows of a device must hold"
            " 100 turns, or say their speed"
        )


def _bands(
    recordings: Sequence[Recording], name: str, spec: FeatureSpec, notes: list[str]
) -> tuple[tuple[float, float], ...]:
    """Three parts of the spectrum and, where training heard impacts, the band in which they ring."""
    heard = [cut(c.readings, spec) for r in recordings for c in r.window.channels if c.name == name]
    voted = voted_band(heard, spec.rate_hz)
    if voted is None:
        notes.append(
            f"{name}: no band in which impacts ring, so its envelopes are those of fixed parts"
        )
        return ()
    notes.append(f"{name}: impacts ring from {voted[0]:.0f} to {voted[1]:.0f} Hz, heard there too")
    return (*parts_hz(spec.rate_hz), voted)


def _groups(unit: str, config: Config, *, turning: bool) -> tuple[GroupName, ...]:
    """Groups of features: as configured, else by what the channel is."""
    chosen = config.features
    if not chosen:
        chosen = ("waveform", "spectrum", "severity", "shaft", "envelope")
        chosen += ("cepstrum",) if config.gear_orders else ()
        chosen += ("mel",) if unit == SOUND else ()
    known: tuple[GroupName, ...] = tuple(g for g in chosen if turning or g not in _OF_THE_SHAFT)
    if not known:
        raise DataError(
            f"{', '.join(chosen)}: figures of the shaft, but nobody says its speed",
            where="kit.yaml: model.features",
            fix="set model.speed_rpm or model.speed_channel, or choose other groups",
        )
    return known


def _kernels(recordings: Sequence[Recording], name: str, spec: FeatureSpec) -> KernelSpec:
    windows = [
        piece
        for r in recordings
        for c in r.window.channels
        if c.name == name
        for piece in cut(c.readings, spec)[:_LOOKED_AT]
        if np.isfinite(piece).all()
    ]
    step = max(len(windows) // _LOOKED_AT, 1)
    return fit_kernels(
        np.stack(windows[::step]) if windows else np.empty((0, 0), np.float32), _KERNELS, 0
    )
