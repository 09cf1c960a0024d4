"""Cells that count as open although their leads are as old as those that were decided: ends that nobody named.

A stage that is still worked on has young leads. One that has old leads too is an end in the firm's own words
(`Bought elsewhere`), or where leads that were given up lie. It only asks; what cells mean stays as it was read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.outcome.told import candidates_told
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import Config

_LATER = 0.35
"""Share of decided leads that came after the middle one of a cell; of stages still worked on it is next to none."""
_LEAST, _SHARE = 20, 0.01
"""Leads that a cell needs to be asked about, and their share of all."""
_MOST = 0.5
"""Share of leads of which an outcome says nothing, from which on it is asked about."""
_SHOWN = 8
_LONGEST = 40


def ask_about_ends(known: Known, config: Config) -> Iterator[Finding]:
    """Which cells may mean won or lost, unless a person has said both."""
    outcome, source = known.outcome, config.source
    if (
        outcome is None
        or not outcome.columns
        or outcome.all_lost
        or source.lost_after_days
        or (source.won and source.lost)
    ):
        return
    decided = sorted(
        at for at, won in zip(known.at, outcome.won) if at is not None and won is not None
    )
    if len(decided) < _LEAST:
        return
    column = max(outcome.columns, key=lambda name: len(set(known.sheet.cells[name])))
    old = _as_old(known.sheet.cells[column], outcome.won, known.at, np.array(decided))
    if old:
        told = ", ".join(f"{cell.strip()[:_LONGEST]!r} ({n} leads)" for cell, n in old[:_SHOWN])
        yield Finding(
            "old-open-leads", "warn",
            f"{told} of {column} count as open, though most of these leads came as long ago as those that were won or lost",
            fix=f"if they are ends, say which: model.source.outcome: {column}, model.source.won: […], model.source.lost: […]; if leads "
            "that were given up lie there: model.source.lost_after_days",
        )  # fmt: skip


def ask_about_gaps(known: Known, config: Config) -> Iterator[Finding]:
    """Whether the outcome says nothing of most leads, as old as the others: then it is of something else, such as the campaign before."""
    outcome, source = known.outcome, config.source
    if outcome is None or not outcome.columns or outcome.all_lost or known.crm or source.outcome:
        return
    cells = [known.sheet.cells[name] for name in outcome.columns]
    empty = [
        row for row, one in enumerate(outcome.won)
        if one is None and all(is_missing(column[row]) for column in cells)
    ]  # fmt: skip
    if len(empty) <= _MOST * len(known.sheet) or not _of_old(known, empty):
        return
    persons = {one.column for one in known.personal}
    others = candidates_told(known.sheet, {*persons, *outcome.columns}, full=True)
    yield Finding(
        "outcome-empty", "warn",
        f"{outcome.columns[0]} was taken for the outcome, though it is empty for {len(empty)} of {len(known.sheet)} leads that came no "
        "later than the others: it may be of something earlier, such as the campaign before",
        tuple(others),
        "name the column that tells what became of the leads in kit.yaml: model.source.outcome; if it is this one, name it too",
    )  # fmt: skip


def _of_old(known: Known, rows: Sequence[int]) -> bool:
    """Whether leads are as old as those that were decided; also where nothing tells when any came."""
    decided = [at for at, won in zip(known.order, known.won) if at is not None and won is not None]
    own = [at for row in rows if (at := known.order[row]) is not None]
    if not own or not decided:
        return True
    return float((np.array(decided) > float(np.median(own))).mean()) >= _LATER


def unended(sheet: Sheet, outcome: Outcome) -> tuple[str, ...]:
    """The most frequent cells that mean neither won nor lost, and how many leads have each."""
    counts = Counter(
        cell.strip()[:_LONGEST]
        for name in outcome.columns[:1]
        for cell, won in zip(sheet.cells[name], outcome.won)
        if won is None and not is_missing(cell)
    )
    return tuple(
        f"neither won nor lost: {cell} ({n} leads)" for cell, n in counts.most_common(_SHOWN)
    )


def _as_old(
    cells: Sequence[str],
    won: Sequence[bool | None],
    at: Sequence[float | None],
    decided: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> list[tuple[str, int]]:
    """Cells of open leads and how many these are, the most first."""
    ages: dict[str, list[float]] = defaultdict(list)
    for cell, one, moment in zip(cells, won, at):
        if one is None and moment is not None and not is_missing(cell):
            ages[cell].append(moment)
    least = max(_LEAST, _SHARE * len(cells))
    found = [
        (cell, len(moments))
        for cell, moments in ages.items()
        if len(moments) >= least and float((decided > float(np.median(moments))).mean()) >= _LATER
    ]
    return sorted(found, key=lambda pair: -pair[1])
