"""Whether good and defective parts were taken in the same way: what has another size, format or day is known by that, and figures are too good."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import Finding
from kits.core.sample import day_of
from kits.visual_inspection._approach import is_defect, is_good

_LEAST_PARTS = 10
_TIMES, _SHARE = 20, 0.5
"""A value is strange to good parts where it is so many times as frequent among defects; so many of these tell it."""
_SHOWN = 5


@dataclass(frozen=True)
class _Way:
    """One thing that may differ with the way a picture was taken.

    Attributes:
        value: of a picture; empty where it is not known.
        least: of so few defects a value says nothing: cut out of larger pictures, each has a size of its own.
    """

    name: str
    value: Callable[[DatasetItem], str]
    least: int
    fix: str


def _size(item: DatasetItem) -> str:
    width, height = item.sample.meta.get("width"), item.sample.meta.get("height")
    return f"{width}×{height}" if width and height else ""


_WAYS = (
    _Way(
        "size",
        _size,
        5,
        "take both by one camera and program, and save them alike",
    ),
    _Way(
        "format",
        lambda item: item.sample.media_type,
        5,
        "take both by one camera and program, and save them alike",
    ),
    _Way(
        "day",
        lambda item: day_of(item.sample),
        1,
        "add good parts of the days of the defects",
    ),
)


def check(dataset: Dataset) -> Iterator[Finding]:
    """A warning where most defects have a size, a format or a day that good parts hardly have."""
    good = [item for item in dataset.items if is_good(item)]
    bad = [item for item in dataset.items if is_defect(item)]
    if min(len(good), len(bad)) < _LEAST_PARTS:
        return
    found = [(way, strange) for way in _WAYS if (strange := _strange(good, bad, way))]
    if not found:
        yield Finding(
            "taken-alike",
            "pass",
            "good and defective parts share sizes, formats and, where known, days",
        )
        return
    told = " and ".join(f"{n.total()} in {way.name}" for way, n in found)
    yield Finding(
        "taken-alike",
        "warn",
        f"of {len(bad)} defective parts {told} differ from nearly all good ones: a model may know them by how they were taken, and "
        "miss those of the line; figures and bounds do not reckon with it",
        tuple(f"{value}: {n}" for _, strange in found for value, n in strange.most_common(_SHOWN)),
        "; ".join(dict.fromkeys(way.fix for way, _ in found)),
    )


def _strange(good: Sequence[DatasetItem], bad: Sequence[DatasetItem], way: _Way) -> Counter[str]:
    """How many defects have which value that good parts hardly have; empty where these are few."""
    usual, seen = (Counter(filter(None, map(way.value, some))) for some in (good, bad))
    parts, defects = usual.total(), seen.total()
    strange = Counter({
        value: n
        for value, n in seen.items()
        if n >= way.least and usual[value] * defects * _TIMES <= n * parts
    })  # fmt: skip
    enough = parts >= _LEAST_PARTS and defects >= _LEAST_PARTS
    return strange if enough and strange.total() >= _SHARE * defects else Counter()
