"""Recordings of a dataset version, decoded, with what is known of them. Read by training and evaluation.

It is not responsible for formats of files (`data.py`): everything here is a sensor window already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import NoProgress, Progress
from kits.core.prediction import Quantity, Span
from kits.core.window import Window, decode_window

NORMAL_LABELS = ("normal", "good", "ok", "healthy")
LIFE = "remaining_life"
_EARLY = 0.5
"""Share of a life to failure that counts as normal running: nobody notes when wear began."""


@dataclass(frozen=True)
class Recording:
    """One sample of the dataset.

    Attributes:
        spans: stretches with a label, in readings of the window's own rate, end exclusive.
        life: what was left at the end; None when it is not known.
    """

    item: DatasetItem
    window: Window
    label: str
    spans: tuple[Span, ...]
    life: Quantity | None

    @property
    def asset(self) -> str:
        return str(self.window.attributes.get("asset", "")) or self.item.sample.group

    @property
    def group(self) -> str:
        return self.item.sample.group or self.item.sample.id

    @property
    def readings(self) -> int:
        """Of the longest channel."""
        return max(channel.readings.size for channel in self.window.channels)

    @property
    def rate_hz(self) -> float:
        """Of the fastest channel; 0 when it is not evenly spaced in time."""
        return max(self.window.rate_of(channel) for channel in self.window.channels)

    def is_normal(self) -> bool:
        """Whether it is normal running apart from its spans; what nobody labelled counts as normal."""
        return self.label == "" or self.label.lower() in NORMAL_LABELS

    def faulty(self) -> NDArray[np.bool_]:
        """(readings,) whether a reading lies in a span with a fault's label."""
        mask = np.zeros(self.readings, np.bool_)
        for span in self.spans:
            if span.label.lower() not in NORMAL_LABELS:
                mask[max(span.start, 0) : span.end] = True
        return mask

    def early(self) -> NDArray[np.bool_]:
        """(readings,) whether the machine was in the first half of its life; true where its life is not known."""
        if self.life is None:
            return np.ones(self.readings, np.bool_)
        behind = np.full(self.readings, _number(self.window.attributes.get("life_position")))
        left = self.life.value
        if not self.rate_hz:
            # a reading per cycle: the recording is itself a part of the life
            behind = behind + np.arange(self.readings)
            left += self.readings - 1
        whole = behind[0] + left
        return np.asarray(behind < _EARLY * whole, np.bool_)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def interval_s(recordings: Iterable[Recording]) -> float:
    """Seconds from one recording of a machine to its next, the median; 0 when nothing says it."""
    starts: dict[str, list[float]] = {}
    for one in recordings:
        if one.window.started_at is not None:
            starts.setdefault(one.asset, []).append(one.window.started_at.timestamp())
        elif one.life is not None and one.life.unit == "h" and one.rate_hz:
            position = _number(one.window.attributes.get("life_position"))
            starts.setdefault(one.asset, []).append(3600 * position)
    steps = [step for found in starts.values() for step in np.diff(sorted(found)).tolist()]
    return float(np.median(steps)) if steps else 0.0


def load(
    dataset: Dataset, items: Iterable[DatasetItem], progress: Progress | None = None
) -> list[Recording]:
    """The recordings behind some items, ordered by asset and time.

    Raises:
        DataError: bytes are absent, damaged or no sensor window.
    """
    chosen = list(items)
    progress = progress if progress and chosen else NoProgress()
    progress.begin("reading recordings", len(chosen))
    found = []
    for item in chosen:
        progress.advance()
        found.append(_recording(dataset, item))
    progress.end()
    return sorted(found, key=order_of)


def order_of(one: Recording) -> tuple[str, str, float, str]:
    """By asset and time; where no time is known, by place in the asset's life or by file."""
    started = one.window.started_at.isoformat() if one.window.started_at else ""
    position = _number(one.window.attributes.get("life_position"))
    return one.asset, started, position, one.item.sample.source


def _recording(dataset: Dataset, item: DatasetItem) -> Recording:
    window = decode_window(dataset.content(item))
    note = item.annotation
    life = next((q for q in note.quantities if q.name == LIFE), None) if note else None
    return Recording(item, window, note.label if note else "", note.spans if note else (), life)


def cut(window: Window, start: int, end: int) -> Window:
    """Readings `start` to `end` of the longest channel; slower ones keep the same stretch of time."""
    longest = max(channel.readings.size for channel in window.channels)
    channels = []
    for channel in window.channels:
        share = channel.readings.size / longest
        first, last = round(start * share), max(round(end * share), 1)
        channels.append(replace(channel, readings=channel.readings[min(first, last - 1) : last]))
    return replace(window, channels=tuple(channels))
