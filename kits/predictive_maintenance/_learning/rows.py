"""What makes a row, decided from the training recordings: channels, windows, features.

Everything left out is said. The device follows the `RowSpec` that comes out of this; models add lags, regimes
and statistics of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._learning.recordings import Recording, interval_s
from kits.predictive_maintenance._signals.bearings import BearingOrders, lookup, orders
from kits.predictive_maintenance._signals.features import FeatureSpec, cut
from kits.predictive_maintenance._signals.groups import GroupName
from kits.predictive_maintenance._signals.kernels import KernelSpec, fit_kernels
from kits.predictive_maintenance.config import Config

WAVEFORM_HZ = 1000.0
"""From this rate on a channel is heard as a waveform."""
_WINDOWED_HZ = 10.0
"""From this rate on a row is a window, not a reading."""
_WINDOW = 4096
_MAX_LEVELS = 20
_PAIRED_CHANNELS = 12
_TRIED, _MISSING = 50, 0.05
"""Recordings that are looked at, and share of whole windows in which a figure may be missing."""
SOUND = "FS"
"""Unit of sound files: share of full scale."""
_OF_THE_SHAFT: tuple[GroupName, ...] = ("shaft", "cepstrum")
_KERNELS, _KERNEL_WINDOWS = 252, 64
_SLOW_WINDOW_S = 60.0
_LEAST_FASTEST_HZ = 60.0


def choose_rows(
    recordings: Sequence[Recording], config: Config, *, products: bool = False
) -> tuple[RowSpec, tuple[str, ...]]:
    """The row specification, and sentences about what was left out.

    Raises:
        DataError: no channel is left.
    """
    notes: list[str] = []
    channels = _common(recordings, config, notes)
    rates = [r.rate_hz for r in recordings]
    rate = float(np.median(rates))
    kind = "windows" if rate >= _WINDOWED_HZ else "readings"
    units = _units(recordings, channels)
    window_s, hop_s = _window(recordings, rate, config) if kind == "windows" else (0.0, 0.0)
    spec = RowSpec(
        kind="windows" if kind == "windows" else "readings",
        channels=channels,
        units=tuple(units[name] for name in channels),
        rate_hz=_row_rate(recordings, hop_s or window_s) if kind == "windows" else rate,
        window_s=window_s,
        hop_s=hop_s,
        features=_features(recordings, channels, units, window_s, config) if window_s else {},
        categories=_categories(recordings),
        products=products and len(channels) <= _PAIRED_CHANNELS,
    )
    return _without_unknown(spec, recordings, config, notes), tuple(notes)


def _without_unknown(
    spec: RowSpec, recordings: Sequence[Recording], config: Config, notes: list[str]
) -> RowSpec:
    """Without figures that a whole window does not have: an order beyond the spectrum, a shaft too slow to resolve.

    One of them would leave no row to learn from.
    """
    if not spec.features:
        return spec
    step = max(len(recordings) // _TRIED, 1)
    values = np.vstack(
        [rows_of(r.window, spec, config.speed_rpm).values for r in recordings[::step]]
    )
    unknown = []
    for name in spec.features:
        mine = [i for i, figure in enumerate(spec.figures) if figure.startswith(f"{name} · ")]
        known = np.isfinite(values[:, mine])
        whole = known[known.any(axis=1)]
        missing = 1 - whole.mean(axis=0) if len(whole) else np.zeros(len(mine))
        unknown += [spec.figures[i] for i, share in zip(mine, missing) if share > _MISSING]
    if not unknown:
        return spec
    notes.append(f"left out, cannot be had from these recordings: {', '.join(unknown[:8])}")
    return spec.model_copy(update={"left_out": tuple(unknown)})


def _row_rate(recordings: Sequence[Recording], step_s: float) -> float:
    """Rows per second of the machine's time: captures are a glimpse now and then, with nothing in between."""
    if not step_s:
        return 0.0
    spans = [r.readings / (r.rate_hz or 1.0) for r in recordings]
    per_capture = max(float(np.median(spans)) / step_s, 1.0)
    return 1 / max(step_s, interval_s(recordings) / per_capture)


def _common(recordings: Sequence[Recording], config: Config, notes: list[str]) -> tuple[str, ...]:
    seen = Counter(c.name for r in recordings for c in r.window.channels)
    order = list(dict.fromkeys(c.name for r in recordings for c in r.window.channels))
    partial = [name for name in order if seen[name] < len(recordings)]
    if partial:
        notes.append(f"left out, not in every recording: {', '.join(partial[:10])}")
    rest = [n for n in order if n not in partial and n not in config.ignore]
    constant = [name for name in rest if _is_constant(recordings, name)]
    if constant:
        notes.append(
            f"constant in training, so no model uses them: {', '.join(constant[:12])}; "
            "if they move they are reported as out of range"
        )
    channels = tuple(name for name in rest if name not in constant)
    if not channels:
        raise DataError(
            "no channel is left to learn from",
            fix="every channel is constant, ignored or missing in some recordings; see kit check",
        )
    return channels


def _is_constant(recordings: Sequence[Recording], name: str) -> bool:
    """Whether a channel never moves by more than rounding in all recordings."""
    low, high, size = np.inf, -np.inf, 0.0
    for recording in recordings:
        for channel in recording.window.channels:
            if channel.name == name:
                known = channel.readings[np.isfinite(channel.readings)]
                if known.size:
                    low, high = min(low, float(known.min())), max(high, float(known.max()))
                    size = max(size, abs(low), abs(high))
    return not high - low > 1e-5 * max(size, 1e-9)


def _units(recordings: Sequence[Recording], channels: Sequence[str]) -> dict[str, str]:
    found = {c.name: c.unit for r in recordings for c in r.window.channels}
    return {name: found[name] for name in channels}


def _window(recordings: Sequence[Recording], rate: float, config: Config) -> tuple[float, float]:
    spans = [r.readings / (r.rate_hz or 1.0) for r in recordings]
    shortest = min(spans)
    if config.window:
        length_s = config.window / rate
    elif rate >= WAVEFORM_HZ:
        length_s = min(_WINDOW / rate, shortest)
    else:
        # a slow capture of one cycle is looked at as a whole; a long course minute by minute
        whole = max(spans) <= 1.5 * shortest and shortest <= 10 * _SLOW_WINDOW_S
        length_s = shortest if whole else min(_SLOW_WINDOW_S, shortest)
    return length_s, config.hop / rate if config.hop else 0.0


def _features(
    recordings: Sequence[Recording],
    channels: Sequence[str],
    units: dict[str, str],
    window_s: float,
    config: Config,
) -> dict[str, FeatureSpec]:
    rates = {c.name: r.window.rate_of(c) for r in recordings for c in r.window.channels}
    turning = _speed_is_known(recordings, config)
    # orders are multiples of the shaft's speed: where nobody says it their figures would never be numbers
    bearings = bearings_of(config) if turning else {}
    found = {}
    for name in channels:
        if rates[name] < WAVEFORM_HZ:
            continue
        spec = FeatureSpec(
            groups=_groups(units[name], config, turning=turning),
            unit=units[name],
            rate_hz=rates[name],
            window=max(round(window_s * rates[name]), 1),
            bearings=bearings,
            sidebands=bool(bearings),
            fastest_hz=_fastest_hz(recordings, config),
            families=(1.0, *config.gear_orders),
        )
        if "kernels" in spec.groups:
            spec = spec.model_copy(update={"kernels": _kernels(recordings, name, spec)})
        found[name] = spec
    return found


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
            fix="set model.speed_rpm, or choose other groups",
        )
    return known


def _kernels(recordings: Sequence[Recording], name: str, spec: FeatureSpec) -> KernelSpec:
    windows = [
        piece
        for r in recordings
        for c in r.window.channels
        if c.name == name
        for piece in cut(c.readings, spec)[:_KERNEL_WINDOWS]
        if np.isfinite(piece).all()
    ]
    step = max(len(windows) // _KERNEL_WINDOWS, 1)
    return fit_kernels(
        np.stack(windows[::step]) if windows else np.empty((0, 0), np.float32), _KERNELS, 0
    )


def _speed_is_known(recordings: Sequence[Recording], config: Config) -> bool:
    speeds = [r.window.attributes.get("speed_rpm", config.speed_rpm) for r in recordings]
    return all(isinstance(speed, int | float) and speed > 0 for speed in speeds)


def bearings_of(config: Config) -> dict[str, BearingOrders]:
    """Orders of the bearings named in the configuration.

    Raises:
        DataError: an unknown number, or a geometry that is none.
    """
    table = Path(config.bearing_table) if config.bearing_table else None
    found = {}
    for text in config.bearings:
        name, given, figures = text.partition("=")
        if given:
            found[_key(name)] = _from_figures(text, figures)
        else:
            shape = lookup(text, table)
            found[_key(text)] = orders(
                shape.elements, shape.element_mm, shape.pitch_mm, shape.contact_deg
            )
    return found


def _key(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip()) or "bearing"


def _from_figures(text: str, figures: str) -> BearingOrders:
    try:
        elements, ball, pitch, *angle = (float(part) for part in figures.split(","))
    except ValueError:
        raise DataError(
            f"bearing {text!r} is no geometry",
            where="kit.yaml: model.bearings",
            fix="write name=elements,ball mm,pitch mm,contact ° – as 6205=9,7.94,39.04,0",
        ) from None
    return orders(int(elements), ball, pitch, angle[0] if angle else 0.0)


def _categories(recordings: Sequence[Recording]) -> dict[str, tuple[str, ...]]:
    """Text attributes of few values that several assets share (a product's type, a recipe)."""
    values: dict[str, set[str]] = {}
    for recording in recordings:
        for name, value in recording.window.attributes.items():
            if name not in ("asset", "recording") and isinstance(value, str):
                values.setdefault(name, set()).add(value)
    return {
        name: tuple(sorted(found))
        for name, found in sorted(values.items())
        if 2 <= len(found) <= min(_MAX_LEVELS, len(recordings) // 10)
    }


def _fastest_hz(recordings: Sequence[Recording], config: Config) -> float:
    """Turns per second that features must reach, with some room above what was seen."""
    seen = [r.window.attributes.get("speed_rpm") for r in recordings]
    fastest = max([config.speed_rpm, *(float(s) for s in seen if isinstance(s, int | float))])
    return max(1.5 * fastest / 60, _LEAST_FASTEST_HZ)
