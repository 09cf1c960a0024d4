"""Past leads by column, each distinct cell once: what encoders are fitted on, fold by fold, without parsing anew.

It knows nothing of outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import Part
from kits.lead_scoring._lead import Lead, Value

Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Cell: TypeAlias = tuple[Value, float]
"""A value and the moment of the decision, which is NaN where it does not matter."""


class Sheet:
    """Leads as columns of distinct cells.

    Args:
        leads: rows.
    """

    def __init__(self, leads: Sequence[Lead]) -> None:
        self._leads = leads
        self.names = tuple(dict.fromkeys(name for lead in leads for name in lead.fields))
        self.column = cache(self._column)

    def __len__(self) -> int:
        return len(self._leads)

    def _column(self, name: str, timed: bool = False) -> tuple[tuple[Cell, ...], Ints]:
        """Distinct cells of a column, and for each row which one it holds."""
        known: dict[tuple[type, Value, float], int] = {}
        codes = np.empty(len(self._leads), dtype=np.intp)
        for row, lead in enumerate(self._leads):
            value = lead.fields.get(name)
            at = lead.at.timestamp() if timed and lead.at is not None else -math.inf
            codes[row] = known.setdefault((type(value), value, at), len(known))
        return tuple((value, at if at > -math.inf else math.nan) for _, value, at in known), codes

    def block(self, part: Part, rows: Ints) -> Floats32:
        """(rows, width) what a part of an encoder makes of some rows."""
        distinct, codes = self.column(part.name, part.timed)
        taken = codes[rows]
        used = np.unique(taken)
        table = np.empty((len(distinct), len(part.labels)), dtype=np.float32)
        for number in used.tolist():
            table[number] = part.cells(*distinct[number])
        return table[taken]
