"""Freezing dataset versions: the project's newest version plus what people have reviewed since.

Old samples never change their split, so the test split stays the yardstick; new groups are placed
by a stable hash, and what shows the same as an older sample joins its split. Where the project's
versions are split by time, all are placed anew: the latest outcomes judge, and what judged before is
learned from. Near-duplicates are found in `lookalikes.py`; reading and storing versions is `datasets.py`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.intake import provenance
from cloud_sync.learning import left_out
from cloud_sync.learning.datasets import describe, in_words, newest, read, register
from cloud_sync.learning.lookalikes import Lookalikes
from cloud_sync.learning.reviewed import Reviewed, refused_samples, reviewed_samples
from cloud_sync.learning.states import news_beside
from cloud_sync.store.models import Project
from cloud_sync.store.storage import Storage
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetHeader, DatasetItem, Split, build, to_bytes
from kits.core.errors import DataError
from kits.core.placing import BY_TIME, InTime, splits_in_time
from kits.core.sample import place_in_time

SHARES: tuple[tuple[Split, float], ...] = (("train", 0.6), ("val", 0.2), ("test", 0.2))
AUDIT_SHARES: tuple[tuple[Split, float], ...] = (("train", 0.2), ("val", 0.2), ("test", 0.6))
"""Audit samples are a fair picture of production: most of them belong to the yardstick."""


@dataclass(frozen=True)
class Frozen:
    """A version just made, and how it differs from its parent.

    Attributes:
        lookalikes: new samples that joined the split of an older one that shows the same.
        left_out_ids: new samples whose group stands in one split and whose look-alike in another.
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


@dataclass(frozen=True)
class _Start:
    """What the next version is made of.

    Attributes:
        left_out: ids of reviewed samples that the last try left out.
    """

    base: Dataset
    reviewed: Sequence[Reviewed]
    refused: Mapping[str, int]
    dropped: Collection[str]
    left_out: Collection[str]

    @property
    def has_news(self) -> bool:
        """Whether a next version would differ, as far as can be said without looking at pictures."""
        known = {item.sample.id: item for item in self.base.items}
        counting = news_beside(self.base, self.reviewed).reviewed
        fresh = {r.sample.id for r in counting} - known.keys() - set(self.left_out)
        return bool(self.dropped or fresh or _relabelled(known, counting))


def freeze(hub: Hub, project: str, *, by: str, note: str = "", seed: int | None = None) -> Frozen:
    """Makes the next version of a project and stores it.

    The database is locked only to write the result, so ingest goes on meanwhile.

    Raises:
        NotFoundError: the hub does not know the project or has no version of it yet.
        DataError: nothing was reviewed since the newest version that can be added to it.
        UnreachableError: the storage cannot be used.
    """
    start = _start(hub, project)
    frozen = _next(hub, project, start, by=by, note=note, seed=seed)
    if not frozen.changed:
        raise _nothing_new(frozen)
    return frozen


def current(hub: Hub, project: str, *, by: str, note: str) -> Dataset:
    """The version to learn from now: the newest, or a new one when that is out of date.

    It is when people have said something since, or when some of it may not be learned from any
    more: a withdrawal must reach the next training without waiting for the next review.

    Raises:
        NotFoundError: the hub has no version of the project.
        UnreachableError: the storage cannot be used.
    """
    start = _start(hub, project)
    if not start.has_news:
        return start.base
    frozen = _next(hub, project, start, by=by, note=note)
    return frozen.dataset if frozen.changed else start.base


def _start(hub: Hub, project: str) -> _Start:
    with hub.database.session() as session:
        if session.get(Project, project) is None:
            raise NotFoundError(f"no project {project!r}", fix="kit publish --hub URL")
        row = newest(session, project)
        if row is None:
            raise NotFoundError(
                f"the hub has no dataset of {project!r} to start from", fix="kit publish --hub URL"
            )
        reviewed = reviewed_samples(session, project)
        refused = refused_samples(session, project)
        without = left_out.noted(session, project)
    base = read(hub.storage, row.id)
    with hub.database.session() as session:
        dropped = provenance.refused_among(session, [item.sample.id for item in base.items])
    return _Start(base, reviewed, refused, dropped, without)


def _next(
    hub: Hub, project: str, start: _Start, *, by: str, note: str, seed: int | None = None
) -> Frozen:
    """The next version; stored when it differs. What it had to leave out is noted either way."""
    made = extend(
        start.base, start.reviewed, hub.storage, note=note, seed=seed, dropped=start.dropped
    )
    frozen = replace(made, refused=start.refused)
    if frozen.changed:
        hub.storage.put(to_bytes(frozen.dataset))
        version = describe(frozen.dataset, hub.storage)
    with hub.database.transaction() as session:
        left_out.note(session, project, frozen.left_out_ids)
        if frozen.changed:
            register(session, version, project, by=by)
            audit(
                session,
                by,
                "dataset.freeze",
                version.id,
                added=frozen.added,
                refused=sum(frozen.refused.values()),
                withdrawn=frozen.withdrawn,
                replaced=frozen.replaced,
            )
    return frozen


def _nothing_new(frozen: Frozen) -> DataError:
    what = "nothing has been reviewed since the newest version"
    if frozen.left_out:
        what += (
            f" but {frozen.left_out} samples that cannot be added: their group is in one split and"
            " a sample that looks the same in another"
        )
    if frozen.refused:
        what += f" that may be learned from; refused: {in_words(frozen.refused)}"
    return DataError(what, fix="review samples first")


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
    known = {item.sample.id: item for item in base.items}
    news = news_beside(base, reviewed)
    relabelled = _relabelled(known, news.reviewed)
    fresh = [r for r in news.reviewed if r.sample.id not in known]
    if BY_TIME in base.header.split_rule:
        made = _extend_in_time(
            base, fresh, relabelled, storage, note=note, gone={*dropped, *news.heirs.values()}
        )
        return _counted(made, len(news.heirs))
    placed, alike = _place(base, fresh, storage, base.header.seed if seed is None else seed)
    header = _next_header(base, [r.annotation for r in fresh], note)
    replaced = {news.heirs[i.sample.id]: i.sample.id for i in placed if i.sample.id in news.heirs}
    gone = {*dropped, *replaced}
    kept = [
        relabelled.get(item.sample.id, item) for item in base.items if item.sample.id not in gone
    ]
    dataset = build(header, [*kept, *placed], storage)
    by_split = {str(split): sum(i.split == split for i in placed) for split, _ in SHARES}
    without = {r.sample.id for r in fresh} - {item.sample.id for item in placed}
    made = Frozen(
        dataset, base.id, len(placed), len(relabelled), alike, tuple(sorted(without)), by_split,
        withdrawn=len(base.items) - len(kept),
    )  # fmt: skip
    return _counted(made, len(replaced))


def _counted(made: Frozen, replaced: int) -> Frozen:
    """With newer states counted as such: neither added nor withdrawn."""
    return replace(
        made, replaced=replaced, added=made.added - replaced, withdrawn=made.withdrawn - replaced
    )


def _extend_in_time(
    base: Dataset,
    fresh: Sequence[Reviewed],
    relabelled: Mapping[str, DatasetItem],
    storage: Storage,
    *,
    note: str,
    gone: Collection[str],
) -> Frozen:
    """The version after one that is split by time: by the same shares, whatever split a sample had before."""
    kept = [relabelled.get(i.sample.id, i) for i in base.items if i.sample.id not in gone]
    new = [DatasetItem(r.sample, r.annotation, "train") for r in fresh]
    every = [*kept, *new]
    splits = splits_in_time([_in_time(item) for item in every], _shares_of(base))
    items = [replace(item, split=split) for item, split in zip(every, splits)]
    header = _next_header(base, [r.annotation for r in fresh], note)
    placed = items[len(kept) :]
    by_split = {str(split): sum(i.split == split for i in placed) for split, _ in SHARES}
    return Frozen(
        build(header, items, storage), base.id, len(new), len(relabelled), 0, (), by_split,
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
    if not all(counts[split] for split, _ in SHARES):
        return dict(SHARES)
    return {split: counts[split] / counts.total() for split, _ in SHARES}


def split_for(group: str, seed: int, shares: Iterable[tuple[Split, float]] = SHARES) -> Split:
    """The split of a group: a stable hash, so the same group goes the same way for ever."""
    raw = hashlib.sha256(f"{seed}\0{group}".encode()).digest()
    position = int.from_bytes(raw[:8], "big") / 2**64
    chosen: Split = "train"
    for chosen, share in shares:
        if position < share:
            return chosen
        position -= share
    return chosen


def _relabelled(
    known: Mapping[str, DatasetItem], reviewed: Iterable[Reviewed]
) -> dict[str, DatasetItem]:
    changed = {}
    for new in reviewed:
        item = known.get(new.sample.id)
        if item is not None and (item.annotation is None or item.annotation.at < new.annotation.at):
            changed[item.sample.id] = replace(item, annotation=new.annotation)
    return changed


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
        if group not in fixed:
            shares = AUDIT_SHARES if group in audited_groups else SHARES
            fixed[group] = twin or split_for(group, seed, shares)
        elif twin is not None and twin != fixed[group]:
            # its group is pinned to one split, its look-alike stands in another: leave it out
            continue
        joined += twin is not None
        alike.add(new.sample, fixed[group], storage)
        placed.append(DatasetItem(new.sample, new.annotation, fixed[group]))
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
