"""Words that tools of drawing note of a whole picture, beside its shapes: LabelMe's flags, tags, classes.

They are verdicts (`ok`, `defect`) or anything else (`night`, `checked`): only known words for good and defective parts count, and
any other flag beside one that is called good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from kits.visual_inspection._reading.documents import Object, objects, text
from kits.visual_inspection._words import GOOD, is_defect, is_good


@dataclass(frozen=True)
class Whole:
    """What is said of a whole picture.

    Attributes:
        words: that are said.
        asked: whether good could have been said and was not, nor anything else.
        contrasted: whether what is said is one of several, of which one is good.
    """

    words: tuple[str, ...] = ()
    asked: bool = False
    contrasted: bool = False

    @property
    def verdict(self) -> str:
        """A kind of defect, `good`, or empty where no word says either."""
        bad = [word for word in self.words if not is_good(word)]
        known = [word for word in bad if self.contrasted or is_defect(word)]
        if known:
            return known[0]
        return GOOD if any(map(is_good, self.words)) else ""


def _flags(content: Object) -> Whole:
    flags = content.get("flags")
    if not isinstance(flags, dict):
        return Whole()
    words = tuple(str(name) for name, said in flags.items() if said is True)
    contrasted = any(map(is_good, flags))
    return Whole(words, contrasted and not words, contrasted)


def _tags(content: Object) -> Whole:
    return Whole(tuple(_named(one, "name", "value") for one in objects(content.get("tags"))))


def _darwin(content: Object) -> Whole:
    return Whole(tuple(text(one.get("name")) for one in objects(content.get("annotations")) if is_tag(one)))  # fmt: skip


def _superannotate(content: Object) -> Whole:
    marks = [one for one in objects(content.get("instances")) if one.get("type") == "tag"]
    listed = content.get("tags")
    words = [text(one) for one in listed] if isinstance(listed, list) else []
    return Whole(tuple(word for word in (*(text(one.get("className")) for one in marks), *words) if word))  # fmt: skip


def _dataloop(content: Object) -> Whole:
    marks = objects(content.get("annotations"))
    return Whole(tuple(text(one.get("label")) for one in marks if one.get("type") == "class"))


def _named(tag: Object, *keys: str) -> str:
    """The one of a tag's words that is a verdict, else its name."""
    words: list[JsonValue] = [tag.get(key) for key in keys]
    said = [word for one in words if (word := text(one))]
    return next((word for word in reversed(said) if is_good(word) or is_defect(word)), said[0] if said else "")  # fmt: skip


def is_tag(note: Object) -> bool:
    """Whether one of Darwin's notes is said of the whole picture."""
    return "tag" in note and "bounding_box" not in note and "polygon" not in note


WHOLE: Mapping[str, Callable[[Object], Whole]] = {
    "labelme": _flags,
    "supervisely": _tags,
    "darwin": _darwin,
    "superannotate": _superannotate,
    "dataloop": _dataloop,
}
"""Format → what a file of it says of the whole picture."""
