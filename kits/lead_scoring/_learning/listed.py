"""Whether cells hold several choices joined by commas, line ends, slashes or plus signs: `Demo, Newsletter, Pricing`, `A+C`.

By the cells alone: few choices that come again in free combination, most of them now first and now later. A town with its
country, a surname with a first name, and a choice that has a comma of its own do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import combinations, islice

from kits.lead_scoring._features.cells import Joints, parts_of, to_choice
from kits.lead_scoring._lead import Value

_LOOKED_AT = 20_000
"""Distinct cells that are enough to tell."""
_SOME = 0.1
"""Share of the cells that must hold several."""
_NEARLY_ALL = 0.9
"""Share of what is mentioned that must be of the few: the rest is `Other: …`."""
_LEAST, _RARE = 5, 0.01
_FEWEST, _MOST = 3, 60
_TOLD_APART = 5
"""The most frequent choices, of which most pairs must be met."""
_PAIRS = 0.7
_UNMOVED = 2
"""Choices that always stand first, or never: the first and the last of a form."""

_Cells = Counter[tuple[str, ...]]


def is_listed(cells: Iterable[tuple[Value, int]], joints: Joints = ",") -> bool:
    """Whether commas, or slashes and plus signs, join choices in a column.

    Args:
        cells: distinct cells that hold something, and how many leads have each.
        joints: which of both.
    """
    met: _Cells = Counter()
    semicolons = 0
    for value, n in islice(cells, _LOOKED_AT):
        if isinstance(value, str) and ";" in value:
            semicolons += n
        met[tuple(filter(None, map(to_choice, parts_of(value, joints))))] += n
    total = met.total()
    several = Counter({cell: n for cell, n in met.items() if len(cell) > 1})
    if semicolons >= _SOME * total or several.total() < max(_LEAST, _SOME * total):
        return False
    mentions = _mentions(met)
    few = {part for part, n in mentions.items() if n >= max(_LEAST, _RARE * total)}
    if sum(mentions[part] for part in few) < _NEARLY_ALL * mentions.total():
        return False
    shared = {part for cell in several for part in cell} & few
    return _FEWEST <= len(shared) <= _MOST and _free(met, shared) and _pairs(several, shared)


def _mentions(cells: _Cells) -> Counter[str]:
    found: Counter[str] = Counter()
    for cell, n in cells.items():
        for part in set(cell):
            found[part] += n
    return found


def _free(cells: _Cells, shared: Collection[str]) -> bool:
    """Whether there are more combinations than choices, and most choices are bound neither to a place nor to a partner."""
    held = {frozenset(cell) for cell in cells}
    whole = [cell for cell in held if cell <= set(shared)]
    lone = [part for part in shared if sum(part in cell for cell in held) < 2]
    first = {cell[0] for cell in cells if cell}
    later = {part for cell in cells for part in cell[1:]}
    unmoved = [part for part in shared if not (part in first and part in later)]
    bound = max(_UNMOVED, len(shared) // 3) if len(shared) > _FEWEST else 1
    return len(whole) > len(shared) and not lone and len(unmoved) <= bound


def _pairs(several: _Cells, shared: Collection[str]) -> bool:
    often = _mentions(several)
    top = sorted(shared, key=lambda part: (-often[part], part))[:_TOLD_APART]
    held = [set(cell) for cell in several]
    met = [any({one, other} <= cell for cell in held) for one, other in combinations(top, 2)]
    return sum(met) >= _PAIRS * len(met)
