"""Label Studio: its JSON, and the smaller one (`JSON-MIN`); places are percents of the picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import JsonValue

from kits.core.prediction import Box
from kits.visual_inspection._reading.documents import Object, objects, text
from kits.visual_inspection._reading.files import SUFFIXES
from kits.visual_inspection._reading.finding_pictures import parts_of
from kits.visual_inspection._reading.shapes import around, numbers, places, sized
from kits.visual_inspection._reading.stated import Stated, shares
from kits.visual_inspection._words import DEFECT

_LABELS = ("rectanglelabels", "polygonlabels", "brushlabels", "ellipselabels", "labels")
_ANSWERS = ("annotations", "completions")
_MIN_KEYS = frozenset({"annotator", "annotation_id", "lead_time"})


def stated(content: JsonValue, file: Path) -> list[Stated] | None:
    """What a file states; None where it is none of Label Studio's."""
    tasks = objects(content)
    if tasks and all(
        isinstance(one.get("data"), dict) and any(key in one for key in _ANSWERS) for one in tasks
    ):
        return [_task(one, file.parent) for one in tasks]
    if tasks and all(_MIN_KEYS & one.keys() for one in tasks):
        return [_small(one, file.parent) for one in tasks]
    return None


def _task(task: Object, base: Path) -> Stated:
    """The last answer that was not cancelled; without any the picture waits for somebody to look at it."""
    data = task["data"]
    name = _picture(data) if isinstance(data, dict) else ""
    answers = [
        one for key in _ANSWERS for one in objects(task.get(key)) if not one.get("was_cancelled")
    ]
    if not answers:
        return Stated(name, base=base, open="nobody has answered it")
    results = objects(answers[-1].get("result"))
    return _stated(
        name, [one.get("value") for one in results if one.get("type") != "relation"], base
    )


def _small(task: Object, base: Path) -> Stated:
    drawn = [one for value in task.values() for one in objects(value)]
    named = [
        text(value) for key, value in task.items() if key in ("choice", "choices", "class", "label")
    ]
    values: list[JsonValue] = [*drawn]
    values += [{"choices": [name]} for name in named if name]
    return _stated(_picture(task), values, base)


def _picture(data: Object) -> str:
    """The address of the picture: the first text that ends as one does."""
    words = [text(value) for value in data.values()]
    return next((word for word in words if _ends_as_picture(word)), "")


def _ends_as_picture(word: str) -> bool:
    name = parts_of(word)[-1:]
    return bool(name) and Path(name[0]).suffix in SUFFIXES


def _stated(name: str, values: Iterable[JsonValue], base: Path) -> Stated:
    boxes: list[Box | None] = []
    label = ""
    for value in values:
        choices = value.get("choices") if isinstance(value, dict) else None
        if isinstance(choices, list) and choices:
            label = text(choices[0])
        elif isinstance(value, dict):
            boxes.append(_box(value))
    unread = "" if all(boxes) else "a region whose place is not stated, such as a brush's"
    kept = [box for box in boxes if box]
    return Stated(name, shares(kept) if kept else (), label, base=base, open=unread)


def _box(value: Object) -> Box | None:
    """A region in shares of the picture."""
    given = next((value[key] for key in _LABELS if key in value), None)
    label = text(given[0]) if isinstance(given, list) and given else DEFECT
    if "points" in value:
        box = around(places(value["points"]), label)
    elif "radiusX" in value:
        found = numbers([value.get(key) for key in ("x", "y", "radiusX", "radiusY")])
        x, y, rx, ry = found or [0.0] * 4
        box = Box(x - rx, y - ry, x + rx, y + ry, label) if found else None
    else:
        box = sized([value.get(key) for key in ("x", "y", "width", "height")], label)
    return Box(box.x0 / 100, box.y0 / 100, box.x1 / 100, box.y1 / 100, label) if box else None
