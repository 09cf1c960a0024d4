"""Past leads by column, each distinct cell once: what encoders are fitted on, fold by fold, without parsing anew.

It knows nothing of outcomes, nor of which values are frequent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.encoder import part_of
from kits.lead_scoring._features.spec import DateColumn, NumberColumn, TruthColumn
from kits.lead_scoring._lead import Lead, Value

Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
Cell: TypeAlias = tuple[Value, float]
"""A value and the moment of the decision, which is NaN where it does not matter."""


@dataclass(frozen=True)
class Bags:
    """What distinct cells of a column hold several of: words, choices.

    Attributes:
        words: each once.
        owner: (mentions,) number of the cell.
        word: (mentions,) number of the word.
        sizes: (cells,) how many each cell holds.
    """

    words: tuple[str, ...]
    owner: Ints
    word: Ints
    sizes: Ints


class Sheet:
    """Leads as columns of distinct cells.

    Args:
        leads: rows.
    """

    def __init__(self, leads: Sequence[Lead]) -> None:
        self._leads = leads
        self.names = tuple(dict.fromkeys(name for lead in leads for name in lead.fields))
        self.column = cache(self._column)
        self.choices = cache(self._choices)
        self.bags = cache(self._bags)
        self.table = cache(self._table)

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

    def _choices(self, name: str) -> tuple[tuple[str, ...], Ints]:
        """Choices of a column in one form, and for each distinct cell which one it is."""
        known: dict[str, int] = {}
        place = [known.setdefault(cells.to_choice(v), len(known)) for v, _ in self.column(name)[0]]
        return tuple(known), np.array(place, dtype=np.intp)

    def _bags(self, name: str, kind: Literal["many", "text"]) -> Bags:
        """The words of a text, or the choices of a cell that holds several."""
        read = cells.to_choices if kind == "many" else cells.to_words
        known: dict[str, int] = {}
        found = [
            [known.setdefault(word, len(known)) for word in sorted(read(value))]
            for value, _ in self.column(name)[0]
        ]
        sizes = np.array([len(one) for one in found], dtype=np.intp)
        word = np.fromiter((w for one in found for w in one), np.intp, int(sizes.sum()))
        return Bags(tuple(known), np.repeat(np.arange(len(found)), sizes), word, sizes)

    def _table(self, column: NumberColumn | TruthColumn | DateColumn) -> Floats32:
        """(cells, width) what becomes of each distinct cell; the same whatever rows are learned from."""
        part = part_of(column)
        distinct = self.column(part.name, part.timed)[0]
        made = [part.cells(*cell) for cell in distinct]
        return np.array(made, dtype=np.float32).reshape(len(distinct), len(part.labels))
