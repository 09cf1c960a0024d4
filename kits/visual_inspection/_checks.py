"""The kit's own checks of a dataset version: what in the data will limit the model, and what helps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import BaseModel

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.core.sample import day_of
from kits.core.stats import upper_bound
from kits.visual_inspection import _images, _neighbours, _same_part, _taken_alike
from kits.visual_inspection._approach import choose_approach, is_defect, is_good, require_samples
from kits.visual_inspection._pieces import count_of, side_of
from kits.visual_inspection._scale import CLEAR_PIXELS, FAINT_PIXELS, narrow_defect, scale_of
from kits.visual_inspection._thresholds import MIN_DEFECTS, MIN_GOOD
from kits.visual_inspection._words import GOOD
from kits.visual_inspection.config import Config

_FEW_BOXES = 30
_LARGEST, _MOST_TILES = 1280, 20
"""The upper ends of `model.detector.image_size`, in pixels, and of `tiles` along a side."""
_MOST_SHRUNK = 2.5
_SAMPLED = 400
_FEW_UNKNOWN = 0.05


@dataclass(frozen=True, slots=True)
class _Look:
    """How one picture looks: size, mean gray, sharpness (variance of the Laplacian)."""

    source: str
    width: int
    height: int
    brightness: float
    sharpness: float


def check(dataset: Dataset, config: BaseModel) -> Iterator[Finding]:
    """Findings on resolution, light, focus, box sizes, class counts, good parts, pictures of one part and how they were taken."""
    assert isinstance(config, Config)
    looks = [look for look in map(_look, *_sampled(dataset)) if look is not None]
    yield from _resolution(_sizes(dataset, looks))
    yield from _outliers(looks, "brightness", "check exposure and lighting of these pictures")
    yield from _outliers(looks, "sharpness", "check focus and motion blur of these pictures")
    yield from _box_sizes(dataset, config)
    yield from _class_counts(dataset)
    yield from _learnable(dataset, config)
    if choose_approach(dataset, config)[0] == "good-parts":
        yield from _shrunk(dataset, looks, config)
    yield _good_parts(dataset, config)
    yield from _costs_weighed(dataset)
    yield from _parts_of_test(dataset)
    yield from _days(dataset)
    yield from _same_part.check(dataset)
    yield from _neighbours.check(dataset)
    yield from _taken_alike.check(dataset)


def _sampled(dataset: Dataset) -> tuple[list[Dataset], list[DatasetItem]]:
    step = max(1, len(dataset.items) // _SAMPLED)
    items = list(dataset.items[::step])
    return [dataset] * len(items), items


def _look(dataset: Dataset, item: DatasetItem) -> _Look | None:
    try:
        image = _images.decode(dataset.content(item))
    except DataError:
        return None
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    sharpness = math.log1p(float(cv2.Laplacian(gray, cv2.CV_32F).var()))
    height, width = gray.shape
    return _Look(item.sample.source or item.sample.id, width, height, float(gray.mean()), sharpness)


def _sizes(dataset: Dataset, looks: list[_Look]) -> Counter[tuple[int, int]]:
    """How many pictures have which width and height: all, where the import noted them, else those that were looked at."""
    noted = [(i.sample.meta.get("width"), i.sample.meta.get("height")) for i in dataset.items]
    known = [(w, h) for w, h in noted if isinstance(w, int) and isinstance(h, int)]
    return Counter(known if len(known) == len(noted) else ((k.width, k.height) for k in looks))


def _resolution(sizes: Counter[tuple[int, int]]) -> Iterator[Finding]:
    if not sizes:
        yield Finding("resolution", "fail", "no readable picture", (), "import pictures")
        return
    named = tuple(f"{w}×{h}: {n}" for (w, h), n in sizes.most_common(5))
    areas = [w * h for w, h in sizes]
    if len(sizes) == 1:
        yield Finding("resolution", "pass", f"all pictures are {named[0].split(':')[0]}", named)
    elif max(areas) > 4 * min(areas):
        yield Finding(
            "resolution",
            "warn",
            f"picture areas differ by {max(areas) / min(areas):.1f}×",
            named,
            "inspect at one camera distance: a defect must have one size in pixels",
        )
    else:
        yield Finding("resolution", "pass", f"{len(sizes)} picture sizes, alike enough", named)


def _outliers(looks: list[_Look], what: str, fix: str) -> Iterator[Finding]:
    values = np.array([getattr(look, what) for look in looks])
    if len(values) < 10:
        return
    centre = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - centre))) + 0.02 * abs(centre) + 1e-6
    far = [look.source for look, v in zip(looks, values) if abs(v - centre) > 6 * spread]
    if far:
        text = f"{len(far)} of {len(looks)} pictures differ strongly in {what}"
        yield Finding(what, "warn", text, tuple(far[:10]), fix)
    else:
        yield Finding(what, "pass", f"{what} is even over {len(looks)} pictures")


def _box_sizes(dataset: Dataset, config: Config) -> Iterator[Finding]:
    shrunk: list[float] = []
    largest = (1, 1)
    size, (rows, columns) = config.detector.image_size, config.detector.tiles
    for item in dataset.items:
        width, height = item.sample.meta.get("width"), item.sample.meta.get("height")
        if item.annotation is None or not isinstance(width, int) or not isinstance(height, int):
            continue
        scale = size / max(side_of(width, columns), side_of(height, rows))
        found = [min(b.x1 - b.x0, b.y1 - b.y0) * scale for b in item.annotation.boxes]
        shrunk += found
        largest = max(largest, (width, height)) if found else largest
    if not shrunk:
        return
    tiny = sum(side < FAINT_PIXELS for side in shrunk)
    share = tiny / len(shrunk)
    pieces = f" in {rows}×{columns} tiles" if rows * columns > 1 else ""
    text = (
        f"{share:.0%} of {len(shrunk)} boxes are narrower than {FAINT_PIXELS:.0f} pixels "
        f"at the model's {size} pixels{pieces}"
    )
    if share <= 0.1:
        yield Finding("tiny-defects", "pass", text)
    else:
        advice = _larger(max(float(np.quantile(shrunk, 0.1)), 0.01), largest, config)
        yield Finding("tiny-defects", "warn", text, (), advice)


def _larger(small: float, picture: tuple[int, int], config: Config) -> str:
    """By which settings nine tenths of the boxes, now wider than `small` pixels of the model, would be wide enough."""
    size, (rows, columns) = config.detector.image_size, config.detector.tiles
    wanted = 32 * math.ceil(size * FAINT_PIXELS / small / 32)
    side = max(side_of(picture[0], columns), side_of(picture[1], rows)) * small / FAINT_PIXELS
    counts = [count_of(length, side) for length in reversed(picture)]
    if max(counts) > _MOST_TILES:
        return "they are too small for a detector: have the camera's program save only the part, in several pictures if need be"
    times = counts[0] * counts[1] / (rows * columns)
    advice = f"model.detector.tiles: {counts}, which takes {times:.0f} times as long for each picture, or good_parts.tiles"
    if wanted > _LARGEST:
        return advice
    larger = (
        f"model.detector.image_size: {wanted}, which takes {(wanted / size) ** 2:.0f} times as long"
    )
    return f"{larger}; or {advice}"


def _shrunk(dataset: Dataset, looks: list[_Look], config: Config) -> Iterator[Finding]:
    """Which defects a good-parts model sees: of a large picture one of a few pixels is gone before it is looked at."""
    if not looks:
        return
    height, width = (
        int(np.median([getattr(look, n) for look in looks])) for n in ("height", "width")
    )
    narrow = narrow_defect(dataset)
    scale = scale_of(config.good_parts, height, width, narrow)
    lost = bool(narrow) and narrow < scale.pixels(CLEAR_PIXELS)
    if scale.factor <= _MOST_SHRUNK and not lost:
        yield Finding("shrunk", "pass", scale.text())
        return
    per_tile = max(scale.side, min(2 * scale.side, narrow * scale.side / FAINT_PIXELS or math.inf))
    wanted = [math.ceil(length / per_tile) for length in (height, width)]
    times = wanted[0] * wanted[1] / scale.tiles
    fix = "have the camera's program save only the part"
    if times > 1:
        fix += f"; or model.good_parts.tiles: {wanted}, which takes {times:.0f} times as long for each picture"
    known = f"; a tenth of the training boxes are narrower than {narrow:.0f}" if narrow else ""
    other = "" if narrow else "; nothing to do if your defects are larger"
    yield Finding("shrunk", "warn", scale.text() + known, (), fix + other)


def _class_counts(dataset: Dataset) -> Iterator[Finding]:
    boxes: Counter[str] = Counter()
    for item in dataset.of("train"):
        boxes.update(b.label for b in (item.annotation.boxes if item.annotation else ()))
    few = tuple(f"{label}: {n}" for label, n in sorted(boxes.items()) if n < _FEW_BOXES)
    if few:
        yield Finding(
            "few-boxes",
            "warn",
            f"{len(few)} class(es) have fewer than {_FEW_BOXES} training boxes",
            few,
            "collect more, or join classes that lead to the same action",
        )
    elif boxes:
        yield Finding("few-boxes", "pass", f"each class has at least {_FEW_BOXES} training boxes")


def _learnable(dataset: Dataset, config: Config) -> Iterator[Finding]:
    """What `kit train` would refuse, in its words."""
    try:
        approach, why = choose_approach(dataset, config)
        require_samples(dataset, approach)
    except DataError as error:
        yield Finding("learnable", "fail", error.what, (), error.fix)
    else:
        yield Finding("learnable", "pass", f"{approach} can be trained: {why}")


def needed_good_parts(rate: float, confidence: float = 0.95) -> int:
    """Good parts for "false reject ≤ rate" at `confidence` with the largest score as threshold.

    From (1 − rate)^n ≤ 1 − confidence: 59 for 5 %, 299 for 1 %.
    """
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate))


def _good_parts(dataset: Dataset, config: Config) -> Finding:
    rate = config.good_parts.false_alarm_rate
    val = (i for i in dataset.of("val") if i.annotation and i.annotation.label == GOOD)
    good = len({i.sample.group or i.sample.id for i in val})
    expected, sure = math.ceil(1 / rate) - 1, needed_good_parts(rate)
    text = (
        f"{good} good parts in val; a false-reject rate of {rate:.1%} needs {expected} to hold "
        f"on average and {sure} to hold with 95 % confidence"
    )
    if good >= sure:
        return Finding("good-parts", "pass", text)
    return Finding(
        "good-parts", "warn", text, (), f"collect {sure - good} more good parts for calibration"
    )


def _costs_weighed(dataset: Dataset) -> Iterator[Finding]:
    """Whether thresholds will follow what mistakes cost, where there are defects at all."""
    defects = {_group(i) for i in dataset.items if is_defect(i)}
    if not defects:
        return
    val = dataset.of("val")
    good, bad = ({_group(i) for i in val if is_one(i)} for is_one in (is_good, is_defect))
    text = f"{len(good)} good and {len(bad)} defective parts in val"
    if len(good) >= MIN_GOOD and len(bad) >= MIN_DEFECTS:
        yield Finding("costs-weighed", "pass", f"{text}: thresholds follow `costs`")
        return
    fix = f"have {MIN_GOOD} good and {MIN_DEFECTS} defective parts in val: collect more"
    if len(defects) >= 3 * MIN_DEFECTS:
        share = math.ceil(100 * MIN_DEFECTS / len(defects)) / 100 + 0.05
        fix += f", or set data.split.val: {share:.2f} and less for train, and import with --replace"
    yield Finding(
        "costs-weighed",
        "warn",
        f"{text}: below {MIN_GOOD} and {MIN_DEFECTS}, thresholds do not follow `costs`, whatever an escape costs",
        (),
        fix,
    )


def _group(item: DatasetItem) -> str:
    return item.sample.group or item.sample.id


def _parts_of_test(dataset: Dataset) -> Iterator[Finding]:
    """Of how many parts the pictures are that figures come from, where a part has several."""
    told = []
    for what, is_one in (("good parts", is_good), ("defective parts", is_defect)):
        some = [item for item in dataset.of("test") if is_one(item)]
        parts = len({item.sample.group or item.sample.id for item in some})
        bound = f"without a mistake they bound a rate to {upper_bound(0, parts):.1%}"
        told += [f"{len(some)} pictures of {parts} {what} ({bound})"] if parts < len(some) else []
    if told:
        yield Finding(
            "parts-in-test", "pass", f"{' and '.join(told)} in test: intervals count what belongs together as one part, unless "
            "its pictures prove more",
        )  # fmt: skip


def _days(dataset: Dataset) -> Iterator[Finding]:
    """Whether the days are known on which pictures were taken: else figures are of days that the model has seen."""
    unknown = [i.sample.source or i.sample.id for i in dataset.items if not day_of(i.sample)]
    if len(unknown) <= _FEW_UNKNOWN * len(dataset.items):
        days = len({day_of(item.sample) for item in dataset.items})
        yield Finding(
            "days-known",
            "pass",
            f"pictures of {days} days, as their names, folders or EXIF data say",
        )
        return
    yield Finding(
        "days-known", "warn", f"nothing says on which day {len(unknown)} of {len(dataset.items)} pictures were taken, so days are divided among learning "
        "and judging: on days with another lamp, place or material it may be worse than the figures",
        tuple(unknown[:10]),
        "keep dates in names (20250314_081500.jpg) or folders (2025-03-14), or the camera's EXIF data, and import with --replace; "
        "nothing to do if all days are alike",
    )  # fmt: skip
