"""The dataset version after another one: samples that go on, samples that go, new ones and the split of each.

Old samples never change their split, so the test split stays the yardstick; new groups are placed
by a stable hash, and what shows the same as an older sample joins its split. Samples that were kept for what the
champion said of them are learned from and judge nobody: only audits, drawn at random, do. Where the base is split by
time, all are placed anew: the latest outcomes judge, and what judged before is learned from.
Near-duplicates are found in `lookalikes.py`. Nothing is stored here: that is `freezing.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloud_sync.learning.lookalikes import Lookalikes
from cloud_sync.learning.reviewed import Reviewed
from cloud_sync.learning.states import news_beside, with_keys
from cloud_sync.store.storage import Storage
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build
from kits.core.placing import BY_TIME, InTime, splits_in_time
from kits.core.sample import KEY, key_of, place_in_time

SPLITS: tuple[Split, ...] = ("train", "val", "test")
IN_TIME: Mapping[Split, float] = {"train": 0.6, "val": 0.2, "test": 0.2}
"""Of a version that is split by time and has no such split yet."""
AUDIT_SHARES: tuple[tuple[Split, float], ...] = (("train", 0.2), ("val", 0.2), ("test", 0.6))
"""Audit samples are a fair picture of production: most of them belong to the yardstick. What was kept because the champion
acted on it or was unsure of it is where that one errs: a yardstick of such samples finds any other model better."""
CHOSEN: Split = "train"
"""Where all that was not drawn at random goes."""


@dataclass(frozen=True)
class Frozen:
    """A version just made, and how it differs from its parent.

    Attributes:
        lookalikes: new samples that joined the split of an older one that shows the same.
        left_out_ids: new samples whose group stands in one split and whose look-alike in another, or whose group or
            look-alike stands where only audits judge.
        refused: reason → reviewed samples that may not be learned from.
        withdrawn: samples of the parent that were dropped, because they may not be learned from
            any more.
        replaced: samples of the parent whose place a newer state of the same took.
    """

    dataset: Dataset
    parent: str
    added: int
    relabelled: int
    lookalikes: int
    left_out_ids: tuple[str, ...]
    added_by_split: Mapping[str, int]
    refused: Mapping[str, int] = field(default_factory=dict)
    withdrawn: int = 0
    replaced: int = 0

    @property
    def left_out(self) -> int:
        """How many new samples were left out."""
        return len(self.left_out_ids)

    @property
    def changed(self) -> bool:
        """Whether it differs from its parent at all."""
        return bool(self.added or self.relabelled or self.withdrawn or self.replaced)


def extend(
    base: Dataset,
    reviewed: Sequence[Reviewed],
    storage: Storage,
    *,
    note: str = "",
    seed: int | None = None,
    dropped: Collection[str] = (),
) -> Frozen:
    """The version after `base`, with new samples placed and newer labels taken over.

    Args:
        dropped: ids of samples that do not go on into the new version.

    Raises:
        UnreachableError: the storage cannot be used, so nobody knows which samples look alike.
    """
    base = with_keys(base, reviewed)
    known = {item.sample.id: item for item in base.items}
    news = news_beside(base, reviewed)
    twice = {older for newer, older in news.heirs.items() if newer in known}
    newer = relabelled(known, news.reviewed)
    fresh = [r for r in news.reviewed if r.sample.id not in known]
    if BY_TIME in base.header.split_rule:
        made = _extend_in_time(
            base, fresh, newer, storage, note=note, gone={*dropped, *news.heirs.values()}
        )
        return _counted(made, len(news.heirs) - len(twice), len(twice))
    placed, alike = _place(base, fresh, storage, base.header.seed if seed is None else seed)
    header = _next_header(base, [r.annotation for r in fresh], note)
    replaced = {news.heirs[i.sample.id]: i.sample.id for i in placed if i.sample.id in news.heirs}
    gone = {*dropped, *replaced, *twice}
    kept = [newer.get(item.sample.id, item) for item in base.items if item.sample.id not in gone]
    dataset = build(header, [*kept, *placed], storage)
    by_split = {str(split): sum(i.split == split for i in placed) for split in SPLITS}
    without = {r.sample.id for r in fresh} - {item.sample.id for item in placed}
    made = Frozen(
        dataset, base.id, len(placed), len(newer), alike, tuple(sorted(without)), by_split,
        withdrawn=len(base.items) - len(kept),
    )  # fmt: skip
    return _counted(made, len(replaced), len(twice))


def _counted(made: Frozen, new: int, there: int) -> Frozen:
    """With newer states counted as such: neither added nor withdrawn.

    Args:
        new, there: older states whose place a new sample took; a sample that the version had already.
    """
    return replace(
        made, replaced=new + there, added=made.added - new, withdrawn=made.withdrawn - new - there
    )


def _extend_in_time(
    base: Dataset,
    fresh: Sequence[Reviewed],
    newer: Mapping[str, DatasetItem],
    storage: Storage,
    *,
    note: str,
    gone: Collection[str],
) -> Frozen:
    """The version after one that is split by time: by the same shares, whatever split a sample had before."""
    kept = [newer.get(i.sample.id, i) for i in base.items if i.sample.id not in gone]
    new = [DatasetItem(r.sample, r.annotation, "train") for r in fresh]
    every = [*kept, *new]
    splits = splits_in_time([_in_time(item) for item in every], _shares_of(base))
    items = [replace(item, split=split) for item, split in zip(every, splits)]
    header = _next_header(base, [r.annotation for r in fresh], note)
    placed = items[len(kept) :]
    by_split = {str(split): sum(i.split == split for i in placed) for split in SPLITS}
    return Frozen(
        build(header, items, storage), base.id, len(new), len(newer), 0, (), by_split,
        withdrawn=len(base.items) - len(kept),
    )  # fmt: skip


def _in_time(item: DatasetItem) -> InTime:
    labelled = item.annotation is not None and bool(item.annotation.label)
    return InTime(item.sample.group or item.sample.id, place_in_time(item.sample), labelled)


def _shares_of(base: Dataset) -> dict[Split, float]:
    """The shares of its samples with a label; those of every project where a split has none."""
    counts = Counter(
        item.split for item in base.items if item.annotation is not None and item.annotation.label
    )
    if not all(counts[split] for split in SPLITS):
        return dict(IN_TIME)
    return {split: counts[split] / counts.total() for split in SPLITS}


def split_for(group: str, seed: int) -> Split:
    """The split of a group of audits: a stable hash, so the same group goes the same way for ever."""
    raw = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    position = int.from_bytes(raw[:8], "big") / 2**64
    chosen: Split = "train"
    for chosen, share in AUDIT_SHARES:
        if position < share:
            return chosen
        position -= share
    return chosen


def relabelled(
    known: Mapping[str, DatasetItem], reviewed: Iterable[Reviewed]
) -> dict[str, DatasetItem]:
    """Samples of a version about which something newer was said, with that and with what is noted of them since, by their ids."""
    changed = {}
    for new in reviewed:
        item = known.get(new.sample.id)
        if item is None or not _is_news(item.annotation, new.annotation):
            continue
        key = {KEY: name} if (name := key_of(item.sample)) else {}
        sample = replace(new.sample, group=item.sample.group, meta={**key, **new.sample.meta})
        changed[item.sample.id] = replace(item, annotation=new.annotation, sample=sample)
    return changed


def _is_news(known: Annotation | None, said: Annotation) -> bool:
    """Whether something is newer; or as new, and counts by now (`held.py`)."""
    return (
        known is None or known.at < said.at or (known.at == said.at and known.label != said.label)
    )


def _place(
    base: Dataset, fresh: Sequence[Reviewed], storage: Storage, seed: int
) -> tuple[list[DatasetItem], int]:
    """Gives each new sample its split; also how many joined a look-alike."""
    fixed: dict[str, Split] = {i.sample.group or i.sample.id: i.split for i in base.items}
    alike = Lookalikes.of(base, storage) if fresh else Lookalikes()
    audited_groups = {r.sample.group for r in fresh if r.audited}
    placed, joined = [], 0
    for new in fresh:
        group = new.sample.group
        twin = alike.split_of(new.sample, storage)
        drawn = split_for(group, seed) if group in audited_groups else CHOSEN
        split = fixed.get(group, twin or drawn)
        if twin not in (None, split) or not (new.audited or split == CHOSEN):
            # its group is pinned to one split, its look-alike stands in another; or both stand where it may not judge
            continue
        fixed[group] = split
        joined += twin is not None
        alike.add(new.sample, split, storage)
        placed.append(DatasetItem(new.sample, new.annotation, split))
    return placed, joined


def _next_header(base: Dataset, annotations: Iterable[Annotation], note: str) -> DatasetHeader:
    labels = list(base.header.labels)
    for annotation in annotations:
        for label in (annotation.label, *(box.label for box in annotation.boxes)):
            # a label on the whole sample is the kit's own word; only classes of boxes are listed
            # where the base lists classes of boxes
            if label and label not in labels and label != annotation.label:
                labels.append(label)
    return base.header.model_copy(
        update={"labels": tuple(labels), "parent": base.id, "note": note or "reviewed at the hub"}
    )
