"""Past leads by column, each distinct cell once: what encoders are fitted on, fold by fold, without parsing anew.

It knows nothing of outcomes, nor of which values are frequent.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.arrivals import moments, times_of_arrival
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._learning.listed import is_listed
from kits.lead_scoring._table import names_of

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]
_Key = TypeVar("_Key", bound=Hashable)
_SIGNS: Mapping[cells.Joints, frozenset[str]] = {
    ",": frozenset(",|\n\r"),
    "/": frozenset("/+"),
}
"""Signs without which no cell is a list of choices."""
_APART = {bool, int}
"""Types whose values are equal to other ones: True, 1 and 1.0."""


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
        self.names = names_of(leads)
        self.column = cache(self._column)
        self.choices = cache(self._choices)
        self.bags = cache(self._bags)
        self.joints = cache(self._joints)
        self.numbers = cache(self._numbers)
        self.moments = cache(self._moments)

    def __len__(self) -> int:
        return len(self._leads)

    @cached_property
    def at(self) -> Floats:
        """(rows,) moments of the decisions, seconds since 1970; NaN where one is not known."""
        return moments(self._leads)

    @cached_property
    def came(self) -> Floats:
        """(rows,) the same where they tell at which time of the week a lead came."""
        return times_of_arrival(self.at)

    def _column(self, name: str) -> tuple[tuple[Value, ...], Ints]:
        """Distinct cells of a column, and for each row which one it holds."""
        values = [lead.fields.get(name) for lead in self._leads]
        if _APART.isdisjoint(map(type, values)):
            return _distinct(values)
        typed, codes = _distinct([(type(value), value) for value in values])
        return tuple(value for _, value in typed), codes

    def _choices(self, name: str) -> tuple[tuple[str, ...], Ints]:
        """Choices of a column in one form, and for each distinct cell which one it is."""
        known: dict[str, int] = {}
        place = [known.setdefault(cells.to_choice(v), len(known)) for v in self.column(name)[0]]
        return tuple(known), np.array(place, dtype=np.intp)

    def _bags(self, name: str, kind: Literal["many", "text", "parts"]) -> Bags:
        """The words of a text, the parts of a choice, or the choices of a cell that holds several."""
        read = cells.to_words if kind == "text" else cells.to_parts
        if kind == "many":
            read = partial(cells.to_choices, joints=self.joints(name))
        known: dict[str, int] = {}
        found = [
            [known.setdefault(word, len(known)) for word in sorted(read(value))]
            for value in self.column(name)[0]
        ]
        sizes = np.array([len(one) for one in found], dtype=np.intp)
        word = np.fromiter((w for one in found for w in one), np.intp, int(sizes.sum()))
        return Bags(tuple(known), np.repeat(np.arange(len(found)), sizes), word, sizes)

    def _joints(self, name: str) -> cells.Joints:
        """What joins several choices in the cells of a column beside semicolons."""
        distinct, codes = self.column(name)
        texts = [value for value in distinct if isinstance(value, str)]
        held = np.bincount(codes, minlength=len(distinct)).tolist()
        for joints, signs in _SIGNS.items():
            if all(signs.isdisjoint(text) for text in texts):
                continue
            known = ((v, n) for v, n in zip(distinct, held) if not cells.is_missing(v))
            if is_listed(known, joints):
                return joints
        return ";"

    def _numbers(self, name: str) -> Floats:
        """(cells,) each distinct cell of a column as a number."""
        return np.array([cells.to_number(value) for value in self.column(name)[0]])

    def _moments(self, name: str) -> Floats:
        """(cells,) each distinct cell of a column as seconds since 1970."""
        return np.array([cells.to_moment(value) for value in self.column(name)[0]])


def _distinct(values: Sequence[_Key]) -> tuple[tuple[_Key, ...], Ints]:
    """Each value once, in the order they are first met, and the number of each row's."""
    known = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return tuple(known), np.fromiter(map(known.__getitem__, values), np.intp, len(values))
