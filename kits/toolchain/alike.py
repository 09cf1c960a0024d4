"""Whether samples that bear the same ids are the same ones: by what they tell.

Ids that each file counts from one are other samples' in the next file: what two of them tell is no more alike than that of any two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Told = Mapping[str, object]
"""What a sample tells, by name."""
_LEAST, _COMPARED, _BEYOND = 20, 300, 0.25
"""Pairs that tell anything; how many are compared; how far beyond chance they are alike where they are the same, 1 if wholly."""
_ID = "id"
_KEPT, _BY_CHANCE, _SHIFTS = 0.9, 0.5, (1, 2, 3)
"""Equal in so many pairs of the same, and in so few of any two, a column says by itself that they are the same."""
T = TypeVar("T")


def told_of(content: bytes) -> Told:
    """What a sample's bytes tell; nothing where they are no JSON object."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    told: dict[str, object] = {}
    for name, one in value.items():
        told |= {f"{name}.{k}": v for k, v in one.items()} if isinstance(one, dict) else {name: one}
    return told


def are_others(pairs: Sequence[T], now: Callable[[T], Told], then: Callable[[T], Told]) -> bool:
    """Whether the two of each pair, which bear the same id, are alike no more than any two of different ones, and no column stays."""
    if len(pairs) < _LEAST:
        return False
    asked = pairs[:: max(1, len(pairs) // _COMPARED)]
    new, old = ([_without_id(of(pair)) for pair in asked] for of in (now, then))
    alike, by_chance = _share_alike(new, old), _share_alike(new, [*old[1:], old[0]])
    if by_chance == 1 or alike - by_chance >= _BEYOND * (1 - by_chance):
        return False
    # of the same firms a table of what they used this month tells other figures, and the same country
    return not any(_is_kept(name, new, old) for name in set[str]().union(*new))


def _is_kept(name: str, new: Sequence[Told], old: Sequence[Told]) -> bool:
    """Whether what a column tells stays with the ids: it is equal in nearly all pairs, and in few of any two."""
    pairs = [(a[name], b[name]) for a, b in zip(new, old) if name in a and name in b]
    if len(pairs) < _LEAST or sum(a == b for a, b in pairs) < _KEPT * len(pairs):
        return False
    moved = (pairs[n][0] == pairs[n - by][1] for by in _SHIFTS for n in range(len(pairs)))
    return sum(moved) <= _BY_CHANCE * len(_SHIFTS) * len(pairs)


def _without_id(told: Told) -> Told:
    return {name: value for name, value in told.items() if name != _ID}


def _share_alike(some: Sequence[Told], others: Sequence[Told]) -> float:
    """Of what two samples both tell, the share that is equal; 1 where they tell nothing in common."""
    told = [
        one[name] == other[name]
        for one, other in zip(some, others)
        for name in one.keys() & other.keys()
    ]
    return sum(told) / len(told) if told else 1.0
