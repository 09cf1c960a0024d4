"""Reviewed samples that are newer states of samples a version has: a lead that was imported, and then decided in the CRM.

The newest state takes the older one's place, in its split. Samples without a key are states of nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cloud_sync.learning.reviewed import Reviewed
from kits.core.annotation import BY_PEOPLE
from kits.core.dataset import Dataset, DatasetItem
from kits.core.sample import KEY, key_of


@dataclass(frozen=True)
class News:
    """Reviewed samples beside a version.

    Attributes:
        reviewed: without those of which a newer state is known.
        heirs: id of a reviewed sample → id of the version's sample whose place it takes.
    """

    reviewed: tuple[Reviewed, ...]
    heirs: Mapping[str, str]


def news_beside(base: Dataset, reviewed: Sequence[Reviewed]) -> News:
    """Which reviewed samples count, and what they replace.

    A sample that a device captured is newer than an import's, whose time nobody knows; of two captured ones the later
    counts.
    """
    known = {key: item for item in base.items if (key := key_of(item.sample))}
    newest: dict[str, Reviewed] = {}
    for one in reviewed:
        key = key_of(one.sample) or one.sample.id
        other = newest.get(key)
        if other is None or _age(one) >= _age(other):
            newest[key] = one
    kept: list[Reviewed] = []
    heirs: dict[str, str] = {}
    for key, one in newest.items():
        older = known.get(key)
        if older is None or older.sample.id == one.sample.id:
            kept.append(one)
        elif older.sample.captured_at <= one.sample.captured_at:
            heirs[one.sample.id] = older.sample.id
            kept.append(_inheriting(one, older))
    return News(tuple(kept), heirs)


def with_keys(base: Dataset, reviewed: Sequence[Reviewed]) -> Dataset:
    """A version with the keys that its samples got since it was made; for making the next one of it."""
    keys = {one.sample.id: key for one in reviewed if (key := key_of(one.sample))}
    items = (
        replace(item, sample=replace(item.sample, meta={**item.sample.meta, KEY: keys[name]}))
        if (name := item.sample.id) in keys and not key_of(item.sample)
        else item
        for item in base.items
    )
    return replace(base, items=tuple(items))


def _age(one: Reviewed) -> tuple[float, str]:
    return one.sample.captured_at.timestamp(), one.sample.id


def _inheriting(one: Reviewed, older: DatasetItem) -> Reviewed:
    """With the older state's group, and with its word where a person said it."""
    said = older.annotation
    annotation = said if said is not None and said.source in BY_PEOPLE else one.annotation
    sample = replace(one.sample, group=older.sample.group or older.sample.id)
    return replace(one, sample=sample, annotation=annotation)
