"""Recordings → samples: one stretch of one asset, cut where the protocol says, as window and annotation.

Holds the two shapes all readers end in: `Series`, rows in time that are still to be cut, and
`Recording`, a finished stretch. Reading files and choosing what is learnt from are elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.harmless import readable
from kits.core.kit import RawSample
from kits.core.prediction import Quantity, Span
from kits.core.window import MEDIA_TYPE, Channel, Window, encode_window
from kits.predictive_maintenance._device.words import CODE
from kits.predictive_maintenance._reading.columns.names import NORMAL, is_code_name

REMAINING_LIFE = "remaining_life"
GAP_PERIODS = 20.0
"""A silence longer than this many periods ends a recording."""
MAX_PIECE_READINGS = 2 << 20
"""Of all channels; longer stretches become several samples of one group."""
_UNEVEN = 0.2
"""Share of a step that it may differ by, and of the steps that may."""
_SPARSE_SHARE = 0.95
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recording:
    """A finished stretch of one asset's life.

    Attributes:
        label: `normal` or a fault's name; empty: nothing is known.
        life: what was left at its end.
    """

    asset: str
    source: str
    window: Window
    label: str = ""
    spans: tuple[Span, ...] = ()
    life: Quantity | None = None
    note: str = ""
    author: str = ""
    group: str = ""
    split: Split | None = None
    meta: Mapping[str, JsonValue] = field(default_factory=dict)

    def sample(self) -> RawSample:
        """The recording as the import takes it.

        Raises:
            DataError: too many channels, readings or attributes.
        """
        # names of folders and files that are no UTF-8 could not be written
        named = {"asset": readable(self.asset), **self.window.attributes}
        channels = tuple(replace(c, name=readable(c.name)) for c in self.window.channels)
        window = replace(self.window, channels=channels, attributes=named)
        annotation = None
        if self.label or self.spans or self.life is not None:
            annotation = Annotation(
                label=self.label,
                spans=self.spans,
                quantities=(self.life,) if self.life is not None else (),
                author=self.author,
                note=self.note,
            )
        started = window.started_at
        meta: dict[str, JsonValue] = {
            "asset": self.asset,
            "recording": self.source,
            "readings": max(c.readings.size for c in window.channels),
            "channels": len(window.channels),
            "rate_hz": window.rate_hz,
            **({"started_at": started.isoformat()} if started is not None else {}),
            **self.meta,
        }
        return RawSample(
            content=encode_window(window),
            media_type=MEDIA_TYPE,
            source=self.source,
            annotation=annotation,
            group=self.group or self.asset,
            split=self.split,
            meta=meta,
        )


@dataclass(frozen=True)
class Series:
    """Rows of one asset in time, before they are cut.

    Attributes:
        names, units: of the channels.
        values: (channels, rows), NaN where there is no reading.
        seconds: times of the rows, rising; None when rows are only counted.
        absolute: whether `seconds` count from 1970.
        faults: (first row, row after the last, label), in order, not overlapping.
        leaks: channels that were kept out, in words.
        stated: whether the data says what is a fault; else it is assumed normal.
        many: columns of words that are no channels, as they have too many.
        blank: by condition, (rows,) where its cell is empty.
        shared: whether its file holds other machines, too.
    """

    asset: str
    source: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: Floats
    seconds: Floats | None
    absolute: bool = True
    faults: tuple[tuple[int, int, str], ...] = ()
    stated: bool = False
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    rate_hz: float | None = None
    split: Split | None = None
    leaks: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    blank: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    shared: bool = False

    @property
    def rows(self) -> int:
        return int(self.values.shape[1])

    @property
    def lists_messages(self) -> bool:
        """Whether it has words at uneven times, and beside them nothing but numbers that are called as codes of messages are."""
        words = [unit == CODE for unit in self.units]
        if not any(words) or self.seconds is None or self.rows < 3 or self.period_s <= 0:
            return False
        named = all(word or is_code_name(name) for word, name in zip(words, self.names))
        uneven = np.abs(np.diff(self.seconds) / self.period_s - 1) > _UNEVEN
        return named and float(np.mean(uneven)) > _UNEVEN

    @property
    def period_s(self) -> float:
        """Usual time between two rows; 0 when they are only counted."""
        if self.rate_hz:
            return 1.0 / self.rate_hz
        if self.seconds is None or self.rows < 2:
            return 0.0
        steps = np.diff(self.seconds)
        steps = steps[steps > 0]
        return float(np.median(steps)) if steps.size else 0.0

    def whole_label(self) -> str:
        """The one label of all rows; empty when there are several or none."""
        if not self.stated:
            return ""
        if not self.faults:
            return "normal"
        start, end, label = self.faults[0]
        alone = len(self.faults) == 1 and start == 0 and end >= self.rows
        return label if alone else ""


def sharing(found: Sequence[Series]) -> list[Series]:
    """Series, with those marked whose file holds several machines."""
    files = Counter(source for source, _ in {(one.source, one.asset) for one in found})
    return [replace(one, shared=files[one.source] > 1) for one in found]


def runs(labels: NDArray[np.object_]) -> tuple[tuple[int, int, str], ...]:
    """Stretches of rows with one fault's label."""
    if not labels.size:
        return ()
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    edges = [0, *changes.tolist(), labels.size]
    return tuple(
        (a, b, str(labels[a])) for a, b in pairwise(edges) if labels[a] not in ("", NORMAL)
    )


PASSED_OVER: Final = "passed over"
"""Role of rows in the time that is learnt from which nothing is learnt from: faults, and what lies close to them."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows `start` to `end` (exclusive) of a series, and where they go."""

    start: int
    end: int
    split: Split | None
    role: str = ""


def recordings(series: Series, part: Part) -> Iterator[Recording]:
    """A part of a series as recordings: cut at gaps, and where it would be too long."""
    for number, (start, end) in enumerate(_stretches(series, part)):
        yield _recording(series, part, start, end, number)


def _stretches(series: Series, part: Part) -> Iterator[tuple[int, int]]:
    edges = [part.start, *gaps(series, part.start, part.end), part.end]
    longest = max(2, MAX_PIECE_READINGS // max(1, len(series.names)))
    for start, end in pairwise(edges):
        for at in range(start, end, longest):
            yield at, min(end, at + longest)


def gaps(series: Series, start: int, end: int) -> list[int]:
    """Rows before which there was a silence."""
    period = series.period_s
    if series.seconds is None or period <= 0 or end - start < 2:
        return []
    steps = np.diff(series.seconds[start:end])
    found: list[int] = (np.flatnonzero(steps > GAP_PERIODS * period) + start + 1).tolist()
    return found


def _recording(series: Series, part: Part, start: int, end: int, number: int) -> Recording:
    spans = tuple(
        Span(max(a, start) - start, min(b, end) - start, label, "")
        for a, b, label in series.faults
        if a < end and b > start
    )
    tail = f"#{part.role}" if part.role else ""
    label = _label_of(spans) if spans else ("normal" if series.stated or part.role else "")
    return Recording(
        asset=series.asset,
        source=f"{_called(series, part.role)}{f'@{number + 1}' if number else ''}",
        window=_window(series, start, end),
        label=label,
        spans=spans,
        note="" if series.stated else "assumed normal: the data names no faults",
        author="import",
        # what is passed over within what is learnt from is no leak into what is calibrated on
        group=_group(series, f"{tail} ({part.split})" if part.role == PASSED_OVER else tail),
        split=part.split,
        meta={
            **({"first_row": start} if start else {}),
            **({"leaks": list(series.leaks)} if series.leaks else {}),
        },
    )


def _called(series: Series, role: str) -> str:
    """What samples of a series are called: by their file, and where it holds several by their machine."""
    told = "/".join(filter(None, (series.asset if series.shared else "", role)))
    return f"{series.source}#{told}" if told else series.source


def _group(series: Series, tail: str) -> str:
    if not tail:
        return series.asset
    together = series.source.startswith(series.asset)
    return f"{series.source if together else f'{series.asset}/{series.source}'}{tail}"


def _label_of(spans: tuple[Span, ...]) -> str:
    """The fault that lasts longest."""
    total: dict[str, int] = {}
    for span in spans:
        total[span.label] = total.get(span.label, 0) + span.end - span.start
    return max(sorted(total), key=lambda label: total[label])


def _window(series: Series, start: int, end: int) -> Window:
    period = series.period_s
    rate_hz = 1.0 / period if period > 0 else 0.0
    channels = tuple(
        make_channel(name, unit, row[start:end], rate_hz)
        for name, unit, row in zip(series.names, series.units, series.values)
    )
    if channels and all(c.rate_hz is not None for c in channels):
        fastest = max(c.rate_hz or 0.0 for c in channels)
        channels = tuple(replace(c, rate_hz=None) if c.rate_hz == fastest else c for c in channels)
        rate_hz = fastest
    started = None
    if series.absolute and series.seconds is not None:
        started = moment(float(series.seconds[start]))
    return Window(channels, rate_hz, started, series.attributes)


def make_channel(name: str, unit: str, readings: Floats, rate_hz: float) -> Channel:
    """A channel; one that reads only every k-th row gets the slower rate as its own."""
    step = _step(readings) if rate_hz > 0 else 1
    if step > 1:
        first = int(np.flatnonzero(np.isfinite(readings))[0]) % step
        slow = readings[first::step].astype(np.float32)
        return Channel(name, unit, slow, rate_hz / step)
    return Channel(name, unit, readings.astype(np.float32))


def _step(readings: Floats) -> int:
    """Rows from one reading to the next, when that is more than one and nearly always the same."""
    at = np.flatnonzero(np.isfinite(readings))
    if at.size < 2 or 2 * at.size > readings.size + 1:
        return 1
    steps = np.diff(at)
    step = int(np.median(steps))
    even = float(np.mean(steps % step == 0)) if step > 1 else 0.0
    return step if even >= _SPARSE_SHARE else 1


def moment(seconds: float) -> datetime | None:
    """Seconds since 1970 as a time, UTC; None when that is no time."""
    if not np.isfinite(seconds):
        return None
    try:
        return _EPOCH + timedelta(seconds=round(seconds, 6))
    except OverflowError:
        return None
