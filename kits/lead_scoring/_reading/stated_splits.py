"""Splits that the data names, by a column or by its files, as far as they can serve.

A `test.csv` without outcomes is no test split: it holds leads to score. Taken for one it would leave nothing to judge by.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding


def stated_splits(
    named: Sequence[Split | None], won: Sequence[bool | None]
) -> tuple[Sequence[Split | None], Finding | None]:
    """(rows,) the split of each lead; none where one that is named has no lead with an outcome, while others have.

    Args:
        named: (rows,) what the data says.
        won: (rows,) what became of each lead; None: open.
    """
    judged = {split for split, one in zip(named, won) if one is not None}
    empty = [split for split in SPLITS if split in set(named) - judged]
    if not judged or not empty:
        return named, None
    leads = sum(split in empty for split in named)
    said = Finding(
        "split-open", "warn",
        f"none of the {leads} leads that the data calls {' and '.join(empty)} has an outcome, so nothing can be judged by them: they "
        "stay open, and the leads are split as if the data named no splits",
        fix="nothing to do if they are leads to score; else bring their outcomes",
    )  # fmt: skip
    return [None] * len(named), said
