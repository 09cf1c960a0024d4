"""What the checks look at: each sample's channels in figures, with its split, label and conditions.

Decodes samples once and keeps figures, not readings, except for single rows. Judging them is the
checks' work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetItem, Split
from kits.core.errors import DataError
from kits.core.window import Channel, Window, decode_window
from kits.predictive_maintenance._checking.levels import Levels, levels_of
from kits.predictive_maintenance._reading.recording import REMAINING_LIFE

MAX_LOOKS = 20_000
_MAX_BYTES = 1 << 30
_CONTINUOUS = 16
"""Distinct readings from which a channel is a measured quantity and no state."""


@dataclass(frozen=True, slots=True)
class ChannelLook:
    """One channel of one sample.

    Attributes:
        missing: share of readings that are not there.
        longest_hold: longest run of equal readings; 0 for a state of few levels.
        at_edge: share of readings exactly at the largest or smallest value; 0 for a state.
    """

    name: str
    unit: str
    rate_hz: float
    readings: int
    missing: float
    low: float
    high: float
    mean: float
    longest_hold: int
    at_edge: float


@dataclass(frozen=True)
class Look:
    """One sample; `levels` of those in time."""

    source: str
    asset: str
    group: str
    split: Split
    label: str
    annotation: Annotation | None
    channels: tuple[ChannelLook, ...]
    attributes: Mapping[str, str | float]
    leaks: tuple[str, ...]
    started_at: datetime | None
    duration_s: float
    levels: Levels | None = None

    @property
    def single(self) -> bool:
        """Whether it is one row of a table of snapshots."""
        return all(c.readings == 1 for c in self.channels)

    @property
    def remaining_life(self) -> float | None:
        found = self.annotation.quantities if self.annotation is not None else ()
        return next((q.value for q in found if q.name == REMAINING_LIFE), None)


def look_at(dataset: Dataset, block_s: float) -> tuple[list[Look], list[str]]:
    """Figures of the samples, and the names of those that cannot be read.

    Of very large versions every k-th sample is looked at.

    Args:
        block_s: seconds of a block of the levels.
    """
    total = sum(item.sample.size for item in dataset.items)
    step = max(1, -(-len(dataset.items) // MAX_LOOKS), -(-total // _MAX_BYTES))
    looks: list[Look] = []
    damaged: list[str] = []
    for item in dataset.items[::step]:
        try:
            looks.append(_look(item, decode_window(dataset.content(item)), block_s))
        except DataError:
            damaged.append(item.sample.source or item.sample.id)
    return looks, damaged


def _look(item: DatasetItem, window: Window, block_s: float) -> Look:
    sample = item.sample
    given = sample.meta.get("leaks")
    channels = tuple(_channel(c, window.rate_of(c)) for c in window.channels)
    rate_hz = window.rate_hz
    longest = max(c.readings.size for c in window.channels)
    return Look(
        source=sample.source or sample.id,
        asset=str(window.attributes.get("asset", "")),
        group=sample.group,
        split=item.split,
        label=item.annotation.label if item.annotation is not None else "",
        annotation=item.annotation,
        channels=channels,
        attributes={k: v for k, v in window.attributes.items() if k != "asset"},
        leaks=tuple(str(text) for text in given) if isinstance(given, list | tuple) else (),
        started_at=window.started_at,
        duration_s=longest / rate_hz if rate_hz > 0 else 0.0,
        levels=levels_of(item, window, block_s),
    )


def _channel(channel: Channel, rate_hz: float) -> ChannelLook:
    values = channel.readings
    finite = values[np.isfinite(values)]
    if not finite.size:
        return ChannelLook(
            channel.name, channel.unit, rate_hz, values.size, 1.0, np.nan, np.nan, np.nan, 0, 0.0
        )
    low, high = float(finite.min()), float(finite.max())
    continuous = finite.size > _CONTINUOUS and np.unique(finite[:4096]).size > _CONTINUOUS
    return ChannelLook(
        channel.name,
        channel.unit,
        rate_hz,
        values.size,
        1.0 - finite.size / values.size,
        low,
        high,
        float(finite.mean(dtype=np.float64)),
        _longest_hold(finite) if continuous else 0,
        float(max((finite == low).mean(), (finite == high).mean())) if continuous else 0.0,
    )


def _longest_hold(values: NDArray[np.float32]) -> int:
    changes = np.flatnonzero(np.diff(values) != 0)
    edges = np.concatenate([[-1], changes, [values.size - 1]])
    return int(np.diff(edges).max())


def by_channel(looks: list[Look]) -> Iterator[tuple[str, list[tuple[Look, ChannelLook]]]]:
    """Each channel's name with all its appearances."""
    found: dict[str, list[tuple[Look, ChannelLook]]] = {}
    for look in looks:
        for channel in look.channels:
            found.setdefault(channel.name, []).append((look, channel))
    yield from found.items()
