"""Sheets of scores that `kit predict --out` wrote, put beside the leads: no word of them is learned from.

They come from a model that knew what became of the leads, and would tell it. What a person noted in them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kits.core.kit import Finding
from kits.lead_scoring._reading.sheets import Sheet

WRITTEN = frozenset(
    {"sample", "verdict", "band", "score", "low", "high", "label", "reasons", "error", "path"}
)
"""Its columns, but for `id`."""
_TWO = 2
"""Columns that a table has at least: whom it is about, and what it says of them."""


def without_own_scores(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without what was written of the leads, and what is to be said of it.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    left: list[Sheet] = []
    told: list[Finding] = []
    for sheet in sheets:
        if role(sheet) or not sheet.cells.keys() >= WRITTEN:
            left.append(sheet)
            continue
        own = {name: cells for name, cells in sheet.cells.items() if name not in WRITTEN}
        noted = len(own) >= _TWO
        told.append(_said(sheet.name, noted=noted))
        if noted:
            left.append(replace(sheet, cells=own))
    return left, told


def _said(name: str, *, noted: bool) -> Finding:
    what = "the scores in it are not read" if noted else "it was passed over"
    return Finding(
        "own-scores", "pass", f"{name} was written by kit predict: {what}, as a score tells nothing of a lead that its columns do not"
    )  # fmt: skip
