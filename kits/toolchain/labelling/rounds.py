"""Which samples come next, and why some of them are drawn at random.

What teaches most is chosen by the kit, and from the training split alone: a model must not be judged on samples
that were picked because they are telling. The splits it is judged by get a random share of every round.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel

from kits.core.annotation import Annotation
from kits.core.dataset import SPLITS, Dataset, DatasetItem, Split, build
from kits.core.kit import Kit
from kits.core.labelling import Suggestion, WithLabelling
from kits.toolchain.labelling.journal import Standing
from kits.toolchain.splitting import Shares

PER_ROUND = 50
HELD_OUT: tuple[Split, ...] = ("val", "test")
MAX_CANDIDATES = 1000
"""Unlabelled samples that a kit chooses from in one round, drawn at random: nobody waits minutes for the next fifty."""
_MEASURES = "drawn at random: the model is judged by such ones"
_RANDOM = "drawn at random"


def with_statements(dataset: Dataset, standing: Standing) -> Dataset:
    """The version with what was said by hand since, and without what was taken back; in memory only."""
    items = [replace(item, annotation=_in_force(item, standing)) for item in dataset.items]
    return build(dataset.header, items, dataset.blobs)


def _in_force(item: DatasetItem, standing: Standing) -> Annotation | None:
    said, identity = item.annotation, item.sample.id
    if identity in standing.stated:
        return merged(item, standing.stated[identity])
    stale = standing.withdrawn.get(identity, ())
    if said is None or not any((s.author, s.at) == (said.author, said.at) for s in stale):
        return said
    beside = replace(said, label="")
    return beside if said.spans or said.quantities or said.boxes else None


def merged(item: DatasetItem, stated: Annotation) -> Annotation:
    """The statement, beside what was known of spans and quantities and is not about the label."""
    before = item.annotation
    if before is None:
        return stated
    return replace(
        stated,
        spans=stated.spans or before.spans,
        quantities=stated.quantities or before.quantities,
        boxes=stated.boxes or before.boxes,
    )


def waiting(dataset: Dataset, standing: Standing, author: str) -> list[DatasetItem]:
    """What nobody has labelled and this person has not passed over."""
    passed = standing.skipped.get(author, set())
    return [
        item
        for item in with_statements(dataset, standing).items
        if item.sample.id not in passed
        and item.sample.digest
        and not (item.annotation and item.annotation.label)
    ]


def next_round(
    kit: Kit,
    config: BaseModel,
    dataset: Dataset,
    standing: Standing,
    author: str,
    *,
    shares: Shares,
    seed: int,
    n: int = PER_ROUND,
) -> tuple[Suggestion, ...]:
    """The next `n` samples, mixed so that every part of the round teaches and measures.

    Args:
        shares: of the splits, as the project divides its data.
    """
    left = waiting(dataset, standing, author)
    by_split = {split: [item for item in left if item.split == split] for split in SPLITS}
    counts = _counts({split: len(items) for split, items in by_split.items()}, shares, n)
    chosen: dict[Split, Sequence[Suggestion]] = {
        split: _at_random(by_split[split], seed, _MEASURES)[: counts[split]] for split in HELD_OUT
    }
    chosen["train"] = _telling(
        kit, config, dataset, standing, by_split["train"], counts["train"], seed
    )
    return _mixed(chosen)


def _counts(there: dict[Split, int], shares: Shares, n: int) -> dict[Split, int]:
    """How many of each split; what one of them lacks goes to the others."""
    counts = {split: min(there[split], round(shares[split] * n)) for split in HELD_OUT}
    counts["train"] = min(there["train"], n - sum(counts.values()))
    for split in HELD_OUT:
        spare = n - sum(counts.values())
        counts[split] += min(spare, there[split] - counts[split])
    return counts


def _telling(
    kit: Kit,
    config: BaseModel,
    dataset: Dataset,
    standing: Standing,
    items: Sequence[DatasetItem],
    n: int,
    seed: int,
) -> Sequence[Suggestion]:
    train = kit.train
    if n == 0 or not isinstance(train, WithLabelling):
        return _at_random(items, seed, _RANDOM)[:n]
    known = with_statements(dataset, standing)
    usable = {one.sample_id for one in _at_random(items, seed, "")[:MAX_CANDIDATES]}
    # the kit must neither pick from nor look at what the model is judged by
    learning = [
        # what says something but no label (spans alone) still waits for one
        replace(item, annotation=None) if item.sample.id in usable else item
        for item in known.items
        if item.split == "train" and (item.sample.id in usable or item.annotation is not None)
    ]
    picked = train.next_to_label(build(known.header, learning, known.blobs), config, n, seed)
    return [one for one in picked if one.sample_id in usable][:n]


def _at_random(items: Sequence[DatasetItem], seed: int, reason: str) -> list[Suggestion]:
    """By hash of seed and id: the same order whoever labels, and whatever is added."""
    ids = sorted(
        (item.sample.id for item in items),
        key=lambda identity: hashlib.sha256(f"{seed}:{identity}".encode()).digest(),
    )
    return [Suggestion(identity, reason) for identity in ids]


def _mixed(chosen: dict[Split, Sequence[Suggestion]]) -> tuple[Suggestion, ...]:
    """The splits spread evenly, so that a round that is left early has something of each."""
    placed = [
        ((index + 0.5) / len(ones), SPLITS.index(split), one)
        for split, ones in chosen.items()
        for index, one in enumerate(ones)
    ]
    return tuple(one for _, _, one in sorted(placed, key=lambda entry: entry[:2]))
