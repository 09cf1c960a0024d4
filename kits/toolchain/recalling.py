"""Samples as a bundle knows them: which it learned from, and under which ids it kept what was said of them before.

A bundle that learned from all samples judges those by what models said that had not seen them. Newer states of samples
have other ids, so they are named as they were called then; what it may know by heart all the same is told apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.kit import Evaluation
from kits.core.ready import ReadyBundle
from kits.core.runtime import Recalls
from kits.core.sample import place_in_time
from kits.toolchain.known_again import named_as_known
from kits.toolchain.project import Project


@dataclass(frozen=True)
class Recalled:
    """Samples beside a bundle.

    Attributes:
        items: in the order given, under the ids that they had when the bundle learned.
        by_heart: ids of today of those whose outcome it learned, or may have, and of which it kept nothing.
        sure: whether the version that it learned from was there to look at.
    """

    items: tuple[DatasetItem, ...]
    by_heart: frozenset[str] = frozenset()
    sure: bool = True

    def note(self, who: str, version: str) -> str:
        """One sentence where samples have to be left out; empty where none have."""
        if not self.by_heart:
            return ""
        left = f"{len(self.by_heart)} of {len(self.items)} samples are left out"
        if self.sure:
            return f"{left}: the {who} learned their outcomes, and kept nothing that was said of them before"
        return (
            f"{left}: the {who} may have learned their outcomes; its dataset version {version[:12]}, which would tell, "
            "is not here"
        )


@dataclass(frozen=True)
class Shared:
    """Samples that two bundles can be judged on.

    Attributes:
        items: as they are called today.
        champion, challenger: the same, in this order, as either knows them.
        notes: what was left out, and why.
    """

    items: tuple[DatasetItem, ...]
    champion: tuple[DatasetItem, ...]
    challenger: tuple[DatasetItem, ...]
    notes: tuple[str, ...]


def shared(
    project: Project,
    champion: ReadyBundle,
    challenger: ReadyBundle,
    dataset: Dataset,
    items: Sequence[DatasetItem],
) -> Shared:
    """Samples of a dataset of which neither bundle knows the outcome by heart.

    Raises:
        DataError: there are none.
    """
    both = [_recall(project, ready, dataset, items) for ready in (champion, challenger)]
    notes = [
        known.note(who, ready.bundle.manifest.dataset)
        for known, who, ready in zip(both, ("champion", "challenger"), (champion, challenger))
    ]
    fair = [not any(item.sample.id in known.by_heart for known in both) for item in items]
    if not any(fair):
        raise DataError(
            "; ".join(filter(None, notes)),
            where=f"dataset {dataset.id[:12]}",
            fix="bring the version here: `kit publish` with data brings it to the hub; or train the champion anew",
        )
    now, old, new = (
        tuple(itertools.compress(some, fair)) for some in (items, both[0].items, both[1].items)
    )
    return Shared(now, old, new, tuple(filter(None, notes)))


def _recall(
    project: Project, ready: ReadyBundle, dataset: Dataset, items: Sequence[DatasetItem]
) -> Recalled:
    """How a bundle knows these samples of `dataset`."""
    runtime = ready.runtime
    if not isinstance(runtime, Recalls):
        return Recalled(tuple(items))
    try:
        version = project.dataset(ready.bundle.manifest.dataset)
    except DataError:
        suspects = [
            item
            for item in items
            if item.sample.id not in runtime.backtest and _may_be_of(item, runtime.learned_until)
        ]
        return Recalled(tuple(items), _scored(ready, dataset, suspects), sure=False)
    known = named_as_known(dataset, items, version)
    learned = {one.sample.id for one in version.items if one.annotation and one.annotation.says}
    suspects = [
        now
        for one, now in zip(known, items)
        if one.sample.id in learned and one.sample.id not in runtime.backtest
    ]
    return Recalled(known, _scored(ready, dataset, suspects))


def named_as_now(
    found: Evaluation, known: Sequence[DatasetItem], items: Sequence[DatasetItem]
) -> Evaluation:
    """Results under the ids of today, so that two bundles' can be laid side by side."""
    now = {one.sample.id: item.sample for one, item in zip(known, items)}
    results = tuple(
        replace(one, sample_id=now[one.sample_id].id, group=now[one.sample_id].group or now[one.sample_id].id)
        for one in found.results
    )  # fmt: skip
    return replace(found, results=results)


def _may_be_of(item: DatasetItem, learned_until: float) -> bool:
    place = place_in_time(item.sample)
    return place is None or place <= learned_until


def _scored(
    ready: ReadyBundle, dataset: Dataset, suspects: Sequence[DatasetItem]
) -> frozenset[str]:
    """Those that the bundle would say anything of: whoever is not to be scored was not learned from."""
    return frozenset(item.sample.id for item in suspects if _has_score(ready, dataset, item))


def _has_score(ready: ReadyBundle, dataset: Dataset, item: DatasetItem) -> bool:
    try:
        payload = ready.runtime.decode(dataset.content(item), item.sample.media_type)
        return math.isfinite(ready.runtime.predict([payload])[0].score)
    except DataError:
        return False
