"""Several pictures of one part by their names (`P4711_1.jpg`, `P4711_2.jpg`) or folders (`P4711/1.jpg`) that stand in several splits or count as several parts: the figures are too good then, or too sure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import Finding

_MOST_VIEWS, _MOST_NUMBERS, _MOST_PICTURES = 8, 4, 20
"""A mark with more different values numbers parts, not views; so does a number among several marks. What more pictures share is a day or a lot."""
_LEAST_SHARE = 0.1
"""Of fewer pictures that are of parts with several, figures hardly are too good."""
_SHOWN = 10
_MARK, _APART = r"[^\W_]+", r"(?:[^\w/]|_)+"
_COPY = r"(?:_(?:jpe?g|png|bmp|webp|tiff?))?\.rf\.[0-9a-f]{8,64}"
"""Behind the name of the picture of which a copy was made, turned or brightened: by Roboflow."""
_FRAME = r"(?:[\W_]+(?:frame|frm)s?|\.(?:mp4|avi|mov|mkv))[\W_]*"
"""Between a film and the number of a picture of it."""
_BEFORE, _AFTER = r"[^\W_]+[\W_]", r"[\W_][^\W_]+"
"""A mark with what parts it from the next, as short as a person can read it."""


@dataclass(frozen=True)
class _Scheme:
    """How names without their endings may say which part they show.

    Attributes:
        pattern: its group `key` is the part; groups `view…` say which of its pictures.
        group_by: the same for the import.
        serial: the key is one mark among others, so that it must have more values than views have.
        film: the key is a film, of which there may be any number of pictures.
    """

    pattern: re.Pattern[str]
    group_by: str
    serial: bool = False
    film: bool = False


def _around(before: int, after: int) -> _Scheme:
    """So many marks before and after the key say which view it is."""
    front = "".join(rf"(?P<view{n}>{_MARK}){_APART}" for n in range(before))
    back = "".join(rf"{_APART}(?P<view{before + n}>{_MARK})" for n in range(after))
    group_by = rf"^{_BEFORE * before}(.+){_AFTER * after}\.[^.]+$"
    return _Scheme(re.compile(rf"(?:^|/){front}(?P<key>[^/]*\d[^/]*){back}$"), group_by)


def _serial(place: int) -> _Scheme:
    """The mark at this place, of letters and figures, is a serial number; the others say when, where and how good."""
    front, mark = rf"(?:{_MARK}{_APART}){{{place}}}", r"(?=\d*[^\W\d_])(?=[^\W\d_]*\d)[^\W_]+"
    pattern = re.compile(rf"(?:^|/){front}(?P<key>{mark})(?![^\W_])[^/]*$")
    return _Scheme(pattern, rf"^{_BEFORE * place}([^\W_]+)", serial=True)


_SCHEMES = (
    _Scheme(
        re.compile(rf"(?:^|/)(?P<key>[^/]+?){_COPY}$", re.IGNORECASE),
        rf"(?i)^(.+?){_COPY}\.[^.]+$",
        film=True,
    ),
    _Scheme(
        re.compile(rf"(?:^|/)(?P<key>[^/]*\d[^/]*?){_FRAME}\d+$", re.IGNORECASE),
        rf"(?i)^(.*?){_FRAME}\d+\.[^.]+$",
        film=True,
    ),
    _around(0, 1),
    _around(1, 0),
    _Scheme(re.compile(r"(?:^|/)(?P<key>[^/]*\d[^/]*)/(?P<view0>[^/]+)$"), r"([^/]+)/[^/]+$"),
    _around(0, 2),
    _around(1, 1),
    _around(0, 3),
    _around(1, 2),
    *map(_serial, range(5)),
)


def check(dataset: Dataset) -> Iterator[Finding]:
    """A warning where names look like several pictures of each part, and parts stand in more than one split, or count as many parts."""
    named = [item for item in dataset.items if item.sample.source]
    for scheme in _SCHEMES:
        parts = _parts(named, scheme)
        torn = {key: some for key, some in parts.items() if len({i.split for i in some}) > 1}
        apart = {key: some for key, some in parts.items() if len({_group(i) for i in some}) > 1}
        if torn or apart:
            yield _told(parts, torn or apart, scheme, divided=bool(torn))
            return
        if scheme.film and parts:
            return  # the pictures of one number in all films are of no part


def _group(item: DatasetItem) -> str:
    return item.sample.group or item.sample.id


def _parts(items: Sequence[DatasetItem], scheme: _Scheme) -> Mapping[str, list[DatasetItem]]:
    """Key → pictures; none where the names do not look so."""
    found: dict[str, list[DatasetItem]] = defaultdict(list)
    views: dict[str, set[str]] = defaultdict(set)
    for item in items:
        match = scheme.pattern.search(str(PurePosixPath(item.sample.source).with_suffix("")))
        if match:
            marks = match.groupdict()
            found[marks.pop("key").lower()].append(item)
            for name, mark in marks.items():
                views[name].add(mark.lower())
    several = {key: some for key, some in found.items() if len(some) > 1}
    alike = sum(map(_of_one_class, several.values()))
    most = _MOST_VIEWS if scheme.serial else _MOST_PICTURES
    days = not scheme.film and any(len(some) > most for some in several.values())
    if alike < max(_LEAST_SHARE * len(items), 2) or days or not all(map(_is_view, views.values())):
        return {}
    many_numbers = len(views) > 1 and any(map(_is_counter, views.values()))
    few_serials = scheme.serial and len(found) <= _MOST_VIEWS
    return {} if many_numbers or few_serials else several


def _of_one_class(pictures: Sequence[DatasetItem]) -> int:
    """How many of a part's pictures have a class that another one has too: where each class is numbered from one, none has."""
    count = Counter(_class_of(item) for item in pictures)
    return sum(n for n in count.values() if n > 1)


def _class_of(item: DatasetItem) -> str:
    note = item.annotation
    if note is None:
        return ""
    return note.label or (note.boxes[0].label if note.boxes else "")


def _is_view(marks: set[str]) -> bool:
    return len(marks) <= _MOST_VIEWS


def _is_counter(marks: set[str]) -> bool:
    return len(marks) > _MOST_NUMBERS and all(mark.isdigit() for mark in marks)


def _told(
    parts: Mapping[str, Sequence[DatasetItem]],
    torn: Mapping[str, Sequence[DatasetItem]],
    scheme: _Scheme,
    *,
    divided: bool,
) -> Finding:
    lines = (
        ", ".join(f"{i.sample.source} ({i.split})" for i in some[:3])
        for _, some in sorted(torn.items())[:_SHOWN]
    )
    what = (
        f"{len(torn)} of these parts stand in more than one split: the figures are too good, because the model knows the part it is tested on"
        if divided
        else f"the pictures of {len(torn)} of them count as parts of their own: bounds and intervals are narrower than so few parts allow"
    )
    return Finding(
        "same-part",
        "warn",
        f"by their names or folders {len(parts)} parts have several pictures, and {what}",
        tuple(lines),
        f"set data.group_by: '{scheme.group_by}' in kit.yaml and import with --replace; nothing to do if these are different parts",
    )
