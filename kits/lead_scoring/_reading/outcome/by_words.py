"""The column that tells what became of a lead, found by its name and by known words in its cells.

Two that contradict each other are an error, not a guess. What a person stated, or a CRM's rules say, is heeded before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import names_for, outcome_rank, rank
from kits.lead_scoring._reading.outcome.cells import (
    MOST_VALUES,
    cells_by_words,
    known_cells,
    says_more,
    word_of,
)
from kits.lead_scoring._reading.outcome.found import AGREE, Outcome, cells_said, outcome_of
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_WRONG = 0.02
"""Of those that were won, whom another column may call lost, or not closed."""
_FLAG, _FAIR = 2, 0.2
"""Cells of a plain yes or no; the share of leads not won whose stage must say that they are lost."""

_NAMELESS = re.compile(r"c\d+")
_FEW, _LEGEND = 20, 0.05
"""Cells of a legend beside a table, and their share of its rows."""


@dataclass(frozen=True)
class _Candidate:
    kind: int
    place: int
    outcome: Outcome


def by_words(sheet: Sheet) -> Outcome | None:
    """What became of the leads; None when no column tells.

    Raises:
        DataError: several columns could tell and contradict each other.
    """
    found = [c for name in sheet.columns if (c := _candidate(name, sheet.cells[name])) is not None]
    # a mark may say that a deposit was paid or a demo booked: it tells the outcome where nothing else does
    plainly = [c for c in found if not _is_marked(c.outcome.columns[0])]
    found = plainly if any(c.kind < _PARTLY for c in plainly) else found
    if not found:
        return None
    best = min(c.kind for c in found)
    rivals = sorted((c for c in found if c.kind == best), key=lambda c: c.place)
    rivals = _without_legends(sheet, rivals)
    odd = [c for c in rivals[1:] if not _agree(rivals[0].outcome, c.outcome)]
    if odd and best < _PARTLY:
        raise _ambiguous([rivals[0], *odd])
    first = rivals[0].outcome
    same = [c.outcome.columns[0] for c in found if c is not rivals[0] and _same(first, c.outcome)]
    finished, told = _unfinished(sheet, first)
    columns = tuple(dict.fromkeys((*finished.columns, *same)))
    said = f"{first.said}{told}"
    return replace(finished, columns=columns, said=said, kind=best)


def _without_legends(sheet: Sheet, rivals: list[_Candidate]) -> list[_Candidate]:
    """Without nameless columns of a few cells, all different, beside one that has a name: a legend has the words of the table that it explains."""
    left = [one for one in rivals if not _is_legend(sheet, one.outcome.columns[0])]
    return left or rivals


def _is_legend(sheet: Sheet, name: str) -> bool:
    said = [cell for cell in sheet.cells[name] if not is_missing(cell)]
    few = len(said) <= min(_FEW, _LEGEND * len(sheet)) and len(set(said)) == len(said)
    return _NAMELESS.fullmatch(name) is not None and few


def _unfinished(sheet: Sheet, flag: Outcome) -> tuple[Outcome, str]:
    """Leads that a plain no counts as lost, but whose stage says neither lost nor won, are open.

    Only where the stage of a fair share of the others does say lost: then a stage is ended where a lead is. Where no stage
    says so, a lead that is not converted may still be worked on: its age decides.
    """
    own = known_cells(sheet.cells[flag.columns[0]])
    if flag.all_lost or len(own) != _FLAG:
        return flag, ""
    others = [name for name in sheet.columns if name not in flag.columns and _is_plain(own)]
    for name in sorted(others, key=lambda name: rank(name, "closed_at") is not None):
        ends = _ends(sheet, name, flag)
        if ends is not None:
            won = tuple(None if w is False and not e else w for w, e in zip(flag.won, ends))
            told = f"; of those not won {won.count(None) - flag.won.count(None)} are open, as {name} says"
            return replace(flag, won=won, columns=(*flag.columns, name)), told
    stages = [n for n in sheet.columns if n not in flag.columns and _says_stage(n)]
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
        told = f"; of those not won {n} are open, as {stage} says ({cells_said(known, chosen)})"
        # it says how leads ended, so it is no more a feature than the flag itself
        return replace(flag, won=won, columns=(*flag.columns, stage)), told
    worked = next((n for n in stages if _at_work(sheet, n, flag)), "")
    if not worked or not set(plain(flag.columns[0]).split("_")) & set(names_for("converted_words")):
        return flag, ""
    won = tuple(one or None for one in flag.won)
    told = f"; not converted may still be open, as {worked} tells stages and no end"
    return replace(flag, won=won, all_lost=True), told


def _is_plain(cells: Iterable[str]) -> bool:
    """Whether they are a yes and a no: who is called lost is lost, whatever another column says of ends."""
    won, lost = tier_words("flags")
    return {word_of(cell) for cell in cells} <= won | lost


def _ends(sheet: Sheet, name: str, flag: Outcome) -> list[bool] | None:
    """Of which leads another plain yes says that they are lost, or closed, or a date when they were; None where it does not, or
    not of some alone.

    Nobody who was won is lost, and all of them are closed.
    """
    lost = rank(name, "lost_mark") is not None
    said = _marked(sheet.cells[name], name) or _dated(sheet, name)
    if not said:
        return None
    of_won = [one for one, won in zip(said, flag.won) if won]
    of_others = [one for one, won in zip(said, flag.won) if won is False]
    wrong = sum(of_won) if lost else len(of_won) - sum(of_won)
    fair = _FAIR * len(of_others) <= sum(of_others) < len(of_others)
    return said if fair and wrong <= _WRONG * len(of_won) else None


def _marked(cells: Sequence[str], name: str) -> list[bool]:
    """(rows,) where a plain yes says lost or closed; empty: the column says neither."""
    marks = any(rank(name, meaning) is not None for meaning in ("lost_mark", "closed_mark"))
    known = known_cells(cells) if marks else Counter()
    chosen = cells_by_words(known, named=True) if 0 < len(known) <= _FLAG else None
    if chosen is None or chosen.won | chosen.lost != set(known):
        return []
    return [cell in chosen.won for cell in cells]


def _dated(sheet: Sheet, name: str) -> list[bool]:
    """(rows,) where there is a date of the end (`closed_at`); empty: the column holds none."""
    if rank(name, "closed_at") is None or sheet.typed(name).kind != "date":
        return []
    return [not is_missing(cell) for cell in sheet.cells[name]]


def _says_stage(name: str) -> bool:
    """`Status` does, and `Estado de Posible cliente`; the status of a payment or a newsletter is another matter."""
    words = set(plain(name).split("_"))
    stages = words & set(names_for("stage_words"))
    return rank(name, "stage") is not None or (
        bool(stages) and words - stages <= set(names_for("stage_of"))
    )


def _at_work(sheet: Sheet, stage: str, flag: Outcome) -> bool:
    """Whether a column of a stage's name has several of them among the leads that are not won, and none says lost."""
    if rank(stage, "stage") is None:
        return False
    cells = zip(sheet.cells[stage], flag.won)
    open_ones = known_cells([cell for cell, won in cells if won is False])
    if not 1 < len(open_ones) <= MOST_VALUES:
        return False
    chosen = cells_by_words(open_ones, named=False, stage=True)
    return chosen is None or not chosen.lost


_PARTLY = 3
"""From here on a candidate has no cell that means lost."""


def _candidate(name: str, cells: Sequence[str]) -> _Candidate | None:
    as_outcome, as_stage = outcome_rank(name), rank(name, "stage")
    if as_stage is None and _says_stage(name):
        as_stage = len(names_for("stage"))
    loosely = as_outcome is None and as_stage is None and _names_an_outcome(name)
    known = Counter[str]() if says_more(cells, MOST_VALUES) else known_cells(cells)
    if not known:
        return None
    named = as_outcome is not None or loosely
    chosen = cells_by_words(known, named=named, stage=as_stage is not None)
    if chosen is None:
        return None
    place = min(p for p in (as_outcome, as_stage, 1_000) if p is not None)
    outcome = outcome_of(name, cells, chosen)
    if not chosen.won or not chosen.lost:
        told = as_outcome is not None or as_stage is not None
        lost_alone = as_outcome is not None and len(chosen.lost) == len(known)
        return _Candidate(_PARTLY, place, outcome) if told and (chosen.won or lost_alone) else None
    if chosen.sure and not _words_against(name):
        return _Candidate(0, place, outcome)
    if as_outcome is not None:
        return _Candidate(1, place, outcome)
    return _Candidate(2, place, outcome) if as_stage is not None or loosely else None


def _is_marked(name: str) -> bool:
    """Whether a column is called like an outcome only before a word for a mark (`Booked flag`)."""
    marked = rank(name, "outcome") is None and outcome_rank(name) is not None
    return marked and not _names_an_outcome(name)


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
    return bool(both) and sum(a is b for a, b in both) >= AGREE * len(both)


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
