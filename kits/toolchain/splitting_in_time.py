"""Splits in time for a project's import: the rule is `kits.core.placing`; here are its candidates and what to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kits.core import placing
from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding
from kits.toolchain.splitting import Candidate, Placed, Shares

_FEW = 20
"""So many samples with a label a split should have."""


def has_order(candidates: Sequence[Candidate]) -> bool:
    """Whether nearly all samples have a place in time, and not all the same one; of those with a label, if any has."""
    counted = [one for one in candidates if one.labels] or candidates
    return placing.has_order([one.order for one in counted])


def place_in_order(candidates: Sequence[Candidate], shares: Shares) -> Placed:
    """Splits by time, see `kits.core.placing.splits_in_time`."""
    samples = [
        placing.InTime(one.group, one.order, bool(one.labels), one.given) for one in candidates
    ]
    found = placing.splits_in_time(samples, shares)
    splits = {one.id: split for one, split in zip(candidates, found)}
    groups = {one.id: one.group for one in candidates}
    told = tuple(_made(split, splits) for split in placing.unsaid(samples))
    return Placed(splits, groups, (*told, *_thin(candidates, splits)))


def _made(split: Split, splits: Mapping[str, Split]) -> Finding:
    source = "latest of train" if split == "val" else "later half of val"
    made = sum(one == split for one in splits.values())
    return Finding(
        "split-made", "warn",
        f"the data has no {split} split: {made} samples, the {source}, were taken for it",
        fix=f"nothing to do; to decide it yourself, name a {split} part too",
    )  # fmt: skip


def _thin(candidates: Sequence[Candidate], splits: Mapping[str, Split]) -> tuple[Finding, ...]:
    count = dict.fromkeys(SPLITS, 0)
    for one in candidates:
        count[splits[one.id]] += bool(one.labels)
    thin = [f"{split}: {count[split]}" for split in SPLITS if count[split] < _FEW]
    if not thin or not any(count.values()):
        return ()  # without any label no splitting brings one
    return (
        Finding(
            "thin-split", "warn", f"splitting by time leaves few samples with a label ({', '.join(thin)})",
            fix="import more, change data.split, or set data.order: random",
        ),
    )  # fmt: skip
