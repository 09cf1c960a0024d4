"""Fits an encoder to past leads: which values are frequent, which words, and how values of many did.

How values did is learned out of fold, so that a lead does not see its own outcome in the matrix it is learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.encoder import (
    Encoder,
    digest_of_choice,
    filled,
    part_of,
    typical_row,
)
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    EncoderSpec,
    ManyColumn,
    NumberColumn,
    TextColumn,
    TruthColumn,
)
from kits.lead_scoring._features.week import labels
from kits.lead_scoring._features.week import rates as rates_of_week
from kits.lead_scoring._learning.blocks import block
from kits.lead_scoring._learning.frequent import (
    FREQUENT,
    LEAST_VALUES,
    Shared,
    shared_by,
)
from kits.lead_scoring._learning.kinds import Kind
from kits.lead_scoring._learning.past_rates import past_rates, unseen_rates
from kits.lead_scoring._learning.sheet import Floats32, Ints, Sheet
from kits.lead_scoring._learning.week import unseen, week_of

Floats = NDArray[np.float64]
_WITH_RATES = 8
"""From so many frequent values on, how they did in the past is one more column."""
_MOST_MET = 1_000
_AGE_KNOWN = 0.5
_AT_ONCE = 65_536
"""Rows that are looked at together: what is asked of each cell takes no memory for all of them."""


@dataclass(frozen=True)
class Encoded:
    """An encoder and the rows it was fitted on.

    Attributes:
        matrix: (rows, columns), past rates out of fold.
    """

    spec: EncoderSpec
    matrix: Floats32

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder itself."""
        return Encoder(self.spec)


def fit_encoder(
    sheet: Sheet,
    rows: Ints,
    won: Floats,
    kinds: Mapping[str, Kind],
    seed: int,
    *,
    week: bool = False,
    zone: str = "",
) -> Encoded:
    """An encoder for the columns of `kinds`.

    Args:
        rows: those to learn from.
        won: (all rows) 1 or 0.
        week: whether the time of the week is looked at, too.
        zone: by whose clock days and hours count; empty: UTC.
    """
    shared = shared_by(sheet, rows, kinds)
    fitted: list[Column] = []
    for name, kind in kinds.items():
        column: Column | None
        if kind == "choice":
            column = _choice(sheet, rows, won, name, shared[name])
        elif kind == "text":
            rates = past_rates(sheet, rows, won, name, kind, shared[name].often)
            column = TextColumn(name=name, words=shared[name].values, rates=rates)
        else:
            column = _fit(sheet, rows, name, kind, shared[name].values, zone)
        if column is not None:
            fitted.append(column)
    told = week_of(sheet.came[rows], won[rows], zone) if week else None
    spec = EncoderSpec(columns=tuple(fitted), week=told)
    matrix, places = _matrix(sheet, rows, spec)
    for column, end in zip(fitted, places[1:]):
        if isinstance(column, ChoiceColumn | TextColumn) and column.rates:
            rated = unseen_rates(sheet, rows, won, column.name, column.kind, column.rates, seed)
            matrix[:, end - 1] = rated
    if told is not None:
        matrix[:, places[-1] :] = unseen(sheet.came[rows], won[rows], told, seed)
    return Encoded(spec.model_copy(update={"typical": _typical(matrix)}), matrix)


def encode(sheet: Sheet, rows: Ints, spec: EncoderSpec) -> Floats32:
    """(rows, columns) of some rows by a fitted encoder."""
    return filled(_matrix(sheet, rows, spec)[0], typical_row(spec))


def _typical(matrix: Floats32) -> tuple[float | None, ...]:
    """As in `EncoderSpec`, by the rows that are learned from."""
    if not len(matrix):
        return ()
    lacks, flags = np.zeros(matrix.shape[1], dtype=bool), np.ones(matrix.shape[1], dtype=bool)
    for start in range(0, len(matrix), _AT_ONCE):
        part = matrix[start : start + _AT_ONCE]
        lacks |= np.isnan(part).any(axis=0)
        flags &= ((part == 0) | (part == 1)).all(axis=0)
    found = matrix.mean(axis=0, dtype=np.float64)
    for number in np.flatnonzero(~(lacks | flags)):
        found[number] = np.median(matrix[:, number])
    return tuple(None if gap else round(one, 6) for gap, one in zip(lacks.tolist(), found.tolist()))


def _matrix(sheet: Sheet, rows: Ints, spec: EncoderSpec) -> tuple[Floats32, list[int]]:
    """The matrix, and where the block of each column begins, with the end of the last; the time of the week is behind it."""
    places = [0]
    for column in spec.columns:
        places.append(places[-1] + len(part_of(column).labels))
    width = places[-1] + (len(labels(spec.week)) if spec.week is not None else 0)
    matrix = np.empty((len(rows), width), dtype=np.float32)
    for column, (start, end) in zip(spec.columns, pairwise(places)):
        matrix[:, start:end] = block(sheet, column, rows)
    if spec.week is not None:
        matrix[:, places[-1] :] = rates_of_week(sheet.came[rows], spec.week)
    return matrix, places


def _fit(
    sheet: Sheet, rows: Ints, name: str, kind: Kind, values: tuple[str, ...], zone: str
) -> Column:
    if kind == "number":
        return NumberColumn(name=name)
    if kind == "truth":
        return TruthColumn(name=name)
    if kind == "date":
        return _date(sheet, rows, name, zone)
    return _many(sheet, name, values)


def _many(sheet: Sheet, name: str, values: tuple[str, ...]) -> ManyColumn:
    joints = sheet.joints(name)
    return ManyColumn(name=name, values=values, commas=joints == ",", slashes=joints == "/")


def _date(sheet: Sheet, rows: Ints, name: str, zone: str) -> DateColumn:
    """By its distinct cells, each as often as there are moments of decisions beside it."""
    moments, held = sheet.moments(name), sheet.column(name)[1][rows]
    _, decided = np.unique(sheet.at[rows], return_inverse=True)
    width = int(decided.max(initial=0)) + 1
    _, first = np.unique(held * width + decided, return_index=True)
    known = moments[held[first]]
    ages = np.isfinite(sheet.at[rows][first])
    return DateColumn(
        name=name,
        age=_mostly(ages),
        hour=_mostly(known[np.isfinite(known)] % 86_400 != 0),
        zone=zone,
    )


def _mostly(said: NDArray[np.bool_]) -> bool:
    """Whether more than half of them; nothing is said of none."""
    return bool(said.size) and bool(said.mean() > _AGE_KNOWN)


def _choice(
    sheet: Sheet,
    rows: Ints,
    won: Floats,
    name: str,
    shared: Shared,
) -> ChoiceColumn | None:
    often, values = shared.often, shared.values
    if not values and not shared.words:
        return None
    rates: dict[str, float] = {}
    frequent = sum(n >= FREQUENT for n in often.values())
    if frequent > min(_WITH_RATES, max(len(values), LEAST_VALUES)):
        rates = past_rates(sheet, rows, won, name, "choice", often)
    rare = sorted(set(often) - set(values), key=lambda word: (-often[word], word))
    return ChoiceColumn(
        name=name,
        values=values,
        rare=tuple(sorted(map(digest_of_choice, rare[:_MOST_MET]))),
        all_met=len(rare) <= _MOST_MET,
        words=shared.words,
        rates=rates,
    )
