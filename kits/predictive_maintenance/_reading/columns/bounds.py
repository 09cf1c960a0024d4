"""What of a table fits into windows: no more channels and conditions than one may have.

What does not fit is told by its name. Which columns are channels at all is decided in `_reading/columns/channels.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kits.core.window import MAX_ATTRIBUTES, MAX_CHANNELS
from kits.predictive_maintenance._reading.formats.table import Column
from kits.predictive_maintenance._reading.notes import Notes

_NAMED = 10
_FIX = "keep those that tell most: state the others under `ignore` in machines.yaml"


def fitting(channels: Sequence[Column], notes: Notes, where: str) -> tuple[Column, ...]:
    """As many channels as a window may have: first those without any change go, then the last ones. Both are told."""
    excess = len(channels) - MAX_CHANNELS
    if excess <= 0:
        return tuple(channels)
    still = [column.name for column in channels if _stands_still(column)][:excess]
    last = [column.name for column in channels if column.name not in still][MAX_CHANNELS:]
    if still:
        text = f"of more than {MAX_CHANNELS} channels, those without any change are left out"
        notes.say("many-channels", text, f"{where}: {_list(still)}", _FIX)
    if last:
        text = f"more than {MAX_CHANNELS} channels: the last ones are left out"
        notes.warn("many-channels", text, f"{where}: {_list(last)}", _FIX)
    gone = {*still, *last}
    return tuple(column for column in channels if column.name not in gone)


def fitting_attributes(
    categories: Sequence[Column], notes: Notes, where: str
) -> tuple[Column, ...]:
    """As many columns of words as a window may have attributes, its machine among them; the others are told."""
    kept = MAX_ATTRIBUTES - 1
    if len(categories) > kept:
        text = f"more than {kept} columns of words: the last ones are left out"
        names = _list([column.name for column in categories[kept:]])
        notes.warn("many-channels", text, f"{where}: {names}", _FIX)
    return tuple(categories[:kept])


def _stands_still(column: Column) -> bool:
    told = column.values[np.isfinite(column.values)]
    return not told.size or bool(told.min() == told.max())


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
