"""What belongs together by the names of files: `data.group_by` of a project, for what is imported and for what is judged."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from kits.core.dataset import Dataset, DatasetItem, build
from kits.core.sample import Sample


def group_of(sample: Sample, pattern: re.Pattern[str] | None) -> str:
    """What the expression finds in the name of the sample's file, or with a `/` in it in its path; empty: nothing."""
    if pattern is None:
        return ""
    whole = "/" in pattern.pattern
    match = pattern.search(sample.source if whole else PurePosixPath(sample.source).name)
    if match is None:
        return ""
    return (match[1] or "") if match.re.groups else match[0]


def as_grouped(dataset: Dataset, group_by: str) -> Dataset:
    """The same samples; those of which the data names no group are grouped as a project groups its own."""
    if not group_by:
        return dataset
    pattern = re.compile(group_by)
    items = [_grouped(item, pattern) for item in dataset.items]
    return build(dataset.header, items, dataset.blobs)


def _grouped(item: DatasetItem, pattern: re.Pattern[str]) -> DatasetItem:
    group = item.sample.group or group_of(item.sample, pattern)
    return replace(item, sample=replace(item.sample, group=group))
