"""Leads of a split that all bear one and the same outcome, beside others of which some were won: answers to be filled in.

A `test.csv` whose every lead is lost is no test split, and its leads are not lost: the column is there for its form. Learned from
they would be buyers taken for others, judged on they would say that nobody buys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from kits.core.dataset import SPLITS, Split
from kits.core.kit import Finding
from kits.lead_scoring._reading.outcome.cells import known_cells, shown
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.tables.sheets import Sheet

_CHANCE = 1e-4
"""From here down it is no accident that all leads of a split ended alike."""


def without_answers(
    sheet: Sheet, named: Sequence[Split | None], outcome: Outcome | None
) -> Outcome | None:
    """The outcome with leads as open whose split has one and the same for all, though others end in both ways.

    Args:
        named: (rows,) the split that the data says.
    """
    if outcome is None or not any(named):
        return outcome
    empty = [split for split in SPLITS if split != "train" and _alike(split, named, outcome.won)]
    if not empty:
        return outcome
    cells = sheet.cells[outcome.columns[0]]
    rows = [split in empty for split in named]
    told = shown(known_cells([cell for cell, out in zip(cells, rows) if out]))
    leads, where = sum(rows), " and ".join(empty)
    said = Finding(
        "split-alike", "warn",
        f"{outcome.columns[0]} is {', '.join(map(repr, told))} for all {leads} leads that the data calls {where}, while the others end in "
        "both ways: answers to be filled in, taken for open",
        fix="nothing to do if they are leads to score; if all of them did end so: model.source.split: none",
    )  # fmt: skip
    won = tuple(None if out else one for out, one in zip(rows, outcome.won))
    return replace(
        outcome, won=won, said=f"{outcome.said}; open: all of {where}", placeholders=said
    )


def _alike(split: Split, named: Sequence[Split | None], won: Sequence[bool | None]) -> bool:
    pairs = [(part == split, one) for part, one in zip(named, won)]
    mine = [one for of_it, one in pairs if of_it]
    others = [one for of_it, one in pairs if not of_it and one is not None]
    # where some are open, what the others say was asked of each
    if len(set(mine)) != 1 or mine[0] is None or len(set(others)) != len((True, False)):
        return False
    share = others.count(mine[0]) / len(others)
    return len(mine) * math.log(share) < math.log(_CHANCE)
