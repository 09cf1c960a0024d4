"""Several pictures of one part by their names (`P4711_1.jpg`, `P4711_2.jpg`) or folders (`P4711/1.jpg`) that stand in several splits: the figures are too good then."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from kits.core.dataset import Dataset, DatasetItem
from kits.core.kit import Finding

_MOST_VIEWS, _MOST_PICTURES = 8, 20
"""A mark with more different values numbers parts, not views; what more pictures share is a day or a lot."""
_LEAST_SHARE = 0.5
_SHOWN = 10


@dataclass(frozen=True)
class _Scheme:
    """How names without their endings may say which part they show: `key` and `view` are groups of `pattern`; `group_by` says the same to the import."""

    pattern: re.Pattern[str]
    group_by: str


_SCHEMES = (
    _Scheme(re.compile(r"(?:^|/)(?P<key>[^/]*\d[^/]*)(?:[^\w/]|_)+(?P<view>[^\W_]+)$"), r"^(.+)[\W_][^\W_]+\.[^.]+$"),
    _Scheme(re.compile(r"(?:^|/)(?P<view>[^\W_]+)(?:[^\w/]|_)+(?P<key>[^/]*\d[^/]*)$"), r"^[^\W_]+[\W_](.+)\.[^.]+$"),
    _Scheme(re.compile(r"(?:^|/)(?P<key>[^/]*\d[^/]*)/(?P<view>[^/]+)$"), r"([^/]+)/[^/]+$"),
)  # fmt: skip


def check(dataset: Dataset) -> Iterator[Finding]:
    """A warning where names look like several pictures of each part, and parts stand in more than one split."""
    named = [item for item in dataset.items if item.sample.source]
    for scheme in _SCHEMES:
        parts = _parts(named, scheme)
        torn = {key: some for key, some in parts.items() if len({i.split for i in some}) > 1}
        if torn:
            yield _told(parts, torn, scheme)
            return


def _parts(items: Sequence[DatasetItem], scheme: _Scheme) -> Mapping[str, list[DatasetItem]]:
    """Key → pictures; none where the names do not look so."""
    found: dict[str, list[DatasetItem]] = defaultdict(list)
    views: set[str] = set()
    for item in items:
        match = scheme.pattern.search(str(PurePosixPath(item.sample.source).with_suffix("")))
        if match:
            found[match["key"].lower()].append(item)
            views.add(match["view"].lower())
    several = {key: some for key, some in found.items() if len(some) > 1}
    many = sum(map(len, several.values())) < _LEAST_SHARE * len(items)
    days = any(len(some) > _MOST_PICTURES for some in several.values())
    return {} if many or days or len(views) > _MOST_VIEWS else several


def _told(
    parts: Mapping[str, Sequence[DatasetItem]],
    torn: Mapping[str, Sequence[DatasetItem]],
    scheme: _Scheme,
) -> Finding:
    lines = (
        ", ".join(f"{i.sample.source} ({i.split})" for i in some[:3])
        for _, some in sorted(torn.items())[:_SHOWN]
    )
    return Finding(
        "same-part",
        "warn",
        f"by their names or folders {len(parts)} parts have several pictures, and {len(torn)} of these parts stand in more than one split: the figures "
        "are too good, because the model knows the part it is tested on",
        tuple(lines),
        f"set data.group_by: '{scheme.group_by}' in kit.yaml and import with --replace; nothing to do if these are different parts",
    )
