"""Splits that the data names, by a column or by its files, as far as they can serve.

A `test.csv` without outcomes is no test split: it holds leads to score. Taken for one it would leave nothing to judge by.
"""

from __future__ import annotations

from collections.abc import Sequence

from kits.core.dataset import SPLIT_WORDS, SPLITS, Split
from kits.core.errors import DataError
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.names import by_rank
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import SourceConfig

SPLITS_SAID: dict[str, Split] = {**SPLIT_WORDS, "dev": "val", "holdout": "test"}
NO_SPLIT = "none"
"""Stated where neither a column nor a file's name tells a split."""
_SHOWN = 3


def split_column(
    sheet: Sheet, free: Sequence[str], source: SourceConfig, *, missing_is_fine: bool = False
) -> str:
    """The column that says which leads are to learn from: as stated, by its name, else by cells that speak of training and of
    another split; empty: none.

    Args:
        free: columns that have no other meaning.
        missing_is_fine: leads that are only scored need not say it.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column has other cells.
    """
    if source.split == NO_SPLIT:
        return ""
    if source.split:
        return _stated_column(sheet, source.split, missing_is_fine=missing_is_fine)
    named = by_rank(free, "split")
    for name in dict.fromkeys([*named, *free]):
        known = _words(sheet, name)
        if not known or not known <= set(SPLITS_SAID):
            continue
        said = {SPLITS_SAID[one] for one in known}
        if name in named or ("train" in said and len(said) > 1):
            return name
    return ""


def split_of_cell(cell: str) -> Split | None:
    """The split that a cell names."""
    return SPLITS_SAID.get(cell.strip().lower())


def named_splits(sheet: Sheet, column: str) -> Sequence[Split | None]:
    """(rows,) the split that a column states, or else a file's name."""
    if column:
        return [split_of_cell(cell) for cell in sheet.cells[column]]
    return sheet.splits or [None] * len(sheet)


def stated_splits(
    named: Sequence[Split | None], won: Sequence[bool | None]
) -> tuple[Sequence[Split | None], Finding | None]:
    """(rows,) the split of each lead; none where one that is named has no lead with an outcome, while others have, nor where all
    that have one are of a single split, beside leads of no split.

    Args:
        named: (rows,) what the data says.
        won: (rows,) what became of each lead; None: open.
    """
    judged = {split for split, one in zip(named, won) if one is not None}
    empty = [split for split in SPLITS if split in set(named) - judged]
    if judged == {"train"} and None in named:
        return [None] * len(named), _nothing_to_judge(named)
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


def _nothing_to_judge(named: Sequence[Split | None]) -> Finding:
    return Finding(
        "split-open", "warn",
        f"all leads with an outcome are of those that the data calls train, and the other {named.count(None)} have none, so nothing "
        "can be judged by them: they stay open, and the leads are split as if the data named no splits",
        fix="nothing to do if they are leads to score; else bring their outcomes",
    )  # fmt: skip


def _stated_column(sheet: Sheet, stated: str, *, missing_is_fine: bool) -> str:
    name = column_named(sheet.columns, stated, "split", missing_is_fine=missing_is_fine)
    cells = set(sheet.cells[name]) if name else set()
    others = sorted(cell for cell in cells if not is_missing(cell) and split_of_cell(cell) is None)
    if others:
        raise DataError(
            f"{name!r} has cells that name no split: {', '.join(map(repr, others[:_SHOWN]))}",
            where="kit.yaml: model.source.split",
            fix=f"write train, val or test into it, or nothing; or model.source.split: {NO_SPLIT}, if it means something else",
        )
    return name


def _words(sheet: Sheet, name: str) -> set[str]:
    return {cell.strip().lower() for cell in set(sheet.cells[name]) if not is_missing(cell)}
