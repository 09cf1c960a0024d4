"""Which column tells what became of a lead, and which of its cells mean won, lost or still open.

By what a person stated, by a CRM's own rules, else by known words; two columns that contradict each other are an error,
not a guess. When an outcome was known is `roles.py`'s question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kits.core.errors import DataError
from kits.lead_scoring._reading.cells import is_missing
from kits.lead_scoring._reading.mapping import Mapping, OutcomeRule, Tier, tier_words
from kits.lead_scoring._reading.names import names_for, plain, rank, words_of
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.stated import column_named
from kits.lead_scoring.config import SourceConfig

_TIERS: tuple[Tier, ...] = ("sure", "converted", "qualified")
_MOST_VALUES = 200
_LONGEST = 120
_FEW_VALUES = 12
_TOO_COMMON = frozenset({"win", "loss"})
"""Words that begin other things too (`win back`)."""
_AGREE = 0.98
_NUMBERED = re.compile(r"^[\d\W_]+(?=[^\W\d_])")
_NOTE = re.compile(r"\s*\([^()]{0,80}\)$")
"""`06 - Closed Won (Sales pipeline)` is `Closed Won`."""


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


@lru_cache(_MOST_VALUES)
def _word(cell: str) -> str:
    """A cell's words without the number before them and the note behind."""
    return words_of(_NUMBERED.sub("", _NOTE.sub("", cell.strip()[:_LONGEST])))


@dataclass(frozen=True)
class _Cells:
    """Distinct cells of a column that mean won and lost."""

    won: frozenset[str]
    lost: frozenset[str]
    sure: bool = False


def find_outcome(sheet: Sheet, source: SourceConfig, mapping: Mapping | None) -> Outcome | None:
    """What became of the leads; None when no column tells.

    Raises:
        ConfigError: a stated column is not there, though one of a like name is.
        DataError: several columns could tell and contradict each other, or a stated one holds no known words.
    """
    if source.outcome:
        column = column_named(sheet.columns, source.outcome, "outcome", missing_is_fine=True)
        return _stated(sheet, column, source) if column else None
    if mapping is not None:
        found = _by_rules(sheet, mapping)
        if found is not None:
            return found
    return _by_words(sheet)


def _stated(sheet: Sheet, column: str, source: SourceConfig) -> Outcome:
    cells = sheet.cells[column]
    known = _known(cells)
    if source.won or source.lost:
        chosen = _Cells(_these(known, source.won), _these(known, source.lost))
        words = _chosen(known, named=True)
        if not source.won and words is not None:
            chosen = _Cells(words.won - chosen.lost, chosen.lost)
        _refuse_unknown(column, known, source)
    else:
        found = _chosen(known, named=True)
        if found is None:
            raise DataError(
                f"no cell of {column!r} is a known word for won or lost",
                where=", ".join(_most(known)),
                fix="state them in kit.yaml: model.source.won: […] and model.source.lost: […]",
            )
        chosen = found
    return _outcome(column, cells, chosen)


def _refuse_unknown(column: str, known: Counter[str], source: SourceConfig) -> None:
    words = {words_of(cell) for cell in known} | {_word(cell) for cell in known}
    for side, listed in (("won", source.won), ("lost", source.lost)):
        if listed and not any(words_of(word) in words for word in listed):
            raise DataError(
                f"no cell of {column!r} is one of {', '.join(listed)}",
                where=f"model.source.{side}",
                fix=f"cells there: {', '.join(_most(known))}",
            )


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
        said = _apply(rule, sheet.cells[found[0]], won)
        if said:
            told.append(f"{found[0]} ({said})")
    if True not in won:
        return None
    return Outcome(tuple(columns), tuple(won), "; ".join(told), all_lost=False not in won)


def _apply(rule: OutcomeRule, cells: Sequence[str], won: list[bool | None]) -> str:
    known = _known(cells)
    chosen = _Cells(_these(known, rule.won), _these(known, rule.lost))
    words = _chosen(known, named=True, tiers=rule.words) if rule.words else None
    if words is not None:
        chosen = _Cells(chosen.won | words.won, chosen.lost | words.lost)
    if rule.won_if_filled:
        chosen = _Cells(frozenset(known), chosen.lost)
    if rule.lost_if_filled:
        chosen = _Cells(chosen.won, frozenset(known))
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
    return Outcome((*first.columns, *same), first.won, first.said, first.all_lost, best)


_PARTLY = 3
"""From here on a candidate has no cell that means lost."""


def _candidate(name: str, cells: Sequence[str]) -> _Candidate | None:
    as_outcome, as_stage = rank(name, "outcome"), rank(name, "stage")
    loosely = as_outcome is None and as_stage is None and _names_an_outcome(name)
    known = _known(cells)
    if not known or len(known) > _MOST_VALUES:
        return None
    named = as_outcome is not None or loosely
    chosen = _chosen(known, named=named, stage=as_stage is not None)
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


def _chosen(
    known: Counter[str], *, named: bool, stage: bool = False, tiers: Sequence[Tier] = _TIERS
) -> _Cells | None:
    """The cells that mean won and lost; the surest words that are there decide what is won.

    Args:
        named: the column's name says that it is the outcome: a plain yes or no counts then.
        stage: its name says that it is a stage or status.
    """
    words = {cell: _word(cell) for cell in known}
    won = lost = frozenset[str]()
    sure = False
    for tier in tiers if named or stage else tiers[:1]:
        wins, losses = tier_words(tier)
        begun = tier == "sure"
        won = won or frozenset(c for c, word in words.items() if _among(word, wins, begun))
        if (
            not lost or tier == "converted"
        ):  # what was rejected is no stage, also beside what was lost
            lost |= frozenset(c for c, word in words.items() if _among(word, losses, begun))
        sure = sure or (tier == "sure" and bool(won) and bool(lost))
    if not won and not lost and (named or stage):
        wins, losses = tier_words("flags")
        if set(words.values()) <= wins | losses:
            won = frozenset(cell for cell, word in words.items() if word in wins)
            lost = frozenset(cell for cell, word in words.items() if word in losses)
    return _Cells(won, lost, sure) if won or lost else None


def _among(word: str, listed: frozenset[str], begun: bool) -> bool:
    """Whether a cell is a listed word, or begins with one: `Lost - too expensive`, but not `won't buy`."""
    if word in listed or not begun:
        return word in listed
    parts = word.split(" ")
    starts = (" ".join(parts[:n]) for n in (1, 2) if len(parts) > n and parts[n] != "t")
    return any(start in listed and start not in _TOO_COMMON for start in starts)


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


# -- cells ----------------------------------------------------------------------------------------


def _known(cells: Sequence[str]) -> Counter[str]:
    return Counter({cell: n for cell, n in Counter(cells).items() if not is_missing(cell)})


def _these(known: Counter[str], listed: Sequence[str]) -> frozenset[str]:
    wanted = {words_of(word) for word in listed}
    exact = frozenset(cell for cell in known if words_of(cell) in wanted)
    return exact or frozenset(cell for cell in known if _word(cell) in wanted)


def _outcome(column: str, cells: Sequence[str], chosen: _Cells) -> Outcome:
    table = dict.fromkeys(chosen.lost, False) | dict.fromkeys(chosen.won, True)
    known = _known(cells)
    said = f"{column} ({_said(known, chosen)})"
    return Outcome((column,), tuple(table.get(cell) for cell in cells), said, not chosen.lost)


def _said(known: Counter[str], chosen: _Cells) -> str:
    rest = [cell for cell in known if cell not in chosen.won and cell not in chosen.lost]
    parts = (("won", chosen.won), ("lost", chosen.lost), ("open", rest))
    return "; ".join(f"{what}: {', '.join(_most(known, cells))}" for what, cells in parts if cells)


def _most(known: Counter[str], only: Sequence[str] | frozenset[str] | None = None) -> list[str]:
    listed = [cell.strip()[:40] for cell, _ in known.most_common() if only is None or cell in only]
    return [*listed[:6], f"{len(listed) - 6} more"] if len(listed) > 7 else listed


def outcome_by_name(sheet: Sheet) -> list[str]:
    """Columns of few values that are called like an outcome, the likeliest first, and their cells."""
    named = {name: rank(name, "outcome") for name in sheet.columns}
    found = [
        (place, f"{name}: {', '.join(_most(_known(sheet.cells[name])))}")
        for name, place in named.items()
        if place is not None and 2 <= len(_known(sheet.cells[name])) <= _FEW_VALUES
    ]
    return [told for _, told in sorted(found)]


def candidates_told(sheet: Sheet) -> list[str]:
    """Columns of few values, for a person who must say which of them is the outcome."""
    told = []
    for name, cells in sheet.cells.items():
        known = _known(cells)
        if 2 <= len(known) <= _FEW_VALUES:
            told.append(f"{name}: {', '.join(_most(known))}")
    return told[:_FEW_VALUES]
