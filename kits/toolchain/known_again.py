"""Samples of outside data that a training had, under the ids they had there.

A bundle that keeps what was said of samples before they were learned from finds them so, whatever the file is called today.
Exports bear one name month after month: that a file is called the same says nothing of what is in its rows. Nor are ids the
same samples' where each file counts its own from one: then what they tell is no more alike than that of any two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from kits.core.dataset import Dataset, DatasetItem, build
from kits.core.errors import DataError
from kits.core.sample import Sample, key_of
from kits.toolchain.alike import are_others, told_of

_SAME, _MOST = 0.9, 0.5
"""Of what two samples both tell, the share in which they are alike; the share of a file's samples that must be so."""


def as_known(outside: Dataset, trained_on: Dataset) -> Dataset:
    """Outside data in which samples that the training had bear the ids they had there."""
    items = named_as_known(outside, outside.items, trained_on)
    return build(outside.header, items, outside.blobs)


def named_as_known(
    outside: Dataset, items: Sequence[DatasetItem], trained_on: Dataset
) -> tuple[DatasetItem, ...]:
    """Items of `outside`, in their order, of which those that the training had bear the ids they had there.

    The same are those of the same bytes, else of the same key where these are not counted anew in each file, else of the same
    place in a file of the same name, where most samples at the same places of it tell the same.
    """
    learned = [item.sample for item in trained_on.items]
    exact: tuple[Callable[[Sample], str], ...] = (
        lambda sample: sample.id,
        lambda sample: sample.digest,
    )
    free = {sample.id for sample in learned}
    names: dict[str, str] = {}
    for named_by in exact:
        names |= _named(items, learned, named_by, free, names)
    by_key = _named(items, learned, key_of, set(free), names)
    if not _are_others(outside, items, trained_on, by_key):
        names |= by_key
        free -= set(by_key.values())
    left = [item for item in items if item.sample.id not in names]
    names |= _by_place(outside, left, trained_on, free)
    return tuple(
        dataclasses.replace(
            item,
            sample=dataclasses.replace(item.sample, id=names.get(item.sample.id, item.sample.id)),
        )
        for item in items
    )


def counted_anew(items: Sequence[DatasetItem], trained_on: Dataset) -> int:
    """How many items, as `as_known` names them, bear a key that another sample of the training has, and are not taken for it."""
    there = {one.sample.id for one in trained_on.items}
    keys = {key_of(one.sample) for one in trained_on.items} - {""}
    return sum(one.sample.id not in there and key_of(one.sample) in keys for one in items)


def _named(
    items: Sequence[DatasetItem],
    learned: Sequence[Sample],
    named_by: Callable[[Sample], str],
    free: set[str],
    names: Mapping[str, str],
) -> dict[str, str]:
    """Id today → id then, of items that have no name yet; those then are `free` no more."""
    known = {named_by(sample): sample.id for sample in learned if named_by(sample)}
    added: dict[str, str] = {}
    for item in items:
        found = known.get(named_by(item.sample), "")
        if item.sample.id not in names and found in free:
            added[item.sample.id] = found
            free.discard(found)
    return added


def _are_others(
    outside: Dataset,
    items: Sequence[DatasetItem],
    trained_on: Dataset,
    names: Mapping[str, str],
) -> bool:
    """Whether samples of the same keys are alike no more than any two of them: ids that start anew in each file."""
    then = {one.sample.id: one for one in trained_on.items}
    pairs = [(one, then[names[one.sample.id]]) for one in items if one.sample.id in names]
    return are_others(
        pairs, lambda one: _told(outside, one[0]), lambda one: _told(trained_on, one[1])
    )


def _by_place(
    outside: Dataset, items: Sequence[DatasetItem], trained_on: Dataset, free: set[str]
) -> dict[str, str]:
    """Id today → id then, of the samples of files that are the same ones, though their bytes differ (a column more, a newer state)."""
    places = {item.sample.source: item for item in trained_on.items if item.sample.id in free}
    pairs = [(item, places[item.sample.source]) for item in items if item.sample.source in places]
    names: dict[str, str] = {}
    for _, of_file in groupby(sorted(pairs, key=_file_of), _file_of):
        found = list(of_file)
        alike = sum(_alike(_told(outside, one), _told(trained_on, then)) for one, then in found)
        if alike > _MOST * len(found):
            names |= {one.sample.id: then.sample.id for one, then in found}
    return names


def _file_of(pair: tuple[DatasetItem, DatasetItem]) -> str:
    return pair[0].sample.source.rpartition("#")[0]


def _told(dataset: Dataset, item: DatasetItem) -> Mapping[str, object]:
    """What a sample tells, by name; nothing where it cannot be read."""
    try:
        return told_of(dataset.content(item))
    except DataError:
        return {}


def _alike(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    both = one.keys() & other.keys()
    return bool(both) and sum(one[name] == other[name] for name in both) >= _SAME * len(both)
