"""Leads → a matrix, by a specification. Each column of the matrix knows which column of the leads it came from.

It never raises for a strange cell: that is a missing one. How a specification is learned is not known here.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    EncoderSpec,
    ManyColumn,
    TextColumn,
    TruthColumn,
    Week,
)
from kits.lead_scoring._features.week import WEEK, labels, local, rates_at
from kits.lead_scoring._lead import Lead, Value

Floats32 = NDArray[np.float32]
Cells: TypeAlias = Callable[[Value, float], list[float]]
"""A value and the moment of the decision (seconds since 1970, NaN: not known) → what stands in the matrix."""
_DAY_S = 86_400.0
_NONE = math.nan
PARTS = 1_000_000
"""Rates are added as whole numbers of so many parts: the sum is one in whatever order."""


@dataclass(frozen=True)
class Part:
    """One column of the leads: how a cell is turned into numbers, and what these are called."""

    name: str
    labels: tuple[str, ...]
    cells: Cells
    timed: bool = False


@dataclass(frozen=True)
class Encoder:
    """Turns leads into numbers.

    Attributes:
        spec: what becomes of each column.
    """

    spec: EncoderSpec

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        parts = tuple(map(part_of, self.spec.columns))
        return parts if self.spec.week is None else (*parts, _week(self.spec.week))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each column of the matrix the column of the leads it came from."""
        return tuple(part.name for part in self._parts for _ in part.labels)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """For each column of the matrix what it says: `country = de`, `created: weekday`."""
        return tuple(label for part in self._parts for label in part.labels)

    def rows(self, leads: Sequence[Lead]) -> Floats32:
        """(leads, columns) of the matrix; NaN where something is missing."""
        matrix = np.empty((len(leads), len(self.labels)), dtype=np.float32)
        for number, lead in enumerate(leads):
            at = lead.at.timestamp() if lead.at is not None else _NONE
            get = lead.fields.get
            row: list[float] = []
            for part in self._parts:
                row += part.cells(get(part.name), at)
            matrix[number] = row
        return filled(matrix, self._typical)

    @cached_property
    def _typical(self) -> Floats32:
        return typical_row(self.spec)

    def unknown(self, lead: Lead) -> tuple[str, ...]:
        """Columns that were learned from and that this lead does not have at all."""
        return tuple(one.name for one in self.spec.columns if one.name not in lead.fields)

    def new_values(self, lead: Lead) -> tuple[str, ...]:
        """Columns in which this lead holds a choice that was never met in training."""
        found = []
        for name, values, rare in self._met:
            word = cells.to_choice(lead.fields.get(name))
            if word and word not in values and digest_of_choice(word) not in rare:
                found.append(name)
        return tuple(found)

    def has_met(self, name: str, value: str) -> bool:
        """Whether a column held this value in training; of a yes or no, whether it can be read as one."""
        column = self._by_name.get(name)
        if isinstance(column, TruthColumn):
            return not math.isnan(cells.to_truth(value))
        word = cells.to_choice(value)
        if isinstance(column, ManyColumn):
            return word in column.values
        if not isinstance(column, ChoiceColumn) or not word:
            return False
        return word in column.values or digest_of_choice(word) in column.rare

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.spec.columns}

    @cached_property
    def _met(self) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
        return tuple(
            (column.name, frozenset(column.values), frozenset(column.rare))
            for column in self.spec.columns
            if isinstance(column, ChoiceColumn) and column.all_met
        )


def typical_row(spec: EncoderSpec) -> Floats32:
    """(columns,) `typical` of a specification, NaN where leads lacked it; (0,) where none was looked for."""
    return np.array([_NONE if one is None else one for one in spec.typical], dtype=np.float32)


def filled(matrix: Floats32, typical: Floats32) -> Floats32:
    """The matrix itself, with what is typical in place of what no model has learned to miss.

    A model that never met a gap says anything of it: trees send it the way of the largest numbers.

    Args:
        matrix: (rows, columns), NaN where missing.
        typical: as `typical_row` gives it.
    """
    if typical.size:
        np.copyto(matrix, typical, where=np.isnan(matrix))
    return matrix


def digest_of_choice(word: str) -> str:
    """A rare value as a bundle keeps it: to know it again, not to read it."""
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()[:12]


def met_in(column: ChoiceColumn) -> Callable[[str], bool]:
    """Whether a choice was met in training, or may have been: of very many values a bundle does not know all."""
    values, rare = frozenset(column.values), frozenset(column.rare)
    return lambda word: not column.all_met or word in values or digest_of_choice(word) in rare


def part_of(column: Column) -> Part:
    """How one column is encoded."""
    return cast("Callable[[Column], Part]", _PARTS[column.kind])(column)


def _number(column: Column) -> Part:
    return Part(column.name, (column.name,), lambda value, _: [cells.to_number(value)])


def _truth(column: Column) -> Part:
    return Part(column.name, (column.name,), lambda value, _: [cells.to_truth(value)])


def _choice(column: ChoiceColumn) -> Part:
    width = len(column.values)
    place = {value: number for number, value in enumerate(column.values)}
    rates = column.rates
    blank, unmet = [0.0] * width, [_NONE] * width
    was_met = met_in(column)
    known = {value: [float(n == number) for n in range(width)] for value, number in place.items()}

    def row(word: str) -> list[float]:
        found = known.get(word)
        return found if found is not None else blank if was_met(word) else unmet

    def encode(value: Value, _: float) -> list[float]:
        return row(cells.to_choice(value))

    def encode_in_full(value: Value, _: float) -> list[float]:
        word = cells.to_choice(value)
        said = cells.to_parts(value) if column.words else ()
        rate = [rates.get(word, 0.0)] if rates else []
        return [*row(word), *(float(one in said) for one in column.words), *rate]

    labels = [f"{column.name} = {value or '(none)'}" for value in column.values]
    if not rates and not column.words:
        return Part(column.name, tuple(labels), encode)
    labels += [f"{column.name} says {word}" for word in column.words]
    labels += [f"{column.name}: past rate"] if rates else []
    return Part(column.name, tuple(labels), encode_in_full)


def _date(column: DateColumn) -> Part:
    names = (
        "month",
        "weekday",
        *(("hour",) if column.hour else ()),
        *(("days before",) if column.age else ()),
    )

    def encode(value: Value, at: float) -> list[float]:
        moment = cells.to_moment(value)
        if math.isnan(moment):
            return [_NONE] * len(names)
        when = datetime.fromtimestamp(local(moment, column.zone), timezone.utc)
        found = [float(when.month), float(when.weekday())]
        if column.hour:
            found.append(float(when.hour))
        if column.age:
            found.append((at - moment) / _DAY_S)
        return found

    return Part(column.name, tuple(f"{column.name}: {name}" for name in names), encode, timed=True)


def _many(column: ManyColumn) -> Part:
    joints = cells.joints_of(commas=column.commas, slashes=column.slashes)

    def encode(value: Value, _: float) -> list[float]:
        found = cells.to_choices(value, joints)
        return [float(one in found) for one in column.values] + [float(len(found))]

    labels = [f"{column.name} has {value}" for value in column.values]
    return Part(column.name, (*labels, f"{column.name}: how many"), encode)


def _text(column: TextColumn) -> Part:
    rates = {word: round(rate * PARTS) for word, rate in column.rates.items()}

    def encode(value: Value, _: float) -> list[float]:
        found = cells.to_words(value)
        told = [sum(rates.get(word, 0) for word in found) / PARTS] if rates else []
        return [*(float(word in found) for word in column.words), float(len(found)), *told]

    labels = [f"{column.name} says {word}" for word in column.words]
    labels += [f"{column.name}: words", *([f"{column.name}: past rates"] if rates else [])]
    return Part(column.name, tuple(labels), encode)


def _week(week: Week) -> Part:
    return Part(WEEK, labels(week), lambda _, at: rates_at(at, week), timed=True)


_PARTS = {
    "number": _number,
    "truth": _truth,
    "choice": _choice,
    "date": _date,
    "many": _many,
    "text": _text,
}
