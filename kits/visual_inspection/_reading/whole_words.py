"""Words that tools of drawing note of a whole picture, beside its shapes: LabelMe's flags, tags, classes.

They are verdicts (`ok`, `defect`) or anything else (`night`, `checked`): only known words for good and defective parts count, and
any other flag beside one that is called good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kits.core.column_names import plain
from kits.visual_inspection._reading.documents import Object, objects, text
from kits.visual_inspection._words import DEFECT, GOOD, is_defect, is_good

_NOT = frozenset({"no", "none", "false", "0", "nein", "keine", "kein", "non", "aucun", "ninguno", "nessuno", "absent"})  # fmt: skip


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
        good = len(bad) < len(self.words)  # what is said beside good is no kind of defect by that
        known = [word for word in bad if (self.contrasted and not good) or is_defect(word)]
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
    words = (_named(one) for one in objects(content.get("tags")))
    return Whole(tuple(word for word in words if word))


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


def _named(tag: Object) -> str:
    """A tag's value where it is a verdict, else its name; of `scratch: none` that it is not."""
    name, value = (text(tag.get(key)) for key in ("name", "value"))
    if name and (tag.get("value") is False or plain(value) in _NOT):
        return GOOD if is_defect(name) else DEFECT if is_good(name) else ""
    return value if is_good(value) or is_defect(value) else name or value


def is_tag(note: Object) -> bool:
    """Whether one of Darwin's notes is said of the whole picture."""
    return "tag" in note and "bounding_box" not in note and "polygon" not in note


@dataclass(frozen=True)
class Heard:
    """What the same flags say of all pictures.

    Attributes:
        beside_good: that are set of good parts, too, so that they are no kinds of defects.
        verdicts: whether there is any; else nobody was asked for one.
    """

    beside_good: frozenset[str]
    verdicts: bool

    @classmethod
    def of(cls, said: Iterable[Whole]) -> Heard:
        words = {one.words for one in said}
        beside_good = frozenset(
            word
            for own in words
            if any(map(is_good, own))
            for word in own
            if not is_good(word) and not is_defect(word)
        )
        return cls(beside_good, any(not set(own) <= beside_good for own in words))

    def understood(self, whole: Whole) -> Whole:
        """What is said of one picture, by what is said of the others."""
        if not self.verdicts:
            return Whole(whole.words)
        words = tuple(word for word in whole.words if word not in self.beside_good)
        return Whole(words, not words, whole.contrasted)


WHOLE: Mapping[str, Callable[[Object], Whole]] = {
    "labelme": _flags,
    "supervisely": _tags,
    "darwin": _darwin,
    "superannotate": _superannotate,
    "dataloop": _dataloop,
}
"""Format → what a file of it says of the whole picture."""
