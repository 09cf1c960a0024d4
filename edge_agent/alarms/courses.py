"""How the figures behind an alarm came about: their course over minutes to months, in bounded memory.

A model says what is unusual now; for a fitter it matters whether that came overnight or grew for nine days. Courses
are kept on the disk now and then: a kill costs an hour of them and no step of any case. They decide nothing.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_agent.log import warn
from kits.core.files import write_atomically
from kits.core.prediction import Prediction

_FIRST_WIDTH_S = 60.0
_PARTS = 32
_FIGURES = 12
"""Of one asset; the one that was told longest ago makes room."""
_LEAST_PARTS = 4
_LEAST_CHANGE = 1.2
_SCATTERS = 3.0
_BEGUN = 0.25
"""Share of the way at which a rise is said to have begun."""
_KEEP_EVERY_S = 3600.0
_BACK_S, _AHEAD_S = 86_400.0, 90 * 86_400.0
"""A time further away is of a clock that was set, or of a machine that stood for months: the course begins anew."""
_UNITS = ((86_400.0, "days"), (3600.0, "h"), (60.0, "min"))


class Course(BaseModel):
    """Means of a figure over equal stretches of time; when they become too many, two become one.

    Attributes:
        start_s: begin of the first stretch, seconds since 1970.
        width_s: length of a stretch.
        sums, counts: by stretch, the newest last.
    """

    model_config = ConfigDict(extra="ignore")

    start_s: float
    width_s: float = Field(_FIRST_WIDTH_S, gt=0)
    sums: list[float] = Field(default_factory=list, max_length=_PARTS)
    counts: list[int] = Field(default_factory=list, max_length=_PARTS)

    @model_validator(mode="after")
    def _as_many(self) -> Course:
        if len(self.sums) != len(self.counts):
            raise ValueError("a course has as many counts as sums")
        return self

    def add(self, at_s: float, value: float) -> None:
        """One value; what is a little older than the begin counts to it."""
        end_s = self.start_s + len(self.sums) * self.width_s
        if not self.start_s - _BACK_S <= at_s <= end_s + _AHEAD_S:
            self.start_s, self.width_s, self.sums, self.counts = at_s, _FIRST_WIDTH_S, [], []
        place = max(0, int((at_s - self.start_s) // self.width_s))
        while place >= _PARTS:
            self._halve()
            place = int((at_s - self.start_s) // self.width_s)
        missing = place + 1 - len(self.sums)
        self.sums += [0.0] * missing
        self.counts += [0] * missing
        self.sums[place] += value
        self.counts[place] += 1

    def _halve(self) -> None:
        self.sums = [sum(self.sums[i : i + 2]) for i in range(0, len(self.sums), 2)]
        self.counts = [sum(self.counts[i : i + 2]) for i in range(0, len(self.counts), 2)]
        self.width_s *= 2

    def _known(self) -> Iterator[tuple[float, float]]:
        """End and mean of each stretch with a value, but the newest, which still goes on."""
        for number, (total, count) in enumerate(zip(self.sums[:-1], self.counts)):
            if count:
                yield self.start_s + (number + 1) * self.width_s, total / count

    def words(self, at_s: float, value: float) -> str:
        """`up 6.0 × in 9 days`; empty when it did not change beyond its scatter, or nobody knows how it was."""
        known = list(self._known())
        if len(known) < _LEAST_PARTS or not value > 0:
            return ""
        early = [mean for _, mean in known[: max(_LEAST_PARTS // 2, len(known) // 2)]]
        usual = statistics.median(early)
        scatter = 1.4826 * statistics.median(abs(mean - usual) for mean in early)
        if not usual > 0 or abs(value - usual) <= _SCATTERS * scatter:
            return ""
        times = value / usual
        if 1 / _LEAST_CHANGE < times < _LEAST_CHANGE:
            return ""
        limit = usual + _BEGUN * (value - usual)
        before = [end_s for end_s, mean in known if (mean < limit) == (usual < limit)]
        way = "up" if times > 1 else "down to"
        return f"{way} {times:.2g} × in {_long(max(at_s - before[-1], self.width_s))}"


def _long(seconds: float) -> str:
    for unit_s, unit in _UNITS:
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"


class _Kept(BaseModel):
    assets: dict[str, dict[str, Course]] = Field(default_factory=dict)


class Courses:
    """Courses of all figures of all assets, from any thread.

    Args:
        path: file that keeps them; None: nothing is.
        max_assets: further ones have none.
    """

    def __init__(self, path: Path | None, max_assets: int) -> None:
        self._path = path
        self._max_assets = max_assets
        self._assets = _read(path) if path is not None else {}
        self._kept_mono = time.monotonic()
        self._lock = threading.Lock()

    def add(self, asset: str, at_s: float, figures: Mapping[str, float]) -> None:
        """What a window says of an asset."""
        with self._lock:
            mine = self._assets.get(asset)
            if mine is None:
                if len(self._assets) >= self._max_assets:
                    return
                mine = self._assets[asset] = {}
            for name, value in figures.items():
                course = mine.pop(name, None) or Course(start_s=at_s)
                course.add(at_s, value)
                mine[name] = course
            while len(mine) > _FIGURES:
                del mine[next(iter(mine))]

    def words(self, asset: str, at_s: float, name: str, value: float) -> str:
        """How a figure of an asset came to be what it is; empty when there is nothing to say."""
        with self._lock:
            course = self._assets.get(asset, {}).get(name)
            return course.words(at_s, value) if course is not None else ""

    def settle(self) -> None:
        """Writes them down once an hour. Called about once a second, and not by the line: a disk may be slow."""
        if time.monotonic() - self._kept_mono >= _KEEP_EVERY_S:
            self.keep()

    def keep(self) -> None:
        """Writes them down; what the disk does not take is tried again an hour later."""
        self._kept_mono = time.monotonic()
        if self._path is None:
            return
        with self._lock:
            content = _Kept(assets=self._assets).model_dump_json().encode()
        try:
            write_atomically(self._path, content)
        except OSError as error:
            warn("courses_not_written", error=error)


def _read(path: Path) -> dict[str, dict[str, Course]]:
    try:
        return _Kept.model_validate_json(path.read_bytes()).assets
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        # they only add words: what cannot be read begins anew
        warn("courses_unreadable", error=type(error).__name__)
        return {}


def figures_of(prediction: Prediction) -> dict[str, float]:
    """The numbers that a model gives with its reasons, and its quantities, by name."""
    found = {quantity.name: quantity.value for quantity in prediction.quantities}
    for reason in prediction.reasons:
        value = getattr(reason, "value", None)
        if isinstance(value, int | float) and not isinstance(value, bool) and reason.field:
            found.setdefault(reason.field, float(value))
    return {name: value for name, value in found.items() if math.isfinite(value)}
