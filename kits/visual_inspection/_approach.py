"""Which approach the data allows, and what each needs at least. Nothing is trained here.

`train.py` obeys it, and the checks of the data say it before a training is tried.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.placing import BY_DAY, BY_WEEK
from kits.core.sample import day_of, week_of
from kits.visual_inspection._words import GOOD
from kits.visual_inspection.config import Config

MIN_GOOD = 10
_SHOWN = 8
MIN_BOXES = 150
MASKS = "masks"
"""Who states boxes that are drawn around masks: people who paint masks want to know what is good, as those with folders of classes."""


def is_good(item: DatasetItem) -> bool:
    """Whether a sample is stated to be a good part."""
    note = item.annotation
    return note is not None and note.label == GOOD and not note.boxes


def is_defect(item: DatasetItem) -> bool:
    """Whether an annotated sample counts as defective: another class than good, or boxes."""
    note = item.annotation
    return note is not None and (bool(note.boxes) or note.label not in ("", GOOD))


def kept_together(dataset: Dataset) -> Callable[[DatasetItem], str]:
    """What a sample shares with others of its split alone: its week or day where these are whole, else its group."""
    weeks, days = (rule in dataset.header.split_rule for rule in (BY_WEEK, BY_DAY))

    def of(item: DatasetItem) -> str:
        day = day_of(item.sample) if weeks or days else ""
        return (week_of(day) if weeks else day) or item.sample.group or item.sample.id

    return of


def choose_approach(dataset: Dataset, config: Config) -> tuple[str, str]:
    """(`good-parts` or `detector`, why)."""
    if config.approach != "auto":
        return config.approach, "as configured"
    good, boxes = _good(dataset), _boxes(dataset)
    if good < MIN_GOOD and boxes:
        return "detector", f"only {good} good parts, but {boxes} boxes to learn from"
    drawn = boxes - _boxes(dataset, MASKS)
    if drawn >= MIN_BOXES:
        if importlib.util.find_spec("ultralytics"):
            return "detector", f"{drawn} training boxes are enough for classes and places"
        return "good-parts", f"{drawn} boxes would do for a detector, but it is not installed"
    if boxes >= MIN_BOXES:
        return "good-parts", (
            f"{good} good parts, and {boxes} boxes that come from masks: to learn from these, model.approach: detector"
        )
    return "good-parts", f"{good} good parts, and {boxes} boxes are fewer than {MIN_BOXES}"


def require_samples(dataset: Dataset, approach: str) -> None:
    """Refuses a training split from which this approach cannot learn.

    Raises:
        DataError: fewer than 10 good parts, or no boxes for a detector.
    """
    good, boxes = _good(dataset), _boxes(dataset)
    if approach == "good-parts" and good < MIN_GOOD:
        other = ", or use model.approach: detector" if boxes else ""
        labels = sorted({i.annotation.label for i in dataset.items if i.annotation})
        called = f": none of {', '.join(labels[:_SHOWN])} is taken for good, call theirs `good`"
        raise DataError(
            f"{good} good parts in the training split are fewer than {MIN_GOOD}",
            fix=f"import more good parts{called if labels and GOOD not in labels else ''}{other}",
        )
    if approach == "detector" and not boxes:
        raise DataError(
            "no boxes in the training split",
            fix="draw boxes in the review, import labels, or set model.approach: good-parts",
        )


def _good(dataset: Dataset) -> int:
    return sum(is_good(item) for item in dataset.of("train"))


def _boxes(dataset: Dataset, author: str = "") -> int:
    """Training boxes; those of one author, if it is given."""
    notes = (item.annotation for item in dataset.of("train"))
    return sum(len(note.boxes) for note in notes if note and author in ("", note.author))
