"""Which leads are learned from and which judge, where the data itself says it, in sentences. It decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kits.core.dataset import SPLITS
from kits.core.kit import Finding
from kits.lead_scoring._reading.known import Known
from kits.lead_scoring._reading.names import names_for, plain
from kits.lead_scoring._reading.stated_splits import NO_SPLIT
from kits.lead_scoring.config import SourceConfig


def tell_splits(known: Known, source: SourceConfig) -> Iterator[Finding]:
    """What names the splits, and how to overrule it where nobody stated it."""
    counts = Counter(known.splits)
    leads = ", ".join(f"{split}: {counts[split]} leads" for split in SPLITS if counts[split])
    name = known.roles.split
    if not leads:
        return
    if not name:
        yield Finding(
            "split", "pass", f"the names of the files say which leads are learned from and which judge ({leads})",
            fix=f"nothing to do, unless they mean something else: model.source.split: {NO_SPLIT}",
        )  # fmt: skip
    elif source.split:
        yield Finding("split", "pass", f"{name} says which leads are learned from and which judge, as stated ({leads})")  # fmt: skip
    elif _called_split(name):
        yield Finding(
            "split", "pass", f"{name} says which leads are learned from and which judge ({leads})",
            fix=f"nothing to do, unless it means something else: model.source.split: {NO_SPLIT}",
        )  # fmt: skip
    else:
        yield Finding(
            "split", "warn",
            f"{name} was taken for what says which leads are learned from and which judge ({leads}), by its cells alone: it is not "
            "learned from",
            fix=f"if it means something else: model.source.split: {NO_SPLIT}; if it means this: model.source.split: {name}",
        )  # fmt: skip


def _called_split(name: str) -> bool:
    return not set(plain(name).split("_")).isdisjoint(names_for("split_words"))
