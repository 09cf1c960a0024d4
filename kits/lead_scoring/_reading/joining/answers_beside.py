"""What became of leads in a table of its own, an id and the outcome, beside the table that tells what they are like.

Data sets for learning come so (`X_train.csv` and `y_train.csv`). The wide table lists the leads, and the outcome is a column of it:
joined the other way its columns would bear its name, which no lead to be scored does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kits.core.column_names import plain, squeezed
from kits.core.dataset import SPLIT_WORDS
from kits.core.kit import Finding
from kits.lead_scoring._reading.joining.match_keys import exact_key
from kits.lead_scoring._reading.outcome.told import says_one_of_two
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_COLUMNS, _ALL = 2, 0.98
_NAMED = frozenset({"y", "label", "labels", "target", "targets", "outcome", "outcomes", "answers", "response", "responses", "classes", "truth"})  # fmt: skip
"""What such a table is called, beside the words of a split; else it may be the list of leads, of which the other tells persons."""


def with_answers(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables, of which those with an id and an outcome alone are columns of those whose rows they tell of.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    left, told = list(sheets), list[Finding]()
    narrow_ones = [sheet for sheet in sheets if len(sheet.columns) == _COLUMNS]
    for narrow in (one for one in narrow_ones if _is_named(one) and not role(one)):
        found = [
            (n, keys)
            for n, wide in enumerate(left)
            if not role(wide) and (keys := _told_of(narrow, wide))
        ]
        if len(found) != 1:
            continue
        number, (key, own) = found[0]
        wide = left[number]
        column = next(name for name in narrow.columns if name != key)
        by_key = dict(zip(map(exact_key, narrow.cells[key]), narrow.cells[column]))
        cells = [by_key.get(exact_key(cell), "") for cell in wide.cells[own]]
        left[number] = replace(wide, cells={**wide.cells, column: cells})
        left = [one for one in left if one is not narrow]
        said = f"{narrow.name} joined by {key}: {column} is a column of {wide.name}, which has its other columns"
        told.append(Finding("joined", "pass", said))
    return left, told


def _is_named(sheet: Sheet) -> bool:
    words = set(plain(sheet.label).split("_"))
    return not words.isdisjoint(_NAMED) and words <= _NAMED | SPLIT_WORDS.keys()


def _told_of(narrow: Sheet, wide: Sheet) -> tuple[str, str] | None:
    """The columns by which rows of two tables are the same, each once; None where they are not, or nothing is told of them."""
    if len(wide.columns) <= _COLUMNS or wide is narrow:
        return None
    theirs = {squeezed(name): name for name in wide.columns}
    shared = [name for name in narrow.columns if squeezed(name) in theirs]
    if len(shared) != 1:
        return None
    key, own = shared[0], theirs[squeezed(shared[0])]
    [column] = [name for name in narrow.columns if name != key]
    mine = [exact_key(cell) for cell in narrow.cells[key] if not is_missing(cell)]
    other = [exact_key(cell) for cell in wide.cells[own] if not is_missing(cell)]
    once = len(set(mine)) == len(narrow) and len(set(other)) == len(wide)
    met = len(set(mine) & set(other))
    alone = met >= _ALL * max(len(narrow), len(wide))
    return (key, own) if once and alone and says_one_of_two(narrow, column) else None
