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
    """Whether the two of each pair, which bear the same id, are alike no more than any two of different ones."""
    if len(pairs) < _LEAST:
        return False
    asked = pairs[:: max(1, len(pairs) // _COMPARED)]
    new, old = ([_without_id(of(pair)) for pair in asked] for of in (now, then))
    alike, by_chance = _share_alike(new, old), _share_alike(new, [*old[1:], old[0]])
    return by_chance < 1 and alike - by_chance < _BEYOND * (1 - by_chance)


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
