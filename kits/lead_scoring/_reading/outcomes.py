"""Which column tells what became of a lead, and which of its cells mean won, lost or still open.

By what a person stated, by a CRM's own rules, else by known words; two columns that contradict each other are an error,
not a guess. When an outcome was known is `roles.py`'s question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kits.core.errors import DataError
from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.mapping import Mapping, OutcomeRule
from kits.lead_scoring._reading.names import by_rank, names_for, plain, rank
from kits.lead_scoring._reading.outcome_cells import (
    MOST_VALUES,
    Cells,
    amounts_of,
    cells_by_words,
    compares,
    known_cells,
    listed_cells,
    shown,
)
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.stated import column_named
from kits.lead_scoring.config import SourceConfig

_FEW_VALUES = 12
_AGREE = 0.98
_FLAG, _FAIR = 2, 0.2
"""Cells of a plain yes or no; the share of leads not won whose stage must say that they are lost."""


@dataclass(frozen=True)
class Outcome:
    """What became of each lead.

    Attributes:
        columns: those that state it; none of them may be learned from.
        won: (rows,) True, False, or None where it is open.
        said: which cells were taken for what.
        all_lost: no cell means lost, so what is not won may be lost or open.
        kind: how it was found; 0 stated or by a CRM's rules or the surest words, the higher the less sure.
    """

    columns: tuple[str, ...]
    won: tuple[bool | None, ...]
    said: str
    all_lost: bool = False
    kind: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        """Won, lost, open."""
        return self.won.count(True), self.won.count(False), self.won.count(None)


def find_outcome(sheet: Sheet, source: SourceConfig, mapping: Mapping | None) -> Outcome | None:
    """What became of the leads; None when no column tells.

    Raises:
        ConfigError: a stated column is not there, though one of a like name is.
        DataError: several columns could tell and contradict each other, or a stated one holds no known words.
    """
    if source.outcome:
        column = column_named(sheet.columns, source.outcome, "outcome", missing_is_fine=True)
        found = _stated(sheet, column, source) if column else None
    else:
        found = _by_rules(sheet, mapping) if mapping is not None else None
        found = found or _by_words(sheet)
    return found if found is None or source.lost else _with_reasons(sheet, found)


def _stated(sheet: Sheet, column: str, source: SourceConfig) -> Outcome:
    cells = sheet.cells[column]
    known = known_cells(cells)
    chosen = (
        _listed(column, known, source)
        if source.won or source.lost
        else cells_by_words(known, named=True)
    )
    if chosen is None:
        amounts = amounts_of(column, known)
        raise DataError(
            f"no cell of {column!r} is a known word for won or lost",
            where=", ".join(shown(known)),
            fix='say from which amount on a lead is won in kit.yaml: model.source.won: ["> 0"]' if amounts
            else "state them in kit.yaml: model.source.won: […] and model.source.lost: […]",
        )  # fmt: skip
    return _outcome(column, cells, chosen)


def _listed(column: str, known: Counter[str], source: SourceConfig) -> Cells:
    """The cells that a person listed for one side or both; the other side by known words, or what a bound leaves."""
    found = {
        side: listed_cells(column, known, listed)
        for side, listed in (("won", source.won), ("lost", source.lost))
    }
    for side, listed in (("won", source.won), ("lost", source.lost)):
        if listed and not found[side]:
            raise DataError(
                f"no cell of {column!r} is {'' if compares(listed) else 'one of '}{', '.join(listed)}",
                where=f"model.source.{side}",
                fix=f"cells there: {', '.join(shown(known))}",
            )
    if not source.lost and compares(source.won):
        rest = frozenset(amounts_of(column, known)) - found["won"]
        return Cells(found["won"], rest)
    words = None if source.won else cells_by_words(known, named=True)
    won = words.won - found["lost"] if words is not None else found["won"]
    return Cells(won, found["lost"])


def _with_reasons(sheet: Sheet, outcome: Outcome) -> Outcome:
    """Where no cell means lost: leads with a reason for having been lost are lost, if hardly one that was won has any."""
    if not outcome.all_lost:
        return outcome
    for name in by_rank(sheet.columns, "lost_reason"):
        given = [not is_missing(cell) for cell in sheet.cells[name]]
        both = sum(said and won is True for said, won in zip(given, outcome.won))
        if not any(given) or both > (1 - _AGREE) * sum(given):
            continue
        won = tuple(False if said and one is None else one for said, one in zip(given, outcome.won))
        said = f"{outcome.said}; {name} (lost: filled in)"
        columns = tuple(dict.fromkeys((*outcome.columns, name)))
        return replace(outcome, columns=columns, won=won, said=said, all_lost=False)
    return outcome


# -- by a CRM's rules -----------------------------------------------------------------------------


def _by_rules(sheet: Sheet, mapping: Mapping) -> Outcome | None:
    won: list[bool | None] = [None] * len(sheet)
    told: list[str] = []
    columns: list[str] = []
    for rule in mapping.names.outcome:
        found = mapping.find(rule.columns, sheet.columns)
        if not found:
            continue
        columns.append(found[0])
        said = _apply(rule, found[0], sheet.cells[found[0]], won)
        if said:
            told.append(f"{found[0]} ({said})")
    if True not in won:
        return None
    return Outcome(tuple(columns), tuple(won), "; ".join(told), all_lost=False not in won)


def _apply(rule: OutcomeRule, column: str, cells: Sequence[str], won: list[bool | None]) -> str:
    known = known_cells(cells)
    chosen = Cells(listed_cells(column, known, rule.won), listed_cells(column, known, rule.lost))
    words = cells_by_words(known, named=True, tiers=rule.words) if rule.words else None
    if words is not None:
        chosen = Cells(chosen.won | words.won, chosen.lost | words.lost)
    if rule.won_if_filled:
        chosen = Cells(frozenset(known), chosen.lost)
    if rule.lost_if_filled:
        chosen = Cells(chosen.won, frozenset(known))
    for row, cell in enumerate(cells):
        if won[row] is None:
            won[row] = True if cell in chosen.won else False if cell in chosen.lost else None
    if rule.won_if_filled or rule.lost_if_filled:
        return "filled in" if known else ""
    return _said(known, chosen)


# -- by words -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Candidate:
    kind: int
    place: int
    outcome: Outcome


def _by_words(sheet: Sheet) -> Outcome | None:
    found = [c for name in sheet.columns if (c := _candidate(name, sheet.cells[name])) is not None]
    if not found:
        return None
    best = min(c.kind for c in found)
    rivals = sorted((c for c in found if c.kind == best), key=lambda c: c.place)
    odd = [c for c in rivals[1:] if not _agree(rivals[0].outcome, c.outcome)]
    if odd and best < _PARTLY:
        raise _ambiguous([rivals[0], *odd])
    first = rivals[0].outcome
    same = [c.outcome.columns[0] for c in found if c is not rivals[0] and _same(first, c.outcome)]
    won, told = _unfinished(sheet, first)
    columns, said = (*first.columns, *same), f"{first.said}{told}"
    return replace(first, columns=columns, won=won, said=said, kind=best)


def _unfinished(sheet: Sheet, flag: Outcome) -> tuple[tuple[bool | None, ...], str]:
    """Leads that a plain no counts as lost, but whose stage says neither lost nor won, are open.

    Only where the stage of a fair share of the others does say lost: then a stage is ended where a lead is.
    """
    own = known_cells(sheet.cells[flag.columns[0]])
    stages = [n for n in sheet.columns if n not in flag.columns and rank(n, "stage") is not None]
    if flag.all_lost or len(own) != _FLAG or not stages:
        return flag.won, ""
    for stage in stages:
        known = known_cells(sheet.cells[stage])
        chosen = (
            cells_by_words(known, named=False, stage=True) if len(known) <= MOST_VALUES else None
        )
        if chosen is None or not chosen.lost:
            continue
        ended = chosen.won | chosen.lost
        cells = sheet.cells[stage]
        lost = [cell in chosen.lost for cell, won in zip(cells, flag.won) if won is False]
        if sum(lost) < _FAIR * len(lost) or all(lost):
            continue
        won = tuple(None if w is False and c not in ended else w for w, c in zip(flag.won, cells))
        n = won.count(None) - flag.won.count(None)
        return won, f"; of those not won {n} are open, as {stage} says ({_said(known, chosen)})"
    return flag.won, ""


_PARTLY = 3
"""From here on a candidate has no cell that means lost."""


def _candidate(name: str, cells: Sequence[str]) -> _Candidate | None:
    as_outcome, as_stage = rank(name, "outcome"), rank(name, "stage")
    loosely = as_outcome is None and as_stage is None and _names_an_outcome(name)
    known = known_cells(cells)
    if not known or len(known) > MOST_VALUES:
        return None
    named = as_outcome is not None or loosely
    chosen = cells_by_words(known, named=named, stage=as_stage is not None)
    if chosen is None:
        return None
    place = min(p for p in (as_outcome, as_stage, 1_000) if p is not None)
    outcome = _outcome(name, cells, chosen)
    if not chosen.won or not chosen.lost:
        told = as_outcome is not None or as_stage is not None
        lost_alone = as_outcome is not None and len(chosen.lost) == len(known)
        return _Candidate(_PARTLY, place, outcome) if told and (chosen.won or lost_alone) else None
    if chosen.sure and not _words_against(name):
        return _Candidate(0, place, outcome)
    if as_outcome is not None:
        return _Candidate(1, place, outcome)
    return _Candidate(2, place, outcome) if as_stage is not None or loosely else None


def _names_an_outcome(name: str) -> bool:
    """`Lead converted?` does, `conversion date` does not."""
    return bool(
        set(plain(name).split("_")) & set(names_for("outcome_words"))
    ) and not _words_against(name)


def _words_against(name: str) -> bool:
    """Whether a name says that it is of something else, earlier or beside."""
    return bool(set(plain(name).split("_")) & set(names_for("no_outcome_words")))


def _agree(one: Outcome, other: Outcome) -> bool:
    both = [(a, b) for a, b in zip(one.won, other.won) if a is not None and b is not None]
    return bool(both) and sum(a is b for a, b in both) >= _AGREE * len(both)


def _same(one: Outcome, other: Outcome) -> bool:
    """Whether another column says the same of all leads: it is the outcome once more."""
    return 0 not in other.counts[:2] and _agree(one, other) and sum(other.counts[:2]) > 20


def _ambiguous(rivals: Sequence[_Candidate]) -> DataError:
    names = [c.outcome.columns[0] for c in rivals]
    told = "; ".join(c.outcome.said for c in rivals)
    return DataError(
        f"{len(names)} columns could tell what became of the leads, and they contradict each other: {told}",
        where=", ".join(names),
        fix=f"say which in kit.yaml: model.source.outcome: {names[0]}",
    )


# -- what is said of them --------------------------------------------------------------------------


def _outcome(column: str, cells: Sequence[str], chosen: Cells) -> Outcome:
    table = dict.fromkeys(chosen.lost, False) | dict.fromkeys(chosen.won, True)
    known = known_cells(cells)
    said = f"{column} ({_said(known, chosen)})"
    return Outcome((column,), tuple(table.get(cell) for cell in cells), said, not chosen.lost)


def _said(known: Counter[str], chosen: Cells) -> str:
    rest = [cell for cell in known if cell not in chosen.won and cell not in chosen.lost]
    parts = (("won", chosen.won), ("lost", chosen.lost), ("open", rest))
    return "; ".join(f"{what}: {', '.join(shown(known, cells))}" for what, cells in parts if cells)


@dataclass(frozen=True)
class Likely:
    """A column that is called like an outcome, though no cell of it is a known word.

    Attributes:
        told: its name and its most frequent cells.
        won: what a person could state for it.
    """

    column: str
    told: str
    won: str


def outcome_by_name(sheet: Sheet) -> list[Likely]:
    """Columns of few values, or of amounts, that are called like an outcome; the likeliest first."""
    named = [
        (place, name) for name in sheet.columns if (place := rank(name, "outcome")) is not None
    ]
    found: list[Likely] = []
    for _, name in sorted(named):
        known = known_cells(sheet.cells[name])
        amounts = len(known) > _FEW_VALUES and amounts_of(name, known)
        if amounts or 1 <= len(known) <= _FEW_VALUES:
            told = f"{name}: {', '.join(shown(known))}"
            found.append(Likely(name, told, '["> 0"]' if amounts else "[…]"))
    return found


def candidates_told(sheet: Sheet) -> list[str]:
    """Columns of few values, for a person who must say which of them is the outcome; a mark or nothing is two."""
    told = []
    for name, cells in sheet.cells.items():
        known = known_cells(cells)
        values = len(known) + (sum(known.values()) < len(cells))
        if known and 2 <= values <= _FEW_VALUES:
            told.append(f"{name}: {', '.join(shown(known))}")
    return told[:_FEW_VALUES]
