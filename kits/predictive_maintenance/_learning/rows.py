"""What makes a row, decided from the training recordings: channels, windows, features.

Everything left out is said. The device follows the `RowSpec` that comes out of this; models add lags, regimes
and statistics of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from kits.core.errors import DataError
from kits.predictive_maintenance._device.rows import RowSpec, rows_of
from kits.predictive_maintenance._device.shaft import WAVEFORM_HZ, tachos
from kits.predictive_maintenance._learning.physics import shaft_of
from kits.predictive_maintenance._learning.recordings import Recording, interval_s
from kits.predictive_maintenance._learning.waveforms import waveform_features
from kits.predictive_maintenance.config import Config

_WINDOWED_HZ = 10.0
"""From this rate on a row is a window, not a reading."""
_WINDOW = 4096
_MAX_LEVELS = 20
_PAIRED_CHANNELS = 12
_TRIED, _MISSING = 50, 0.05
"""Recordings that are looked at, and share of whole windows in which a figure may be missing."""
_SLOW_WINDOW_S = 60.0


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
    features = waveform_features(recordings, channels, window_s, config, notes) if window_s else {}
    spec = RowSpec(
        kind="windows" if kind == "windows" else "readings",
        channels=channels,
        units=tuple(units[name] for name in channels),
        rate_hz=_row_rate(recordings, hop_s or window_s) if kind == "windows" else rate,
        window_s=window_s,
        hop_s=hop_s,
        features=features,
        categories=_categories(recordings),
        shaft=shaft_of(config),
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
    moving = _moving(recordings)
    constant = [name for name in rest if name not in moving]
    if constant:
        notes.append(
            f"constant in training, so no model uses them: {', '.join(constant[:12])}; "
            "if they move they are reported as out of range"
        )
    pulses = {name for r in recordings for name in tachos(r.window, shaft_of(config))}
    if pulses & {*rest}:
        notes.append(
            f"{', '.join(sorted(pulses & {*rest}))}: tells the shaft's angle, nothing else"
        )
    channels = tuple(name for name in rest if name not in constant and name not in pulses)
    if not channels:
        raise DataError(
            "no channel is left to learn from",
            fix="every channel is constant, ignored or missing in some recordings; see kit check",
        )
    return channels


def _moving(recordings: Sequence[Recording]) -> set[str]:
    """Channels that move by more than rounding in any of the recordings, or from one to the next."""
    bounds: dict[str, tuple[float, float]] = {}
    for recording in recordings:
        for channel in recording.window.channels:
            known = channel.readings[np.isfinite(channel.readings)]
            if known.size:
                low, high = bounds.get(channel.name, (np.inf, -np.inf))
                bounds[channel.name] = (min(low, float(known.min())), max(high, float(known.max())))
    return {
        name
        for name, (low, high) in bounds.items()
        if high - low > 1e-5 * max(abs(low), abs(high), 1e-9)
    }


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
