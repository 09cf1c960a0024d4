"""The leads a court looks at: sampled, in order of time, as columns that are cut; what open leads have beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._court.accused import Accused, Mark
from kits.lead_scoring._court.columns import Codes, Column, Floats, cut, read_column
from kits.lead_scoring._court.marks import marks_of
from kits.lead_scoring._court.texts import by_telling_words, has_rare_phrases, is_text
from kits.lead_scoring._court.youngest import lacked_by_youngest
from kits.lead_scoring._reading.samples import HELD_OPEN
from kits.lead_scoring._table import LeadTable
from kits.lead_scoring.config import Config

MOST_ROWS = 40_000
_MOST_CELLS, _LEAST_ROWS = 1_500_000, 4_000
"""Values that are read at most; of tables of very many columns fewer leads are looked at."""
_OPEN_ROWS = 5_000
FOLDS = 5
FEW = 10
"""Leads of the rarer outcome under which nothing is measured."""
_CLOCK = (1e8, 1e10)
"""Places in time that are seconds since 1970, not ranks."""
_OF_A_KIND, _A_KIND = 0.8, 0.03
"""Open leads are of a kind where so many share a choice that so many decided ones have: below, it is a state of open leads."""
_DAY_S, _FROM = 86_400.0, "from "
_EVENTS = ": "
"""Between table and figure in the columns that readers make of events: `visits: count`, `visits: days since last`."""


@dataclass(frozen=True)
class Case:
    """The leads that are looked at.

    Attributes:
        columns: in the table's order, rows in order of time.
        decided_at: (rows,) seconds since 1970; None where there is no clock.
        recent: (rows,) as late as the open leads, and of their kind.
        lot: (rows,) folds by lot.
        periods: (rows,) folds that are stretches of time; by lot where time is unknown.
        youngest: column → what is said of it, where the leads that came last lack it.
    """

    columns: tuple[Column, ...]
    open: Mapping[str, Column]
    won: Floats
    order: Floats
    decided_at: Floats | None
    recent: NDArray[np.bool_]
    lot: Codes
    periods: Codes
    timed: bool
    youngest: Mapping[str, Mark]

    @property
    def measurable(self) -> bool:
        """Whether there are enough of both outcomes."""
        return min(float(self.won.sum()), float((1 - self.won).sum())) >= FEW


def seen_by_court(table: LeadTable) -> NDArray[np.bool_]:
    """(rows,) leads of train and val, and the open ones of test too: they have no outcome that could be given away.

    Where outcomes come soon there are no other open leads.
    """
    early = np.array([item.split != "test" for item in table.items], dtype=bool)
    seen: NDArray[np.bool_] = early | ~np.isfinite(table.won)
    return seen


def case_of(table: LeadTable, config: Config, seed: int, everyone: LeadTable | None = None) -> Case:
    """The case of a table.

    Args:
        everyone: leads of all splits, of which no outcome is looked at; None: there are no others than those of the table.
    """
    rng = np.random.default_rng([seed, 5])
    known = np.isfinite(table.won)
    # who ended, and only counts as open because it is young, has what comes with the end
    still = np.array([not item.sample.meta.get(HELD_OPEN) for item in table.items], dtype=bool)
    decided, others = table.rows(known), table.rows(~known & still)
    cells = _MOST_CELLS // max(len(decided.names), 1)
    most = min(MOST_ROWS, max(cells, _LEAST_ROWS))
    decided = _sorted(_drawn(decided, most, rng))
    timed = decided.timed
    recent = np.ones(len(decided), dtype=bool)
    if timed:
        middle = decided.order[len(decided) // 2]
        recent = decided.order >= middle
        placed = others.rows(others.order >= middle)
        others = placed if len(placed) else others
    others = _drawn(others, _OPEN_ROWS, rng)
    stated = config.columns
    columns, opposite = [], {}
    for name in decided.names:
        how = {"numeric": name in stated.numeric, "categorical": name in stated.categorical}
        column = read_column(name, decided.column(name), **how)
        if is_text(column) and not how["categorical"]:
            column = by_telling_words(column, decided.column(name), decided.won)
        elif has_rare_phrases(column):
            spoken = by_telling_words(column, decided.column(name), decided.won)
            column = replace(column, spoken=spoken)
        columns.append(column)
        if len(others):
            opposite[name] = read_column(name, others.column(name), **how)
    recent = _of_their_kind(columns, opposite, recent)
    rows = len(decided)
    periods = (np.arange(rows) * FOLDS // max(rows, 1)).astype(np.intp)
    lot = rng.permutation(periods)
    return Case(
        tuple(columns), opposite, decided.won, decided.order, _clock(decided), recent, lot,
        periods if timed else lot, timed, lacked_by_youngest(everyone or table, columns),
    )  # fmt: skip


def _of_their_kind(
    columns: Sequence[Column], opposite: Mapping[str, Column], recent: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Recent leads without those that are unlike the open ones: what visitors of a fair lack, leads of the web cannot tell."""
    for column in columns:
        theirs = opposite.get(column.name)
        if column.kind != "choice" or theirs is None or theirs.kind != "choice":
            continue
        counts = np.bincount(theirs.codes, minlength=3)[2:]
        label = theirs.labels[2:][int(np.argmax(counts))] if theirs.labels[2:] else ""
        if label not in column.labels[2:] or counts.max() < _OF_A_KIND * len(theirs.codes):
            continue
        alike = column.codes == column.labels.index(label, 2)
        if alike.mean() >= _A_KIND:
            recent = recent & alike
    return recent


def _drawn(table: LeadTable, most: int, rng: np.random.Generator) -> LeadTable:
    if len(table) <= most:
        return table
    return table.rows(np.sort(rng.permutation(len(table))[:most]))


def _sorted(table: LeadTable) -> LeadTable:
    return table.rows(np.argsort(table.order, kind="stable"))


def _clock(table: LeadTable) -> Floats | None:
    """When each score would have been asked for."""
    stated = [lead.at for lead in table.leads]
    if stated and all(at is not None for at in stated):
        return np.array([at.timestamp() for at in stated if at is not None])
    if len(table) and _CLOCK[0] < table.order[0] and table.order[-1] < _CLOCK[1]:
        return table.order
    return None


def marks_in(column: Column, case: Case) -> tuple[Mark, ...]:
    """What speaks for a column having been written late."""
    known = {one.name for one in case.columns}
    label, sign, _ = column.name.partition(_EVENTS)
    return marks_of(
        Accused(
            column,
            case.won,
            case.decided_at,
            case.recent,
            case.open.get(column.name),
            as_of=bool(sign) and f"{label}{_EVENTS}count" in known,
            youngest=case.youngest.get(column.name),
        )
    )


def as_lag(column: Column, case: Case) -> Column:
    """A date by its distance from the decision: what it tells is no calendar."""
    if column.kind != "date" or case.decided_at is None:
        return column
    lag = cut(column.name, (column.numbers - case.decided_at) / _DAY_S)
    return replace(lag, labels=(*lag.labels[:2], *map(_in_days, lag.labels[2:])))


def _in_days(label: str) -> str:
    """`from -462.647` → `from 463 days before the decision`."""
    days = float(label.removeprefix(_FROM))
    began = _FROM if label.startswith(_FROM) else ""
    return f"{began}{abs(days):.3g} days {'before' if days < 0 else 'after'} the decision"
